"""What was lost and then found by looking says so, through every stage that it passes."""

from typing import Any

import compositions
from jobs.action_handlers import keyed

BOT, ALICE = 7, 3
EMPTY: dict[str, Any] = {name: {} for name in ("tasks", "issues", "pulls", "shown", "waiting", "permissions")}
SPRINT, BRANCH = "shop-1a2b-1", "agent/shop-1a2b-1/api"
RECONCILE = {"hint": "reconcile"}


def state(**more: Any) -> dict[str, Any]:
    repo = {"full_name": "ada/shop", "default_branch": "main", "forge": "gitea"}
    kickoffs = {"1": {"id": SPRINT, "number": 1, "status": "Running"}}
    return {**EMPTY, "running": 1, "marks": {}, "kickoffs": kickoffs, "repo": repo} | more


def seen(what: str, there: Any, number: int = 5, **more: Any) -> dict[str, Any]:
    request = {"type": "look", "what": what, "number": number} | more.pop("request", {})
    return {"type": "seen", "what": what, "number": number, "key": "seen:x", "there": there,
            "request": request, "at": "2026-11-21T08:00:00.000Z", **more}  # fmt: skip


def differences(before: dict[str, Any], event: dict[str, Any]) -> dict[str, Any]:
    policy = {"me": {"login": "bot", "id": BOT}, "command_labels": ["caloron:sprint"]}
    turn = {"state": before, "events": [event], "actions": [], "now": event["at"], "policy": policy}
    out: dict[str, Any] = compositions.run("differences", turn).output
    return out


def issue(**more: Any) -> dict[str, Any]:
    there = {"number": 5, "title": "A sprint", "body": "", "state": "open", "author": "alice", "labels": []}
    return (
        there
        | {"author_id": ALICE, "is_pull": False, "html_url": "", "created_at": "", "updated_at": ""}
        | more
    )


def test_a_label_found_by_looking_is_asked_about_as_found() -> None:
    caught = {"date": "2026-11-21T08:00:00Z", "pulls": [], "comments": []}
    out = differences(state(), seen("catch_up", caught | {"issues": [issue(labels=["caloron:sprint"])]}))
    [look] = [action for action in out["actions"] if action["what"] == "timeline"]
    assert look["caused"] == RECONCILE

    rows = [{"type": "label", "label": "caloron:sprint", "actor": "alice", "actor_id": ALICE, "at": "t"}]
    told = differences(out["state"], seen("timeline", rows, request=look))["events"]
    assert [(one["type"], one.get("found")) for one in told] == [("label_added", True)]


def test_a_comment_found_by_looking_has_the_key_of_its_delivery() -> None:
    said: Any = {"comment_id": 9, "issue_number": 5, "is_pull": False, "author": "alice", "author_id": ALICE}
    said |= {"body": "/approve", "created_at": "t", "updated_at": "t", "html_url": ""}
    caught = {"date": "2026-11-21T08:00:00Z", "issues": [], "pulls": [], "comments": [keyed(said)]}
    (told,) = differences(state(), seen("catch_up", caught))["events"]
    assert told["found"] and told["actor_id"] == ALICE and told["key"].startswith("comment:9:")


def pull(**more: Any) -> dict[str, Any]:
    mark = f"<!-- caloron:pull key=k sprint={SPRINT} task=api -->"
    review = {"id": 4, "author": "alice", "author_id": ALICE, "state": "approved", "body": "", "stale": False}
    review |= {"commit_sha": "a" * 40, "submitted_at": "t", "comments": []}
    there = {"number": 6, "title": "Api", "body": mark, "state": "open", "merged": False, "merge_sha": None}
    there |= {"head": {"ref": BRANCH, "sha": "a" * 40, "repo_id": None}, "base": {"ref": "main"}}
    there |= {"author": "bot", "author_id": BOT, "draft": False, "html_url": "", "reviews": [review]}
    return there | {"labels": [], "status": {"state": "none", "contexts": {}}} | more


def reviewed(caused: dict[str, Any]) -> list[tuple[str, bool]]:
    task = {"id": "api", "status": "InReview", "pr_number": 6, "head_sha": "a" * 40, "issue_number": 5}
    before = state(tasks={"api": task})
    out = differences(before, seen("pull", pull(), 6, request={"caused": caused}))
    return [(one["type"], bool(one.get("found"))) for one in out["events"]]


def test_a_review_is_found_only_where_no_delivery_asked_for_the_look() -> None:
    assert reviewed(RECONCILE) == [("pr_review_submitted", True)]
    assert reviewed({"hint": "review", "actor": "alice"}) == [("pr_review_submitted", False)]


def test_the_first_look_at_an_issue_of_our_own_finds_no_edit() -> None:
    action = {
        "type": "create_issue",
        "key": "k",
        "title": "Api",
        "labels": [],
        "mark": {"kind": "task", "task": "api"},
    }
    made = {"type": "performed", "key": "p", "action": action, "result": {"number": 5, "html_url": ""}}
    task = {"id": "api", "status": "Ready", "issue_asked": True}
    ours = differences(state(tasks={"api": task}), made | {"at": "2026-11-21T08:00:00.000Z"})["state"]
    there = issue(title="Api", body="Do it.\n\n<!-- caloron:task key=k task=api -->", author_id=BOT)
    out = differences(ours, seen("issue", there))
    assert out["events"] == []
    edited = differences(out["state"], seen("issue", there | {"body": "Do it well."}))
    assert [one["type"] for one in edited["events"]] == ["issue_edited"]
