"""Ask the model for the plan of a kickoff text: a draft that `generate_sprint_dag` checks and completes."""

from typing import NotRequired, TypedDict

from shell.structured_output import ask_for

NAME = "generate_sprint_dag_llm"
EFFECTS = ["Fallible", "Llm", "Network", "NonDeterministic"]

TASK = """You plan a software sprint that several agents work on in parallel. Split what the brief asks for
into tasks, each of them one pull request that can be reviewed by itself. Keep every wish of the brief and
the ids and scopes it names. `id`: a short word of a-z, 0-9 and -, unique. `title`: what to do, as an
imperative. `description`: what an agent must know that the title does not say. `depends_on`: ids of tasks
that stand above it in the list, only where its work needs theirs. `scope`: the paths it changes, as globs;
tasks that may run at the same time share none; empty where you cannot know. `acceptance`: how one sees that
it is done."""


class Input(TypedDict):
    brief: str
    title: NotRequired[str | None]
    repo_context: NotRequired[object]  # whatever the caller knows of it, for the model to read
    num_agents: NotRequired[float | None]
    sprint_id: NotRequired[str | None]
    lenient: NotRequired[bool | None]


class Task(TypedDict):
    id: str
    title: str
    description: str
    depends_on: list[str]
    scope: list[str]
    acceptance: list[str]


class Plan(TypedDict):
    tasks: list[Task]


class Output(TypedDict, total=False):
    dag: Plan
    notes: list[str]


def execute(input: Input) -> Output:
    answer: Output = ask_for(TASK, input, Input, Output, "dag")
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
