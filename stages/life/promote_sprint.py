"""Start the sprint that was approved first, once no other one runs in this repository."""

from typing import Any, TypedDict

NAME = "promote_sprint"
ENDED = ("Done", "Failed", "Cancelled")


class Input(TypedDict):
    state: Any
    now: str


class Output(TypedDict):
    state: Any
    actions: list[Any]


def execute(input: Input) -> Output:
    state = input["state"]
    if state.get("running") is not None:
        return {"state": state, "actions": []}
    approved = [k for k in state["kickoffs"].values() if k["status"] == "Approved"]
    if not approved:
        return {"state": state, "actions": []}
    first = min(approved, key=lambda kickoff: (kickoff["approved_at"], kickoff["number"]))
    return {"state": start(state, first, input["now"]), "actions": ask_required(state)}


def ask_required(state: dict[str, Any]) -> list[dict[str, Any]]:
    """Each sprint begins with a fresh reading of the checks that its base requires."""
    repo = state.get("repo") or {}
    branch = repo.get("default_branch")
    look = {"type": "look", "what": "protection", "branch": branch, "key": "look:protection"}
    return [look] if branch and not repo.get("empty") else []


def start(state: dict[str, Any], kickoff: dict[str, Any], now: str) -> dict[str, Any]:
    running = {**kickoff, "status": "Running", "started_at": now}
    number = str(kickoff["number"])
    kept = {name: k for name, k in state["kickoffs"].items() if not long_over(k, state["kickoffs"])}
    tasks = {task_id: frozen(task) for task_id, task in kickoff["plan"].items()}
    ours = {record["id"] for record in kept.values()}
    own = {key: entry for key, entry in (state.get("own") or {}).items() if entry.get("sprint") in ours}
    return {**state, "running": kickoff["number"], "kickoffs": {**kept, number: running}, "tasks": tasks,
            "pulls": {}, "own": own, "interventions": {}}  # fmt: skip


def long_over(kickoff: dict[str, Any], kickoffs: dict[str, Any]) -> bool:
    """Whether it ended before the last sprint began; what ended since then must still be shown as ended."""
    began = max(k.get("started_at") or "" for k in kickoffs.values())
    return kickoff["status"] in ENDED and (kickoff.get("ended_at") or "") <= began


def frozen(task: dict[str, Any]) -> dict[str, Any]:
    return {**task, "status": "Pending", "attempt": 0, "round": 1, "intervention_count": 0}


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
