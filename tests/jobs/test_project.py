"""What is shown follows the state: differences only, the newest wins, and a hand's change is put right."""

from typing import Any

import pytest

from jobs import advance, perform
from shell.errors import Refused, Unavailable
from shell.marker import text_hash
from shell.store import Lease
from shell.store.connection import milliseconds
from tests.jobs.conftest import EDITED_AT, WRITTEN_AT

LANE = "gitea-7"
AS_IT_WAS = '["Running",null,[]]'
BOARD = {
    "object": "issue:1",
    "kind": "board",
    "number": 1,
    "comment_id": None,
    "plan_hash": None,
    "mark": {"kind": "board", "sprint": "s"},
}


def set_up(bench: Any) -> None:
    """State by event; what is shown and seen is remembered as the bot's own compositions do."""

    def become(turn: dict[str, Any]) -> dict[str, Any]:
        return turn | {"state": turn["state"] | turn["events"][0]["state"], "actions": [], "events": []}

    def shown(turn: dict[str, Any]) -> dict[str, Any]:
        [event], state = turn["events"], turn["state"]
        name = f"{event['object']}:{event['kind']}"
        told = {field: event[field] for field in ("hash", "comment_id", "at", "plan_hash") if field in event}
        state = state | {"shown": state["shown"] | {name: told}}
        if "labels" in event:
            number = str(event["number"])
            state |= {"issues": state["issues"] | {number: {"labels": event["labels"]}}}
        return turn | {"state": state, "actions": [], "events": []}

    bench.routes |= {"become": "become", "shown": "shown"}
    bench.compositions |= {
        "become": become,
        "shown": shown,
        "wanted": lambda given: {"wanted": given["state"].get("want") or []},
    }


def become(bench: Any, key: str, **state: Any) -> None:
    bench.tell({"type": "become", "key": key, "state": state})
    bench.work()


def labels(on: list[str], off: list[str]) -> dict[str, Any]:
    item = {"object": "issue:1", "kind": "labels", "number": 1, "on": on, "off": off}
    return item | {"hash": "+".join(on)}


def test_labels_are_brought_to_what_is_wanted_and_kept_there(bench: Any, forge: Any) -> None:
    set_up(bench)
    become(bench, "1", want=[labels(["a"], ["b"])], issues={"1": {"labels": ["b", "mine"]}})
    assert forge.calls == [("set_labels", (1, ("a",), ("b",)))]
    become(bench, "2", marks={"other": 1})
    assert forge.asked("set_labels") == 1
    become(bench, "3", issues={"1": {"labels": ["b", "mine"]}})
    assert forge.calls[-1] == ("set_labels", (1, ("a",), ("b",))) and forge.asked("set_labels") == 2
    become(bench, "4", issues={"1": {"labels": ["b", "mine"]}})
    assert forge.asked("set_labels") == 3


def test_labels_that_nobody_remembers_are_written_once(bench: Any, forge: Any) -> None:
    set_up(bench)
    bench.compositions["shown"] = lambda turn: turn | {"actions": [], "events": []}
    become(bench, "1", want=[labels(["a"], ["b"])])
    become(bench, "2", marks={"other": 1})
    assert forge.asked("set_labels") == 1


def test_the_board_is_one_comment_drawn_anew(bench: Any, forge: Any) -> None:
    set_up(bench)
    become(bench, "1", want=[BOARD | {"hash": "h1", "body": "one"}])
    become(bench, "2", want=[BOARD | {"hash": "h2", "body": "two"}])
    become(bench, "3", want=[BOARD | {"hash": "h2", "body": "two"}], marks={"other": 1})
    assert [forge.asked(verb) for verb in ("comment", "edit_comment")] == [1, 1]
    assert "<!-- caloron:board key=issue:1:board sprint=s text=" in forge.comments[0]["body"]
    assert [one["text"] for one in bench.journalled("shown")] == [text_hash("one"), text_hash("two")]
    assert bench.store.load(LANE).state["shown"]["issue:1:board"]["comment_id"] == 100


def test_the_board_of_a_running_sprint_is_drawn_after_a_pause_and_the_newest_only(
    bench: Any, forge: Any
) -> None:
    set_up(bench)
    running = {"1": {"id": "s", "status": "Running"}}
    become(bench, "1", kickoffs=running, want=[BOARD | {"hash": "h1", "body": "one"}])
    for number in ("2", "3", "4"):
        become(bench, number, want=[BOARD | {"hash": f"h{number}", "body": f"drawn {number}"}])
    assert forge.asked("edit_comment") == 0
    moment = milliseconds()
    assert moment < (bench.store.next_due(LANE) or 0) <= moment + 1000 * bench.settings.board_s
    bench.store.client.hset(f"lane:{LANE}:written", "issue:1:board written", f"[0,{AS_IT_WAS}]")
    bench.hasten()
    bench.work()
    edits = [given for verb, given in forge.calls if verb == "edit_comment"]
    assert len(edits) == 1 and edits[0][1].startswith("drawn 4")
    assert not bench.store.pending_actions(LANE)
    assert bench.store.remembered(LANE).projected == bench.store.load(LANE).version


@pytest.mark.parametrize(
    "why",
    [
        {"kickoffs": {"1": {"id": "s", "status": "Done"}}},
        {"kickoffs": {"1": {"id": "s", "status": "Running", "asked_status_at": "2026-01-01T00:00:00.000Z"}}},
        {"tasks": {"a": {"status": "Escalated"}}},
    ],
)
def test_what_a_person_waits_for_is_drawn_at_once(bench: Any, forge: Any, why: dict[str, Any]) -> None:
    set_up(bench)
    running = {"1": {"id": "s", "status": "Running"}}
    become(bench, "1", kickoffs=running, want=[BOARD | {"hash": "h1", "body": "one"}])
    become(bench, "2", want=[BOARD | {"hash": "h2", "body": "two"}], **why)
    assert forge.asked("edit_comment") == 1


def test_a_board_whose_answer_was_lost_is_found_again(bench: Any, forge: Any) -> None:
    set_up(bench)
    forge.after["comment"] = [Unavailable("forge.test", "read timed out")]
    become(bench, "1", want=[BOARD | {"hash": "h1", "body": "one"}])
    assert len(bench.journalled("unavailable")) == 1
    bench.hasten()
    bench.work()
    assert [forge.asked(verb) for verb in ("comment", "edit_comment")] == [1, 0]
    assert len(bench.journalled("available")) == 1
    [shown] = bench.journalled("shown")
    assert shown["comment_id"] == 100
    assert shown["at"] == shown["written_at"] == WRITTEN_AT, (
        "it was shown when it was written, not when found"
    )


def test_a_new_plan_whose_answer_was_lost_was_shown_when_the_forge_says(bench: Any, forge: Any) -> None:
    set_up(bench)
    become(bench, "1", want=[BOARD | {"hash": "h1", "body": "one", "plan_hash": "p1"}])
    forge.after["edit_comment"] = [Unavailable("forge.test", "read timed out")]
    become(bench, "2", want=[BOARD | {"hash": "h2", "body": "two", "plan_hash": "p2"}])
    bench.hasten()
    bench.work()
    assert [forge.asked(verb) for verb in ("comment", "edit_comment")] == [1, 1]
    first, second = bench.journalled("shown")
    assert (first["written_at"], second["written_at"], second["at"]) == (WRITTEN_AT, EDITED_AT, EDITED_AT)
    assert first["at"] > EDITED_AT


def test_a_board_that_a_stranger_pasted_is_left_alone(bench: Any, forge: Any) -> None:
    set_up(bench)
    body = "<!-- caloron:board key=issue:1:board sprint=s -->"
    forge.comments.append({"comment_id": 5, "author_id": 9, "body": body})
    become(bench, "1", want=[BOARD | {"hash": "h1", "body": "one"}])
    assert [forge.asked(verb) for verb in ("comment", "edit_comment")] == [1, 0]


def test_a_board_that_was_deleted_is_written_anew(bench: Any, forge: Any) -> None:
    set_up(bench)
    become(bench, "1", want=[BOARD | {"hash": "h1", "body": "one"}])
    forge.comments.clear()
    forge.faults["edit_comment"] = [Refused(404, "gone")]
    become(bench, "2", want=[BOARD | {"hash": "h2", "body": "two"}])
    assert forge.asked("comment") == 2


def test_what_is_refused_is_told_and_not_repeated(bench: Any, forge: Any) -> None:
    set_up(bench)
    forge.faults["set_labels"] = [Refused(403, "no right"), Refused(403, "no right")]
    become(bench, "1", want=[labels(["a"], [])])
    become(bench, "2", marks={"other": 1})
    [refused] = bench.journalled("refused")
    assert refused["status"] == 403 and refused["action"]["kind"] == "labels"
    assert forge.asked("set_labels") == 1


def test_many_writes_are_spread_over_several_turns(bench: Any, forge: Any, monkeypatch: Any) -> None:
    set_up(bench)
    monkeypatch.setattr(perform, "TURN_ACTIONS", 2)
    many = [labels(["a"], []) | {"object": f"issue:{n}", "number": n} for n in range(1, 6)]
    become(bench, "1", want=many)
    bench.work()
    bench.work()
    assert forge.asked("set_labels") == 5
    assert bench.store.remembered(LANE).projected == bench.store.load(LANE).version


def test_a_state_that_changes_as_the_lane_is_given_back_is_shown_too(
    bench: Any, forge: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up(bench)
    become(bench, "1", want=[])
    release, late = Lease.release, ["once"]

    def slowly(lease: Lease) -> int:
        if late and lease.name.startswith("perform"):
            late.pop()
            bench.tell({"type": "become", "key": "2", "state": {"want": [labels(["a"], [])]}})
            advance.drain(bench.store, LANE, bench.decider(LANE))
        return release(lease)

    monkeypatch.setattr(Lease, "release", slowly)
    perform.perform_with(bench, LANE)
    assert forge.asked("set_labels") == 1
