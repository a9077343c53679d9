"""What a fake forge saved, another one goes on from."""

import json
from pathlib import Path

import pytest

from bot.fake_forge import FakeForge
from tests.fake_forge.places import REPO

R = f"/repos/{REPO}"


def played(forge: FakeForge) -> int:
    """An issue with all that may hang on it, and a reviewed pull request; its number."""
    forge.call("alice", "POST", f"{R}/milestones", {"title": "M1"})
    forge.call("bot", "POST", f"{R}/labels", {"name": "x", "color": "#00ff00"})
    forge.call("alice", "POST", f"{R}/issues", {"title": "Goal", "milestone": 1, "labels": [1]})
    forge.call("bot", "POST", f"{R}/issues/1/comments", {"body": "Hello."})
    forge.call("alice", "POST", f"{R}/issues/comments/1/reactions", {"content": "eyes"})
    sha = forge.commit(REPO, "main", {"a.txt": "one\n"}, "bot", new_branch="agent/x/t1")
    wanted = {"title": "T", "head": "agent/x/t1", "base": "main"}
    number = int(forge.call("bot", "POST", f"{R}/pulls", wanted)[1]["number"])
    forge.call("alice", "POST", f"{R}/pulls/{number}/reviews", {"event": "APPROVED", "body": "Good."})
    forge.call("alice", "POST", f"{R}/statuses/{sha}", {"state": "success", "context": "ci"})
    forge.call("bot", "POST", f"{R}/branch_protections", {"rule_name": "main"})
    return number


def told(forge: FakeForge, number: int) -> list[object]:
    """What it answers about all of that, its own address left out."""
    paths = ["/issues/1", "/issues/1/comments", "/issues/1/timeline", "/issues/comments/1/reactions"]
    paths += [f"/pulls/{number}", f"/pulls/{number}/reviews", f"/pulls/{number}/files", "/milestones"]
    paths += ["/commits/agent%2Fx%2Ft1/status", "/branch_protections", "/branches", "/labels"]
    answers = [forge.call("bot", "GET", R + path) for path in paths]
    assert {status for status, _ in answers} == {200}, answers
    return [json.loads(json.dumps(body).replace(forge.url, "")) for _, body in answers]


def test_what_was_saved_is_answered_as_before_and_numbered_on(gitea: FakeForge, tmp_path: Path) -> None:
    number = played(gitea)
    gitea.save(tmp_path / "saved")
    with FakeForge("gitea", tmp_path / "other") as other:
        other.load(tmp_path / "saved")
        assert told(other, number) == told(gitea, number)
        assert other.token("alice") == gitea.token("alice")
        assert other.call("alice", "POST", f"{R}/issues", {"title": "Next"})[1]["number"] == number + 1
        merged = other.call("bot", "POST", f"{R}/pulls/{number}/merge", {"Do": "merge"})
        assert merged[0] == 200, merged


def test_a_record_of_an_older_version_gets_what_is_new_and_may_have_nothing_unknown(
    gitea: FakeForge, tmp_path: Path
) -> None:
    gitea.save(tmp_path / "saved")
    file = tmp_path / "saved" / "memory.json"
    memory = json.loads(file.read_text())
    [repository] = memory["repositories"].values()
    del repository["topics"], repository["merge_styles"]
    file.write_text(json.dumps(memory))
    with FakeForge("gitea", tmp_path / "other") as other:
        other.load(tmp_path / "saved")
        assert other.call("bot", "GET", R)[1]["allow_squash_merge"] is True
    repository["starred"] = 3
    file.write_text(json.dumps(memory))
    with (
        FakeForge("gitea", tmp_path / "third") as third,
        pytest.raises(ValueError, match="Repository has no field starred"),
    ):
        third.load(tmp_path / "saved")
