"""Answers that are gathered: as much as a comment has room for, and then another comment."""

from typing import Any

from stages.command.gather_answers import LONGEST, execute

NOW = "2026-11-21T07:00:30.000Z"


def turn(state: Any, *actions: Any, now: str = NOW) -> Any:
    given: Any = {"state": state, "events": [], "actions": list(actions), "now": now, "policy": {}}
    return execute(given)


def answer(number: int, body: str) -> Any:
    return {
        "type": "comment",
        "number": 4,
        "key": f"answer:{number}",
        "body": body,
        "answers": {"number": 4, "asker": "ada"},
    }


def test_what_has_no_room_goes_on_in_another_comment_and_nothing_is_lost() -> None:
    texts = [f"n{number:02} " + "x" * 9_000 for number in range(30)]
    out = turn({}, *(answer(number, text) for number, text in enumerate(texts)))
    last = {action["key"]: action for action in out["actions"]}
    gathered = [action for action in last.values() if action.get("grows")]
    assert len(last) == 10 + len(gathered) == 14
    assert all(len(action["body"]) <= LONGEST for action in gathered)
    everything = "".join(action["body"] for action in last.values())
    assert all(everything.count(text) == 1 for text in texts)


def test_in_no_minute_more_than_ten_are_written() -> None:
    state: Any = {}
    written: dict[str, float] = {}
    for second in range(0, 600, 2):
        now = f"2026-11-21T07:{second // 60:02}:{second % 60:02}.000Z"
        out = turn(state, answer(second, f"word {second}"), now=now)
        state, [action] = out["state"], out["actions"]
        written[action["key"]] = second + action.get("due_in_s", 0.0)
    times = sorted(written.values())
    assert 20 < len(times) < 110
    assert all(later - earlier >= 60 for earlier, later in zip(times, times[10:], strict=False))


def test_the_state_forgets_who_asked_when_the_minute_is_over() -> None:
    state = turn({}, *(answer(number, "Yes.") for number in range(12)))["state"]
    assert "gathered" in state["answered"]["ada"]
    assert turn(state, now="2026-11-21T07:03:00.000Z")["state"]["answered"] == {}
