"""`/unlock`: this installation of the bot takes the repository's lock over from another one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from stages.world import Action, Command, Event, Lock, OtherLock, State

NAME = "command_unlock"


class Input(TypedDict):
    state: State
    events: list[Command]
    now: str


class Output(TypedDict):
    state: State
    actions: list[Action]
    events: list[Event]


NO_SPRINT = "There is no sprint here. Say `/plan` on the issue that states the goal."
NOT_KEPT = "No other installation of the bot keeps this sprint from starting, so there is nothing to unlock."
OWN = "This installation of the bot has the lock of this repository already."


def execute(input: Input) -> Output:
    event, state = input["events"][0], input["state"]
    number = event["where"]["number"]
    lock, kickoff = state.get("lock"), state["kickoffs"].get(str(number))
    if kickoff is None:
        return no(state, event, NO_SPRINT)
    if lock is None or lock["number"] != number:
        return no(state, event, NOT_KEPT)
    if lock["held"]:
        return no({**state, "lock": {**lock, "asked_at": input["now"]}}, event, OWN)
    other = lock.get("other")
    return take(state, event, lock, other, input["now"]) if other else no(state, event, NOT_KEPT)


def take(state: State, event: Command, lock: Lock, other: OtherLock, now: str) -> Output:
    """The other one notices when it looks next; it then starts and merges nothing more."""
    taken: Lock = {**lock, "held": True, "locked_at": now, "other": None, "took": other["installation"]}
    name = (
        f"{as_code(other['installation'], 20)} (account {as_code(other['author'], 60)}, #{other['number']})"
    )
    words = (
        f"Took over from the installation {name}. It notices when it renews its lock; until then it may "
        "still start tasks, so stop it if you can."
    )
    go = go_on(state, event)
    return {"state": {**state, "lock": taken}, "actions": [answer(event, words)], "events": go}


def go_on(state: State, event: Command) -> list[Event]:
    """The sprint starts, or the one that runs goes on."""
    number, key = event["where"]["number"], event["key"]
    if state.get("running") is None:
        return [{"type": "sprint_approved", "key": f"sprint_approved:{key}", "number": number}]
    return [{"type": "wait_over", "key": f"wait_over:{key}", "task_id": task_id}
            for task_id in sorted(state["tasks"])[:1]]  # fmt: skip


def answer(event: Command, words: str, good: bool = True) -> Action:
    return {"type": "answer", "key": event["key"], "where": event["where"], "words": words, "good": good,
            "aloud": True}  # fmt: skip


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
