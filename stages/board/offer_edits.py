"""List what people may change on a sprint's board: the boxes that act, and the plan as lines to edit."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from stages.world import Kickoff, Offer, Policy, State, Task

NAME = "offer_edits"


class Input(TypedDict):
    state: State
    policy: Policy


class Output(TypedDict):
    offers: dict[str, Offer]  # kickoff number → what its board offers


UNDER_WAY = ("Running", "Paused")
CHANGEABLE = ("AwaitingApproval", "Approved", *UNDER_WAY)
LONGEST = 12_000
"""Characters of a plan that a board has room for, beside all else."""
MOST_RETRIES = 5
ASIDE = re.compile(
    r"\((?=\s*(?:after|depends|needs|scope|files|accept|model|framework|complexity|skills)\b)", re.I
)


def execute(input: Input) -> Output:
    state, policy = input["state"], input["policy"]
    return {"offers": {number: offer(state, policy, one) for number, one in state["kickoffs"].items()}}


def offer(state: State, policy: Policy, kickoff: Kickoff) -> Offer:
    running = kickoff["status"] in UNDER_WAY
    tasks = in_order(state["tasks"] if running else kickoff.get("plan") or {})
    if kickoff["status"] not in CHANGEABLE or not tasks:
        return {"boxes": [], "plan_lines": ""}
    before = "/caloron " if policy.get("command_prefix") == "required" else "/"
    boxes = [f"- [ ] {words} (`{before}{command}`)" for words, command in choices(state, kickoff, tasks)]
    lines = "\n".join(plan(tasks))
    return {"boxes": boxes, "plan_lines": lines if len(lines) <= LONGEST else ""}


def in_order(tasks: dict[str, Task]) -> dict[str, Task]:
    """The plan's order: the store keeps none."""
    return dict(sorted(tasks.items(), key=lambda item: (item[1].get("position") or math.inf, item[0])))


# boxes


def choices(state: State, kickoff: Kickoff, tasks: dict[str, Task]) -> list[tuple[str, str]]:
    """What each box says, and the command that it stands for."""
    match kickoff["status"]:
        case "AwaitingApproval":
            return [("Approve this plan", f"approve {kickoff['plan_hash']}")]
        case "Paused":
            return [("Continue", "resume")]
        case "Running":
            return [("Pause", "pause"), *next_milestone(state, tasks), *retries(tasks)]
        case _:
            return []


def next_milestone(state: State, tasks: dict[str, Task]) -> list[tuple[str, str]]:
    """The one that people were asked about and that has not begun."""
    name = state.get("next_asked")
    there = [task.get("milestone") for task in tasks.values()]
    if not name or name in (state.get("opened") or []) or name not in there:
        return []
    return [(f"Continue to {as_text(name)}", "next")]


def retries(tasks: dict[str, Task]) -> list[tuple[str, str]]:
    stuck = [name for name, task in tasks.items() if task["status"] == "Escalated"]
    return [
        (f"Try **{as_text(tasks[name]['title'])}** again", f"retry {name}") for name in stuck[:MOST_RETRIES]
    ]


# the plan, as a kickoff would say it


def plan(tasks: dict[str, Task]) -> list[str]:
    """All tasks but those that were dropped, below their milestones."""
    groups: dict[str, list[str]] = {}
    for name, task in tasks.items():
        if task["status"] != "Cancelled":
            groups.setdefault(task.get("milestone") or "", []).extend(rows(name, task))
    if list(groups) == [""]:
        return groups[""]
    free = groups.pop("", [])
    parts = [["## Tasks", *free]] if free else []
    parts += [[f"## Milestone: {as_words(name)}", *listed] for name, listed in groups.items()]
    return [row for part in parts for row in part]


def rows(name: str, task: Task) -> list[str]:
    after = task.get("depends_on") or []
    behind = f" (after: {', '.join(after)})" if after else ""
    fields = [f"scope: {', '.join(task['scope'])}"] if task.get("scope") else []
    fields += [f"accept: {point}" for point in task.get("acceptance") or []]
    fields += [f"skills: {', '.join(task['skills'])}"] if task.get("skills") else []
    fields += [f"complexity: {task['complexity']}"] if task.get("complexity") else []
    fields += [f"framework: {task['framework']}"] if task.get("framework") else []
    fields += [f"model: {task['model']}"] if task.get("model") else []
    return [f"- {name}: {as_words(task['title'])}{behind}", *(f"  {as_title(one, 400)}" for one in fields)]


def as_words(title: str) -> str:
    """A title in which nothing is read as what stands behind one."""
    return ASIDE.sub("（", as_title(title))


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
