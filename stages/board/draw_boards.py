"""Draw the board of every kickoff: the task graph, a checklist with links, and what each task waits for."""

from __future__ import annotations

import datetime
import functools
import hashlib
import math
import re
import textwrap
from collections.abc import Callable
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from stages.world import (
        Board, Brief, Briefs, Budget, Cost, Forecast, Kickoff, LoggedCommand, Offer, Policy, State,
        StatusLook, Task, TaskStatus, WhatWaits,
    )  # fmt: skip

NAME = "draw_boards"


class Written(TypedDict):
    sprints: dict[str, Brief]  # kickoff number → the sprint's brief, where it is to be read
    tasks: dict[str, Briefs]  # kickoff number → task id → the task's brief


class Foreseen(TypedDict):
    forecast: Forecast | None


class Offered(TypedDict):
    offers: dict[str, Offer]  # kickoff number → what its board offers


Statuses = dict["TaskStatus", "StatusLook"]
Waits = dict[str, list[str]]


class Input(TypedDict):
    state: State
    policy: Policy
    told: WhatWaits
    briefs: Written
    foreseen: Foreseen
    offered: Offered


class Output(TypedDict):
    boards: list[Board]


MOST_BOXES = 20
"""Beyond so many tasks the graph shows what is over as one box."""
OVER = ("Done", "Skipped", "Cancelled")
BULLET = re.compile(r"^[-*+]\s+")
MOST_REJECTIONS = 5
MOST_CHANGES, MOST_DIFFERENCES = 5, 20
MOST_NAMED = 8
WAITS_ALL_THE_SAME = "{} starts only what the one who says `/plan` wrote, and nobody sent back. "
TO_BE_READ = ("AwaitingApproval", "Approved")
HEAD = {
    "AwaitingApproval": "is waiting for your approval",
    "Approved": "is approved",
    "Running": "is running",
    "Paused": "is paused",
    "Review": "is done; the retro is being written",
    "Done": "is done",
    "Failed": "has failed",
    "Cancelled": "was stopped",
    "Planning": "is being planned",
    "Proposed": "was sent back",
}
MODE = {
    "on-approval": "a pull request is merged when someone with write permission has approved it "
    "and its checks are green",
    "manual": "a pull request is merged when it is approved, its checks are green, and someone with "
    "maintain permission has said `/merge`",
    "auto": "a pull request is merged when the reviewing account, or someone with write permission, "
    "has approved it and its checks are green",
}

EDIT_HEAD = "<details><summary>Edit the plan</summary>"
EDIT_HOW = (
    "Edit this comment: change a line, remove one, or add one in the same form. Whoever may say `/add-task` "
    "may do so. I check the plan as `/plan` does, answer with what changed, and refresh this comment."
)
EDIT_TICKED = " Tick a task above if it is done already: it leaves the plan."

WITH_PREFIX = "commands begin with `/caloron` here, as in `/caloron approve`; `/caloron help` lists them"
SHORT_OF_SPACE = (
    "No agent starts now: the bot's machine is short of disk space. It goes on by itself when there is room; "
    "whoever runs the bot sees more with `caloron doctor`."
)


NOTHING: Offer = {"boxes": [], "plan_lines": ""}


def execute(input: Input) -> Output:
    state, policy = input["state"], input["policy"]
    shown = [k for k in state["kickoffs"].values() if k.get("plan") or k.get("tasks")]
    shown.sort(key=lambda kickoff: kickoff["number"])
    foreseen = to_go(input["foreseen"]["forecast"])
    offers = input["offered"]["offers"]
    offered = [offers.get(str(one["number"]), NOTHING) for one in shown]
    told, briefs = input["told"], input["briefs"]
    boards = [
        board(state, policy, one, told, briefs, foreseen, offer)
        for one, offer in zip(shown, offered, strict=True)
    ]
    return {"boards": boards}


WALLS = {
    "off": "⚠️ Agents run without walls here: the operator has switched them off.",
    "bare": "⚠️ Agents run without walls here: the machine has none, and the operator allows that.",
    "refused": "⚠️ No agent is started here: the machine has no walls for them. `caloron doctor`, run by the "
    "operator, says what to install.",
}


def board(
    state: State,
    policy: Policy,
    kickoff: Kickoff,
    told: WhatWaits,
    briefs: Written,
    foreseen: str,
    offer: Offer,
) -> Board:
    number = str(kickoff["number"])
    waits, reviews = told["waits"][number], told["reviews"][number]
    running = state.get("running") == kickoff["number"]
    planned = kickoff["status"] in ("Planning", "Proposed", *TO_BE_READ)
    rows = functools.partial(plan_of, bool(offer["plan_lines"])) if planned else table
    tasks = in_order(state["tasks"] if running else kickoff.get("tasks") or kickoff["plan"] or {})
    parts = [
        f"### Sprint `{kickoff['id']}` {HEAD[kickoff['status']]}",
        sent_back(kickoff),
        edited(state, kickoff),
        what_next(state, policy, kickoff, tasks, reviews, offer),
        "\n".join(offer["boxes"]),
        keeps_out(kickoff, told),
        not_here(policy, kickoff, tasks),
        changes(kickoff),
        foreseen if running and kickoff["status"] == "Running" else "",
        removed(kickoff),
        cannot_read(state) if running else "",
        SHORT_OF_SPACE if running and state.get("short_of_space") else "",
        graph(policy["statuses"], tasks),
        "**Tasks**" if planned and offer["boxes"] else "",  # else both lists would be one
        by_milestone(tasks, functools.partial(rows, policy["statuses"], tasks, waits)),
        to_edit(kickoff, offer),
        told_by_repository(state, kickoff),
        told_to_agents(tasks, briefs["sprints"].get(number), in_order_of(tasks, briefs["tasks"].get(number))),
        commands(state, kickoff),
        left_out(kickoff),
        WALLS.get(policy.get("walls", ""), ""),
        no_tools(policy, tasks),
        footer(policy, kickoff, tasks),
        retro(kickoff),
    ]
    body = "\n\n".join(part for part in parts if part)
    return {"number": kickoff["number"], "body": body, "plan_hash": kickoff["plan_hash"],
            "asked": kickoff.get("asked_status_at"), "sprint": kickoff["id"]}  # fmt: skip


def not_here(policy: Policy, kickoff: Kickoff, tasks: dict[str, Task]) -> str:
    """Which agents cannot start where they run: known before anything is approved."""
    lacks = policy.get("not_here") or {}
    if kickoff["status"] not in (*TO_BE_READ, "Proposed", "Planning", "Running", "Paused"):
        return ""
    to_do = [task for task in tasks.values() if task["status"] not in OVER]
    used = sorted({task.get("framework") or policy["framework"] for task in to_do})
    found = [name for name in used if name in lacks]
    return "\n\n".join(f"⚠️ No agent of `{name}` can start here: {lacks[name]}." for name in found)


def retro(kickoff: Kickoff) -> str:
    """Beneath the rest once the sprint has ended: as a comment it would be one more mail beside the close."""
    text = (kickoff.get("retro_text") or "").strip()
    mark = f"<!-- caloron:retro key={kickoff['id']}/retro sprint={kickoff['id']} -->"
    return f"---\n\n{mark}\n\n{text}" if text else ""


WITHOUT_MCP = ("aider", "anthropic", "stub")
"""The frameworks that take no MCP servers."""


def no_tools(policy: Policy, tasks: dict[str, Task]) -> str:
    """Which agents of the sprint do not get the repository's MCP servers."""
    used = {task.get("framework") or policy["framework"] for task in tasks.values()}
    without = [name for name in WITHOUT_MCP if name in used]
    if not policy.get("mcp") or not without:
        return ""
    names = " and ".join(f"`{name}`" for name in without)
    return f"`agents.mcp` has no effect on tasks of {names}: they take no MCP servers."


def in_order(tasks: dict[str, Task]) -> dict[str, Task]:
    """The plan's order: the store keeps none."""
    return dict(sorted(tasks.items(), key=lambda item: (item[1].get("position") or math.inf, item[0])))


def in_order_of(tasks: dict[str, Task], briefs: Briefs | None) -> Briefs:
    return {name: briefs[name] for name in tasks if briefs and name in briefs}


# the words at the top


def what_next(
    state: State,
    policy: Policy,
    kickoff: Kickoff,
    tasks: dict[str, Task],
    reviews: list[str],
    offer: Offer,
) -> str:
    match kickoff["status"]:
        case "AwaitingApproval":
            here = "edit it below, " if offer["plan_lines"] else ""
            count = "one task" if len(tasks) == 1 else f"{len(tasks)} tasks"
            waits = waits_all_the_same(policy, kickoff)
            return (
                f"The plan has {count}. {waits}Say `/approve` to start it, `/reject plan <reason>` to send "
                f"it back, `/stop` to drop it. To change it, {here}say `/add-task` or `/drop-task`, or edit "
                "the text above and say `/plan`."
            )
        case "Proposed":
            return "Edit the text above, then say `/plan`; `/stop` drops it."
        case "Approved" if state.get("running") is not None:
            return f"Approved by @{kickoff['approved_by']}; waiting behind #{state['running']}."
        case "Approved":
            lock = state.get("lock")
            now = "" if lock and lock.get("other") else "; it starts now"
            return f"Approved by @{kickoff['approved_by']}{now}."
        case "Paused":
            until = (
                f"@{kickoff['paused_by']} paused it: nothing new starts and nothing is merged until `/resume`"
            )
            return f"{until}. Agents at work finish.\n\n{progress(tasks, reviews)}"
        case "Running":
            return progress(tasks, reviews)
        case "Done" | "Failed" | "Cancelled" | "Review":
            return f"{done_of(tasks)} done."
        case _:
            return ""


def keeps_out(kickoff: Kickoff, told: WhatWaits) -> str:
    """Which other installation of the bot has the lock of the repository."""
    words = told.get("locked", {}).get(str(kickoff["number"]))
    return f"⚠️ {words}" if words and kickoff["status"] in ("Approved", "Running", "Paused") else ""


def to_go(forecast: Forecast | None) -> str:
    if forecast is None:
        return ""
    chain = " → ".join(f"`{name}`" for name in forecast["critical"][:MOST_NAMED])
    return f"Still to go: {forecast['left']}, by how long tasks took. Longest chain: {chain}."


def waits_all_the_same(policy: Policy, kickoff: Kickoff) -> str:
    """Why it waits although the gate opens by itself."""
    if (kickoff.get("options") or {}).get("auto"):
        return WAITS_ALL_THE_SAME.format("`--auto`")
    return WAITS_ALL_THE_SAME.format("`gates.plan: auto`") if policy.get("plan_gate") == "auto" else ""


def sent_back(kickoff: Kickoff) -> str:
    """Who sent the plan back and why, until it is approved."""
    rejections = kickoff.get("rejections") or []
    if not rejections or kickoff["status"] not in ("Proposed", "Planning", "AwaitingApproval"):
        return ""
    often = "once" if len(rejections) == 1 else f"{len(rejections)} times"
    rows = [f"- @{one['actor']}: {as_text(one['rejected_for'])}" for one in rejections[-MOST_REJECTIONS:]]
    return "\n".join([f"Sent back {often}:", "", *rows])


def edited(state: State, kickoff: Kickoff) -> str:
    """Whether the text above is another one than what was planned."""
    issue = (state.get("issues") or {}).get(str(kickoff["number"])) or {}
    planned, now = kickoff.get("text_hash"), issue.get("body_hash")
    if not planned or not now or (planned == now and kickoff.get("title") == issue.get("title")):
        return ""
    if kickoff["status"] == "AwaitingApproval":
        return "⚠️ The text above has changed since this plan was made. Say `/plan` to plan it again."
    if kickoff["status"] in ("Approved", "Running", "Paused"):
        return (
            "The text above has changed since this plan was made, which changes nothing in the plan. "
            "Say `/add-task` or `/drop-task` here instead."
        )
    return ""


def changes(kickoff: Kickoff) -> str:
    """What became of the plan since it was first shown, and by whom."""
    if kickoff["status"] not in (*TO_BE_READ, "Running", "Paused"):
        return ""
    parts = []
    for one in (kickoff.get("changes") or [])[-MOST_CHANGES:]:
        rows = [f"{line[:1]} {as_title(line[2:])}" for line in one["differences"][:MOST_DIFFERENCES]]
        more = len(one["differences"]) - len(rows)
        rows += [f"… and {more} more"] if more > 0 else []
        head = f"@{one['changed_by']} changed the plan `{one['hash_before']}`:"
        parts.append("\n".join([head, "", "```diff", *rows, "```"]))
    return "\n\n".join(parts)


def removed(kickoff: Kickoff) -> str:
    count, pieces = kickoff.get("unseen") or 0, (kickoff.get("brief") or {}).get("hidden") or 0
    if kickoff["status"] not in TO_BE_READ:
        return ""
    signs = "one invisible character" if count == 1 else f"{count} invisible characters"
    hidden = "one piece" if pieces == 1 else f"{pieces} pieces"
    found = [signs] if count else []
    if pieces:
        found.append(f"{hidden} that a page does not show (comments, hidden elements)")
    return f"I removed {' and '.join(found)} from this issue; no agent gets them." if found else ""


def to_edit(kickoff: Kickoff, offer: Offer) -> str:
    """The plan as lines that people may change."""
    if not offer["plan_lines"]:
        return ""
    ticked = "" if kickoff["status"] not in TO_BE_READ else EDIT_TICKED
    head = f"{EDIT_HEAD}\n\n{EDIT_HOW}{ticked}"
    version = hashlib.sha256(offer["plan_lines"].encode()).hexdigest()[:8]  # which edits it is compared with
    return f"{head}\n\n```text {version}\n{offer['plan_lines']}\n```\n\n</details>"


def told_to_agents(tasks: dict[str, Task], sprint: Brief | None, briefs: Briefs) -> str:
    """All that the agents get, before anyone approves it."""
    if sprint is None:
        return ""
    parts = [
        f"#### `{name}`: {shown_text(tasks[name]['title'])}\n\n{briefs[name]['markdown']}" for name in briefs
    ]
    head = "<details><summary>What the agents are told</summary>\n\n#### For every task"
    return "\n\n".join(part.rstrip() for part in [head, sprint["markdown"], *parts, "</details>"])


def told_by_repository(state: State, kickoff: Kickoff) -> str:
    """Where to read what every agent is told beside that."""
    repo = state.get("repo")
    branch = repo.get("default_branch") if repo else None
    if not repo or not branch or not repo.get("html_url") or kickoff["status"] not in TO_BE_READ:
        return ""
    tree = "blob" if repo.get("forge") == "github" else "src/branch"
    address = f"{repo['html_url']}/{tree}/{in_address(branch)}/AGENTS.md"
    file = f"the [`AGENTS.md`]({address}) of {as_code(branch)}"
    return f"Each agent also gets {file} as that page shows it, if there is one."


def in_address(branch: str) -> str:
    return re.sub(r"[^\w./-]", lambda sign: "".join(f"%{byte:02X}" for byte in sign[0].encode()), branch)


def left_out(kickoff: Kickoff) -> str:
    """What no agent gets, with the reason."""
    unused = (kickoff.get("brief") or {}).get("unused") or []
    if not unused or kickoff["status"] not in TO_BE_READ:
        return ""
    what = "one line of this text" if len(unused) == 1 else f"{len(unused)} lines of this text"
    rows = "\n".join(f"- {as_text(BULLET.sub('', line['line']))} — {line['why']}" for line in unused)
    return f"<details><summary>No agent gets {what}</summary>\n\n{rows}\n\n</details>"


def cannot_read(state: State) -> str:
    repo = state.get("repo")
    required = repo.get("required") if repo else None
    why = required.get("unread") if required else None
    if not repo or not why:
        return ""
    branch = as_code(repo.get("default_branch"))
    unknown = f"I cannot see which checks {branch} requires ({shown_text(why)})"
    return f"{unknown}, so the forge decides at each merge."


def done_of(tasks: dict[str, Task]) -> str:
    return f"{sum(t['status'] == 'Done' for t in tasks.values())} of {len(tasks)}"


def progress(tasks: dict[str, Task], reviews: list[str]) -> str:
    stuck = [t for t in tasks.values() if t["status"] in ("Escalated", "Blocked", "HumanAssigned")]
    words = [f"**{done_of(tasks)} done.**"]
    if reviews:
        words.append(
            "Waiting for a review: "
            + ", ".join(f"#{tasks[name]['pr_number']}" for name in tasks if name in reviews)
            + "."
        )
    red = [t for t in tasks.values() if t["status"] == "InReview" and is_red(t)]
    named = [*map(link, stuck), *(f"#{t['pr_number']} (its checks are red)" for t in red)]
    if named:
        words.append("Waiting on you: " + ", ".join(named) + ".")
    return " ".join(words)


def is_red(task: Task) -> bool:
    """Whether what it waits for is that someone mends its checks, or has them run again."""
    checks = task.get("checks") or {}
    return checks.get("state") == "failure" and bool(task.get("pr_number"))


def link(task: Task) -> str:
    return f"#{task['issue_number']}" if task.get("issue_number") else f"`{task['id']}`"


# the graph


def graph(statuses: dict[TaskStatus, StatusLook], tasks: dict[str, Task]) -> str:
    """Mermaid, where something depends on something; of many tasks those at hand, the others as two boxes.

    A label is one line, for a line break in it breaks the drawing on Gitea.
    """
    linked = {
        end for name, task in tasks.items() for before in befores(tasks, task) for end in (before, name)
    }
    if not linked:
        return ""
    over, drawn, later = at_hand({name: tasks[name] for name in tasks if name in linked}, len(tasks))
    if not drawn:
        return ""
    names = {name: f"t{position}" for position, name in enumerate(tasks)}
    names |= dict.fromkeys(over, "over") | dict.fromkeys(later, "later")
    nodes = [f'  over["✅ {len(over)} that are over"]:::Done'] if over else []
    nodes += [
        f'  {names[name]}["{label(statuses, name, task)}"]:::{task["status"]}' for name, task in drawn.items()
    ]
    nodes += [f'  later["⏳ {len(later)} that come later"]:::Pending'] if later else []
    ends = ((names[before], names[name]) for name in tasks for before in befores(tasks, tasks[name]))
    edges = dict.fromkeys(f"  {before} --> {after}" for before, after in ends if before != after)
    used: set[TaskStatus] = {task["status"] for task in drawn.values()}
    used |= {"Done"} if over else set()
    used |= {"Pending"} if later else set()
    classes = [f"  classDef {status} {statuses[status]['colour']}" for status in sorted(used)]
    return "\n".join(["```mermaid", f"flowchart {direction(drawn)}", *nodes, *edges, *classes, "```"])


def at_hand(tasks: dict[str, Task], many: int) -> tuple[list[str], dict[str, Task], list[str]]:
    """What is over, what has a box of its own, and what comes later; in a small sprint each has its box."""
    if many <= MOST_BOXES:
        return [], tasks, []
    over = [name for name, task in tasks.items() if task["status"] in OVER]
    rest = [name for name in tasks if name not in over]
    rest.sort(key=lambda name: tasks[name]["status"] == "Pending")
    drawn = set(rest[:MOST_BOXES])
    return over, {name: tasks[name] for name in tasks if name in drawn}, rest[MOST_BOXES:]


def direction(tasks: dict[str, Task]) -> str:
    """From left to right, unless the chain is long and few tasks stand side by side: a page is narrow."""
    levels: dict[str, int] = {}
    while todo := [name for name in tasks if name not in levels and
                   all(before in levels for before in befores(tasks, tasks[name]))]:  # fmt: skip
        before_ = dict(levels)
        levels |= {
            name: 1 + max((before_[one] for one in befores(tasks, tasks[name])), default=0) for name in todo
        }
    depth = max(levels.values(), default=0)
    width = max((list(levels.values()).count(level) for level in set(levels.values())), default=0)
    return "TD" if depth > max(width, 3) else "LR"


def befores(tasks: dict[str, Task], task: Task) -> list[str]:
    return [before for before in task.get("depends_on") or [] if before in tasks]


def label(statuses: dict[TaskStatus, StatusLook], name: str, task: Task) -> str:
    plain = short(str(task["title"]))
    return f"{statuses[task['status']]['sign']} {plain}" if plain.strip() else name


@functools.lru_cache(maxsize=20_000)
def short(title: str) -> str:
    """As much of a title as a box has room for, cut at a word, without what means something to Mermaid."""
    title = one_line(title, 200)
    cut = textwrap.shorten(title, 40, placeholder=" …") or title[:40]
    return re.sub(r"[^\w .,:;!?()/+…-]", " ", cut)


# the tasks


def by_milestone(tasks: dict[str, Task], rows: Callable[[list[str]], list[str]]) -> str:
    """The rows of all tasks; those of a milestone stand below its name."""
    groups: dict[str, list[str]] = {}
    for name, task in tasks.items():
        groups.setdefault(task.get("milestone") or "", []).append(name)
    parts = []
    for milestone, names in groups.items():
        done = done_of({name: tasks[name] for name in names})
        head = [f"**{shown_text(milestone)}** · {done} done", ""] if milestone else []
        parts.append("\n".join([*head, *rows(names)]))
    return "\n\n".join(parts)


def plan_of(
    boxed: bool, statuses: Statuses, tasks: dict[str, Task], waits: Waits, names: list[str]
) -> list[str]:
    """A row for each task that is to be done, with what it comes after; a box where a tick acts."""
    rows = []
    for name in names:
        task, reasons = tasks[name], waits.get(name) or []
        box = "[ ] " if boxed else ""
        title = f"- {box}{statuses[task['status']]['sign']} {named(name, task)}"
        rows.append(" — ".join([title, *reasons[:1]]))
    return rows


def table(statuses: Statuses, tasks: dict[str, Task], waits: Waits, names: list[str]) -> list[str]:
    """A row for each task of a sprint that began; of many, those that are over stand folded below."""
    over = [name for name in names if len(tasks) > MOST_BOXES and tasks[name]["status"] in OVER]
    rest = [name for name in names if name not in over]
    rows = rows_of(statuses, tasks, waits, rest) if rest else []
    if not over:
        return rows
    folded = rows_of(statuses, tasks, waits, over)
    head = f"<details><summary>✅ {len(over)} that are over</summary>"
    return [*rows, *([""] if rows else []), head, "", *folded, "", "</details>"]


def rows_of(statuses: Statuses, tasks: dict[str, Task], waits: Waits, names: list[str]) -> list[str]:
    """Of these tasks; what is said of none has no column."""
    rows = [columns(statuses, name, tasks[name], waits.get(name) or []) for name in names]
    heads = [head for head in rows[0] if any(row[head] for row in rows)]
    cells = [[cell(row[head]) for head in heads] for row in rows]
    return [f"| {' | '.join(row)} |" for row in [heads, ["---"] * len(heads), *cells]]


def cell(text: str) -> str:
    """A pipe would end it, even in code; backslashes before one count differently on each forge."""
    return re.sub(r"\\*\|", r"\\|", text)


def columns(statuses: Statuses, name: str, task: Task, reasons: list[str]) -> dict[str, str]:
    issue = f" #{task['issue_number']}" if task.get("issue_number") else ""
    return {
        "task": f"{named(name, task)}{issue}",
        "state": f"{statuses[task['status']]['sign']} {words_of(task['status'])}",
        "now": "" if task["status"] in OVER else "".join(reasons[:1]),
        "pull request": f"#{task['pr_number']}" if task.get("pr_number") else "",
        "checks": checks_of(task),
        "time": time_of(task),
        "cost": cost_of(task),
    }


def named(name: str, task: Task) -> str:
    which = f"`{name}`, hotfix" if task.get("hotfix") else f"`{name}`"
    return f"**{shown_text(task['title'])}** ({which})"


def words_of(status: TaskStatus) -> str:
    return re.sub(r"\B(?=[A-Z])", " ", status).lower()


def checks_of(task: Task) -> str:
    checks = task.get("checks") or {}
    if checks.get("missing"):
        return "⏳ one is missing"
    return {"success": "✅ green", "failure": "❌ red", "pending": "⏳ pending"}.get(
        checks.get("state") or "", ""
    )


def time_of(task: Task) -> str:
    """How long it took, or since when it is under way: a board says nothing that time alone would change."""
    began, ended = task.get("started_at"), task.get("completed_at")
    if not began:
        return ""
    if not ended:
        return f"since {began[5:10]} {began[11:16]}"
    hours, minutes = divmod(round((moment(ended) - moment(began)).total_seconds() / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def moment(text: str) -> datetime.datetime:
    found = datetime.datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=datetime.UTC)


def cost_of(task: Task) -> str:
    cost: Cost = task.get("cost") or {}
    if usd := cost.get("charged_usd") or cost.get("usd"):
        return f"${usd:.2f}"
    return f"{cost['tokens']:,.0f} tokens" if cost.get("tokens") else ""


# what people said


def commands(state: State, kickoff: Kickoff) -> str:
    """Who steered the sprint, how, and whether that was done; no mention calls anyone again."""
    said = kickoff.get("command_log") or []
    if not said:
        return ""
    rows = [" | ".join(command_row(state, one)) for one in said]
    head = f"<details><summary>What people said ({len(said)})</summary>"
    return "\n".join([head, "", "| when | who | command | result |", "|---|---|---|---|",
                      *(f"| {row} |" for row in rows), "", "</details>"])  # fmt: skip


def command_row(state: State, said: LoggedCommand) -> tuple[str, ...]:
    code, who = cell(as_code(said["line"], 100)), cell(as_code(said["asker"] or "?", 60))
    repo = state.get("repo")
    url = repo.get("html_url") if repo else None
    anchor = f"#issuecomment-{said['comment_id']}" if said.get("comment_id") else ""
    what = f"[{code}]({url}/issues/{said['number']}{anchor})" if url else code
    at, result = said["handled_at"], "✅ done" if said["good"] else "❌ not done"
    return f"{at[:10]} {at[11:16]} UTC", who, what, result


def footer(policy: Policy, kickoff: Kickoff, tasks: dict[str, Task]) -> str:
    mode = policy.get("merge", "on-approval")
    facts = [f"Plan `{kickoff['plan_hash']}`", f"merge `{mode}`: {MODE[mode]}"]
    if ((kickoff.get("options") or {}).get("pipeline") or policy.get("pipeline")) == "quick":
        facts.append("pipeline `quick`: nobody is asked to review")
    if budget := (kickoff.get("options") or {}).get("budget"):
        facts.append(f"budget {in_words(budget)}")
    if kickoff.get("auto_by"):
        facts.append("gates open by themselves (`/auto off`)")
    by_prefix = policy.get("command_prefix") == "required"
    help_ = WITH_PREFIX if by_prefix else "`/help` lists the commands"
    return f"<sub>{' · '.join([*facts, *spent(tasks), help_])}</sub>"


def in_words(budget: Budget) -> str:
    """What was said with `/plan`."""
    amount = budget["amount"]
    return f"${amount / 1_000_000:,.2f}" if budget["unit"] == "usd" else f"{amount:,} tokens"


def spent(tasks: dict[str, Task]) -> list[str]:
    """What the agents have used so far, where anyone measured it."""
    costs: list[Cost] = [task.get("cost") or {} for task in tasks.values()]
    tokens = sum(one.get("tokens") or 0 for one in costs)
    read = sum(one.get("tokens_in") or 0 for one in costs)
    written = sum(one.get("tokens_out") or 0 for one in costs)
    cached = sum(one.get("tokens_cached") or 0 for one in costs)
    usd = sum(one.get("usd") or 0.0 for one in costs)
    parts = f" ({read:,} in, {written:,} out, {cached:,} cached)" if written else ""
    words = [f"{tokens:,} tokens{parts}"] if tokens else []
    words += [f"${usd:.2f}"] if usd else []
    return [f"used so far: {' and '.join(words)}"] if words else []


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
