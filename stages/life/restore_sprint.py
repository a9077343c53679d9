"""Restore a sprint whose store was lost from its last snapshot, and fetch what changed since."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypedDict, cast

if TYPE_CHECKING:
    from stages.world import Action, Caused, Json, Kept, Restored, State, Task

NAME = "restore_sprint"


class Input(TypedDict):
    state: State
    events: list[Restored]
    now: str


class Output(TypedDict):
    state: State
    actions: list[Action]


ENDED = ("Done", "Cancelled", "Skipped")
UNDER_WAY = ("queued", "running", "wanted")
ASKED_ANEW = ("look", "create_issue", "spawn_agent", "merge_pr", "react", "stop_agent")
"""What follows from the state, or is of no use any more; all else that was due is done now."""


def execute(input: Input) -> Output:
    event, state = input["events"][0], input["state"]
    if state.get("running") is not None:
        return {"state": state, "actions": []}
    state = remembered(state, event["kept"])
    tasks = {name: at_rest(task) for name, task in event["tasks"].items()}
    waiting = {key: held for key, held in state.get("waiting", {}).items() if "delivered" not in held}
    state = {**state, "tasks": tasks, "interventions": {}, "waiting": waiting}
    due = [action for action in event["actions"] if action["type"] not in ASKED_ANEW]
    return {"state": state, "actions": [*due, *questions(state), *looks(state, event)]}


def remembered(state: State, kept: Kept) -> State:
    """The state with all that was written down, also what another version wrote."""
    now: Mapping[str, Json] = state
    names = kept.keys() - {"repo", "me"}
    fields = {name: merged(now.get(name), value) for name, value in kept.items() if name in names}
    return cast("State", {**state, **fields, "repo": {**kept["repo"], **state["repo"]}})


def merged(now: Json, kept: Json) -> Json:
    """What was remembered goes first: whatever is otherwise now, a look tells as a difference."""
    return {**now, **kept} if isinstance(now, dict) and isinstance(kept, dict) else kept


def at_rest(task: Task) -> Task:
    """Nobody works on it until it is known what came of the run; the next run has a number of its own."""
    task = {**task, "merging": None}
    if task.get("issue_number") is None:
        task = {**task, "issue_asked": False}
    if task["status"] in ENDED:
        return task
    if task.get("agent") not in UNDER_WAY:
        return {**task, "agent": "held"}
    return {**task, "agent": "lost", "attempt": task.get("attempt", 0) + 1}


def questions(state: State) -> list[Action]:
    """What waits for a permission asks for it again."""
    actors = {held.get("actor") for held in state.get("waiting", {}).values()}
    logins = sorted(filter(None, actors))
    return [
        {"type": "look", "what": "permission", "login": login, "key": f"look:permission:{login}"}
        for login in logins
    ]


def looks(state: State, event: Restored) -> list[Action]:
    """Every issue of the sprint, then all that changed since; its pull requests follow from that."""
    issues = [task["issue_number"] for task in state["tasks"].values() if task.get("issue_number")]
    numbers = sorted({*filter(None, issues), *(int(number) for number in state["kickoffs"])})
    caused: Caused = {"hint": "reconcile"}
    seen: list[Action] = [
        {"type": "look", "what": "issue", "number": number, "key": f"look:issue:{number}", "caused": caused}
        for number in numbers
    ]
    marks = state.get("marks")
    since = marks.get("since") if marks else None
    whole: Action = {"type": "look", "what": "catch_up", "since": since, "key": "look:catch_up:restored",
                     "restoring": event["sprint_id"]}  # fmt: skip
    return [*seen, whole]


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
