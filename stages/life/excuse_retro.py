"""Say in the retro's place that it could not be written, and where the reason is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from stages.world import SprintFinished

NAME = "excuse_retro"


class Input(TypedDict):
    events: list[SprintFinished]


class Output(TypedDict):
    report_markdown: str


def execute(input: Input) -> Output:
    reference = input["events"][0].get("failed") or "unknown"
    words = (
        f"The sprint has ended, but I could not write its retro: internal error, reference `{reference}`. "
        "Nothing else is affected; an operator can find the details under that reference in the dead letters."
    )
    return {"report_markdown": f"{words}\n"}


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
