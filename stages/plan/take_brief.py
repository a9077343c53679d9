"""Pass a kickoff's title and body to the planner, with what `/plan` asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from stages.world import KickoffRead, State

NAME = "take_brief"


class Input(TypedDict):
    state: State
    events: list[KickoffRead]


class Output(TypedDict):
    brief: str
    title: str
    sprint_id: str
    lenient: bool


LONGEST = 64 * 1024
"""Characters of a kickoff that are planned."""


def execute(input: Input) -> Output:
    event = input["events"][0]
    kickoff = input["state"]["kickoffs"][str(event["issue_number"])]
    body = event["body"] if len(event["body"]) <= LONGEST else ""  # `propose_plan` refuses what is longer
    brief = body.strip() or event["title"]
    return {"brief": brief, "title": event["title"], "sprint_id": kickoff["id"], "lenient": True}


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
