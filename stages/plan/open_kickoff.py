"""Make an issue a kickoff: remember what was asked for, and fetch the issue before planning."""

import hashlib
import re
from typing import Any, TypedDict

NAME = "open_kickoff"


class Input(TypedDict):
    state: Any
    events: list[Any]
    now: str
    policy: Any


class Output(TypedDict):
    state: Any
    actions: list[Any]


PLANNABLE = ("Proposed", "Planning", "AwaitingApproval", "Cancelled", "Failed")
KEPT = ("title", "author", "author_id", "goal", "plan", "plan_hash")


def execute(input: Input) -> Output:
    event, state = input["events"][0], input["state"]
    number = event["where"]["number"]
    known = state["kickoffs"].get(str(number))
    if known and known["status"] not in PLANNABLE:
        return no(state, event, f"This sprint is already {known['status']}.")
    if known and known.get("started_at"):
        words = (
            f"This sprint has ended ({known['status']}). To run another one, open a new issue with its goal."
        )
        return no(state, event, words)
    if event["where"].get("is_pull"):
        words = "A sprint starts from an issue, not from a pull request. Open an issue with the goal."
        return no(state, event, words)
    if state["repo"].get("empty"):
        words = "This repository is empty: push a first commit, then say `/plan` again."
        return no(state, event, words)
    kept = {name: known[name] for name in KEPT if name in known} if known else {}
    kickoff = {**kept, **fresh(event, state, input["now"])}
    look = {"type": "look", "what": "issue", "number": number, "key": f"look:issue:{number}"}
    state = {**state, "kickoffs": {**state["kickoffs"], str(number): kickoff}}
    looks = [look, *look_at_config(state)]
    return {"state": state, "actions": [*looks, answer(event, "I am planning this sprint.")]}


def look_at_config(state: dict[str, Any]) -> list[dict[str, Any]]:
    """The repository's own settings, where its branch has another commit than the one they were read at."""
    branch, known = (state.get("repo") or {}).get("default_branch"), (state.get("config") or {}).get("commit")
    look = {"type": "look", "what": "config", "branch": branch, "known": known, "key": "look:config"}
    return [look] if branch else []


def fresh(event: dict[str, Any], state: dict[str, Any], now: str) -> dict[str, Any]:
    number, flags = event["where"]["number"], event["args"]["flags"]
    options = {name: flags[name] for name in ("pipeline", "auto", "agents", "budget") if name in flags}
    return {"id": sprint_id(state["repo"], number), "number": number, "status": "Planning", "asked_at": now,
            "asked_by": event["actor"], "options": options}  # fmt: skip


def sprint_id(repo: dict[str, Any], number: int) -> str:
    """`<name>-<4 hex of forge and repository id>-<kickoff number>`: two owners may share a name."""
    name = (
        re.sub(r"[^a-z0-9_-]+", "-", repo["full_name"].rpartition("/")[2].lower()).strip("-")[:40] or "repo"
    )
    code = hashlib.sha256(f"{repo['forge']}:{repo['repo_id']}".encode()).hexdigest()[:4]
    return f"{name}-{code}-{number}"


def answer(event: dict[str, Any], words: str, **how: bool) -> dict[str, Any]:
    about = {"key": event["key"], "where": event["where"]}
    return {"type": "answer", **about, "words": words, "good": True, **how}


def no(state: dict[str, Any], event: dict[str, Any], words: str) -> Output:
    return {"state": state, "actions": [answer(event, words, good=False)]}


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
