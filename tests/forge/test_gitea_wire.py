"""Gitea's own ways, word by word."""

from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import pytest
import responses

from shell.errors import NotYet, Refused, Unavailable
from shell.forge import gitea_read
from shell.forge.gitea import GiteaForge
from tests.forge.objects import ISSUE, PULL

BASE = "https://forge.test/api/v1"
TOKEN = "t0ken"


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def gitea() -> GiteaForge:
    return GiteaForge("https://forge.test/", TOKEN)


def test_a_comment_on_a_missing_issue_is_a_500_that_is_final(
    wire: responses.RequestsMock, gitea: GiteaForge
) -> None:
    wire.post(f"{BASE}/repos/a/b/issues/9/comments", status=500, json={"message": ""})
    wire.get(f"{BASE}/repos/a/b/issues/9", status=404, json={"message": "not found"})
    with pytest.raises(Refused) as refusal:
        gitea.comment("a/b", 9, "hello")
    assert refusal.value.status == 404


def test_a_500_on_an_issue_that_is_there_passes(wire: responses.RequestsMock, gitea: GiteaForge) -> None:
    wire.post(f"{BASE}/repos/a/b/issues/9/comments", status=500, json={"message": ""})
    wire.get(f"{BASE}/repos/a/b/issues/9", json=ISSUE)
    with pytest.raises(Unavailable) as fault:
        gitea.comment("a/b", 9, "hello")
    assert fault.value.status == 500


@pytest.mark.parametrize(
    ("status", "words", "expected"),
    [
        (405, "Please try again later", NotYet),
        (409, "merge push out of date", NotYet),
        (405, "Not all required status checks successful", Refused),
        (409, "head out of date", Refused),
        (423, "repository is archived", Refused),
    ],
)
def test_a_merge_is_refused_or_waits(
    wire: responses.RequestsMock, gitea: GiteaForge, status: int, words: str, expected: type[Exception]
) -> None:
    wire.post(f"{BASE}/repos/a/b/pulls/9/merge", status=status, json={"message": words})
    with pytest.raises(expected) as refusal:
        gitea.merge("a/b", 9, "c0ffee", "merge")
    if isinstance(refusal.value, Refused):
        assert (refusal.value.status, refusal.value.message) == (status, words)


def test_a_conflict_that_git_found_is_told_in_one_word(
    wire: responses.RequestsMock, gitea: GiteaForge
) -> None:
    wire.post(f"{BASE}/repos/a/b/pulls/9/merge", status=409, json={"Style": "merge", "StdOut": "CONFLICT …"})
    with pytest.raises(Refused) as refusal:
        gitea.merge("a/b", 9, "c0ffee", "merge")
    assert (refusal.value.status, refusal.value.message) == (409, "conflict")


@pytest.mark.parametrize(("lacks", "fails"), [(0, False), (2, True)])
def test_a_500_on_an_update_means_nothing_to_update_or_a_fault(
    wire: responses.RequestsMock, gitea: GiteaForge, lacks: int, fails: bool
) -> None:
    wire.post(f"{BASE}/repos/a/b/pulls/9/update", status=500, json={"message": ""})
    wire.get(f"{BASE}/repos/a/b/pulls/9", json=PULL)
    wire.get(f"{BASE}/repos/a/b/compare/c0ffee...main", json={"total_commits": lacks})
    with pytest.raises(Unavailable) if fails else nullcontext():
        assert gitea.update_branch("a/b", 9) is False


def test_the_words_of_a_hook_are_no_conflict(wire: responses.RequestsMock, gitea: GiteaForge) -> None:
    words = "PushRejected with remote message: this conflicts with our freeze"
    wire.post(f"{BASE}/repos/a/b/pulls/9/merge", status=409, json={"message": words})
    with pytest.raises(Refused, match="freeze"):
        gitea.merge("a/b", 9, "c0ffee", "merge")


@pytest.mark.parametrize(
    ("style", "lacks", "expected"),
    [
        ("fast-forward-only", 2, Refused(409, "conflict")),
        ("fast-forward-only", 0, Unavailable("", "")),
        ("merge", 2, Unavailable("", "")),
    ],
)
def test_a_500_on_a_merge_is_final_only_where_the_branch_cannot_be_forwarded_to(
    wire: responses.RequestsMock, gitea: GiteaForge, style: str, lacks: int, expected: Exception
) -> None:
    wire.post(f"{BASE}/repos/a/b/pulls/9/merge", status=500, json={"message": ""})
    wire.get(f"{BASE}/repos/a/b/pulls/9", json=PULL)
    wire.get(f"{BASE}/repos/a/b/compare/c0ffee...main", json={"total_commits": lacks})
    wire.assert_all_requests_are_fired = False
    with pytest.raises(type(expected)) as fault:
        gitea.merge("a/b", 9, "c0ffee", style)
    assert not isinstance(expected, Refused) or str(fault.value) == str(expected)


def test_of_two_labels_with_one_name_the_elder_is_set_and_both_are_found(
    wire: responses.RequestsMock, gitea: GiteaForge
) -> None:
    twins = [{"id": 7, "name": "x"}, {"id": 5, "name": "x"}]
    wire.get(f"{BASE}/repos/a/b/labels", json=twins, headers={"X-Total-Count": "2"})
    wire.get(f"{BASE}/orgs/a/labels", status=404)
    wire.get(f"{BASE}/repos/a/b/issues/9/labels", json=[])
    body = responses.matchers.json_params_matcher({"labels": [5]})
    wire.post(f"{BASE}/repos/a/b/issues/9/labels", json=[{"id": 5, "name": "x"}], match=[body])
    assert gitea.set_labels("a/b", 9, ["x"], []) == ["x"]
    every = [ISSUE | {"number": 1, "labels": [{"name": "x"}]}, ISSUE | {"number": 2, "labels": []}]
    unfiltered = responses.matchers.query_param_matcher({"state": "all", "limit": "50", "page": "1"})
    wire.get(f"{BASE}/repos/a/b/issues", json=every, headers={"X-Total-Count": "2"}, match=[unfiltered])
    assert [issue["number"] for issue in gitea.issues_with_label("a/b", "x")] == [1]


def test_known_labels_are_not_asked_for_again(wire: responses.RequestsMock, gitea: GiteaForge) -> None:
    labels = wire.get(f"{BASE}/repos/a/b/labels", json=[{"id": 5, "name": "x"}])
    wire.get(f"{BASE}/orgs/a/labels", status=404)
    wire.get(f"{BASE}/repos/a/b/issues/9/labels", json=[])
    wire.post(f"{BASE}/repos/a/b/issues/9/labels", json=[{"id": 5, "name": "x"}])
    for _ in range(3):
        gitea.set_labels("a/b", 9, ["x"], [])
    assert labels.call_count == 1


def test_a_list_is_read_to_its_total_even_where_pages_are_shorter_than_asked(
    wire: responses.RequestsMock, gitea: GiteaForge
) -> None:
    for page in (1, 2, 3):
        match = responses.matchers.query_param_matcher({"limit": "50", "page": str(page)})
        hook: dict[str, Any] = {"id": page, "config": {"url": "u"}, "events": [], "active": True}
        headers = {"X-Total-Count": "3"}
        wire.get(f"{BASE}/repos/a/b/hooks", json=[hook], headers=headers, match=[match])
    assert [hook["id"] for hook in gitea.list_hooks("a/b")] == [1, 2, 3]


def test_a_new_issue_gets_the_label_that_was_deleted_meanwhile(
    wire: responses.RequestsMock, gitea: GiteaForge
) -> None:
    wire.get(f"{BASE}/repos/a/b/labels", json=[{"id": 5, "name": "x"}])
    wire.get(f"{BASE}/repos/a/b/labels", json=[])
    wire.get(f"{BASE}/orgs/a/labels", status=404)
    wire.post(f"{BASE}/repos/a/b/issues", json=ISSUE)
    wire.get(f"{BASE}/repos/a/b/issues/9/labels", json=[])
    made = wire.post(f"{BASE}/repos/a/b/labels", json={"id": 6, "name": "x"})
    body = responses.matchers.json_params_matcher({"labels": [6]})
    wire.post(f"{BASE}/repos/a/b/issues/9/labels", json=[{"id": 6, "name": "x"}], match=[body])
    assert gitea.create_issue("a/b", "t", "", ["x"])["labels"] == ["x"]
    assert made.call_count == 1


def test_a_large_tree_is_read_to_its_end(wire: responses.RequestsMock, gitea: GiteaForge) -> None:
    for page, more in ((1, True), (2, False)):
        match = responses.matchers.query_param_matcher({"recursive": "true", "page": str(page)})
        entries = [{"path": f"f{page}", "type": "blob"}, {"path": "d", "type": "tree"}]
        said = {"tree": entries, "truncated": more}
        wire.get(f"{BASE}/repos/a/b/git/trees/agent%2Fx", json=said, match=[match])
    assert gitea.tree("a/b", "agent/x") == ["f1", "f2"]


def test_a_token_that_may_not_see_organisations_still_sets_labels(
    wire: responses.RequestsMock, gitea: GiteaForge
) -> None:
    wire.get(f"{BASE}/repos/a/b/labels", json=[{"id": 5, "name": "x"}])
    wire.get(f"{BASE}/orgs/a/labels", status=403, json={"message": "token does not have at least one of …"})
    wire.get(f"{BASE}/repos/a/b/issues/9/labels", json=[])
    wire.post(f"{BASE}/repos/a/b/issues/9/labels", json=[{"id": 5, "name": "x"}])
    assert gitea.set_labels("a/b", 9, ["x"], []) == ["x"]


def test_the_clone_address_is_the_server_as_we_reach_it(gitea: GiteaForge) -> None:
    assert gitea.clone_url("a/b") == "https://forge.test/a/b.git"
    assert gitea.credential("a/b") == ("oauth2", TOKEN)


def test_what_was_skipped_is_neither_good_nor_bad() -> None:
    statuses = [{"context": "ci", "status": "warning"}, {"context": "docs", "status": "skipped"}]
    assert gitea_read.read_checks(statuses) == {"ci": "success", "docs": "none"}
