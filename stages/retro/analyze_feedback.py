"""Find out from the agents' feedback what hindered them, and what to change next time."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, NotRequired, TypedDict

if TYPE_CHECKING:
    from stages.world import Json

NAME = "analyze_sprint_feedback"

UNCLEAR = 5
MANY_CYCLES = 3
MANY_TOKENS = 30_000
WELL_SIZED = 0.8
SENTIMENTS = ("positive", "mixed", "negative", "neutral")
EDGE = re.compile(r"depend|dag\b|waiting for|not yet merged", re.I)
TOOL = re.compile(r"\btools?\b|unavailable|not installed|missing command|not configured|no access", re.I)


class Report(TypedDict, total=False):
    """What an agent reported: it may have written anything, so each value is checked where it is used."""

    task_id: Json
    agent_role: Json
    task_clarity: Json
    blockers: Json
    tools_used: Json
    tokens_consumed: Json
    time_to_complete_min: Json
    self_assessment: Json
    notes: Json


class Feedback(TypedDict, total=False):
    """A report as `collect_sprint_feedback` found it; null where it could not be read."""

    issue_number: float | None
    author: str | None
    created_at: str | None
    is_parsed_yaml: bool | None
    parsed: Report | None


class Kpis(TypedDict, total=False):
    """What is read of the figures of `compute_sprint_kpis`."""

    completion_rate: float | None
    avg_interventions: float | None
    review_loop_count: float | None


class Input(TypedDict):
    feedback_items: list[Feedback]
    kpis: Kpis | None
    answered: NotRequired[Json]  # the model's answer, checked before it is used
    notes: NotRequired[list[str] | None]


class Output(TypedDict):
    themes: list[str]
    improvements: list[str]
    learnings: list[str]
    sentiment: str
    notes: NotRequired[list[str] | None]


def execute(input: Input) -> Output:
    """With `answered`, the model's, that is the analysis if it holds; else the rules' with a note."""
    answered, notes, output = input.get("answered"), list(input.get("notes") or []), None
    if answered is not None:
        try:
            output = analysis_of(answered)
        except ValueError as fault:
            notes.append(f"Analysed by rules instead of the model: {fault}")
    output = output or by_rules(input)
    return {**output, "notes": notes} if notes else output


def analysis_of(answered: Json) -> Output:
    mood = answer_field(answered, "sentiment", str)
    if mood not in SENTIMENTS:
        raise ValueError(f"the model's answer has the sentiment '{mood}'")
    return {
        "themes": [str(one) for one in answer_field(answered, "themes", list)],
        "improvements": [str(one) for one in answer_field(answered, "improvements", list)],
        "learnings": [str(one) for one in answer_field(answered, "learnings", list)],
        "sentiment": mood,
    }


def answer_field(answered: Json, field: str, kind: type) -> Json:
    """What the model said there; where there is nothing, ValueError says why."""
    fields = answered if isinstance(answered, dict) else {}
    if isinstance(why := fields.get("notes"), list) and why:
        raise ValueError(str(why[0]))
    value = fields.get(field)
    if not isinstance(value, kind) or not value or not str(value).strip():
        raise ValueError(f"the model's answer has no '{field}'")
    return value


def by_rules(input: Input) -> Output:
    reports = [report for item in input["feedback_items"] if isinstance(report := item.get("parsed"), dict)]
    kpis: Kpis = input["kpis"] or {}
    if not reports:
        return {
            "themes": ["No agent feedback was collected in this sprint"],
            "improvements": ["Ask every agent for a `caloron_feedback` block when it ends its task"],
            "learnings": learnings(reports, kpis)[:1],
            "sentiment": "neutral",
        }
    found = [pair for rule in (clarity, blockers, failures, tokens) for pair in rule(reports)] + reviews(kpis)
    return {
        "themes": [theme for theme, _ in found] or ["Nothing hindered the agents"],
        "improvements": unique(advice for _, advice in found) or ["The agents named nothing to change"],
        "learnings": learnings(reports, kpis) or ["Carry on as before"],
        "sentiment": sentiment(reports),
    }


def clarity(reports: list[Report]) -> list[tuple[str, str]]:
    unclear = [one for one in reports if is_unclear(one)]
    if not unclear:
        return []
    return [
        (
            f"{tasks(len(unclear))} had a clarity below {UNCLEAR}/10: {names(unclear)}",
            "Write the expected input and output and the acceptance criteria into the task",
        )
    ]


def is_unclear(one: Report) -> bool:
    """0 is the mark of a crash, not an opinion."""
    value = number(one.get("task_clarity"))
    return value is not None and 0 < value < UNCLEAR


def blockers(reports: list[Report]) -> list[tuple[str, str]]:
    named = [(one, str(blocker)) for one in reports for blocker in as_list(one.get("blockers"))]
    if not named:
        return []
    edges = [one for one, blocker in named if EDGE.search(blocker)]
    tools = [one for one, blocker in named if TOOL.search(blocker) and not EDGE.search(blocker)]
    of_tasks = len({str(one.get("task_id")) for one, _ in named})
    met = f"{len(named)} {'blocker' if len(named) == 1 else 'blockers'} in {tasks(of_tasks)}"
    found = (
        [(met, "Review each blocker before the next plan")] if len(edges) + len(tools) < len(named) else []
    )
    if edges:
        found.append(
            (f"Missing dependencies in the plan: {names(edges)}", "Add the missing `(after: …)` to the plan")
        )
    if tools:
        found.append((f"Tools missing: {names(tools)}", "Give the agents the tools they lacked"))
    return found


def failures(reports: list[Report]) -> list[tuple[str, str]]:
    failed = [one for one in reports if one.get("self_assessment") in ("failed", "crashed")]
    if not failed:
        return []
    return [
        (
            f"{tasks(len(failed))} failed or crashed: {names(failed)}",
            "Break these tasks down, or give them a stronger model",
        )
    ]


def tokens(reports: list[Report]) -> list[tuple[str, str]]:
    spent = [(one, value) for one in reports if (value := number(one.get("tokens_consumed")))]
    average = sum(value for _, value in spent) / len(spent) if spent else 0
    heavy = [one for one, value in spent if value > 2 * average]
    found = []
    if heavy:
        found.append(
            (f"More than twice the usual tokens: {names(heavy)}", "Split the tasks that cost the most")
        )
    if average > MANY_TOKENS:
        found.append((f"{round(average)} tokens per task on average", "Give each task a smaller scope"))
    return found


def reviews(kpis: Kpis) -> list[tuple[str, str]]:
    loops = number(kpis.get("review_loop_count")) or 0
    if not loops:
        return []
    return [
        (
            f"{tasks(int(loops))} went through {MANY_CYCLES} reviews or more",
            "Agree on the acceptance criteria before the work starts",
        )
    ]


def learnings(reports: list[Report], kpis: Kpis) -> list[str]:
    found = []
    rate = number(kpis.get("completion_rate"))
    if rate is not None and rate >= WELL_SIZED:
        found.append("Tasks were well sized: at least 4 of 5 were completed")
    if (number(kpis.get("avg_interventions")) or 0) > 1:
        found.append(
            "Agents needed more than one nudge per task: make tasks smaller, or raise the stall time"
        )
    all_completed = bool(reports) and all(one.get("self_assessment") == "completed" for one in reports)
    if all_completed and (rate is None or rate >= WELL_SIZED):
        found.append("Every agent completed its task: the next sprint can be larger")
    return found


def sentiment(reports: list[Report]) -> str:
    failed = sum(one.get("self_assessment") in ("failed", "crashed") for one in reports)
    if failed > 0.3 * len(reports):
        return "negative"
    return "mixed" if failed or any(is_unclear(one) for one in reports) else "positive"


def number(value: object) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def as_list(value: Json) -> list[Json]:
    if isinstance(value, list):
        return [one for one in value if one]
    return [value] if value else []


def tasks(count: int) -> str:
    return "1 task" if count == 1 else f"{count} tasks"


def names(reports: list[Report]) -> str:
    return ", ".join(dict.fromkeys(as_code(one.get("task_id") or "unnamed", 64) for one in reports))


def unique(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))


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
