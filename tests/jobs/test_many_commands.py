"""One comment that asks for very much is answered in a few."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from handlers.switchboard import composition_for, expand
from jobs.context import run_pure
from jobs.decide import Decider, decide
from shell.store import Loaded
from shell.store.fields import empty

if TYPE_CHECKING:
    from stages.world import Comment

NOW = "2026-11-21T07:00:00.000Z"
LANE = {"forge": "gitea", "repo_id": 7, "repo": "acme/shop"}


def comments_on(body: str, permission: str) -> list[Comment]:
    """What the bot says when ada, whose permission is known, writes this."""
    known = {"ada": {"login": "ada", "user_id": 2, "permission": permission, "at": NOW}}
    repo = {"full_name": "acme/shop", "forge": "gitea", "default_branch": "main"}
    state: Any = empty() | {"repo": repo, "permissions": known, "pulls": {"4": {}}}
    said: Any = {**LANE, "type": "issue_comment", "key": "comment:9:aa", "at": NOW, "created_at": NOW,
            "issue_number": 4, "is_pull": False, "comment_id": 9, "author": "ada", "author_id": 2,
            "actor": "ada", "actor_id": 2, "body": body, "previous": None,
            "hint": "created", "found": True}  # fmt: skip
    policy: Any = {"me": {"id": 1, "login": "bot"}, "command_labels": []}
    decider = Decider(expand, composition_for, run_pure, lambda _: policy, lambda: NOW, lambda _, __: set())
    decided = decide(Loaded("gitea-7", state), [said], decider)
    assert decided.dead == []
    return [action for action in decided.actions if action["type"] == "comment"]


@pytest.mark.parametrize(
    ("line", "permission"),
    [("/why t{}", "read"), ("/retry --hint {}", "read"), ("/retry --hint {}", "write")],
)
def test_many_commands_of_one_text_are_answered_in_a_few_comments(line: str, permission: str) -> None:
    said = comments_on("\n".join(line.format(n) for n in range(150)), permission)
    assert len(said) == 6
    assert said[-1]["body"].startswith("I answer only the first few commands")


def test_a_handful_of_commands_is_answered_one_by_one() -> None:
    said = comments_on("\n".join(f"/why t{n}" for n in range(5)), "read")
    assert len(said) == 5
    assert not any("more commands" in one["body"] for one in said)
