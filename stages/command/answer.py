"""Answer what needs only words: `/ping`, `/help`, a mistake, a missing permission, what does not act yet."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from stages.world import Action, Answer, Command, HelpRow, Mistakes, Policy, Right, State

NAME = "command_answer"


class Input(TypedDict):
    state: State
    events: list[Command | Mistakes]
    policy: Policy


class Output(TypedDict):
    state: State
    actions: list[Action]


MOST_LINES = 20
LEVELS = ("none", "read", "triage", "write", "maintain", "admin", "owner")
ACCESS = {"write": "write access", "maintain": "maintain access (on Gitea: admin access)",
          "admin": "admin access"}  # fmt: skip


def execute(input: Input) -> Output:
    event = input["events"][0]
    words = words_for(event)
    good = (
        event["type"] == "command" and event["name"] in ("ping", "help") and event.get("allowed") is not False
    )
    answer: Answer = {"type": "answer", "key": event["key"], "where": event["where"], "words": words,
                      "good": good, "aloud": True}  # fmt: skip
    return {"state": input["state"], "actions": [answer]}


def words_for(event: Command | Mistakes) -> str:
    if event["type"] == "mistakes":
        return listed([f"- {quoted(line['line'])}{line['help']}" for line in event["mistakes"]])
    if event.get("allowed") is False:
        return denial(event)
    if event["name"] == "ping":
        return "I am here. `/help` lists the commands."
    if event["name"] == "help" and (rows := event.get("help_rows")):
        return help_list(rows, event.get("permission"), len(event["args"]["positional"]) > 0)
    if event["name"] == "help" or event.get("inactive"):
        return str(event["help"])
    return f"`/{event['name']}` is not available yet; `/help` lists the commands you can use."


def help_list(rows: list[HelpRow], permission: Right | None, whole: bool) -> str:
    """What the asker may say, where that is known."""
    level = LEVELS.index(permission) if permission in LEVELS else len(LEVELS)
    may = [one for one in rows if LEVELS.index(one["minimum"]) <= level]
    table = [f"| `{one['usage'].replace('|', chr(92) + '|')}` | {one['summary']} |" for one in may]
    more = "" if whole else " `/help all` lists the rest."
    hidden = " What needs more rights is not listed." if len(may) < len(rows) else ""
    explained = f"`/help plan` explains one.{more}{hidden}"
    return "\n".join(["| command | what it does |", "|---|---|", *table, "", explained])


def quoted(line: str) -> str:
    """The line that is wrong, before what is wrong with it; a mistake of the whole text has none."""
    return f"{as_code(line, 120)} — " if line else ""


def listed(lines: list[str]) -> str:
    more = len(lines) - MOST_LINES
    return "\n".join([*lines[:MOST_LINES], *([f"- … and {more} more"] if more > 0 else [])])


def denial(event: Command) -> str:
    who, what = event.get("actor"), f"`/{event['name']}`"
    what = "a change of the plan" if event["name"] == "edit-plan" else what
    if event.get("denial"):
        return (f"@{who}, " if who else "") + f"I did not act on {what}: {event['denial']}."
    return f"@{who}, {what} needs {ACCESS.get(event['minimum'], 'more access')}; ask a maintainer."


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
