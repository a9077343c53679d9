"""Put a draft before the people: the plan waits at its gate with its hash, or its errors are said."""

import hashlib
import json
import re
from typing import Any, TypedDict

NAME = "propose_plan"


MOST_ERRORS = 20
LONGEST_ERROR = 300
CALLS = re.compile(r"([@#]|!(?=\d)|:(?=//)|www(?=\.)|<(?=!--))")


class Plan(TypedDict):
    dag: dict[str, Any]
    errors: list[str]


class Check(TypedDict):
    valid: bool
    errors: list[str]


class Input(TypedDict):
    state: Any
    events: list[Any]
    now: str
    policy: Any
    plan: Plan
    check: Check


class Output(TypedDict):
    state: Any
    actions: list[Any]


def execute(input: Input) -> Output:
    event, state = input["events"][0], input["state"]
    number = str(event["issue_number"])
    kickoff = state["kickoffs"][number]
    errors = input["plan"]["errors"] or ([] if input["check"]["valid"] else input["check"]["errors"])
    about = {"title": event["title"], "author": event["author"], "author_id": event["author_id"]}
    if errors:
        errors = bounded(errors)
        kickoff = {
            **kickoff,
            **about,
            "status": "Proposed",
            "errors": errors,
            "plan": None,
            "plan_hash": None,
        }
        actions = [complaint(event, kickoff, errors)]
    else:
        dag = input["plan"]["dag"]
        tasks = {name: {**task, "position": n} for n, (name, task) in enumerate(dag["tasks"].items(), 1)}
        kickoff = {**kickoff, **about, "status": "AwaitingApproval", "errors": [], "plan": tasks,
                   "goal": dag.get("goal") or about["title"], "plan_hash": hash_of(dag),
                   "planned_at": input["now"]}  # fmt: skip
        actions = []
    return {"state": {**state, "kickoffs": {**state["kickoffs"], number: kickoff}}, "actions": actions}


def hash_of(dag: dict[str, Any]) -> str:
    """What is approved: ids, titles, edges, scopes and acceptance of the tasks, and the goal."""
    kept = ("title", "depends_on", "scope", "acceptance", "complexity", "skills")
    tasks = {name: {field: task.get(field) for field in kept} for name, task in dag["tasks"].items()}
    text = json.dumps({"goal": dag.get("goal"), "tasks": tasks}, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def bounded(errors: list[str]) -> list[str]:
    """As many as a comment has room for, each as long as one reads."""
    more = [f"… and {len(errors) - MOST_ERRORS} more"] if len(errors) > MOST_ERRORS else []
    return [short(error) for error in errors[:MOST_ERRORS]] + more


def short(error: str) -> str:
    return error if len(error) <= LONGEST_ERROR else error[: LONGEST_ERROR - 1] + "…"


def complaint(event: dict[str, Any], kickoff: dict[str, Any], errors: list[str]) -> dict[str, Any]:
    rows = "\n".join(f"- {clean(error)}" for error in errors)
    body = f"I could not make a plan of this:\n\n{rows}\n\nMend the text of this issue, then say `/plan`."
    return {"type": "comment", "number": event["issue_number"], "body": body,
            "key": f"{kickoff['id']}/complaint/{kickoff['asked_at']}",
            "mark": {"kind": "answer", "sprint": kickoff["id"]}}  # fmt: skip


def clean(text: str) -> str:
    """What quotes another's words, as text: no mention, link or markup of its own."""
    escaped = re.sub(r"([\\`*_~\[\]<>|&])", r"\\\1", " ".join(text.split()))
    return CALLS.sub("\\1\N{WORD JOINER}", escaped)  # a forge looks for them in the rendered text


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
