"""What a Gitea sends, real or fake, is verified and read as the flat events that it stands for."""

import hashlib

import pytest

from shell.forge import verify
from shell.forge.webhook_events import hash_of
from tests.forge.servers import Receiver, Server, wait_for
from tests.forge.webhook_listener import SECRET, WebhookListener, listen


@pytest.fixture(params=["fake_gitea", pytest.param("real_gitea", marks=pytest.mark.gitea)])
def gitea(request: pytest.FixtureRequest) -> Server:
    found: Server = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def listener(gitea: Server, receiver: Receiver) -> WebhookListener:
    return listen(gitea, receiver)


def test_an_issue_from_beginning_to_end(listener: WebhookListener) -> None:
    bot, alice, repo = listener.server.bot, listener.server.alice, listener.repo
    number = bot.create_issue(repo, "A task", "Do it.", ["one"])["number"]
    opened = listener.wait_for(type="changed", object="issue", number=number, hint="opened", actor="bot")
    assert opened["actor_id"] == bot.me()["id"]
    assert opened["repo_id"] == bot.repository(repo)["id"]
    assert opened["key"].startswith(f"changed:issue:{number}:")
    alice.set_labels(repo, number, ["two"], [])
    labels = listener.wait_for(object="issue", number=number, hint="labels", actor="alice")
    assert "label" not in labels
    alice.edit_issue(repo, number, title="A better task")
    listener.wait_for(object="issue", hint="edited", actor="alice")
    alice.edit_issue(repo, number, state="closed")
    listener.wait_for(object="issue", hint="closed", actor="alice")
    bot.edit_issue(repo, number, state="open")
    listener.wait_for(object="issue", hint="reopened", actor="bot")


def test_which_text_of_an_issue_became_which(listener: WebhookListener) -> None:
    alice, repo = listener.server.alice, listener.repo
    number = alice.create_issue(repo, "A task", "Do it.")["number"]
    opened = listener.wait_for(object="issue", number=number, hint="opened")
    assert (opened["body_hash"], opened["body_was"]) == (hash_of("Do it."), "")
    alice.edit_issue(repo, number, title="A better task")
    listener.wait_for(hint="edited", body_hash=hash_of("Do it."), body_was=hash_of("Do it."))
    alice.edit_issue(repo, number, body="/plan\r\n\r\nünd so")
    now = alice.issue(repo, number)["body"]
    listener.wait_for(hint="edited", body_hash=hash_of(now), body_was=hash_of("Do it."), actor="alice")


def test_words_on_an_issue(listener: WebhookListener) -> None:
    bot, alice, repo = listener.server.bot, listener.server.alice, listener.repo
    number = bot.create_issue(repo, "A task", "Do it.")["number"]
    comment = alice.comment(repo, number, "/plan ünd so")["comment_id"]
    said = listener.wait_for(type="issue_comment", comment_id=comment, hint="created")
    assert (said["issue_number"], said["is_pull"], said["body"]) == (number, False, "/plan ünd so")
    assert (said["author"], said["actor"], said["previous"]) == ("alice", "alice", None)
    assert said["key"] == f"comment:{comment}:{hashlib.sha256(said['body'].encode()).hexdigest()[:16]}"
    bot.edit_comment(repo, comment, "/plan --auto")
    edited = listener.wait_for(type="issue_comment", comment_id=comment, hint="edited")
    assert (edited["body"], edited["previous"]) == ("/plan --auto", "/plan ünd so")
    assert (edited["author"], edited["actor"]) == ("alice", "bot")
    assert edited["author_id"] != edited["actor_id"]
    bot.delete_comment(repo, comment)
    listener.wait_for(type="changed", object="issue", number=number, hint="comment_deleted")


def test_a_pull_request_from_beginning_to_end(listener: WebhookListener) -> None:
    server, repo = listener.server, listener.repo
    made = server.pull(repo)
    number = made["number"]
    listener.wait_for(object="pull", number=number, hint="opened", actor="bot")
    listener.wait_for(object="branch", branch="agent/s/t1", head_sha=made["head_sha"], hint="push")
    server.bot.request_review(repo, number, ["alice"])
    listener.wait_for(object="pull", number=number, hint="review_request")
    head = server.write(repo, "agent/s/t1", "one.txt", "two\n")
    listener.wait_for(object="branch", branch="agent/s/t1", head_sha=head)
    listener.wait_for(object="pull", number=number, hint="synchronized")
    server.bot.set_labels(repo, number, ["caloron:hold"], [])
    listener.wait_for(object="pull", number=number, hint="labels")
    server.bot.set_status(repo, head, "success", "ci")
    listener.wait_for(object="commit", head_sha=head, hint="status")
    server.merge(repo, {**made, "head_sha": head})
    listener.wait_for(object="pull", number=number, hint="closed", actor="bot")
    listener.wait_for(object="branch", branch="main", hint="push")
    listener.wait_for(type="ignored", reason="delete is nothing that moves a sprint")


@pytest.mark.parametrize(
    ("event", "header"),
    [
        ("approve", "pull_request_approved"),
        ("request_changes", "pull_request_rejected"),
        ("comment", "pull_request_comment"),
    ],
)
def test_a_review_of_each_kind(listener: WebhookListener, event: str, header: str) -> None:
    made = listener.server.pull(listener.repo)
    listener.server.alice.review(listener.repo, made["number"], event, "Well.")
    listener.wait_for(type="changed", object="pull", number=made["number"], hint="review", actor="alice")
    assert header in [headers["X-Gitea-Event"] for headers, _ in listener.receiver.deliveries]


def test_words_on_a_pull_request_are_no_review(listener: WebhookListener) -> None:
    made = listener.server.pull(listener.repo)
    listener.server.alice.comment(listener.repo, made["number"], "/merge")
    said = listener.wait_for(type="issue_comment", body="/merge")
    assert (said["issue_number"], said["is_pull"]) == (made["number"], True)


@pytest.mark.gitea
def test_a_tag_is_ignored_in_words(real_gitea: Server, receiver: Receiver) -> None:
    listener = listen(real_gitea, receiver)
    listener.server.alice.api.send(
        "POST", f"/repos/{listener.repo}/tags", {"tag_name": "v1", "target": "main"}
    )
    listener.wait_for(type="ignored", reason="a push of refs/tags/v1, which is no branch")


def test_without_a_secret_the_empty_signature_is_no_signature(gitea: Server, receiver: Receiver) -> None:
    repo = gitea.repository()
    gitea.bot.create_hook(repo, receiver.url, "")
    gitea.bot.create_issue(repo, "A task", "")
    headers, body = wait_for(lambda: next(iter(receiver.deliveries), None))
    assert headers["X-Hub-Signature-256"] == "sha256="
    assert not verify(body, headers, [""])
    assert not verify(body, headers, [SECRET])
