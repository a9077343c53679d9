"""What people say to a sprint or a task, on its threads: `/why`, `/retry`, `/take-over` and the like."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NotRequired, TypedDict

if TYPE_CHECKING:
    from stages.world import (
        Action, Answer, Budget, Command, Event, Kickoff, LabelActedOn, Policy, PostLog, SprintContinued,
        SprintPaused, State, Task, TaskAssigned, TaskCancelled, TaskHeld, TaskRestart, TaskRetry, TaskSkip,
        TaskTold, TaskUnheld,
    )  # fmt: skip

NAME = "command_steer"


class Told(TypedDict):
    waits: dict[str, dict[str, list[str]]]  # kickoff number → task id → reasons
    locked: NotRequired[dict[str, str]]  # kickoff number → which other installation keeps it from starting


class Input(TypedDict):
    state: State
    events: list[Command]
    now: str
    policy: Policy
    told: Told


class Output(TypedDict):
    state: State
    actions: list[Action]
    events: list[Event]


NO_SPRINT = "There is no sprint here. Say `/plan` on the issue that states the goal."
NO_ISSUE = "Its issue could not be opened; say `/retry` or `/skip` here."
WAITING = {
    "Proposed": "The plan has errors; edit the issue and say `/plan`.",
    "Planning": "I am planning; there is nothing to do for you.",
    "AwaitingApproval": "The plan is waiting for `/approve` from someone with write access.",
    "Review": "Every task has ended; I am writing the retro.",
}
UNDER_WAY = ("Running", "Paused")
NO_SUCH = {
    "pause": "Nothing is running here, so there is nothing to pause.",
    "resume": "Nothing is paused here.",
}
LINES = 30
MICRO = 1_000_000
ENDED = ("Done", "Skipped", "Cancelled")
AT_WORK = ("queued", "running")
WITH_A_PERSON = ("Escalated", "HumanAssigned")
ON_THREADS = {"tell": " <text>", "take-over": "", "assign-human": " @user", "hand-back": "", "resolved": ""}
"""Commands that name no task, and what else they take."""
STOPPABLE = ("Proposed", "Planning", "AwaitingApproval", "Approved", "Running", "Paused")


def execute(input: Input) -> Output:
    event, state = input["events"][0], input["state"]
    match event["name"]:
        case "status":
            return status(state, event, input["now"])
        case "why":
            return why(state, event, input["told"]["waits"], input["told"].get("locked", {}))
        case "stop":
            return stop(state, event)
        case "pause" | "resume":
            return pause(state, event)
        case "hold" | "unhold":
            return hold(state, event)
        case "tell":
            return tell(state, event)
        case "log":
            return show_log(state, event)
        case "budget":
            return budget(state, event, input["policy"])
        case "restart":
            return restart(state, event)
        case "take-over" | "assign-human":
            return assign(state, event)
        case "hand-back" | "resolved":
            return hand_back(state, event)
        case _:
            return steer_task(state, event)


def status(state: State, event: Command, now: str) -> Output:
    """The board is drawn anew, whatever was shown."""
    kickoff = kickoff_of(state, event["where"]["number"])
    if kickoff is None:
        return no(state, event, NO_SPRINT)
    number = str(kickoff["number"])
    kickoff = {**kickoff, "asked_status_at": now}
    here = event["where"]["number"] == kickoff["number"]
    words = "The board is up to date." if here else f"The board is on #{number}."
    state = {**state, "kickoffs": {**state["kickoffs"], number: kickoff}}
    return {"state": state, "actions": [answer(event, words, aloud=not here)], "events": []}


def why(
    state: State, event: Command, waits: dict[str, dict[str, list[str]]], locked: dict[str, str]
) -> Output:
    """What keeps a task, or every task that has not ended, down to what is waited for in the end."""
    number, named = event["where"]["number"], event["args"]["positional"]
    kickoff = kickoff_of(state, number)
    if kickoff is None:
        return no(state, event, NO_SPRINT)
    task_id = named_task(state, named[0]) if named else task_of(state, number)
    if kickoff["status"] not in UNDER_WAY:
        words = of_sprint(state, kickoff, locked)
    elif task_id is not None:
        words = of_task(state["tasks"], waits[str(kickoff["number"])], task_id)
    elif named:
        return no(state, event, f"This sprint has no task {as_code(named[0], 60)}; `/why` lists them all.")
    else:
        words = of_tasks(state["tasks"], waits[str(kickoff["number"])])
    if kickoff["status"] == "Paused":
        by = kickoff["paused_by"]
        words = f"@{by} paused this sprint: nothing new starts until `/resume`.\n\n{words}"
    return {"state": state, "actions": [answer(event, words, aloud=True)], "events": []}


def of_sprint(state: State, kickoff: Kickoff, locked: dict[str, str]) -> str:
    rejections = kickoff.get("rejections")
    if kickoff["status"] == "Proposed" and kickoff.get("plan") is not None and rejections:
        last, todo = rejections[-1], "Edit the issue and say `/plan`."
        return f"@{last['actor']} sent the plan back: {as_text(last['rejected_for'])}\n\n{todo}"
    if kickoff["status"] == "Approved" and state.get("running") is None:
        return locked.get(str(kickoff["number"])) or "Approved; it starts now."
    if kickoff["status"] == "Approved":
        return f"Approved; waiting behind #{state['running']}."
    return WAITING.get(kickoff["status"], f"This sprint is {kickoff['status']}; nothing is waiting.")


def of_tasks(tasks: dict[str, Task], waits: dict[str, list[str]]) -> str:
    order = sorted(tasks, key=lambda name: (tasks[name].get("position") or 0, name))
    return listed([line(tasks, waits, name, 0) for name in order if tasks[name]["status"] not in ENDED])


def of_task(tasks: dict[str, Task], waits: dict[str, list[str]], task_id: str) -> str:
    """The task, below it what it comes after and has not ended, and so on; each once."""
    lines, seen, todo = [], set[str](), [(task_id, 0)]
    while todo:
        name, depth = todo.pop()
        if name not in seen and name in tasks:
            seen.add(name)
            lines.append(line(tasks, waits, name, depth))
            before = [one for one in tasks[name].get("depends_on") or [] if waits_on(tasks, name, one)]
            todo += [(one, depth + 1) for one in reversed(before)]
    return listed(lines)


def waits_on(tasks: dict[str, Task], name: str, before: str) -> bool:
    waiting = tasks[name]["status"] in ("Pending", "Blocked")
    return waiting and before in tasks and tasks[before]["status"] != "Done"


def line(tasks: dict[str, Task], waits: dict[str, list[str]], name: str, depth: int) -> str:
    links = " ".join(f"#{tasks[name][n]}" for n in ("issue_number", "pr_number") if tasks[name].get(n))
    reasons = "; ".join(waits.get(name) or ["next in line"])
    return f"{'  ' * depth}- `{name}`{f' ({links})' if links else ''}: {reasons}"


def listed(lines: list[str]) -> str:
    more = len(lines) - LINES
    return "\n".join([*lines[:LINES], *([f"- … and {more} more"] if more > 0 else [])])


def kickoff_of(state: State, number: int) -> Kickoff | None:
    if str(number) in state["kickoffs"]:
        return state["kickoffs"][str(number)]
    if task_of(state, number) is not None and state.get("running") is not None:
        return state["kickoffs"][str(state["running"])]
    return None


def task_of(state: State, number: int) -> str | None:
    """The task whose issue or pull request the thread is."""
    tasks = state["tasks"].items()
    return next(
        (name for name, task in tasks if number in (task.get("issue_number"), task.get("pr_number"))), None
    )


def named_task(state: State, word: str) -> str | None:
    """By its id in any case, or by the number of its issue or pull request."""
    if word.lower() in state["tasks"]:
        return word.lower()
    number = word.removeprefix("#")
    return task_of(state, int(number)) if number.isdecimal() and len(number) < 10 else None


def stop(state: State, event: Command) -> Output:
    number = event["where"]["number"]
    kickoff = state["kickoffs"].get(str(number))
    if kickoff is None or kickoff["status"] not in STOPPABLE:
        return no(state, event, "No sprint is under way here, so nothing was stopped.")
    kickoff = {**kickoff, "stopped_by": event["actor"]}
    state = {**state, "kickoffs": {**state["kickoffs"], str(number): kickoff}}
    ended: list[Event] = [
        {"type": "sprint_stopped", "key": f"sprint_stopped:{event['key']}", "number": number}
    ]
    if state.get("running") == number:
        ended = [*(cancelled(event, name) for name in sorted(state["tasks"])), *ended]
    return {"state": state, "actions": [answer(event, "Sprint stopped.")], "events": ended}


def pause(state: State, event: Command) -> Output:
    """Nothing new starts in the sprint, or again; agents at work go on."""
    on, number = event["name"] == "pause", event["where"]["number"]
    kickoff = kickoff_of(state, number)
    if kickoff is None or kickoff["status"] not in UNDER_WAY:
        return no(state, event, NO_SUCH[event["name"]])
    if kickoff["number"] != number:
        return no(state, event, f"Say `/{event['name']}` on the kickoff, #{kickoff['number']}.")
    if on is (kickoff["status"] == "Paused"):
        already = f"@{kickoff.get('paused_by')} paused this sprint already; `/resume` continues it."
        words = already if on else "This sprint is not paused."
        return {"state": state, "actions": [answer(event, words, aloud=True)], "events": []}
    changed: Kickoff = {**kickoff, "status": "Running", "paused_by": None}
    words = "The sprint continues."
    if on:
        changed = {**kickoff, "status": "Paused", "paused_by": event["actor"]}
        words = "Paused: nothing new starts until `/resume`."
    state = {**state, "kickoffs": {**state["kickoffs"], str(number): changed}}
    return {"state": state, "actions": [answer(event, words)], "events": [paused_or_not(event, on)]}


def paused_or_not(event: Command, on: bool) -> SprintPaused | SprintContinued:
    number = event["where"]["number"]
    if on:
        return {"type": "sprint_paused", "key": f"sprint_paused:{event['key']}", "number": number}
    return {"type": "sprint_continued", "key": f"sprint_continued:{event['key']}", "number": number}


def is_paused(state: State) -> bool:
    """Whether the running sprint is."""
    return state["kickoffs"][str(state["running"])]["status"] == "Paused"


def cancelled(event: Command, task_id: str) -> TaskCancelled:
    return {"type": "task_cancelled", "key": f"task_cancelled:{task_id}:{event['key']}", "task_id": task_id}


def steer_task(state: State, event: Command) -> Output:
    meant, refusal = meant_tasks(state, event)
    if refusal:
        return no(state, event, refusal)
    if state["tasks"][meant[0]]["status"] in ENDED:
        return no(state, event, f"This task is already {state['tasks'][meant[0]]['status']}.")
    events: list[Event] = [steered(event, name) for name in meant]
    if event["name"] == "skip":
        return {"state": state, "actions": [answer(event, "Task skipped.")], "events": events}
    return starts(state, event, "Starting a new attempt.", "A new attempt starts", events)


def starts(state: State, event: Command, words: str, later: str, events: list[Event]) -> Output:
    """An agent starts now; while the sprint is paused, once it continues."""
    if is_paused(state):
        waits = answer(event, f"{later} after `/resume`: this sprint is paused.", aloud=True)
        return {"state": state, "actions": [waits], "events": events}
    return {"state": state, "actions": [answer(event, words)], "events": events}


def budget(state: State, event: Command, policy: Policy) -> Output:
    """What is used, of what; with an amount the budget of the running sprint grows by it."""
    if event["where"]["number"] != state.get("running"):
        return no(state, event, "Say `/budget` on the kickoff of a running sprint.")
    named = event["args"]["positional"]
    limit = sprint_budget(state["kickoffs"][str(state["running"])], policy.get("budget_sprint"))
    if not named:
        words = used(state, policy, limit)
        return {"state": state, "actions": [answer(event, words, aloud=True)], "events": []}
    if limit is None:
        none = "This sprint has no budget to raise; set `budget.sprint` in `.caloron.yml`."
        return no(state, event, none)
    more = amount_of(str(named[0]), limit)
    if more is None:
        return no(
            state, event, "This sprint's budget is in tokens: say a whole number, such as `/budget +50000`."
        )
    so_far = raised_by(state, limit)
    state = {**state, "raised": {**limit, "amount": so_far + more}}
    whole: Budget = {**limit, "amount": limit["amount"] + so_far + more}
    over: list[Event] = [{"type": "wait_over", "key": f"wait_over:{event['key']}", "task_id": task_id}
                         for task_id in sorted(state["tasks"])[:1]]  # fmt: skip
    words = f"The budget of this sprint is now {in_words(whole)}."
    return {"state": state, "actions": [answer(event, words, aloud=True)], "events": over}


def sprint_budget(kickoff: Kickoff, limit: Budget | None) -> Budget | None:
    """The one that was said with `/plan`, or the file's where that is less, or in another unit."""
    own = (kickoff.get("options") or {}).get("budget")
    if own is None or limit is None:
        return own or limit
    return own if own["unit"] == limit["unit"] and own["amount"] < limit["amount"] else limit


def amount_of(word: str, budget: Budget) -> int | None:
    """Dollars in millionths, or tokens; None for a part of a token."""
    number = word.removeprefix("+")
    if budget["unit"] == "usd":
        return round(float(number) * MICRO)
    return int(number) if number.isdecimal() else None


def raised_by(state: State, budget: Budget) -> int:
    """Nothing where it was raised in another unit, which the file named then."""
    raised = state.get("raised")
    return raised["amount"] if raised and raised["unit"] == budget["unit"] else 0


def used(state: State, policy: Policy, limit: Budget | None) -> str:
    costs = [task.get("cost") or {} for task in state["tasks"].values()]
    tokens = sum(cost.get("tokens") or 0 for cost in costs)
    usd = sum((cost.get("charged_usd") or cost.get("usd") or 0) * MICRO for cost in costs)
    raised = raised_by(state, limit) if limit else 0
    lines = [f"- this sprint: {share(tokens, usd, limit, raised)}"]
    if today := policy.get("spent_today"):
        of_day = share(today["tokens"], today["usd"], policy.get("budget_day"), 0)
        lines.append(f"- this repository today: {of_day}")
    if each := policy.get("budget_task"):
        lines.append(f"- each task: up to {in_words(each)}")
    return "\n".join(["Used so far:", "", *lines])


def share(tokens: float, usd: float, limit: Budget | None, raised: int) -> str:
    spent = f"{tokens:,.0f} tokens, ${usd / MICRO:,.2f}"
    if limit is None:
        return f"{spent} (no budget)"
    whole: Budget = {**limit, "amount": limit["amount"] + raised}
    percent = 100 * (usd if limit["unit"] == "usd" else tokens) / whole["amount"]
    return f"{spent}: {percent:.0f} % of {in_words(whole)}"


def in_words(budget: Budget) -> str:
    if budget["unit"] == "tokens":
        return f"{budget['amount']:,.0f} tokens"
    return f"${budget['amount'] / MICRO:,.2f}"


def restart(state: State, event: Command) -> Output:
    """End the run of its agent; the next one goes on with what it has done."""
    meant, refusal = meant_tasks(state, event)
    if refusal:
        return no(state, event, refusal)
    task = state["tasks"][meant[0]]
    if task.get("agent") not in AT_WORK or task["status"] not in ("Ready", "InProgress"):
        return no(state, event, "No agent is working on this task; `/retry` starts one.")
    key = f"task_restart:{meant[0]}:{event['key']}"
    again: TaskRestart = {"type": "task_restart", "key": key, "task_id": meant[0], "actor": event["actor"]}
    words = "Restarting the agent; it goes on with what it has done so far."
    return starts(state, event, words, "I am stopping the agent. It goes on with its work", [again])


def assign(state: State, event: Command) -> Output:
    """A person gets the task: who says so, or who is named."""
    meant, refusal = meant_tasks(state, event)
    if refusal:
        return no(state, event, refusal)
    task, named = state["tasks"][meant[0]], event["args"]["positional"]
    if task["status"] in ENDED:
        return no(state, event, f"This task is already {task['status']}.")
    if task.get("issue_number") is None:
        return no(state, event, NO_ISSUE)
    human = str(named[0]).removeprefix("@") if named else str(event["actor"])
    if task.get("human") == human:
        return no(state, event, f"@{human} has this task already; `/hand-back` gives it back to an agent.")
    key = f"task_assigned:{meant[0]}:{event['key']}"
    given: TaskAssigned = {"type": "task_assigned", "key": key, "task_id": meant[0],
                           "actor": event["actor"], "human": human}  # fmt: skip
    words = (
        f"@{human} has this task now. {where_to_work(task, human)} `/hand-back` gives it back to an agent."
    )
    return {"state": state, "actions": [answer(event, words, aloud=True)], "events": [given]}


def where_to_work(task: Task, human: str) -> str:
    """Where the agent's work is, and what ends the task."""
    number, branch, pull = task.get("issue_number"), task.get("branch"), task.get("pr_number")
    parts = []
    if task.get("agent") in AT_WORK:
        parts.append(f"I am stopping its agent; what it has done so far goes to {as_code(branch)}.")
    elif branch:
        parts.append(f"What its agent has done is on {as_code(branch)}.")
    closing = f"a pull request by @{human} that says `Closes #{number}`"
    ends = f"#{pull}, or {closing}," if pull else closing
    return " ".join([*parts, f"The task is done when {ends} is merged."])


def hand_back(state: State, event: Command) -> Output:
    """A new attempt of an agent at what a person had, or was asked about."""
    meant, refusal = meant_tasks(state, event)
    if refusal:
        return no(state, event, refusal)
    status = state["tasks"][meant[0]]["status"]
    wanted = ("HumanAssigned",) if event["name"] == "hand-back" else ("Escalated", "HumanAssigned")
    if status not in wanted:
        none = "No person has this task" if event["name"] == "hand-back" else "This task needs no person"
        return no(state, event, f"{none}; it is {status}.")
    events: list[Event] = [steered(event, meant[0])]
    words = "An agent continues with this task"
    return starts(state, event, f"{words}.", words, events)


def hold(state: State, event: Command) -> Output:
    """Block a task's merge, or allow it again; a label that changes nothing is answered by silence."""
    meant, refusal = meant_tasks(state, event)
    on, label = event["name"] == "hold", event["where"].get("label")
    ended = [state["tasks"][name]["status"] for name in meant if state["tasks"][name]["status"] in ENDED]
    if label and not on and (refusal or ended):
        return {"state": state, "actions": [], "events": []}
    if refusal or ended:
        refused = no(state, event, refusal or f"This task is already {ended[0]}.")
        return {**refused, "events": [without_label(event)] if label else []}
    by = state["tasks"][meant[0]].get("hold")
    if label and bool(by) is on:
        return {"state": state, "actions": [], "events": []}
    if on and by:
        reply = answer(event, f"Already held by @{by}.", aloud=True)
        return {"state": state, "actions": [reply], "events": []}
    words = "Held: no merge until `/unhold`." if on else "Released: it may be merged."
    return {"state": state, "actions": [answer(event, words)], "events": [held_or_not(event, meant[0], on)]}


def held_or_not(event: Command, task_id: str, on: bool) -> TaskHeld | TaskUnheld:
    if on:
        key = f"task_held:{task_id}:{event['key']}"
        return {"type": "task_held", "key": key, "task_id": task_id, "actor": event["actor"]}
    key = f"task_unheld:{task_id}:{event['key']}"
    return {"type": "task_unheld", "key": key, "task_id": task_id, "actor": event["actor"]}


def tell(state: State, event: Command) -> Output:
    """For the agent at work, for the run that waits for a worker, else for the task's next run."""
    meant, refusal = meant_tasks(state, event)
    if refusal:
        return no(state, event, refusal)
    task, text = state["tasks"][meant[0]], " ".join(event["args"]["positional"]).strip()
    if task["status"] in ENDED:
        return no(state, event, f"This task is already {task['status']}.")
    works = task.get("agent") == "running"
    waits = task.get("agent") == "queued"
    later = "Its agent gets this when it begins." if waits else "Its agent gets this when it runs next."
    words = "Told its agent." if works else later
    told: TaskTold = {"type": "task_told", "key": f"task_told:{meant[0]}:{event['key']}",
                      "task_id": meant[0], "actor": event["actor"], "text": text}  # fmt: skip
    return {"state": state, "actions": [answer(event, words, aloud=not works)], "events": [told]}


def show_log(state: State, event: Command) -> Output:
    """The end of the log of its newest run, as a comment."""
    meant, refusal = meant_tasks(state, event)
    if refusal:
        return no(state, event, refusal)
    task = state["tasks"][meant[0]]
    if not task.get("attempt"):
        return no(state, event, "No agent has worked on this task yet.")
    sprint = kickoff_id(state)
    post: PostLog = {"type": "post_log", "key": f"log:{event['key']}", "number": event["where"]["number"],
                     "sprint_id": sprint, "task_id": meant[0], "attempt": task["attempt"],
                     "mark": {"kind": "answer"}}  # fmt: skip
    return {"state": state, "actions": [answer(event, "The end of the log follows."), post], "events": []}


def kickoff_id(state: State) -> str:
    return state["kickoffs"][str(state["running"])]["id"]


def without_label(event: Command) -> LabelActedOn:
    """A label that holds nothing must not look as if it did."""
    return {"type": "label_acted_on", "key": f"off:{event['key']}", "allowed": True,
            "issue_number": event["where"]["number"], "label": event["where"]["label"]}  # fmt: skip


def meant_tasks(state: State, event: Command) -> tuple[list[str], str]:
    """The tasks that a command is for: the one it names, or its thread's; else why there is none."""
    name, named, number = event["name"], event["args"]["positional"], event["where"]["number"]
    kickoff = kickoff_of(state, number)
    elsewhere = f"Say `/{name}` on a task's issue or pull request, or `/{name} <task>` on a running kickoff."
    if name in ON_THREADS:
        elsewhere, named = f"Say `/{name}{ON_THREADS[name]}` on a task's issue or pull request.", []
    if kickoff is None or kickoff["number"] != state.get("running"):
        return [], elsewhere
    if named:
        task_id = named_task(state, named[0])
        return ([task_id], "") if task_id else ([], f"This sprint has no task {as_code(named[0], 60)}.")
    own = task_of(state, number)
    meant = [own] if own else of_kickoff(state, name)
    if not meant:
        return [], elsewhere
    if len(meant) > 1 and name == "skip":
        which = " and ".join(f"`{task_id}`" for task_id in meant)
        return [], f"Which task? {which} have no issue of their own; say `/skip <task>`."
    return meant, ""


def of_kickoff(state: State, name: str) -> list[str]:
    """The tasks that a command on the kickoff can only mean."""
    if name in ("retry", "skip"):
        return without_issue(state)
    if name in ("take-over", "assign-human", "hand-back", "resolved"):
        stuck = [one for one, task in state["tasks"].items() if task["status"] in WITH_A_PERSON]
        return stuck if len(stuck) == 1 else []
    return []


def without_issue(state: State) -> list[str]:
    """The tasks that need a person and have no thread of their own: of them is spoken on the kickoff."""
    tasks = state["tasks"].items()
    return sorted(
        name for name, task in tasks if task["status"] == "Escalated" and task.get("issue_number") is None
    )


def steered(event: Command, task_id: str) -> TaskRetry | TaskSkip:
    if event["name"] == "skip":
        key = f"task_skip:{task_id}:{event['key']}"
        return {"type": "task_skip", "key": key, "task_id": task_id, "actor": event["actor"]}
    key, flags = f"task_retry:{task_id}:{event['key']}", event["args"]["flags"]
    hint, model = flags.get("hint"), flags.get("model")
    retry: TaskRetry = {"type": "task_retry", "key": key, "task_id": task_id, "actor": event["actor"],
                        "hint": hint if isinstance(hint, str) else None}  # fmt: skip
    if isinstance(model, str) and model:
        retry["model"] = model
    return retry


def answer(event: Command, words: str, good: bool = True, aloud: bool | None = None) -> Answer:
    made: Answer = {
        "type": "answer", "key": event["key"], "where": event["where"], "words": words, "good": good,
    }  # fmt: skip
    return made if aloud is None else {**made, "aloud": aloud}


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
