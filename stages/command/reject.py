"""`/reject plan`: send the plan that waits for approval back, with the reason."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from stages.world import Action, Answer, Command, Kickoff, Policy, Rejection, State

NAME = "command_reject"


class Input(TypedDict):
    state: State
    events: list[Command]
    policy: Policy


class Output(TypedDict):
    state: State
    actions: list[Action]


ROUNDS = 3
"""Sent back so often, a plan is for its author to settle."""
LONGEST, MOST = 500, 20


def execute(input: Input) -> Output:
    event, state = input["events"][0], input["state"]
    number = str(event["where"]["number"])
    kickoff = state["kickoffs"].get(number)
    if kickoff is None:
        return no(state, event, "There is no plan here. Say `/plan` on the issue that states the goal.")
    if words := objection(kickoff, event, input["policy"]):
        return no(state, event, words)
    reason = " ".join(event["args"]["positional"][1:]).strip()[:LONGEST]
    sent: Rejection = {"actor": event["actor"], "rejected_for": reason}
    rejections = [*kickoff.get("rejections", []), sent][-MOST:]
    kickoff = {**kickoff, "status": "Proposed", "rejections": rejections}
    state = {**state, "kickoffs": {**state["kickoffs"], number: kickoff}}
    if len(rejections) < ROUNDS:
        return {"state": state, "actions": [answer(event, "Sent back.")]}
    words = (
        f"@{kickoff.get('author')}, this plan was sent back {len(rejections)} times. Please settle with "
        "those who sent it back what you want. Then edit this issue and say `/plan`, or drop it with `/stop`."
    )
    return {"state": state, "actions": [answer(event, words, aloud=True)]}


def objection(kickoff: Kickoff, event: Command, policy: Policy) -> str | None:
    """Why nothing is sent back; None if it is."""
    gate, status = event["args"]["positional"][0].lower(), kickoff["status"]
    if event.get("actor_id") == policy["me"]["id"]:
        return "This is my own account; a person must send the plan back from an account of their own."
    if gate != "plan":
        return f"Nothing is waiting at the gate {as_code(gate, 60)}."
    if status == "Approved":
        return "This plan is approved already; `/stop` drops it."
    if status == "Proposed":
        return "This plan does not wait for approval. Edit this issue, then say `/plan`."
    if status != "AwaitingApproval":
        return f"There is no plan to send back: this sprint is {status}."
    return None


def answer(event: Command, words: str, good: bool = True, aloud: bool = False) -> Answer:
    return {"type": "answer", "key": event["key"], "where": event["where"], "words": words, "good": good,
            "aloud": aloud}  # fmt: skip


def no(state: State, event: Command, words: str) -> Output:
    return {"state": state, "actions": [answer(event, words, good=False)]}


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
