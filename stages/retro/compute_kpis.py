"""Compute a sprint's KPIs: how much was done, how fast, with how much help, and the trends."""

from __future__ import annotations

import datetime
import math
from typing import TYPE_CHECKING, Literal, NotRequired, TypedDict

if TYPE_CHECKING:
    from stages.world import Counts, Effort, Json, Quality, RoleFigures, SprintNumbers, TaskFigures, Trend

NAME = "compute_sprint_kpis"

CLEAR = 7  # a clarity of 7 of 10 and more is high
MANY_CYCLES = 3
SIGNIFICANT = 0.05
BETTER_WHEN_HIGHER: tuple[
    Literal["completion_rate", "tasks_per_day", "avg_clarity", "high_clarity_pct", "clean_task_pct"], ...
] = (
    "completion_rate",
    "tasks_per_day",
    "avg_clarity",
    "high_clarity_pct",
    "clean_task_pct",
)
BETTER_WHEN_LOWER: tuple[
    Literal[
        "escalated_count",
        "failure_count",
        "avg_interventions",
        "avg_review_cycles",
        "avg_tokens",
        "avg_time_min",
    ],
    ...,
] = (
    "escalated_count",
    "failure_count",
    "avg_interventions",
    "avg_review_cycles",
    "avg_tokens",
    "avg_time_min",
)


class Report(TypedDict, total=False):
    """What an agent reported: it may have written anything, so each value is checked where it is used."""

    task_id: Json
    agent_role: Json
    task_clarity: Json
    tokens_consumed: Json
    time_to_complete_min: Json
    self_assessment: Json
    issue_number: Json


class Feedback(TypedDict, total=False):
    """A report as `collect_sprint_feedback` found it; null where it could not be read."""

    issue_number: float | None
    is_parsed_yaml: bool | None
    parsed: Report | None


class Cost(TypedDict, total=False):
    tokens: float | None
    usd: float | None


class SprintTask(TypedDict, total=False):
    """What is read of a task; the original's callers leave out most of it."""

    title: str | None
    status: str | None
    issue_number: float | None
    pr_number: float | None
    position: float | None
    started_at: str | None
    completed_at: str | None
    review_cycles: float | None
    intervention_count: float | None
    cost: Cost | None


class Tasks(TypedDict, total=False):
    tasks: dict[str, SprintTask] | None


class Input(TypedDict):
    state: Tasks
    started_at: str | None
    ended_at: str | None
    feedback_items: NotRequired[list[Feedback] | None]
    previous: NotRequired[Before | None]


class Before(TypedDict, total=False):
    """What is read of the figures of the sprint before, which an older version may have written."""

    completion_rate: float | None
    tasks_per_day: float | None
    avg_clarity: float | None
    high_clarity_pct: float | None
    clean_task_pct: float | None
    escalated_count: float | None
    failure_count: float | None
    avg_interventions: float | None
    avg_review_cycles: float | None
    avg_tokens: float | None
    avg_time_min: float | None


class Output(TypedDict):
    total_tasks: float
    completed_tasks: float
    completion_rate: float
    sprint_days: float
    tasks_per_day: float
    escalated_count: float
    blocked_count: float
    total_interventions: float
    avg_interventions: float
    skipped_count: float
    cancelled_count: float
    failure_count: float
    clean_task_pct: float
    avg_review_cycles: float
    review_loop_count: float
    avg_clarity: float | None
    high_clarity_pct: float | None
    total_tokens: float | None
    avg_tokens: float | None
    total_usd: float | None
    total_time_min: float | None
    avg_time_min: float | None
    per_role: dict[str, RoleFigures]
    tasks: list[TaskFigures]
    trends: list[Trend]


def execute(input: Input) -> Output:
    feedback = parsed_feedback(input.get("feedback_items") or [])
    rows = [
        row_of(task_id, task, last_of(feedback, task_id, task))
        for task_id, task in in_order(input["state"].get("tasks") or {})
    ]
    days = days_between(input["started_at"], input["ended_at"])
    figures: SprintNumbers = {**counts(rows, days), **quality(rows), **effort(rows)}
    return {
        **figures,
        "per_role": per_role(feedback),
        "tasks": rows,
        "trends": trends(figures, input.get("previous") or {}),
    }


def in_order(tasks: dict[str, SprintTask]) -> list[tuple[str, SprintTask]]:
    """By issue, for maps keep no order; tasks without one come last, in the plan's order."""

    def place(item: tuple[str, SprintTask]) -> tuple[float, float, str]:
        task_id, task = item
        issue, position = number(task.get("issue_number")), number(task.get("position"))
        return (
            math.inf if issue is None else issue,
            math.inf if position is None else position,
            task_id,
        )

    return sorted(tasks.items(), key=place)


# -- rows ----------------------------------------------------------------------------------------------------


def parsed_feedback(items: list[Feedback]) -> list[Report]:
    """What agents reported, with the issue that it was reported on; unread and empty reports are missing."""
    return [
        {**parsed, "issue_number": item.get("issue_number")}
        for item in items
        if (parsed := item.get("parsed")) and item.get("is_parsed_yaml", True)
    ]


def last_of(feedback: list[Report], task_id: str, task: SprintTask) -> Report:
    """The last report on a task, by its id or else by its issue."""
    own = [report for report in feedback if report.get("task_id") == task_id]
    issue = task.get("issue_number")
    own = own or [report for report in feedback if issue and report["issue_number"] == issue]
    return own[-1] if own else {}


def row_of(task_id: str, task: SprintTask, report: Report) -> TaskFigures:
    cost: Cost = task.get("cost") or {}
    minutes = minutes_between(task.get("started_at"), task.get("completed_at"))
    return {
        "task_id": task_id,
        "title": task.get("title") or task_id,
        "status": task.get("status"),
        "issue_number": task.get("issue_number"),
        "pr_number": task.get("pr_number"),
        "minutes": minutes,
        "review_cycles": number(task.get("review_cycles")) or 0,
        "interventions": number(task.get("intervention_count")) or 0,
        "clarity": number(report.get("task_clarity")) or None,
        "tokens": first_number(cost.get("tokens"), report.get("tokens_consumed")),
        "usd": number(cost.get("usd")),
        "agent_minutes": first_number(report.get("time_to_complete_min"), minutes),
        "assessment": report.get("self_assessment"),
    }


def number(value: object) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def first_number(*values: object) -> float | None:
    numbers = [known for value in values if (known := number(value)) is not None]
    return numbers[0] if numbers else None


# -- numbers -------------------------------------------------------------------------------------------------


def counts(rows: list[TaskFigures], days: float) -> Counts:
    total = len(rows)
    status = [row["status"] for row in rows]
    done = status.count("Done")
    interventions = sum(row["interventions"] for row in rows)
    return {
        "total_tasks": total,
        "completed_tasks": done,
        "completion_rate": round(done / total, 3) if total else 0.0,
        "sprint_days": round(days, 1),
        "tasks_per_day": round(done / days, 1) if days else 0.0,
        "escalated_count": status.count("Escalated") + status.count("Blocked"),
        "blocked_count": status.count("Blocked"),
        "total_interventions": interventions,
        "avg_interventions": round(interventions / total, 2) if total else 0.0,
        "skipped_count": status.count("Skipped"),
        "cancelled_count": status.count("Cancelled"),
    }


def quality(rows: list[TaskFigures]) -> Quality:
    done = [row for row in rows if row["status"] == "Done"]
    clean = [row for row in done if not row["interventions"]]
    clarity = [row["clarity"] for row in rows if row["clarity"]]
    cycles = [row["review_cycles"] for row in done]
    failed = [row for row in rows if row["assessment"] in ("failed", "crashed")]
    return {
        "failure_count": len(failed),
        "clean_task_pct": percent(len(clean), len(rows)) or 0.0,
        "avg_review_cycles": average(cycles, 2) or 0.0,
        "review_loop_count": sum(row["review_cycles"] >= MANY_CYCLES for row in rows),
        "avg_clarity": average(clarity, 1),
        "high_clarity_pct": percent(sum(value >= CLEAR for value in clarity), len(clarity)),
    }


def effort(rows: list[TaskFigures]) -> Effort:
    """Tokens and time of completed tasks, money of all; None where nobody measured them."""
    done = [row for row in rows if row["status"] == "Done"]
    tokens = [row["tokens"] for row in done if row["tokens"] is not None]
    spent = [row["usd"] for row in rows if row["usd"] is not None]
    minutes = [row["agent_minutes"] for row in done if row["agent_minutes"] is not None]
    return {
        "total_tokens": sum(tokens) if tokens else None,
        "avg_tokens": average(tokens, 0),
        "total_usd": round(sum(spent), 2) if spent else None,
        "total_time_min": round(sum(minutes), 1) if minutes else None,
        "avg_time_min": average(minutes, 1),
    }


def per_role(feedback: list[Report]) -> dict[str, RoleFigures]:
    roles: dict[str, list[Report]] = {}
    for report in feedback:
        roles.setdefault(str(report.get("agent_role") or "agent"), []).append(report)
    return {
        role: {
            "reports": len(reports),
            "completed": sum(report.get("self_assessment") == "completed" for report in reports),
            "avg_clarity": average([c for report in reports if (c := number(report.get("task_clarity")))], 1),
            "tokens": sum(number(report.get("tokens_consumed")) or 0 for report in reports),
        }
        for role, reports in sorted(roles.items())
    }


def average(values: list[float], digits: int) -> float | None:
    return round(sum(values) / len(values), digits) if values else None


def percent(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 1) if whole else None


# -- time ----------------------------------------------------------------------------------------------------


def days_between(started: str | None, ended: str | None) -> float:
    """0 where one of the times is missing or cannot be read."""
    return (minutes_between(started, ended, digits=None) or 0) / (24 * 60)


def minutes_between(started: str | None, ended: str | None, digits: int | None = 1) -> float | None:
    first, last = moment(started), moment(ended)
    if first is None or last is None or last < first:
        return None
    minutes = (last - first).total_seconds() / 60
    return minutes if digits is None else round(minutes, digits)


def moment(text: str | None) -> datetime.datetime | None:
    try:
        found = datetime.datetime.fromisoformat(text or "")
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=datetime.UTC)


# -- trends --------------------------------------------------------------------------------------------------


def trends(kpis: SprintNumbers, previous: Before) -> list[Trend]:
    """What changed since the last sprint by more than 5 %, and whether that is good."""
    found: list[Trend] = []
    for name in (*BETTER_WHEN_HIGHER, *BETTER_WHEN_LOWER):
        before, after = number(previous.get(name)), number(kpis[name])
        if before is None or after is None:
            continue
        change = (after - before) / abs(before) if before else None
        found.append(
            {
                "kpi": name,
                "before": before,
                "now": after,
                "change_pct": None if change is None else round(100 * change, 1),
                "trend": trend(name, after - before, change),
            }
        )
    return found


def trend(name: str, difference: float, change: float | None) -> str:
    if difference == 0 or (change is not None and abs(change) <= SIGNIFICANT):
        return "stable"
    return "improved" if (difference > 0) == (name in BETTER_WHEN_HIGHER) else "degraded"


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
