"""A forge that lives in memory, and compositions made for the test at hand."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from jobs import action_handlers, advance, context, perform
from jobs.context import Context
from jobs.decide import Decider, Trace
from shell.clock import now
from shell.settings import Settings
from shell.store import Store, Taken
from shell.store.connection import milliseconds

LANE = "gitea-7"
WRITTEN_AT, EDITED_AT = "2026-01-01T00:00:01.000Z", "2026-01-01T00:00:09.000Z"
"""When the forge says that a comment was written, and edited."""
Turn = dict[str, Any]


class MemoryForge:
    """Remembers what was asked of it; a fault put into `faults` for a verb is raised once."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[Any, ...]]] = []
        self.faults: dict[str, list[Exception]] = {}
        self.after: dict[str, list[Exception]] = {}
        self.issues: list[dict[str, Any]] = []
        self.comments: list[dict[str, Any]] = []
        self.labels: dict[int, list[str]] = {}
        self.heads: dict[int, str] = {}
        self.up_to_date = True
        self.assignable: list[str] = []

    def _call(self, verb: str, *given: Any) -> None:
        self.calls.append((verb, given))
        if self.faults.get(verb):
            raise self.faults[verb].pop(0)

    def _then(self, verb: str) -> None:
        """A fault after the deed was done: the answer is lost."""
        if self.after.get(verb):
            raise self.after[verb].pop(0)

    def asked(self, verb: str) -> int:
        return sum(called == verb for called, _ in self.calls)

    def me(self) -> dict[str, Any]:
        return {"login": "bot", "id": 1}

    def clone_url(self, repo: str) -> str:
        return f"http://forge.test/{repo}.git"

    def repository(self, repo: str) -> dict[str, Any]:
        self._call("repository", repo)
        shown = {"id": 7, "full_name": repo, "owner_id": 3, "default_branch": "main"}
        return shown | {"merge_styles": ["squash"]}

    def repositories(self) -> list[dict[str, Any]]:
        named = [(7, "acme/shop"), (8, "acme/site"), (9, "stranger/shop")]
        return [{"id": number, "full_name": name, "owner_id": 3} for number, name in named]

    def create_issue(self, repo: str, title: str, body: str, labels: list[str]) -> dict[str, Any]:
        self._call("create_issue", title)
        issue = {
            "number": len(self.issues) + 1,
            "title": title,
            "body": body,
            "html_url": "u",
            "author_id": 1,
        }
        self.issues.append(issue)
        self._then("create_issue")
        return issue

    def edit_issue(self, repo: str, number: int, assignees: list[str]) -> dict[str, Any]:
        self._call("edit_issue", number, assignees)
        return {"number": number, "assignees": self.assignable}

    def request_review(self, repo: str, number: int, reviewers: list[str]) -> None:
        self._call("request_review", number, reviewers)

    def issues_with_label(self, repo: str, label: str, state: str = "all") -> list[dict[str, Any]]:
        self._call("issues_with_label", label)
        return self.issues

    def issue(self, repo: str, number: int) -> dict[str, Any]:
        self._call("issue", number)
        return {"number": number, "labels": []}

    def comment(self, repo: str, number: int, body: str) -> dict[str, Any]:
        self._call("comment", number, body)
        comment = {"comment_id": len(self.comments) + 100, "body": body, "html_url": "u", "author_id": 1}
        comment |= {"updated_at": WRITTEN_AT}
        self.comments.append(comment)
        self._then("comment")
        return comment

    def issue_comments(self, repo: str, number: int) -> list[dict[str, Any]]:
        self._call("issue_comments", number)
        return self.comments

    def edit_comment(self, repo: str, comment_id: int, body: str) -> dict[str, Any]:
        self._call("edit_comment", comment_id, body)
        [there] = [one for one in self.comments if one["comment_id"] == comment_id]
        there |= {"body": body, "updated_at": EDITED_AT}
        self._then("edit_comment")
        return there

    def react_comment(self, repo: str, comment_id: int, content: str, remove: str | None) -> None:
        self._call("react_comment", comment_id, content)

    def merge(
        self, repo: str, number: int, head: str, style: str, delete: bool, title: Any, message: Any
    ) -> dict[str, Any]:
        self._call("merge", number, head, style)
        return {"merged": True, "merge_sha": "abc"}

    def update_branch(self, repo: str, number: int, head: str | None) -> bool:
        self._call("update_branch", number, head)
        return not self.up_to_date

    def pull(self, repo: str, number: int, known: Any = ()) -> dict[str, Any]:
        return {"number": number, "head": {"sha": self.heads[number]}}

    def set_labels(self, repo: str, number: int, add: list[str], remove: list[str]) -> list[str]:
        self._call("set_labels", number, tuple(add), tuple(remove))
        names = [name for name in self.labels.get(number, []) if name not in remove]
        self.labels[number] = names + [name for name in add if name not in names]
        return self.labels[number]

    def make_labels(self, repo: str, labels: list[dict[str, Any]]) -> None:
        self._call("make_labels", len(labels))


class Bench(Context):
    """A context whose compositions are Python functions of the test."""

    compositions: dict[str, Callable[[Any], Any]]
    routes: dict[str, str]

    def decider(self, lane: str) -> Decider:
        policy: Any = {"of": "tests"}
        return Decider(
            lambda event, state: [event],
            lambda event: self.routes.get(event["type"]),
            lambda name, turn: (self.compositions[name](turn), [(name, 0.1)]),
            lambda state: policy,
            now,
            self.store.seen,
        )

    def work(self, lane: str = LANE) -> None:
        """Advance and perform, until neither has anything to do."""
        for _ in range(30):
            advance.drain(self.store, lane, self.decider(lane))
            perform.perform_with(self, lane)
            due = self.store.due_actions(lane) and not self.waits(lane)
            if not self.store.waiting(lane) and not due:
                return
        raise AssertionError("the lane does not come to rest")

    def away(self, lane: str = LANE) -> dict[str, Any] | None:
        return self.store.remembered(lane).away

    def waits(self, lane: str) -> bool:
        away = self.away(lane)
        return away is not None and away["until_ms"] > milliseconds()

    def put(self, *actions: dict[str, Any], lane: str = LANE) -> None:
        """Actions into the outbox, as a composition would ask for them."""
        self.compositions["ask"] = lambda turn: turn | {"actions": list(turn["events"][0]["ask"])}
        self.routes["ask"] = "ask"
        self.tell({"type": "ask", "key": f"ask:{self.store.load(lane).turn}", "ask": list(actions)}, lane)
        advance.drain(self.store, lane, self.decider(lane))

    def tell(self, event: dict[str, Any], lane: str = LANE) -> None:
        told: Any = {"repo": "acme/shop", "repo_id": 7, "forge": "gitea"} | event
        self.store.accept(lane, told)

    def change(self, lane: str = LANE, **fields: Any) -> None:
        """Parts of the lane's state become these."""
        self.compositions["become"] = lambda turn: turn | {"state": {**turn["state"], **fields}}
        self.routes["become"] = "become"
        self.tell({"type": "become", "key": f"become:{self.store.load(lane).turn}"}, lane)
        advance.drain(self.store, lane, self.decider(lane))

    def take(self, n: int = 9) -> list[Taken]:
        return self.store.due_actions(LANE, n)

    def hasten(self, lane: str = LANE) -> None:
        """As if enough time had passed for all that waits to be due."""
        for action in self.store.pending_actions(lane):
            self.store.client.zadd(f"lane:{lane}:outbox:due", {action["key"]: 0})
        away = self.away(lane)
        if away:
            self.store.set_away(lane, away | {"until_ms": 0}, None)

    def journalled(self, *kinds: str) -> list[Any]:
        events = [entry["event"] for entry in self.store.journal(LANE)]
        return [event for event in events if event["type"] in kinds]


@pytest.fixture
def forge() -> MemoryForge:
    return MemoryForge()


@pytest.fixture
def settings(tmp_path: Path, valkey: str) -> Settings:
    told = {
        "CALORON_WEBHOOK_SECRET": "s3cret",
        "GITEA_URL": "http://forge.test",
        "GITEA_TOKEN": "t",
        "CALORON_HOME": str(tmp_path / "home"),
        "REDIS_URL": valkey,
        "CALORON_REPOS": "acme/*",
    }
    return Settings(**told)  # type: ignore[arg-type]


@pytest.fixture
def bench(
    store: Store, forge: MemoryForge, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Bench]:
    ctx = Bench(settings, store, "test", forges={"gitea": forge})  # type: ignore[dict-item]
    ctx.routes = {}
    ctx.compositions = {"weigh_approval": lambda given: {"allowed": True}}
    monkeypatch.setattr(action_handlers, "merge_facts", lambda target, action: {})  # this forge has no git
    monkeypatch.setattr(action_handlers, "disarm", lambda target, number, closes: None)

    def run(name: str, given: Any) -> tuple[Any, Trace]:
        output = ctx.compositions[name](given) if name in ctx.compositions else {"wanted": []}
        return output, [(name, 0.1)]

    ctx.run = run
    store.note_own_name(LANE, "acme/shop")
    for lane in (LANE, "gitea-8"):
        store.note_facts(lane, {"repo": "acme/shop", "owner_id": 3})
    context.use(ctx)
    yield ctx
    context.use(None)
