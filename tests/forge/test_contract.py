"""Every client keeps the same contract on every forge: issues, comments, labels, files, hooks."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from shell.clock import text_of
from shell.errors import Refused
from tests.forge.servers import Server


@pytest.fixture
def issue(server: Server, repo: str) -> int:
    number: int = server.bot.create_issue(repo, "A task", "Do it.")["number"]
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


def test_me_is_the_account_of_the_token(server: Server) -> None:
    assert server.bot.me()["login"] == "bot"
    assert isinstance(server.bot.me()["id"], int)


def test_a_repository_tells_what_it_allows(server: Server, repo: str) -> None:
    seen = server.bot.repository(repo)
    assert seen["full_name"] == repo
    assert (seen["default_branch"], seen["empty"], seen["private"]) == ("main", False, False)
    assert seen["permissions"] == {"admin": True, "push": True, "pull": True}
    assert {"merge", "squash", "rebase"} <= set(seen["merge_styles"])
    assert seen["default_merge_style"] in seen["merge_styles"]
    assert seen["clone_url"] == server.bot.clone_url(repo)


def test_an_empty_repository_says_so(server: Server, repo: str) -> None:
    name = repo.split("/")[1] + "-empty"
    server.alice.api.send("POST", "/user/repos", {"name": name})
    assert server.alice.repository(f"alice/{name}")["empty"] is True


def test_repositories_are_those_that_one_may_push_to(server: Server, repo: str) -> None:
    assert repo in [seen["full_name"] for seen in server.bot.repositories()]
    assert repo not in [seen["full_name"] for seen in server.of("bob").repositories()]


def test_a_repository_that_is_not_there_is_refused(server: Server) -> None:
    with pytest.raises(Refused) as refusal:
        server.bot.repository("alice/nowhere")
    assert refusal.value.status == 404


def test_permission_tells_who_may_what(server: Server, repo: str) -> None:
    owner = server.bot.permission(repo, "alice")
    assert owner["permission"] in ("owner", "admin")
    assert (owner["login"], owner["user_id"]) == ("alice", server.alice.me()["id"])
    assert server.bot.permission(repo, "bot")["permission"] == "admin"
    assert server.bot.permission(repo, "bob")["permission"] == "read"


def test_who_may_not_ask_for_permissions_is_told_what_to_change(server: Server, repo: str) -> None:
    with pytest.raises(Refused, match="administrator of the repository") as refusal:
        server.of("bob").permission(repo, "alice")
    assert refusal.value.status == 403


def test_an_unknown_account_has_no_permission(server: Server, repo: str) -> None:
    with pytest.raises(Refused, match="nobody-here") as refusal:
        server.bot.permission(repo, "nobody-here")
    assert refusal.value.status == 404


# files and branches


def test_files_and_branches_are_read_where_they_are(server: Server, repo: str) -> None:
    head = server.write(repo, "agent/s/t1", "docs/a b.txt", "grüße\n")
    assert server.bot.branch_head(repo, "agent/s/t1") == head
    assert server.bot.branch_head(repo, "agent/s/t2") is None
    assert server.bot.file(repo, "docs/a b.txt", "agent/s/t1") == "grüße\n"
    assert server.bot.file(repo, "docs/a b.txt", "main") is None
    assert "docs/a b.txt" in server.bot.tree(repo, "agent/s/t1")
    assert "docs/a b.txt" not in server.bot.tree(repo, "main")


# issues


def test_an_issue_is_opened_edited_closed_and_reopened(server: Server, repo: str) -> None:
    made = server.bot.create_issue(repo, "A task", "Do it.", ["one", "two"])
    number = made["number"]
    assert (made["title"], made["body"], made["state"]) == ("A task", "Do it.", "open")
    assert (made["author"], made["is_pull"]) == ("bot", False)
    assert set(made["labels"]) == {"one", "two"}
    assert server.bot.edit_issue(repo, number, body="Better.")["body"] == "Better."
    assert server.bot.edit_issue(repo, number, state="closed")["state"] == "closed"
    assert server.bot.issue(repo, number)["title"] == "A task"
    assert server.bot.edit_issue(repo, number, state="open")["state"] == "open"


def test_an_issue_is_given_to_people_of_the_repository_alone(server: Server, repo: str, issue: int) -> None:
    """The others are left out."""
    for asked, shown in (["alice"], ["alice"]), ([], []), (["nobody-at-all", "Alice"], ["alice"]):
        assert server.bot.edit_issue(repo, issue, assignees=asked)["assignees"] == shown
    server.bot.edit_issue(repo, issue, assignees=["nobody-at-all"])
    assert server.bot.issue(repo, issue)["assignees"] == []


def test_an_issue_that_is_not_there_is_refused(server: Server, repo: str) -> None:
    for ask in (server.bot.issue, lambda repo, number: server.bot.comment(repo, number, "hello")):
        with pytest.raises(Refused) as refusal:
            ask(repo, 999)
        assert refusal.value.status == 404


def test_comments_are_said_edited_listed_and_taken_away(server: Server, repo: str, issue: int) -> None:
    first = server.bot.comment(repo, issue, "first")
    second = server.alice.comment(repo, issue, "second")
    assert (first["author"], first["author_id"]) == ("bot", server.bot.me()["id"])
    assert (first["issue_number"], first["is_pull"], first["body"]) == (issue, False, "first")
    assert server.bot.issue_comment(repo, first["comment_id"]) == first
    server.bot.edit_comment(repo, first["comment_id"], "edited")
    seen = server.bot.issue_comments(repo, issue)
    assert [(c["comment_id"], c["body"]) for c in seen] == [
        (first["comment_id"], "edited"),
        (second["comment_id"], "second"),
    ]
    for _ in range(2):
        server.bot.delete_comment(repo, first["comment_id"])
    assert [c["body"] for c in server.bot.issue_comments(repo, issue)] == ["second"]
    assert server.bot.issue_comment(repo, first["comment_id"]) is None
    assert server.bot.issue_comment(repo, 2**53) is None


def test_a_comment_on_a_pull_request_is_known_as_one(server: Server, repo: str) -> None:
    number = server.pull(repo)["number"]
    said = server.bot.comment(repo, number, "hello")
    assert (said["issue_number"], said["is_pull"]) == (number, True)


def test_a_reaction_takes_the_place_of_another(server: Server, repo: str, issue: int) -> None:
    comment = server.bot.comment(repo, issue, "hello")["comment_id"]
    for _ in range(2):
        server.bot.react_comment(repo, comment, "eyes")
    server.bot.react_comment(repo, comment, "rocket", remove="eyes")
    server.bot.react_issue(repo, issue, "eyes")
    server.bot.react_issue(repo, issue, "confused", remove="eyes")
    of_comment = server.bot.api.get(f"/repos/{repo}/issues/comments/{comment}/reactions")
    of_issue = server.bot.api.get(f"/repos/{repo}/issues/{issue}/reactions")
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
    server: Server, repo: str, monkeypatch: pytest.MonkeyPatch,
    add: list[str], remove: list[str], left: set[str], writes: list[str],
) -> None:  # fmt: skip
    server.bot.make_labels(repo, [{"name": name, "color": "aabbcc", "description": ""} for name in "abcd"])
    number = server.bot.create_issue(repo, "t", "", ["a", "b"])["number"]
    calls = Calls(server.bot, monkeypatch)
    assert set(server.bot.set_labels(repo, number, add, remove)) == left
    assert calls.writes == writes
    assert set(server.bot.issue(repo, number)["labels"]) == left


def test_a_label_that_the_repository_lacks_is_made(server: Server, repo: str, issue: int) -> None:
    assert server.bot.set_labels(repo, issue, ["brand/new one"], []) == ["brand/new one"]
    assert server.bot.set_labels(repo, issue, [], ["brand/new one"]) == []


def test_a_label_that_someone_deleted_is_made_anew(server: Server, repo: str, issue: int) -> None:
    def delete(name: str) -> None:
        label = next(raw for raw in server.alice._list(f"/repos/{repo}/labels") if raw["name"] == name)
        key = label["id"] if server.kind == "gitea" else name
        server.alice.api.send("DELETE", f"/repos/{repo}/labels/{key}")

    server.bot.set_labels(repo, issue, ["x", "y", "z"], [])
    delete("x")
    assert set(server.bot.set_labels(repo, issue, ["x"], ["z"])) == {"x", "y"}
    assert set(server.bot.issue(repo, issue)["labels"]) == {"x", "y"}


def test_labels_are_made_once_whatever_their_number(server: Server, repo: str) -> None:
    wanted = [{"name": f"l{n}", "color": "aabbcc", "description": "x"} for n in range(104)]
    server.bot.make_labels(repo, wanted)
    server.of("alice").make_labels(repo, wanted)
    names = [label["name"] for label in server.bot._list(f"/repos/{repo}/labels")]
    assert sorted(name for name in names if name[1:].isdigit()) == sorted(label["name"] for label in wanted)


def test_issues_are_found_by_their_label(server: Server, repo: str, issue: int) -> None:
    found = server.bot.create_issue(repo, "Found", "", ["caloron:task"])["number"]
    closed = server.bot.create_issue(repo, "Closed", "", ["caloron:task"])["number"]
    server.bot.edit_issue(repo, closed, state="closed")
    assert {seen["number"] for seen in server.bot.issues_with_label(repo, "caloron:task")} == {found, closed}
    assert [seen["number"] for seen in server.bot.issues_with_label(repo, "caloron:task", "open")] == [found]
    assert server.bot.issues_with_label(repo, "unknown") == []


def test_a_milestone_is_made_filled_closed_and_found_again(server: Server, repo: str, issue: int) -> None:
    title = "M1 <b>Login</b> & more"
    made = server.bot.create_milestone(repo, title, "Of the sprint.\n\n<!-- caloron:milestone key=k -->")
    assert (made["title"], made["state"]) == (title, "open") and "caloron:milestone" in made["description"]
    bare = server.bot.create_milestone(repo, "M2", "")
    assert server.bot.put_into_milestone(repo, issue, made["id"])
    assert server.bot.put_into_milestone(repo, issue, made["id"]), "it is there already"
    assert not server.bot.put_into_milestone(repo, issue, bare["id"]), "it stays where it is"
    assert server.bot.api.get(f"/repos/{repo}/issues/{issue}")["milestone"]["title"] == title
    assert server.bot.set_milestone_state(repo, made["id"], "closed")["state"] == "closed"
    found = {one["title"]: one for one in server.alice.milestones(repo)}
    assert (found[title]["id"], found[title]["state"]) == (made["id"], "closed")
    assert (found["M2"]["state"], found["M2"]["description"]) == ("open", "")
    assert server.bot.set_milestone_state(repo, made["id"], "open")["state"] == "open"


def test_a_milestone_takes_the_right_to_write(server: Server, repo: str) -> None:
    with pytest.raises(Refused) as refusal:
        server.of("bob").create_milestone(repo, "M1", "")
    assert refusal.value.status in (403, 404)
    with pytest.raises(Refused) as refusal:
        server.bot.set_milestone_state(repo, 987654, "closed")
    assert refusal.value.status == 404


def test_the_timeline_tells_who_set_a_label(server: Server, repo: str, issue: int) -> None:
    server.alice.set_labels(repo, issue, ["caloron:hold"], [])
    server.bot.set_labels(repo, issue, [], ["caloron:hold"])
    server.alice.edit_issue(repo, issue, state="closed")
    server.bot.edit_issue(repo, issue, state="open")
    seen = [(m["type"], m.get("label"), m["actor"]) for m in server.bot.timeline(repo, issue)]
    assert seen == [
        ("label", "caloron:hold", "alice"),
        ("unlabel", "caloron:hold", "bot"),
        ("close", None, "alice"),
        ("reopen", None, "bot"),
    ]


def test_a_long_timeline_is_read_to_its_end(server: Server, repo: str, issue: int) -> None:
    server.alice.set_labels(repo, issue, [f"l{n}" for n in range(60)], [])
    server.alice.set_labels(repo, issue, ["the last"], [])
    assert server.bot.timeline(repo, issue)[-1]["label"] == "the last"


# catching up


def test_changes_since_tells_what_moved(server: Server, repo: str, issue: int) -> None:
    start = server.bot.changes_since(repo, None)
    pull = server.pull(repo)["number"]
    other = server.bot.create_issue(repo, "Another", "")["number"]
    server.bot.comment(repo, other, "hello")
    moved = server.bot.changes_since(repo, start["date"])
    assert {other} <= {seen["number"] for seen in moved["issues"]} <= {other, issue}
    assert (moved["pulls"], [c["body"] for c in moved["comments"]]) == ([pull], ["hello"])
    assert moved["date"] >= start["date"]


def test_nothing_moved_in_the_future(server: Server, repo: str, issue: int) -> None:
    date = server.bot.changes_since(repo, None)["date"]
    later = text_of(datetime.fromisoformat(date) + timedelta(hours=1))
    moved = server.bot.changes_since(repo, later)
    assert (moved["issues"], moved["pulls"], moved["comments"]) == ([], [], [])


def test_an_edited_comment_counts_as_moved(server: Server, repo: str, issue: int) -> None:
    comment = server.bot.comment(repo, issue, "hello")
    server.bot.edit_comment(repo, comment["comment_id"], "hello again")
    seen = server.bot.comments_since(repo, comment["created_at"])
    assert [c["body"] for c in seen] == ["hello again"]


def test_more_than_a_page_of_comments_is_read_once_each(server: Server, repo: str, issue: int) -> None:
    for n in range(104):
        server.bot.comment(repo, issue, f"c{n}")
    wanted = [f"c{n}" for n in range(104)]
    assert [c["body"] for c in server.bot.issue_comments(repo, issue)] == wanted
    assert sorted(c["body"] for c in server.bot.comments_since(repo, None)) == sorted(wanted)


def test_a_renamed_repository_is_followed_by_reads_and_writes(server: Server, repo: str, issue: int) -> None:
    server.alice.api.send("PATCH", f"/repos/{repo}", {"name": repo.split("/")[1] + "-new"})
    server.bot.comment(repo, issue, "after the rename")
    assert [c["body"] for c in server.bot.issue_comments(f"{repo}-new", issue)] == ["after the rename"]
    assert server.bot.repository(repo)["full_name"] == f"{repo}-new"


# hooks


def test_a_hook_is_made_listed_and_taken_away(server: Server, repo: str) -> None:
    hook = server.bot.create_hook(repo, "https://bot.example.test/webhooks", "s3cret")
    (seen,) = server.bot.list_hooks(repo)
    assert (seen["id"], seen["url"], seen["active"]) == (hook, "https://bot.example.test/webhooks", True)
    assert {"push", "issues", "issue_comment", "pull_request", "status"} <= set(seen["events"])
    assert "s3cret" not in str(seen)
    for _ in range(2):
        server.bot.delete_hook(repo, hook)
    assert server.bot.list_hooks(repo) == []
