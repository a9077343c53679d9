"""Write the retro of a sprint as short Markdown: result, tasks, voices, analysis, trends, numbers."""

import datetime
import re
from typing import Any, NotRequired, TypedDict

NAME = "write_retro_report"
CALLS = re.compile(r"([@#]|!(?=\d)|:(?=//)|www(?=\.)|<(?=!--))")

SIGN = {
    "Done": "✅",
    "Skipped": "⏭️",
    "Cancelled": "🚫",
    "Blocked": "⛔",
    "Escalated": "🆘",
    "HumanAssigned": "🧑",
}
VERDICT = {
    "positive": "A smooth sprint.",
    "mixed": "A sprint with bumps.",
    "negative": "A hard sprint.",
}
ARROW = {"improved": "▲ better", "degraded": "▼ worse", "stable": "= same"}
ACRONYMS = {"Pct": "%", "Avg": "Average", "Min": "(min)"}
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
    "total_time_min",
    "avg_time_min",
)


class Input(TypedDict):
    sprint_id: str
    kpis: Any
    feedback_items: list[Any]
    started_at: str | None
    ended_at: str | None
    analysis: NotRequired[Any]
    goal: NotRequired[str | None]


class Output(TypedDict):
    report_markdown: str


def execute(input: Input) -> Output:
    kpis = input["kpis"]
    blocks = [
        f"# Sprint retro: {input['sprint_id']}",
        summary(input),
        task_table(kpis.get("tasks") or []),
        said(input["feedback_items"]),
        analysis(input.get("analysis") or {}),
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
        count(kpis.get("escalated_count"), "waits for a person", "wait for a person"),
        count(kpis.get("total_interventions"), "nudge by the supervisor", "nudges by the supervisor"),
        f"{thousands(kpis['total_tokens'])} tokens" if kpis.get("total_tokens") else "",
    ]
    lines = [quoted(given.get("goal")), " · ".join(fact for fact in facts if fact)]
    verdict = VERDICT.get(str((given.get("analysis") or {}).get("sentiment")))
    return "\n\n".join(line for line in [*lines, verdict] if line)


def tasks(total: float) -> str:
    return f"{total:g} task" if total == 1 else f"{total:g} tasks"


def quoted(goal: str | None) -> str:
    first = (goal or "").strip().split("\n")[0]
    return f"> {plain(first)}" if first else ""


def lasted(given: Input) -> str:
    first, last = moment(given["started_at"]), moment(given["ended_at"])
    if first is None or last is None or last < first:
        return f"{given['kpis'].get('sprint_days') or 0:g} days"
    return duration((last - first).total_seconds() / 60)


def per_day(kpis: dict[str, Any]) -> str:
    """Only where there were days: three tasks in ten minutes are no 432 a day."""
    long_enough = (kpis.get("sprint_days") or 0) >= 1
    return f"{kpis.get('tasks_per_day') or 0:g} tasks a day" if long_enough else ""


def count(value: float | None, one: str, many: str) -> str:
    return f"{value:g} {one if value == 1 else many}" if value else ""


def duration(minutes: float) -> str:
    whole = round(minutes)
    if whole < 60:
        return f"{whole} min" if whole else "under a minute"
    if whole < 48 * 60:
        return f"{whole // 60} h {whole % 60} min" if whole % 60 else f"{whole // 60} h"
    return f"{minutes / (24 * 60):.1f} days"


def moment(text: Any) -> datetime.datetime | None:
    try:
        found = datetime.datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=datetime.UTC)


# -- tasks and what their agents said ------------------------------------------------------------------------


def task_table(rows: list[dict[str, Any]]) -> str:
    if not rows:
        return ""
    lines = [
        "## Tasks",
        "",
        "| Task | Result | Pull request | Time | Reviews | Nudges | Clarity | Tokens |",
        "|---|---|--:|--:|--:|--:|--:|--:|",
    ]
    return "\n".join([*lines, *map(task_line, rows)])


def task_line(row: dict[str, Any]) -> str:
    status = row.get("status") or "unknown"
    issue = f"#{row['issue_number']} " if row.get("issue_number") else ""
    cells = [
        f"{issue}{plain(row.get('title') or row.get('task_id'))}",
        f"{SIGN.get(status, '⏳')} {status}",
        f"#{row['pr_number']}" if row.get("pr_number") else "–",
        "–" if row.get("minutes") is None else duration(row["minutes"]),
        f"{row.get('review_cycles') or 0:g}",
        f"{row.get('interventions') or 0:g}",
        f"{row['clarity']:g}/10" if row.get("clarity") else "–",
        "–" if row.get("tokens") is None else thousands(row["tokens"]),
    ]
    return "| " + " | ".join(cells) + " |"


def said(items: list[dict[str, Any]]) -> str:
    """What agents reported in words; their figures stand in the table."""
    lines = [line for item in items if (line := said_line(item))]
    return "\n".join(["## What the agents said", "", *lines]) if lines else ""


def said_line(item: dict[str, Any]) -> str:
    told = item.get("parsed")
    if not isinstance(told, dict):
        return f"- #{item.get('issue_number')}: feedback that could not be read"
    who = f"**{plain(told.get('task_id') or 'a task')}** ({plain(told.get('agent_role') or 'agent')})"
    assessed = plain(told.get("self_assessment") or "not assessed")
    blockers = told.get("blockers") or []
    named = "; ".join(plain(one) for one in (blockers if isinstance(blockers, list) else [blockers]) if one)
    parts = [assessed, f"clarity {told['task_clarity']}/10" if told.get("task_clarity") else ""]
    parts += [f"blocked by {named}" if named else "", plain(told.get("notes") or "")]
    return f"- {who}: " + " · ".join(part for part in parts if part)


def plain(text: Any) -> str:
    """Text of others on one line of ours: no mention, link or markup of its own."""
    return harmless(" ".join(str(text).split()))


def harmless(text: str) -> str:
    escaped = re.sub(r"([\\`*_~\[\]<>|&])", r"\\\1", text)
    return CALLS.sub("\\1\N{WORD JOINER}", escaped)  # a forge looks for them in the rendered text


def spoken(text: Any) -> str:
    """Text of others whose code stays code: between two backticks nothing calls or links."""
    pieces = " ".join(str(text).split()).split("`")
    if len(pieces) % 2 == 0 or "``" in str(text):
        return plain(text)
    return "`".join(piece if place % 2 else harmless(piece) for place, piece in enumerate(pieces))


# -- analysis, trends, numbers -------------------------------------------------------------------------------


def analysis(found: dict[str, Any]) -> str:
    parts = []
    for name, heading in (
        ("themes", "What stood out"),
        ("improvements", "To change"),
        ("learnings", "Learned"),
    ):
        if found.get(name):
            parts.append("\n".join([f"**{heading}**", "", *[f"- {spoken(one)}" for one in found[name]]]))
    return "\n\n".join(["## Analysis", *parts]) if parts else ""


def trends(found: list[dict[str, Any]]) -> str:
    if not found:
        return ""
    lines = ["## Trends since the last sprint", "", "| | Before | Now | |", "|---|--:|--:|---|"]
    for one in found:
        change = "" if one.get("change_pct") is None else f" ({one['change_pct']:+g} %)"
        before, now = shown(one["kpi"], one["before"]), shown(one["kpi"], one["now"])
        lines.append(f"| {label(one['kpi'])} | {before} | {now} | {ARROW[one['trend']]}{change} |")
    return "\n".join(lines)


def dashboard(kpis: dict[str, Any]) -> str:
    rows = [
        f"| {label(name)} | {shown(name, value)} |"
        for name in in_order(kpis)
        for value in [kpis[name]]
        if value is None or isinstance(value, int | float | str)
    ]
    if not rows:
        return ""
    lines = ["<details><summary>All numbers</summary>", "", "| KPI | Value |", "|---|--:|", *rows]
    return "\n".join(["## KPIs", "", *lines, *role_lines(kpis.get("per_role") or {}), "", "</details>"])


def in_order(kpis: dict[str, Any]) -> list[str]:
    """The known ones as they are read, others after them by name: maps keep no order."""
    return [name for name in KPIS if name in kpis] + sorted(name for name in kpis if name not in KPIS)


def role_lines(roles: dict[str, Any]) -> list[str]:
    if not roles:
        return []
    head = ["", "| Role | Reports | Completed | Average clarity | Tokens |", "|---|--:|--:|--:|--:|"]
    return head + [
        f"| {plain(role)} | {one['reports']} | {one['completed']} | {shown('', one['avg_clarity'])} "
        f"| {thousands(one['tokens'])} |"
        for role, one in sorted(roles.items())
    ]


def label(name: str) -> str:
    words = [ACRONYMS.get(word, word) for word in name.replace("_", " ").title().split()]
    return " ".join([words[0], *[word if word == "KPI" else word.lower() for word in words[1:]]])


def shown(name: str, value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, str):
        return plain(value)
    if name.endswith("_rate"):
        return f"{value:.1%}"
    if name.endswith("_pct"):
        return f"{value:g} %"
    return thousands(value) if value >= 1000 else f"{round(value, 2):g}"


def thousands(value: float) -> str:
    return f"{round(value):,}".replace(",", " ")


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
