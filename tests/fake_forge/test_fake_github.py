"""The fake forge answers as GitHub documents that it answers."""

from typing import Any

from bot.fake_forge import FakeForge
from tests.fake_forge.places import REPO

R = f"/repos/{REPO}"


def pull(forge: FakeForge) -> dict[str, Any]:
    forge.commit(REPO, "main", {"a.txt": "new\n"}, "bot", new_branch="feat")
    given = {"title": "A change", "body": "Fixes #1", "head": "feat", "base": "main"}
    status, made = forge.call("bot", "POST", f"{R}/pulls", given)
    assert status == 201
    return dict(made)


def test_labels_have_one_name_and_are_made_when_missing(github: FakeForge) -> None:
    given = {"name": "Task", "color": "ff0000"}
    assert github.call("bot", "POST", f"{R}/labels", given)[0] == 201
    status, said = github.call("bot", "POST", f"{R}/labels", {**given, "name": "task"})
    assert (status, said["errors"][0]["code"]) == (422, "already_exists")
    github.call("alice", "POST", f"{R}/issues", {"title": "Goal", "labels": ["task", "fresh"]})
    assert [one["name"] for one in github.call("bot", "GET", f"{R}/labels")[1]] == ["Task", "fresh"]
    assert github.call("alice", "DELETE", f"{R}/issues/1/labels/fresh")[0] == 200
    assert github.call("alice", "DELETE", f"{R}/issues/1/labels/fresh")[0] == 404


def test_a_pull_request_is_made_once_and_merged_at_its_head(github: FakeForge) -> None:
    github.call("alice", "POST", f"{R}/issues", {"title": "Goal"})
    made = pull(github)
    again = github.call("bot", "POST", f"{R}/pulls", {"title": "x", "head": "feat", "base": "main"})
    assert again[0] == 422 and "already exists" in again[1]["errors"][0]["message"]
    path = f"{R}/pulls/{made['number']}"
    assert github.call("bot", "GET", path)[1]["mergeable"] is True
    assert made["mergeable"] is None and made["merge_commit_sha"] is not None
    assert github.call("mallory", "PUT", f"{path}/merge", {})[0] == 403
    assert github.call("bot", "PUT", f"{path}/merge", {"sha": "0" * 40})[0] == 409
    status, merged = github.call("bot", "PUT", f"{path}/merge", {"sha": made["head"]["sha"]})
    assert (status, merged["merged"]) == (200, True)
    assert github.call("bot", "GET", f"{R}/branches/main")[1]["commit"]["sha"] == merged["sha"]
    assert github.call("bot", "GET", f"{R}/issues/1")[1]["state"] == "closed"
    assert github.call("bot", "DELETE", f"{R}/git/refs/heads/feat")[0] == 204


def test_a_conflict_is_seen_in_the_pull_request(github: FakeForge) -> None:
    made = pull(github)
    github.commit(REPO, "main", {"a.txt": "other\n"}, "alice")
    path = f"{R}/pulls/{made['number']}"
    read = github.call("bot", "GET", path)[1]
    assert (read["mergeable"], read["mergeable_state"]) == (False, "dirty")
    assert github.call("bot", "PUT", f"{path}/merge", {})[0] == 405
    assert github.call("bot", "PUT", f"{path}/update-branch", {})[0] == 422


def test_while_it_checks_nothing_is_known(github: FakeForge) -> None:
    github.set_faults(checking_ms=60_000)
    read = github.call("bot", "GET", f"{R}/pulls/{pull(github)['number']}")[1]
    assert (read["mergeable"], read["mergeable_state"]) == (None, "unknown")


def test_reviews_and_checks(github: FakeForge) -> None:
    made = pull(github)
    path, sha = f"{R}/pulls/{made['number']}", made["head"]["sha"]
    own = github.call("bot", "POST", f"{path}/reviews", {"event": "APPROVE"})
    assert own[1]["errors"][0]["message"] == "Can not approve your own pull request"
    given = github.call("alice", "POST", f"{path}/reviews", {"event": "APPROVE"})[1]
    assert (given["state"], given["commit_id"]) == ("APPROVED", sha)
    github.call("bot", "PUT", f"{path}/reviews/{given['id']}/dismissals", {"message": "old"})
    assert github.call("bot", "GET", f"{path}/reviews")[1][0]["state"] == "DISMISSED"
    assert github.call("bot", "GET", f"{R}/commits/{sha}/status")[1]["state"] == "pending"
    github.call("bot", "POST", f"{R}/statuses/{sha}", {"state": "success", "context": "ci"})
    assert github.call("bot", "GET", f"{R}/commits/{sha}/status")[1]["state"] == "success"
    github.call("bot", "POST", f"{R}/check-runs", {"name": "lint", "head_sha": sha, "conclusion": "failure"})
    runs = github.call("bot", "GET", f"{R}/commits/{sha}/check-runs")[1]
    assert [(one["name"], one["conclusion"]) for one in runs["check_runs"]] == [("lint", "failure")]


def test_permissions_are_told_to_those_who_may_push(github: FakeForge) -> None:
    github.add_repository("acme/other", collaborators={"bot": "admin", "alice": "maintain"})
    answer = github.call("bot", "GET", "/repos/acme/other/collaborators/alice/permission")[1]
    assert (answer["permission"], answer["role_name"]) == ("write", "maintain")
    assert github.call("mallory", "GET", f"{R}/collaborators/alice/permission")[0] == 403
    assert github.call("bot", "GET", f"{R}/collaborators/ghost/permission")[0] == 404


def test_a_comment_may_be_so_long(github: FakeForge) -> None:
    github.call("alice", "POST", f"{R}/issues", {"title": "Goal"})
    path = f"{R}/issues/1/comments"
    assert github.call("bot", "POST", path, {"body": "x" * 65_536})[0] == 201
    assert github.call("bot", "POST", path, {"body": "x" * 65_537})[0] == 422


def test_a_renamed_repository_is_found_by_its_number(github: FakeForge) -> None:
    github.call("root", "PATCH", R, {"name": "store"})
    assert github.call("bot", "GET", R)[1]["full_name"] == "acme/store"


def test_the_timeline_names_who_set_a_label(github: FakeForge) -> None:
    github.call("alice", "POST", f"{R}/issues", {"title": "Goal", "labels": ["a"]})
    github.call("bot", "PUT", f"{R}/issues/1/labels", {"labels": ["b"]})
    lines = github.call("bot", "GET", f"{R}/issues/1/timeline")[1]
    told = [(line["event"], line["actor"]["login"], line["label"]["name"]) for line in lines]
    assert told == [("labeled", "alice", "a"), ("labeled", "bot", "b"), ("unlabeled", "bot", "a")]


def test_a_protected_branch_names_what_it_waits_for(github: FakeForge) -> None:
    path, wanted = f"{R}/branches/main/protection", {"strict": False, "contexts": ["ci", "lint"]}
    rule = {"required_status_checks": wanted, "required_pull_request_reviews": None, "restrictions": None}
    assert github.call("bot", "PUT", path, rule)[0] == 422
    assert github.call("alice", "PUT", path, rule | {"enforce_admins": False})[0] == 403
    assert github.call("bot", "PUT", path, rule | {"enforce_admins": False})[0] == 200
    told = github.call("mallory", "GET", f"{R}/branches/main")[1]
    required = told["protection"]["required_status_checks"]
    assert (required["enforcement_level"], required["contexts"]) == ("non_admins", ["ci", "lint"])

    made = pull(github)
    merge, sha = f"{R}/pulls/{made['number']}/merge", made["head"]["sha"]
    assert (
        github.call("alice", "PUT", merge, {})[1]["message"] == "2 of 2 required status checks are expected."
    )
    github.call("bot", "POST", f"{R}/statuses/{sha}", {"state": "success", "context": "ci"})
    assert github.call("alice", "PUT", merge, {})[1]["message"] == 'Required status check "lint" is expected.'
    assert github.call("bot", "PUT", merge, {})[0] == 200, "who administers is not held"
