"""The webhooks: headers, signatures, payloads, and the faults that can be put into them."""

import hashlib
import hmac
import json
from typing import Any

import pytest

from bot.fake_forge import FakeForge
from bot.fake_forge.faults import Faults
from tests.fake_forge.places import REPO, WebhookReceiver, hook

R = f"/repos/{REPO}"
ALL = ["push", "create", "delete", "issues", "issue_comment", "pull_request", "status", "repository"]


def test_a_gitea_delivery_carries_every_header_and_its_signatures(
    gitea: FakeForge, receiver: WebhookReceiver
) -> None:
    hook(gitea, receiver.url, ALL)
    gitea.call("alice", "POST", f"{R}/issues", {"title": "Goal"})
    assert gitea.wait_for_deliveries()
    [(headers, body)] = receiver.arrived
    right = hmac.new(b"s3cret", body, hashlib.sha256).hexdigest()
    assert headers["X-Gitea-Signature"] == headers["X-Gogs-Signature"] == right
    assert headers["X-Hub-Signature-256"] == f"sha256={right}"
    for family in ("Gitea", "Gogs", "GitHub"):
        assert headers[f"X-{family}-Event"] == headers[f"X-{family}-Event-Type"] == "issues"
    assert headers["X-Gitea-Delivery"] == headers["X-GitHub-Delivery"]
    assert headers["X-Gitea-Hook-Installation-Target-Type"] == "repository"
    assert b'\n  "action": "opened"' in body and json.loads(body)["sender"]["username"] == "alice"


def test_without_a_secret_gitea_signs_with_nothing(gitea: FakeForge, receiver: WebhookReceiver) -> None:
    hook(gitea, receiver.url, ALL, secret="")
    gitea.call("alice", "POST", f"{R}/issues", {"title": "Goal"})
    assert gitea.wait_for_deliveries()
    headers = receiver.arrived[0][0]
    assert (headers["X-Gitea-Signature"], headers["X-Hub-Signature-256"]) == ("", "sha256=")


def test_github_pings_and_tells_each_label(github: FakeForge, receiver: WebhookReceiver) -> None:
    hook(github, receiver.url, ALL)
    github.call("alice", "POST", f"{R}/issues", {"title": "Goal", "labels": ["a", "b"]})
    assert github.wait_for_deliveries()
    assert sorted(map(str, receiver.events())) == sorted(
        map(str, [("ping", None), ("issues", "opened"), ("issues", "labeled"), ("issues", "labeled")])
    )
    labels = {one["label"]["name"] for one in receiver.payloads("issues") if one["action"] == "labeled"}
    assert labels == {"a", "b"}
    headers, body = receiver.arrived[0]
    right = hmac.new(b"s3cret", body, hashlib.sha256).hexdigest()
    assert headers["X-Hub-Signature-256"] == f"sha256={right}" and "X-Gitea-Event" not in headers


def test_a_replacement_of_labels_shows_none_on_gitea(gitea: FakeForge, receiver: WebhookReceiver) -> None:
    gitea.call("bot", "POST", f"{R}/labels", {"name": "a", "color": "#fff"})
    gitea.call("alice", "POST", f"{R}/issues", {"title": "Goal"})
    hook(gitea, receiver.url, ALL)
    gitea.call("alice", "PUT", f"{R}/issues/1/labels", {"labels": ["a"]})
    assert gitea.wait_for_deliveries()
    [payload] = receiver.payloads("issues")
    assert (payload["action"], payload["issue"]["labels"]) == ("label_updated", [])


@pytest.mark.parametrize("dialect", ["gitea", "github"])
def test_a_merge_tells_all_that_follows(
    dialect: str, receiver: WebhookReceiver, request: pytest.FixtureRequest
) -> None:
    forge: FakeForge = request.getfixturevalue(dialect)
    forge.call("alice", "POST", f"{R}/issues", {"title": "Goal"})
    forge.commit(REPO, "main", {"a.txt": "new\n"}, "bot", new_branch="feat")
    given = {"title": "T", "body": "Closes #1", "head": "feat", "base": "main"}
    number = forge.call("bot", "POST", f"{R}/pulls", given)[1]["number"]
    hook(forge, receiver.url, ALL)
    if dialect == "gitea":
        more: dict[str, Any] = {"Do": "merge", "delete_branch_after_merge": True}
        assert forge.call("bot", "POST", f"{R}/pulls/{number}/merge", more)[0] == 200
    else:
        assert forge.call("bot", "PUT", f"{R}/pulls/{number}/merge", {})[0] == 200
        forge.call("bot", "DELETE", f"{R}/git/refs/heads/feat")
    assert forge.wait_for_deliveries()
    [closed] = receiver.payloads("pull_request")
    assert closed["action"] == "closed" and closed["pull_request"]["merged"] is True
    assert receiver.payloads("issues")[0]["sender"]["login"] == "bot"
    assert {one["ref"] for one in receiver.payloads("push")} >= {"refs/heads/main"}
    assert [one["ref"] for one in receiver.payloads("delete")] == ["feat"]


def test_a_review_on_gitea_has_neither_number_nor_author(gitea: FakeForge, receiver: WebhookReceiver) -> None:
    gitea.commit(REPO, "main", {"a.txt": "new\n"}, "bot", new_branch="feat")
    number = gitea.call("bot", "POST", f"{R}/pulls", {"title": "T", "head": "feat", "base": "main"})[1][
        "number"
    ]
    hook(gitea, receiver.url, ["pull_request"])
    gitea.call("alice", "POST", f"{R}/pulls/{number}/reviews", {"event": "APPROVED", "body": "good"})
    gitea.call("alice", "POST", f"{R}/issues/{number}/comments", {"body": "and more"})
    assert gitea.wait_for_deliveries()
    [review] = receiver.payloads("pull_request_approved")
    assert review["review"] == {"type": "pull_request_review_approved", "content": "good"}
    assert review["requested_reviewer"]["login"] == "alice"
    [comment] = receiver.payloads("issue_comment")
    assert comment["is_pull"] is True and "number" not in comment


def test_a_system_hook_hears_of_every_repository(gitea: FakeForge, receiver: WebhookReceiver) -> None:
    config = {"url": receiver.url, "content_type": "json", "secret": "s"}
    body = {"type": "gitea", "active": True, "events": ["issues"], "config": config}
    assert gitea.call("bot", "POST", "/admin/hooks", body)[0] == 403
    assert gitea.call("root", "POST", "/admin/hooks", body)[0] == 201
    gitea.call("alice", "POST", f"{R}/issues", {"title": "Goal"})
    assert gitea.wait_for_deliveries()
    assert receiver.arrived[0][0]["X-Gitea-Hook-Installation-Target-Type"] == "system"


def test_a_hook_edited_in_part_falls_back_to_push_on_gitea(
    gitea: FakeForge, receiver: WebhookReceiver
) -> None:
    number = hook(gitea, receiver.url, ALL)
    edited = gitea.call("bot", "PATCH", f"{R}/hooks/{number}", {"active": True})[1]
    assert edited["events"] == ["push"]


def test_deliveries_are_lost_and_doubled_as_the_seed_says(
    gitea: FakeForge, receiver: WebhookReceiver
) -> None:
    hook(gitea, receiver.url, ["issues"])
    gitea.set_faults(drop=0.3, double=0.5, shuffle=True, delay_ms=[0, 20], seed=7)
    for _ in range(20):
        gitea.call("alice", "POST", f"{R}/issues", {"title": "Goal"})
    assert gitea.wait_for_deliveries()
    counts = gitea.counts()
    assert counts["made"] == 20 and counts["dropped"] > 0 and counts["doubled"] > 0
    assert counts["delivered"] == 20 - counts["dropped"] + counts["doubled"] == len(receiver.arrived)
    identities = [headers["X-Gitea-Delivery"] for headers, _ in receiver.arrived]
    assert len(set(identities)) == len(identities)


def test_the_same_seed_gives_the_same_faults() -> None:
    wanted = {"drop": 0.2, "double": 0.2, "delay_ms": [0, 300], "seed": 3}
    one, two = Faults(wanted), Faults(wanted)
    assert [one.delays() for _ in range(50)] == [two.delays() for _ in range(50)]


def test_a_door_that_refuses_is_counted(gitea: FakeForge, receiver: WebhookReceiver) -> None:
    receiver.answer = 503
    hook(gitea, receiver.url, ["issues"])
    gitea.call("alice", "POST", f"{R}/issues", {"title": "Goal"})
    assert gitea.wait_for_deliveries()
    assert gitea.counts()["failed"] == 1 and gitea.deliveries()[0]["status"] == 503


def test_the_end_of_an_issue_and_of_a_repository_is_told(gitea: FakeForge, receiver: WebhookReceiver) -> None:
    config = {"url": receiver.url, "content_type": "json", "secret": "s"}
    body = {"type": "gitea", "active": True, "events": ["issues", "repository"], "config": config}
    gitea.call("root", "POST", "/admin/hooks", body)
    gitea.call("alice", "POST", f"{R}/issues", {"title": "Goal"})
    assert gitea.call("bot", "DELETE", f"{R}/issues/1")[0] == 204
    assert gitea.call("bot", "GET", f"{R}/issues/1")[0] == 404
    assert gitea.call("root", "DELETE", R)[0] == 204
    assert gitea.wait_for_deliveries()
    told = {("issues", "opened"), ("issues", "deleted"), ("repository", "deleted")}
    assert set(receiver.events()) == told
    assert ("issues", "deleted", 1) in [(d["event"], d["action"], d["number"]) for d in gitea.deliveries()]
