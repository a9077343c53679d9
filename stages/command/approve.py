"""`/approve`: let the plan that was last shown go ahead, bound to its hash."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from stages.world import (
        Action, Answer, Command, Event, Issue, Kickoff, PlanChange, Policy, Shown, SprintApproved, State,
    )  # fmt: skip

NAME = "command_approve"


class Input(TypedDict):
    state: State
    events: list[Command]
    now: str
    policy: Policy


class Output(TypedDict):
    state: State
    actions: list[Action]
    events: list[Event]


MOST_LINES = 20
HEX = re.compile(r"[0-9a-f]{4,64}")


def execute(input: Input) -> Output:
    event, state, policy = input["events"][0], input["state"], input["policy"]
    number = str(event["where"]["number"])
    kickoff = state["kickoffs"].get(number)
    if kickoff is None:
        return no(state, event, "There is no plan here. Say `/plan` on the issue that states the goal.")
    shown = state.get("shown", {}).get(f"issue:{number}:board")
    issue = (state.get("issues") or {}).get(number)
    if words := objection(kickoff, event, policy, shown) or edited(kickoff, event, issue):
        return no(state, event, words)
    if not named_in(event) and plan_on(shown) != kickoff.get("plan_hash"):
        return wait(state, event)
    kickoff = {**kickoff, "status": "Approved", "approved_by": event["actor"], "approved_at": input["now"]}
    state = {**state, "kickoffs": {**state["kickoffs"], number: kickoff}}
    go: SprintApproved = {
        "type": "sprint_approved",
        "key": f"sprint_approved:{event['key']}",
        "number": int(number),
    }
    return {"state": state, "actions": [answer(event, "Approved.")], "events": [go]}


def objection(kickoff: Kickoff, event: Command, policy: Policy, shown: Shown | None) -> str | None:
    """Why this plan may not be approved with this comment; None if it may."""
    status, current = kickoff["status"], kickoff.get("plan_hash") or ""
    gate, named = read_words(event["args"]["positional"])
    if event.get("actor_id") == policy["me"]["id"]:
        return "This is my own account; a person must approve the plan from an account of their own."
    if gate not in (None, "plan"):
        return f"Nothing is waiting at the gate {as_code(gate, 60)}."
    rejections = kickoff.get("rejections")
    if status == "Proposed" and rejections and kickoff.get("plan") is not None:
        return f"@{rejections[-1]['actor']} sent this plan back. Edit the issue and say `/plan`."
    if status != "AwaitingApproval":
        return f"There is nothing to approve: this sprint is {status}."
    if named and not current.startswith(named):
        shown_name = as_code(named, 64)
        words = f"The current plan is `{current}`, not {shown_name}. Check the board, then say `/approve`."
        return with_changes(words, changes_since(kickoff, named))
    if not named and shown and plan_on(shown) == current and not shown_before(shown, event):
        words = (
            f"This plan was posted after you wrote. Check the board, then say `/approve` (plan `{current}`)."
        )
        return with_changes(words, (kickoff.get("changes") or [])[-1:])
    return None


def edited(kickoff: Kickoff, event: Command, issue: Issue | None) -> str | None:
    """Who names the hash means the plan, whatever has become of the text."""
    planned, now = kickoff.get("text_hash"), issue.get("body_hash") if issue else None
    if issue is None or named_in(event) or not planned or not now:
        return None
    if planned == now and kickoff.get("title") == issue.get("title"):
        return None
    return (
        "The text of this issue has changed since this plan was made. Say `/plan` to plan it again, or "
        f"`/approve {kickoff.get('plan_hash')}` to start the plan as the board shows it."
    )


def changes_since(kickoff: Kickoff, named: str) -> list[PlanChange]:
    """What became of the plan with this hash; nothing where it is none of this sprint's."""
    changes = kickoff.get("changes") or []
    begins = [n for n, one in enumerate(changes) if (one["hash_before"] or "").startswith(named)]
    return changes[begins[-1] :] if begins else []


def with_changes(words: str, changes: list[PlanChange]) -> str:
    lines = [line for one in changes for line in one["differences"]]
    if not lines:
        return words
    rows = [f"{line[:1]} {as_title(line[2:])}" for line in lines[:MOST_LINES]]
    rows += [f"… and {len(lines) - MOST_LINES} more"] if len(lines) > MOST_LINES else []
    return "\n".join([words, "", "What has changed since:", "", "```diff", *rows, "```"])


def plan_on(shown: Shown | None) -> str | None:
    return shown.get("plan_hash") if shown else None


def read_words(words: list[str]) -> tuple[str | None, str | None]:
    """A first word that is no gate is the hash."""
    if words and HEX.fullmatch(words[0].lower()):
        return None, words[0].lower()
    return (words[0] if words else None), (words[1].lower() if len(words) > 1 else None)


def named_in(event: Command) -> str | None:
    return read_words(event["args"]["positional"])[1]


def shown_before(shown: Shown, event: Command) -> bool:
    """By the forge's own clock; within one second, and where it is not known, by when we heard of it."""
    arrived, written = event.get("at") or "", shown.get("plan_written_at")
    wrote = event.get("created_at") or arrived
    if written and written != wrote:
        return bool(written < wrote)
    return bool((shown.get("plan_at") or "") <= arrived)


def wait(state: State, event: Command) -> Output:
    """Until it is known whether, and when, the plan was shown; what its author may do is asked anew then."""
    held: Command = {**event, "for_board": f"issue:{event['where']['number']}"}
    held.pop("allowed", None)
    held.pop("permission", None)
    held.pop("denial", None)
    waiting = {**state.get("waiting", {}), event["key"]: held}
    return {"state": {**state, "waiting": waiting}, "actions": [], "events": []}


def answer(event: Command, words: str, good: bool = True) -> Answer:
    return {"type": "answer", "key": event["key"], "where": event["where"], "words": words, "good": good}


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
