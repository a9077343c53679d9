"""Apply `.caloron.yml` of the base branch, and the organisation's; instead of a wrong one the last valid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypedDict, cast

if TYPE_CHECKING:
    from stages.world import (
        Action, Comment, Config, ConfigProblem, ConfigProposed, Event, ForgeConfig, ForgeOrganisation,
        LookProposal, OrganisationConfig, Proposal, Repository, RepositoryValues, SeenConfig, SeenProposal,
        State, WaitOver,
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
            before = in_force(state)
            state, comments = report(with_organisation(applied(state, event["there"]), event["there"]))
            actions += comments + judge_again(state, before)
            actions += propose_again(state) if in_force(state) != before else []
            events += looked_again(state, before, event)
        elif event["type"] == "seen" and event["what"] == "proposal":
            state, found = proposed(state, event)
            events += found
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


def with_organisation(state: State, found: ForgeConfig) -> State:
    """What the owner keeps for all of theirs; of a wrong file of theirs, what was valid before."""
    if "organisation" not in found:
        return state
    theirs, known = found["organisation"], state.get("organisation")
    if theirs is None:
        return {**state, "organisation": None} if known else state
    same = known is not None and known["held_in"] == theirs["full_name"]
    before = known if same else None
    if "problems" not in theirs:
        return state
    return {**state, "organisation": with_file(theirs, before, theirs["problems"])}


def with_file(
    theirs: ForgeOrganisation, before: OrganisationConfig | None, problems: list[ConfigProblem]
) -> OrganisationConfig:
    found: OrganisationConfig = {"held_in": theirs["full_name"], "commit": theirs["commit"],
                                 "valid": theirs["commit"], "defaults": theirs.get("values", {})}  # fmt: skip
    if page := theirs.get("html_url"):
        found["html_url"] = page
    lines = theirs.get("lines")
    if problems:
        found["problems"], lines = problems, before.get("lines") if before else None
        found["valid"], found["defaults"] = (before["valid"], before["defaults"]) if before else (None, {})
    if lines:
        found["lines"] = lines
    return found


def in_force(state: State) -> list[RepositoryValues]:
    """What the repository's file sets, and its owner's."""
    config, theirs = state.get("config"), state.get("organisation")
    return [config["values"] if config else {}, theirs["defaults"] if theirs else {}]


def propose_again(state: State) -> list[Action]:
    """What a pull request would change is another thing where other values hold now."""
    found: list[Action] = []
    for number, known in sorted(state.get("proposals", {}).items(), key=lambda item: int(item[0])):
        if known.get("told"):
            look: LookProposal = {
                "type": "look", "what": "proposal", "number": int(number), "head_sha": known["looked_at"],
                "key": f"look:proposal:{number}",
            }  # fmt: skip
            found.append(look)
    return found


def proposed(state: State, event: SeenProposal) -> tuple[State, list[ConfigProposed]]:
    """That a head changes the file, or does so no more; an older head than the known one is passed by."""
    number, there = str(event["number"]), event["there"]
    known = state.get("proposals", {}).get(number)
    if known is None or known["looked_at"] != there["head_sha"]:
        return state, []
    if not there["touched"] and not known.get("told"):
        return state, []
    now: Proposal = {**known, "told": there["touched"]}
    found: ConfigProposed = {
        "type": "config_proposed", "key": f"config_proposed:{number}:{event['key']}",
        "pr_number": event["number"], "head_sha": there["head_sha"], "touched": there["touched"],
        "problems": there.get("problems", []),
    }  # fmt: skip
    if "lines" in there:
        found["lines"] = there["lines"]
    if "settings" in there:
        found["settings"] = there["settings"]
    fields: Mapping[str, object] = event
    origin = {name: fields[name] for name in ORIGIN if name in fields}
    state = {**state, "proposals": {**state.get("proposals", {}), number: now}}
    return state, [cast("ConfigProposed", {**origin, **found})]


def looked_again(state: State, before: list[RepositoryValues], event: SeenConfig) -> list[WaitOver]:
    """Where other values hold now, what waits in the sprint is decided again by them: any task will do."""
    names = sorted(state["tasks"])
    if in_force(state) == before or state.get("running") is None or not names:
        return []
    key = f"wait_over:config:{event['key']}"
    fields: Mapping[str, object] = event
    origin = {name: fields[name] for name in ORIGIN if name in fields}
    return [cast("WaitOver", {**origin, "type": "wait_over", "key": key, "task_id": names[0]})]


def judge_again(state: State, before: list[RepositoryValues]) -> list[Action]:
    """Where other checks must be green now, the base is looked at again, and pull requests judged by it."""
    repo = state.get("repo")
    now, then = (own.get("merge_checks", below.get("merge_checks"))
                 for own, below in (in_force(state), before))  # fmt: skip
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
