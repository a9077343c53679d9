"""Answer the first command in a repository that was not let in with one line; nothing else is done there."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from stages.world import Action, AskedOutside, Comment, State

NAME = "answer_outside"


class Input(TypedDict):
    state: State
    events: list[AskedOutside]


class Output(TypedDict):
    state: State
    actions: list[Action]


WORDS = (
    "I do not act in this repository, because whoever runs me has not let it in: they can run "
    "`caloron install` for it, or name it in `CALORON_REPOS`. I will not answer here again."
)


def execute(input: Input) -> Output:
    state, event = input["state"], input["events"][0]
    if state.get("outside"):
        return {"state": state, "actions": []}
    changed = state.copy()
    changed["outside"] = True
    line: Comment = {"type": "comment", "number": event["issue_number"], "body": WORDS, "key": "outside",
                     "mark": {"kind": "answer"}}  # fmt: skip
    return {"state": changed, "actions": [line]}


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
