"""Give every answer of a turn its form: a reaction, and a line where there is something to say."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from stages.world import Action, Answer, Comment, Event, Policy, State

NAME = "command_reply"


class Input(TypedDict):
    state: State
    events: list[Event]
    actions: list[Action]
    now: str
    policy: Policy


class Output(TypedDict):
    state: State
    events: list[Event]
    actions: list[Action]
    now: str
    policy: Policy


REST = (
    "I answer only the first few commands of a text one by one. I handled the others too; to see the answer "
    "to one of them, say it in a comment of its own."
)


def execute(input: Input) -> Output:
    return {
        "state": input["state"],
        "events": input["events"],
        "actions": [made for action in input["actions"] for made in spelled_out(action)],
        "now": input["now"],
        "policy": input["policy"],
    }


def spelled_out(action: Action) -> list[Action]:
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


def reactions(action: Answer) -> list[Action]:
    """On the comment, or on the issue whose own text asked."""
    where, content = action["where"], "rocket" if action["good"] else "confused"
    if number := where.get("comment_id"):
        key = f"react:{number}:{content}"
        return [{"type": "react", "comment_id": number, "content": content, "key": key}]
    if where.get("own_text"):
        key = f"react:issue:{where['number']}:{content}"
        return [{"type": "react", "number": where["number"], "content": content, "key": key}]
    return []


def line(action: Answer) -> Comment:
    key, number = f"answer:{action['key']}", action["where"]["number"]
    return {
        "type": "comment",
        "number": number,
        "body": action["words"],
        "key": key,
        "mark": {"kind": "answer"},
        "answers": action["where"],
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
