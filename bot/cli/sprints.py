"""The sprints of a store as the commands show them: running, waiting and finished."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from shell.store import Store
from shell.store.sprints import known_sprints, running_sprint

from .drawing import PLANNED

Record = Mapping[str, Any]
"""A kickoff or a task, of which only some fields are shown."""
OVER = ("Done", "Failed", "Cancelled")
STUCK = ("Escalated", "Blocked", "HumanAssigned")


@dataclass(frozen=True)
class Sprint:
    """One sprint and its progress."""

    id: str
    lane: str
    repository: str
    record: Record
    tasks: dict[str, Record]

    @property
    def status(self) -> str:
        return str(self.record.get("status"))

    @property
    def over(self) -> bool:
        return self.status in OVER

    @property
    def stuck(self) -> list[str]:
        """The tasks that wait for a person."""
        return [name for name, task in self.tasks.items() if task.get("status") in STUCK]

    def done_of_all(self) -> str:
        done = sum(task.get("status") == "Done" for task in self.tasks.values())
        return f"{done}/{len(self.tasks)}"

    def row(self) -> dict[str, Any]:
        record = self.record
        return {
            "sprint": self.id,
            "repository": self.repository,
            "kickoff": record.get("number"),
            "status": self.status,
            "done": self.done_of_all(),
            "started": record.get("started_at"),
            "ended": record.get("ended_at"),
            "title": record.get("title"),
        }

    def as_data(self) -> dict[str, Any]:
        """Everything that is known of it."""
        return {**self.row(), "lane": self.lane, "record": self.record, "tasks": self.tasks}


def all_sprints(store: Store) -> list[Sprint]:
    """Every sprint, the newest last."""
    lanes: dict[str, list[str]] = {}
    for sprint_id, lane in store.sprints().items():
        lanes.setdefault(lane, []).append(sprint_id)
    found = [one for lane, ids in lanes.items() for one in of_lane(store, lane, ids)]
    return sorted(
        found, key=lambda one: (one.record.get("started_at") or "9", one.lane, one.record.get("number"))
    )


def of_lane(store: Store, lane: str, ids: list[str]) -> Iterator[Sprint]:
    state = store.load(lane).state
    repo = state.get("repo")
    repository = (repo and repo.get("full_name")) or lane
    known, running = known_sprints(state), running_sprint(state)
    for sprint_id in ids:
        kickoff = known.get(sprint_id)
        runs = running is not None and sprint_id == running["id"]
        tasks = (state["tasks"] if runs else None) or (kickoff.get("tasks") if kickoff else None)
        if kickoff is None and (ended := store.sprint(sprint_id)):
            kickoff, tasks = ended["sprint"], ended["tasks"]
        planned = kickoff.get("plan") if kickoff else None
        yield Sprint(sprint_id, lane, repository, kickoff or {}, in_order(tasks or planned or {}))


def in_order(tasks: Mapping[str, Record]) -> dict[str, Record]:
    """The plan's order."""
    names = sorted(tasks, key=lambda name: (tasks[name].get("position") or 0, name))
    return {name: {"status": PLANNED, **tasks[name]} for name in names}
