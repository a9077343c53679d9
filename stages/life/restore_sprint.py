"""Restore a sprint whose store was lost from its last snapshot, and fetch what changed since."""

from typing import Any, TypedDict

NAME = "restore_sprint"


class Input(TypedDict):
    state: Any
    events: list[Any]
    now: str


class Output(TypedDict):
    state: Any
    actions: list[Any]


ENDED = ("Done", "Cancelled", "Skipped")
UNDER_WAY = ("queued", "running", "wanted")
ASKED_ANEW = ("look", "create_issue", "spawn_agent", "merge_pr", "react", "stop_agent")
"""What follows from the state, or is of no use any more; all else that was due is done now."""


def execute(input: Input) -> Output:
    event, state = input["events"][0], input["state"]
    if state.get("running") is not None:
        return {"state": state, "actions": []}
    kept = event["kept"]
    whole = {
        name: merged(state.get(name), value) for name, value in kept.items() if name not in ("repo", "me")
    }
    tasks = {name: at_rest(task) for name, task in event["tasks"].items()}
    state = {**state, **whole, "tasks": tasks, "interventions": {}, "repo": {**kept["repo"], **state["repo"]}}
    due = [action for action in event["actions"] if action["type"] not in ASKED_ANEW]
    return {"state": state, "actions": [*due, *questions(state), *looks(state, event)]}


def merged(now: Any, kept: Any) -> Any:
    """What was remembered goes first: whatever is otherwise now, a look tells as a difference."""
    return {**now, **kept} if isinstance(now, dict) and isinstance(kept, dict) else kept


def at_rest(task: dict[str, Any]) -> dict[str, Any]:
    """Nobody works on it until it is known what came of the run; the next run has a number of its own."""
    task = {**task, "merging": None}
    if task.get("issue_number") is None:
        task["issue_asked"] = False
    if task["status"] in ENDED:
        return task
    if task.get("agent") not in UNDER_WAY:
        return {**task, "agent": "held"}
    return {**task, "agent": "lost", "attempt": task.get("attempt", 0) + 1}


def questions(state: dict[str, Any]) -> list[dict[str, Any]]:
    """What waits for a permission asks for it again."""
    logins = sorted({held["actor"] for held in (state.get("waiting") or {}).values() if held.get("actor")})
    return [
        {"type": "look", "what": "permission", "login": login, "key": f"look:permission:{login}"}
        for login in logins
    ]


def looks(state: dict[str, Any], event: dict[str, Any]) -> list[dict[str, Any]]:
    """Every issue of the sprint, then all that changed since; its pull requests follow from that."""
    issues = [task["issue_number"] for task in state["tasks"].values() if task.get("issue_number")]
    numbers = sorted({*issues, *(int(number) for number in state["kickoffs"])})
    caused = {"caused": {"hint": "reconcile"}}
    seen = [
        {"type": "look", "what": "issue", "number": number, "key": f"look:issue:{number}", **caused}
        for number in numbers
    ]
    since = (state.get("marks") or {}).get("since")
    whole = {"type": "look", "what": "catch_up", "since": since, "key": "look:catch_up:restored",
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
