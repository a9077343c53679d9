"""Words that people write where the bot repeats them, or an agent reads them."""

import io
import json
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import compositions
from bot.cli.output import printable
from handlers.read import read_commands
from shell.agent import run as agent_run
from shell.hidden_parts import as_page
from shell.logging import log_of, set_up

from .kind import Arena, Defence, Kind, Tried

SHORT = 60
TEXTS: list[str] = json.loads(Path(__file__).with_suffix(".json").read_text())
"""Each may call someone, link, close, order, hide, or draw on a terminal."""
LIVE = re.compile(
    r"(?<![\w/`])@[A-Za-z0-9]|[#!]\d|(?i:gh)-\d|://\w|(?i:www)\.\w|\[(?i:skip|no|ci|wip|actions)\b|\[\[|<!--"
    r"|(?<![0-9A-Za-z])[0-9a-f]{7,64}(?![0-9A-Za-z])"
)
MARKUP = re.compile(r"(?<!\\)<[A-Za-z/]|(?<!\\)\]\(")
UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u202a-\u202e\u2061-\u206f\ufe00-\ufe0e\ufeff"
    "\ud800-\udfff\U000e0000-\U000e0fff]"
)
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
TRAILER = re.compile(r"(?im)^(?:co-authored-by|signed-off-by|reviewed-by|skip-checks|closes|change-id):")
PLAIN = "Plain words"
KEPT = ("<details>", "<summary>", "</summary>", "</details>", "<sub>", "</sub>")
Place = Callable[[str], str]


def execute(stage: str, given: dict[str, Any]) -> Any:
    return compositions.catalogue().find(stage).execute(given)


def state_with(text: str) -> dict[str, Any]:
    """A sprint whose every free word is this text."""
    task = {
        "id": "a", "title": text, "status": "InReview", "agent_id": "a", "issue_number": 5, "pr_number": 7,
        "head_sha": "c1", "acceptance": [text], "scope": [text], "attempt": 1, "feedback": text,
        "position": 1, "description": text, "depends_on": ["b"],
    }  # fmt: skip
    before = {"id": "b", "title": text, "status": "Done", "depends_on": [], "position": 2,
              "made": {"changed": [text], "summary": text}}  # fmt: skip
    parts = ("background", "constraints", "out_of_scope", "acceptance", "done", "notes")
    brief = {name: [text] for name in parts} | {"unused": [{"line": text, "why": "a greeting"}]}
    kickoff = {
        "id": "s-1a2b-4", "number": 4, "status": "AwaitingApproval", "title": text, "goal": text,
        "brief": brief, "plan_hash": "x", "plan": {"a": {**task, "status": "Pending"}, "b": before},
    }  # fmt: skip
    repo = {"default_branch": "main", "merge_styles": ["merge"], "default_merge_style": "merge"}
    return {
        "running": 4,
        "repo": repo,
        "kickoffs": {"4": kickoff},
        "tasks": {"a": task, "b": before},
        "issues": {},
    }


def spelled(text: str, decision: dict[str, Any]) -> dict[str, Any]:
    """The first action that is made of a decision."""
    return dict(spelled_out(text, decision)["actions"][0])


def spelled_out(text: str, decision: dict[str, Any]) -> Any:
    state = state_with(text)
    policy = {"statuses": STATUSES, "framework": "stub", "time_limit_s": 60}
    given = {"state": state, "decided": {"state": {"tasks": state["tasks"]}, "actions": [decision]}}
    briefs = execute("write_briefs", execute("take_starting", given))
    return execute("spell_out", given | {"now": NOW, "policy": policy, "briefs": briefs})


NOW = "2026-11-21T07:00:00.000Z"
LOOK = {"label": "caloron:assigned", "colour": "fill:#fff", "sign": "*", "words": "waits"}
STATUSES = dict.fromkeys(("Pending", "Ready", "InProgress", "InReview", "Done"), LOOK)
WANT = {"task_id": "a", "pr_number": 7, "head_sha": "c1", "title": "t", "attempt": 1}


def board(text: str) -> str:
    waits: dict[str, Any] = {"waits": {"4": {"a": [], "b": []}}, "reviews": {"4": []}}
    state = state_with(text) | {"running": None}
    briefs = execute("write_briefs", execute("take_unread", {"state": state}))
    policy = {"statuses": STATUSES, "framework": "stub"}
    given = {
        "state": state,
        "now": NOW,
        "policy": policy,
        "offered": execute("offer_edits", {"state": state, "policy": policy}),
        "told": waits,
        "briefs": briefs,
        "foreseen": {"forecast": None},
    }
    return str(execute("draw_boards", given)["boards"][0]["body"])


def denial(text: str) -> str:
    review = {
        "id": 1,
        "author": text,
        "author_id": 3,
        "verdict": "approved",
        "commit_sha": "c1",
        "machine": False,
    }
    facts = {
        "forge": "gitea", "author_id": 1, "ours": [1], "reviews": [review], "counting": ["c1"], "commits": [],
        "pushes": [], "permissions": {}, "guarded": [text], "links": [text], "closing": [],
    }  # fmt: skip
    return str(execute("weigh_approval", {"facts": facts})["message"])


def retro(text: str) -> str:
    item = {"task_id": "a", "agent_role": text, "task_clarity": 5, "blockers": [text], "notes": text}
    given = {"sprint_id": text, "goal": text, "kpis": {}, "feedback_items": [item]}
    return str(execute("write_retro_report", given | {"started_at": NOW, "ended_at": NOW})["report_markdown"])


def issue_title(text: str) -> str:
    return str(spelled(text, WANT | {"type": "create_issue"})["title"])


def issue_body(text: str) -> str:
    return str(spelled(text, WANT | {"type": "create_issue"})["body"])


def pull_text(text: str) -> str:
    action = spelled(text, WANT | {"type": "spawn_agent"})
    return f"{action['pr_title']}\n{action['pr_body']}"


def commit_message(text: str) -> str:
    action = spelled(text, WANT | {"type": "spawn_agent"})
    return agent_run._message({**action, "attempt": 1})


def merge_message(text: str) -> str:
    action = spelled(text, WANT | {"type": "merge_pr"})
    return f"{action['title']}\n\n{action['message']}"


def refusal(text: str) -> str:
    told = spelled_out(text, WANT | {"type": "tell_refusal", "message": text})
    return str(told["state"]["tasks"]["a"]["news"][-1]["news"])


def escalation(text: str) -> str:
    return str(spelled(text, WANT | {"type": "escalate", "action": "escalate_human", "reason": text})["body"])


PLACES: dict[str, Place] = {
    "the issue's title": issue_title,
    "the issue's text": issue_body,
    "the pull request": pull_text,
    "the commit": commit_message,
    "the merge": merge_message,
    "a refused merge": refusal,
    "an escalation": escalation,
    "a refused approval": denial,
    "the board": board,
    "the retro": retro,
}


TITLES = ("the issue's title", "the pull request", "the commit", "the merge")


def prompt(text: str) -> str:
    return str(spelled(text, WANT | {"type": "spawn_agent"})["prompt"])


def logged(text: str) -> str:
    """What a process logs where it names this."""
    stream = io.StringIO()
    set_up("attack", stream)
    log_of("attack").warning("it was refused", reason=text, author=text)
    set_up("attack")
    return stream.getvalue()


def live_in(said: str, title: bool = False) -> list[str]:
    """What of a text would do something, or is not seen; no Markdown and no command is read in a title."""
    bare = said
    for tag in KEPT:
        bare = bare.replace(tag, "")
    code = re.sub(r"`[^`\n]*`", "`x`", re.sub(r"(?s)```.*?```", "", bare))
    found = LIVE.findall(code) + TRAILER.findall(bare) + UNSEEN.findall(bare)
    if title:
        return found
    return (
        found
        + MARKUP.findall(code)
        + [str(one.get("name") or one.get("error")) for one in read_commands(said)]
    )


def play(arena: Arena) -> Iterator[Tried]:
    """Every text in every place; in a short run some of the texts."""
    texts = TEXTS
    if arena.short:
        texts = arena.random.sample(texts, SHORT)
    known = {name: live_in(place(PLAIN), name in TITLES) for name, place in PLACES.items()}
    for text in texts:
        wrong = [
            f"{name}: {found}"
            for name, place in PLACES.items()
            if (found := more(live_in(place(text), name in TITLES), known[name]))
        ]
        if hidden := UNSEEN.findall(prompt(text).replace("\n", "")):
            wrong.append(f"an agent gets {hidden!r}")
        if CONTROLS.search(printable(text)):
            wrong.append("it controls a terminal")
        if (line := logged(text)).count("\n") != 1 or UNSEEN.search(line.rstrip("\n")):
            wrong.append(f"a line of the log: {line!r}")
        yield Tried(repr(text)[:80], not wrong, "; ".join(wrong)[:300])
    yield from hidden_from_readers(arena.random)


def more(found: list[str], known: list[str]) -> list[str]:
    rest = list(known)
    return [one for one in found if one not in rest or rest.remove(one)]  # type: ignore[func-returns-value]


HIDDEN = {
    "a comment": "<!-- {} -->",
    "a definition": "[//]: # ({})",
    "a hidden element": "<span hidden>{}</span>",
    "an element without display": '<div style="display:none">{}</div>',
    "a link's title": '[docs](https://d.example "{}")',
    "an image's words": "![{}](x.png)",
    "a tag's words": '<b title="{}">x</b>',
    "a template": "<template>{}</template>",
}


def hidden_from_readers(chance: random.Random) -> Iterator[Tried]:
    """What a page does not show does not reach a plan, in any part of the kickoff."""
    for name, form in HIDDEN.items():
        secret = f"xyzzy{chance.randrange(10**6)}"
        hidden = form.format(secret)
        lines = [
            "Sell shoes.",
            "",
            hidden,
            "",
            "- api: Build it",
            f"  {hidden}",
            "- ui: Draw it",
            "",
            hidden,
            "",
        ]
        if "[//]" not in form:
            lines[4] += f" {hidden}"
        brief = "\n".join(lines)
        made = execute("generate_sprint_dag", {"brief": brief, "title": "Shoes", "sprint_id": "s"})
        planned = repr(made["dag"])
        yield Tried(f"hidden in {name}", secret not in planned, planned[:200])
        said = f"Mend it.\n\n{hidden}\n"
        told = asked_for(said)
        yield Tried(f"a review hides {name}", secret not in told and "Mend it." in told, told[:200])
        yield Tried(f"AGENTS.md hides {name}", secret not in as_page(said), as_page(said)[:200])


def asked_for(said: str) -> str:
    """What the agent of a task is told of a review that says this, in its text and in the code."""
    state = {**state_with("Shoes"), "pulls": {}, "issues": {}}
    kickoff = {**state["kickoffs"]["4"], "status": "Running"}
    state |= {"kickoffs": {"4": kickoff}}
    state["tasks"] = {"a": {**state["tasks"]["a"], "feedback": None, "depends_on": []}}
    review = {
        "type": "pr_review_submitted", "key": "r", "task_id": "a", "pr_number": 7, "review_id": 3,
        "review_state": "changes_requested", "actor": "ada", "actor_id": 2, "commit_sha": "c1",
        "allowed": True, "body": said, "comments": [{"path": "a.py", "line": 1, "body": said}],
    }  # fmt: skip
    policy = {"statuses": STATUSES, "framework": "stub", "time_limit_s": 60}
    turn = {"state": state, "events": [review], "now": NOW, "policy": policy, "actions": []}
    return str(compositions.run("task_life", turn).output["state"]["tasks"]["a"]["feedback"])


KIND = Kind(
    "texts",
    "words that call, link, close, order or hide, wherever the bot repeats them or an agent reads them",
    play,
    (
        Defence(
            "titles are neutralized",
            "stages/life/spell_out.py",
            'title = as_title(task["title"])',
            'title = task["title"]',
        ),
        Defence(
            "the lines of a brief are text",
            "stages/plan/write_briefs.py",
            "return TRAILER.sub(JOINER, as_text(line, LONGEST_LINE))",
            "return line",
        ),
        Defence(
            "a line of the log is one line",
            "shell/logging.py",
            "return as_line(super().__call__(logger, name, event_dict))",
            "return mask(super().__call__(logger, name, event_dict))",
        ),
        Defence(
            "agents get only what is seen",
            "stages/plan/write_briefs.py",
            'UNSEEN.sub("", line)[:LONGEST_LINE] for line',
            "line[:LONGEST_LINE] for line",
        ),
        Defence(
            "a review is read as its page shows it",
            "stages/life/read_reviews.py",
            'read["body"] = as_page(body[:LONGEST_TEXT])',
            'read["body"] = body',
        ),
        Defence(
            "hidden elements are not planned",
            "stages/kickoff/generate_dag.py",
            "shown = without_hidden(text)",
            "shown = text",
        ),
    ),
)
