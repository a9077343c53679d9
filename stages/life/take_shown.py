"""Remember what was shown: the board's comment and hash, the plan on it, the labels of an issue."""

from typing import Any, TypedDict

NAME = "take_shown"


class Input(TypedDict):
    state: Any
    events: list[Any]


class Output(TypedDict):
    state: Any
    actions: list[Any]


def execute(input: Input) -> Output:
    state = input["state"]
    for event in input["events"]:
        if event["type"] == "shown":
            state = take(state, event)
    return {"state": state, "actions": []}


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
    same = plan == before.get("plan_hash")
    now |= {"plan_hash": plan, "plan_at": before.get("plan_at") if same else event["at"]}
    return {**state, "shown": {**state["shown"], name: now}}


if __name__ == "__main__":  # by hand: echo '{…}' | python3 this_file.py
    import datetime, json, sys
    try:
        with open(0) as text:
            given = {"now": datetime.datetime.now(datetime.UTC).isoformat()} | json.load(text)
        print(json.dumps(execute(given)))
    except Exception as error:
        sys.exit(str(error))
