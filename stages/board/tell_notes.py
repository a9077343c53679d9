"""Write the one comment on a task's issue: what it waits for, and what happened to it so far.

A task to which nothing happened but what the forge itself tells has none.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from stages.world import Kickoff, Mark, News, NoteWanted, State, Task, WhatWaits

NAME = "tell_notes"


class Input(TypedDict):
    state: State
    told: WhatWaits


class Output(TypedDict):
    notes: list[NoteWanted]


def execute(input: Input) -> Output:
    state, told = input["state"], input["told"]
    notes: list[NoteWanted] = []
    for number, kickoff in sorted(state["kickoffs"].items(), key=lambda item: item[1]["number"]):
        for name, task in sorted(tasks_of(state, kickoff).items()):
            if (issue := task.get("issue_number")) and (news := task.get("news")):
                reasons = told["waits"].get(number, {}).get(name) or []
                note = wanted(state, kickoff, issue, body_of(kickoff, name, task, reasons, news), name)
                notes += [note] if note else []
    return {"notes": notes}


def tasks_of(state: State, kickoff: Kickoff) -> dict[str, Task]:
    """Those that may have an issue: a plan's have none yet."""
    running = state.get("running") == kickoff["number"]
    tasks: dict[str, Task] = state["tasks"] if running else kickoff.get("tasks") or {}
    return tasks


def body_of(kickoff: Kickoff, name: str, task: Task, reasons: list[str], news: list[News]) -> str:
    about = [f"task `{name}` of sprint #{kickoff['number']}"]
    about += [f"agent `{task['agent_id']}`"] if task.get("agent_id") else []
    about += [f"pull request #{task['pr_number']}"] if task.get("pr_number") else []
    rows = [f"- {moment(one['news_at'])} UTC: {one['news']}" for one in news]
    return "\n".join([f"**{now(task, reasons)}** · {' · '.join(about)}", "", *rows])


def now(task: Task, reasons: list[str]) -> str:
    """While an agent is at work it says no more than that: each of its steps would be another write."""
    if task["status"] == "InProgress" and task.get("agent") == "running":
        return "An agent works on it"
    words = "; ".join(reasons) or "Waiting"
    return words[:1].upper() + words[1:]


def moment(at: str) -> str:
    return at[:16].replace("T", " ")


def wanted(state: State, kickoff: Kickoff, number: int, body: str, name: str) -> NoteWanted | None:
    shown, digest = state["shown"].get(f"issue:{number}:note"), hash_of(body)
    if shown and shown["hash"] == digest:
        return None
    mark: Mark = {"kind": "note", "sprint": kickoff["id"], "task": name}
    return {"object": f"issue:{number}", "kind": "note", "number": number, "body": body, "mark": mark,
            "comment_id": shown["comment_id"] if shown else None, "hash": digest}  # fmt: skip


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
