"""The table of the task life and its examples: every transition is named by one, and every refusal to act."""

from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest

from stages.statuses import TaskStatus
from tests.stages.stage_rules import FOLDER, examples_of, loaded

STAGE: Path = FOLDER / "dag" / "evaluate.py"
LIFE: dict[str, tuple[tuple[str, ...], Any]] = loaded(STAGE).LIFE
STATUSES = set(get_args(TaskStatus))


def met(event_type: str, *, acted: bool) -> set[str]:
    """The statuses in which an example tells such an event alone, and something or nothing came of it."""
    return {status for told, status, changed in told_alone() if told == event_type and changed == acted}


@cache
def told_alone() -> set[tuple[str, str, bool]]:
    """Of each example with one event: its type, the status of its task, and whether something came of it."""
    found = set()
    for example in examples_of(STAGE):
        given, output = example["input"], example.get("output")
        events = given.get("events") or []
        if output is None or len(events) != 1:
            continue
        task = task_of(given["state"]["tasks"], events[0])
        if task is not None:
            changed = output != {"state": given["state"], "actions": []}
            found.add((events[0]["type"], task["status"], changed))
    return found


def task_of(tasks: dict[str, Any], event: dict[str, Any]) -> dict[str, Any] | None:
    if "task_id" in event:
        return dict(tasks[event["task_id"]]) if event["task_id"] in tasks else None
    for field, name in (
        ("pr_number", "pr_number"),
        ("issue_number", "issue_number"),
        ("issue_number", "linked_issue"),
    ):
        for task in tasks.values():
            if event.get(name) is not None and task.get(field) == event[name]:
                return dict(task)
    return None


TRANSITIONS = [(event_type, status) for event_type, (statuses, _) in LIFE.items() for status in statuses]


@pytest.mark.parametrize(("event_type", "status"), TRANSITIONS)
def test_every_transition_has_an_example(event_type: str, status: str) -> None:
    assert status in met(event_type, acted=True)


@pytest.mark.parametrize("event_type", sorted(name for name in LIFE if set(LIFE[name][0]) < STATUSES))
def test_every_event_has_an_example_of_a_task_to_which_it_means_nothing(event_type: str) -> None:
    assert met(event_type, acted=False) - set(LIFE[event_type][0])


def test_the_table_speaks_of_known_statuses_only() -> None:
    assert {status for statuses, _ in LIFE.values() for status in statuses} <= STATUSES
