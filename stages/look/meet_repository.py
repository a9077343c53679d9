"""Set up a new repository: create its state, fetch it, and create its labels."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, TypedDict, cast

if TYPE_CHECKING:
    from stages.world import Action, Policy, Repository, RepositoryMet, State

NAME = "meet_repository"


class Input(TypedDict):
    state: State
    events: list[RepositoryMet]
    now: str
    policy: Policy


class Output(TypedDict):
    state: State
    actions: list[Action]


MAPS = ("tasks", "issues", "pulls", "shown", "kickoffs", "waiting", "own", "permissions")


def execute(input: Input) -> Output:
    event = input["events"][0]
    known = input["state"].get("repo")
    named: Repository = {"forge": event["forge"], "repo_id": event["repo_id"], "full_name": event["repo"]}
    state = cast("State", {**{name: {} for name in MAPS}, "running": None, **input["state"]})
    state["marks"] = state.get("marks") or {"since": an_hour_before(input["now"])}
    state["repo"] = {**known, **named} if known else named
    state["me"] = input["policy"].get("me")
    look: Action = {"type": "look", "what": "repository", "key": "look:repository"}
    labels: Action = {"type": "make_labels", "key": "make_labels"}
    return {"state": state, "actions": [look, labels]}


def an_hour_before(now: str) -> str:
    """What was said long before we came is not for us."""
    moment = datetime.datetime.fromisoformat(now) - datetime.timedelta(hours=1)
    return moment.astimezone(datetime.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


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
