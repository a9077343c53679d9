"""Play a change of the running sprint that `/simulate` names: merge, drop or add a task, or more agents."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from stages.world import Command, State, Supposed, Task

NAME = "play_change"


class Input(TypedDict):
    state: State
    events: list[Command]


class Output(TypedDict):
    supposed: Supposed


ADDED = "added"
MOST_AGENTS = 64
USAGE = "Say what to play: `merge t1`, `drop t1`, `add` (or `add after t1,t2`), `agents 4`; or nothing."


def execute(input: Input) -> Output:
    said = " ".join(input["events"][0]["args"]["positional"]).split()
    now: Supposed = {"words": "", "fault": None, "tasks_after": input["state"]["tasks"], "parallel": None}
    match said:
        case []:
            return {"supposed": now}
        case ["merge" | "drop" as what, name]:
            return {"supposed": without(now, what, name)}
        case ["add"]:
            return {"supposed": with_task(now, [])}
        case ["add", "after", *names]:
            return {"supposed": with_task(now, ",".join(names).split(","))}
        case ["agents", count] if count.isdecimal() and 0 < int(count[:9]) <= MOST_AGENTS:
            return {"supposed": {**now, "words": f"with {count} agents", "parallel": int(count)}}
        case _:
            return {"supposed": {**now, "fault": USAGE}}


def without(now: Supposed, what: str, named: str) -> Supposed:
    """A task that is merged or dropped keeps nobody waiting."""
    name = found(now["tasks_after"], named)
    if name is None:
        return {**now, "fault": no_task(named)}
    gone: Task = {**now["tasks_after"][name], "status": "Done" if what == "merge" else "Skipped"}
    done = "merged" if what == "merge" else "dropped"
    return {**now, "words": f"with `{name}` {done}", "tasks_after": {**now["tasks_after"], name: gone}}


def with_task(now: Supposed, after: list[str]) -> Supposed:
    """A further task, which waits for those named."""
    names = [(one, found(now["tasks_after"], one)) for one in after if one]
    if missing := [one for one, name in names if name is None]:
        return {**now, "fault": no_task(missing[0])}
    before = [name for _, name in names if name]
    added: Task = {"id": ADDED, "title": "A further task", "status": "Pending", "depends_on": before,
                   "position": len(now["tasks_after"]) + 1}  # fmt: skip
    behind = f" after {', '.join(f'`{name}`' for name in before)}" if before else ""
    return {
        **now,
        "words": f"with a further task{behind}",
        "tasks_after": {**now["tasks_after"], ADDED: added},
    }


def found(tasks: dict[str, Task], named: str) -> str | None:
    """By its id in any case, or by the number of its issue or pull request."""
    if named.lower() in tasks:
        return named.lower()
    number = named.removeprefix("#")
    numbers = {
        task.get(field): name for name, task in tasks.items() for field in ("issue_number", "pr_number")
    }
    return numbers.get(int(number)) if number.isdecimal() and len(number) < 10 else None


def no_task(named: str) -> str:
    return f"This sprint has no task {as_code(named, 60)}."


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
