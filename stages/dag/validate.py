"""Find every error in a plan: ids, dependencies, cycles, reviewers, overlapping scopes."""

import functools
import re
from collections import Counter
from itertools import combinations
from typing import NotRequired, TypedDict

ID = re.compile(r"[a-z0-9_-]{1,64}")
ID_RULE = "use 1 to 64 characters of a-z, 0-9, _ and -"
MOST_TASKS = 200
MOST_PATHS = 500
DEEPEST = 16
MOST_STARS = 3


class PlannedTask(TypedDict, total=False):
    """What is checked of a task; a plan that was written by hand may lack any of it."""

    id: str | None
    depends_on: list[str] | None
    agent_id: str | None
    reviewer_id: str | None
    status: str | None
    scope: list[str] | None
    milestone: str | None


class Who(TypedDict):
    id: str


class Plan(TypedDict, total=False):
    """A plan as it is proposed, by hand or by `generate_sprint_dag`."""

    sprint_id: str | None
    tasks: dict[str, PlannedTask] | list[PlannedTask] | None
    reviewers: list[str | Who] | None
    agents: list[str | Who] | None


Listed = list[tuple[str, PlannedTask]]


class Input(TypedDict):
    dag: Plan
    reviewers: NotRequired[list[str] | None]
    statuses: NotRequired[list[str] | None]  # the words of a task's life; without them none is unknown


class Output(TypedDict):
    valid: bool
    errors: list[str]


def execute(input: Input) -> Output:
    dag = input["dag"]
    listed = listed_tasks(dag.get("tasks") or {})
    if not listed:
        return {"valid": False, "errors": ["DAG has no tasks"]}
    if too_big := size_errors(listed):  # each check below takes longer with the square of these
        return {"valid": False, "errors": too_big}
    tasks = dict(listed)
    edges = {name: set(task.get("depends_on") or []) & tasks.keys() for name, task in listed}
    before = {name: ancestors(name, edges) for name in edges}
    errors = [
        *id_errors(dag, listed),
        *[error for name, task in listed for error in task_errors(name, task, tasks)],
        *status_errors(listed, input.get("statuses")),
        *reviewer_errors(listed, known_reviewers(input, dag)),
        *cycle_errors(edges, before),
        *milestone_errors(tasks, before),
        *scope_errors(tasks, before),
    ]
    return {"valid": not errors, "errors": errors}


def listed_tasks(tasks: dict[str, PlannedTask] | list[PlannedTask]) -> Listed:
    """The tasks with their names, whether they stand in a mapping or in a list."""
    if isinstance(tasks, dict):
        return list(tasks.items())
    return [(str(task.get("id") or ""), task) for task in tasks]


def size_errors(listed: Listed) -> list[str]:
    paths = sum(len(task.get("scope") or []) for _, task in listed)
    errors = []
    if len(listed) > MOST_TASKS:
        errors.append(
            f"The plan has {len(listed)} tasks, but a sprint can have at most {MOST_TASKS}: "
            "split it into several sprints"
        )
    if paths > MOST_PATHS:
        errors.append(
            f"The scopes of the plan name {paths} paths, but at most {MOST_PATHS} are allowed: "
            "name folders instead of single files, or split the plan into several sprints"
        )
    return errors


def ancestors(name: str, edges: dict[str, set[str]]) -> set[str]:
    """Everything that must be done before `name`; this includes `name` itself only in a cycle."""
    found: set[str] = set()
    ahead = list(edges[name])
    while ahead:
        other = ahead.pop()
        if other not in found:
            found.add(other)
            ahead.extend(edges[other])
    return found


def id_errors(dag: Plan, listed: Listed) -> list[str]:
    errors = []
    sprint = dag.get("sprint_id")
    if sprint and not ID.fullmatch(str(sprint)):
        errors.append(f"Sprint id '{sprint}' is not allowed: {ID_RULE}")
    errors += [f"Task id '{name}' is not allowed: {ID_RULE}" for name, _ in listed if not ID.fullmatch(name)]
    called = Counter(str(task.get("id") or name) for name, task in listed)
    errors += [f"Task id '{name}' is used {n} times" for name, n in sorted(called.items()) if n > 1]
    errors += [
        f"Task '{name}' has another id inside, '{own}'"
        for name, task in listed
        if (own := task.get("id")) and own != name and called[own] == 1
    ]
    return errors


def task_errors(name: str, task: PlannedTask, tasks: dict[str, PlannedTask]) -> list[str]:
    errors = []
    for needed, times in Counter(task.get("depends_on") or []).items():
        if needed == name:
            errors.append(f"Task '{name}' depends on itself")
        elif needed not in tasks:
            errors.append(f"Task '{name}' depends on unknown task '{needed}'")
        if times > 1:
            errors.append(f"Task '{name}' depends on '{needed}' more than once")
    if not task.get("agent_id"):
        errors.append(f"Task '{name}' has no agent_id")
    return errors


def status_errors(listed: Listed, known: list[str] | None) -> list[str]:
    if known is None:
        return []
    return [
        f"Task '{name}' has the unknown status '{status}'"
        for name, task in listed
        if (status := task.get("status")) and status not in known
    ]


def known_reviewers(input: Input, dag: Plan) -> list[str]:
    """Who may review, as the caller or else the plan says; empty where neither does."""
    named = input.get("reviewers") or dag.get("reviewers") or dag.get("agents") or []
    return [who["id"] if isinstance(who, dict) else str(who) for who in named]


def reviewer_errors(listed: Listed, known: list[str]) -> list[str]:
    if not known:
        return []
    return [
        f"Task '{name}' has the unknown reviewer '{task['reviewer_id']}'"
        for name, task in listed
        if task.get("reviewer_id") and task["reviewer_id"] not in known
    ]


def cycle_errors(edges: dict[str, set[str]], before: dict[str, set[str]]) -> list[str]:
    """One line per cycle, except for a task that depends on itself, which has its own error."""
    errors, reported = [], set()
    for name in sorted(edges):
        ring = {other for other in before[name] if name in before[other]}
        if name not in reported and len(ring) > 1:
            reported |= ring
            errors.append(f"DAG contains a cycle involving: {', '.join(sorted(ring))}")
    return errors


def milestone_errors(tasks: dict[str, PlannedTask], before: dict[str, set[str]]) -> list[str]:
    """One milestone begins when the one before it has ended, so none may wait for a later one."""
    order = {name: place for place, name in enumerate(milestones(tasks))}
    return [
        f"Task '{name}' of milestone '{own}' depends on '{other}' of '{later}', which comes later: "
        "move one of them, or drop the dependency"
        for name, task in tasks.items()
        for other in sorted(before[name])
        if (own := task.get("milestone")) and (later := tasks[other].get("milestone"))
        if order[own] < order[later]
    ]


def milestones(tasks: dict[str, PlannedTask]) -> list[str]:
    """In the order of the plan."""
    return list(dict.fromkeys(name for task in tasks.values() if (name := task.get("milestone"))))


def scope_errors(tasks: dict[str, PlannedTask], before: dict[str, set[str]]) -> list[str]:
    errors = []
    scopes = {name: [(path, parts(path)) for path in task.get("scope") or []] for name, task in tasks.items()}
    for one, other in combinations(sorted(tasks), 2):
        if one in before[other] or other in before[one] or in_turn(tasks[one], tasks[other]):
            continue
        shared = first_overlap(scopes[one], scopes[other])
        if shared:
            errors.append(
                f"Tasks '{one}' and '{other}' may run at the same time and both change '{shared}': "
                "put one after the other, or separate their scopes"
            )
    return errors


def in_turn(one: PlannedTask, other: PlannedTask) -> bool:
    """Whether they belong to two milestones, which never run at the same time."""
    pair = (one.get("milestone"), other.get("milestone"))
    return all(pair) and pair[0] != pair[1]


def first_overlap(one: list[tuple[str, list[str]]], other: list[tuple[str, list[str]]]) -> str | None:
    for left, left_parts in one:
        for right, right_parts in other:
            if overlap(left_parts, right_parts):
                return max(left, right, key=len)
    return None


def parts(path: str) -> list[str]:
    """As far as paths are compared: below `**`, many folders or many stars they count as the same."""
    found: list[str] = []
    stars = 0
    for part in path.strip().split("/"):
        if part == "**" or len(found) == DEEPEST or stars == MOST_STARS:
            break
        if part not in ("", "."):
            found.append(part)
            stars += "*" in part
    return found


def overlap(one: list[str], other: list[str]) -> bool:
    """Whether some path fits both; a folder holds all that is below it."""
    return all(map(same_part, one, other))


def same_part(one: str, other: str) -> bool:
    if one == other:
        return True
    if "*" in one and "*" in other:  # two patterns: apart only if their fixed ends differ
        start, end = fixed_ends(one)
        other_start, other_end = fixed_ends(other)
        starts_alike = start.startswith(other_start) or other_start.startswith(start)
        return starts_alike and (end.endswith(other_end) or other_end.endswith(end))
    if "*" in other:
        one, other = other, one
    return "*" in one and fits(one, other)


@functools.lru_cache(maxsize=20_000)
def fixed_ends(pattern: str) -> tuple[str, str]:
    return pattern.partition("*")[0], pattern.rpartition("*")[2]


def fits(pattern: str, name: str) -> bool:
    """Each piece between two stars as early as it is found, so that a long pattern takes no longer."""
    start, *between, end = pattern.split("*")
    here, last = len(start), len(name) - len(end)
    if here > last or not name.startswith(start) or not name.endswith(end):
        return False
    for piece in between:
        here = name.find(piece, here, last)
        if here < 0:
            return False
        here += len(piece)
    return True


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
