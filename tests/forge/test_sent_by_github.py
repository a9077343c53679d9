"""What the fake GitHub sends is verified and read as the flat events that it stands for."""

import pytest

from shell.forge.webhook_events import hash_of
from tests.forge.servers import Receiver, Server
from tests.forge.webhook_listener import WebhookListener, listen


@pytest.fixture
def listener(fake_github: Server, receiver: Receiver) -> WebhookListener:
    return listen(fake_github, receiver)


def test_a_new_hook_says_hello(listener: WebhookListener) -> None:
    listener.wait_for(type="ignored", reason="a ping: the hook reaches us")


def test_an_issue_tells_each_label_and_who_set_it(listener: WebhookListener) -> None:
    bot, alice, repo = listener.server.bot, listener.server.alice, listener.repo
    number = bot.create_issue(repo, "A task", "Do it.", ["one"])["number"]
    listener.wait_for(object="issue", number=number, hint="opened", actor="bot")
    listener.wait_for(object="issue", number=number, hint="labeled", label="one", labelled=True, actor="bot")
    alice.set_labels(repo, number, [], ["one"])
    listener.wait_for(object="issue", hint="unlabeled", label="one", labelled=False, actor="alice")
    alice.edit_issue(repo, number, state="closed")
    listener.wait_for(object="issue", hint="closed", actor="alice")


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
    comment = alice.comment(repo, number, "/plan")["comment_id"]
    said = listener.wait_for(type="issue_comment", comment_id=comment, hint="created")
    assert (said["issue_number"], said["is_pull"], said["author"]) == (number, False, "alice")
    bot.edit_comment(repo, comment, "/help")
    edited = listener.wait_for(type="issue_comment", comment_id=comment, hint="edited")
    assert (edited["previous"], edited["actor"], edited["author"]) == ("/plan", "bot", "alice")
    bot.delete_comment(repo, comment)
    listener.wait_for(object="issue", number=number, hint="comment_deleted")


def test_a_pull_request_from_beginning_to_end(listener: WebhookListener) -> None:
    server, repo = listener.server, listener.repo
    made = server.pull(repo)
    number = made["number"]
    listener.wait_for(object="pull", number=number, hint="opened", actor="bot")
    server.bot.request_review(repo, number, ["alice"])
    listener.wait_for(object="pull", number=number, hint="review_request")
    server.alice.review(repo, number, "approve")
    listener.wait_for(object="pull", number=number, hint="review", actor="alice")
    assert listener.wait_for(type="changed", object="branch", branch="agent/s/t1")["hint"] == "push"
    head = server.write(repo, "agent/s/t1", "one.txt", "two\n")
    listener.wait_for(object="branch", head_sha=head)
    listener.wait_for(object="pull", number=number, hint="synchronized")
    server.bot.set_status(repo, head, "success", "ci")
    listener.wait_for(object="commit", head_sha=head, hint="status")
    server.alice.comment(repo, number, "/merge")
    assert listener.wait_for(type="issue_comment", issue_number=number)["is_pull"] is True
    server.merge(repo, {**made, "head_sha": head})
    listener.wait_for(object="pull", number=number, hint="closed", actor="bot")
    listener.wait_for(object="branch", branch="main", hint="push")
