"""List what the forge should show and does not: the labels of every task's issue, and the boards."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from stages.world import (
        Board, BoardWanted, LabelsWanted, Policy, State, StatusLook, Task, TaskStatus, Wanted,
    )  # fmt: skip

NAME = "want"


class Input(TypedDict):
    state: State
    policy: Policy
    boards: list[Board]


class Output(TypedDict):
    wanted: list[Wanted]


def execute(input: Input) -> Output:
    state, statuses = input["state"], input["policy"]["statuses"]
    ended = [task for k in state["kickoffs"].values() for task in (k.get("tasks") or {}).values()]
    labels: dict[int, LabelsWanted | None] = {}
    for task in [*state["tasks"].values(), *ended]:
        if issue := task.get("issue_number"):
            labels[issue] = labels_of(state, statuses, task, issue)
    for task in [*state["tasks"].values(), *ended]:
        if task.get("issue_number") and (pull := task.get("pr_number")):
            labels[pull] = cancelled(state, statuses, task, pull)
    boards = [board for drawn in input["boards"] if (board := board_of(state, drawn))]
    return {"wanted": [*(one for _, one in sorted(labels.items()) if one), *boards]}


def labels_on(state: State, number: int) -> list[str]:
    return state["issues"].get(str(number), {}).get("labels") or []


def labels_of(
    state: State, statuses: dict[TaskStatus, StatusLook], task: Task, number: int
) -> LabelsWanted | None:
    existing = set(labels_on(state, number))
    wanted = {"caloron:task", state_label(statuses, task)}
    add, remove = sorted(wanted - existing), sorted((existing & state_labels(statuses)) - wanted)
    if not add and not remove:
        return None
    return {
        "object": f"issue:{number}",
        "kind": "labels",
        "number": number,
        "on": add,
        "off": remove,
        "hash": hash_of([number, add, remove, sorted(existing)]),
    }


def cancelled(
    state: State, statuses: dict[TaskStatus, StatusLook], task: Task, number: int
) -> LabelsWanted | None:
    """A cancelled task's pull request says so too."""
    label, existing = statuses["Cancelled"]["label"], labels_on(state, number)
    if task["status"] != "Cancelled" or label in existing:
        return None
    return {
        "object": f"issue:{number}",
        "kind": "labels",
        "number": number,
        "on": [label],
        "off": [],
        "hash": hash_of([number, label, sorted(existing)]),
    }


def state_label(statuses: dict[TaskStatus, StatusLook], task: Task) -> str:
    """The status's, or the one for what more is known of it."""
    status = statuses[task["status"]]
    refined = (label for what, label in (status.get("refined") or {}).items() if is_known(task, what))
    return str(next(refined, status["label"]))


def is_known(task: Task, what: str) -> bool:
    fields: Mapping[str, object] = task
    return ready_to_merge(task) if what == "mergeable" else bool(fields.get(what))


def state_labels(statuses: dict[TaskStatus, StatusLook]) -> set[str]:
    return {
        label for one in statuses.values() for label in (one["label"], *(one.get("refined") or {}).values())
    }


def ready_to_merge(task: Task) -> bool:
    """Approved and green, but not merged yet: it waits for its turn, for a person, or for the forge."""
    reviews = task.get("reviews", {}).values()
    verdicts = {review["state"] for review in reviews if review["commit_sha"] == task.get("head_sha")}
    approved = "approved" in verdicts and "changes_requested" not in verdicts
    checks = task.get("checks", {})
    green = checks.get("state", "none") in ("success", "none") and not checks.get("missing")
    return approved and green and not task.get("merging")


def board_of(state: State, drawn: Board) -> BoardWanted | None:
    number = drawn["number"]
    shown = state["shown"].get(f"issue:{number}:board")
    new_hash = hash_of([drawn["body"], drawn["asked"]])
    if shown and shown["hash"] == new_hash:
        return None
    return {"object": f"issue:{number}", "kind": "board", "number": number, "body": drawn["body"],
            "mark": {"kind": "board", "sprint": drawn["sprint"]},
            "comment_id": shown["comment_id"] if shown else None, "hash": new_hash,
            "plan_hash": drawn["plan_hash"]}  # fmt: skip


def hash_of(what: object) -> str:
    return hashlib.sha256(json.dumps(what, ensure_ascii=False).encode()).hexdigest()[:16]


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
