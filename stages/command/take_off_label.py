"""Remove a label that was acted on or set without permission; put one back that holds a task."""

from typing import Any, TypedDict

NAME = "take_off_label"


class Input(TypedDict):
    state: Any
    events: list[Any]


class Output(TypedDict):
    state: Any
    actions: list[Any]


def execute(input: Input) -> Output:
    event = input["events"][0]
    number, label = event["issue_number"], event["label"]
    back = bool(event.get("put_back"))
    change = {
        "type": "set_labels",
        "number": number,
        "add": [label] if back else [],
        "remove": [] if back else [label],
        "key": f"labels:{number}:{event['key']}",
    }
    wrong = back and not is_held(input["state"], number)
    return {"state": input["state"], "actions": [] if wrong else [change]}


def is_held(state: dict[str, Any], number: int) -> bool:
    tasks = (state.get("tasks") or {}).values()
    return any(
        task.get("hold") and number in (task.get("issue_number"), task.get("pr_number")) for task in tasks
    )


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
