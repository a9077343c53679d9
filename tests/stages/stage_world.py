"""A small world for the examples of effectful stages: one repository on one forge, a shell, a model."""

import copy
import json
from collections.abc import Iterator
from typing import Any

from shell.errors import Refused, Unavailable

BOT, ADA, MALLORY = ("caloron-bot", 7), ("ada", 3), ("mallory", 9)
MARK = "<!-- caloron:task key=task:shop-1a2b-7:{0} sprint=shop-1a2b-7 task={0} -->"
FEEDBACK = """Done.

```yaml
caloron_feedback:
  task_id: "{}"
  agent_role: developer
  task_clarity: 8
  blockers: []
  tokens_consumed: 14200
  self_assessment: completed
```
"""


def issue(number: int, title: str, body: str, author: tuple[str, int] = BOT, **more: Any) -> dict[str, Any]:
    return {
        "number": number,
        "title": title,
        "body": body,
        "state": "open",
        "author": author[0],
        "author_id": author[1],
        "labels": ["caloron:task"],
        "is_pull": False,
        "assignees": [],
        "html_url": f"https://git.example.org/ada/shop/issues/{number}",
        "created_at": "2026-11-20T08:00:00.000Z",
        "updated_at": "2026-11-20T08:00:00.000Z",
        **more,
    }


def pull(number: int, body: str, author: tuple[str, int] = BOT, **more: Any) -> dict[str, Any]:
    return {
        "number": number,
        "title": f"Change {number}",
        "body": body,
        "state": "open",
        "merged": False,
        "merge_sha": None,
        "merged_by": None,
        "draft": False,
        "author": author[0],
        "author_id": author[1],
        "head": {"ref": "agent/shop-1a2b-7/api", "sha": "a" * 40, "repo_id": 1},
        "base": {"ref": "main"},
        "labels": [],
        "html_url": f"https://git.example.org/ada/shop/pulls/{number}",
        "reviews": [],
        "status": {"state": "none", "contexts": {}},
        **more,
    }


def comment(comment_id: int, number: int, who: tuple[str, int], body: str) -> dict[str, Any]:
    return {
        "comment_id": comment_id,
        "issue_number": number,
        "is_pull": False,
        "author": who[0],
        "author_id": who[1],
        "body": body,
        "created_at": "2026-11-21T08:40:00.000Z",
        "updated_at": "2026-11-21T08:40:00.000Z",
        "html_url": f"https://git.example.org/ada/shop/issues/{number}#issuecomment-{comment_id}",
    }


def review(review_id: int, who: tuple[str, int], state: str, at: str) -> dict[str, Any]:
    return {
        "id": review_id,
        "author": who[0],
        "author_id": who[1],
        "state": state,
        "body": "",
        "commit_sha": "a" * 40,
        "stale": False,
        "submitted_at": at,
        "comments": [],
    }


GREEN = {"state": "success", "contexts": {"ci": "success"}}
NEW: dict[str, Any] = {"created_at": "2026-11-21T08:30:00.000Z", "updated_at": "2026-11-21T08:30:00.000Z"}
ISSUES = [
    issue(12, "Write the API", "Please.\n\n" + MARK.format("api"), **NEW),
    issue(13, "Draw the page", MARK.format("ui"), state="closed", updated_at="2026-11-21T08:45:01.000Z"),
    issue(14, "Old news", "Looks like ours: " + MARK.format("ui"), MALLORY),
]
PULLS = [
    pull(
        15,
        "Closes #12.\n\n" + MARK.format("api"),
        status=GREEN,
        reviews=[
            review(31, ADA, "changes_requested", "2026-11-21T08:41:00.000Z"),
            review(32, ADA, "approved", "2026-11-21T08:42:00.000Z"),
            review(33, MALLORY, "commented", "2026-11-21T08:43:00.000Z"),
        ],
    ),
    pull(16, "(#13)", state="closed", merged=True, merge_sha="c" * 40, merged_by="ada"),
    pull(17, "Fixes other/repository#12", MALLORY, reviews=[review(34, ADA, "dismissed", NEW["created_at"])]),
]
COMMENTS = [
    comment(41, 12, BOT, FEEDBACK.format("api")),
    comment(42, 12, MALLORY, FEEDBACK.format("forged")),
    comment(43, 13, ADA, "---\ntitle: x\n---\n---\ncaloron_feedback:\n  task_id: ui\n  blockers: null\n---"),
    comment(44, 13, BOT, "caloron_feedback:\n  task_id: [ui"),
]


def step(type_: str, minute: str, **label: str) -> dict[str, Any]:
    return {"type": type_, **label, "actor": ADA[0], "actor_id": ADA[1], "at": f"2026-11-21T08:{minute}.000Z"}


TIMELINE = {
    12: [step("label", "35:00", label="caloron:hold"), step("unlabel", "36:00", label="caloron:hold")],
    13: [step("close", "45:01")],
    16: [step("close", "45:00")],
}
COMMIT = {
    "sha": "f" * 40,
    "commit": {"message": "Begin\n\nWell.", "author": {"name": "Ada", "date": "2026-11-21T08:30:00Z"}},
}
RAW: dict[str, Any] = {
    "/repos/ada/shop": {"description": "Shoes", "open_issues_count": 3, "default_branch": "main"},
    "/repos/ada/shop/commits": [COMMIT],
    "/repos/ada/shop/languages": {"Python": 2048},
    "/repos/ada/empty": {"description": None, "open_issues_count": 0, "default_branch": "main"},
    "/repos/ada/empty/languages": {},
}


class Page:
    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.rows = rows

    @property
    def content(self) -> bytes:
        return json.dumps(self.rows).encode()


class Api:
    """The raw calls that have no verb."""

    def pages(self, path: str, **params: Any) -> Iterator[Page]:
        yield Page([one for one in PULLS if one["state"] == params["state"]])

    def get(self, path: str, **params: Any) -> Any:
        if path not in RAW:
            raise Refused(409, "Git Repository is empty.")
        return RAW[path]


class FakeForge:
    """The repository ada/shop; it remembers in `wrote` what it was asked to write."""

    def __init__(self, *_: Any, **__: Any) -> None:
        self.api = Api()
        self.issues = {one["number"]: one for one in copy.deepcopy(ISSUES)}
        self.pulls = {one["number"]: one for one in copy.deepcopy(PULLS)}
        self.comments = copy.deepcopy(COMMENTS)
        self.wrote: list[tuple[Any, ...]] = []

    def me(self) -> dict[str, Any]:
        return {"login": BOT[0], "id": BOT[1]}

    def repository(self, repo: str) -> dict[str, Any]:
        return {"default_branch": "main", "default_merge_style": "merge"}

    def branch_head(self, repo: str, branch: str) -> str | None:
        return "f" * 40

    def permission(self, repo: str, login: str) -> dict[str, Any]:
        if login == "mallory":
            raise Refused(403, "only an administrator may ask")
        return {"login": login, "user_id": ADA[1], "permission": "owner"}

    def changes_since(self, repo: str, since: str | None) -> dict[str, Any]:
        issues = [one for one in self.issues.values() if not since or one["updated_at"] >= since]
        comments = [one for one in self.comments if not since or one["updated_at"] >= since]
        return {"issues": issues, "pulls": [15, 16], "comments": comments, "date": "2026-11-21T09:00:00.000Z"}

    def issue(self, repo: str, number: int) -> dict[str, Any]:
        if number in self.pulls:
            ended = number == 16
            times = NEW | ({"created_at": "2026-11-20T08:00:00.000Z"} if ended or number == 17 else {})
            return issue(number, "A change", "", **times)
        return self.there(self.issues, number)

    def pull(self, repo: str, number: int) -> dict[str, Any]:
        return self.there(self.pulls, number)

    def there(self, things: dict[int, dict[str, Any]], number: int) -> dict[str, Any]:
        if number not in things:
            raise Refused(404, "there is no such thing")
        return things[number]

    def timeline(self, repo: str, number: int) -> list[dict[str, Any]]:
        return TIMELINE.get(number, [])

    def issue_comments(self, repo: str, number: int) -> list[dict[str, Any]]:
        self.there(self.issues | self.pulls, number)
        return [one for one in self.comments if one["issue_number"] == number]

    def issues_with_label(self, repo: str, label: str, state: str = "all") -> list[dict[str, Any]]:
        return [one for one in self.issues.values() if label in one["labels"]]

    def create_issue(self, repo: str, title: str, body: str, labels: list[str]) -> dict[str, Any]:
        made = issue(100 + len(self.wrote), title, body, labels=list(labels))
        self.issues[made["number"]] = made
        self.wrote.append(("create_issue", title, body, labels))
        return made

    def edit_issue(self, repo: str, number: int, state: str | None = None) -> dict[str, Any]:
        self.wrote.append(("edit_issue", number, state))
        return self.there(self.issues, number) | {"state": state}

    def comment(self, repo: str, number: int, body: str) -> dict[str, Any]:
        self.there(self.issues | self.pulls, number)
        made = comment(500 + len(self.wrote), number, BOT, body)
        self.comments.append(made)
        self.wrote.append(("comment", number, body))
        return made

    def make_labels(self, repo: str, labels: list[dict[str, Any]]) -> None:
        self.wrote.append(("make_labels", [one["name"] for one in labels]))

    def set_labels(self, repo: str, number: int, add: list[str], remove: list[str]) -> list[str]:
        thing = self.there(self.issues | self.pulls, number)
        thing["labels"] = [name for name in thing["labels"] if name not in remove] + list(add)
        self.wrote.append(("set_labels", number, add))
        return list(thing["labels"])

    def merge(self, repo: str, number: int, head_sha: str, style: str, delete_branch: bool) -> dict[str, Any]:
        if self.pulls[number]["head"]["sha"] != head_sha:
            raise Refused(409, "the head is another one now")
        self.wrote.append(("merge", number, head_sha, style, delete_branch))
        return {"merged": True, "merge_sha": "d" * 40}


def fake_shell(asked: list[tuple[str, dict[str, Any]]]) -> Any:
    """The shell's HTTP surface: it starts every agent but `agent-9`."""

    def ask(url: str | None, path: str, body: dict[str, Any]) -> dict[str, Any]:
        asked.append((path, body))
        if body["agent_id"] == "agent-9":
            raise Refused(404, "unknown sprint or task")
        return {"ok": True, "pid": 4711} if path == "/spawn" else {"ok": True}

    return ask


CART = {"name": "Cart", "purpose": "Holds what is bought.", "interface": "add(item)"}
ASKED: dict[str, Any] = {"id": "cart", "title": "Write the cart", "depends_on": [], "agent_prompt": "Go."}
ANSWERS: dict[str, Any] = {
    "dag": {"tasks": [{**ASKED, "description": "Start small.", "scope": ["cart/**"], "acceptance": []}]},
    "design_brief": "Quick and blue.",
    "components_inventory": [CART],
    "design_doc": "# Shop\n\nA cart.",
    "components": [CART],
    "risks": ["Prices change while something is in the cart."],
    "tasks": [{**ASKED, "component": "Cart"}],
    "review_checks": [{"reviews": "cart", "focus": "what happens twice", "agent_prompt": "Look."}],
    "themes": ["The task `api` was clear."],
    "improvements": ["Plan fewer tasks."],
    "learnings": ["Clear tasks are completed."],
    "sentiment": "mixed",
}


def fake_model(question: dict[str, Any], timeout: float) -> Any:
    """A model for whom each field has its answer, unless the message says that it is busy or has no key."""
    message = question["messages"][0]["content"]
    if "busy" in message:
        raise Unavailable("api.anthropic.com", "Overloaded", status=529)
    if "no key" in message:
        raise Refused(401, "There is no key for the model; set ANTHROPIC_API_KEY.")
    if "babble" in message:
        return {"words": "Sure!"}
    return {field: ANSWERS[field] for field in question["schema"]["required"]}
