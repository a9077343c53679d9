"""Apply the `.caloron.yml` of the base branch; a wrong one is reported, and the last valid one stays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypedDict, cast

if TYPE_CHECKING:
    from stages.world import (
        Action, Comment, Config, Event, ForgeConfig, Repository, SeenConfig, State, WaitOver,
    )  # fmt: skip

NAME = "apply_config"
ORIGIN = ("forge", "repo_id", "repo", "at", "found")


class Input(TypedDict):
    state: State
    events: list[Event]


class Output(TypedDict):
    state: State
    actions: list[Action]
    events: list[Event]


def execute(input: Input) -> Output:
    state, actions, events = input["state"], list["Action"](), list["Event"]()
    for event in input["events"]:
        if event["type"] == "seen" and event["what"] == "config":
            before = state.get("config")
            state, comments = report(applied(state, event["there"]))
            actions += comments + judge_again(state, before)
            events += looked_again(state, before, event)
        else:
            events.append(event)
    return {"state": state, "actions": actions, "events": events}


def applied(state: State, found: ForgeConfig) -> State:
    """The file is only read where the branch has another commit than the one known."""
    if "problems" not in found or found["commit"] is None:
        return state
    known: Config = state.get("config") or {"commit": found["commit"], "valid": None, "values": {}}
    if not found["problems"]:
        valid: Config = {"commit": found["commit"], "valid": found["commit"], "values": found["values"]}
        if lines := found.get("lines"):
            valid["lines"] = lines
        return {**state, "config": valid}
    wrong: Config = {**known, "commit": found["commit"], "problems": found["problems"], "text": found["text"]}
    return {**state, "config": wrong}


def looked_again(state: State, before: Config | None, event: SeenConfig) -> list[WaitOver]:
    """Where other values hold now, what waits in the sprint is decided again by them."""
    config = state.get("config")
    waiting = [
        name for name, task in sorted(state["tasks"].items()) if task["status"] in ("Ready", "InProgress")
    ]
    now, then = (one["values"] if one else {} for one in (config, before))
    if now == then or state.get("running") is None or not waiting:
        return []
    key = f"wait_over:config:{event['key']}"
    fields: Mapping[str, object] = event
    origin = {name: fields[name] for name in ORIGIN if name in fields}
    return [cast("WaitOver", {**origin, "type": "wait_over", "key": key, "task_id": waiting[0]})]


def judge_again(state: State, before: Config | None) -> list[Action]:
    """Where other checks must be green now, the base is looked at again, and pull requests judged by it."""
    config, repo = state.get("config"), state.get("repo")
    now, then = (one["values"].get("merge_checks") if one else None for one in (config, before))
    branch = repo.get("default_branch") if repo else None
    if now == then or not branch or state.get("running") is None:
        return []
    return [{"type": "look", "what": "protection", "branch": branch, "key": "look:protection"}]


def report(state: State) -> tuple[State, list[Action]]:
    """One comment for one text of the file, however long it stays; it waits until there is a sprint."""
    config, kickoffs = state.get("config"), state["kickoffs"]
    if not config or "problems" not in config or not kickoffs or config.get("reported") == config["text"]:
        return state, []
    number = state.get("running") or max(int(number) for number in kickoffs)
    comment: Comment = {"type": "comment", "number": number, "body": words(state["repo"], config),
               "key": f"config:{config['commit']}",
               "mark": {"kind": "note", "sprint": kickoffs[str(number)]["id"]}}  # fmt: skip
    return {**state, "config": {**config, "reported": config["text"]}}, [comment]


def words(repo: Repository, config: Config) -> str:
    wrong = [
        f"- [line {one['line']}, column {one['column']}]({address(repo, config['commit'], one['line'])}): "
        f"{one['message']}"
        for one in config["problems"]
    ]
    old = config["valid"]
    force = f"the version from {old[:10]} stays in force" if old else "the defaults apply"
    return "\n".join(
        [
            f"I cannot use `.caloron.yml` as of {config['commit'][:10]}:",
            "",
            *wrong,
            "",
            f"Until it is fixed, {force}. A fix takes effect as soon as it is pushed.",
        ]
    )


def address(repo: Repository, commit: str, line: int) -> str:
    tree = "blob" if repo["forge"] == "github" else "src/commit"
    return f"{repo['html_url']}/{tree}/{commit}/.caloron.yml#L{line}"


if __name__ == "__main__":  # by hand: echo '{…}' | python3 this_file.py
    import datetime, json, sys
    try:
        with open(0) as text:
            given = {"now": datetime.datetime.now(datetime.UTC).isoformat()} | json.load(text)
        print(json.dumps(execute(given)))
    except KeyError as error:
        sys.exit(f"the input has no `{error.args[0]}`")
    except Exception as error:
        sys.exit(str(error))
