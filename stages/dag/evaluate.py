"""Apply events to the tasks of a sprint, and decide what happens next: issues, agents, reviews, merges.

The life of a task is the table `LIFE`: an event's type, the statuses in which it counts, and its effect.
With `policy` (the bot), an agent's start and end are events and this stage checks whether a merge is allowed;
without (the tick), an opened task issue starts its agent and an approval merges, as in the original.
"""

from __future__ import annotations

import datetime
import hashlib
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict, Unpack, cast

if TYPE_CHECKING:
    from stages.world import (
        AgentFinished, AgentHeartbeat, AgentIntervened, AgentPushed, AgentSigns, AgentStarted, AgentUnwanted,
        AgentWanted, ApprovalKept, Budget, BudgetScope, CheckCompleted, Checks, ChecksFailed, Cost, Decision,
        Event, FailedCheck, FrameworkTrouble, IssueClosed, IssueOpened, IssueRefused, IssueReopened, Made,
        MergeDenied, MergeMode, MergePostponed, MergeRefused, MergeWanted, Pause, Policy, PrClosed,
        PrConflict, PrMerged, PrOpened, PrReopened, PrReviewSubmitted, PrSynchronized, Review, SpawnRequested,
        SprintState, State, StopRequested, SupervisorStep, Task, TaskAssigned, TaskCancelled, TaskChange,
        TaskDropped, TaskFields, TaskHeld, TaskMerge, TaskRestart, TaskRetry, TaskSkip, TaskStatus, TaskTold,
        TaskUnheld, Told, WaitOver,
    )  # fmt: skip

NAME = "dag_evaluate"


class Input(TypedDict):
    state: SprintState
    events: list[Event]
    stall_threshold_m: NotRequired[float | None]
    agents: NotRequired[dict[str, AgentSigns] | None]
    now: NotRequired[str | None]
    policy: NotRequired[Policy | None]


class Output(TypedDict):
    state: SprintState
    actions: list[Decision]


ENDED: tuple[TaskStatus, ...] = ("Done", "Cancelled", "Skipped")
OPEN: tuple[TaskStatus, ...] = (
    "Pending",
    "Ready",
    "InProgress",
    "InReview",
    "Blocked",
    "Escalated",
    "HumanAssigned",
)
AT_WORK = ("queued", "running")
WITH_AN_AGENT: tuple[TaskStatus, ...] = ("Ready", "InProgress", "InReview")
WITH_A_PERSON: tuple[TaskStatus, ...] = ("Escalated", "HumanAssigned")
NEVER_DONE = ("Cancelled", "Skipped", "Escalated", "Blocked")
HOLD = "caloron:hold"
STALL_THRESHOLD_M = 20
RETRY_LIMIT = 3
HOTFIX_FAILURES = 3
REVIEW_ROUNDS = 3
PARALLEL = 2
MAX_UNREVIEWED = 3
MOST_PUSHED = 200
MOST_CHANGED = 500
MOST_COST = 10**15
MICRO = 1_000_000
LONGEST_SUMMARY = 2000
MOST_TOLD, LONGEST_TOLD = 20, 4000
CHECKS_SETTLE_S = 60.0
OWN_CHECKS = "caloron/"
STARTED_BY = re.compile(r" \((?:push|pull_request|pull_request_target|merge_group)\)$")
ROUNDS_ALIKE, MOST_RED_ROUNDS = 2, 6
CHANGING = re.compile(r"0x[0-9a-f]+|[0-9a-f]{7,}|\d+|/\S+", re.I)
PERSONS_WORK = "A person had this task meanwhile. What they pushed to your branch is part of it."
PARTIAL_WORK = "An earlier run was ended before it was done. Its work is on your branch: continue from there."
STILL_A_DRAFT = "its pull request is a draft still: its work did not pass the verification"
ANSWERED = (
    "done", "no_change", "out_of_scope", "protected", "secret", "refused", "context_full", "unverified",
)  # fmt: skip
FIRST_WAIT_S, LONGEST_WAIT_S = 10.0, 300.0
LOOK_AT_LOGIN_S = 60.0
CLOCKS_DIFFER_S = 5.0
FIRST_TRIAL_S, LAST_TRIAL_S, MOST_NAMED_S = 300.0, 3600.0, 86400.0


class Step:
    """One evaluation: the tasks as they become, the actions asked for, and what was given to decide by."""

    def __init__(self, given: Input) -> None:
        self.state = given["state"]
        if not isinstance(self.state, dict) or not isinstance(self.state.get("tasks"), dict):
            raise ValueError("dag_evaluate: state.tasks must be an object of tasks by id")
        self.tasks: dict[str, Task] = dict(sorted(self.state["tasks"].items(), key=place_in_plan))
        self.events = given.get("events", [])
        if not isinstance(self.events, list):
            raise ValueError("dag_evaluate: events must be a list")
        self.now = given.get("now")
        self.policy = given.get("policy")
        self.agents = given.get("agents")
        threshold = given.get("stall_threshold_m")
        self.stall_threshold_m = STALL_THRESHOLD_M if threshold is None else threshold
        self.actions: list[Decision] = []

    def moment(self) -> str:
        if not self.now:
            raise ValueError("dag_evaluate: 'now' is needed to decide on events and stalls")
        return self.now

    def change(self, task_id: str, **fields: Unpack[TaskChange]) -> Task:
        self.tasks[task_id] = {**self.tasks[task_id], **fields}
        return self.tasks[task_id]

    def decide(self, decision: Decision) -> None:
        self.actions.append(decision)

    def retry_limit(self, task: Task) -> int:
        if task.get("hotfix"):
            return HOTFIX_FAILURES
        return self.policy.get("stuck_retry_limit", RETRY_LIMIT) if self.policy else RETRY_LIMIT

    def merge_mode(self) -> MergeMode:
        return self.policy.get("merge", "on-approval") if self.policy else "on-approval"

    def settle_s(self) -> float:
        return self.policy.get("checks_settle_s", CHECKS_SETTLE_S) if self.policy else CHECKS_SETTLE_S

    def paused(self) -> bool:
        return bool(self.policy and self.policy.get("paused"))


def place_in_plan(item: tuple[str, Task]) -> tuple[float, str]:
    """The plan's order: the store keeps none."""
    return item[1].get("position") or math.inf, item[0]


def execute(input: Input) -> Output:
    step = Step(input)
    for event in step.events:
        take_event(step, event)
    date_heads(step)
    expect_no_more(step)
    open_milestone(step)
    unblock(step)
    block(step)
    settle_checks(step)
    hold_over_budget(step)
    dispatch(step)
    find_stalls(step)
    merge_next(step)
    return {"state": {**step.state, "tasks": step.tasks}, "actions": step.actions}


def date_heads(step: Step) -> None:
    """Since when a head is known: what someone said before that was not said of it."""
    for task_id, task in list(step.tasks.items() if step.policy is not None else ()):
        before = step.state["tasks"][task_id]
        if (head := task.get("head_sha")) and head != before.get("head_sha"):
            step.change(task_id, head_at=step.moment())
            expect_checks(step, task_id, before)


def expect_checks(step: Step, task_id: str, before: Task) -> None:
    """Those that the head before had, or else the base; `verify` tells of agents' work alone."""
    checks, settle_s = before.get("checks", {}), step.settle_s()
    had = {*(checks.get("contexts") or {}), *(before.get("expected") or [])} or of_base(step)
    others = checks.get("ignored") or []
    names = sorted(name for name in had if not name.startswith(OWN_CHECKS) and name not in others)
    if names and settle_s:
        step.change(task_id, expected=names)
        step.decide({"type": "wake_later", "task_id": task_id, "seconds": settle_s})


def of_base(step: Step) -> list[str]:
    """The checks that the base's head passed, where `merge.checks` asks for more than is required."""
    repo = cast("State", step.state).get("repo")
    required = repo.get("required") if repo else None
    if not required or not step.policy or step.policy.get("merge_checks") == "required":
        return []
    return [job_of(name) for name, found in (required.get("base") or {}).items() if found == "success"]


def expect_no_more(step: Step) -> None:
    """A check that has reported on its head, or did not in time, is waited for no longer."""
    for task_id, task in list(step.tasks.items() if step.policy is not None else ()):
        if expected := task.get("expected"):
            reported = {job_of(name) for name in task.get("checks", {}).get("contexts") or {}}
            in_time = minutes(task["head_at"], step.moment()) * 60 < step.settle_s()
            left = [name for name in expected if in_time and job_of(name) not in reported]
            if left != expected:
                step.change(task_id, expected=left or None)


# --- events -------------------------------------------------------------------------------------------------


def take_event(step: Step, event: Event) -> None:
    row = LIFE.get(event["type"])
    if row is None:
        return
    statuses, handle = row
    task_id = task_of(step, event)
    if task_id is not None and status_of(step.tasks[task_id]) in statuses:
        handle(step, task_id, event)


def status_of(task: Task) -> TaskStatus:
    status: TaskStatus | None = task.get("status")
    if status is None:
        raise ValueError(f"dag_evaluate: a task has no status: {task.get('id') or task}")
    return status


def task_of(step: Step, event: Event) -> str | None:
    """The task of an event: named by it, or found by its pull request or issue; never by position."""
    fields: Mapping[str, object] = event  # whichever of these it has
    named = fields.get("task_id")
    if named is not None:
        return str(named) if named in step.tasks else None
    if event["type"] == "pr_opened" or event["type"] == "pr_reopened":
        return task_of_pull(step, event)
    if (number := fields.get("pr_number")) is not None:
        return next((t for t, task in step.tasks.items() if task.get("pr_number") == number), None)
    if (number := fields.get("issue_number")) is not None:
        return next((t for t, task in step.tasks.items() if task.get("issue_number") == number), None)
    return None


def task_of_pull(step: Step, event: PrOpened | PrReopened) -> str | None:
    """A pull request is a task's by its number; in the tick also by the issue that it closes."""
    by_number = next((t for t, k in step.tasks.items() if k.get("pr_number") == event["pr_number"]), None)
    linked = event.get("linked_issue")
    if by_number is not None or linked is None:
        return by_number
    return next((t for t, task in step.tasks.items() if task.get("issue_number") == linked), None)


def issue_opened(step: Step, task_id: str, event: IssueOpened) -> None:
    if step.tasks[task_id].get("issue_number") not in (None, event.get("issue_number")):
        return
    step.change(task_id, issue_number=event["issue_number"])
    start_in_the_tick(step, task_id)


def issue_refused(step: Step, task_id: str, event: IssueRefused) -> None:
    """Without its issue a task cannot begin: a person is asked; a new attempt asks for the issue again."""
    task = step.tasks[task_id]
    if task.get("issue_number") is not None:
        return
    step.change(task_id, issue_asked=False)
    if task["status"] != "Pending":
        escalate(step, task_id, f"its issue could not be opened: {event['message']}")


def start_in_the_tick(step: Step, task_id: str) -> None:
    """Without a policy a free task's agent starts as soon as there is an issue."""
    task = step.tasks[task_id]
    if step.policy is None and task["status"] == "Ready" and task.get("issue_number") is not None:
        now = step.moment()
        task = step.change(task_id, status="InProgress", started_at=now, last_activity_at=now)
        step.decide(
            {
                "type": "spawn_agent",
                "task_id": task_id,
                "agent_id": task.get("agent_id"),
                "issue_number": task["issue_number"],
            }
        )


def agent_started(step: Step, task_id: str, event: AgentStarted) -> None:
    task = step.tasks[task_id]
    if event.get("attempt") != task.get("attempt") or task.get("agent") != "queued":
        return
    started = task.get("started_at") or step.moment()
    step.change(
        task_id, status="InProgress", agent="running", started_at=started, last_activity_at=step.moment()
    )


def agent_pushed(step: Step, task_id: str, event: AgentPushed) -> None:
    """Of any run, also of one that was stopped since: what it pushed is the shell's work."""
    pushed = [*step.tasks[task_id].get("pushed", []), event["head_sha"]]
    step.change(task_id, pushed=pushed[-MOST_PUSHED:])
    if event.get("partial"):
        step.change(task_id, partial=event["head_sha"])


def agent_heartbeat(step: Step, task_id: str, event: AgentHeartbeat) -> None:
    step.change(task_id, last_activity_at=event.get("last_sign_at") or step.moment())
    if event.get("recovered"):
        count = step.tasks[task_id].get("intervention_count", 0) - event["recovered"]
        step.change(task_id, probed=False, intervention_count=max(count, 0))


def agent_finished(step: Step, task_id: str, event: AgentFinished) -> None:
    """What it cost is counted however it ended, and whatever has become of its task meanwhile."""
    task, spent = step.tasks[task_id], event.get("cost") or {}
    is_current = event.get("attempt") == task.get("attempt") and task["status"] in WITH_AN_AGENT
    if spent or is_current:
        task = step.change(task_id, cost=add_cost(task.get("cost") or {}, spent))
        tell_of_budgets(step, task_id, spent)
    if not is_current:
        return
    report, outcome = event.get("feedback") or task.get("report"), event["outcome"]
    again = outcome == "stopped" and task.get("agent") == "wanted"  # it was stopped for that
    step.change(task_id, agent="wanted" if again else None, report=report)
    step.change(task_id, last_activity_at=step.moment())
    model_answers(step, task_id, event)
    if outcome != "done" and step.tasks[task_id].get("partial"):
        tell_of_partial_work(step, task_id, event)
    if outcome == "done":
        note_made(step, task_id, event)
        note_verified(step, task_id, event)
        finished_well(step, task_id, event)
    elif outcome != "unverified" and is_in_review_already(step.tasks[task_id]):
        return
    elif outcome in ("auth", "quota", "no_sandbox"):  # of the machine, not of this task
        pause_framework(step, task_id, event, outcome)
    elif outcome in ("overload", "network"):
        back_off(step, task_id, event)
    elif outcome in ("no_change", "out_of_scope", "protected", "limit"):
        one_more_round(step, task_id, event.get("reason") or outcome)
    elif outcome == "unverified":  # the agent was sent back as often as it may be
        feedback = joined(step.tasks[task_id].get("feedback"), failed_verification(event))
        step.change(task_id, feedback=feedback)
        if number := event.get("pr_number"):
            step.change(task_id, **carrying(step.tasks[task_id], number))
            step.change(task_id, draft=True)
        escalate(step, task_id, event.get("reason") or outcome)
    elif outcome in ("no_setup", "secret"):  # another round would have the same at hand
        escalate(step, task_id, event.get("reason") or outcome)
    elif outcome != "stopped":
        try_again(step, task_id, outcome, event.get("reason") or outcome)


def note_verified(step: Step, task_id: str, event: AgentFinished) -> None:
    """Whether the repository's own commands ran on this head, and passed."""
    found = event.get("verification") or []
    if step.tasks[task_id].get("hotfix") and found:
        passed = all(one["outcome"] == "passed" for one in found)
        step.change(task_id, verified=event["head_sha"] if passed else None)


def failed_verification(event: AgentFinished) -> str | None:
    """What the next run is told of the command that failed."""
    failed = [one for one in event.get("verification") or [] if one["outcome"] != "passed"]
    return "\n".join(f"The verification {one['name']} failed:\n{one['output']}" for one in failed) or None


def tell_of_budgets(step: Step, task_id: str, spent: Cost) -> None:
    """The run that reaches 80 or 100 % of a budget: that is said."""
    for scope, budget, used in budgets(step, task_id):
        before = used - amount_of(spent, budget)
        reached = (percent for percent in (100, 80) if before < budget["amount"] * percent / 100 <= used)
        if percent := next(reached, None):
            words = budget_words(budget)
            step.decide(
                {
                    "type": "tell_budget", "task_id": task_id, "scope": scope, "percent": percent,
                    "words": words,
                }
            )  # fmt: skip


def budgets(step: Step, task_id: str) -> list[tuple[BudgetScope, Budget, float]]:
    """Each budget that a task counts on, with what is used of it."""
    found: list[tuple[BudgetScope, Budget, float]] = []
    if step.policy and (budget := step.policy.get("budget_task")):
        found.append(("task", budget, amount_of(step.tasks[task_id].get("cost") or {}, budget)))
    if step.policy and (budget := step.policy.get("budget_sprint")):
        used = sum(amount_of(task.get("cost") or {}, budget) for task in step.tasks.values())
        raised = step.state.get("raised")
        more = raised["amount"] if raised and raised["unit"] == budget["unit"] else 0
        found.append(("sprint", {**budget, "amount": budget["amount"] + more}, used))
    spent = step.policy.get("spent_today") if step.policy else None
    if step.policy and spent and (budget := step.policy.get("budget_day")):
        found.append(("day", budget, spent[budget["unit"]]))
    return found


def amount_of(cost: Cost, budget: Budget) -> float:
    if budget["unit"] == "tokens":
        return cost.get("tokens") or 0
    return round((cost.get("charged_usd") or cost.get("usd") or 0) * MICRO)


def budget_words(budget: Budget) -> str:
    if budget["unit"] == "tokens":
        return f"{budget['amount']:,} tokens"
    return f"${budget['amount'] / MICRO:,.2f}"


def note_made(step: Step, task_id: str, event: AgentFinished) -> None:
    """What its runs changed in all, and what the last of them says about it."""
    before = step.tasks[task_id].get("made") or {}
    changed = list(dict.fromkeys([*before.get("changed", []), *(event.get("changed") or [])]))
    made: Made = {**before, "changed": changed[:MOST_CHANGED]} if changed else {**before}
    feedback = event.get("feedback")
    notes = feedback.get("notes") if isinstance(feedback, dict) else None
    if isinstance(notes, str) and notes.strip():
        made["summary"] = notes.strip()[:LONGEST_SUMMARY]
    if made:
        step.change(task_id, made=made)


def framework_of(step: Step, task: Task, event: AgentFinished | None = None) -> str:
    named = event.get("framework") if event else None
    default = step.policy.get("framework") if step.policy else None
    return str(named or task.get("framework") or default)


def model_answers(step: Step, task_id: str, event: AgentFinished) -> None:
    """What a run tells of its framework and model: whoever got an answer ends their pause."""
    if event["outcome"] not in ("overload", "network"):
        forget_setbacks(step, task_id)
    if event["outcome"] in ANSWERED:
        resume(step, framework_of(step, step.tasks[task_id], event))


def forget_setbacks(step: Step, task_id: str) -> None:
    if step.tasks[task_id].get("setbacks"):
        step.change(task_id, setbacks=0, not_before=None)


def pauses(step: Step) -> dict[str, Pause]:
    return step.state.get("pauses") or {}


def set_pause(step: Step, framework: str, pause: Pause) -> None:
    step.state = {**step.state, "pauses": {**pauses(step), framework: pause}}


def resume(step: Step, framework: str) -> None:
    others = {name: pause for name, pause in pauses(step).items() if name != framework}
    if len(others) < len(pauses(step)):
        step.state = {**step.state, "pauses": others}


def pause_framework(step: Step, task_id: str, event: AgentFinished, outcome: FrameworkTrouble) -> None:
    """No agent of it starts; of a quota one task tries again when the provider says, else ever later."""
    framework = framework_of(step, step.tasks[task_id], event)
    before = pauses(step).get(framework)
    step.change(task_id, status="InProgress", agent="wanted", merging=None)
    if before and before["trying"] != task_id:  # it had begun before the pause
        return
    trials = before["trials"] + 1 if before and before["outcome"] == outcome else 1
    until = None
    if outcome == "quota":
        named = event.get("retry_after_s")
        seconds = doubled(FIRST_TRIAL_S, trials - 1, LAST_TRIAL_S)
        if named:  # in the agent's words: with a moment it could begin again at once, for ever
            seconds = max(doubled(FIRST_WAIT_S, trials - 1, LONGEST_WAIT_S), min(named, MOST_NAMED_S))
        until = later(step, seconds)
        step.decide({"type": "wake_later", "task_id": task_id, "seconds": seconds})
    elif outcome == "auth":
        step.decide({"type": "wake_later", "task_id": task_id, "seconds": LOOK_AT_LOGIN_S})
    pause: Pause = {"outcome": outcome, "trials": trials, "until": until, "trying": None}
    if outcome == "auth":
        pause["look_at"] = later(step, LOOK_AT_LOGIN_S)
        if login := login_of(step, framework):
            pause["login"] = login
    set_pause(step, framework, pause)
    if trials == 1:
        step.decide(
            {
                "type": "tell_paused",
                "task_id": task_id,
                "framework": framework,
                "outcome": outcome,
                "reason": event.get("reason") or outcome,
                "until": until,
            }
        )


def login_of(step: Step, framework: str) -> str | None:
    return step.policy.get("logins", {}).get(framework) if step.policy else None


def has_another_login(step: Step, framework: str, pause: Pause) -> bool:
    """Whether its key or login is not the one any more that was refused."""
    known, now = pause.get("login"), login_of(step, framework)
    return pause["outcome"] == "auth" and bool(known and now) and known != now


def wait_over(step: Step, task_id: str, event: WaitOver) -> None:
    """Another login is looked for as long as a task may need one; what else waited is free to start."""
    for framework, pause in sorted(pauses(step).items()):
        needs = (name for name, task in step.tasks.items() if may_need(step, task, framework))
        name = next(needs, None)
        if name and pause["outcome"] == "auth" and not is_looked_at_soon(step, pause):
            set_pause(step, framework, {**pause, "look_at": later(step, LOOK_AT_LOGIN_S)})
            step.decide({"type": "wake_later", "task_id": name, "seconds": LOOK_AT_LOGIN_S})


def may_need(step: Step, task: Task, framework: str) -> bool:
    """Whether an agent of this framework may be wanted for it without anybody's command, and waits."""
    by_itself = task["status"] in ("Pending", *WITH_AN_AGENT) and framework_of(step, task) == framework
    return by_itself and not may_start(step, task)


def is_looked_at_soon(step: Step, pause: Pause) -> bool:
    """Whether another wake-up does that: not this one, however little clocks differ."""
    look_at = pause.get("look_at")
    return bool(look_at) and minutes(step.moment(), str(look_at)) * 60 > CLOCKS_DIFFER_S


def back_off(step: Step, task_id: str, event: AgentFinished) -> None:
    """The model is overloaded or out of reach: the run does not count, and the next one waits a while."""
    setbacks = step.tasks[task_id].get("setbacks", 0)
    seconds = doubled(FIRST_WAIT_S, setbacks, LONGEST_WAIT_S)
    step.change(task_id, status="InProgress", agent="wanted", merging=None, setbacks=setbacks + 1)
    step.change(task_id, not_before=later(step, seconds))
    step.decide({"type": "wake_later", "task_id": task_id, "seconds": seconds})


def doubled(first_s: float, times: int, most_s: float) -> float:
    return float(min(first_s * 2 ** min(times, 16), most_s))


def later(step: Step, seconds: float) -> str:
    return (moment_of(step.moment()) + datetime.timedelta(seconds=seconds)).isoformat()


def may_start(step: Step, task: Task) -> bool:
    """Whether nothing of its model or framework makes it wait now."""
    not_before, now = task.get("not_before"), step.moment()
    if not_before and moment_of(now) < moment_of(not_before):
        return False
    framework = framework_of(step, task)
    pause = pauses(step).get(framework)
    if pause is None:
        return True
    trying = step.tasks.get(pause["trying"] or "")
    if trying and trying.get("agent") in AT_WORK and framework_of(step, trying) == framework:
        return False
    if has_another_login(step, framework, pause):
        return True
    return bool(pause["until"]) and moment_of(now) >= moment_of(str(pause["until"]))


def tell_of_partial_work(step: Step, task_id: str, event: AgentFinished) -> None:
    """The next run finds on the branch what this one had done."""
    feedback = step.tasks[task_id].get("feedback")
    left = event.get("head_sha") == step.tasks[task_id].get("partial")
    if left and PARTIAL_WORK not in (feedback or ""):
        step.change(task_id, feedback=joined(feedback, PARTIAL_WORK))


def is_in_review_already(task: Task) -> bool:
    """Its pull request is there to be judged, however the run behind it ends, if that has heard all."""
    return task["status"] == "InReview" and not task.get("unheard") and not task.get("draft")


def add_cost(before: Mapping[str, object], more: Mapping[str, object]) -> Cost:
    """Whatever a run measures is added up, also what only a later version will know of; no sum goes down."""
    total = dict(before)
    for name, value in more.items():
        if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
            earlier = total.get(name, 0)
            total[name] = min(value + (earlier if isinstance(earlier, int | float) else 0), MOST_COST)
    return cast("Cost", total)


def finished_well(step: Step, task_id: str, event: AgentFinished) -> None:
    step.change(task_id, **carrying(step.tasks[task_id], event["pr_number"]))
    if step.tasks[task_id].get("draft"):
        step.change(task_id, draft=False)
    fields: TaskChange = {
        "head_sha": event["head_sha"],
        "useless_rounds": 0,
        "merge_base": False,
        "merging": None,
    }
    fresh = step.tasks[task_id]["status"] != "InReview"
    if step.tasks[task_id].get("checks") and event["head_sha"] != step.tasks[task_id].get("head_sha"):
        fields["checks"] = {}  # those of the head before say nothing of this one
    step.change(task_id, **fields)
    step.change(task_id, status="InReview", sent_back=False, probed=False, wait=None)
    if step.tasks[task_id].get("unheard"):
        rework(step, task_id, None)
    elif fresh:
        submit(step, task_id)


def submit(step: Step, task_id: str) -> None:
    task = step.tasks[task_id]
    step.decide(
        {
            "type": "submit_pr_for_review",
            "task_id": task_id,
            "pr_number": task["pr_number"],
            "reviewer_id": task.get("reviewer_id"),
        }
    )
    if task.get("hold"):
        step.decide({"type": "show_hold", "task_id": task_id})


def one_more_round(step: Step, task_id: str, reason: str) -> None:
    """A run whose result may not leave gets one more round with the reason, then a person is asked."""
    if ends_hotfix(step, task_id, reason):
        return
    is_last = step.tasks[task_id].get("useless_rounds", 0) >= 1
    if is_last and not step.tasks[task_id].get("hotfix"):
        escalate(step, task_id, reason)
    else:
        count = step.tasks[task_id].get("useless_rounds", 0) + 1
        feedback = joined(step.tasks[task_id].get("feedback"), reason)
        next_round(step, task_id, feedback=feedback, useless_rounds=count)


def try_again(step: Step, task_id: str, outcome: str, reason: str) -> None:
    """A run that failed starts anew, up to the limit, then a person is asked."""
    count = step.tasks[task_id].get("intervention_count", 0) + 1
    step.change(task_id, intervention_count=count)
    if ends_hotfix(step, task_id, reason):
        return
    if count >= step.retry_limit(step.tasks[task_id]):
        escalate(step, task_id, reason)
    else:
        before = step.tasks[task_id].get("feedback")
        feedback = joined(before, reason) if outcome == "failed" and reason not in (before or "") else before
        step.change(task_id, status="InProgress", agent="wanted", feedback=feedback, merging=None)
        step.decide(
            {
                "type": "escalate",
                "task_id": task_id,
                "agent_id": step.tasks[task_id].get("agent_id"),
                "action": "restart",
                "reason": reason,
            }
        )


def ends_hotfix(step: Step, task_id: str, reason: str) -> bool:
    """A hotfix stops at its third failure, of whatever kind and whatever the settings say."""
    task = step.tasks[task_id]
    if not task.get("hotfix"):
        return False
    count = task.get("failures", 0) + 1
    step.change(task_id, failures=count)
    if count < HOTFIX_FAILURES:
        return False
    escalate(step, task_id, f"this hotfix failed {count} times, the last time so: {reason}")
    return True


def next_round(step: Step, task_id: str, /, **fields: Unpack[TaskChange]) -> None:
    stop_run(step, task_id)
    number = step.tasks[task_id].get("round", 1) + 1
    step.change(task_id, agent="wanted", feedback=None, wait=None, merging=None)
    step.change(task_id, **fields)
    step.change(task_id, status="InProgress", round=number)


def escalate(step: Step, task_id: str, reason: str) -> None:
    stop_run(step, task_id)
    task = step.change(task_id, status="Escalated", agent=None, wait=reason, merging=None)
    step.decide(
        {
            "type": "escalate",
            "task_id": task_id,
            "agent_id": task.get("agent_id"),
            "action": "escalate_human",
            "reason": reason,
        }
    )


def pr_opened(step: Step, task_id: str, event: PrOpened) -> None:
    """Of an Escalated task too: its last run may have opened it just before its worker died."""
    step.change(task_id, **carrying(step.tasks[task_id], event["pr_number"]))
    if event.get("head_sha"):
        step.change(task_id, head_sha=event["head_sha"])
    if event.get("draft"):  # its run says what becomes of it
        step.change(task_id, draft=True)
        return
    step.change(task_id, status="InReview", sent_back=False, wait=None, last_activity_at=step.moment())
    submit(step, task_id)


def pr_synchronized(step: Step, task_id: str, event: PrSynchronized) -> None:
    task = step.tasks[task_id]
    head = event.get("head_sha") or task.get("head_sha")
    if event.get("head_sha") and head == task.get("head_sha"):
        return
    if head and head == task.get("partial") and task["status"] in ("InProgress", *WITH_A_PERSON):
        return  # nothing to review yet; and the next run may find that nothing is left to do
    if task["status"] in WITH_A_PERSON or (task["status"] == "InProgress" and task.get("draft")):
        step.change(task_id, head_sha=head, checks={}, last_activity_at=step.moment())
        return  # of a draft its run says what becomes of it
    fresh = task["status"] == "InProgress"
    fields: TaskChange = {"head_sha": head, "checks": {}, "wait": None, "merging": None}
    step.change(task_id, **fields)
    step.change(task_id, status="InReview", sent_back=False, last_activity_at=step.moment())
    if fresh:
        if task.get("agent") == "wanted":
            step.change(task_id, agent=None)
        if task.get("unheard") and task.get("agent") not in AT_WORK:
            step.change(task_id, unheard=None)  # someone else has done what it asked for
        submit(step, task_id)


def pr_review_submitted(step: Step, task_id: str, event: PrReviewSubmitted) -> None:
    state = event.get("review_state")
    step.change(task_id, last_activity_at=step.moment())
    if step.policy is None:
        review_in_the_tick(step, task_id, event)
        return
    if not event.get("allowed") or event.get("actor_id") == event.get("pr_author_id"):
        return
    task = step.tasks[task_id]
    last = is_their_last(task, event)
    if state in ("approved", "changes_requested", "dismissed") and last:
        review: Review = {
            "state": state, "commit_sha": event["commit_sha"], "at": event.get("created_at"),
        }  # fmt: skip
        if event.get("review_id") is not None:
            review["review_id"] = event["review_id"]
        step.change(task_id, reviews={**task.get("reviews", {}), str(event.get("actor")): review})
        if task["status"] not in WITH_A_PERSON:
            step.change(task_id, wait=None)
    if state == "changes_requested" and task["status"] == "InReview":
        send_back(step, task_id, event)
    elif state == "changes_requested":
        keep_for_later(step, task_id, event)
    elif state == "approved" and task["status"] == "InReview" and last and is_of_an_older_head(task, event):
        step.decide(
            {
                "type": "tell_stale",
                "task_id": task_id,
                "pr_number": task["pr_number"],
                "head_sha": task["head_sha"],
                "actor": event.get("actor"),
                "commit_sha": event.get("commit_sha"),
                "review_id": event.get("review_id"),
            }
        )


def is_their_last(task: Task, event: PrReviewSubmitted) -> bool:
    """What becomes of an older review, or is said of an older head, leaves alone what they said since."""
    last = task.get("reviews", {}).get(str(event.get("actor")))
    if event.get("outdone") or last is None:
        return not event.get("outdone")
    known = last.get("review_id") is not None and event.get("review_id") is not None
    older = known and event["review_id"] < last["review_id"]
    approves = event.get("review_state") == "approved"
    behind = approves and last.get("commit_sha") in heads(task) and event.get("commit_sha") not in heads(task)
    return not (older or behind)


def is_of_an_older_head(task: Task, event: PrReviewSubmitted) -> bool:
    """Also what was approved before the task began anew is old, but nobody waits for that any more."""
    approved, head, at = event.get("commit_sha"), task.get("head_sha"), event.get("created_at")
    if not approved or not head or approved in heads(task) or task.get("merging") or event.get("outdone"):
        return False
    began_anew = task.get("restarted_at")
    return not (began_anew and at and moment_of(at) < moment_of(began_anew))


def review_in_the_tick(step: Step, task_id: str, event: PrReviewSubmitted) -> None:
    task = step.tasks[task_id]
    if event.get("review_state") == "approved" and task["status"] in ("InReview", "InProgress"):
        head = event.get("commit_sha") or task.get("head_sha") or True
        step.change(task_id, status="InReview", approved=head)
    elif event.get("review_state") == "changes_requested" and task["status"] == "InReview":
        step.change(task_id, approved=None)
        send_back(step, task_id, event)


def rework(step: Step, task_id: str, feedback: str | None) -> bool:
    """The next round, as a review asked for; after too many of them a person is asked, and it is kept."""
    task, most = step.tasks[task_id], REVIEW_ROUNDS
    if step.policy is not None:
        most = step.policy.get("review_rounds", REVIEW_ROUNDS)
    rounds = task.get("review_rounds", 0) + 1
    step.change(task_id, review_cycles=task.get("review_cycles", 0) + 1)
    if step.policy is not None and rounds > most:
        step.change(task_id, feedback=joined(feedback, task.get("unheard")), unheard=None)
        often = "one round" if most == 1 else f"{most} rounds"
        escalate(step, task_id, f"reviews asked for changes again, after {often} of rework")
        return False
    next_round(step, task_id, feedback=feedback, sent_back=True)
    if step.policy is not None:
        step.change(task_id, review_rounds=rounds)
    return True


def send_back(step: Step, task_id: str, event: PrReviewSubmitted) -> None:
    step.change(task_id, last_activity_at=step.moment())
    if not rework(step, task_id, review_text(event)):
        return
    message = "Changes requested on your PR."
    step.decide(
        {
            "type": "notify_agent",
            "task_id": task_id,
            "agent_id": step.tasks[task_id].get("agent_id"),
            "message": message,
        }
    )


def keep_for_later(step: Step, task_id: str, event: PrReviewSubmitted) -> None:
    """A review while the task is reworked, or a person has it: for the next run, or this one if it waits."""
    task = step.tasks[task_id]
    step.change(task_id, unheard=joined(task.get("unheard"), review_text(event)))
    if task.get("agent") == "queued":
        stop_run(step, task_id)
        step.change(task_id, agent="wanted")


def joined(*texts: str | None) -> str | None:
    return "\n\n".join(text for text in texts if text) or None


def review_text(event: PrReviewSubmitted) -> str:
    lines = [str(event.get("body") or "").strip()]
    for remark in event.get("comments") or []:
        where = (
            f"{remark.get('path')}:{remark.get('line')}" if remark.get("line") else str(remark.get("path"))
        )
        lines.append(f"{where}: {remark.get('body')}")
    return "\n".join(line for line in lines if line) or "Changes were requested without a comment."


def check_completed(step: Step, task_id: str, event: CheckCompleted) -> None:
    if event.get("head_sha") in (None, step.tasks[task_id].get("head_sha")):
        checks: Checks = {"state": event["state"], "contexts": event.get("contexts") or {}}
        if event.get("missing"):
            checks["missing"] = event["missing"]
        if event.get("running"):
            checks["running"] = event["running"]
        if event.get("ignored"):
            checks["ignored"] = event["ignored"]
        step.change(task_id, checks=checks)
        if step.tasks[task_id]["status"] not in WITH_A_PERSON:
            step.change(task_id, wait=None)
        if green(checks):
            end_red_round(step, task_id)


def end_red_round(step: Step, task_id: str) -> None:
    """Its checks are green after all, and its agent has pushed nothing yet: the round does not count."""
    task = step.tasks[task_id]
    head, pushed = task.get("head_sha"), task.get("pushed", [])
    in_round = task["status"] == "InProgress" and task.get("agent") and task.get("red_head") == head
    if not in_round or task.get("unheard") or (pushed and pushed[-1] != head):
        return
    stop_run(step, task_id, drop=True)
    mark = task.get("red_mark")
    rounds = {name: count - (name == mark) for name, count in task.get("red_rounds", {}).items()}
    step.change(task_id, agent=None, feedback=None, red_head=None, red_rounds=rounds)
    step.change(task_id, status="InReview", round=task.get("round", 1) - 1)


def checks_failed(step: Step, task_id: str, event: ChecksFailed) -> None:
    """Its agent gets what failed; of the same failure a second time it finds another way, then a person."""
    task = step.tasks[task_id]
    ignored = task.get("checks", {}).get("ignored") or []
    failed = [one for one in event["failed"] if one["name"] not in ignored]
    if event.get("head_sha") != task.get("head_sha") or not is_red(task) or not failed:
        return
    mark, before = failure_mark(failed), task.get("red_rounds", {})
    often = before.get(mark, 0) + 1
    rounds = {**{name: count for name, count in before.items() if name != mark}, mark: often}
    names = ", ".join(f"`{one['name']}`" for one in failed[:5])
    if ends_hotfix(step, task_id, f"its checks failed: {names}"):
        return
    if often > ROUNDS_ALIKE:
        escalate(step, task_id, f"its checks failed in the same way {often} times: {names}")
    elif sum(rounds.values()) > MOST_RED_ROUNDS:
        escalate(step, task_id, f"its checks failed after {MOST_RED_ROUNDS} rounds of rework: {names}")
    else:
        feedback = failure_text(failed, again=often > 1)
        next_round(
            step, task_id, feedback=feedback, red_rounds=rounds, red_mark=mark, red_head=task["head_sha"]
        )


def is_red(task: Task) -> bool:
    """In review, with nobody at work, and checks that have all ended and not all well."""
    checks = task.get("checks", {})
    ended = not checks.get("running") and not checks.get("missing")
    at_rest = task["status"] == "InReview" and not task.get("agent") and bool(task.get("pr_number"))
    return at_rest and ended and checks.get("state") == "failure"


def failure_mark(failed: Sequence[FailedCheck]) -> str:
    """The same for the same failure: without times, counts, addresses and paths."""
    texts = [f"{one['name']}\n{one['description']}\n{one['log']}" for one in failed]
    return hashlib.sha256(CHANGING.sub("#", "\n".join(sorted(texts))).encode()).hexdigest()[:16]


def failure_text(failed: Sequence[FailedCheck], again: bool) -> str:
    parts = [failure_lines(one) for one in failed]
    if again:
        parts.append("They failed in the same way before your last round. Find another approach.")
    return "\n\n".join([*parts, "Find the cause and fix it; what is not yours to fix, say in your report."])


def failure_lines(one: FailedCheck) -> str:
    about = f"The check {one['name']} failed on your commit" + (f" ({one['url']})" if one["url"] else "")
    words = f"{about}: {one['description']}" if one["description"] else f"{about}."
    return f"{words}\nThe end of its log:\n{one['log']}" if one["log"] else words


def pr_merged(step: Step, task_id: str, event: PrMerged) -> None:
    """Also of a task that was left out: the forge closes its issue with it, or `/skip` came too late."""
    task = step.tasks[task_id]
    stop_run(step, task_id, drop=True)
    if task.get("skipped_by"):
        step.change(task_id, skipped_by=None)
    step.change(task_id, status="Done", completed_at=step.moment(), merging=None, wait=None, agent=None)
    step.decide(
        {
            "type": "mark_done",
            "task_id": task_id,
            "issue_number": task.get("issue_number"),
            "pr_number": event["pr_number"],
        }
    )


def stop_run(step: Step, task_id: str, drop: bool = False) -> None:
    """What it has done so far is kept for the next run, or the person, unless the task needs it no more."""
    task = step.tasks[task_id]
    if task.get("agent") in AT_WORK:
        unwanted: AgentUnwanted = {
            "type": "stop_agent",
            "task_id": task_id,
            "agent_id": task.get("agent_id"),
            "attempt": task.get("attempt"),
        }
        step.decide({**unwanted, "drop": True} if drop else unwanted)


def pr_closed(step: Step, task_id: str, event: PrClosed) -> None:
    """Rework, where it was at work or in review; what reviews said counts again if this one is reopened."""
    task = step.tasks[task_id]
    if task.get("pr_number") not in (None, event["pr_number"]):
        return
    step.change(task_id, pr_number=None, closed_pr=event["pr_number"], merging=None)
    if task["status"] not in ("InReview", "InProgress"):
        return
    count = task.get("closures", 0) + 1
    step.change(task_id, closures=count)
    if ends_hotfix(step, task_id, "its pull request was closed without being merged"):
        return
    if count >= step.retry_limit(task):
        escalate(step, task_id, f"the pull request was closed {count} times without being merged")
        return
    asked = task.get("feedback") if task.get("sent_back") else None
    next_round(step, task_id, feedback=joined(asked, closing_words(event["pr_number"])))
    message = "PR closed without merge. Please rework."
    agent_id = step.tasks[task_id].get("agent_id")
    step.decide(
        {
            "type": "notify_agent",
            "task_id": task_id,
            "agent_id": agent_id,
            "message": message,
            "pr_number": event["pr_number"],
        }
    )


def closing_words(number: int) -> str:
    return f"Your pull request #{number} was closed without a merge. Please rework it."


def pr_reopened(step: Step, task_id: str, event: PrReopened) -> None:
    """As before it was closed: a draft for a person, in review, or at work on what a review asked for."""
    task, number = step.tasks[task_id], event["pr_number"]
    if task.get("pr_number") not in (None, number):
        return
    head = event.get("head_sha") or task.get("head_sha")
    step.change(task_id, **carrying(task, number))
    if task.get("draft") and task["status"] == "Escalated":
        step.change(task_id, head_sha=head)
        return
    step.change(task_id, head_sha=head, wait=None)
    if feedback := task.get("feedback"):
        step.change(task_id, feedback=feedback.replace(closing_words(number), "").strip() or None)
    if task["status"] == "InProgress" and (wants_rework(task) or task.get("draft")):
        at_work = task.get("agent") in AT_WORK
        step.change(task_id, agent=task["agent"] if at_work else "wanted")
        return
    stop_run(step, task_id, drop=True)
    step.change(task_id, status="InReview", agent=None)


def carrying(task: Task, number: int | None) -> TaskFields:
    """The task's pull request is this one; what was said of another does not count for it."""
    known = number in (task.get("pr_number"), task.get("closed_pr"))
    return {"pr_number": number} if known or not task.get("reviews") else {"pr_number": number, "reviews": {}}


def wants_rework(task: Task) -> bool:
    return bool(task.get("unheard") or task.get("sent_back"))


def pr_conflict(step: Step, task_id: str, event: PrConflict) -> None:
    count = step.tasks[task_id].get("conflicts", 0) + 1
    step.change(task_id, conflicts=count, merging=None, reviews={})
    if count >= RETRY_LIMIT:
        reason = "its pull request conflicts with the base branch for the third time"
        escalate(step, task_id, reason)
    else:
        feedback = "The base branch has moved on and conflicts with your work."
        next_round(step, task_id, feedback=feedback, merge_base=True)


def merge_refused(step: Step, task_id: str, event: MergeRefused) -> None:
    task = step.tasks[task_id]
    if event.get("head_sha") not in (None, task.get("head_sha")):
        return
    message = str(event.get("message"))
    step.change(task_id, merging=None, wait=f"the forge refuses to merge: {message}")
    if task.get("refusal") != message:
        step.change(task_id, refusal=message)
        step.decide(
            {"type": "tell_refusal", "task_id": task_id, "pr_number": task["pr_number"], "message": message}
        )


def merge_denied(step: Step, task_id: str, event: MergeDenied) -> None:
    """Said once; tried again after the next review, check or push."""
    task, message = step.tasks[task_id], event["message"]
    if event.get("head_sha") != task.get("head_sha"):
        return
    step.change(task_id, merging=None, wait=event["wait"])
    if task.get("refusal") != message:
        step.change(task_id, refusal=message)
        step.decide(
            {"type": "tell_denied", "task_id": task_id, "pr_number": task["pr_number"], "words": message}
        )


def approval_kept(step: Step, task_id: str, event: ApprovalKept) -> None:
    if event.get("head_sha") == step.tasks[task_id].get("head_sha"):
        step.change(task_id, kept=event["kept"])


def merge_postponed(step: Step, task_id: str, event: MergePostponed) -> None:
    step.change(task_id, merging=None, wait="its branch has moved; checking it again")


def issue_closed(step: Step, task_id: str, event: IssueClosed) -> None:
    """Closing a task's issue is `/skip` for those who may; for others the issue is opened again."""
    if step.policy is None:
        return
    number = event.get("issue_number")
    if not event.get("allowed"):
        step.decide(
            {"type": "reopen_issue", "task_id": task_id, "issue_number": number, "actor": event.get("actor")}
        )
        return
    stop_run(step, task_id)
    step.change(task_id, agent=None, completed_at=step.moment(), merging=None, wait=None)
    if step.tasks[task_id]["status"] == "InProgress":
        step.change(task_id, closed_at_work=True)
    step.change(task_id, status="Skipped", skipped_by="close")
    step.decide(
        {"type": "tell_skipped", "task_id": task_id, "issue_number": number, "actor": event.get("actor")}
    )


def issue_reopened(step: Step, task_id: str, event: IssueReopened) -> None:
    task = step.tasks[task_id]
    if task.get("skipped_by") != "close" or event.get("allowed") is False:
        return
    step.change(task_id, status="Pending", skipped_by=None, completed_at=None)
    if task.get("closed_at_work"):
        step.change(task_id, closed_at_work=False)
    if task.get("human"):
        step.change(task_id, status="HumanAssigned")
    elif task.get("closed_at_work") or (task.get("pr_number") and wants_rework(task)):
        step.change(task_id, status="InProgress", agent="wanted")
    elif task.get("pr_number") and task.get("draft"):
        escalate(step, task_id, STILL_A_DRAFT)
    elif task.get("pr_number"):
        step.change(task_id, status="InReview")


def task_retry(step: Step, task_id: str, event: TaskRetry) -> None:
    """A new attempt now, counters reset; the model that is named stays the task's."""
    if event.get("model"):
        step.change(task_id, model=event["model"])
    task = step.tasks[task_id]
    stop_run(step, task_id)
    forget_silence(step, task)
    resume(step, framework_of(step, task))
    forget_setbacks(step, task_id)
    if task.get("red_rounds"):
        step.change(task_id, red_rounds={})
    if task.get("failures"):
        step.change(task_id, failures=0)
    hand_back(step, task_id)
    task = step.tasks[task_id]
    fields: TaskChange = {
        "intervention_count": 0,
        "useless_rounds": 0,
        "conflicts": 0,
        "closures": 0,
        "review_rounds": 0,
        "probed": False,
        "feedback": event.get("hint") or task.get("feedback"),
        "wait": None,
        "blocked_by": None,
        "agent": None,
        "merging": None,
    }
    step.change(task_id, **fields)
    if task.get("issue_number") is None:
        step.change(task_id, status="Pending")
    else:
        step.change(task_id, status="InProgress", agent="wanted", restarted_at=step.moment())


def hand_back(step: Step, task_id: str) -> None:
    """A person's task is an agent's again, which is told of what they did."""
    task = step.tasks[task_id]
    if task["status"] == "HumanAssigned":
        step.change(
            task_id, human=None, human_since=None, feedback=joined(task.get("feedback"), PERSONS_WORK)
        )
        step.decide({"type": "assign_issue", "task_id": task_id, "human": None})


def task_restart(step: Step, task_id: str, event: TaskRestart) -> None:
    """No counter changes: the next run goes on with what this one had done."""
    task = step.tasks[task_id]
    if task.get("agent") in AT_WORK:
        stop_run(step, task_id)
        begun = task["status"] == "InProgress"  # what is Ready wants its first agent all the same
        step.change(task_id, agent="wanted" if begun else None, probed=False, wait=None)


def task_assigned(step: Step, task_id: str, event: TaskAssigned) -> None:
    """A person has it: no agent starts, and nothing of it is merged for them."""
    stop_run(step, task_id)
    step.change(task_id, human_since=step.moment())
    step.change(task_id, human=event["human"], agent=None, wait=None, blocked_by=None, merging=None)
    step.change(task_id, status="HumanAssigned")
    step.decide({"type": "assign_issue", "task_id": task_id, "human": event["human"]})


def forget_silence(step: Step, task: Task) -> None:
    """The supervisor's own counter of this agent begins anew too."""
    counters = step.state.get("interventions") or {}
    if task.get("agent_id") in counters:
        others = {name: count for name, count in counters.items() if name != task["agent_id"]}
        step.state = {**step.state, "interventions": others}


def task_skip(step: Step, task_id: str, event: TaskSkip) -> None:
    stop_run(step, task_id)
    step.change(task_id, status="Skipped", agent=None, completed_at=step.moment(), merging=None, wait=None)
    step.decide(
        {
            "type": "close_skipped",
            "task_id": task_id,
            "issue_number": step.tasks[task_id].get("issue_number"),
            "actor": event.get("actor"),
        }
    )


def task_dropped(step: Step, task_id: str, event: TaskDropped) -> None:
    """It is no part of the plan any more; nothing comes after it."""
    stop_run(step, task_id)
    step.change(task_id, status="Cancelled", agent=None, completed_at=step.moment(), merging=None, wait=None)
    number = step.tasks[task_id].get("issue_number")
    step.decide(
        {"type": "close_dropped", "task_id": task_id, "issue_number": number, "actor": event.get("actor")}
    )


def task_held(step: Step, task_id: str, event: TaskHeld) -> None:
    """No merge until it is released; one that was asked for is withdrawn."""
    step.change(task_id, hold=event["actor"])
    step.decide({"type": "show_hold", "task_id": task_id})


def task_merge(step: Step, task_id: str, event: TaskMerge) -> None:
    """For this head alone; a merge that the forge refused, or that no approval allowed, is tried again."""
    if event["head_sha"] in heads(step.tasks[task_id]):
        step.change(task_id, merge_asked=event["head_sha"], wait=None, refusal="")


def task_told(step: Step, task_id: str, event: TaskTold) -> None:
    """For the run that works or waits for a worker, its prompt being written, and for every later one."""
    told: Told = {"told_by": event["actor"] or "", "text": event["text"][:LONGEST_TOLD]}
    task = step.change(task_id, told=[*step.tasks[task_id].get("told", []), told][-MOST_TOLD:])
    if task.get("agent") in AT_WORK:
        step.decide({"type": "tell_agent", "task_id": task_id, "attempt": task["attempt"], "told": told})


def task_unheld(step: Step, task_id: str, event: TaskUnheld) -> None:
    step.change(task_id, hold=None)
    step.decide({"type": "show_hold", "task_id": task_id})


def task_cancelled(step: Step, task_id: str, event: TaskCancelled) -> None:
    stop_run(step, task_id)
    step.change(task_id, status="Cancelled", agent=None, completed_at=step.moment(), merging=None, wait=None)


def agent_intervened(step: Step, task_id: str, event: AgentIntervened) -> None:
    """The supervisor's step on a silent agent: probe, restart, or ask a person."""
    task = step.tasks[task_id]
    if task["status"] == "InReview":
        end_silent_run(step, task_id, event["action"])
        return
    count = task.get("intervention_count", 0) + 1
    agent_id, reason = task.get("agent_id"), event.get("reason")
    if event["action"] == "probe":
        step.change(task_id, probed=True, intervention_count=count)
        step.decide(
            {
                "type": "escalate",
                "task_id": task_id,
                "agent_id": agent_id,
                "action": "probe",
                "reason": reason,
            }
        )
    elif event["action"] == "restart":
        stop_run(step, task_id)
        step.change(task_id, probed=True, intervention_count=count, agent="wanted")
        step.decide(
            {
                "type": "escalate",
                "task_id": task_id,
                "agent_id": agent_id,
                "action": "restart",
                "reason": reason,
            }
        )
    else:
        step.change(task_id, intervention_count=count)
        escalate(step, task_id, str(reason))
    last = step.actions[-1]
    if event.get("found") and last["type"] == "escalate":
        last["found"] = event["found"]


def end_silent_run(step: Step, task_id: str, action: str) -> None:
    """Its pull request is in review already: the run gives up its place; what it did not hear comes next."""
    task = step.tasks[task_id]
    if action == "probe" or task.get("agent") not in AT_WORK:
        return
    if task.get("unheard"):
        next_round(step, task_id, sent_back=True)
        return
    stop_run(step, task_id, drop=True)
    step.change(task_id, agent=None)


def spawn_requested(step: Step, task_id: str, event: SpawnRequested) -> None:
    if step.tasks[task_id].get("agent") not in AT_WORK and step.tasks[task_id].get("issue_number"):
        step.change(task_id, status="InProgress", agent="wanted", wait=None)


def stop_requested(step: Step, task_id: str, event: StopRequested) -> None:
    stop_run(step, task_id)
    step.change(task_id, agent=None, wait="its agent was stopped on request")


LIFE: dict[str, tuple[Sequence[TaskStatus], Callable[[Step, str, Any], None]]] = {  # each takes its own event
    "issue_opened": (("Pending", "Ready", "Blocked"), issue_opened),
    "issue_refused": (("Pending", "Ready", "Blocked"), issue_refused),
    "agent_started": (("Ready", "InProgress"), agent_started),
    "agent_pushed": ((*OPEN, "Skipped"), agent_pushed),
    "agent_heartbeat": (("InProgress",), agent_heartbeat),
    "agent_finished": (("Ready", "InProgress", "InReview", *WITH_A_PERSON, *ENDED), agent_finished),
    "agent_intervened": (("InProgress", "InReview"), agent_intervened),
    "pr_opened": (("Ready", "InProgress", "Escalated"), pr_opened),
    "pr_synchronized": (("InProgress", "InReview", *WITH_A_PERSON), pr_synchronized),
    "pr_review_submitted": (("InProgress", "InReview", *WITH_A_PERSON), pr_review_submitted),
    "check_completed": (("InProgress", "InReview", *WITH_A_PERSON), check_completed),
    "checks_failed": (("InReview",), checks_failed),
    "pr_merged": ((*OPEN, "Skipped"), pr_merged),
    "pr_closed": ((*OPEN, "Skipped"), pr_closed),
    "pr_reopened": (("Ready", "InProgress", "Escalated"), pr_reopened),
    "pr_conflict": (("InReview",), pr_conflict),
    "merge_refused": (("InReview",), merge_refused),
    "merge_denied": (("InReview",), merge_denied),
    "merge_postponed": (("InReview",), merge_postponed),
    "approval_kept": ((*OPEN, "Skipped"), approval_kept),
    "issue_closed": (OPEN, issue_closed),
    "issue_reopened": (("Skipped",), issue_reopened),
    "spawn_requested": (("Ready", "InProgress", "Escalated"), spawn_requested),
    "stop_requested": (("Ready", "InProgress"), stop_requested),
    "wait_over": ((*OPEN, *ENDED), wait_over),
    "task_retry": (("Ready", "InProgress", "InReview", "Blocked", "Escalated", "HumanAssigned"), task_retry),
    "task_restart": (("Ready", "InProgress"), task_restart),
    "task_assigned": (OPEN, task_assigned),
    "task_skip": (OPEN, task_skip),
    "task_dropped": (OPEN, task_dropped),
    "task_held": (OPEN, task_held),
    "task_merge": (("InReview",), task_merge),
    "task_told": (OPEN, task_told),
    "task_unheld": (OPEN, task_unheld),
    "task_cancelled": (OPEN, task_cancelled),
}


# --- what follows from the tasks as they stand --------------------------------------------------------------


def open_milestone(step: Step) -> None:
    """Once all before it has ended, people are asked whether the next milestone may begin, or it begins.

    One whose tasks have all ended is passed over.
    """
    found = milestones(step)
    opened = [*found[:1], *(step.state.get("opened") or [])]
    later_ones = [one for one in found if one not in opened]
    name = next((one for one in later_ones if has_work(step, one)), None)
    if name is None or any(has_work(step, one) for one in opened):
        return
    task_id = next(one for one, task in step.tasks.items() if task.get("milestone") == name)
    before = [one for one in found if one in opened][-1]
    by_itself = milestones_follow(step)
    if by_itself:
        passed = later_ones[: later_ones.index(name)]
        step.state = {**step.state, "opened": [*opened[1:], *passed, name]}
    elif step.state.get("next_asked") == name:
        return
    else:
        step.state = {**step.state, "next_asked": name}
    step.decide(
        {
            "type": "tell_milestone", "task_id": task_id, "milestone": name, "before": before,
            "by_itself": by_itself,
        }
    )  # fmt: skip


def milestones(step: Step) -> list[str]:
    """Their names, in the plan's order."""
    return list(dict.fromkeys(name for task in step.tasks.values() if (name := task.get("milestone"))))


def has_work(step: Step, milestone: str) -> bool:
    """Whether a task of it has not ended."""
    return any(
        task.get("milestone") == milestone and status_of(task) not in ENDED for task in step.tasks.values()
    )


def milestones_follow(step: Step) -> bool:
    """Whether nobody need be asked: by the repository's file, by `/auto on`, and in the tick."""
    policy = step.policy
    if policy is None or policy.get("gates_open"):
        return True
    return "auto" in (policy.get("milestones"), policy.get("next_gate"))


def may_begin(step: Step, task: Task) -> bool:
    """Whether its milestone is open; a task of none belongs to no gate."""
    name = task.get("milestone")
    return not name or name in [*milestones(step)[:1], *(step.state.get("opened") or [])]


def unblock(step: Step) -> None:
    """Make tasks Ready that wait for nothing more, and Pending again what nothing blocks any more."""
    waiting = [name for name, task in step.tasks.items() if status_of(task) in ("Pending", "Blocked")]
    changed = True
    while changed:
        changed = False
        for task_id in waiting:
            after = freed(step, step.tasks[task_id])
            if after is not None:
                changed = True
                step.change(task_id, status=after, blocked_by=None)
                start_in_the_tick(step, task_id)


def freed(step: Step, task: Task) -> TaskStatus | None:
    """What a waiting task becomes now; None where it stays as it is."""
    statuses = [dependency_status(step, name) for name in task.get("depends_on") or []]
    is_free = all(status == "Done" for status in statuses) and may_begin(step, task)
    if task["status"] in ("Pending", "Blocked") and is_free:
        return "Ready"
    if task["status"] == "Blocked" and not any(status in NEVER_DONE for status in statuses):
        return "Pending"
    return None


def dependency_status(step: Step, name: str) -> TaskStatus:
    return status_of(step.tasks[name]) if name in step.tasks else "Pending"


def block(step: Step) -> None:
    """Block a task that depends on one that will never be done, and so on down the graph."""
    changed = True
    while changed:
        changed = False
        for task_id, task in list(step.tasks.items()):
            if status_of(task) == "Pending":
                dead = [d for d in task.get("depends_on") or [] if dependency_status(step, d) in NEVER_DONE]
                if dead:
                    reason = f"{dead[0]} is {dependency_status(step, dead[0])}"
                    step.change(task_id, status="Blocked", blocked_by=reason)
                    changed = True


def dispatch(step: Step) -> None:
    """Open the issue of every task that needs one, and start as many agents as there is room for.

    A hotfix starts beside them: it takes no room, and nobody's open pull requests hold it back.
    """
    if step.paused():
        return
    for task_id, task in list(step.tasks.items()):
        if task.get("issue_number") is None and not task.get("issue_asked") and needs_issue(step, task):
            step.change(task_id, issue_asked=True)
            step.decide({"type": "create_issue", "task_id": task_id, "title": task.get("title") or task_id})
    if step.policy is None:
        return
    busy = sum(task.get("agent") in AT_WORK and not task.get("hotfix") for task in step.tasks.values())
    free = step.policy.get("parallel", PARALLEL) - busy
    for task_id in sorted(step.tasks, key=lambda name: turn(step.tasks[name])):
        task = step.tasks[task_id]
        has_room = task.get("hotfix") or (free > 0 and not waits_for_people(step, task))
        if has_room and wants_agent(task) and may_start(step, task) and not task.get("over_budget"):
            start_agent(step, task_id)
            free -= 0 if task.get("hotfix") else 1


def turn(task: Task) -> tuple[bool, bool]:
    """A hotfix goes first, then what has begun."""
    return not task.get("hotfix"), task["status"] != "InProgress"


def hold_over_budget(step: Step) -> None:
    """No agent of a task starts whose budget, or the sprint's, is used up; one at work goes on."""
    for task_id, task in list(step.tasks.items()):
        over = [(scope, budget) for scope, budget, used in budgets(step, task_id) if used >= budget["amount"]]
        words = None
        if over and task["status"] not in ENDED:
            scope, budget = over[0]
            words = f"the budget of this {scope}, {budget_words(budget)}, is used up (`budget.{scope}`)"
        if task.get("over_budget") != words:
            step.change(task_id, over_budget=words)
            if words and over[0][0] == "day":
                step.decide({"type": "wake_later", "task_id": task_id, "seconds": until_midnight(step)})


def until_midnight(step: Step) -> float:
    """Seconds until the next day begins, in UTC, and one more."""
    now = moment_of(step.moment()).astimezone(datetime.UTC)
    return 86401.0 - (now - now.replace(hour=0, minute=0, second=0, microsecond=0)).total_seconds()


def waits_for_people(step: Step, task: Task) -> bool:
    """A task that has not begun, while as many pull requests as may be stand in review; rework goes on."""
    most = step.policy.get("max_unreviewed", MAX_UNREVIEWED) if step.policy else MAX_UNREVIEWED
    unreviewed = [one for one in step.tasks.values() if one["status"] == "InReview" and not one.get("agent")]
    return task["status"] == "Ready" and len(unreviewed) >= most


def settle_checks(step: Step) -> None:
    """Of a head whose checks have ended and stayed red for a while, what failed is read, once."""
    if step.policy is None:
        return
    settle_s = step.settle_s()
    for task_id, task in list(step.tasks.items()):
        since, head = task.get("red_since"), task.get("head_sha")
        if not is_red(task):
            if since:
                step.change(task_id, red_since=None, red_read=None)
        elif since is None:
            step.change(task_id, red_since=step.moment())
            step.decide({"type": "wake_later", "task_id": task_id, "seconds": settle_s})
        elif head and task.get("red_read") != head and minutes(since, step.moment()) * 60 >= settle_s:
            step.change(task_id, red_read=head)
            step.decide(
                {
                    "type": "read_failures",
                    "task_id": task_id,
                    "pr_number": cast("int", task["pr_number"]),
                    "head_sha": head,
                }
            )


def needs_issue(step: Step, task: Task) -> bool:
    """A Ready task; and one behind a skipped one: only on its issue can it be skipped too."""
    if task["status"] != "Blocked" or step.policy is None:
        return bool(task["status"] == "Ready")
    return any(dependency_status(step, name) == "Skipped" for name in task.get("depends_on") or [])


def wants_agent(task: Task) -> bool:
    if task["status"] == "Ready":
        return task.get("issue_number") is not None and not task.get("agent") and not task.get("wait")
    return bool(task["status"] == "InProgress" and task.get("agent") == "wanted")


def start_agent(step: Step, task_id: str) -> None:
    attempt = step.tasks[task_id].get("attempt", 0) + 1
    before = step.tasks[task_id]
    task = step.change(task_id, attempt=attempt, agent="queued", last_activity_at=step.moment())
    framework = framework_of(step, task)
    if pause := pauses(step).get(framework):
        set_pause(step, framework, {**pause, "trying": task_id})
    if before.get("unheard"):
        step.change(task_id, feedback=joined(before.get("feedback"), before["unheard"]), unheard=None)
    wanted: AgentWanted = {
        "type": "spawn_agent",
        "task_id": task_id,
        "agent_id": task.get("agent_id"),
        "issue_number": task.get("issue_number"),
        "attempt": attempt,
    }
    if counted := budgets(step, task_id):
        wanted["left"] = [{**budget, "amount": int(budget["amount"] - used)} for _, budget, used in counted]
    step.decide(wanted)


def find_stalls(step: Step) -> None:
    """The tick's ladder, where no supervisor watches the agent: probe, restart, one call for a person."""
    if step.policy is not None:
        return
    for task_id, task in list(step.tasks.items()):
        since = task.get("last_activity_at") or task.get("started_at")
        if task["status"] == "InProgress" and since and not watched(step, task):
            silent_m = minutes(str(since), step.moment())
            if silent_m > step.stall_threshold_m:
                climb(step, task_id, int(silent_m))


def watched(step: Step, task: Task) -> bool:
    return step.agents is not None and task.get("agent_id") in step.agents


def climb(step: Step, task_id: str, silent_m: int) -> None:
    task = step.tasks[task_id]
    count = task.get("intervention_count", 0)
    rungs: tuple[SupervisorStep, ...] = ("probe", "restart", "escalate_human")
    reasons = (
        f"No activity for {silent_m} minutes",
        f"Stalled after probe ({silent_m} min)",
        f"Repeated stall ({count} interventions)",
    )
    rung = min(count, 2)
    step.change(task_id, intervention_count=count + 1, last_activity_at=step.moment())
    if rung == 2:
        step.change(task_id, status="Escalated")
    step.decide(
        {
            "type": "escalate",
            "task_id": task_id,
            "agent_id": task.get("agent_id"),
            "action": rungs[rung],
            "reason": reasons[rung],
        }
    )


def minutes(earlier: str, later: str) -> float:
    return (moment_of(later) - moment_of(earlier)).total_seconds() / 60


def moment_of(text: str) -> datetime.datetime:
    """A time as text, taken for UTC where it names no zone."""
    moment = datetime.datetime.fromisoformat(text)
    return moment if moment.tzinfo else datetime.datetime.fromisoformat(text + "+00:00")


def merge_next(step: Step) -> None:
    """Merges go one at a time into one base: a hotfix, else the first in the plan's order that may be."""
    if step.policy is None:
        merge_in_the_tick(step)
        return
    withdraw(step)
    if any(task["status"] == "InReview" and task.get("merging") for task in step.tasks.values()):
        return
    for task_id, task in sorted(step.tasks.items(), key=lambda item: not item[1].get("hotfix")):
        still_to_hear = task.get("unheard") and task.get("agent") in AT_WORK
        if may_merge(step, task) and not still_to_hear:
            step.change(task_id, merging=task["head_sha"])
            step.decide(
                {
                    "type": "merge_pr",
                    "task_id": task_id,
                    "pr_number": task["pr_number"],
                    "head_sha": task["head_sha"],
                }
            )
            return


def withdraw(step: Step) -> None:
    """A merge that still waits for the forge is off once what it was asked for is not there any more."""
    for task_id, task in list(step.tasks.items()):
        if task.get("merging") and not may_merge(step, task):
            step.change(task_id, merging=None)


def merge_in_the_tick(step: Step) -> None:
    """Ask once for the merge of what was approved; `build_tick_output` takes it back if that failed."""
    for task_id, task in list(step.tasks.items()):
        approved, head = task.get("approved"), task.get("head_sha")
        stale = head is not None and approved not in (True, head)
        if task["status"] == "InReview" and approved and not stale and task.get("merging") != approved:
            step.change(task_id, merging=approved)
            number, issue = task["pr_number"], task.get("issue_number")
            merge: MergeWanted = {
                "type": "merge_pr", "task_id": task_id, "pr_number": number, "issue_number": issue
            }  # fmt: skip
            if isinstance(approved, str):
                merge["head_sha"] = approved
            step.decide(merge)


def may_merge(step: Step, task: Task) -> bool:
    if task["status"] != "InReview" or not task.get("head_sha") or task.get("wait") or task.get("draft"):
        return False
    if is_held(step, task) or step.paused() or not green(task.get("checks", {})) or task.get("expected"):
        return False
    if task.get("hotfix") and not is_verified(task):
        return False
    reviews = [one for one in task.get("reviews", {}).values() if one["commit_sha"] in heads(task)]
    approved = any(one["state"] == "approved" for one in reviews)
    refused = any(one["state"] == "changes_requested" for one in reviews)
    asked = step.merge_mode() != "manual" or task.get("merge_asked") in heads(task)
    return approved and not refused and asked


def heads(task: Task) -> list[str]:
    """Its head, and the older ones that differ from it only by the base merged in."""
    head, kept = task.get("head_sha"), task.get("kept") or []
    if head and head in kept:
        return kept[kept.index(head) :]
    return [head] if head else []


def is_verified(task: Task) -> bool:
    """Whether a check passed on its head, or the repository's own commands did."""
    passed = "success" in (task.get("checks", {}).get("contexts") or {}).values()
    return passed or task.get("verified") in heads(task)


def is_held(step: Step, task: Task) -> bool:
    """By a person; or by the label alone, until it is known who set it."""
    issues = step.state.get("issues", {})
    threads = (str(task.get("issue_number")), str(task.get("pr_number")))
    labels = [label for number in threads for label in issues.get(number, {}).get("labels") or []]
    return bool(task.get("hold")) or HOLD in labels


def job_of(name: str) -> str:
    """Without what started it: forges' own CI says `(push)` on the base, `(pull_request)` here."""
    return STARTED_BY.sub("", name)


def green(checks: Checks) -> bool:
    """Nothing failed or pending, and nothing missing that the base requires."""
    return checks.get("state", "none") in ("success", "none") and not checks.get("missing")


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
