"""`/auto`, `/start`, `/next`: gates that open by themselves, the order of sprints, the next milestone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from stages.world import (
        Action,
        Answer,
        Command,
        Event,
        Kickoff,
        Options,
        SprintApproved,
        State,
        Task,
        WaitOver,
    )

NAME = "command_gates"


class Input(TypedDict):
    state: State
    events: list[Command]


class Output(TypedDict):
    state: State
    actions: list[Action]
    events: list[Event]


NO_SPRINT = "There is no sprint here. Say `/plan` on the issue that states the goal."
LOCKED = (
    "This sprint starts first here, once no other installation of the bot has the lock of this repository; "
    "`/unlock` takes over."
)
OVER = ("Review", "Done", "Failed", "Cancelled")
ENDED = ("Done", "Skipped", "Cancelled")


def execute(input: Input) -> Output:
    event, state = input["events"][0], input["state"]
    kickoff = state["kickoffs"].get(str(event["where"]["number"]))
    if kickoff is None:
        return no(state, event, NO_SPRINT)
    if kickoff["status"] in OVER:
        return no(state, event, "This sprint has ended.")
    match event["name"]:
        case "auto":
            return switch(state, event, kickoff)
        case "start":
            return start(state, event, kickoff)
        case "next":
            return open_next(state, event, kickoff)
        case name:
            raise ValueError(f"command_gates: '{name}' opens no gate")


def switch(state: State, event: Command, kickoff: Kickoff) -> Output:
    """A plan that waits goes ahead as if its maintainer had approved it."""
    on = event["args"]["positional"][0].lower() == "on"
    options: Options = {**(kickoff.get("options") or {})}
    options.pop("auto", None)
    by = event["actor"] if on else None
    state = with_kickoff(state, {**kickoff, "auto_by": by, "options": options})
    if not on:
        return yes(state, event, "Gates wait for people again: plans for `/approve`, milestones for `/next`.")
    words = "Gates of this sprint open by themselves from now on; `/auto off` ends that."
    if kickoff["status"] == "AwaitingApproval":
        approve: Command = {**event, "name": "approve", "key": f"{event['key']}:approve",
                            "args": {"positional": [], "flags": {}}}  # fmt: skip
        return {**yes(state, event, words), "events": [approve]}
    return {**yes(state, event, words), "events": wake(state, event, kickoff)}


def start(state: State, event: Command, kickoff: Kickoff) -> Output:
    if kickoff["status"] == "AwaitingApproval":
        return no(state, event, "This plan waits for `/approve`.")
    if kickoff["status"] != "Approved":
        return no(state, event, f"Nothing waits to be started here: this sprint is {kickoff['status']}.")
    for other in [one for one in state["kickoffs"].values() if one.get("first")]:
        state = with_kickoff(state, {**other, "first": False})
    state = with_kickoff(state, {**kickoff, "first": True})
    running = state.get("running")
    if running is None and is_locked(state):
        return yes(state, event, LOCKED)
    if running is None:
        go: SprintApproved = {"type": "sprint_approved", "key": f"sprint_approved:{event['key']}",
                              "number": kickoff["number"]}  # fmt: skip
        return {**yes(state, event, "This sprint starts now."), "events": [go]}
    return yes(state, event, f"This sprint starts next, once #{running} has ended.")


def is_locked(state: State) -> bool:
    lock = state.get("lock")
    return bool(lock and not lock["held"] and lock.get("other"))


def open_next(state: State, event: Command, kickoff: Kickoff) -> Output:
    """The next milestone with work left begins, once the ones before it have ended."""
    if kickoff["number"] != state.get("running"):
        return no(state, event, "This sprint does not run, so no milestone waits.")
    tasks = in_order(state["tasks"])
    found = list(dict.fromkeys(name for task in tasks if (name := task.get("milestone"))))
    opened = [*found[:1], *(state.get("opened") or [])]
    later = [one for one in found if one not in opened]
    if not later:
        none = "The last milestone has begun already." if found else "This sprint has no milestones."
        return no(state, event, none)
    todo = [task for task in tasks if task["status"] not in ENDED]
    name = next((one for one in later if any(task.get("milestone") == one for task in todo)), None)
    if name is None:
        return no(state, event, "No milestone waits: the tasks of all later ones have ended.")
    left = [task["id"] for task in todo if task.get("milestone") in opened]
    if left:
        rest = ", ".join(f"`{one}`" for one in left[:10])
        return no(state, event, f"{as_text(name)} begins once these have ended: {rest}.")
    state = {**state, "opened": [*opened[1:], *later[: later.index(name) + 1]]}
    return {**yes(state, event, f"{as_text(name)} begins."), "events": wake(state, event, kickoff)}


def wake(state: State, event: Command, kickoff: Kickoff) -> list[Event]:
    """The running sprint's tasks are evaluated anew."""
    if kickoff["number"] != state.get("running"):
        return []
    over: list[WaitOver] = [{"type": "wait_over", "key": f"wait_over:{event['key']}", "task_id": task_id}
                            for task_id in sorted(state["tasks"])[:1]]  # fmt: skip
    return [*over]


def in_order(tasks: dict[str, Task]) -> list[Task]:
    """The plan's order: the store keeps none."""
    return sorted(tasks.values(), key=lambda task: (task.get("position") or 0, task["id"]))


def with_kickoff(state: State, kickoff: Kickoff) -> State:
    return {**state, "kickoffs": {**state["kickoffs"], str(kickoff["number"]): kickoff}}


def answer(event: Command, words: str, good: bool = True) -> Answer:
    return {"type": "answer", "key": event["key"], "where": event["where"], "words": words, "good": good,
            "aloud": True}  # fmt: skip


def yes(state: State, event: Command, words: str) -> Output:
    return {"state": state, "actions": [answer(event, words)], "events": []}


def no(state: State, event: Command, words: str) -> Output:
    return {"state": state, "actions": [answer(event, words, good=False)], "events": []}


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
