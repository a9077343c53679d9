"""List what the forge should show and does not: the labels of every task's issue, and the boards."""

import hashlib
import json
from typing import Any, TypedDict

NAME = "want"


class Input(TypedDict):
    state: Any
    policy: Any
    boards: list[Any]


class Output(TypedDict):
    wanted: list[Any]


def execute(input: Input) -> Output:
    state, statuses = input["state"], input["policy"]["statuses"]
    ended = [task for k in state["kickoffs"].values() for task in (k.get("tasks") or {}).values()]
    tasks = [task for task in [*state["tasks"].values(), *ended] if task.get("issue_number")]
    labels = {task["issue_number"]: labels_of(state, statuses, task) for task in tasks}
    labels |= {task["pr_number"]: cancelled(state, statuses, task) for task in tasks if task.get("pr_number")}
    boards = [board for drawn in input["boards"] for board in [board_of(state, drawn)] if board]
    return {"wanted": [labels[number] for number in sorted(labels) if labels[number]] + boards}


def labels_of(state: dict[str, Any], statuses: dict[str, Any], task: dict[str, Any]) -> dict[str, Any] | None:
    number = task["issue_number"]
    there = set((state["issues"].get(str(number)) or {}).get("labels") or [])
    wanted = {"caloron:task", state_label(statuses, task)}
    add, remove = sorted(wanted - there), sorted((there & state_labels(statuses)) - wanted)
    if not add and not remove:
        return None
    said = hash_of([number, add, remove, sorted(there)])
    return {
        "object": f"issue:{number}",
        "kind": "labels",
        "number": number,
        "on": add,
        "off": remove,
        "hash": said,
    }


def cancelled(state: dict[str, Any], statuses: dict[str, Any], task: dict[str, Any]) -> dict[str, Any] | None:
    """A cancelled task's pull request says so too."""
    number, label = task["pr_number"], statuses["Cancelled"]["label"]
    there = (state["issues"].get(str(number)) or {}).get("labels") or []
    if task["status"] != "Cancelled" or label in there:
        return None
    said = hash_of([number, label, sorted(there)])
    return {
        "object": f"issue:{number}",
        "kind": "labels",
        "number": number,
        "on": [label],
        "off": [],
        "hash": said,
    }


def state_label(statuses: dict[str, Any], task: dict[str, Any]) -> str:
    """The status's, or the one for what more is known of it."""
    status = statuses[task["status"]]
    refined = (label for what, label in (status.get("refined") or {}).items() if is_known(task, what))
    return str(next(refined, status["label"]))


def is_known(task: dict[str, Any], what: str) -> bool:
    return ready_to_merge(task) if what == "mergeable" else bool(task.get(what))


def state_labels(statuses: dict[str, Any]) -> set[str]:
    return {
        label for one in statuses.values() for label in (one["label"], *(one.get("refined") or {}).values())
    }


def ready_to_merge(task: dict[str, Any]) -> bool:
    """Approved and green, but not merged yet: it waits for its turn, for a person, or for the forge."""
    said = {
        r["state"] for r in (task.get("reviews") or {}).values() if r["commit_sha"] == task.get("head_sha")
    }
    approved = "approved" in said and "changes_requested" not in said
    checks = task.get("checks") or {}
    green = checks.get("state", "none") in ("success", "none") and not checks.get("missing")
    return approved and green and not task.get("merging")


def board_of(state: dict[str, Any], drawn: dict[str, Any]) -> dict[str, Any] | None:
    number = drawn["number"]
    shown = state["shown"].get(f"issue:{number}:board") or {}
    said = hash_of([drawn["body"], drawn["asked"]])
    if shown.get("hash") == said:
        return None
    mark = {"kind": "board", "sprint": drawn["sprint"]}
    return {"object": f"issue:{number}", "kind": "board", "number": number, "body": drawn["body"],
            "mark": mark, "comment_id": shown.get("comment_id"), "hash": said,
            "plan_hash": drawn["plan_hash"]}  # fmt: skip


def hash_of(what: Any) -> str:
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
