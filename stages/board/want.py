"""List what the forge should show and does not: labels, the boards, and the statuses of pull requests."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from stages.world import (
        Board, BoardWanted, Kickoff, LabelsWanted, Mark, MilestoneWanted, NoteWanted, Policy, State,
        StatusLook, StatusWanted, Task, TaskStatus, Wanted,
    )  # fmt: skip

NAME = "want"


class Drawn(TypedDict):
    boards: list[Board]


class ToldStatuses(TypedDict):
    statuses: list[StatusWanted]


class Notes(TypedDict):
    notes: list[NoteWanted]


class ToldMilestones(TypedDict):
    milestones: list[MilestoneWanted]


class Input(TypedDict):
    state: State
    policy: Policy
    drawn: Drawn
    spoken: ToldStatuses
    noted: Notes
    grouped: ToldMilestones


class Output(TypedDict):
    wanted: list[Wanted]


def execute(input: Input) -> Output:
    state, statuses = input["state"], input["policy"]["statuses"]
    by_hand = input["policy"].get("merge") == "manual"
    ended = [task for k in state["kickoffs"].values() for task in (k.get("tasks") or {}).values()]
    labels: dict[int, LabelsWanted | None] = {}
    for task in [*state["tasks"].values(), *ended]:
        if issue := task.get("issue_number"):
            labels[issue] = labels_of(state, statuses, task, issue)
    for task in [*state["tasks"].values(), *ended]:
        if task.get("issue_number") and (pull := task.get("pr_number")):
            labels[pull] = labels_of_pull(state, statuses, task, pull, by_hand)
    for kickoff in state["kickoffs"].values():
        labels[kickoff["number"]] = both(labels.get(kickoff["number"]), labels_of_kickoff(state, kickoff))
    own = input["policy"].get("installation")
    boards = [board for drawn in input["drawn"]["boards"] if (board := board_of(state, drawn, own))]
    on_issues = [one for _, one in sorted(labels.items()) if one]
    told, milestones = input["spoken"]["statuses"], input["grouped"]["milestones"]
    return {"wanted": [*on_issues, *told, *milestones, *input["noted"]["notes"], *boards]}


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


def labels_of_kickoff(state: State, kickoff: Kickoff) -> LabelsWanted | None:
    """It says that it is a sprint's, whoever began it, and however."""
    number, label = kickoff["number"], "caloron:sprint"
    existing = labels_on(state, number)
    if label in existing or kickoff["status"] in ENDED:
        return None
    return {
        "object": f"issue:{number}",
        "kind": "labels",
        "number": number,
        "on": [label],
        "off": [],
        "hash": hash_of([number, [label], [], sorted(existing)]),
    }


def both(one: LabelsWanted | None, other: LabelsWanted | None) -> LabelsWanted | None:
    """A hotfix's issue is the kickoff and the task's at once."""
    if one is None or other is None:
        return one or other
    digest = hash_of([one["hash"], other["hash"]])
    return {**one, "on": sorted({*one["on"], *other["on"]}), "hash": digest}


def labels_of_pull(
    state: State, statuses: dict[TaskStatus, StatusLook], task: Task, number: int, by_hand: bool
) -> LabelsWanted | None:
    """A cancelled task's pull request says so too; where `/merge` is waited for, one that is ready does."""
    existing = labels_on(state, number)
    cancelled, ready = (
        statuses["Cancelled"]["label"],
        (statuses["InReview"].get("refined") or {})["mergeable"],
    )
    on = [cancelled] if task["status"] == "Cancelled" else []
    on += [ready] if by_hand and task["status"] == "InReview" and is_approved_and_green(task) else []
    add = [label for label in on if label not in existing]
    remove = [ready] if ready in existing and ready not in on else []
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


def state_label(statuses: dict[TaskStatus, StatusLook], task: Task) -> str:
    """The status's, or the one for what more is known of it."""
    status = statuses[task["status"]]
    refined = (label for what, label in (status.get("refined") or {}).items() if is_known(task, what))
    return str(next(refined, status["label"]))


def is_known(task: Task, what: str) -> bool:
    fields: Mapping[str, object] = task
    ready = is_approved_and_green(task) and not task.get("merging")
    return ready if what == "mergeable" else bool(fields.get(what))


def state_labels(statuses: dict[TaskStatus, StatusLook]) -> set[str]:
    return {
        label for one in statuses.values() for label in (one["label"], *(one.get("refined") or {}).values())
    }


def is_approved_and_green(task: Task) -> bool:
    """What is left is its turn, a person, or the forge; a hotfix needs a check that passed, too."""
    head, kept = task.get("head_sha"), task.get("kept") or []
    heads = kept[kept.index(head) :] if head and head in kept else [head]
    reviews = task.get("reviews", {}).values()
    verdicts = {review["state"] for review in reviews if review["commit_sha"] in heads}
    approved = "approved" in verdicts and "changes_requested" not in verdicts
    checks = task.get("checks", {})
    green = checks.get("state", "none") in ("success", "none") and not checks.get("missing")
    passed = "success" in (checks.get("contexts") or {}).values() or task.get("verified") in heads
    return approved and green and not task.get("expected") and (passed or not task.get("hotfix"))


ENDED = ("Done", "Failed", "Cancelled")
HOLDS = ("Approved", "Running", "Paused", "Review")


def mark_of(state: State, drawn: Board, own: str | None) -> Mark:
    """It names our installation, and the repository's lock if the sprint has it or asks for it."""
    mark: Mark = {"kind": "board", "sprint": drawn["sprint"]}
    if own is None:
        return mark
    mark, lock = {**mark, "installation": own}, state.get("lock")
    kickoff = state["kickoffs"].get(str(drawn["number"]))
    if lock is None or kickoff is None or lock["number"] != drawn["number"] or lock["locked_at"] is None:
        return mark
    if kickoff["status"] not in HOLDS:
        return mark
    mark = {**mark, "locked_at": lock["locked_at"]}
    if lock["held"]:
        mark = {**mark, "held": "yes"}
    return {**mark, "took": lock["took"]} if "took" in lock else mark


def is_read_back(state: State, comment_id: int | None) -> bool:
    """Whether an edit of the board waits for the forge to show it: it must still stand there then."""
    held = [one for one in state["waiting"].values() if one["type"] == "command" and "delivered" in one]
    return any(one["where"].get("board") == comment_id is not None for one in held)


def board_of(state: State, drawn: Board, own: str | None) -> BoardWanted | None:
    number = drawn["number"]
    shown = state["shown"].get(f"issue:{number}:board")
    if shown and is_read_back(state, shown["comment_id"]):
        return None
    mark = mark_of(state, drawn, own)
    lock = [mark[name] for name in ("locked_at", "held", "took") if name in mark]
    new_hash = hash_of([drawn["body"], drawn["asked"], *lock])
    if shown and shown["hash"] == new_hash:
        return None
    return {"object": f"issue:{number}", "kind": "board", "number": number, "body": drawn["body"],
            "mark": mark,
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
