"""`/review`: ask the reviewers of a task's pull request again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from stages.world import Action, Answer, AskReview, Command, Policy, State, Task

NAME = "command_review"


class Input(TypedDict):
    state: State
    events: list[Command]
    policy: Policy


class Output(TypedDict):
    state: State
    actions: list[Action]


ENDED = ("Done", "Skipped", "Cancelled")
ELSEWHERE = "Say `/review` on the pull request of a task of the running sprint."
NO_PULL = "This task has no pull request yet, so there is nothing to review."
NOBODY = (
    "I know nobody to ask: nobody has reviewed this, and no reviewers are named. Name them under "
    "`review.reviewers` in `.caloron.yml`, or ask someone on the pull request itself."
)


def execute(input: Input) -> Output:
    event, state = input["events"][0], input["state"]
    task = task_on(state, event["where"]["number"])
    if task is None or state.get("running") is None:
        return no(state, event, ELSEWHERE)
    if task["status"] in ENDED:
        return no(state, event, f"This task is already {task['status']}.")
    number = task.get("pr_number")
    if number is None:
        return no(state, event, NO_PULL)
    whom = reviewers(state, input["policy"], task)
    if not whom:
        return no(state, event, NOBODY)
    sprint = state["kickoffs"][str(state["running"])]["id"]
    ask: AskReview = {"type": "ask_review", "key": f"{sprint}/{task['id']}/ask_review/{event['key']}",
                      "sprint_id": sprint, "task_id": task["id"], "pr_number": number,
                      "reviewers": whom}  # fmt: skip
    words = f"I ask for a review again: {', '.join(as_code(name) for name in whom)}."
    return {"state": state, "actions": [answer(event, words, good=True), ask]}


def task_on(state: State, number: int) -> Task | None:
    """The task whose pull request or issue the thread is."""
    tasks = state["tasks"].values()
    return next((one for one in tasks if number in (one.get("pr_number"), one.get("issue_number"))), None)


def reviewers(state: State, policy: Policy, task: Task) -> list[str]:
    """Those whom the repository names; else who judged this before, and who was asked to; never ourselves."""
    pull = state["pulls"].get(str(task.get("pr_number")))
    known = [*sorted(task.get("reviews") or {}), *((pull.get("requested") or []) if pull else [])]
    me = policy["me"]["login"].casefold()
    named = [name for name in policy.get("reviewers") or [] if name.casefold() != me]
    return named or [name for name in dict.fromkeys(known) if name.casefold() != me]


def answer(event: Command, words: str, good: bool) -> Answer:
    return {"type": "answer", "key": event["key"], "where": event["where"], "words": words, "good": good,
            "aloud": True}  # fmt: skip


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
