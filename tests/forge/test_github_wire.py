"""GitHub's own ways, word by word."""

from collections.abc import Iterator
from typing import Any

import pytest
import responses

from shell.errors import NotYet, Refused
from shell.forge.github import GitHubForge
from tests.forge.objects import PULL

TOKEN = "t0ken"
GITHUB = "https://api.github.com"


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def github() -> GitHubForge:
    return GitHubForge(GITHUB, TOKEN)


@pytest.mark.parametrize(
    ("api_url", "clone_url"),
    [(GITHUB, "https://github.com/a/b.git"), ("https://ghe.test/api/v3", "https://ghe.test/a/b.git")],
)
def test_where_git_finds_a_repository_on_github(api_url: str, clone_url: str) -> None:
    assert GitHubForge(api_url, TOKEN).clone_url("a/b") == clone_url


def test_teams_are_asked_for_a_review_by_their_slug(
    wire: responses.RequestsMock, github: GitHubForge
) -> None:
    wanted = {"reviewers": ["ann"], "team_reviewers": ["devs"]}
    matches = [responses.matchers.json_params_matcher(wanted)]
    wire.post(f"{GITHUB}/repos/a/b/pulls/9/requested_reviewers", json=PULL, status=201, match=matches)
    github.request_review("a/b", 9, ["ann", "A/devs"])


def test_statuses_and_check_runs_are_combined(wire: responses.RequestsMock, github: GitHubForge) -> None:
    runs = [
        {"name": "lint", "status": "completed", "conclusion": "neutral"},
        {"name": "unit", "status": "in_progress", "conclusion": None},
        {"name": "ci", "status": "completed", "conclusion": "success"},
    ]
    statuses = [{"context": "ci", "state": "error"}, {"context": "docs", "state": "success"}]
    wire.get(f"{GITHUB}/repos/a/b/pulls/9", json=PULL)
    wire.get(f"{GITHUB}/repos/a/b/pulls/9/reviews", json=[])
    wire.get(f"{GITHUB}/repos/a/b/commits/c0ffee/status", json={"statuses": statuses})
    wire.get(f"{GITHUB}/repos/a/b/commits/c0ffee/check-runs", json={"check_runs": runs})
    contexts = {"lint": "none", "unit": "pending", "ci": "failure", "docs": "success"}
    assert github.pull("a/b", 9)["status"] == {"state": "failure", "contexts": contexts}


@pytest.mark.parametrize(
    ("status", "now", "expected", "words"),
    [
        (405, {"mergeable": None, "state": "closed"}, Refused, "405: the pull request is closed"),
        (405, {"mergeable": None}, NotYet, "still checks"),
        (405, {"mergeable": False, "mergeable_state": "dirty"}, Refused, "409: conflict"),
        (405, {"mergeable": True, "mergeable_state": "blocked"}, Refused, "405: No"),
        (409, {"mergeable": True}, Refused, "409: head out of date"),
    ],
)
def test_why_github_does_not_merge(
    wire: responses.RequestsMock, github: GitHubForge,
    status: int, now: dict[str, Any], expected: type[Exception], words: str,
) -> None:  # fmt: skip
    wire.put(f"{GITHUB}/repos/a/b/pulls/9/merge", status=status, json={"message": "No"})
    wire.get(f"{GITHUB}/repos/a/b/pulls/9", json=PULL | now)
    with pytest.raises(expected, match=words):
        github.merge("a/b", 9, "c0ffee", "squash")


def test_what_is_merged_already_is_merged(wire: responses.RequestsMock, github: GitHubForge) -> None:
    wire.put(f"{GITHUB}/repos/a/b/pulls/9/merge", status=405, json={"message": "No"})
    wire.get(f"{GITHUB}/repos/a/b/pulls/9", json=PULL | {"merged": True, "merge_commit_sha": "beef"})
    assert github.merge("a/b", 9, "c0ffee", "squash", delete_branch=False) == {
        "merged": True,
        "merge_sha": "beef",
    }


def test_github_pages_are_followed_by_their_links(wire: responses.RequestsMock, github: GitHubForge) -> None:
    url = f"{GITHUB}/repos/a/b/hooks"
    hook = {"config": {"url": "u"}, "events": [], "active": True}
    following = {"Link": f'<{GITHUB}/repositories/1/hooks?per_page=100&after=xyz>; rel="next"'}
    wire.get(url, json=[hook | {"id": 1}], headers=following)
    wire.get(f"{GITHUB}/repositories/1/hooks", json=[hook | {"id": 2}])
    assert [seen["id"] for seen in github.list_hooks("a/b")] == [1, 2]


def test_a_finer_role_is_told(wire: responses.RequestsMock, github: GitHubForge) -> None:
    said = {"permission": "write", "role_name": "maintain", "user": {"login": "al", "id": 3}}
    wire.get(f"{GITHUB}/repos/a/b/collaborators/al/permission", json=said)
    assert github.permission("a/b", "al") == {"login": "al", "user_id": 3, "permission": "maintain"}


def test_a_test_merge_is_no_merge(wire: responses.RequestsMock, github: GitHubForge) -> None:
    wire.get(f"{GITHUB}/repos/a/b/pulls/9", json=PULL)
    wire.get(f"{GITHUB}/repos/a/b/pulls/9/reviews", json=[])
    wire.get(f"{GITHUB}/repos/a/b/commits/c0ffee/status", json={"statuses": []})
    wire.get(f"{GITHUB}/repos/a/b/commits/c0ffee/check-runs", json={"check_runs": []})
    seen = github.pull("a/b", 9)
    assert (seen["merged"], seen["merge_sha"], seen["status"]["state"]) == (False, None, "none")
    assert (seen["head"]["repo_id"], seen["body"]) == (None, "")


RULES = f"{GITHUB}/repos/a/b/rules/branches/main"
PROTECTED = {"enabled": True, "required_status_checks": {"contexts": ["ci", "lint"]}}


def test_rulesets_require_checks_beside_the_protection(
    wire: responses.RequestsMock, github: GitHubForge
) -> None:
    checks = {"required_status_checks": [{"context": "lint"}, {"context": "e2e", "integration_id": 7}]}
    rules = [{"type": "deletion"}, {"type": "required_status_checks", "parameters": checks}]
    wire.get(f"{GITHUB}/repos/a/b/branches/main", json={"protection": PROTECTED})
    wire.get(RULES, json=rules)
    assert github.required_checks("a/b", "main") == {"contexts": ["ci", "lint", "e2e"], "patterns": False}


@pytest.mark.parametrize(
    ("status", "words"), [(404, "Not Found"), (403, "Upgrade to GitHub Pro or make this repository public")]
)
def test_where_there_are_no_rulesets_the_protection_stands_alone(
    wire: responses.RequestsMock, github: GitHubForge, status: int, words: str
) -> None:
    wire.get(f"{GITHUB}/repos/a/b/branches/main", json={"protection": PROTECTED})
    wire.get(RULES, status=status, json={"message": words})
    assert github.required_checks("a/b", "main")["contexts"] == ["ci", "lint"]


def test_rulesets_that_may_not_be_read_are_no_empty_answer(
    wire: responses.RequestsMock, github: GitHubForge
) -> None:
    wire.get(f"{GITHUB}/repos/a/b/branches/main", json={"protection": PROTECTED})
    wire.get(RULES, status=403, json={"message": "Resource not accessible by integration"})
    with pytest.raises(Refused, match="not accessible"):
        github.required_checks("a/b", "main")
