"""Every client keeps the same contract on every forge: pull requests, reviews, checks, merges."""

import time

import pytest

from shell.errors import NotYet, Refused
from shell.forge.common_read import OWN_CHECKS
from shell.forge.protocol import Push
from tests.forge.servers import Server, when_checked
from tests.waiting import until


def test_a_pull_request_is_opened_once_and_found(server: Server, repo: str) -> None:
    made = server.pull(repo)
    assert server.bot.create_pull(repo, "Again", "", "agent/s/t1", "main") == made
    assert server.bot.find_pull(repo, "agent/s/t1", "main") == made["number"]
    assert server.bot.find_pull(repo, "agent/s/t1", "other") is None
    assert server.bot.find_pull(repo, "agent/s/t2", "main") is None
    server.bot.edit_issue(repo, made["number"], state="closed")
    assert server.bot.find_pull(repo, "agent/s/t1", "main") is None


def test_a_draft_is_no_draft_any_more_once_it_is_to_be_reviewed(server: Server, repo: str) -> None:
    server.write(repo, "agent/s/t9", "t9.txt", "t9\n")
    number = server.bot.create_pull(repo, "Do it", "", "agent/s/t9", "main", draft=True)["number"]
    title = server.bot.pull(repo, number)["title"]
    for draft in (True, False, False, True, False):
        server.bot.set_draft(repo, number, draft)
        seen = server.bot.pull(repo, number)
        assert (seen["draft"], seen["title"].removeprefix("WIP: ")) == (draft, "Do it"), seen
    assert title.removeprefix("WIP: ") == "Do it"


def test_a_pull_request_is_told_whole(server: Server, repo: str) -> None:
    made = server.pull(repo)
    home = server.bot.repository(repo)["id"]
    seen = server.bot.pull(repo, made["number"])
    assert seen["head"] == {"ref": "agent/s/t1", "sha": made["head_sha"], "repo_id": home}
    assert (seen["base"], seen["state"], seen["merged"]) == ({"ref": "main"}, "open", False)
    assert (seen["author"], seen["title"], seen["body"]) == ("bot", "Do agent/s/t1", "As asked.")
    assert (seen["merge_sha"], seen["draft"], seen["labels"], seen["reviews"]) == (None, False, [], [])
    assert seen["status"] == {"state": "none", "contexts": {}}
    assert server.bot.issue(repo, made["number"])["is_pull"] is True


@pytest.mark.parametrize(
    ("told", "state"),
    [
        ({"ci": ["pending", "success"], "lint": ["success"]}, "success"),
        ({"ci": ["success"], "lint": ["pending"]}, "pending"),
        ({"ci": ["pending"], "lint": ["failure"]}, "failure"),
        ({"ci": ["error"]}, "failure"),
        ({"ci": ["success"], "caloron": ["pending"]}, "success"),
        ({"caloron": ["success"], "caloron/.caloron.yml": ["failure"]}, "none"),
    ],
)
def test_checks_are_combined(server: Server, repo: str, told: dict[str, list[str]], state: str) -> None:
    made = server.pull(repo)
    for context, states in told.items():
        for each in states:
            server.bot.set_status(repo, made["head_sha"], each, context, "said so")
    status = server.bot.pull(repo, made["number"])["status"]
    assert status["state"] == state
    others = {context: states for context, states in told.items() if context not in OWN_CHECKS}
    last = {context: states[-1].replace("error", "failure") for context, states in others.items()}
    assert status["contexts"] == last


def test_reviews_are_told_and_stale_after_a_push(server: Server, repo: str) -> None:
    made = server.pull(repo)
    server.bot.request_review(repo, made["number"], ["alice"])
    given = server.alice.review(repo, made["number"], "approve", commit_sha=made["head_sha"])
    (seen,) = server.bot.pull(repo, made["number"])["reviews"]
    assert (seen["id"], seen["author"], seen["state"]) == (given["id"], "alice", "approved")
    assert (seen["commit_sha"], seen["stale"], seen["comments"]) == (made["head_sha"], False, [])
    server.write(repo, "agent/s/t1", "one.txt", "two\n")
    (seen,) = server.bot.pull(repo, made["number"])["reviews"]
    assert (seen["state"], seen["stale"]) == ("approved", True)


def requested(server: Server, repo: str, number: int, what: str = "requested_reviewers") -> list[str]:
    shown = server.bot.api.get(f"/repos/{repo}/pulls/{number}")[what] or []
    return sorted(str(one.get("login") or one["name"]) for one in shown)


def test_who_cannot_be_asked_for_a_review_is_refused(server: Server, repo: str) -> None:
    number = server.pull(repo)["number"]
    for name in ("nobody-of-that-name", "bot", "elsewhere/devs"):
        with pytest.raises(Refused):
            server.bot.request_review(repo, number, [name])
    with pytest.raises(Refused):
        server.bot.request_review(repo, number, ["alice", "nobody-of-that-name"])
    for _ in range(2):
        server.bot.request_review(repo, number, ["alice"])
    assert requested(server, repo, number) == ["alice"] == server.bot.pull(repo, number)["requested"]


@pytest.mark.gitea
def test_on_gitea_a_team_is_asked_for_a_review(real_gitea: Server) -> None:
    owner = f"o{time.time_ns()}"
    send = real_gitea.alice.api.send
    send("POST", "/orgs", {"username": owner})
    units = {"repo.code": "write", "repo.pulls": "write"}
    team = {"name": "devs", "units_map": units, "includes_all_repositories": True}
    send("POST", f"/orgs/{owner}/teams", team)
    send("POST", f"/orgs/{owner}/repos", {"name": "shop", "auto_init": True, "default_branch": "main"})
    repo = f"{owner}/shop"
    send("PUT", f"/repos/{repo}/collaborators/bot", {"permission": "admin"})
    number = real_gitea.pull(repo)["number"]
    real_gitea.bot.request_review(repo, number, [f"{owner}/devs", "alice"])
    assert requested(real_gitea, repo, number) == ["alice"]
    assert requested(real_gitea, repo, number, "requested_reviewers_teams") == ["devs"]
    with pytest.raises(Refused):
        real_gitea.bot.request_review(repo, number, [f"{owner}/nobody"])


def test_remarks_in_the_code_come_with_a_refusal_that_is_new(server: Server, repo: str) -> None:
    made = server.pull(repo)
    line = {"new_position": 1} if server.kind == "gitea" else {"line": 1, "side": "RIGHT"}
    remark = {"path": "one.txt", "body": "Why one?", **line}
    said = {"event": "REQUEST_CHANGES", "body": "Not yet.", "comments": [remark]}
    server.alice.api.send("POST", f"/repos/{repo}/pulls/{made['number']}/reviews", said)
    (seen,) = server.bot.pull(repo, made["number"])["reviews"]
    assert (seen["state"], seen["body"]) == ("changes_requested", "Not yet.")
    assert seen["comments"] == [{"path": "one.txt", "line": 1, "body": "Why one?"}]
    (seen,) = server.bot.pull(repo, made["number"], known_reviews=[seen["id"]])["reviews"]
    assert seen["comments"] == []


def test_ones_own_pull_request_cannot_be_approved(server: Server, repo: str) -> None:
    with pytest.raises(Refused) as refusal:
        server.bot.review(repo, server.pull(repo)["number"], "approve")
    assert refusal.value.status == 422


@pytest.mark.parametrize("style", ["merge", "squash", "rebase"])
def test_a_merge_takes_the_head_and_its_branch_away(server: Server, repo: str, style: str) -> None:
    made = server.pull(repo)
    done = server.merge(repo, made, style=style)
    assert done["merged"] is True
    assert done["merge_sha"] == server.bot.branch_head(repo, "main")
    assert server.bot.branch_head(repo, "agent/s/t1") is None
    seen = server.bot.pull(repo, made["number"])
    assert (seen["merged"], seen["merge_sha"], seen["merged_by"]) == (True, done["merge_sha"], "bot")
    assert seen["merged_at"] and seen["merged_at"].endswith("Z")
    assert seen["head"]["ref"] == "agent/s/t1"
    assert server.bot.merge(repo, made["number"], made["head_sha"], style) == done


def test_a_branch_is_kept_if_wished(server: Server, repo: str) -> None:
    made = server.pull(repo)
    server.merge(repo, made, delete_branch=False, title="Do it all")
    assert server.bot.branch_head(repo, "agent/s/t1") == made["head_sha"]


def test_another_head_is_not_merged(server: Server, repo: str) -> None:
    made = server.pull(repo)
    server.write(repo, "agent/s/t1", "two.txt", "two\n")
    with pytest.raises(Refused, match="head out of date") as refusal:
        server.merge(repo, made)
    assert refusal.value.status == 409


def test_a_conflict_is_never_merged(server: Server, repo: str) -> None:
    made = server.pull(repo, path="same.txt", text="mine\n")
    server.write(repo, "main", "same.txt", "yours\n")
    with pytest.raises((NotYet, Refused)) as refusal:
        when_checked(lambda: server.bot.merge(repo, made["number"], made["head_sha"], "merge"), seconds=1)
    if isinstance(refusal.value, Refused):
        assert (refusal.value.status, refusal.value.message) == (409, "conflict")
    with pytest.raises(Refused, match="conflict") as conflict:
        server.bot.update_branch(repo, made["number"], made["head_sha"])
    assert conflict.value.status == 409


def test_who_pushed_is_told(server: Server, repo: str) -> None:
    made = server.pull(repo)
    number, first = made["number"], made["head_sha"]
    head = server.write(repo, "agent/s/t1", "two.txt", "two\n", by="alice")
    told = until(lambda: pushes_by(server, repo, number, "alice"))
    [push] = told
    commits: list[str | None] = [*push["commits"]] or [push["after"]]
    assert commits == [head] and push["before"] in (None, first)
    me, alice = server.bot.me()["id"], server.of("alice").me()["id"]
    assert push["actor_id"] == alice
    assert alice in server.bot.commit_authors(repo, number)[head]
    assert set(server.bot.commit_authors(repo, number)) == {first, head}
    ours = pushes_by(server, repo, number, "bot")
    assert {push["actor_id"] for push in ours} <= {me}


def pushes_by(server: Server, repo: str, number: int, login: str) -> list[Push]:
    told = server.bot.pushes(repo, number, "agent/s/t1")
    assert told is not None
    return [push for push in told if push["actor"] == login]


def test_a_branch_is_brought_up_to_date(server: Server, repo: str) -> None:
    made = server.pull(repo)
    server.write(repo, "main", "other.txt", "other\n")
    assert server.bot.update_branch(repo, made["number"], made["head_sha"])
    assert server.bot.file(repo, "other.txt", "agent/s/t1") == "other\n"


@pytest.mark.parametrize("name", ["fake_github", pytest.param("real_gitea", marks=pytest.mark.gitea)])
def test_a_branch_that_lacks_nothing_is_left_alone(request: pytest.FixtureRequest, name: str) -> None:
    server: Server = request.getfixturevalue(name)
    repo = server.repository()
    made = server.pull(repo)
    assert not server.bot.update_branch(repo, made["number"], made["head_sha"])
    assert server.bot.branch_head(repo, "agent/s/t1") == made["head_sha"]


def test_the_words_of_a_check_may_be_long(server: Server, repo: str) -> None:
    made = server.pull(repo)
    server.bot.set_status(repo, made["head_sha"], "success", "ci", "very " * 100)
    assert server.bot.pull(repo, made["number"])["status"]["state"] == "success"


def test_who_only_reads_may_not_merge(server: Server, repo: str) -> None:
    made = server.pull(repo)
    with pytest.raises(Refused) as refusal:
        when_checked(lambda: server.of("bob").merge(repo, made["number"], made["head_sha"], "merge"))
    assert refusal.value.status in (403, 404, 405)


def test_whether_a_pull_request_changes_a_file_is_told(server: Server, repo: str) -> None:
    """Whatever the base says meanwhile; and whether the file is new, other or gone."""
    number = server.pull(repo)["number"]
    server.write(repo, "main", "settings.yml", "one\n")
    assert server.bot.changes_file(repo, number, "one.txt")
    assert not server.bot.changes_file(repo, number, "settings.yml")
    server.write(repo, "agent/s/t1", "settings.yml", "two\n")
    assert server.bot.changes_file(repo, number, "settings.yml")


def test_the_checks_of_any_commit_are_told_without_our_own(server: Server, repo: str) -> None:
    head = server.bot.branch_head(repo, "main")
    assert head and server.bot.checks(repo, head) == {"state": "none", "contexts": {}}
    for name, state in (("ci", "success"), ("lint", "pending"), ("caloron", "failure")):
        server.bot.set_status(repo, head, state, name)
    found = server.of("bob").checks(repo, head)
    assert found == {"state": "pending", "contexts": {"ci": "success", "lint": "pending"}}


def test_what_a_branch_requires_is_told_to_whoever_may_read(server: Server, repo: str) -> None:
    patterns = server.kind == "gitea"
    for branch in ("main", "there/is/none"):
        assert server.bot.required_checks(repo, branch) == {"contexts": [], "patterns": patterns}
    server.require(repo, "ci/build", "lint")
    for login in ("alice", "bot", "bob"):
        told = server.of(login).required_checks(repo, "main")
        assert told == {"contexts": ["ci/build", "lint"], "patterns": patterns}


def test_a_required_check_must_be_there_and_green(server: Server, repo: str) -> None:
    words = {
        "gitea": ["Not all required status checks successful"] * 3,
        "github": [
            f'Required status check "ci/build" is {how}.' for how in ("expected", "pending", "failing")
        ],
    }[server.kind]
    server.require(repo, "ci/build")
    made = server.pull(repo)
    server.bot.set_status(repo, made["head_sha"], "success", "lint")
    for state, said in zip((None, "pending", "failure"), words, strict=True):
        if state:
            server.bot.set_status(repo, made["head_sha"], state, "ci/build")
        with pytest.raises(Refused) as refusal:
            server.merge(repo, made)
        assert (refusal.value.status, refusal.value.message) == (405, said)
    server.bot.set_status(repo, made["head_sha"], "success", "ci/build")
    assert server.merge(repo, made)["merged"] is True


GITEAS = ["fake_gitea", pytest.param("real_gitea", marks=pytest.mark.gitea)]


@pytest.mark.parametrize("name", GITEAS)
def test_on_gitea_a_check_is_required_by_a_pattern(request: pytest.FixtureRequest, name: str) -> None:
    server: Server = request.getfixturevalue(name)
    repo = server.repository()
    server.require(repo, "{ci,cd}/*")
    made = server.pull(repo)
    server.bot.set_status(repo, made["head_sha"], "success", "cd/deep/one")
    server.bot.set_status(repo, made["head_sha"], "pending", "ci/two")
    with pytest.raises(Refused):
        server.merge(repo, made)
    server.bot.set_status(repo, made["head_sha"], "success", "ci/two")
    assert server.merge(repo, made)["merged"] is True


@pytest.mark.parametrize("name", GITEAS)
def test_checks_required_without_a_name_are_any(request: pytest.FixtureRequest, name: str) -> None:
    server: Server = request.getfixturevalue(name)
    repo = server.repository()
    server.require(repo)
    assert server.bot.required_checks(repo, "main") == {"contexts": ["*"], "patterns": True}
    made = server.pull(repo)
    with pytest.raises(Refused):
        server.merge(repo, made)
    server.bot.set_status(repo, made["head_sha"], "success", "whatever")
    assert server.merge(repo, made)["merged"] is True


def test_failed_checks_are_told_with_what_they_say(server: Server, repo: str) -> None:
    head = server.pull(repo)["head_sha"]
    assert server.bot.failed_checks(repo, head) == []
    said = {"ci": ["failure", "success"], "lint": ["failure"], "build": ["pending"], "odd": ["error"]}
    for context, states in said.items():
        for state in states:
            server.bot.set_status(repo, head, state, context, f"said {state}", "https://ci.test/7?a=b")
    told = sorted(server.bot.failed_checks(repo, head), key=lambda one: one["name"])
    same = {"url": "https://ci.test/7?a=b", "log": ""}
    assert told == [
        {"name": "lint", "description": "said failure", **same},
        {"name": "odd", "description": "said error", **same},
    ]
