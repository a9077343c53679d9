"""What the fake GitHub sends is verified and read as the flat events that it stands for."""

import pytest

from shell.forge.told import hash_of
from tests.forge.heard import Heard, listen
from tests.forge.places import Place, Receiver


@pytest.fixture
def heard(fake_github: Place, receiver: Receiver) -> Heard:
    return listen(fake_github, receiver)


def test_a_new_hook_says_hello(heard: Heard) -> None:
    heard.hears(type="ignored", reason="a ping: the hook reaches us")


def test_an_issue_tells_each_label_and_who_set_it(heard: Heard) -> None:
    bot, alice, repo = heard.place.bot, heard.place.alice, heard.repo
    number = bot.create_issue(repo, "A task", "Do it.", ["one"])["number"]
    heard.hears(object="issue", number=number, hint="opened", actor="bot")
    heard.hears(object="issue", number=number, hint="labeled", label="one", labelled=True, actor="bot")
    alice.set_labels(repo, number, [], ["one"])
    heard.hears(object="issue", hint="unlabeled", label="one", labelled=False, actor="alice")
    alice.edit_issue(repo, number, state="closed")
    heard.hears(object="issue", hint="closed", actor="alice")


def test_which_text_of_an_issue_became_which(heard: Heard) -> None:
    alice, repo = heard.place.alice, heard.repo
    number = alice.create_issue(repo, "A task", "Do it.")["number"]
    opened = heard.hears(object="issue", number=number, hint="opened")
    assert (opened["body_hash"], opened["body_was"]) == (hash_of("Do it."), "")
    alice.edit_issue(repo, number, title="A better task")
    heard.hears(hint="edited", body_hash=hash_of("Do it."), body_was=hash_of("Do it."))
    alice.edit_issue(repo, number, body="/plan\r\n\r\nünd so")
    now = alice.issue(repo, number)["body"]
    heard.hears(hint="edited", body_hash=hash_of(now), body_was=hash_of("Do it."), actor="alice")


def test_words_on_an_issue(heard: Heard) -> None:
    bot, alice, repo = heard.place.bot, heard.place.alice, heard.repo
    number = bot.create_issue(repo, "A task", "Do it.")["number"]
    comment = alice.comment(repo, number, "/plan")["comment_id"]
    said = heard.hears(type="issue_comment", comment_id=comment, hint="created")
    assert (said["issue_number"], said["is_pull"], said["author"]) == (number, False, "alice")
    bot.edit_comment(repo, comment, "/help")
    edited = heard.hears(type="issue_comment", comment_id=comment, hint="edited")
    assert (edited["previous"], edited["actor"], edited["author"]) == ("/plan", "bot", "alice")
    bot.delete_comment(repo, comment)
    heard.hears(object="issue", number=number, hint="comment_deleted")


def test_a_pull_request_from_beginning_to_end(heard: Heard) -> None:
    place, repo = heard.place, heard.repo
    made = place.pull(repo)
    number = made["number"]
    heard.hears(object="pull", number=number, hint="opened", actor="bot")
    place.bot.request_review(repo, number, ["alice"])
    heard.hears(object="pull", number=number, hint="review_request")
    place.alice.review(repo, number, "approve")
    heard.hears(object="pull", number=number, hint="review", actor="alice")
    assert heard.hears(type="changed", object="branch", branch="agent/s/t1")["hint"] == "push"
    head = place.write(repo, "agent/s/t1", "one.txt", "two\n")
    heard.hears(object="branch", head_sha=head)
    heard.hears(object="pull", number=number, hint="synchronized")
    place.bot.set_status(repo, head, "success", "ci")
    heard.hears(object="commit", head_sha=head, hint="status")
    place.alice.comment(repo, number, "/merge")
    assert heard.hears(type="issue_comment", issue_number=number)["is_pull"] is True
    place.merge(repo, {**made, "head_sha": head})
    heard.hears(object="pull", number=number, hint="closed", actor="bot")
    heard.hears(object="branch", branch="main", hint="push")
