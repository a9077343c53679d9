"""Resume a restored sprint once everything was fetched: runs that left no result start again."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from stages.world import Action, Event, State, Task

NAME = "resume_sprint"


class Input(TypedDict):
    state: State
    events: list[Event]


class Output(TypedDict):
    state: State
    actions: list[Action]
    events: list[Event]


def execute(input: Input) -> Output:
    state, events = input["state"], list(input["events"])
    for event in input["events"]:
        if resumes(event):
            tasks = {name: let_go(task) for name, task in state["tasks"].items()}
            state = {**state, "tasks": tasks}
            events.append({"type": "sprint_resumed", "key": f"sprint_resumed:{event['key']}"})
    return {"state": state, "actions": [], "events": events}


def resumes(event: Event) -> bool:
    """Whether it answers the last look of a restored sprint."""
    if event["type"] == "seen":
        return bool(event["request"].get("resuming"))
    return bool(
        event["type"] == "refused" and event["action"]["type"] == "look" and event["action"].get("resuming")
    )


def let_go(task: Task) -> Task:
    """A run that was lost is wanted again, unless its work was found; who was held back is free."""
    if task.get("agent") not in ("lost", "held"):
        return task
    again = task["agent"] == "lost" and task["status"] == "InProgress"
    return {**task, "agent": "wanted" if again else None}


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
