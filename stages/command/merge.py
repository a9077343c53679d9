"""`/merge`: merge this very head of a task's pull request once it is approved and green."""

from __future__ import annotations

import datetime
import re
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from stages.world import Action, Answer, Command, Event, Policy, State, Task, TaskMerge

NAME = "command_merge"


class Told(TypedDict):
    waits: dict[str, dict[str, list[str]]]  # kickoff number → task id → reasons


class Input(TypedDict):
    state: State
    events: list[Command]
    policy: Policy
    told: Told


class Output(TypedDict):
    state: State
    actions: list[Action]
    events: list[Event]


ENDED = ("Done", "Skipped", "Cancelled")
ELSEWHERE = "Say `/merge` on the pull request of a task of the running sprint."
OWN = "This is my own account; a person must say `/merge` from an account of their own."
TURN = "approved, waiting for its turn"
NOT_NEEDED = "No `/merge` is needed here: `merge.mode` is not `manual`. "
NOT_SAID = "approved; waits for `/merge` by someone with maintain permission"


def execute(input: Input) -> Output:
    event, state, policy = input["events"][0], input["state"], input["policy"]
    number = event["where"]["number"]
    found = (name for name, task in state["tasks"].items() if task.get("pr_number") == number)
    task_id = next(found, None)
    if task_id is None or state.get("running") is None:
        return no(state, event, elsewhere(state, number))
    task, waits = state["tasks"][task_id], input["told"]["waits"][str(state["running"])][task_id]
    if event.get("actor_id") == policy["me"]["id"]:
        return no(state, event, OWN)
    head = task.get("head_sha") or ""
    if words := not_in_review(task, waits) or not_this_head(task, event, head):
        return no(state, event, words)
    key = f"task_merge:{task_id}:{event['key']}"
    asked: TaskMerge = {"type": "task_merge", "key": key, "task_id": task_id, "actor": event["actor"],
                        "head_sha": head}  # fmt: skip
    words = what_follows(task, policy.get("merge") == "manual", waits)
    reply = answer(event, words or "Merging it.", aloud=bool(words))
    return {"state": state, "actions": [reply], "events": [asked]}


def elsewhere(state: State, number: int) -> str:
    """Where it belongs: for a task's issue, on its pull request."""
    task = next((one for one in state["tasks"].values() if one.get("issue_number") == number), None)
    if task is None or state.get("running") is None:
        return ELSEWHERE
    if task.get("pr_number"):
        return f"Say `/merge` on this task's pull request, #{task['pr_number']}."
    return "This task has no pull request yet; say `/merge` there once it has."


def not_in_review(task: Task, waits: list[str]) -> str:
    if task["status"] in ENDED:
        return f"This task is already {task['status']}."
    if task["status"] != "InReview":
        return f"This is not in review, so I do not merge it: {'; '.join(waits)}."
    return ""


def not_this_head(task: Task, event: Command, head: str) -> str:
    """Why it was not said of the head that I know; empty where it was."""
    named = "".join(event["args"]["positional"]).lower()
    if not head:
        return "I do not know the head of this pull request yet. Say `/merge` again in a minute."
    if named and not head.startswith(named):
        return f"The head is {short(head)}, not {as_code(named, 64)}. Look at it, then say `/merge`."
    if not named and not known_before(task, event):
        return f"The head {short(head)} came after you wrote. Look at it, then say `/merge`."
    return ""


def short(head: str) -> str:
    return as_code(head[:10])


def known_before(task: Task, event: Command) -> bool:
    """By the forge's clock, which tells seconds; within one, by when the comment arrived."""
    known = task.get("head_at")
    arrived = event.get("at") or event.get("created_at")
    if not known or not arrived:
        return True
    since, came = moment_of(known), moment_of(arrived)
    wrote = moment_of(event.get("created_at") or arrived)
    return since.replace(microsecond=0) <= wrote and since <= max(came, wrote)


def what_follows(task: Task, by_hand: bool, waits: list[str]) -> str:
    """What is still waited for, as `/why` says it; empty where it is merged now."""
    tried = [one for one in waits if task.get("wait") and one == as_text(task["wait"])]
    left = [one for one in waits if one not in (TURN, NOT_SAID, "being merged", *tried)]
    alone, noted = "" if by_hand else NOT_NEEDED, f"Noted for the head {short(str(task['head_sha']))}. "
    if left:
        return f"{alone or noted}It is not merged yet: {'; '.join(left)}."
    if tried:
        return f"I try again. Last time: {tried[0]}."
    return f"{alone}It is merged when its turn comes." if alone else ""


def moment_of(text: str) -> datetime.datetime:
    """A time as text, taken for UTC where it names no zone."""
    moment = datetime.datetime.fromisoformat(text)
    return moment if moment.tzinfo else datetime.datetime.fromisoformat(text + "+00:00")


def answer(event: Command, words: str, aloud: bool) -> Answer:
    return {"type": "answer", "key": event["key"], "where": event["where"], "words": words, "good": True,
            "aloud": aloud}  # fmt: skip


def no(state: State, event: Command, words: str) -> Output:
    refusal: Answer = {
        "type": "answer", "key": event["key"], "where": event["where"], "words": words, "good": False,
    }  # fmt: skip
    return {"state": state, "actions": [refusal], "events": []}


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
