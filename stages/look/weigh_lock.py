"""Weigh the locks of other installations of the bot: a sprint starts, waits for one, or has lost its own."""

from __future__ import annotations

import datetime
import re
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from stages.world import Action, Event, ForgeLock, Kickoff, Lock, OtherLock, Policy, SeenLocks, State

NAME = "weigh_lock"
ID = re.compile(r"[0-9a-f]{12}")
MAY_LOCK = ("write", "maintain", "admin", "owner")


class Input(TypedDict):
    state: State
    events: list[Event]
    now: str
    policy: Policy


class Output(TypedDict):
    state: State
    actions: list[Action]
    events: list[Event]


def execute(input: Input) -> Output:
    out: Output = {"state": input["state"], "actions": [], "events": []}
    for event in input["events"]:
        if event["type"] != "seen" or event["what"] != "locks":
            out["events"].append(event)
            continue
        lock = out["state"].get("lock")
        if lock is not None and "lock_s" in input["policy"]:
            found = weigh(out["state"], lock, event, input["policy"], input["now"])
            out = {**found, "events": [*out["events"], *found["events"]]}
    return out


def weigh(state: State, lock: Lock, event: SeenLocks, policy: Policy, now: str) -> Output:
    valid_s, own = policy["lock_s"], policy["installation"]
    others = [(one, until) for one in event["there"] if (until := valid_until(one, valid_s, now))]
    others.sort(key=lambda found: (not found[0]["held"], found[0]["installation"]))
    if lock["held"]:
        return stay(state, lock, others, own)
    if others:
        return wait(state, lock, others[0], own)
    if lock["locked_at"] is None:
        claim: Lock = {**lock, "locked_at": now, "claimed": False, "other": None}
        return nothing({**state, "lock": claim})
    state = {**state, "lock": {**lock, "other": None}}
    claimed = event["request"]["claim"] == lock["locked_at"]
    return begin(state, lock) if claimed else nothing(state)


def valid_until(lock: ForgeLock, valid_s: float, now: str) -> str | None:
    """Until when it counts; None: it does not. Anyone may write a marker, with any moment in it."""
    if lock["right"] not in MAY_LOCK or not ID.fullmatch(lock["installation"]):
        return None
    at = min(filter(None, map(moment, (lock["locked_at"], lock["updated_at"]))), default=None)
    if at is None or not moment(lock["locked_at"]):
        return None
    until = at + datetime.timedelta(seconds=valid_s)
    return until.isoformat() if until > datetime.datetime.fromisoformat(now) else None


def moment(text: str) -> datetime.datetime | None:
    try:
        found = datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None


def stay(state: State, lock: Lock, others: list[tuple[ForgeLock, str]], own: str) -> Output:
    """It keeps the lock, unless another installation took it."""
    lost = next(((one, until) for one, until in others if is_stronger(one, lock, own)), None)
    if lost is None:
        kept = lock.copy()
        if kept.get("took") not in [one["installation"] for one, _ in others]:
            kept.pop("took", None)  # that one has noticed
        return nothing({**state, "lock": kept} if kept != lock else state)
    without: Lock = {
        "number": lock["number"], "held": False, "locked_at": None, "other": in_short(*lost)
    }  # fmt: skip
    return {"state": {**state, "lock": without}, "actions": tell_lost(state, lock, lost[0]), "events": []}


def is_stronger(other: ForgeLock, lock: Lock, own: str) -> bool:
    """Whether it took the lock from us; where two have it for another reason, one of them must give way."""
    if not other["held"]:
        return False
    name = other["installation"]
    return other["took"] == own or (name != lock.get("took") and name < own)


def tell_lost(state: State, lock: Lock, other: ForgeLock) -> list[Action]:
    kickoff = state["kickoffs"].get(str(lock["number"]))
    sprint = kickoff["id"] if kickoff else ""
    name = f"{as_code(other['installation'], 20)} (account {as_code(other['author'], 60)})"
    words = (
        f"Another installation of the bot, {name}, took over this repository, for #{other['issue_number']}: "
        "nothing new starts here, and nothing is merged. Agents at work finish. `/unlock` takes it back."
    )
    key = f"lock_lost:{lock['number']}:{other['installation']}:{lock['locked_at']}"
    return [{"type": "comment", "number": lock["number"], "body": words, "key": key,
             "mark": {"kind": "note", "sprint": sprint}}]  # fmt: skip


def wait(state: State, lock: Lock, found: tuple[ForgeLock, str], own: str) -> Output:
    """Of two that ask at once the one with the smaller id goes on asking; the other gives way to it."""
    other, until = found
    stays = not other["held"] and lock["locked_at"] is not None and own < other["installation"]
    waiting: Lock = {**lock, "other": in_short(other, until)}
    if not stays:
        waiting = {**waiting, "locked_at": None, "claimed": False}
    return nothing({**state, "lock": waiting})


def in_short(other: ForgeLock, until: str) -> OtherLock:
    return {"installation": other["installation"], "number": other["issue_number"], "author": other["author"],
            "until": until}  # fmt: skip


def begin(state: State, lock: Lock) -> Output:
    """Nobody else has it, and our own marker stands where every other installation sees it."""
    held: Lock = {**lock, "held": True, "other": None}
    kickoff = state["kickoffs"].get(str(lock["number"]))
    go = [go_on(state, kickoff, str(lock["locked_at"]))] if kickoff else []
    return {"state": {**state, "lock": held}, "actions": [], "events": [one for one in go if one]}


def go_on(state: State, kickoff: Kickoff, at: str) -> Event | None:
    """The sprint starts, or the one that runs goes on."""
    number = kickoff["number"]
    if state.get("running") is None:
        return {"type": "sprint_approved", "key": f"sprint_approved:lock:{number}:{at}", "number": number}
    first = next(iter(sorted(state["tasks"])), None)
    return {"type": "wait_over", "key": f"wait_over:lock:{number}:{at}", "task_id": first} if first else None


def nothing(state: State) -> Output:
    return {"state": state, "actions": [], "events": []}


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
