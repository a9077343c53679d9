"""What is told of failed checks: the end of a job's log where the forge has one, bounded and readable."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests
import responses

from bot.fake_forge import FakeForge
from shell.errors import Unavailable
from shell.forge.failures import end_of_log, failed_check
from shell.forge.gitea import GiteaForge
from shell.forge.github import GitHubForge

SHA = "a" * 40
GITEA, GITHUB = "https://forge.test/api/v1", "https://api.forge.test"
STORAGE = "https://storage.test/logs/1?sig=x"


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


@pytest.mark.parametrize("dialect", ["gitea", "github"])
def test_a_job_is_told_with_the_end_of_its_log(dialect: str) -> None:
    with FakeForge("github" if dialect == "github" else "gitea") as forge:
        token = forge.add_user("bot")
        forge.add_repository("bot/shop")
        sha = forge.commit("bot/shop", "main", {"a.txt": "a\n"}, "bot")
        log = "2026-11-21T07:00:00.0000000Z one\r\n2026-11-21T07:00:01.0000000Z \x1b[31mFAILED two\x1b[0m\n"
        number = forge.finish_job("bot/shop", sha, "ci / test", "failure", log)
        forge.finish_job("bot/shop", sha, "lint", "success", "fine\n")
        of_github = GitHubForge(forge.api_url, token)
        client = of_github if dialect == "github" else GiteaForge(forge.api_url, token)
        [told] = client.failed_checks("bot/shop", sha)
    job = "job" if dialect == "github" else "jobs"
    assert told["name"] == "ci / test" and told["log"] == "one\nFAILED two"
    assert told["url"] == f"{forge.url}/bot/shop/actions/runs/{number}/{job}/{number}"


def status(link: str) -> dict[str, object]:
    one = {"context": "ci", "status": "failure", "description": "Failing", "target_url": link}
    return {"statuses": [one], "total_count": 1}


def test_a_job_of_another_commit_is_not_taken_for_this_one(wire: responses.RequestsMock) -> None:
    """Before 1.26 Gitea counts the jobs of a run in its links, so the number may be another job's."""
    wire.get(f"{GITEA}/repos/a/b/commits/{SHA}/status", json=status("/a/b/actions/runs/3/jobs/1"))
    wire.get(f"{GITEA}/repos/a/b/actions/jobs/1", json={"head_sha": "b" * 40})
    [told] = GiteaForge("https://forge.test", "t").failed_checks("a/b", SHA)
    assert (told["log"], told["url"]) == ("", "https://forge.test/a/b/actions/runs/3/jobs/1")


def check_run(wire: responses.RequestsMock) -> None:
    link = "https://forge.test/a/b/actions/runs/9/job/7"
    run: dict[str, object] = {
        "name": "ci",
        "status": "completed",
        "conclusion": "failure",
        "details_url": link,
    }
    run |= {
        "app": {"slug": "github-actions"},
        "output": {"title": None, "summary": None, "text": "of its own"},
    }
    wire.get(f"{GITHUB}/repos/a/b/commits/{SHA}/status", json={"statuses": []})
    wire.get(f"{GITHUB}/repos/a/b/commits/{SHA}/check-runs", json={"check_runs": [run]})


def test_the_token_is_not_sent_to_where_logs_are_stored(wire: responses.RequestsMock) -> None:
    check_run(wire)
    wire.get(f"{GITHUB}/repos/a/b/actions/jobs/7/logs", status=302, headers={"Location": STORAGE})
    stored = wire.get(STORAGE, body="one\ntwo\n")
    [told] = GitHubForge(GITHUB, "t0ken").failed_checks("a/b", SHA)
    assert told["log"] == "one\ntwo" and told["description"] == "failure"
    assert "Authorization" not in stored.calls[0].request.headers


@pytest.mark.parametrize("code", [403, 404, 410])
def test_a_log_that_is_gone_leaves_what_the_check_says(wire: responses.RequestsMock, code: int) -> None:
    check_run(wire)
    wire.get(f"{GITHUB}/repos/a/b/actions/jobs/7/logs", status=code, json={"message": "gone"})
    [told] = GitHubForge(GITHUB, "t0ken").failed_checks("a/b", SHA)
    assert told["log"] == "of its own"


@pytest.mark.parametrize("answer", [{"status": 401}, {"status": 503}, {"body": requests.ConnectionError()}])
def test_a_storage_that_fails_says_nothing_of_the_forge(
    wire: responses.RequestsMock, answer: dict[str, Any]
) -> None:
    """Its 401 is not the token's, and where it is out of reach the check goes back without its log."""
    check_run(wire)
    wire.get(f"{GITHUB}/repos/a/b/actions/jobs/7/logs", status=302, headers={"Location": STORAGE})
    wire.get(STORAGE, **answer)
    [told] = GitHubForge(GITHUB, "t0ken").failed_checks("a/b", SHA)
    assert told["log"] == "of its own"


def test_a_forge_that_is_down_is_asked_again(wire: responses.RequestsMock) -> None:
    check_run(wire)
    wire.get(f"{GITHUB}/repos/a/b/actions/jobs/7/logs", status=502, body="bad gateway")
    with pytest.raises(Unavailable):
        GitHubForge(GITHUB, "t0ken").failed_checks("a/b", SHA)


def test_a_log_ends_with_its_error_and_is_bounded() -> None:
    lines = [f"line {n}" for n in range(1000)] + ["x" * 5000, "##[error]Process completed with exit code 1."]
    told = end_of_log("\n".join([*lines, "Post job cleanup.", "Cleaning up orphan processes"])).split("\n")
    assert len(told) == 60 and told[-1].startswith("##[error]") and len(told[-2]) == 300


@pytest.mark.parametrize("link", ["javascript:alert(1)", "", None, "file:///etc/passwd"])
def test_only_a_web_address_is_a_link(link: str | None) -> None:
    assert failed_check("ci", None, link, "", "")["url"] == ""
