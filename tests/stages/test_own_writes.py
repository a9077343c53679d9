"""What we wrote is remembered by its key, and does not grow for ever."""

from typing import Any

from stages.look.remove_doubles import KEPT, execute


def written(number: int) -> dict[str, Any]:
    action = {"type": "comment", "key": f"answer/{number}", "number": 1}
    return {"type": "performed", "action": action, "result": {"comment_id": number}}


def test_the_newest_are_kept() -> None:
    issue = {"kind": "issue", "ids": [1], "thread": None, "sprint": "s"}
    state: Any = {"tasks": {}, "own": {"s/a/issue": issue}}
    for number in range(5 * KEPT):
        turn: Any = {"state": state, "events": [written(number)], "policy": {}}
        state = execute(turn)["state"]
        assert f"answer/{number}" in state["own"]
        assert len(state["own"]) <= 2 * KEPT + 1
    newest = [f"answer/{number}" for number in range(4 * KEPT, 5 * KEPT)]
    assert all(key in state["own"] for key in newest)
    assert state["own"]["s/a/issue"] == issue  # each kind by itself
