"""Decide whether an approval of a pull request counts, and say why if none does.

An approval counts if a person with write permission gave it to this head, or to an older one that differs
from it only by the base merged in; if it is not their own pull request; and if they neither pushed to the
branch nor wrote a commit that the shell did not push. Where the forge does not tell who pushed, and where
protected paths or links out of the tree change, it takes someone with maintain permission.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NotRequired, TypedDict

if TYPE_CHECKING:
    from stages.world import MergeFacts, ReviewSeen

NAME = "weigh_approval"


class Input(TypedDict):
    facts: MergeFacts


class Output(TypedDict):
    allowed: bool
    message: NotRequired[str | None]
    wait: NotRequired[str | None]


LEVELS = ("none", "read", "triage", "write", "maintain", "admin", "owner")
SHOWN = 5
MISTAKE = (
    "I do not merge this: its `.caloron.yml` has a mistake on line {}. "
    "Please correct it, and approve the new head."
)


def execute(input: Input) -> Output:
    facts = input["facts"]
    verdicts = last_verdicts(facts)
    approvals = [review for review in verdicts if review["verdict"] == "approved"]
    objections = [review for review in verdicts if review["verdict"] == "changes_requested"]
    if not approvals or any(permits(facts, review, "write") for review in objections):
        return {"allowed": False, "message": None, "wait": None}  # judged anew: look at it again
    if facts["closing"]:
        return {"allowed": False, "message": words_that_close(facts), "wait": "other commit messages"}
    if line := facts.get("mistake_on_line"):
        return {"allowed": False, "message": MISTAKE.format(line), "wait": "a correct `.caloron.yml`"}
    wanted, why = need(facts)
    denials = [denial for review in approvals if (denial := denied(facts, review, wanted))]
    if len(denials) < len(approvals):
        return {"allowed": True}
    return {"allowed": False, "message": message(facts, denials, why), "wait": wait(facts, wanted, why)}


def words_that_close(facts: MergeFacts) -> str:
    """A forge would close these by the rights of the bot, which merges them."""
    which = f"messages of its commits would close issues elsewhere ({listed(facts['closing'])})"
    return f"I do not merge this: {which}. Please reword them, and approve the new head."


def last_verdicts(facts: MergeFacts) -> list[ReviewSeen]:
    """What each person said last, where that was said of a head that counts."""
    last: dict[object, ReviewSeen] = {}
    for review in sorted(facts["reviews"], key=lambda one: one["id"]):
        if review["verdict"] != "commented":
            last[review["author_id"]] = review
    return [review for review in last.values() if review["commit_sha"] in facts["counting"]]


def need(facts: MergeFacts) -> tuple[str, str]:
    """The least permission that counts here, and why if that is more than write."""
    if facts["guarded"]:
        return "maintain", f"it changes protected files ({listed(facts['guarded'])})"
    if facts["links"]:
        return (
            "maintain",
            f"it changes links or submodules that lead out of the tree ({listed(facts['links'])})",
        )
    if untold := pushed_by_unknown(facts):
        return "maintain", f"the forge does not tell who pushed {listed([sha[:10] for sha in untold])}"
    return "write", ""


def pushed_by_unknown(facts: MergeFacts) -> list[str]:
    pushes = [push for push in facts["pushes"] or [] if push["actor_id"] is not None]
    pushed = {sha for push in pushes for sha in push["commits"]}
    return [
        commit["sha"]
        for commit in facts["commits"]
        if not commit["own"] and not commit["update"] and commit["sha"] not in pushed
    ]


def denied(facts: MergeFacts, review: ReviewSeen, wanted: str) -> str | None:
    """Why this person's approval does not count; None if it does."""
    person, who = review["author_id"], as_code(review["author"])
    if person in facts["ours"]:
        return f"{who} is an account of mine"
    if person is None or person <= 0 or review["machine"]:
        return f"{who} is no person's account"
    if person == facts["author_id"]:
        return f"{who} opened this pull request"
    if person in pushers(facts):
        return f"{who} pushed to its branch"
    if person in writers(facts):
        return f"{who} is the author or committer of a commit in it"
    if not permits(facts, review, "write"):
        return f"{who} has no write permission here"
    if not permits(facts, review, wanted):
        return f"{who} has no {right(facts, wanted)} permission here"
    return None


def pushers(facts: MergeFacts) -> set[int | None]:
    """Whoever pushed more to the branch than the base merged in."""
    updates = {commit["sha"] for commit in facts["commits"] if commit["update"]}
    return {
        push["actor_id"]
        for push in facts["pushes"] or []
        if not push["commits"] or not updates.issuperset(push["commits"])
    }


def writers(facts: MergeFacts) -> set[int]:
    foreign = [commit for commit in facts["commits"] if not commit["own"] and not commit["update"]]
    return {person for commit in foreign for person in commit["people"]}


def permits(facts: MergeFacts, review: ReviewSeen, wanted: str) -> bool:
    """Whether this very account may do that now, as the forge says."""
    known = facts["permissions"].get(review["author"])
    if known is None or known["user_id"] is None or known["user_id"] != review["author_id"]:
        return False
    return LEVELS.index(known["permission"]) >= LEVELS.index(right(facts, wanted))


def right(facts: MergeFacts, wanted: str) -> str:
    """Gitea has no maintainers between writers and administrators."""
    return "admin" if wanted == "maintain" and facts["forge"] != "github" else wanted


def message(facts: MergeFacts, denials: list[str], why: str) -> str:
    one = len(denials) == 1
    which = "Thank you, but I cannot merge on this approval" if one else "I cannot merge on these approvals"
    if why:
        way = (
            f"Because {why}, it takes an approval by someone else with {right(facts, 'maintain')} permission."
        )
    else:
        way = "I merge it when someone else with write permission approves it, who did not push to it."
    return f"{which}: {'; '.join(denials)}. {way}"


def wait(facts: MergeFacts, wanted: str, why: str) -> str:
    because = f", because {why}" if why else ""
    return f"an approval by someone else with {right(facts, wanted)} permission{because}"


def listed(names: list[str]) -> str:
    shown = ", ".join(as_code(name) for name in names[:SHOWN])
    return f"{shown} and {len(names) - SHOWN} more" if len(names) > SHOWN else shown


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
