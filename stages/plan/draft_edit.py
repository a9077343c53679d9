"""Work out what an edit of the plan on the board would make of it: only what was changed there changes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, NotRequired, TypedDict

if TYPE_CHECKING:
    from stages.world import Command, Dag, Kickoff, Policy, State, Task

NAME = "draft_edit"


class Read(TypedDict):
    dag: Dag
    errors: NotRequired[list[str] | None]
    notes: NotRequired[list[str] | None]


class Input(TypedDict):
    state: State
    events: list[Command]
    policy: Policy
    before: Read  # the plan as it stood on the board
    after: Read  # the plan as somebody wants it


class Output(TypedDict):
    dag: Dag  # the plan as it would be
    errors: list[str]  # why there is no such plan


UNDER_WAY = ("Running", "Paused")
CHANGEABLE = ("AwaitingApproval", "Approved", *UNDER_WAY)
ENDED = ("Done", "Skipped", "Cancelled")
NEVER_DONE = ("Skipped", "Cancelled")
NOT_BEGUN = ("Pending", "Blocked")
GIVEN_ID = re.compile(r"task-\d+(?:-b)*")
MOST_NAMED = 20
EMPTY = "no task is left in it. Say `/stop` to drop the whole sprint."
"""Where the reader says that there is nothing to plan."""


class Refused(Exception):
    """Why the plan stays as it is."""


def execute(input: Input) -> Output:
    event, state = input["events"][0], input["state"]
    kickoff = state["kickoffs"].get(str(event["where"]["number"]))
    try:
        if kickoff is None:
            raise Refused("There is no plan here. Say `/plan` on the issue that states the goal.")
        check(kickoff, event, input["policy"], input["before"], input["after"])
        tasks = state["tasks"] if kickoff["status"] in UNDER_WAY else kickoff.get("plan") or {}
        changed = Editing(kickoff, tasks, input["before"]["dag"], input["after"]["dag"]).result()
    except Refused as refusal:
        return {"dag": {"goal": "", "tasks": {}}, "errors": [str(refusal)]}
    return {
        "dag": {"sprint_id": kickoff["id"], "goal": kickoff.get("goal") or "", "tasks": changed},
        "errors": [],
    }


def check(kickoff: Kickoff, event: Command, policy: Policy, before: Read, after: Read) -> None:
    if event.get("actor_id") == policy["me"]["id"]:
        raise Refused("This is my own account; a person must change the plan from an account of their own.")
    if kickoff["status"] not in CHANGEABLE:
        raise Refused(f"This sprint is {kickoff['status']}, so its plan stays as it is.")
    if event["edit"].get("outdated"):
        raise Refused("The plan has changed while you edited it, so I kept it as it is. Edit it again.")
    errors = [*(after.get("errors") or []), *(before.get("errors") or [])]
    if errors:
        why = f"{as_text(errors[0], 300)}."
        raise Refused(f"I kept the plan as it is: {EMPTY if errors[0].startswith('Nothing ') else why}")


class Editing:
    """The tasks of a plan, changed by the difference between two readings of its lines."""

    def __init__(self, kickoff: Kickoff, tasks: dict[str, Task], before: Dag, after: Dag) -> None:
        self.running = kickoff["status"] in UNDER_WAY
        self.old, self.new = before["tasks"], after["tasks"]
        self.was, self.tasks = tasks, dict(tasks)
        self.ids: dict[str, str] = {}  # of tasks that are new, by the ids that the reader gave them

    def result(self) -> dict[str, Task]:
        for name, _ in in_order(self.old):
            if name not in self.new:
                self.drop(name)
        for name, _ in in_order(self.new):
            if name not in self.old:
                self.ids[name] = self.id_for(name)
        for name, task in in_order(self.new):
            if name in self.old:
                self.change(name, self.old[name], task)
            else:
                self.add(task)
        self.keep_followers()
        if self.tasks == self.was:
            raise Refused("This changes nothing in the plan, so I kept it as it is.")
        return self.tasks

    # less

    def drop(self, name: str) -> None:
        """Of a running sprint it stays to be seen, as Cancelled."""
        task = self.tasks.get(name)
        if task is None or task["status"] == "Cancelled":
            return
        if task["status"] in ENDED:
            raise Refused(f"`{name}` is {task['status']}, so its line stays as it is. Nothing has changed.")
        if self.running:
            self.tasks[name] = {**task, "status": "Cancelled"}
        else:
            del self.tasks[name]

    def keep_followers(self) -> None:
        """What others come after is not dropped."""
        dropped = [name for name in self.was if name not in self.tasks or self.is_dropped(name)]
        for name in dropped:
            behind = [one for one, task in self.tasks.items()
                      if task["status"] not in ENDED and name in task["depends_on"]]  # fmt: skip
            if behind:
                come, them = ("comes", "its") if len(behind) == 1 else ("come", "their")
                codes = ", ".join(f"`{one}`" for one in behind[:MOST_NAMED])
                raise Refused(
                    f"{codes} {come} after `{name}`, so I kept the plan as it is. Take `{name}` out of "
                    f"{them} `(after: …)` too."
                )

    def is_dropped(self, name: str) -> bool:
        return self.tasks[name]["status"] == "Cancelled" and self.was[name]["status"] != "Cancelled"

    # more

    def id_for(self, name: str) -> str:
        """An id that people wrote must be free; one that the reader gave is replaced."""
        known = self.was.get(name)
        if known is None:
            return name
        if not GIVEN_ID.fullmatch(name):
            state = f"is {known['status']}" if known["status"] in ENDED else "is in the plan already"
            raise Refused(f"`{name}` {state}, so I kept the plan as it is. Give the new task another id.")
        number = len(self.was) + 1
        while f"task-{number}" in {*self.was, *self.new, *self.ids.values()}:
            number += 1
        return f"task-{number}"

    def add(self, read: Task) -> None:
        name = self.ids[read["id"]]
        last = max((task.get("position") or 0 for task in self.tasks.values()), default=0)
        before = [self.ids.get(one, one) for one in read["depends_on"]]
        self.refuse_never_done(before)
        self.tasks[name] = {
            **read,
            "id": name,
            "depends_on": before,
            "agent_id": name,
            "attempt": 0,
            "round": 1,
            "position": max(last, len(self.tasks)) + 1,
        }

    def refuse_never_done(self, names: list[str]) -> None:
        for name in names:
            if name in self.tasks and self.tasks[name]["status"] in NEVER_DONE:
                status = self.tasks[name]["status"]
                raise Refused(f"`{name}` is {status}, so nothing can come after it. Name another task.")

    # other

    def change(self, name: str, old: Task, new: Task) -> None:
        fields = [field for field in FIELDS if value_of(old, field) != value_of(new, field)]
        if not fields:
            return
        task = self.tasks.get(name)
        if task is None:
            raise Refused(f"`{name}` is no longer in the plan, so I kept the plan as it is.")
        self.refuse_begun(name, task, fields)
        changed = task.copy()
        if "title" in fields:
            changed["title"] = new["title"]
        if "depends_on" in fields:
            changed["depends_on"] = self.moved(task, old, new)
        if "acceptance" in fields:
            changed["acceptance"] = merged(task.get("acceptance") or [], old, new)
        if "description" in fields:
            said = [task.get("description") or "", new.get("description") or ""]
            changed["description"] = "\n\n".join(text for text in said if text)
        self.tasks[name] = with_words(changed, new, fields)

    def refuse_begun(self, name: str, task: Task, fields: list[str]) -> None:
        if task["status"] in ENDED:
            raise Refused(f"`{name}` is {task['status']}, so its line stays as it is. Nothing has changed.")
        if self.running and task["status"] not in NOT_BEGUN:
            raise Refused(
                f"`{name}` has begun, so its line stays as it is. Nothing has changed. Say `/tell` on its "
                "issue to tell its agent something, or remove the line to drop it."
            )
        if task.get("issue_number") and fields != ["depends_on"]:
            raise Refused(
                f"`{name}` has an issue, #{task['issue_number']}, which says what it is; here I can change "
                "only what it comes after. Nothing has changed."
            )

    def moved(self, task: Task, old: Task, new: Task) -> list[str]:
        """What it comes after now, less what was taken out, and what was added."""
        gone = set(old["depends_on"]) - set(new["depends_on"])
        more = [self.ids.get(one, one) for one in new["depends_on"] if one not in old["depends_on"]]
        self.refuse_never_done(more)
        return list(dict.fromkeys([*(one for one in task["depends_on"] if one not in gone), *more]))


FIELDS = (
    "title", "depends_on", "scope", "acceptance", "skills", "complexity", "framework", "model", "milestone",
    "description",
)  # fmt: skip


def in_order(read: dict[str, Task]) -> list[tuple[str, Task]]:
    """As they were written: the reader numbers the agents of its tasks."""

    def place(item: tuple[str, Task]) -> tuple[int, str]:
        number = (item[1].get("agent_id") or "").removeprefix("agent-")
        return int(number) if number.isdecimal() and len(number) < 9 else 0, item[0]

    return sorted(read.items(), key=place)


def value_of(task: Task, field: str) -> object:
    fields: Mapping[str, object] = task
    return fields.get(field) or ""


def merged(known: list[str], old: Task, new: Task) -> list[str]:
    """The new points; one that is as it was keeps its lines, of which the board shows one."""
    shown = old.get("acceptance") or []
    whole = dict(zip(shown, known, strict=True)) if len(shown) == len(known) else {}
    return [whole.get(point, point) for point in new.get("acceptance") or []]


def with_words(task: Task, new: Task, fields: list[str]) -> Task:
    """With the fields that are copied as they are."""
    if "scope" in fields:
        task["scope"] = new.get("scope") or []
    if "skills" in fields:
        task["skills"] = new.get("skills") or []
    if "complexity" in fields:
        task["complexity"] = new.get("complexity") or ""
    if "framework" in fields:
        task["framework"] = new.get("framework") or ""
    if "model" in fields:
        task["model"] = new.get("model") or ""
    if "milestone" in fields:
        task["milestone"] = new.get("milestone") or ""
    return task


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
