"""The stages of the forge over HTTP: on both kinds faked, and on a real Gitea where there is one."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import compositions
from bot.fake_forge import FakeForge
from shell.forge.gitea import GiteaForge
from shell.forge.github import GitHubForge
from tests.forge.servers import Server

LOGINS = ("bot", "alice", "bob")
Stage = Callable[..., Any]


@pytest.fixture(
    scope="module", params=["fake gitea", "fake github", pytest.param("real gitea", marks=pytest.mark.gitea)]
)
def place(request: pytest.FixtureRequest) -> Iterator[tuple[Server, str]]:
    """A forge, and the bot's token there."""
    if request.param == "real gitea":
        server = request.getfixturevalue("gitea_server")
        tokens = {login: server["users"][login]["token"] for login in LOGINS}
        yield Server("gitea", lambda login: GiteaForge(server["url"], tokens[login])), tokens["bot"]
        return
    kind = request.param.removeprefix("fake ")
    client = GiteaForge if kind == "gitea" else GitHubForge
    with FakeForge(kind) as forge:
        tokens = {login: forge.add_user(login) for login in LOGINS}
        yield Server(kind, lambda login: client(forge.api_url, tokens[login])), tokens["bot"]


@pytest.fixture
def stage(place: tuple[Server, str], monkeypatch: pytest.MonkeyPatch) -> Stage:
    """Runs a stage by name as the bot."""
    home, token = place
    host = home.bot.api.base
    monkeypatch.setenv("BOT_TOKEN", token)
    monkeypatch.delenv("GITEA_URL", raising=False)
    if home.kind == "github":
        monkeypatch.setenv("GITHUB_API_URL", host)

    def run(name: str, **given: Any) -> Any:
        execute = compositions.catalogue().find(name).execute
        return execute({"host": host, "token_env": "BOT_TOKEN", **given})

    return run


@pytest.fixture
def repo(place: tuple[Server, str]) -> str:
    return place[0].repository()


def test_an_issue_and_a_comment_with_a_key_are_written_once(
    place: tuple[Server, str], stage: Stage, repo: str
) -> None:
    asked = {"repo": repo, "title": "Write the API", "body": "Please.", "key": "api"}
    first = stage("github_create_issue", **asked)
    assert stage("github_create_issue", **asked) == first
    said = {"repo": repo, "issue_number": first["issue_number"], "body": "Hello.", "key": "hello"}
    assert stage("github_post_comment", **said) == stage("github_post_comment", **said)
    assert stage("github_add_label", repo=repo, issue_number=first["issue_number"], label="caloron:hold") == {
        "ok": True
    }
    forge = place[0].bot
    assert forge.issue(repo, first["issue_number"])["labels"] == ["caloron:hold"]
    assert len(forge.issue_comments(repo, first["issue_number"])) == 1


def test_a_label_that_cannot_be_put_on_is_told(stage: Stage, repo: str) -> None:
    answer = stage("github_add_label", repo=repo, issue_number=4711, label="caloron:hold")
    assert answer["ok"] is False
    assert answer["error"].startswith("404")


def test_a_task_is_polled_from_its_issue_to_its_merge(
    place: tuple[Server, str], stage: Stage, repo: str
) -> None:
    home, _ = place
    done = stage(
        "execute_actions",
        repo=repo,
        sprint_id="s-1",
        dag_actions=[{"type": "create_issue", "task_id": "api"}],
    )
    issue = done["results"][0]["issue_number"]
    head = home.write(repo, "agent/s-1/api", "api.py", "1\n")
    pull = home.bot.create_pull(repo, "Write the API", f"Closes #{issue}.", "agent/s-1/api", "main")["number"]
    home.alice.review(repo, pull, "approve", "Good.", head)

    polled = stage("github_poll_events", repo=repo, sprint_id="s-1", now="2026-11-21T09:00:00Z")
    told = {event["type"]: event for event in polled["events"]}
    assert told["issue_opened"]["task_id"] == "api"
    assert (told["pr_opened"]["linked_issue"], told["pr_opened"]["head_sha"]) == (issue, head)
    assert told["pr_review_submitted"]["review_state"] == "approved"
    assert told["push"]["branch"] == "main"
    status = stage("get_pr_status", repo=repo, pr_number=pull)
    assert (status["state"], status["merged"], status["review_state"]) == ("open", False, "approved")
    assert status["reviewers"] == ["alice"]

    refused = stage("github_merge_pr", repo=repo, pr_number=pull, head_sha="0" * 40)
    assert refused["merged"] is False and refused["error"]
    merged = merge(stage, repo, pull, head)
    assert merged["merged"] and len(merged["merge_commit"]) == 40
    assert stage("github_merge_pr", repo=repo, pr_number=pull)["merged"]

    later = stage("github_poll_events", repo=repo, since=polled["polled_at"], sprint_id="s-1")
    assert "pr_merged" in {event["type"] for event in later["events"]}
    mark = {"type": "mark_done", "task_id": "api", "issue_number": issue, "pr_number": pull}
    assert stage("execute_actions", repo=repo, dag_actions=[mark])["actions_taken"] == [f"done:#{issue}"]
    assert home.bot.issue(repo, issue)["state"] == "closed"


def merge(stage: Stage, repo: str, pull: int, head: str) -> Any:
    """Merged as soon as the forge has looked at it."""
    for _ in range(50):
        answer = stage("github_merge_pr", repo=repo, pr_number=pull, head_sha=head)
        if "still checks" not in answer.get("error", ""):
            break
    return answer


def test_feedback_counts_from_the_bot_and_a_maintainer_only(
    place: tuple[Server, str], stage: Stage, repo: str
) -> None:
    home, _ = place
    number = stage("github_create_issue", repo=repo, title="A task")["issue_number"]
    for who, task_id in (("bot", "api"), ("alice", "ui"), ("bob", "forged")):
        home.of(who).comment(repo, number, f"```\ncaloron_feedback:\n  task_id: {task_id}\n```")
    found = stage("collect_sprint_feedback", repo=repo, issue_numbers=[number])
    assert [item["parsed"]["task_id"] for item in found["feedback_items"]] == ["api", "ui"]


def test_the_context_of_a_repository(stage: Stage, repo: str) -> None:
    found = stage("fetch_repo_context", repo=repo)
    assert (found["default_branch"], found["empty"]) == ("main", False)
    assert len(found["recent_commits"]) == 1


def test_an_empty_repository_is_no_error(place: tuple[Server, str], stage: Stage) -> None:
    home, _ = place
    made = home.bot.api.send("POST", "/user/repos", {"name": "empty", "auto_init": False})
    found = stage("fetch_repo_context", repo=made["full_name"])
    assert (found["recent_commits"], found["empty"]) == ([], True)
