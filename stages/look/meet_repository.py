"""Set up a new repository: create its state, fetch it, and create its labels."""

import datetime
from typing import Any, TypedDict

NAME = "meet_repository"


class Input(TypedDict):
    state: Any
    events: list[Any]
    now: str
    policy: Any


class Output(TypedDict):
    state: Any
    actions: list[Any]


MAPS = ("tasks", "issues", "pulls", "shown", "kickoffs", "waiting", "own", "permissions")


def execute(input: Input) -> Output:
    event = input["events"][0]
    state = {**{name: {} for name in MAPS}, "running": None, **input["state"]}
    state["marks"] = {"since": an_hour_before(input["now"]), **(state.get("marks") or {})}
    named = {"forge": event["forge"], "repo_id": event["repo_id"], "full_name": event["repo"]}
    state["repo"] = {**(state.get("repo") or {}), **named}
    state["me"] = input["policy"].get("me")
    look = {"type": "look", "what": "repository", "key": "look:repository"}
    labels = {"type": "make_labels", "key": "make_labels"}
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
