"""Take a label off that was acted on, or that was set by someone who may not."""

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
    off = {
        "type": "set_labels",
        "number": number,
        "add": [],
        "remove": [label],
        "key": f"labels:{number}:{event['key']}",
    }
    return {"state": input["state"], "actions": [off]}


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
