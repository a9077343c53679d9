"""`/retro`: the retrospective of a sprint as it stands, while it runs or after its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from stages.world import Action, Answer, Command, State

NAME = "command_retro"


class Report(TypedDict):
    report_markdown: str


class Input(TypedDict):
    state: State
    events: list[Command]
    report: Report


class Output(TypedDict):
    state: State
    actions: list[Action]


NO_SPRINT = "Say `/retro` on the kickoff of a sprint that has begun."


def execute(input: Input) -> Output:
    state, event = input["state"], input["events"][0]
    kickoff = state["kickoffs"].get(str(event["where"]["number"]))
    begun = kickoff is not None and bool(kickoff.get("started_at"))
    words = input["report"]["report_markdown"] if begun else NO_SPRINT
    answer: Answer = {"type": "answer", "key": event["key"], "where": event["where"], "words": words,
                      "good": begun, "aloud": True}  # fmt: skip
    return {"state": state, "actions": [answer]}


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
