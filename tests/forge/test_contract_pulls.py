"""Every client keeps the same contract on every forge: pull requests, reviews, checks, merges."""

import pytest

from shell.errors import NotYet, Refused
from tests.forge.places import Place, when_checked


def test_a_pull_request_is_opened_once_and_found(place: Place, repo: str) -> None:
    made = place.pull(repo)
    assert place.bot.create_pull(repo, "Again", "", "agent/s/t1", "main") == made
    assert place.bot.find_pull(repo, "agent/s/t1", "main") == made["number"]
    assert place.bot.find_pull(repo, "agent/s/t1", "other") is None
    assert place.bot.find_pull(repo, "agent/s/t2", "main") is None
    place.bot.edit_issue(repo, made["number"], state="closed")
    assert place.bot.find_pull(repo, "agent/s/t1", "main") is None


def test_a_pull_request_is_told_whole(place: Place, repo: str) -> None:
    made = place.pull(repo)
    home = place.bot.repository(repo)["id"]
    seen = place.bot.pull(repo, made["number"])
    assert seen["head"] == {"ref": "agent/s/t1", "sha": made["head_sha"], "repo_id": home}
    assert (seen["base"], seen["state"], seen["merged"]) == ({"ref": "main"}, "open", False)
    assert (seen["author"], seen["title"], seen["body"]) == ("bot", "Do agent/s/t1", "As asked.")
    assert (seen["merge_sha"], seen["draft"], seen["labels"], seen["reviews"]) == (None, False, [], [])
    assert seen["status"] == {"state": "none", "contexts": {}}
    assert place.bot.issue(repo, made["number"])["is_pull"] is True


@pytest.mark.parametrize(
    ("told", "state"),
    [
        ({"ci": ["pending", "success"], "lint": ["success"]}, "success"),
        ({"ci": ["success"], "lint": ["pending"]}, "pending"),
        ({"ci": ["pending"], "lint": ["failure"]}, "failure"),
        ({"ci": ["error"]}, "failure"),
    ],
)
def test_checks_are_combined(place: Place, repo: str, told: dict[str, list[str]], state: str) -> None:
    made = place.pull(repo)
    for context, states in told.items():
        for each in states:
            place.bot.set_status(repo, made["head_sha"], each, context, "said so")
    status = place.bot.pull(repo, made["number"])["status"]
    assert status["state"] == state
    last = {context: states[-1].replace("error", "failure") for context, states in told.items()}
    assert status["contexts"] == last


def test_reviews_are_told_and_stale_after_a_push(place: Place, repo: str) -> None:
    made = place.pull(repo)
    place.bot.request_review(repo, made["number"], ["alice"])
    given = place.alice.review(repo, made["number"], "approve", commit_sha=made["head_sha"])
    (seen,) = place.bot.pull(repo, made["number"])["reviews"]
    assert (seen["id"], seen["author"], seen["state"]) == (given["id"], "alice", "approved")
    assert (seen["commit_sha"], seen["stale"], seen["comments"]) == (made["head_sha"], False, [])
    place.write(repo, "agent/s/t1", "one.txt", "two\n")
    (seen,) = place.bot.pull(repo, made["number"])["reviews"]
    assert (seen["state"], seen["stale"]) == ("approved", True)


def test_remarks_in_the_code_come_with_a_refusal_that_is_new(place: Place, repo: str) -> None:
    made = place.pull(repo)
    line = {"new_position": 1} if place.kind == "gitea" else {"line": 1, "side": "RIGHT"}
    remark = {"path": "one.txt", "body": "Why one?", **line}
    said = {"event": "REQUEST_CHANGES", "body": "Not yet.", "comments": [remark]}
    place.alice.api.send("POST", f"/repos/{repo}/pulls/{made['number']}/reviews", said)
    (seen,) = place.bot.pull(repo, made["number"])["reviews"]
    assert (seen["state"], seen["body"]) == ("changes_requested", "Not yet.")
    assert seen["comments"] == [{"path": "one.txt", "line": 1, "body": "Why one?"}]
    (seen,) = place.bot.pull(repo, made["number"], known_reviews=[seen["id"]])["reviews"]
    assert seen["comments"] == []


def test_ones_own_pull_request_cannot_be_approved(place: Place, repo: str) -> None:
    with pytest.raises(Refused) as refusal:
        place.bot.review(repo, place.pull(repo)["number"], "approve")
    assert refusal.value.status == 422


@pytest.mark.parametrize("style", ["merge", "squash", "rebase"])
def test_a_merge_takes_the_head_and_its_branch_away(place: Place, repo: str, style: str) -> None:
    made = place.pull(repo)
    done = place.merge(repo, made, style=style)
    assert done["merged"] is True
    assert done["merge_sha"] == place.bot.branch_head(repo, "main")
    assert place.bot.branch_head(repo, "agent/s/t1") is None
    seen = place.bot.pull(repo, made["number"])
    assert (seen["merged"], seen["merge_sha"], seen["merged_by"]) == (True, done["merge_sha"], "bot")
    assert seen["head"]["ref"] == "agent/s/t1"
    assert place.bot.merge(repo, made["number"], made["head_sha"], style) == done


def test_a_branch_is_kept_if_wished(place: Place, repo: str) -> None:
    made = place.pull(repo)
    place.merge(repo, made, delete_branch=False, title="Do it all")
    assert place.bot.branch_head(repo, "agent/s/t1") == made["head_sha"]


def test_another_head_is_not_merged(place: Place, repo: str) -> None:
    made = place.pull(repo)
    place.write(repo, "agent/s/t1", "two.txt", "two\n")
    with pytest.raises(Refused, match="head out of date") as refusal:
        place.merge(repo, made)
    assert refusal.value.status == 409


def test_a_conflict_is_never_merged(place: Place, repo: str) -> None:
    made = place.pull(repo, path="same.txt", text="mine\n")
    place.write(repo, "main", "same.txt", "yours\n")
    with pytest.raises((NotYet, Refused)) as refusal:
        when_checked(lambda: place.bot.merge(repo, made["number"], made["head_sha"], "merge"), seconds=1)
    if isinstance(refusal.value, Refused):
        assert (refusal.value.status, refusal.value.message) == (409, "conflict")
    with pytest.raises(Refused, match="conflict") as conflict:
        place.bot.update_branch(repo, made["number"], made["head_sha"])
    assert conflict.value.status == 409


def test_a_branch_is_brought_up_to_date(place: Place, repo: str) -> None:
    made = place.pull(repo)
    place.write(repo, "main", "other.txt", "other\n")
    assert place.bot.update_branch(repo, made["number"], made["head_sha"])
    assert place.bot.file(repo, "other.txt", "agent/s/t1") == "other\n"


@pytest.mark.parametrize("name", ["fake_github", pytest.param("real_gitea", marks=pytest.mark.gitea)])
def test_a_branch_that_lacks_nothing_is_left_alone(request: pytest.FixtureRequest, name: str) -> None:
    place: Place = request.getfixturevalue(name)
    repo = place.repository()
    made = place.pull(repo)
    assert not place.bot.update_branch(repo, made["number"], made["head_sha"])
    assert place.bot.branch_head(repo, "agent/s/t1") == made["head_sha"]


def test_the_words_of_a_check_may_be_long(place: Place, repo: str) -> None:
    made = place.pull(repo)
    place.bot.set_status(repo, made["head_sha"], "success", "ci", "very " * 100)
    assert place.bot.pull(repo, made["number"])["status"]["state"] == "success"


def test_who_only_reads_may_not_merge(place: Place, repo: str) -> None:
    made = place.pull(repo)
    with pytest.raises(Refused) as refusal:
        when_checked(lambda: place.of("bob").merge(repo, made["number"], made["head_sha"], "merge"))
    assert refusal.value.status in (403, 404, 405)


def test_what_a_branch_requires_is_told_to_whoever_may_read(place: Place, repo: str) -> None:
    patterns = place.kind == "gitea"
    for branch in ("main", "there/is/none"):
        assert place.bot.required_checks(repo, branch) == {"contexts": [], "patterns": patterns}
    place.require(repo, "ci/build", "lint")
    for login in ("alice", "bot", "bob"):
        told = place.of(login).required_checks(repo, "main")
        assert told == {"contexts": ["ci/build", "lint"], "patterns": patterns}


def test_a_required_check_must_be_there_and_green(place: Place, repo: str) -> None:
    words = {
        "gitea": ["Not all required status checks successful"] * 3,
        "github": [
            f'Required status check "ci/build" is {how}.' for how in ("expected", "pending", "failing")
        ],
    }[place.kind]
    place.require(repo, "ci/build")
    made = place.pull(repo)
    place.bot.set_status(repo, made["head_sha"], "success", "lint")
    for state, said in zip((None, "pending", "failure"), words, strict=True):
        if state:
            place.bot.set_status(repo, made["head_sha"], state, "ci/build")
        with pytest.raises(Refused) as refusal:
            place.merge(repo, made)
        assert (refusal.value.status, refusal.value.message) == (405, said)
    place.bot.set_status(repo, made["head_sha"], "success", "ci/build")
    assert place.merge(repo, made)["merged"] is True


GITEAS = ["fake_gitea", pytest.param("real_gitea", marks=pytest.mark.gitea)]


@pytest.mark.parametrize("name", GITEAS)
def test_on_gitea_a_check_is_required_by_a_pattern(request: pytest.FixtureRequest, name: str) -> None:
    place: Place = request.getfixturevalue(name)
    repo = place.repository()
    place.require(repo, "{ci,cd}/*")
    made = place.pull(repo)
    place.bot.set_status(repo, made["head_sha"], "success", "cd/deep/one")
    place.bot.set_status(repo, made["head_sha"], "pending", "ci/two")
    with pytest.raises(Refused):
        place.merge(repo, made)
    place.bot.set_status(repo, made["head_sha"], "success", "ci/two")
    assert place.merge(repo, made)["merged"] is True


@pytest.mark.parametrize("name", GITEAS)
def test_checks_required_without_a_name_are_any(request: pytest.FixtureRequest, name: str) -> None:
    place: Place = request.getfixturevalue(name)
    repo = place.repository()
    place.require(repo)
    assert place.bot.required_checks(repo, "main") == {"contexts": ["*"], "patterns": True}
    made = place.pull(repo)
    with pytest.raises(Refused):
        place.merge(repo, made)
    place.bot.set_status(repo, made["head_sha"], "success", "whatever")
    assert place.merge(repo, made)["merged"] is True
