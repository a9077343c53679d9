"""Give every answer of a turn its form: a reaction, and a line where there is something to say."""

from typing import Any, TypedDict

NAME = "command_reply"


class Input(TypedDict):
    state: Any
    events: list[Any]
    actions: list[Any]
    now: Any
    policy: Any


class Output(TypedDict):
    state: Any
    events: list[Any]
    actions: list[Any]
    now: Any
    policy: Any


REST = (
    "I answer only the first few commands of a text one by one. I handled the others too; to see the answer "
    "to one of them, say it in a comment of its own."
)


def execute(input: Input) -> Output:
    return {
        "state": input["state"],
        "events": input["events"],
        "actions": [deed for action in input["actions"] for deed in deeds(action)],
        "now": input["now"],
        "policy": input["policy"],
    }


def deeds(action: dict[str, Any]) -> list[dict[str, Any]]:
    """A yes needs no words, unless there are some or nothing can carry a reaction: a review, a label.

    What stands behind the commands of a text that are answered in words gets one line, all of it together.
    """
    if action["type"] != "answer":
        return [action]
    reaction = reactions(action)
    if behind := action["where"].get("behind"):
        return [*reaction, line({**action, "words": REST})] if behind == 1 else reaction
    quiet = action["good"] and not action.get("aloud") and reaction
    return reaction if quiet else [*reaction, line(action)]


def reactions(action: dict[str, Any]) -> list[dict[str, Any]]:
    """On the comment, or on the issue whose own text asked."""
    where, content = action["where"], "rocket" if action["good"] else "confused"
    if where.get("comment_id"):
        on, key = {"comment_id": where["comment_id"]}, f"react:{where['comment_id']}:{content}"
    elif where.get("own_text"):
        on, key = {"number": where["number"]}, f"react:issue:{where['number']}:{content}"
    else:
        return []
    return [{"type": "react", **on, "content": content, "key": key}]


def line(action: dict[str, Any]) -> dict[str, Any]:
    key, number = f"answer:{action['key']}", action["where"]["number"]
    return {
        "type": "comment",
        "number": number,
        "body": action["words"],
        "key": key,
        "mark": {"kind": "answer"},
    }


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
