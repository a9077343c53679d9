"""Each kind of delivery becomes one flat event."""

import hashlib
import json
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shell.errors import BadDelivery
from shell.event import lane_of
from shell.forge import read_delivery

SHA = "c0ffee" + "0" * 34
REPOSITORY = {"id": 7, "full_name": "al/fish"}
AL, BO = {"login": "al", "id": 3}, {"login": "bo", "id": 4}
COMMENT = {
    "id": 55,
    "user": AL,
    "body": "/plan",
    "created_at": "2026-01-02T03:04:05+01:00",
    "updated_at": "2026-01-02T03:05:05+01:00",
}
ISSUE = {"number": 5}
PULL = {"number": 9}


def read(forge: str, name: str, payload: dict[str, Any]) -> Any:
    header = {"gitea": "Gitea", "forgejo": "Forgejo", "github": "GitHub"}[forge]
    headers = {f"X-{header}-Event": name, f"X-{header}-Delivery": "d1"}
    return read_delivery(headers, json.dumps({"repository": REPOSITORY, "sender": BO} | payload).encode())


def changed(event: Any) -> dict[str, Any]:
    """What is particular to a `changed`, once all that is common is as it must be."""
    common = {"type": "changed", "repo_id": 7, "repo": "al/fish", "actor": "bo", "actor_id": 4}
    assert common.items() <= event.items()
    assert event["created_at"].endswith("Z")
    left = {"forge", "key", "created_at", *common}
    return {name: value for name, value in event.items() if name not in left}


@pytest.mark.parametrize(
    ("action", "hint"),
    [
        ("opened", "opened"),
        ("edited", "edited"),
        ("closed", "closed"),
        ("reopened", "reopened"),
        ("deleted", "deleted"),
        ("label_updated", "labels"),
        ("label_cleared", "labels"),
        ("assigned", "assigned"),
        ("unassigned", "assigned"),
        ("milestoned", "milestone"),
        ("demilestoned", "milestone"),
    ],
)
@pytest.mark.parametrize("forge", ["gitea", "forgejo"])
def test_gitea_issues(forge: str, action: str, hint: str) -> None:
    event = read(forge, "issues", {"action": action, "issue": ISSUE, "number": 5})
    assert changed(event) == {"object": "issue", "number": 5, "hint": hint}
    assert (event["forge"], event["key"]) == (forge, "changed:issue:5:d1")
    assert lane_of(event) == "gitea-7"


@pytest.mark.parametrize(
    ("name", "action", "hint"),
    [
        ("pull_request", "opened", "opened"),
        ("pull_request", "closed", "closed"),
        ("pull_request", "synchronized", "synchronized"),
        ("pull_request", "label_updated", "labels"),
        ("pull_request", "review_requested", "review_request"),
        ("pull_request", "review_request_removed", "review_request"),
        ("pull_request_approved", "reviewed", "review"),
        ("pull_request_rejected", "reviewed", "review"),
        ("pull_request_comment", "reviewed", "review"),
    ],
)
def test_gitea_pull_requests(name: str, action: str, hint: str) -> None:
    review = {"type": "pull_request_review_approved", "content": ""} if hint == "review" else None
    event = read("gitea", name, {"action": action, "pull_request": PULL, "review": review})
    assert changed(event) == {"object": "pull", "number": 9, "hint": hint}
    assert event["key"] == "changed:pull:9:d1"


@pytest.mark.parametrize(
    ("action", "hint", "more"),
    [
        ("opened", "opened", {}),
        ("closed", "closed", {}),
        ("labeled", "labeled", {"label": "caloron:sprint", "labelled": True}),
        ("unlabeled", "unlabeled", {"label": "caloron:sprint", "labelled": False}),
        ("unassigned", "assigned", {}),
        ("milestoned", "milestone", {}),
    ],
)
def test_github_issues(action: str, hint: str, more: dict[str, Any]) -> None:
    label = {"label": {"name": "caloron:sprint"}} if more else {}
    event = read("github", "issues", {"action": action, "issue": ISSUE, **label})
    assert changed(event) == {"object": "issue", "number": 5, "hint": hint, **more}
    assert lane_of(event) == "github-7"


@pytest.mark.parametrize(
    ("name", "action", "hint"),
    [
        ("pull_request", "opened", "opened"),
        ("pull_request", "synchronize", "synchronized"),
        ("pull_request", "review_requested", "review_request"),
        ("pull_request", "ready_for_review", "ready_for_review"),
        ("pull_request_review", "submitted", "review"),
        ("pull_request_review", "dismissed", "review"),
        ("pull_request_review_comment", "created", "review"),
        ("pull_request_review_thread", "resolved", "review"),
    ],
)
def test_github_pull_requests(name: str, action: str, hint: str) -> None:
    event = read("github", name, {"action": action, "pull_request": PULL})
    assert changed(event) == {"object": "pull", "number": 9, "hint": hint}


@pytest.mark.parametrize("forge", ["gitea", "github"])
def test_a_push_of_a_branch(forge: str) -> None:
    event = read(forge, "push", {"ref": "refs/heads/agent/s/t1", "after": SHA})
    assert changed(event) == {"object": "branch", "branch": "agent/s/t1", "head_sha": SHA, "hint": "push"}
    assert event["key"] == "changed:branch:agent/s/t1:d1"


@pytest.mark.parametrize(
    ("forge", "name", "payload"),
    [
        ("gitea", "status", {"sha": SHA, "context": "ci"}),
        ("gitea", "workflow_run", {"action": "completed", "workflow_run": {"head_sha": SHA}}),
        ("github", "status", {"sha": SHA, "context": "ci"}),
        ("github", "check_run", {"action": "completed", "check_run": {"head_sha": SHA}}),
        ("github", "check_suite", {"action": "completed", "check_suite": {"head_sha": SHA}}),
        ("github", "workflow_run", {"action": "completed", "workflow_run": {"head_sha": SHA}}),
    ],
)
def test_checks_of_a_commit(forge: str, name: str, payload: dict[str, Any]) -> None:
    event = read(forge, name, payload)
    assert changed(event) == {"object": "commit", "head_sha": SHA, "hint": "status"}
    assert event["key"] == f"changed:commit:{SHA}:d1"


@pytest.mark.parametrize("forge", ["gitea", "github"])
def test_the_status_of_the_bot_itself_is_no_news(forge: str) -> None:
    event = read(forge, "status", {"sha": SHA, "context": "caloron"})
    assert (event["type"], event["reason"]) == ("ignored", "the commit status of the bot itself")


@pytest.mark.parametrize(("forge", "action"), [("gitea", "deleted"), ("github", "renamed")])
def test_the_repository_itself(forge: str, action: str) -> None:
    event = read(forge, "repository", {"action": action})
    assert changed(event) == {"object": "repository", "hint": action}
    assert event["key"] == "changed:repository:7:d1"


@pytest.mark.parametrize("is_pull", [True, False])
@pytest.mark.parametrize("forge", ["gitea", "forgejo", "github"])
def test_words_on_a_thread(forge: str, is_pull: bool) -> None:
    issue = ISSUE | ({"pull_request": {"url": "…"}} if is_pull else {})
    event = read(
        forge, "issue_comment", {"action": "created", "issue": issue, "comment": COMMENT, "is_pull": is_pull}
    )
    del event["repo_id"], event["repo"]
    assert event == {
        "type": "issue_comment",
        "key": f"comment:55:{hashlib.sha256(b'/plan').hexdigest()[:16]}",
        "forge": forge,
        "actor": "bo",
        "actor_id": 4,
        "author": "al",
        "author_id": 3,
        "created_at": "2026-01-02T02:04:05.000Z",
        "written_at": "2026-01-02T02:04:05.000Z",
        "issue_number": 5,
        "is_pull": is_pull,
        "comment_id": 55,
        "body": "/plan",
        "previous": None,
        "hint": "created",
    }


@pytest.mark.parametrize("forge", ["gitea", "github"])
def test_words_edited(forge: str) -> None:
    changes = {"body": {"from": "/help"}, "added_labels": None}
    said = {"action": "edited", "issue": ISSUE, "comment": COMMENT, "changes": changes}
    event = read(forge, "issue_comment", said)
    assert (event["hint"], event["previous"], event["body"]) == ("edited", "/help", "/plan")
    assert event["created_at"] == "2026-01-02T02:05:05.000Z"
    assert event["written_at"] == "2026-01-02T02:04:05.000Z"


NOW, WAS, NOTHING = (hashlib.sha256(text).hexdigest()[:16] for text in (b"/plan", b"Shoes.", b""))


@pytest.mark.parametrize("forge", ["gitea", "github"])
@pytest.mark.parametrize(
    ("action", "changes", "texts"),
    [
        ("opened", None, {"body_hash": NOW, "body_was": ""}),
        ("edited", {"body": {"from": "Shoes."}}, {"body_hash": NOW, "body_was": WAS}),
        ("edited", {"body": {"from": ""}}, {"body_hash": NOW, "body_was": NOTHING}),
        ("edited", {"body": {"from": None}}, {"body_hash": NOW, "body_was": NOTHING}),
        ("edited", {"title": {"from": "A"}, "added_labels": None}, {"body_hash": NOW, "body_was": NOW}),
        ("edited", {"body": {}}, {"body_hash": NOW}),
        ("edited", None, {"body_hash": NOW}),
        ("closed", None, {}),
    ],
)
def test_which_text_of_an_issue_became_which(forge: str, action: str, changes: Any, texts: Any) -> None:
    said = {"action": action, "issue": ISSUE | {"body": "/plan"}} | ({"changes": changes} if changes else {})
    assert changed(read(forge, "issues", said)) == {"object": "issue", "number": 5, "hint": action, **texts}


def test_an_issue_without_a_text_has_an_empty_one() -> None:
    event = read("github", "issues", {"action": "opened", "issue": ISSUE | {"body": None}})
    assert (event["body_hash"], event["body_was"]) == (NOTHING, "")


@pytest.mark.parametrize("forge", ["gitea", "github"])
def test_words_taken_back_only_hint(forge: str) -> None:
    event = read(forge, "issue_comment", {"action": "deleted", "issue": ISSUE, "comment": COMMENT})
    assert changed(event) == {"object": "issue", "number": 5, "hint": "comment_deleted"}


@pytest.mark.parametrize(
    ("forge", "name", "payload", "words"),
    [
        ("github", "ping", {"zen": "Keep it simple."}, "a ping: the hook reaches us"),
        ("github", "star", {"action": "created"}, "star is nothing that moves a sprint"),
        ("github", "installation", {"repository": None}, "installation is nothing that moves a sprint"),
        (
            "github",
            "issue_comment",
            {"action": "pinned", "issue": ISSUE, "comment": COMMENT},
            "a comment pinned is nothing that moves a sprint",
        ),
        ("gitea", "create", {"ref": "x"}, "create is nothing that moves a sprint"),
        (
            "gitea",
            "push",
            {"ref": "refs/tags/v1", "after": SHA},
            "a push of refs/tags/v1, which is no branch",
        ),
        ("gitea", "something_new", {}, "something_new is nothing that moves a sprint"),
    ],
)
def test_the_rest_is_ignored_and_says_why(forge: str, name: str, payload: dict[str, Any], words: str) -> None:
    event = read(forge, name, payload)
    assert (event["type"], event["reason"], event["forge"]) == ("ignored", words, forge)


def test_without_an_id_the_content_is_the_id() -> None:
    body = json.dumps({"repository": REPOSITORY, "sender": BO, "action": "opened", "issue": ISSUE}).encode()
    first, second, other = (
        cast("Any", read_delivery({"X-Gitea-Event": "issues"}, text)) for text in (body, body, body + b" ")
    )
    assert first["key"] == second["key"] != other["key"]


def test_two_deliveries_of_one_change_are_two_hints() -> None:
    body = json.dumps({"repository": REPOSITORY, "sender": BO, "action": "opened", "issue": ISSUE}).encode()
    events: list[Any] = [
        read_delivery({"X-Gitea-Event": "issues", "X-Gitea-Delivery": each}, body) for each in ("d1", "d2")
    ]
    keys = {event["key"] for event in events}
    assert len(keys) == 2


NAMES = (
    "issues",
    "issue_comment",
    "pull_request",
    "pull_request_review",
    "push",
    "status",
    "check_run",
    "repository",
)
OBJECTS = (
    "issue",
    "comment",
    "pull_request",
    "review",
    "repository",
    "sender",
    "check_run",
    "changes",
    "label",
)
FIELDS = (*REPOSITORY, *AL, *COMMENT, "action", "number", "ref", "after", "sha", "head_sha", "from")
WORDS = st.sampled_from(OBJECTS) | st.sampled_from(FIELDS)
LEAVES = (
    st.none()
    | st.integers()
    | st.sampled_from(["", "opened", "edited", "0001-01-01T00:00:00+14:00", "refs/heads/x"])
)
THINGS = st.recursive(
    LEAVES, lambda inner: st.dictionaries(WORDS, inner) | st.lists(inner, max_size=2), max_leaves=30
)


@given(
    forge=st.sampled_from(["gitea", "github"]),
    name=st.sampled_from(NAMES),
    payload=st.dictionaries(WORDS, THINGS),
)
def test_whatever_is_sent_becomes_an_event_or_a_bad_delivery(
    forge: str, name: str, payload: dict[str, Any]
) -> None:
    try:
        event = read(forge, name, payload)
    except BadDelivery as bad:
        assert name in bad.reason or "out of range" in bad.reason
    else:
        assert event["type"] in ("changed", "issue_comment", "ignored")
