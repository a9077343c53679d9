"""The fake forge answers as a Gitea 1.26 was seen to answer."""

from typing import Any

import pytest

from bot.fake_forge import FakeForge
from tests.fake_forge.places import REPO

R = f"/repos/{REPO}"


def label(forge: FakeForge, name: str) -> int:
    return int(forge.call("bot", "POST", f"{R}/labels", {"name": name, "color": "#ff0000"})[1]["id"])


def issue(forge: FakeForge, who: str = "alice", **more: Any) -> dict[str, Any]:
    status, made = forge.call(who, "POST", f"{R}/issues", {"title": "Goal", **more})
    assert status == 201
    return dict(made)


def pull(forge: FakeForge, branch: str = "feat", text: str = "new\n", body: str = "") -> dict[str, Any]:
    forge.commit(REPO, "main", {"a.txt": text}, "bot", new_branch=branch)
    given = {"title": "A change", "body": body, "head": branch, "base": "main"}
    status, made = forge.call("bot", "POST", f"{R}/pulls", given)
    assert status == 201
    return dict(made)


def merge(forge: FakeForge, number: int, who: str = "bot", **more: Any) -> tuple[int, Any]:
    return forge.call(who, "POST", f"{R}/pulls/{number}/merge", {"Do": "merge", **more})


def test_an_unknown_label_name_is_left_out_in_silence(gitea: FakeForge) -> None:
    label(gitea, "a")
    number = issue(gitea)["number"]
    status, labels = gitea.call("alice", "POST", f"{R}/issues/{number}/labels", {"labels": ["a", "nope"]})
    assert (status, [one["name"] for one in labels]) == (200, ["a"])
    assert len(gitea.call("bot", "GET", f"{R}/issues?labels=nope")[1]) == 1


def test_labels_are_made_twice_and_set_by_number_on_creation(gitea: FakeForge) -> None:
    first, second = label(gitea, "a"), label(gitea, "a")
    assert first != second
    assert gitea.call("alice", "POST", f"{R}/issues", {"title": "x", "labels": ["a"]})[0] == 422
    assert [one["id"] for one in issue(gitea, labels=[first])["labels"]] == [first]
    assert gitea.call("alice", "DELETE", f"{R}/issues/1/labels/a")[0] == 422
    assert gitea.call("alice", "DELETE", f"{R}/issues/1/labels/{first}")[0] == 204


@pytest.mark.parametrize(
    ("who", "asked", "status", "level"),
    [
        ("bot", "mallory", 200, "read"),
        ("bot", "alice", 200, "write"),
        ("bot", "acme", 200, "owner"),
        ("alice", "alice", 200, "write"),
        ("alice", "bot", 403, None),
        ("bot", "ghost", 404, None),
    ],
)
def test_permissions_are_told_to_administrators(
    gitea: FakeForge, who: str, asked: str, status: int, level: str | None
) -> None:
    answer = gitea.call(who, "GET", f"{R}/collaborators/{asked}/permission")
    assert (answer[0], answer[1].get("permission")) == (status, level)


def test_a_reaction_is_new_only_once(gitea: FakeForge) -> None:
    issue(gitea)
    said = gitea.call("mallory", "POST", f"{R}/issues/1/comments", {"body": "/help"})[1]
    path = f"{R}/issues/comments/{said['id']}/reactions"
    assert [gitea.call("bot", "POST", path, {"content": "eyes"})[0] for _ in range(2)] == [201, 200]
    assert gitea.call("bot", "DELETE", path, {"content": "eyes"})[0] == 204
    assert gitea.call("bot", "GET", path)[1] is None


def test_a_merge_is_pinned_closes_issues_and_deletes_the_branch(gitea: FakeForge) -> None:
    issue(gitea)
    made = pull(gitea, body="Closes #1.")
    number, sha = made["number"], made["head"]["sha"]
    assert merge(gitea, number, "mallory")[1]["message"] == "User not allowed to merge PR"
    assert merge(gitea, number, head_commit_id="0" * 40) == (409, {**_said("head out of date", gitea)})
    assert merge(gitea, number, head_commit_id=sha, delete_branch_after_merge=True) == (200, "")
    assert merge(gitea, number)[1]["message"] == "The PR is already merged"
    assert gitea.call("bot", "GET", f"{R}/issues/1")[1]["state"] == "closed"
    assert gitea.call("bot", "GET", f"{R}/branches/feat")[0] == 404
    merged = gitea.call("bot", "GET", f"{R}/pulls/{number}")[1]
    assert merged["merged"] and merged["head"]["ref"] == f"refs/pull/{number}/head"
    assert gitea.call("bot", "GET", f"{R}/raw/a.txt")[1] == "new\n"


def _said(message: str, forge: FakeForge) -> dict[str, str]:
    return {"message": message, "url": f"{forge.url}/api/swagger"}


def test_a_conflict_is_to_be_tried_later_for_ever(gitea: FakeForge) -> None:
    made = pull(gitea)
    gitea.commit(REPO, "main", {"a.txt": "other\n"}, "alice")
    for _ in range(3):
        status, said = merge(gitea, made["number"])
        assert (status, said["message"]) == (405, "Please try again later")
    assert gitea.call("bot", "POST", f"{R}/pulls/{made['number']}/update")[0] == 409
    assert gitea.call("bot", "GET", f"{R}/pulls/{made['number']}")[1]["mergeable"] is False


def test_an_update_brings_the_base_into_the_branch(gitea: FakeForge) -> None:
    made = pull(gitea)
    gitea.commit(REPO, "main", {"b.txt": "other\n"}, "alice")
    assert gitea.call("bot", "POST", f"{R}/pulls/{made['number']}/update")[0] == 200
    assert gitea.call("bot", "GET", f"{R}/raw/b.txt?ref=feat")[1] == "other\n"


def test_a_protected_branch_wants_approval_and_green_checks(gitea: FakeForge) -> None:
    rule = {"rule_name": "main", "enable_status_check": True, "status_check_contexts": ["ci"]}
    gitea.call("bot", "POST", f"{R}/branch_protections", rule | {"required_approvals": 1})
    made = pull(gitea)
    number, sha = made["number"], made["head"]["sha"]
    refusal = (405, _said("Not all required status checks successful", gitea))
    assert merge(gitea, number) == refusal
    gitea.call("bot", "POST", f"{R}/statuses/{sha}", {"state": "success", "context": "ci"})
    gitea.call("mallory", "POST", f"{R}/pulls/{number}/reviews", {"event": "APPROVED"})
    assert merge(gitea, number) == refusal
    gitea.call("alice", "POST", f"{R}/pulls/{number}/reviews", {"event": "APPROVED"})
    assert merge(gitea, number)[0] == 200


def test_reviews_are_official_by_right_and_stale_by_push(gitea: FakeForge) -> None:
    number = pull(gitea)["number"]
    path = f"{R}/pulls/{number}/reviews"
    assert gitea.call("bot", "POST", path, {"event": "APPROVED"})[0] == 422
    assert gitea.call("alice", "POST", path, {"event": "APPROVE"})[0] == 422
    gitea.call("mallory", "POST", path, {"event": "APPROVED"})
    remark = {"path": "a.txt", "body": "why?", "new_position": 1}
    gitea.call("alice", "POST", path, {"event": "REQUEST_CHANGES", "body": "no", "comments": [remark]})
    gitea.commit(REPO, "feat", {"a.txt": "newer\n"}, "bot")
    reviews = gitea.call("bot", "GET", path)[1]
    told = [(one["state"], one["official"], one["stale"]) for one in reviews]
    assert told == [("APPROVED", False, True), ("REQUEST_CHANGES", True, True)]
    inline = gitea.call("bot", "GET", f"{path}/{reviews[1]['id']}/comments")[1]
    assert [(one["path"], one["position"]) for one in inline] == [("a.txt", 1)]
    gitea.call("bot", "POST", f"{R}/pulls/{number}/requested_reviewers", {"reviewers": ["alice"]})
    assert gitea.call("bot", "GET", path)[1][-1]["state"] == "REQUEST_REVIEW"


def test_a_renamed_repository_is_found_by_its_old_name(gitea: FakeForge) -> None:
    issue(gitea)
    gitea.call("root", "PATCH", R, {"name": "store"})
    assert gitea.call("bot", "GET", f"{R}/issues/1")[1]["repository"]["full_name"] == "acme/store"


def test_lists_come_in_pages(gitea: FakeForge) -> None:
    for _ in range(3):
        issue(gitea)
    pages = [gitea.call("bot", "GET", f"{R}/issues?limit=2&page={n}")[1] for n in (1, 2, 3)]
    assert [[one["number"] for one in rows] for rows in pages] == [[3, 2], [1], []]


def test_since_is_inclusive_and_must_be_a_time(gitea: FakeForge) -> None:
    updated = issue(gitea)["updated_at"]
    assert len(gitea.call("bot", "GET", f"{R}/issues?since={updated}")[1]) == 1
    assert gitea.call("bot", "GET", f"{R}/issues?since=2999-01-01T00:00:00Z")[1] == []
    assert gitea.call("bot", "GET", f"{R}/issues?since=yesterday")[0] == 422


def test_who_may_not_see_it_finds_nothing(gitea: FakeForge) -> None:
    gitea.add_repository("acme/secret", private=True)
    assert gitea.call("mallory", "GET", "/repos/acme/secret")[0] == 404
    assert gitea.call(None, "GET", R)[0] == 200
    assert gitea.call(None, "POST", f"{R}/issues", {"title": "x"})[0] == 401
    assert gitea.call("mallory", "POST", f"{R}/labels", {"name": "x", "color": "#fff"})[0] == 403
