"""Tell on each pull request, as the commit status `caloron` of its head, what it waits for."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Literal, TypedDict

if TYPE_CHECKING:
    from stages.world import Kickoff, State, StatusWanted, Task, WhatWaits

NAME = "tell_statuses"


class Input(TypedDict):
    state: State
    told: WhatWaits


class Output(TypedDict):
    statuses: list[StatusWanted]


Said = tuple[Literal["pending", "success", "failure"], str]

READY = "Nothing more is waited for"
ENDED: dict[str, Said] = {
    "Done": ("success", READY),  # as it was before the merge, so that no write is spent on it
    "Skipped": ("failure", "The task was skipped"),
    "Cancelled": ("failure", "The sprint was stopped"),
}
MARKUP = re.compile(r"[`\\]")
"""What the reasons have for the board's Markdown: no forge renders it in a status."""


def execute(input: Input) -> Output:
    state, told = input["state"], input["told"]
    found: dict[int, StatusWanted] = {}
    for number, kickoff in sorted(state["kickoffs"].items(), key=lambda item: item[1]["number"]):
        for name, task in tasks_of(state, kickoff).items():
            if task.get("pr_number") and task.get("head_sha"):
                reasons = told["waits"].get(number, {}).get(name) or []
                said = says(task, reasons, name in told["ready"].get(number, []))
                status = wanted(task, said, link(state, kickoff))
                if differs(state, status, ended=task["status"] in ENDED):
                    found[status["number"]] = status
    return {"statuses": list(found.values())}


def tasks_of(state: State, kickoff: Kickoff) -> dict[str, Task]:
    """Those that may have a pull request: a plan's have none yet."""
    running = state.get("running") == kickoff["number"]
    tasks: dict[str, Task] = state["tasks"] if running else kickoff.get("tasks") or {}
    return tasks


def says(task: Task, reasons: list[str], ready: bool) -> Said:
    """While an agent is at work it says no more than that: each of its steps would be another write."""
    if ended := ENDED.get(task["status"]):
        return ended
    if ready:
        return "success", READY
    if task["status"] == "InProgress":
        return "pending", "An agent works on it"
    return "pending", plain("; ".join(reasons) or "Waiting")


def plain(text: str) -> str:
    bare = MARKUP.sub("", text)
    return bare[:1].upper() + bare[1:]


def link(state: State, kickoff: Kickoff) -> str:
    """The board."""
    address = state["repo"].get("html_url")
    return f"{address}/issues/{kickoff['number']}" if address else ""


def wanted(task: Task, said: Said, link: str) -> StatusWanted:
    number, sha, (state, description) = task["pr_number"] or 0, task["head_sha"] or "", said
    return {"object": f"pull:{number}", "kind": "status", "number": number, "sha": sha, "state": state,
            "description": description, "link": link, "hash": hash_of([sha, state, description])}  # fmt: skip


def differs(state: State, status: StatusWanted, ended: bool) -> bool:
    """What has ended without having shown anything is left alone."""
    shown = state["shown"].get(f"{status['object']}:status")
    return shown["hash"] != status["hash"] if shown else not ended


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
