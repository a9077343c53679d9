"""Find in an issue's timeline who set a label or closed it; if nobody is found, it is not allowed."""

from typing import Any, TypedDict

NAME = "read_timeline"


class Input(TypedDict):
    state: Any
    events: list[Any]
    policy: Any


class Output(TypedDict):
    state: Any
    actions: list[Any]
    events: list[Any]


TYPES = {
    "label": "label_added",
    "unlabel": "label_removed",
    "close": "issue_closed",
    "reopen": "issue_reopened",
}


def execute(input: Input) -> Output:
    state, events = input["state"], list[Any]()
    for event in input["events"]:
        if event["type"] == "seen" and event["what"] == "timeline":
            asks = event["request"]["asks"]
            events += [told for ask in asks for told in answer(input["policy"], event, ask)]
        elif event["type"] == "refused" and event["action"].get("what") == "timeline":
            unread = {**event, "request": event["action"], "number": event["action"]["number"], "there": []}
            asks = event["action"]["asks"]
            events += [told for ask in asks for told in answer(input["policy"], unread, ask)]
        else:
            events.append(event)
    return {"state": state, "actions": [], "events": events}


def answer(policy: dict[str, Any], event: dict[str, Any], ask: dict[str, Any]) -> list[dict[str, Any]]:
    rows = [
        row for row in event["there"] if row["type"] == ask["type"] and row.get("label") == ask.get("label")
    ]
    who: dict[str, Any] = rows[-1] if rows else {"actor": None, "actor_id": None, "at": None}
    me = policy.get("me") or {}
    own_words = ask["type"] in ("close", "reopen") and me.get("id") and who["actor_id"] == me["id"]
    if own_words:
        return []
    common: dict[str, Any] = {
        name: event[name] for name in ("forge", "repo_id", "repo", "at", "found") if name in event
    }
    if (event["request"].get("caused") or {}).get("hint") == "reconcile":
        common["found"] = True
    type_ = TYPES[ask["type"]]
    key = f"{type_}:{event['number']}:{ask.get('label') or ''}:{who['at'] or event['key']}"
    told = {**common, "type": type_, "key": key, "issue_number": event["number"], "actor": who["actor"],
            "actor_id": who["actor_id"], "needs": "write"}  # fmt: skip
    if ask.get("label"):
        told["label"] = ask["label"]
    return [told]


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
