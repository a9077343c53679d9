"""List the milestones that the forge should have: those of sprints with their issues, closed at their end."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from stages.world import Kickoff, MilestoneWanted, State, Task

NAME = "tell_milestones"


class Input(TypedDict):
    state: State


class Output(TypedDict):
    milestones: list[MilestoneWanted]


SHOWS = ("Running", "Paused", "Review", "Done", "Failed")
"""Those of a sprint that was stopped stay as they are: what is left is for people to plan."""
ENDED = ("Done", "Skipped", "Cancelled")


def execute(input: Input) -> Output:
    state = input["state"]
    found = [
        wanted(kickoff, title, tasks, state)
        for _, kickoff in sorted(state["kickoffs"].items(), key=lambda item: item[1]["number"])
        if kickoff["status"] in SHOWS and not kickoff.get("no_milestones")
        for title, tasks in by_title(tasks_of(state, kickoff)).items()
    ]
    shown = state["shown"]
    return {
        "milestones": [
            one
            for one in found
            if one and (shown.get(f"{one['object']}:milestone") or {"hash": None})["hash"] != one["hash"]
        ]
    }


def tasks_of(state: State, kickoff: Kickoff) -> list[Task]:
    running = state.get("running") == kickoff["number"]
    tasks: dict[str, Task] = state["tasks"] if running else kickoff.get("tasks") or {}
    return sorted(tasks.values(), key=lambda task: (task.get("position") or 0, task["id"]))


def by_title(tasks: list[Task]) -> dict[str, list[Task]]:
    groups: dict[str, list[Task]] = {}
    for task in tasks:
        if name := task.get("milestone"):
            groups.setdefault(as_title(name), []).append(task)
    return groups


def wanted(kickoff: Kickoff, title: str, tasks: list[Task], state: State) -> MilestoneWanted | None:
    """It is made with the first issue of its tasks."""
    issues = [number for task in tasks if (number := task.get("issue_number"))]
    if not issues:
        return None
    there = f"milestone:{kickoff['number']}:{hash_of(title)}"
    shown = state["shown"].get(f"{there}:milestone")
    known = (shown.get("issues") or []) if shown else []
    over = all(task["status"] in ENDED for task in tasks)
    done = any(task["status"] in ("Done", "Skipped") for task in tasks)
    return {
        "object": there,
        "kind": "milestone",
        "number": kickoff["number"],
        "title": title,
        "description": f"A milestone of the sprint #{kickoff['number']}.",
        "state": "closed" if over and done else "open",
        "issues": [number for number in issues if number not in known],
        "mark": {"kind": "milestone", "sprint": kickoff["id"]},
        "hash": hash_of([title, over and done, sorted(issues)]),
    }


def hash_of(what: object) -> str:
    return hashlib.sha256(json.dumps(what, ensure_ascii=False).encode()).hexdigest()[:16]


# -- others' words: these lines are the same in every stage that repeats them --------------------------------

JOINER = "\N{WORD JOINER}"  # nobody sees it, and no forge links across it
TERMINAL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
SURROGATE = re.compile("[\ud800-\udfff]")
UNSEEN = re.compile(  # the joiners of emoji, Persian and Indic texts stay: between two that are not ASCII
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e"
    "\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0e\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]|(?<![^\x00-\x7f])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\x7f])"
)
LIVE = re.compile(  # mentions, addresses, references, `[skip ci]`, `[[wiki]]`, links, hidden markers, drafts
    r"(?<=[@#\[])|(?<=!)(?=\d)|(?<=GH-|gh-|Gh-|gH-)(?=\d)|(?<=[A-Z]-)(?=\d)|(?<=:)(?=//)"
    r"|(?<=[Ww][Ww][Ww])(?=\.)|(?<=<)(?=!--)|(?<=^[Ww][Ii][Pp])(?=:)"
)
COMMIT = re.compile(r"(?<![0-9A-Za-z])[0-9A-Fa-f]{7,64}(?![0-9A-Za-z])")
MARKUP = re.compile(r"([\\`*_~\[\]<>|&$])")
START = re.compile(r"^(\d*)([-+=:/.)])")  # a list, a heading's underline, a command


def as_text(text: object, longest: int = 2000) -> str:
    """Others' words as one line of Markdown, without any mention, link, markup or command in it."""
    return START.sub(r"\1\\\2", escaped(as_title(text, longest)))


def as_title(text: object, longest: int = 200) -> str:
    """Others' words where no Markdown is read: a title, and the subject of the commit that a merge makes."""
    return without_links(one_line(text, longest))


def as_code(text: object, longest: int = 200) -> str:
    """Others' words as code, which they cannot end; empty where nothing is left to show."""
    line = one_line(str(text).replace("`", "'"), longest).replace("<!--", f"<{JOINER}!--")
    return f"`{line}`" if line else ""


def escaped(line: str) -> str:
    return MARKUP.sub(r"\\\1", line)


def without_links(line: str) -> str:
    parted = COMMIT.sub(lambda found: JOINER.join(re.findall(".{1,6}", found[0])), line)
    return LIVE.sub(JOINER, parted)


def one_line(text: object, longest: int) -> str:
    """What a reader sees of it, with single blanks; an ellipsis for what is not seen, or too long."""
    shown = SURROGATE.sub("\N{REPLACEMENT CHARACTER}", str(text)[: 9 * longest])
    line = " ".join(UNSEEN.sub("", TERMINAL.sub("", shown)).split()) or ("…" if shown.strip() else "")
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


# -- end of others' words ------------------------------------------------------------------------------------


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
