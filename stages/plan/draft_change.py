"""Work out what `/add-task` or `/drop-task` would make of a plan, for the check and for its briefs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from stages.world import Command, Dag, Kickoff, Policy, State, Task

NAME = "draft_change"


class Input(TypedDict):
    state: State
    events: list[Command]
    policy: Policy


class Output(TypedDict):
    dag: Dag  # the plan as it would be
    errors: list[str]  # why there is no such plan


NO_PLAN = "There is no plan here. Say `/plan` on the issue that states the goal."
UNDER_WAY = ("Running", "Paused")
CHANGEABLE = ("Proposed", "AwaitingApproval", "Approved", *UNDER_WAY)
ENDED = ("Done", "Skipped", "Cancelled")
LONGEST_TITLE = 140
MOST_NAMED = 20
NOT_NOW = {
    "Planning": "I am planning this sprint. Say it again when the board shows the plan.",
    "Review": "Every task of this sprint has ended. Open a new issue for what is still to do.",
}


def execute(input: Input) -> Output:
    event, state = input["events"][0], input["state"]
    number = str(event["where"]["number"])
    kickoff = state["kickoffs"].get(number)
    if kickoff is None:
        return refused(elsewhere(state, event))
    if words := objection(kickoff, event, input["policy"]):
        return refused(words)
    running = kickoff["status"] in UNDER_WAY
    tasks = state["tasks"] if running else kickoff.get("plan") or {}
    changed = add(tasks, kickoff, event) if event["name"] == "add-task" else drop(tasks, kickoff, event)
    if isinstance(changed, str):
        return refused(changed)
    dag: Dag = {"sprint_id": kickoff["id"], "goal": kickoff.get("goal") or "", "tasks": changed}
    return {"dag": dag, "errors": []}


def refused(words: str) -> Output:
    return {"dag": {"goal": "", "tasks": {}}, "errors": [words]}


def elsewhere(state: State, event: Command) -> str:
    """On another thread than a kickoff."""
    running, number = state.get("running"), event["where"]["number"]
    threads = [task.get(name) for task in state["tasks"].values() for name in ("issue_number", "pr_number")]
    if running is not None and number in threads:
        return f"Say `/{event['name']}` on the kickoff, #{running}."
    return NO_PLAN


def objection(kickoff: Kickoff, event: Command, policy: Policy) -> str | None:
    """Why the plan may not be changed by this; None if it may."""
    status = kickoff["status"]
    if event.get("actor_id") == policy["me"]["id"]:
        return "This is my own account; a person must change the plan from an account of their own."
    if status not in CHANGEABLE:
        over = f"This sprint is {status}. Open a new issue for what is still to do."
        return NOT_NOW.get(status, over)
    if status not in UNDER_WAY and not kickoff.get("plan"):
        return "There is no plan to change yet. Edit this issue, then say `/plan`."
    return None


def add(tasks: dict[str, Task], kickoff: Kickoff, event: Command) -> dict[str, Task] | str:
    """One task more, behind those that it names; or why not."""
    title, flags = " ".join(" ".join(event["args"]["positional"]).split()), event["args"]["flags"]
    words, scope = values(flags.get("after")), values(flags.get("scope"))
    after = [(word, named_task(tasks, word)) for word in words]
    if unknown := [word for word, name in after if name is None]:
        return f"The plan has no task {as_code(unknown[0], 60)}. {those_of(tasks)}"
    before = list(dict.fromkeys(name for _, name in after if name is not None))
    if never := [name for name in before if tasks[name]["status"] in ("Skipped", "Cancelled")]:
        status = tasks[never[0]]["status"]
        return f"`{never[0]}` is {status}, so nothing can come after it. Name another task."
    task = new_task(free_id(tasks, kickoff), title, before, scope, tasks)
    return {**tasks, task["id"]: task}


def new_task(name: str, title: str, before: list[str], scope: list[str], tasks: dict[str, Task]) -> Task:
    last = max((task.get("position") or 0 for task in tasks.values()), default=0)
    short = title if len(title) <= LONGEST_TITLE else title[: LONGEST_TITLE - 1].rstrip() + "…"
    task: Task = {
        "id": name,
        "title": short,
        "status": "Pending",
        "depends_on": before,
        "agent_id": name,
        "reviewer_id": "reviewer-1",
        "issue_number": None,
        "pr_number": None,
        "started_at": None,
        "completed_at": None,
        "attempt": 0,
        "round": 1,
        "intervention_count": 0,
        "scope": scope,
        "acceptance": [],
        "position": max(last, len(tasks)) + 1,
    }
    if short != title:
        task["description"] = title
    return task


def drop(tasks: dict[str, Task], kickoff: Kickoff, event: Command) -> dict[str, Task] | str:
    """One task less, or why not; of a running sprint it stays to be seen, as Cancelled."""
    word = str(event["args"]["positional"][0])
    name = named_task(tasks, word)
    if name is None:
        return f"The plan has no task {as_code(word, 60)}. {those_of(tasks)}"
    task = tasks[name]
    if task["status"] == "Done":
        return f"`{name}` is Done, so it cannot be dropped. Add a task that undoes it."
    if task["status"] in ENDED:
        return f"`{name}` is already {task['status']}."
    if behind := followers(tasks, name):
        come, them = ("comes", "it") if len(behind) == 1 else ("come", "them")
        return f"{codes(behind)} {come} after `{name}`, so I keep it. Drop {them} first."
    if kickoff["status"] in UNDER_WAY:
        return {**tasks, name: {**task, "status": "Cancelled"}}
    if len(tasks) == 1:
        return f"`{name}` is the only task of this plan. Say `/stop` to drop the whole sprint."
    return {other: one for other, one in tasks.items() if other != name}


def followers(tasks: dict[str, Task], name: str) -> list[str]:
    """The tasks that wait for this one."""
    later = [one for one, task in tasks.items() if name in (task.get("depends_on") or [])]
    return in_order(tasks, [one for one in later if tasks[one]["status"] not in ENDED])


def values(given: object) -> list[str]:
    """Of a flag that may be repeated, and may hold several values."""
    texts = given if isinstance(given, list) else []
    return list(dict.fromkeys(one.strip() for text in texts for one in str(text).split(",") if one.strip()))


def named_task(tasks: dict[str, Task], word: str) -> str | None:
    """By its id in any case, or by the number of its issue or pull request."""
    if word.lower() in tasks:
        return word.lower()
    number = word.removeprefix("#")
    if not number.isdecimal() or len(number) > 9:
        return None
    threads = {name: (task.get("issue_number"), task.get("pr_number")) for name, task in tasks.items()}
    return next((name for name, numbers in threads.items() if int(number) in numbers), None)


def free_id(tasks: dict[str, Task], kickoff: Kickoff) -> str:
    """An id that no task of this plan has, or had before it was changed."""
    had = {line.split(" ")[1] for one in kickoff.get("changes") or [] for line in one["differences"]}
    number = len(tasks) + 1
    while f"task-{number}" in tasks or f"task-{number}" in had:
        number += 1
    return f"task-{number}"


def those_of(tasks: dict[str, Task]) -> str:
    names = in_order(tasks, list(tasks))
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return f"Its tasks are {', '.join(f'`{name}`' for name in names[:MOST_NAMED])}{more}."


def codes(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names[:MOST_NAMED])


def in_order(tasks: dict[str, Task], names: list[str]) -> list[str]:
    """The plan's order: the store keeps none."""
    return sorted(names, key=lambda name: (tasks[name].get("position") or 0, name))


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
