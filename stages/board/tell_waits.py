"""List what every task of every sprint waits for: the reasons in order, the first one for the board."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, NotRequired, TypedDict

if TYPE_CHECKING:
    from stages.world import Checks, Kickoff, Pause, Policy, State, Task

NAME = "tell_waits"


class Input(TypedDict):
    state: State
    policy: Policy


class Output(TypedDict):
    waits: dict[str, dict[str, list[str]]]  # kickoff number → task id → reasons
    reviews: dict[str, list[str]]  # kickoff number → ids of the tasks that wait for a review
    ready: dict[str, list[str]]  # kickoff number → ids of the tasks that wait for nothing but to be merged
    locked: NotRequired[dict[str, str]]  # kickoff number → which other installation keeps it from starting


MAX_UNREVIEWED = 3
RESUME = "`/resume` continues"
NO_LOCK = "another installation of the bot has the lock of this repository; `/unlock` takes over"
MOST_NAMED = 5
FREE, TURN, MERGING = "waiting for a free agent", "approved, waiting for its turn", "being merged"
UNVERIFIED = "waiting for a check that passes: a hotfix needs one, or `verify` in `.caloron.yml`"
NOT_SAID = "approved; waits for `/merge` by someone with maintain permission"


def execute(input: Input) -> Output:
    state, policy = input["state"], input["policy"]
    sprints = {number: tasks_of(state, kickoff) for number, kickoff in state["kickoffs"].items()}
    waits = {
        number: all_reasons(state, policy, tasks, state["kickoffs"][number])
        for number, tasks in sprints.items()
    }
    told: Output = {
        "waits": waits,
        "reviews": {number: unreviewed(tasks) for number, tasks in sprints.items()},
        "ready": {number: ready_to_merge(found) for number, found in waits.items()},
    }
    kept = locked(state)
    return {**told, "locked": kept} if kept else told


def ready_to_merge(waits: dict[str, list[str]]) -> list[str]:
    return [name for name, reasons in waits.items() if reasons in ([TURN], [MERGING])]


ENDED = ("Done", "Skipped", "Cancelled")


def tasks_of(state: State, kickoff: Kickoff) -> dict[str, Task]:
    running = state.get("running") == kickoff["number"]
    tasks: dict[str, Task] = state["tasks"] if running else kickoff.get("tasks") or kickoff.get("plan") or {}
    return tasks


def unreviewed(tasks: dict[str, Task]) -> list[str]:
    return [name for name, task in tasks.items() if task["status"] == "InReview" and not is_approved(task)]


def all_reasons(
    state: State, policy: Policy, tasks: dict[str, Task], kickoff: Kickoff
) -> dict[str, list[str]]:
    paused, found = state.get("pauses") or {}, {}
    for name, task in tasks.items():
        held, stops = held_by(state, task), paused_by(paused, policy, task)
        found[name] = [*stops, *held] if stops else reasons(policy, tasks, task, held)
        if task["status"] == "Pending" and task.get("milestone") not in (state.get("opened") or []):
            found[name] += milestone(tasks, task)
        if kickoff["status"] == "Paused":
            found[name] = with_pause(found[name], task, f"paused by @{kickoff['paused_by']}; {RESUME}")
        elif str(kickoff["number"]) in locked(state) and state.get("running") == kickoff["number"]:
            found[name] = with_pause(found[name], task, NO_LOCK)
    return found


def locked(state: State) -> dict[str, str]:
    """The sprint that another installation of the bot keeps from starting things, with the words for that."""
    lock = state.get("lock")
    other = lock.get("other") if lock and not lock["held"] else None
    if lock is None or other is None:
        return {}
    name = f"{as_code(other['installation'], 20)} (account {as_code(other['author'], 60)})"
    words = (
        f"Another installation of the bot, {name}, has the lock of this repository, for #{other['number']}. "
        "This sprint goes on once that one has ended, or its lock was not renewed until "
        f"{moment(other['until'])} UTC; `/unlock`, by a maintainer, takes over."
    )
    return {str(lock["number"]): words}


def with_pause(found: list[str], task: Task, why: str) -> list[str]:
    """A paused sprint keeps a task from starting, or from being merged; not an agent at work."""
    at_work = task["status"] == "InProgress" and task.get("agent") == "running"
    if at_work or task["status"] not in ("Ready", "InProgress", "InReview"):
        return found
    others = [] if task.get("agent") == "queued" else [one for one in found if one not in (FREE, TURN)]
    return [*others, why]


def paused_by(paused: dict[str, Pause], policy: Policy, task: Task) -> list[str]:
    """What of its model or framework keeps a task from starting."""
    ready = task["status"] == "Ready" and task.get("issue_number") and not task.get("agent")
    if not ready and not (task["status"] == "InProgress" and task.get("agent") == "wanted"):
        return []
    framework = task.get("framework") or policy["framework"]
    if pause := paused.get(framework):
        name = as_code(framework)
        if pause["outcome"] == "auth":
            return [f"{name} is not installed, or cannot log in to its model; `/retry` when that is fixed"]
        if pause["outcome"] == "no_sandbox":
            return ["the bot's machine has no walls for agents; `/retry` when that is fixed"]
        return [f"{name} has used up its quota; one task tries again at {moment(pause['until'])} UTC"]
    if at := task.get("not_before"):
        return [f"its model is overloaded or out of reach; it starts again at {moment(at)} UTC"]
    return []


def moment(at: str | None) -> str:
    """To the second."""
    return as_code(str(at)[:19].replace("T", " "))


def held_by(state: State, task: Task) -> list[str]:
    """Who blocks its merge; nobody is known yet while there is only the label."""
    if task.get("hold"):
        return [f"held by @{task['hold']}; `/unhold` to let it merge"]
    issues, threads = state.get("issues", {}), (task.get("issue_number"), task.get("pr_number"))
    labels = [label for number in threads for label in issues.get(str(number), {}).get("labels") or []]
    return ["held: the label `caloron:hold` is set"] if "caloron:hold" in labels else []


def reasons(policy: Policy, tasks: dict[str, Task], task: Task, held: list[str]) -> list[str]:
    match task["status"]:
        case "Pending":
            open_ = [
                name
                for name in task.get("depends_on") or []
                if name not in tasks or tasks[name]["status"] != "Done"
            ]
            return ["after " + ", ".join(f"`{name}`" for name in open_)] if open_ else []
        case "Ready":
            return [no_start(policy, tasks, task)] if task.get("issue_number") else []
        case "InProgress":
            return [at_work(policy, task), *held]
        case "InReview":
            return in_review(policy, task, held)
        case "Blocked":
            return [f"blocked: {blocked(tasks, task)}"]
        case "Escalated":
            return [f"needs you: {shown_text(task.get('wait') or 'it is stuck')}"]
        case "HumanAssigned":
            return [f"@{task['human']} has it; `/hand-back` gives it back to an agent"]
        case status:
            words = policy["statuses"][status].get("words")
            return [words] if words else []


def milestone(tasks: dict[str, Task], task: Task) -> list[str]:
    """What keeps the milestone of a task that has not begun from beginning."""
    order = sorted(tasks, key=lambda name: tasks[name].get("position") or 0)
    found = list(dict.fromkeys(name for one in order if (name := tasks[one].get("milestone"))))
    own = task.get("milestone")
    earlier = found[: found.index(own)] if own else []
    todo = [tasks[one] for one in order if tasks[one].get("milestone") in earlier]
    first = next((one for one in todo if one["status"] not in ENDED), None)
    if first:
        return [f"its milestone begins after {shown_text(first['milestone'])}"]
    return [f"`/next` begins {shown_text(own)}"] if earlier else []


def blocked(tasks: dict[str, Task], task: Task) -> str:
    """The task that blocks this one, and what helps in this case."""
    before = [tasks[name] | {"id": name} for name in task.get("depends_on") or [] if name in tasks]
    dead = next((one for one in before if one["status"] in WAYS_OUT), None)
    if dead is None:
        return shown_text(task.get("blocked_by"))
    again = dead.get("skipped_by") == "close" and dead.get("issue_number")
    back = f", or reopen #{dead['issue_number']}" if again else ""
    return f"{dead['id']} is {dead['status']}; {WAYS_OUT[dead['status']]}{back}"


WAYS_OUT = {
    "Skipped": "`/skip` this task too, on its issue",
    "Escalated": "`/retry` or `/skip` that one first",
    "Blocked": "resolve that one first",
}


def no_start(policy: Policy, tasks: dict[str, Task], task: Task) -> str:
    """Why a task has not begun: unless it has a reason of its own, people have enough to review."""
    open_ = sum(one["status"] == "InReview" and not one.get("agent") for one in tasks.values())
    own = policy.get("budget_spent") or task.get("over_budget") or task.get("wait")
    if own or task.get("hotfix") or open_ < policy.get("max_unreviewed", MAX_UNREVIEWED):
        return no_agent(policy, task)
    pulls = "1 pull request waits" if open_ == 1 else f"{open_} pull requests wait"
    return f"waiting: {pulls} for a review"


def no_agent(policy: Policy, task: Task) -> str:
    """Why no agent has started yet; the operator's cap comes first."""
    if over := policy.get("budget_spent") or task.get("over_budget"):
        return over
    return shown_text(task.get("wait") or FREE)


def at_work(policy: Policy, task: Task) -> str:
    if task.get("agent") == "queued" and policy.get("budget_spent"):
        return str(policy["budget_spent"])
    if task.get("agent") in ("wanted", None):
        return no_agent(policy, task)
    again = f", round {task['round']}" if task.get("round", 1) > 1 else ""
    silent = ", no sign of life" if task.get("probed") else ""
    return f"agent `{task['agent_id']}` is working{again}{silent}{last_step(task)}"


def last_step(task: Task) -> str:
    """What it did last, and since when."""
    step = task.get("step")
    doing = as_code(step["doing"], 100) if step and step["attempt"] == task.get("attempt") else ""
    return f": {doing} since {str(step['step_at'])[11:16]} UTC" if step and doing else ""


def in_review(policy: Policy, task: Task, held: list[str]) -> list[str]:
    """Everything that keeps it from being merged; what the forge or CI decides comes first."""
    if task.get("merging") and not held:
        return [MERGING]
    parts = [*held, shown_text(task["wait"])] if task.get("wait") else [*held]
    parts += [*of_checks(task.get("checks") or {}), *to_come(task)] or of_hotfix(task)
    if not is_approved(task):
        parts.append("waiting for a review")
    elif policy.get("merge") == "manual" and task.get("merge_asked") not in heads(task):
        parts.append(NOT_SAID)
    return parts or [TURN]


def of_checks(checks: Checks) -> list[str]:
    parts = []
    if checks.get("state") == "failure":
        parts.append(f"its checks failed{in_state(checks, 'failure')}")
    if "*" in (checks.get("missing") or []):
        parts.append("waiting for a check: the base branch requires one, but none has reported")
    elif checks.get("missing"):
        parts.append("waiting for the required " + named_checks(checks["missing"]))
    if checks.get("state") == "pending":
        parts.append(f"waiting for its checks{in_state(checks, 'pending')}")
    return parts


def in_state(checks: Checks, state: str) -> str:
    """Their names, of those that must be green."""
    ignored = checks.get("ignored") or []
    found = [name for name, one in sorted((checks.get("contexts") or {}).items()) if one == state]
    names = [as_code(name) for name in found if name not in ignored]
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return f": {', '.join(names[:MOST_NAMED])}{more}" if names else ""


def to_come(task: Task) -> list[str]:
    """The expected checks that have not reported on its head."""
    names = task.get("expected")
    return [f"waiting for the {named_checks(names)} on its head"] if names else []


def of_hotfix(task: Task) -> list[str]:
    """A hotfix needs a check that passed on its head, or the repository's own commands that did."""
    passed = "success" in ((task.get("checks") or {}).get("contexts") or {}).values()
    if not task.get("hotfix") or passed or task.get("verified") in heads(task):
        return []
    return [UNVERIFIED]


def is_approved(task: Task) -> bool:
    """Whether its head was approved and nobody requested changes to it."""
    reviews = (task.get("reviews") or {}).values()
    verdicts = {review["state"] for review in reviews if review["commit_sha"] in heads(task)}
    return "approved" in verdicts and "changes_requested" not in verdicts


def heads(task: Task) -> list[str]:
    """Its head, and the older ones that differ from it only by the base merged in."""
    head, kept = task.get("head_sha"), task.get("kept") or []
    if head and head in kept:
        return kept[kept.index(head) :]
    return [head] if head else []


def named_checks(names: list[str]) -> str:
    """As code, where a pattern's stars are no markup."""
    shown = ", ".join(map(as_code, names))
    return f"check {shown}" if len(names) == 1 else f"checks {shown}"


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

shown_text = functools.lru_cache(maxsize=20_000)(as_text)  # a board has the same titles time and again


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
