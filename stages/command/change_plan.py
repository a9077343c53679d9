"""Change a plan by a command, a label or an edit on the board, where that is sound, and say how."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from stages.world import (
        Action, Answer, Brief, Briefs, Command, CreateIssue, Dag, Event, Kickoff, LabelActedOn, PlanChange,
        PlanChanged, Policy, SprintApproved, State, Task, TaskDropped,
    )  # fmt: skip

NAME = "command_change_plan"


class Draft(TypedDict):
    dag: Dag
    errors: list[str]


class Compared(TypedDict):
    differences: list[str]


class Check(TypedDict):
    valid: bool
    errors: list[str]


class Written(TypedDict):
    sprints: dict[str, Brief]  # kickoff number → the sprint's brief
    tasks: dict[str, Briefs]  # kickoff number → task id → the task's brief


class Input(TypedDict):
    state: State
    events: list[Command]
    now: str
    policy: Policy
    plan: Draft
    check: Check
    compared: Compared
    briefs: Written


class Output(TypedDict):
    state: State
    actions: list[Action]
    events: list[Event]


UNDER_WAY = ("Running", "Paused")
ENDED = ("Done", "Skipped", "Cancelled")
MOST_CHANGES, MOST_ERRORS, LONGEST_ERROR = 20, 20, 300
MOST_TOLD = 20_000
HOTFIX = "caloron:hotfix"
CHECKED = "It is merged as soon as it is approved and a check, or `verify`, has passed on it."


def execute(input: Input) -> Output:
    event, state, draft = input["events"][0], input["state"], input["plan"]
    label = event["where"].get("label")
    if label and means_nothing(state, event, input["policy"]):
        return {"state": state, "actions": [], "events": []}
    if draft["errors"]:
        return no(state, event, draft["errors"][0])
    is_fix, dag = event["name"] == "hotfix", draft["dag"]
    if "text" not in event and (not dag["tasks"] if is_fix else label):
        return read_first(state, event)
    if is_fix and "sprint_id" not in dag:
        return open_issue(state, event, draft)
    if not input["check"]["valid"]:
        return no(state, event, listed(input["check"]["errors"]))
    if is_fix and all(one["id"] != dag["sprint_id"] for one in state["kickoffs"].values()):
        return begin(input)
    of_running = label or is_fix or event["name"] == "break-down"
    number = str(state["running"] if of_running else event["where"]["number"])
    kickoff = state["kickoffs"][number]
    kickoff = {**kickoff, "changes": noted(event, kickoff, input["compared"]["differences"])}
    if kickoff["status"] in UNDER_WAY:
        return change_running(state, event, kickoff, draft)
    texts = briefs_of(input["briefs"], number)
    if (signs := sum(map(len, texts))) > MOST_TOLD:
        room = f"the agents would be told {signs} characters, but the board has room for {MOST_TOLD}"
        return no(state, event, f"I kept the plan as it is: {room}. Say it in fewer words.")
    return change_waiting(state, event, kickoff, draft, texts)


def means_nothing(state: State, event: Command, policy: Policy) -> bool:
    """We set it ourselves, or the issue is a task already."""
    issues = [task.get("issue_number") for task in state["tasks"].values()]
    is_task = event["name"] == "add-task" and event["where"]["number"] in issues
    return event.get("actor_id") == policy["me"]["id"] or is_task


def read_first(state: State, event: Command) -> Output:
    """The issue's title and text are what its agent will be told."""
    number = event["where"]["number"]
    look: Action = {"type": "look", "what": "issue", "number": number, "key": f"look:issue:{number}"}
    waiting = state.get("adopting") or {}
    words = "Another command for this issue came right after it; that one counts."
    beaten = [answer(waiting[str(number)], words, good=False)] if str(number) in waiting else []
    state = {**state, "adopting": {**waiting, str(number): event}}
    return {"state": state, "actions": [*beaten, look], "events": []}


# hotfixes where no sprint runs


def open_issue(state: State, event: Command, draft: Draft) -> Output:
    """A hotfix that was asked for on a thread that is no issue, or another's, gets one of its own."""
    [task] = draft["dag"]["tasks"].values()
    key, number = f"hotfix:{event['key']}", event["where"]["number"]
    asked = f"@{event['actor']} asked for this with `/hotfix` on #{number}."
    text = as_text(task.get("description") or "")
    create: CreateIssue = {"type": "create_issue", "key": key, "title": as_title(task["title"]),
                           "body": f"{text}\n\n{asked}".strip(), "labels": [HOTFIX],
                           "mark": {"kind": "hotfix"}}  # fmt: skip
    state = {**state, "adopting": {**(state.get("adopting") or {}), key: event}}
    return {"state": state, "actions": [create], "events": []}


def begin(input: Input) -> Output:
    """A sprint of this task alone, which nobody need approve: whoever asked for it may approve a plan."""
    event, state, dag = input["events"][0], input["state"], input["plan"]["dag"]
    number = event.get("opened") or event["where"]["number"]
    texts = briefs_of(input["briefs"], str(number))
    if (signs := sum(map(len, texts))) > MOST_TOLD:
        room = f"its agent would be told {signs} characters, but the board has room for {MOST_TOLD}"
        return no(state, event, f"I did not begin: {room}. Say it in fewer words.")
    asked: Kickoff = {
        "id": str(dag["sprint_id"]), "number": number, "status": "Approved", "asked_at": input["now"],
        "asked_by": event["actor"], "asked_by_id": event.get("actor_id"), "options": {},
    }  # fmt: skip
    planned: Kickoff = {
        **asked, "title": dag["goal"], "goal": dag["goal"], "brief": {}, "errors": [], "plan": dag["tasks"],
        "plan_hash": hash_of(dag["tasks"], asked, texts), "planned_at": input["now"], "first": True,
        "approved_by": event["actor"], "approved_at": input["now"],
    }  # fmt: skip
    go: SprintApproved = {
        "type": "sprint_approved", "key": f"sprint_approved:{event['key']}", "number": number,
    }  # fmt: skip
    actions: list[Action] = [*look_at_config(state), answer(event, begins(state, event))]
    return {"state": with_kickoff(state, planned), "actions": actions, "events": [go]}


def begins(state: State, event: Command) -> str:
    opened, running = event.get("opened"), state.get("running")
    where = f"I opened #{opened} for it, a sprint" if opened else "This issue is now a sprint"
    when = f"; it begins when #{running} has ended" if running is not None else ""
    return f"{where} of this one task{when}. {CHECKED}"


def look_at_config(state: State) -> list[Action]:
    """The repository's own settings, where its branch has another commit than the one they were read at."""
    repo, config = state.get("repo"), state.get("config")
    branch = repo.get("default_branch") if repo else None
    if not branch:
        return []
    known = config["commit"] if config else None
    return [{"type": "look", "what": "config", "branch": branch, "known": known, "key": "look:config"}]


# plans that wait, and sprints that run


def change_waiting(state: State, event: Command, kickoff: Kickoff, draft: Draft, texts: list[str]) -> Output:
    """A plan that nobody begins with yet: whoever approved it, or approves it now, approved another one."""
    tasks = draft["dag"]["tasks"]
    changed: Kickoff = {
        **kickoff,
        "plan": tasks,
        "plan_hash": hash_of(tasks, kickoff, texts),
        "status": "AwaitingApproval",
    }
    then = "The plan waits for `/approve` as the board shows it now."
    if kickoff["status"] == "Approved":
        by = kickoff.get("approved_by")
        then = f"What @{by} approved was the plan before, so it waits for `/approve` again."
    reply = answer(event, f"{as_diff(kickoff)}\n\n{then}")
    return {"state": with_kickoff(state, changed), "actions": [reply], "events": []}


def change_running(state: State, event: Command, kickoff: Kickoff, draft: Draft) -> Output:
    """At once; whatever runs goes on, but for what is dropped."""
    before, after = state["tasks"], draft["dag"]["tasks"]
    gone = [name for name, task in before.items() if is_dropped(task, after[name])]
    tasks = {**after, **{name: before[name] for name in gone}}
    reply = answer(event, f"{as_diff(kickoff)}\n\n{what_follows(tasks, kickoff, gone, event)}")
    events: list[Event] = [plan_changed(event, kickoff), *(dropped(event, name) for name in gone)]
    return {"state": {**with_kickoff(state, kickoff), "tasks": tasks}, "actions": [reply], "events": events}


def is_dropped(before: Task, after: Task) -> bool:
    """Its agent and its issue end with it, which is for those who evaluate the tasks."""
    return after["status"] == "Cancelled" and before["status"] != "Cancelled"


def what_follows(tasks: dict[str, Task], kickoff: Kickoff, gone: list[str], event: Command) -> str:
    if event["name"] == "edit-plan":
        return edit_follows(tasks, kickoff, gone)
    if not gone:
        if event["name"] == "hotfix":
            return hotfix_follows(kickoff, event)
        later = " after `/resume`: this sprint is paused" if kickoff["status"] == "Paused" else ""
        if event["where"].get("label"):
            told = "an agent is told its title and its text as they are now"
            return f"This issue is a task of sprint #{kickoff['number']}; {told}, when one is free{later}."
        return f"It gets an issue when it can begin, and an agent when one is free{later}."
    words = []
    if any(tasks[name].get("agent") in ("queued", "running") for name in gone):
        words.append("I am stopping its agent.")
    if event["name"] == "break-down":
        words.append("Each part gets an issue when it can begin, and an agent when one is free.")
    elif all(name in gone or task["status"] in ENDED for name, task in tasks.items()):
        words.append("It was the last open task, so the sprint ends.")
    return " ".join(words) or "No agent begins with it."


def edit_follows(tasks: dict[str, Task], kickoff: Kickoff, gone: list[str]) -> str:
    words = []
    if any(tasks[name].get("agent") in ("queued", "running") for name in gone):
        words.append("I am stopping the agents of what was removed.")
    if all(name in gone or task["status"] in ENDED for name, task in tasks.items()):
        return " ".join([*words, "No open task is left, so the sprint ends."])
    words.append("All else that has begun goes on." if gone else "What has begun goes on.")
    if any(line.startswith("+") for line in kickoff["changes"][-1]["differences"]):
        later = " after `/resume`: this sprint is paused" if kickoff["status"] == "Paused" else ""
        words.append(f"What is new gets an issue when it can begin, and an agent when one is free{later}.")
    return " ".join(words)


def hotfix_follows(kickoff: Kickoff, event: Command) -> str:
    opened, when = event.get("opened"), "It begins at once, before all other tasks."
    if kickoff["status"] == "Paused":
        when = "It begins after `/resume`: this sprint is paused."
    where = [f"I opened #{opened} for it."] if opened else []
    return " ".join([*where, when, CHECKED])


def dropped(event: Command, name: str) -> TaskDropped:
    key = f"task_dropped:{name}:{event['key']}"
    return {"type": "task_dropped", "key": key, "task_id": name, "actor": event["actor"]}


def plan_changed(event: Command, kickoff: Kickoff) -> PlanChanged:
    return {"type": "plan_changed", "key": f"plan_changed:{event['key']}", "number": kickoff["number"]}


def noted(event: Command, kickoff: Kickoff, differences: list[str]) -> list[PlanChange]:
    change: PlanChange = {
        "changed_by": event["actor"],
        "hash_before": kickoff.get("plan_hash"),
        "differences": differences,
    }
    return [*(kickoff.get("changes") or []), change][-MOST_CHANGES:]


def with_kickoff(state: State, kickoff: Kickoff) -> State:
    return {**state, "kickoffs": {**state["kickoffs"], str(kickoff["number"]): kickoff}}


def briefs_of(written: Written, number: str) -> list[str]:
    """The sprint's brief, then each task's, as agents get them."""
    sprint, tasks = written["sprints"][number], written["tasks"][number]
    return [sprint["text"], *(brief["text"] for brief in tasks.values())]


def hash_of(tasks: dict[str, Task], kickoff: Kickoff, texts: list[str]) -> str:
    """As of a plan that is proposed: all that agents are told, what waits for what, what is left out."""
    edges = {name: task.get("depends_on") or [] for name, task in tasks.items()}
    unused = (kickoff.get("brief") or {}).get("unused") or []
    text = json.dumps([texts, edges, unused], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def listed(errors: list[str]) -> str:
    rows = [f"- {as_text(error, LONGEST_ERROR)}" for error in errors[:MOST_ERRORS]]
    more = [f"- … and {len(errors) - MOST_ERRORS} more"] if len(errors) > MOST_ERRORS else []
    return "\n".join(["I kept the plan as it is, because the change would make it wrong:", "", *rows, *more])


def as_diff(kickoff: Kickoff) -> str:
    """The last change, each line behind its sign."""
    lines = kickoff["changes"][-1]["differences"]
    return "\n".join(["```diff", *(f"{line[:1]} {as_title(line[2:])}" for line in lines), "```"])


def answer(event: Command, words: str, good: bool = True) -> Answer:
    return {"type": "answer", "key": event["key"], "where": event["where"], "words": words, "good": good,
            "aloud": True}  # fmt: skip


def no(state: State, event: Command, words: str) -> Output:
    """A label that makes no task of its issue must not look as if it did."""
    label = event["where"].get("label")
    stays = label and label != HOTFIX  # that one is taken off in any case
    events: list[Event] = [without_label(event, label)] if label and stays else []
    return {"state": state, "actions": [answer(event, words, good=False)], "events": events}


def without_label(event: Command, label: str) -> LabelActedOn:
    return {"type": "label_acted_on", "key": f"off:{event['key']}", "allowed": True,
            "issue_number": event["where"]["number"], "label": label}  # fmt: skip


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
