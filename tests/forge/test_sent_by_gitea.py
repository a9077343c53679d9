"""What a Gitea sends, real or fake, is verified and read as the flat events that it stands for."""

import hashlib

import pytest

from shell.forge import verify
from shell.forge.told import hash_of
from tests.forge.heard import SECRET, Heard, listen
from tests.forge.places import Place, Receiver, wait_for


@pytest.fixture(params=["fake_gitea", pytest.param("real_gitea", marks=pytest.mark.gitea)])
def gitea(request: pytest.FixtureRequest) -> Place:
    found: Place = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def heard(gitea: Place, receiver: Receiver) -> Heard:
    return listen(gitea, receiver)


def test_an_issue_from_beginning_to_end(heard: Heard) -> None:
    bot, alice, repo = heard.place.bot, heard.place.alice, heard.repo
    number = bot.create_issue(repo, "A task", "Do it.", ["one"])["number"]
    opened = heard.hears(type="changed", object="issue", number=number, hint="opened", actor="bot")
    assert opened["actor_id"] == bot.me()["id"]
    assert opened["repo_id"] == bot.repository(repo)["id"]
    assert opened["key"].startswith(f"changed:issue:{number}:")
    alice.set_labels(repo, number, ["two"], [])
    labels = heard.hears(object="issue", number=number, hint="labels", actor="alice")
    assert "label" not in labels
    alice.edit_issue(repo, number, title="A better task")
    heard.hears(object="issue", hint="edited", actor="alice")
    alice.edit_issue(repo, number, state="closed")
    heard.hears(object="issue", hint="closed", actor="alice")
    bot.edit_issue(repo, number, state="open")
    heard.hears(object="issue", hint="reopened", actor="bot")


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
    comment = alice.comment(repo, number, "/plan ünd so")["comment_id"]
    said = heard.hears(type="issue_comment", comment_id=comment, hint="created")
    assert (said["issue_number"], said["is_pull"], said["body"]) == (number, False, "/plan ünd so")
    assert (said["author"], said["actor"], said["previous"]) == ("alice", "alice", None)
    assert said["key"] == f"comment:{comment}:{hashlib.sha256(said['body'].encode()).hexdigest()[:16]}"
    bot.edit_comment(repo, comment, "/plan --auto")
    edited = heard.hears(type="issue_comment", comment_id=comment, hint="edited")
    assert (edited["body"], edited["previous"]) == ("/plan --auto", "/plan ünd so")
    assert (edited["author"], edited["actor"]) == ("alice", "bot")
    assert edited["author_id"] != edited["actor_id"]
    bot.delete_comment(repo, comment)
    heard.hears(type="changed", object="issue", number=number, hint="comment_deleted")


def test_a_pull_request_from_beginning_to_end(heard: Heard) -> None:
    place, repo = heard.place, heard.repo
    made = place.pull(repo)
    number = made["number"]
    heard.hears(object="pull", number=number, hint="opened", actor="bot")
    heard.hears(object="branch", branch="agent/s/t1", head_sha=made["head_sha"], hint="push")
    place.bot.request_review(repo, number, ["alice"])
    heard.hears(object="pull", number=number, hint="review_request")
    head = place.write(repo, "agent/s/t1", "one.txt", "two\n")
    heard.hears(object="branch", branch="agent/s/t1", head_sha=head)
    heard.hears(object="pull", number=number, hint="synchronized")
    place.bot.set_labels(repo, number, ["caloron:hold"], [])
    heard.hears(object="pull", number=number, hint="labels")
    place.bot.set_status(repo, head, "success", "ci")
    heard.hears(object="commit", head_sha=head, hint="status")
    place.merge(repo, {**made, "head_sha": head})
    heard.hears(object="pull", number=number, hint="closed", actor="bot")
    heard.hears(object="branch", branch="main", hint="push")
    heard.hears(type="ignored", reason="delete is nothing that moves a sprint")


@pytest.mark.parametrize(
    ("event", "header"),
    [
        ("approve", "pull_request_approved"),
        ("request_changes", "pull_request_rejected"),
        ("comment", "pull_request_comment"),
    ],
)
def test_a_review_of_each_kind(heard: Heard, event: str, header: str) -> None:
    made = heard.place.pull(heard.repo)
    heard.place.alice.review(heard.repo, made["number"], event, "Well.")
    heard.hears(type="changed", object="pull", number=made["number"], hint="review", actor="alice")
    assert header in [headers["X-Gitea-Event"] for headers, _ in heard.receiver.deliveries]


def test_words_on_a_pull_request_are_no_review(heard: Heard) -> None:
    made = heard.place.pull(heard.repo)
    heard.place.alice.comment(heard.repo, made["number"], "/merge")
    said = heard.hears(type="issue_comment", body="/merge")
    assert (said["issue_number"], said["is_pull"]) == (made["number"], True)


@pytest.mark.gitea
def test_a_tag_is_ignored_in_words(real_gitea: Place, receiver: Receiver) -> None:
    heard = listen(real_gitea, receiver)
    heard.place.alice.api.send("POST", f"/repos/{heard.repo}/tags", {"tag_name": "v1", "target": "main"})
    heard.hears(type="ignored", reason="a push of refs/tags/v1, which is no branch")


def test_without_a_secret_the_empty_signature_is_no_signature(gitea: Place, receiver: Receiver) -> None:
    repo = gitea.repository()
    gitea.bot.create_hook(repo, receiver.url, "")
    gitea.bot.create_issue(repo, "A task", "")
    headers, body = wait_for(lambda: next(iter(receiver.deliveries), None))
    assert headers["X-Hub-Signature-256"] == "sha256="
    assert not verify(body, headers, [""])
    assert not verify(body, headers, [SECRET])
