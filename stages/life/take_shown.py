"""Remember what is shown: the board's comment and hash, the plan on it, the labels of an issue.

An approval that waited for its plan to be shown continues now.
"""

from typing import Any, TypedDict

NAME = "take_shown"


class Input(TypedDict):
    state: Any
    events: list[Any]


class Output(TypedDict):
    state: Any
    actions: list[Any]
    events: list[Any]


def execute(input: Input) -> Output:
    state, freed = input["state"], list[Any]()
    for event in input["events"]:
        if event["type"] == "shown":
            state, waited = release(take(state, event), event)
            freed += waited
    return {"state": state, "actions": [], "events": freed}


def take(state: dict[str, Any], event: dict[str, Any]) -> dict[str, Any]:
    number = event["object"].partition(":")[2]
    if event["kind"] == "labels":
        known = {**(state["issues"].get(number) or {}), "labels": sorted(event["labels"])}
        return {**state, "issues": {**state["issues"], number: known}}
    name = f"{event['object']}:{event['kind']}"
    before = state["shown"].get(name) or {}
    now = {"hash": event["hash"], "at": event["at"], "comment_id": event.get("comment_id")}
    now |= {"text": event["text"]} if "text" in event else {}
    plan = event.get("plan_hash")
    times = {"plan_at": event["at"], "plan_written_at": event.get("written_at")}
    if plan == before.get("plan_hash"):
        times = {name: before.get(name) for name in times}
    now |= {"plan_hash": plan, **times}
    return {**state, "shown": {**state["shown"], name: now}}


def release(state: dict[str, Any], event: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What waited for this board."""
    held = state.get("waiting") or {}
    free = {key: one for key, one in held.items() if one.get("for_board") == event["object"]}
    if event["kind"] != "board" or not free:
        return state, []
    kept = {key: one for key, one in held.items() if key not in free}
    told = [{name: value for name, value in one.items() if name != "for_board"} for one in free.values()]
    return {**state, "waiting": kept}, told


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
