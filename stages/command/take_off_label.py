"""Remove a label that was acted on or set without permission; put one back that holds a task."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from stages.world import Action, LabelActedOn, State

NAME = "take_off_label"


class Input(TypedDict):
    state: State
    events: list[LabelActedOn]


class Output(TypedDict):
    state: State
    actions: list[Action]


def execute(input: Input) -> Output:
    event = input["events"][0]
    number, label = event["issue_number"], event["label"]
    back = bool(event.get("put_back"))
    change: Action = {
        "type": "set_labels",
        "number": number,
        "add": [label] if back else [],
        "remove": [] if back else [label],
        "key": f"labels:{number}:{event['key']}",
    }
    wrong = back and not is_held(input["state"], number)
    return {"state": input["state"], "actions": [] if wrong else [change]}


def is_held(state: State, number: int) -> bool:
    tasks = state.get("tasks", {}).values()
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
