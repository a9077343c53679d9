"""Write the retro of a sprint as short Markdown: result, tasks, feedback, analysis, trends, KPIs."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, NotRequired, TypedDict

if TYPE_CHECKING:
    from stages.world import Analysis, Json, RoleFigures, TaskFigures, Trend

NAME = "write_retro_report"

VERDICT = {
    "positive": "A smooth sprint.",
    "mixed": "A bumpy sprint.",
    "negative": "A hard sprint.",
}
ARROW = {"improved": "▲ better", "degraded": "▼ worse", "stable": "= same"}
ACRONYMS = {"Pct": "%", "Avg": "Average", "Min": "(min)", "Usd": "(USD)"}
LONGEST = 2000  # characters of a line of the analysis
KPIS = (
    "total_tasks",
    "completed_tasks",
    "completion_rate",
    "sprint_days",
    "tasks_per_day",
    "escalated_count",
    "blocked_count",
    "total_interventions",
    "avg_interventions",
    "skipped_count",
    "cancelled_count",
    "failure_count",
    "clean_task_pct",
    "avg_review_cycles",
    "review_loop_count",
    "avg_clarity",
    "high_clarity_pct",
    "total_tokens",
    "avg_tokens",
    "total_usd",
    "total_time_min",
    "avg_time_min",
)


class Kpis(TypedDict, total=False):
    """What is read of the figures by itself; all that are one number are listed."""

    total_tasks: float | None
    completed_tasks: float | None
    completion_rate: float | None
    sprint_days: float | None
    tasks_per_day: float | None
    escalated_count: float | None
    total_interventions: float | None
    total_tokens: float | None
    total_usd: float | None
    per_role: dict[str, RoleFigures] | None
    tasks: list[TaskFigures] | None
    trends: list[Trend] | None


class Reported(TypedDict, total=False):
    """What is read of an agent's report; its words are the agent's own."""

    issue_number: float | None
    parsed: Json


class Input(TypedDict):
    sprint_id: str
    kpis: Kpis
    feedback_items: list[Reported]
    started_at: str | None
    ended_at: str | None
    analysis: NotRequired[Analysis | None]
    goal: NotRequired[str | None]


class Output(TypedDict):
    report_markdown: str


def execute(input: Input) -> Output:
    kpis = input["kpis"]
    blocks = [
        f"# Sprint retro: {as_text(input['sprint_id'])}",
        summary(input),
        task_table(kpis.get("tasks") or []),
        feedback_section(input["feedback_items"]),
        analysis(input.get("analysis")),
        trends(kpis.get("trends") or []),
        dashboard(kpis),
    ]
    return {"report_markdown": "\n\n".join(block for block in blocks if block) + "\n"}


# -- summary -------------------------------------------------------------------------------------------------


def summary(given: Input) -> str:
    kpis = given["kpis"]
    total, done = kpis.get("total_tasks") or 0, kpis.get("completed_tasks") or 0
    facts = [
        f"**{done:g} of {tasks(total)} done** ({(kpis.get('completion_rate') or 0):.0%})",
        lasted(given),
        per_day(kpis),
        count(kpis.get("escalated_count"), "waiting for a person", "waiting for a person"),
        count(kpis.get("total_interventions"), "nudge by the supervisor", "nudges by the supervisor"),
        f"{thousands(tokens)} tokens" if (tokens := kpis.get("total_tokens")) else "",
        f"${usd:.2f}" if (usd := kpis.get("total_usd")) else "",
    ]
    lines = [quoted(given.get("goal")), " · ".join(fact for fact in facts if fact)]
    analysed = given.get("analysis")
    verdict = VERDICT.get(analysed["sentiment"]) if analysed else None
    return "\n\n".join(line for line in [*lines, verdict] if line)


def tasks(total: float) -> str:
    return f"{total:g} task" if total == 1 else f"{total:g} tasks"


def quoted(goal: str | None) -> str:
    first = (goal or "").strip().split("\n")[0]
    return f"> {as_text(first)}" if first else ""


def lasted(given: Input) -> str:
    first, last = moment(given["started_at"]), moment(given["ended_at"])
    if first is None or last is None or last < first:
        return f"{given['kpis'].get('sprint_days') or 0:g} days"
    return duration((last - first).total_seconds() / 60)


def per_day(kpis: Kpis) -> str:
    """Only where there were days: three tasks in ten minutes are no 432 a day."""
    long_enough = (kpis.get("sprint_days") or 0) >= 1
    return f"{kpis.get('tasks_per_day') or 0:g} tasks per day" if long_enough else ""


def count(value: float | None, one: str, many: str) -> str:
    return f"{value:g} {one if value == 1 else many}" if value else ""


def duration(minutes: float) -> str:
    whole = round(minutes)
    if whole < 60:
        return f"{whole} min" if whole else "under a minute"
    if whole < 48 * 60:
        return f"{whole // 60} h {whole % 60} min" if whole % 60 else f"{whole // 60} h"
    return f"{minutes / (24 * 60):.1f} days"


def moment(text: str | None) -> datetime.datetime | None:
    try:
        found = datetime.datetime.fromisoformat(text or "")
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=datetime.UTC)


# -- tasks and what their agents said ------------------------------------------------------------------------


def task_table(rows: list[TaskFigures]) -> str:
    if not rows:
        return ""
    lines = [
        "## Tasks",
        "",
        "| Task | Result | Pull request | Time | Reviews | Nudges | Clarity | Tokens |",
        "|---|---|--:|--:|--:|--:|--:|--:|",
    ]
    return "\n".join([*lines, *map(task_line, rows)])


def task_line(row: TaskFigures) -> str:
    status = row.get("status") or "unknown"
    issue = f"#{row['issue_number']} " if row.get("issue_number") else ""
    cells = [
        f"{issue}{as_text(row.get('title') or row.get('task_id'))}",
        status,
        f"#{row['pr_number']}" if row.get("pr_number") else "–",
        "–" if (minutes := row["minutes"]) is None else duration(minutes),
        f"{row.get('review_cycles') or 0:g}",
        f"{row.get('interventions') or 0:g}",
        f"{row['clarity']:g}/10" if row.get("clarity") else "–",
        "–" if (tokens := row["tokens"]) is None else thousands(tokens),
    ]
    return "| " + " | ".join(cells) + " |"


def feedback_section(items: list[Reported]) -> str:
    """What agents reported in words; their figures stand in the table."""
    lines = [line for item in items if (line := said_line(item))]
    return "\n".join(["## What the agents said", "", *lines]) if lines else ""


def said_line(item: Reported) -> str:
    report = item.get("parsed")
    if not isinstance(report, dict):
        return f"- #{item.get('issue_number')}: unreadable feedback"
    who = f"**{as_text(report.get('task_id') or 'a task')}** ({as_text(report.get('agent_role') or 'agent')})"
    assessed = as_text(report.get("self_assessment") or "not assessed")
    blockers = report.get("blockers") or []
    named = "; ".join(as_text(one) for one in (blockers if isinstance(blockers, list) else [blockers]) if one)
    parts = [assessed, f"clarity {as_text(report['task_clarity'])}/10" if report.get("task_clarity") else ""]
    parts += [f"blocked by {named}" if named else "", as_text(report.get("notes") or "")]
    return f"- {who}: " + " · ".join(part for part in parts if part)


def spoken(text: str) -> str:
    """Others' words whose code stays code."""
    line = one_line(text, LONGEST)
    pieces = line.split("`")
    if len(pieces) % 2 == 0 or "``" in line:
        return as_text(line)
    shown = [as_code(one) if n % 2 else escaped(without_links(one)) for n, one in enumerate(pieces)]
    return START.sub(r"\1\\\2", "".join(shown))


# -- analysis, trends, numbers -------------------------------------------------------------------------------


def analysis(found: Analysis | None) -> str:
    if not found:
        return ""
    parts = []
    for heading, lines in (
        ("What stood out", found["themes"]),
        ("To change", found["improvements"]),
        ("Learned", found["learnings"]),
    ):
        if lines:
            parts.append("\n".join([f"**{heading}**", "", *[f"- {spoken(one)}" for one in lines]]))
    return "\n\n".join(["## Analysis", *parts]) if parts else ""


def trends(found: list[Trend]) -> str:
    if not found:
        return ""
    lines = ["## Trends since the last sprint", "", "| | Before | Now | |", "|---|--:|--:|---|"]
    for one in found:
        change = "" if one.get("change_pct") is None else f" ({one['change_pct']:+g} %)"
        before, now = shown(one["kpi"], one["before"]), shown(one["kpi"], one["now"])
        lines.append(f"| {label(one['kpi'])} | {before} | {now} | {ARROW[one['trend']]}{change} |")
    return "\n".join(lines)


def dashboard(kpis: Kpis) -> str:
    figures: Mapping[str, object] = kpis
    rows = [
        f"| {label(name)} | {shown(name, value)} |"
        for name in in_order(figures)
        for value in [figures[name]]
        if value is None or isinstance(value, int | float | str)
    ]
    if not rows:
        return ""
    lines = ["<details><summary>All numbers</summary>", "", "| KPI | Value |", "|---|--:|", *rows]
    return "\n".join(["## KPIs", "", *lines, *role_lines(kpis.get("per_role") or {}), "", "</details>"])


def in_order(kpis: Mapping[str, object]) -> list[str]:
    """The known ones as they are read, others after them by name: maps keep no order."""
    return [name for name in KPIS if name in kpis] + sorted(name for name in kpis if name not in KPIS)


def role_lines(roles: dict[str, RoleFigures]) -> list[str]:
    if not roles:
        return []
    head = ["", "| Role | Reports | Completed | Average clarity | Tokens |", "|---|--:|--:|--:|--:|"]
    return head + [
        f"| {as_text(role)} | {one['reports']} | {one['completed']} | {shown('', one['avg_clarity'])} "
        f"| {thousands(one['tokens'])} |"
        for role, one in sorted(roles.items())
    ]


def label(name: str) -> str:
    words = [ACRONYMS.get(word, word) for word in name.replace("_", " ").title().split()]
    others = [word if word.strip("()").isupper() else word.lower() for word in words[1:]]
    return as_text(" ".join([words[0], *others]))


def shown(name: str, value: float | str | None) -> str:
    if value is None:
        return "–"
    if isinstance(value, str):
        return as_text(value)
    if name.endswith("_rate"):
        return f"{value:.1%}"
    if name.endswith("_pct"):
        return f"{value:g} %"
    return thousands(value) if value >= 1000 else f"{round(value, 2):g}"


def thousands(value: float) -> str:
    return f"{round(value):,}".replace(",", " ")


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
