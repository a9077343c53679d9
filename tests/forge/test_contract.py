"""Every client keeps the same contract on every forge: issues, comments, labels, files, hooks."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from shell.clock import text_of
from shell.errors import Refused
from tests.forge.places import Place


@pytest.fixture
def issue(place: Place, repo: str) -> int:
    number: int = place.bot.create_issue(repo, "A task", "Do it.")["number"]
    return number


class Calls:
    """The writes that a client makes from now on."""

    def __init__(self, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self.writes: list[str] = []
        send = client.api.send

        def counted(method: str, *args: Any, **params: Any) -> Any:
            self.writes.append(method)
            return send(method, *args, **params)

        monkeypatch.setattr(client.api, "send", counted)


# who and where


def test_me_is_the_account_of_the_token(place: Place) -> None:
    assert place.bot.me()["login"] == "bot"
    assert isinstance(place.bot.me()["id"], int)


def test_a_repository_tells_what_it_allows(place: Place, repo: str) -> None:
    seen = place.bot.repository(repo)
    assert seen["full_name"] == repo
    assert (seen["default_branch"], seen["empty"], seen["private"]) == ("main", False, False)
    assert seen["permissions"] == {"admin": True, "push": True, "pull": True}
    assert {"merge", "squash", "rebase"} <= set(seen["merge_styles"])
    assert seen["default_merge_style"] in seen["merge_styles"]
    assert seen["clone_url"] == place.bot.clone_url(repo)


def test_an_empty_repository_says_so(place: Place, repo: str) -> None:
    name = repo.split("/")[1] + "-empty"
    place.alice.api.send("POST", "/user/repos", {"name": name})
    assert place.alice.repository(f"alice/{name}")["empty"] is True


def test_repositories_are_those_that_one_may_push_to(place: Place, repo: str) -> None:
    assert repo in [seen["full_name"] for seen in place.bot.repositories()]
    assert repo not in [seen["full_name"] for seen in place.of("bob").repositories()]


def test_a_repository_that_is_not_there_is_refused(place: Place) -> None:
    with pytest.raises(Refused) as refusal:
        place.bot.repository("alice/nowhere")
    assert refusal.value.status == 404


def test_permission_tells_who_may_what(place: Place, repo: str) -> None:
    owner = place.bot.permission(repo, "alice")
    assert owner["permission"] in ("owner", "admin")
    assert (owner["login"], owner["user_id"]) == ("alice", place.alice.me()["id"])
    assert place.bot.permission(repo, "bot")["permission"] == "admin"
    assert place.bot.permission(repo, "bob")["permission"] == "read"


def test_who_may_not_ask_for_permissions_is_told_what_to_change(place: Place, repo: str) -> None:
    with pytest.raises(Refused, match="administrator of the repository") as refusal:
        place.of("bob").permission(repo, "alice")
    assert refusal.value.status == 403


def test_an_unknown_account_has_no_permission(place: Place, repo: str) -> None:
    with pytest.raises(Refused, match="nobody-here") as refusal:
        place.bot.permission(repo, "nobody-here")
    assert refusal.value.status == 404


# files and branches


def test_files_and_branches_are_read_where_they_are(place: Place, repo: str) -> None:
    head = place.write(repo, "agent/s/t1", "docs/a b.txt", "grüße\n")
    assert place.bot.branch_head(repo, "agent/s/t1") == head
    assert place.bot.branch_head(repo, "agent/s/t2") is None
    assert place.bot.file(repo, "docs/a b.txt", "agent/s/t1") == "grüße\n"
    assert place.bot.file(repo, "docs/a b.txt", "main") is None
    assert "docs/a b.txt" in place.bot.tree(repo, "agent/s/t1")
    assert "docs/a b.txt" not in place.bot.tree(repo, "main")


# issues


def test_an_issue_is_opened_edited_closed_and_reopened(place: Place, repo: str) -> None:
    made = place.bot.create_issue(repo, "A task", "Do it.", ["one", "two"])
    number = made["number"]
    assert (made["title"], made["body"], made["state"]) == ("A task", "Do it.", "open")
    assert (made["author"], made["is_pull"]) == ("bot", False)
    assert set(made["labels"]) == {"one", "two"}
    assert place.bot.edit_issue(repo, number, body="Better.")["body"] == "Better."
    assert place.bot.edit_issue(repo, number, state="closed")["state"] == "closed"
    assert place.bot.issue(repo, number)["title"] == "A task"
    assert place.bot.edit_issue(repo, number, state="open")["state"] == "open"


def test_an_issue_that_is_not_there_is_refused(place: Place, repo: str) -> None:
    for ask in (place.bot.issue, lambda repo, number: place.bot.comment(repo, number, "hello")):
        with pytest.raises(Refused) as refusal:
            ask(repo, 999)
        assert refusal.value.status == 404


def test_comments_are_said_edited_listed_and_taken_away(place: Place, repo: str, issue: int) -> None:
    first = place.bot.comment(repo, issue, "first")
    second = place.alice.comment(repo, issue, "second")
    assert (first["author"], first["author_id"]) == ("bot", place.bot.me()["id"])
    assert (first["issue_number"], first["is_pull"], first["body"]) == (issue, False, "first")
    place.bot.edit_comment(repo, first["comment_id"], "edited")
    seen = place.bot.issue_comments(repo, issue)
    assert [(c["comment_id"], c["body"]) for c in seen] == [
        (first["comment_id"], "edited"),
        (second["comment_id"], "second"),
    ]
    for _ in range(2):
        place.bot.delete_comment(repo, first["comment_id"])
    assert [c["body"] for c in place.bot.issue_comments(repo, issue)] == ["second"]


def test_a_comment_on_a_pull_request_is_known_as_one(place: Place, repo: str) -> None:
    number = place.pull(repo)["number"]
    said = place.bot.comment(repo, number, "hello")
    assert (said["issue_number"], said["is_pull"]) == (number, True)


def test_a_reaction_takes_the_place_of_another(place: Place, repo: str, issue: int) -> None:
    comment = place.bot.comment(repo, issue, "hello")["comment_id"]
    for _ in range(2):
        place.bot.react_comment(repo, comment, "eyes")
    place.bot.react_comment(repo, comment, "rocket", remove="eyes")
    place.bot.react_issue(repo, issue, "eyes")
    place.bot.react_issue(repo, issue, "confused", remove="eyes")
    of_comment = place.bot.api.get(f"/repos/{repo}/issues/comments/{comment}/reactions")
    of_issue = place.bot.api.get(f"/repos/{repo}/issues/{issue}/reactions")
    assert [reaction["content"] for reaction in of_comment] == ["rocket"]
    assert [reaction["content"] for reaction in of_issue] == ["confused"]


# labels


@pytest.mark.parametrize(
    ("add", "remove", "left", "writes"),
    [
        (["c", "d"], [], {"a", "b", "c", "d"}, ["POST"]),
        ([], ["a"], {"b"}, ["DELETE"]),
        ([], ["a", "b"], set(), ["PUT"]),
        (["c"], ["a"], {"b", "c"}, ["PUT"]),
        (["a"], ["z"], {"a", "b"}, []),
    ],
)
def test_labels_are_set_with_the_fewest_writes(
    place: Place, repo: str, monkeypatch: pytest.MonkeyPatch,
    add: list[str], remove: list[str], left: set[str], writes: list[str],
) -> None:  # fmt: skip
    place.bot.make_labels(repo, [{"name": name, "color": "aabbcc", "description": ""} for name in "abcd"])
    number = place.bot.create_issue(repo, "t", "", ["a", "b"])["number"]
    calls = Calls(place.bot, monkeypatch)
    assert set(place.bot.set_labels(repo, number, add, remove)) == left
    assert calls.writes == writes
    assert set(place.bot.issue(repo, number)["labels"]) == left


def test_a_label_that_the_repository_lacks_is_made(place: Place, repo: str, issue: int) -> None:
    assert place.bot.set_labels(repo, issue, ["brand/new one"], []) == ["brand/new one"]
    assert place.bot.set_labels(repo, issue, [], ["brand/new one"]) == []


def test_a_label_that_someone_deleted_is_made_anew(place: Place, repo: str, issue: int) -> None:
    def delete(name: str) -> None:
        label = next(raw for raw in place.alice._list(f"/repos/{repo}/labels") if raw["name"] == name)
        key = label["id"] if place.kind == "gitea" else name
        place.alice.api.send("DELETE", f"/repos/{repo}/labels/{key}")

    place.bot.set_labels(repo, issue, ["x", "y", "z"], [])
    delete("x")
    assert set(place.bot.set_labels(repo, issue, ["x"], ["z"])) == {"x", "y"}
    assert set(place.bot.issue(repo, issue)["labels"]) == {"x", "y"}


def test_labels_are_made_once_whatever_their_number(place: Place, repo: str) -> None:
    wanted = [{"name": f"l{n}", "color": "aabbcc", "description": "x"} for n in range(104)]
    place.bot.make_labels(repo, wanted)
    place.of("alice").make_labels(repo, wanted)
    names = [label["name"] for label in place.bot._list(f"/repos/{repo}/labels")]
    assert sorted(name for name in names if name[1:].isdigit()) == sorted(label["name"] for label in wanted)


def test_issues_are_found_by_their_label(place: Place, repo: str, issue: int) -> None:
    found = place.bot.create_issue(repo, "Found", "", ["caloron:task"])["number"]
    closed = place.bot.create_issue(repo, "Closed", "", ["caloron:task"])["number"]
    place.bot.edit_issue(repo, closed, state="closed")
    assert {seen["number"] for seen in place.bot.issues_with_label(repo, "caloron:task")} == {found, closed}
    assert [seen["number"] for seen in place.bot.issues_with_label(repo, "caloron:task", "open")] == [found]
    assert place.bot.issues_with_label(repo, "unknown") == []


def test_the_timeline_tells_who_set_a_label(place: Place, repo: str, issue: int) -> None:
    place.alice.set_labels(repo, issue, ["caloron:hold"], [])
    place.bot.set_labels(repo, issue, [], ["caloron:hold"])
    place.alice.edit_issue(repo, issue, state="closed")
    place.bot.edit_issue(repo, issue, state="open")
    seen = [(m["type"], m.get("label"), m["actor"]) for m in place.bot.timeline(repo, issue)]
    assert seen == [
        ("label", "caloron:hold", "alice"),
        ("unlabel", "caloron:hold", "bot"),
        ("close", None, "alice"),
        ("reopen", None, "bot"),
    ]


def test_a_long_timeline_is_read_to_its_end(place: Place, repo: str, issue: int) -> None:
    place.alice.set_labels(repo, issue, [f"l{n}" for n in range(60)], [])
    place.alice.set_labels(repo, issue, ["the last"], [])
    assert place.bot.timeline(repo, issue)[-1]["label"] == "the last"


# catching up


def test_changes_since_tells_what_moved(place: Place, repo: str, issue: int) -> None:
    start = place.bot.changes_since(repo, None)
    pull = place.pull(repo)["number"]
    other = place.bot.create_issue(repo, "Another", "")["number"]
    place.bot.comment(repo, other, "hello")
    moved = place.bot.changes_since(repo, start["date"])
    assert {other} <= {seen["number"] for seen in moved["issues"]} <= {other, issue}
    assert (moved["pulls"], [c["body"] for c in moved["comments"]]) == ([pull], ["hello"])
    assert moved["date"] >= start["date"]


def test_nothing_moved_in_the_future(place: Place, repo: str, issue: int) -> None:
    date = place.bot.changes_since(repo, None)["date"]
    later = text_of(datetime.fromisoformat(date) + timedelta(hours=1))
    moved = place.bot.changes_since(repo, later)
    assert (moved["issues"], moved["pulls"], moved["comments"]) == ([], [], [])


def test_an_edited_comment_counts_as_moved(place: Place, repo: str, issue: int) -> None:
    comment = place.bot.comment(repo, issue, "hello")
    place.bot.edit_comment(repo, comment["comment_id"], "hello again")
    seen = place.bot.comments_since(repo, comment["created_at"])
    assert [c["body"] for c in seen] == ["hello again"]


def test_more_than_a_page_of_comments_is_read_once_each(place: Place, repo: str, issue: int) -> None:
    for n in range(104):
        place.bot.comment(repo, issue, f"c{n}")
    wanted = [f"c{n}" for n in range(104)]
    assert [c["body"] for c in place.bot.issue_comments(repo, issue)] == wanted
    assert sorted(c["body"] for c in place.bot.comments_since(repo, None)) == sorted(wanted)


def test_a_renamed_repository_is_followed_by_reads_and_writes(place: Place, repo: str, issue: int) -> None:
    place.alice.api.send("PATCH", f"/repos/{repo}", {"name": repo.split("/")[1] + "-new"})
    place.bot.comment(repo, issue, "after the rename")
    assert [c["body"] for c in place.bot.issue_comments(f"{repo}-new", issue)] == ["after the rename"]
    assert place.bot.repository(repo)["full_name"] == f"{repo}-new"


# hooks


def test_a_hook_is_made_listed_and_taken_away(place: Place, repo: str) -> None:
    hook = place.bot.create_hook(repo, "https://bot.example.test/webhooks", "s3cret")
    (seen,) = place.bot.list_hooks(repo)
    assert (seen["id"], seen["url"], seen["active"]) == (hook, "https://bot.example.test/webhooks", True)
    assert {"push", "issues", "issue_comment", "pull_request", "status"} <= set(seen["events"])
    assert "s3cret" not in str(seen)
    for _ in range(2):
        place.bot.delete_hook(repo, hook)
    assert place.bot.list_hooks(repo) == []
