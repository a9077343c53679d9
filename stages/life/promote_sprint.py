"""Start the sprint that was approved first, once no other one runs in this repository."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from stages.world import Action, Kickoff, Policy, State, Task

NAME = "promote_sprint"
ENDED = ("Done", "Failed", "Cancelled")


class Input(TypedDict):
    state: State
    now: str
    policy: Policy


class Output(TypedDict):
    state: State
    actions: list[Action]


def execute(input: Input) -> Output:
    state = input["state"]
    if state.get("running") is not None:
        return {"state": state, "actions": []}
    approved = [k for k in state["kickoffs"].values() if k["status"] == "Approved"]
    if not approved:
        return {"state": without_lock(state), "actions": []}
    first = min(approved, key=place)
    if "installation" in input["policy"] and not has_lock(state, first):
        return {"state": with_lock(state, first, input["now"]), "actions": []}
    return {"state": start(state, first, input["now"]), "actions": ask_required(state)}


def has_lock(state: State, kickoff: Kickoff) -> bool:
    """Whether no other installation of the bot runs a sprint here: what was taken for this sprint counts."""
    lock = state.get("lock")
    return lock is not None and lock["number"] == kickoff["number"] and lock["held"]


def with_lock(state: State, kickoff: Kickoff, now: str) -> State:
    """It is claimed by the marker of the board; the locks of others are looked at once that is shown."""
    lock = state.get("lock")
    if lock is not None and lock["number"] == kickoff["number"]:
        return state
    return {**state, "lock": {"number": kickoff["number"], "held": False, "locked_at": now}}


def without_lock(state: State) -> State:
    return {**state, "lock": None} if state.get("lock") else state


def place(kickoff: Kickoff) -> tuple[bool, str, int]:
    """By approval; what `/start` was said of comes before."""
    return not kickoff.get("first"), kickoff["approved_at"], kickoff["number"]


def ask_required(state: State) -> list[Action]:
    """Each sprint begins with a fresh reading of the checks that its base requires."""
    repo = state.get("repo")
    if repo is None or not repo.get("default_branch") or repo.get("empty"):
        return []
    branch = repo["default_branch"]
    return [{"type": "look", "what": "protection", "branch": branch, "key": "look:protection"}]


def start(state: State, kickoff: Kickoff, now: str) -> State:
    running: Kickoff = {**kickoff, "status": "Running", "started_at": now}
    number = str(kickoff["number"])
    kept = {name: k for name, k in state["kickoffs"].items() if not long_over(k, state["kickoffs"])}
    tasks = {task_id: frozen(task) for task_id, task in (kickoff["plan"] or {}).items()}
    ours = {record["id"] for record in kept.values()}
    own = {key: entry for key, entry in state.get("own", {}).items() if entry.get("sprint") in ours}
    return {**state, "running": kickoff["number"], "kickoffs": {**kept, number: running}, "tasks": tasks,
            "pulls": {}, "own": own, "interventions": {}, "pauses": {}, "raised": None,
            "opened": [], "next_asked": None}  # fmt: skip


def long_over(kickoff: Kickoff, kickoffs: dict[str, Kickoff]) -> bool:
    """Whether it ended before the last sprint began; what ended since then must still be shown as ended."""
    began = max(k.get("started_at") or "" for k in kickoffs.values())
    return kickoff["status"] in ENDED and (kickoff.get("ended_at") or "") <= began


def frozen(task: Task) -> Task:
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
