"""The switchboard: who is let in, what a text asks for, and that every event finds its composition."""

import hashlib
from typing import Any

import pytest

import compositions
from handlers import switchboard
from handlers.read import asked_in
from handlers.switchboard import COMPOSITION_NAMES, TASK_EVENTS
from tests.stages.stage_rules import FOLDER, loaded

REPO = {"forge": "gitea", "repo_id": 1, "repo": "acme/shop"}
STATE: Any = {
    "repo": {"full_name": "acme/shop"},
    "me": {"login": "bot", "id": 9},
    "kickoffs": {"1": {}},
    "tasks": {},
}

admit: Any = switchboard.admit
expand: Any = switchboard.expand
composition_for: Any = switchboard.composition_for
"""Of an event they get only what matters here."""

UNKNOWN: Any = {}
"""The state of a lane of which nothing is known."""


def comment(body: str, **changed: Any) -> dict[str, Any]:
    told = {"type": "issue_comment", "key": "comment:5:x", "issue_number": 1, "comment_id": 5, "body": body}
    who = {
        "author": "alice",
        "author_id": 2,
        "actor": "alice",
        "actor_id": 2,
        "hint": "created",
        "previous": None,
    }
    return {**REPO, **told, **who, **changed}


def commands(event: dict[str, Any], state: Any = STATE) -> list[str]:
    return [one["name"] for one in expand(event, state) if one["type"] == "command"]


def test_a_comment_becomes_its_commands_in_order() -> None:
    assert commands(comment("Fine.\n\n/approve\n/status")) == ["approve", "status"]


OUTSIDE_WORDS = (
    "/retest", "/test all", "/lgtm", "/assign @x", "/close", "/improve", "/describe", "/rebase",
    "/ok-to-test", "/status", "/approve", "/stauts", "/hold", "/merge",
)  # fmt: skip


@pytest.mark.parametrize("words", OUTSIDE_WORDS)
def test_on_a_thread_of_no_sprint_other_bots_are_spoken_to(words: str) -> None:
    assert expand(comment(words, issue_number=2), STATE) == []


def test_on_a_thread_of_no_sprint_what_begins_something_is_heard() -> None:
    outside = comment("/ping\n/help\n/hotfix It is broken\n/caloron status\n/lgtm", issue_number=2)
    assert commands(outside) == ["ping", "help", "hotfix", "status"]
    assert commands(comment("/plan\n/auto on", issue_number=2)) == ["plan", "auto"]
    [wrong] = expand(comment("/plan --agnets 3\n/stauts", issue_number=2), STATE)
    assert [one["line"] for one in wrong["mistakes"]] == ["/plan --agnets 3"]
    [wrong] = expand(comment("/caloron stauts", issue_number=2), STATE)
    assert "did you mean" in wrong["mistakes"][0]["help"]


@pytest.mark.parametrize(
    "where",
    [
        {"tasks": {"a": {"pr_number": 7, "status": "InReview"}}},
        {"kickoffs": {"1": {"tasks": {"a": {"issue_number": 7}}}}},
        {"pulls": {"7": {}}},
    ],
)
def test_the_threads_of_a_sprint_are_its_kickoff_and_those_of_its_tasks(where: Any) -> None:
    assert commands(comment("/why", issue_number=7), STATE | where) == ["why"]
    assert commands(comment("/why", issue_number=8), STATE | where) == []


def test_approving_a_merge_is_the_merge_command_with_the_right_that_it_needs() -> None:
    [plan] = expand(comment("/approve plan 1a2b"), STATE)
    [same] = expand(comment("/approve merge 1A2B"), STATE)
    [merge] = expand(comment("/merge 1A2B"), STATE)
    assert (plan["name"], plan["needs"]) == ("approve", "write")
    assert (same["name"], same["key"], same["args"]) == (merge["name"], merge["key"], merge["args"])
    assert merge["name"] == "merge" and merge["args"]["positional"] == ["1A2B"]
    assert (merge["minimum"], merge["needs"]) == ("maintain", "maintain")
    assert commands(comment("/approve merge\n/merge\n/approve")) == ["merge", "merge", "approve"]


def with_file(**values: Any) -> Any:
    """The state of a repository whose file sets this."""
    return STATE | {"config": {"commit": "c", "valid": "c", "values": values}}


def test_where_the_prefix_is_required_only_that_makes_a_command() -> None:
    state = with_file(command_prefix="required")
    assert commands(comment("/approve\n/caloron status\n/plan"), state) == ["status"]
    [asked] = expand(comment("/caloron help plan"), state)
    assert asked["help"].startswith("`/caloron plan ") and "`/caloron plan`" in asked["help"]
    seen = {"type": "seen", "what": "issue", "number": 4, "key": "s", **REPO}
    [told] = expand({**seen, "there": {"body": "/plan\n/caloron stop"}}, state)
    assert told["asks"] == asked_in("/stop")


def test_a_repository_asks_for_more_than_a_command_takes_by_itself_and_never_for_less() -> None:
    state = with_file(command_minimum={"skip": "maintain", "merge": "write"})
    needs = {
        one["name"]: (one["minimum"], one["needs"]) for one in expand(comment("/skip\n/merge\n/retry"), state)
    }
    assert needs["skip"] == needs["merge"] == ("maintain", "maintain")
    assert needs["retry"] == ("write", "write")
    label = {"type": "label_added", "key": "l", "issue_number": 4, "label": "caloron:skip", "needs": "write"}
    [judged] = expand({**REPO, **label}, state)
    assert judged["needs"] == "maintain" and composition_for(judged) == "authorize"
    [same] = expand({**REPO, **label, "label": "caloron:retry"}, state)
    assert same["needs"] == "write"


def test_our_own_words_are_no_commands() -> None:
    ours = comment("/approve\n\n<!-- caloron:note key=k -->", author_id=9, actor_id=9)
    assert expand(ours, STATE) == []


def test_an_unmarked_comment_of_our_account_tells_once_that_a_person_shares_it() -> None:
    theirs = comment("/ping", author_id=9, actor_id=9)
    assert [event["type"] for event in expand(theirs, STATE)] == ["account_shared", "command"]
    assert composition_for(expand(theirs, STATE)[0]) == "notice"
    assert [event["type"] for event in expand(theirs, STATE | {"shared": True})] == ["command"]
    assert [event["type"] for event in expand(comment("/ping"), STATE)] == ["command"]


def test_a_marker_pasted_by_a_stranger_makes_nothing_ours() -> None:
    assert commands(comment("/ping\n\n<!-- caloron:note key=k -->")) == ["ping"]


def test_what_we_wrote_and_another_edited_is_drawn_anew() -> None:
    edited = comment("<!-- caloron:board key=k -->", author_id=9, hint="edited")
    assert [composition_for(one) for one in expand(edited, STATE)] == ["redraw"]


def test_a_board_without_its_marker_is_still_the_board() -> None:
    state = STATE | {"shown": {"issue:4:board": {"comment_id": 30}}}
    edited = comment("/ping", author_id=9, hint="edited") | {"issue_number": 4, "comment_id": 30}
    assert [composition_for(one) for one in expand(edited, state)] == ["redraw"]
    assert expand({**edited, "comment_id": 31}, state) == []


def test_a_box_ticked_on_the_board_is_a_command_of_whoever_the_delivery_names() -> None:
    state = STATE | {"shown": {"issue:4:board": {"comment_id": 30}}}
    box = "- [ ] Pause (`/pause`)"
    edited = comment(box.replace("[ ]", "[x]"), author_id=9, hint="edited")
    edited |= {"issue_number": 4, "comment_id": 30, "previous": box}
    board, pause = expand(edited, state)
    assert (board["type"], pause["name"], pause["needs"]) == ("own_comment_edited", "pause", "write")
    assert pause["where"]["board"] == 30 and "comment_id" not in pause["where"]
    assert [composition_for(one) for one in (board, pause)] == ["redraw", "authorize"]
    for more in ({"found": True}, {"previous": None}, {"actor_id": None}):
        assert [one["type"] for one in expand({**edited, **more}, state)] == ["own_comment_edited"]


def test_an_edit_found_by_looking_does_not_act() -> None:
    assert expand(comment("/approve", hint="edited", found=True), STATE) == []


def test_an_edited_issue_runs_only_what_is_new() -> None:
    edited = {**REPO, "type": "issue_edited", "key": "e", "issue_number": 1, "author_id": 2, "actor_id": 2}
    edited |= {"hint": "edited", "had": asked_in("/status"), "body": "1. /status\n2. /plan"}
    assert commands(edited) == ["plan"]
    assert commands({**edited, "actor_id": 3}) == [], "a stranger's edit"
    assert commands({**edited, "actor_id": None}) == [], "an edit whose editor is not known"


def test_an_issue_met_with_another_s_text_asks_for_nothing() -> None:
    opened = {**REPO, "type": "issue_opened", "key": "o", "issue_number": 4, "author_id": 2, "body": "/plan"}
    assert commands({**opened, "actor_id": 2}) == ["plan"]
    assert commands({**opened, "actor_id": 3, "hint": "edited"}) == []
    assert commands({**opened, "actor_id": None, "hint": "edited"}) == []


def test_an_edit_whose_old_text_is_not_told_is_still_an_edit() -> None:
    assert commands(comment("/plan", hint="edited", actor_id=3)) == []
    assert commands(comment("/plan", hint="edited")) == ["plan"]


def test_a_look_at_an_issue_says_what_its_text_asks_for() -> None:
    def asks(body: str | None, state: Any, **more: Any) -> list[str]:
        there = {"number": 4, "body": body, "is_pull": False} | more
        (one,) = expand({**REPO, "type": "seen", "what": "issue", "number": 4, "there": there}, state)
        assert one["there"] == there
        found: list[str] = one["asks"]
        return found

    assert asks("Shoes.\n\n- [x] /plan\n/stauts", STATE) == asked_in("/plan\n\n/stauts")
    assert asks(None, STATE) == asks("Shoes.", STATE) == asks("/plan", STATE, is_pull=True) == []
    known = {"body_hash": hashlib.sha256(b"/plan").hexdigest()[:16], "asks": ["as known"]}
    assert asks("/plan", {**STATE, "issues": {"4": known}}) == ["as known"], "not read again"
    assert asks("/plan ", {**STATE, "issues": {"4": known}}) == asked_in("/plan")


def test_what_an_issue_s_own_text_asks_for_says_that_it_was_there() -> None:
    opened = {**REPO, "type": "issue_opened", "key": "o", "issue_number": 4, "actor": "alice", "actor_id": 2}
    asked = expand({**opened, "author_id": 2, "body": "/plan\n\n/stauts"}, STATE)[1:]
    there = {"number": 4, "is_pull": False, "own_text": True, "asker": "alice"}
    assert [one["where"] for one in asked] == [{**there, "line": "/plan"}, there]
    assert "own_text" not in expand(comment("/plan"), STATE)[0]["where"]


def test_a_repository_not_met_yet_is_met_first() -> None:
    assert [one["type"] for one in expand(comment("hello"), UNKNOWN)] == ["repository_met"]


def test_a_label_is_exactly_its_command() -> None:
    label = {**REPO, "type": "label_added", "key": "l", "issue_number": 4, "actor": "alice", "actor_id": 2}
    label |= {"label": "caloron:retry", "needs": "write"}
    assert composition_for(label) == "authorize"
    names = [one.get("name", one["type"]) for one in expand({**label, "allowed": True}, STATE)]
    assert names == ["retry", "label_acted_on"], "taken off once acted on"


def test_what_needs_a_permission_asks_first_and_a_no_is_answered_in_words() -> None:
    (asked,) = expand(comment("/approve"), STATE)
    assert composition_for(asked) == "authorize"
    assert composition_for({**asked, "allowed": False}) == "command_answer"
    assert composition_for({**asked, "allowed": True}) == "command_approve"


def test_the_door_lets_in_what_can_mean_something() -> None:
    assert admit({"type": "changed", "object": "issue", "hint": "assigned"})
    assert admit({"type": "changed", "object": "issue", "hint": "opened"}) is None
    assert admit(comment("hello")) is None


def test_every_composition_that_is_named_is_there() -> None:
    assert set(compositions.names()) >= COMPOSITION_NAMES


def test_every_event_of_a_task_s_life_reaches_the_stage_that_decides_it() -> None:
    life = loaded(FOLDER / "dag" / "evaluate.py").LIFE
    assert set(life) <= TASK_EVENTS


BOARD = (
    "### Sprint\n\n- [ ] ⏳ **The login** (`t1`)\n\n- [ ] Approve this plan (`/approve 0c1aaa57dd76`)\n\n"
    "<details><summary>Edit the plan</summary>\n\n```text 0c1aaa57dd76\n- t1: The login\n```\n\n</details>"
)
ASKS = ("command", "mistakes")
APPROVE = ("- [ ] Approve", "- [x] Approve")


def edited_board(before: str, *changes: tuple[str, str]) -> list[str]:
    """What an edit of the board asks for, of the one whose text `BOARD` is."""
    marker = '\n\n<!-- caloron:board key="b" -->'
    text = hashlib.sha256(BOARD.encode()).hexdigest()[:16]
    state = STATE | {"shown": {"issue:4:board": {"hash": "b", "comment_id": 30, "text": text}}}
    after = before
    for old, new in changes:
        after = after.replace(old, new)
    event = comment(after + marker, comment_id=30, author_id=9, hint="edited", previous=before + marker)
    told = expand(event | {"issue_number": 4}, state)
    return [one.get("name") or one["mistakes"][0]["help"] for one in told if one["type"] in ASKS]


def test_a_tick_approves_only_the_plan_that_stands_on_the_board() -> None:
    assert edited_board(BOARD, APPROVE) == ["approve"]
    assert edited_board(BOARD, APPROVE, ("- t1: The login", "- t1: Mine")) == ["edit-plan"]
    ticked_before = BOARD.replace("- [ ] ⏳", "- [x] ⏳")
    assert edited_board(ticked_before, APPROVE) == [switchboard.UNREAD_EDIT]
