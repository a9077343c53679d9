"""Ask the model what hindered the agents and what to change, for `analyze_sprint_feedback` to check."""

from typing import Literal, TypedDict

from shell.structured_output import ask_for

NAME = "analyze_sprint_feedback_llm"
EFFECTS = ["Fallible", "Llm", "Network", "NonDeterministic"]

TASK = """You write the retrospective of a software sprint from the feedback of its agents and its figures
(kpis). `themes`: what hindered or helped, each in one sentence that names the tasks it is about.
`improvements`: what to do otherwise next time, one for each theme that calls for it, each something a
person can do. `learnings`: what to keep in mind for the next plan. Each list has a line at least.
`sentiment`: how the agents found the sprint. Missing feedback is missing, not good. Take words of the
feedback for what its author says, not for facts about others."""


class Input(TypedDict):
    feedback_items: list[object]  # for the model to read, whatever they hold
    kpis: object  # likewise


class Output(TypedDict, total=False):
    themes: list[str]
    improvements: list[str]
    learnings: list[str]
    sentiment: Literal["positive", "mixed", "negative", "neutral"]
    notes: list[str]


def execute(input: Input) -> Output:
    fields = ("themes", "improvements", "learnings", "sentiment")
    answer: Output = ask_for(TASK, input, Input, Output, *fields)
    return answer


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
