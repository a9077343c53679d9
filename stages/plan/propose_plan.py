"""Propose a draft: the plan waits for approval with its hash, or its errors are listed."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypedDict, cast

if TYPE_CHECKING:
    from stages.world import (
        Action, Brief, Briefs, Comment, Dag, Kickoff, KickoffRead, PlanChange, Policy, SprintApproved,
        SprintBrief, State, Task, Where,
    )  # fmt: skip

NAME = "propose_plan"


MOST_ERRORS, MOST_CHANGES = 20, 20
LONGEST_ERROR = 300
MOST_TOLD = 20_000


class Plan(TypedDict):
    dag: Dag
    errors: list[str]


class Check(TypedDict):
    valid: bool
    errors: list[str]


class Compared(TypedDict):
    differences: list[str]


class Written(TypedDict):
    sprints: dict[str, Brief]  # kickoff number → the sprint's brief
    tasks: dict[str, Briefs]  # kickoff number → task id → the task's brief


class Input(TypedDict):
    state: State
    events: list[KickoffRead]
    now: str
    policy: Policy
    plan: Plan
    check: Check
    compared: Compared
    briefs: Written


class Output(TypedDict):
    state: State
    actions: list[Action]
    events: list[SprintApproved]


LONGEST = 64 * 1024
"""Characters of a kickoff that are planned."""
PARTS = (
    "background", "constraints", "out_of_scope", "acceptance", "done", "notes", "unused", "hidden",
)  # fmt: skip


def execute(input: Input) -> Output:
    event, state = input["events"][0], input["state"]
    number = str(event["issue_number"])
    kickoff = state["kickoffs"][number]
    errors = text_too_long(event) or input["plan"]["errors"]
    errors = errors or ([] if input["check"]["valid"] else input["check"]["errors"])
    texts = briefs_of(input["briefs"], number)
    errors = errors or too_long(texts)
    kickoff = {
        **kickoff, "title": event["title"], "author": event["author"], "author_id": event["author_id"],
    }  # fmt: skip
    actions: list[Action] = []
    events: list[SprintApproved] = []
    if errors:
        errors = bounded(errors)
        kickoff = {
            **kickoff,
            "status": "Proposed",
            "errors": errors,
            "plan": None,
            "plan_hash": None,
        }
        actions = [complaint(event, kickoff, errors)]
    else:
        dag = input["plan"]["dag"]
        tasks = {name: placed(task, n) for n, (name, task) in enumerate(dag["tasks"].items(), 1)}
        changes = noted(kickoff, dag, input["compared"]["differences"], hash_of(dag, texts))
        kickoff = {**kickoff, "status": "AwaitingApproval", "errors": [], "plan": tasks,
                   "unseen": unseen(event),
                   "goal": dag.get("goal") or event["title"], "brief": parts_of(dag),
                   "plan_hash": hash_of(dag, texts),
                   "text_hash": text_hash(event),
                   "planned_at": input["now"]}  # fmt: skip
        if changes:
            kickoff["changes"] = changes
        if opens_by_itself(kickoff, input["policy"]):
            kickoff = {**kickoff, "status": "Approved", "approved_by": kickoff.get("asked_by"),
                       "approved_at": input["now"]}  # fmt: skip
            events = [{"type": "sprint_approved", "key": f"sprint_approved:{event['key']}",
                       "number": kickoff["number"]}]  # fmt: skip
    state = {**state, "kickoffs": {**state["kickoffs"], number: kickoff}}
    return {"state": state, "actions": actions, "events": events}


def opens_by_itself(kickoff: Kickoff, policy: Policy) -> bool:
    """Without a gate a person's own text goes ahead; what others wrote, or sent back, waits to be read."""
    asked_by, options = kickoff.get("asked_by_id"), kickoff.get("options") or {}
    own = asked_by is not None and asked_by == kickoff.get("author_id") and asked_by != policy["me"]["id"]
    auto = options.get("auto") or kickoff.get("auto_by") or policy.get("plan_gate") == "auto"
    return bool(auto) and own and not kickoff.get("rejections")


def noted(kickoff: Kickoff, dag: Dag, differences: list[str], plan_hash: str) -> list[PlanChange]:
    """What is other than in the plan that was shown before, beside how that came to be."""
    known, before = kickoff.get("changes") or [], kickoff.get("plan_hash")
    if before in (None, plan_hash) or not kickoff.get("plan"):
        return known
    told = (
        kickoff.get("goal") == (dag.get("goal") or kickoff.get("title")),
        kickoff.get("brief") == parts_of(dag),
    )
    rows = [*differences, *([] if all(told) else ["! sprint What every agent is told"])]
    change: PlanChange = {
        "changed_by": kickoff.get("asked_by"), "hash_before": before, "differences": rows,
    }  # fmt: skip
    return [*known, change][-MOST_CHANGES:]


def text_hash(event: KickoffRead) -> str:
    """As `compare_issue` keeps it of the issue, so that an edit is seen."""
    return hashlib.sha256((event.get("body") or "").encode()).hexdigest()[:16]


def text_too_long(event: KickoffRead) -> list[str]:
    if len(event.get("body") or "") <= LONGEST:
        return []
    return [
        f"this text is longer than {LONGEST // 1024} KiB; keep the goal and the tasks, and link to the rest"
    ]


def placed(task: Task, position: int) -> Task:
    return {**task, "position": position}


def parts_of(dag: Dag) -> SprintBrief:
    said: Mapping[str, object] = dag
    return cast("SprintBrief", {name: said[name] for name in PARTS if said.get(name)})


def briefs_of(written: Written, number: str) -> list[str]:
    """The sprint's brief, then each task's, as agents get them."""
    sprint, tasks = written["sprints"][number], written["tasks"][number]
    return [sprint["text"], *(brief["text"] for brief in tasks.values())]


def hash_of(dag: Dag, texts: list[str]) -> str:
    """What is approved: all that agents are told, what waits for what, and what the plan leaves out."""
    edges = {name: task.get("depends_on") or [] for name, task in dag["tasks"].items()}
    text = json.dumps([texts, edges, dag.get("unused") or []], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def unseen(event: KickoffRead) -> int:
    """How many signs of the kickoff nobody sees."""
    text = event["title"] + (event.get("body") or "")
    return len(text) - len(UNSEEN.sub("", TERMINAL.sub("", text)))


def too_long(texts: list[str]) -> list[str]:
    """What the agents are told must have room on the board: only what is shown there is approved."""
    signs = sum(map(len, texts))
    if signs <= MOST_TOLD:
        return []
    return [
        f"The agents would be told {signs} characters, but the board has room for {MOST_TOLD}: shorten it"
    ]


def bounded(errors: list[str]) -> list[str]:
    """As many as a comment has room for, each as long as one reads."""
    more = [f"… and {len(errors) - MOST_ERRORS} more"] if len(errors) > MOST_ERRORS else []
    return [short(error) for error in errors[:MOST_ERRORS]] + more


def short(error: str) -> str:
    return error if len(error) <= LONGEST_ERROR else error[: LONGEST_ERROR - 1] + "…"


def complaint(event: KickoffRead, kickoff: Kickoff, errors: list[str]) -> Comment:
    rows = "\n".join(f"- {as_text(error)}" for error in errors)
    body = f"I could not plan this sprint:\n\n{rows}\n\nEdit this issue, then say `/plan`."
    where: Where = {"number": event["issue_number"], "asker": kickoff.get("asked_by") or ""}
    return {"type": "comment", "number": event["issue_number"], "body": body,
            "key": f"{kickoff['id']}/complaint/{kickoff['asked_at']}",
            "mark": {"kind": "answer", "sprint": kickoff["id"]}, "answers": where}  # fmt: skip


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
