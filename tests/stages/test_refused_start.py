"""An agent that could not even be queued: its attempt has crashed, so the ladder goes on from there."""

from typing import Any

from stages.look.take_answer import execute


def test_a_refused_start_is_the_end_of_its_attempt() -> None:
    action: dict[str, Any] = {"type": "spawn_agent", "key": "s/a/run/2", "sprint_id": "s", "task_id": "a"}
    action |= {"agent_id": "ada", "attempt": 2}
    refused: dict[str, Any] = {
        "type": "refused",
        "key": "refused:s/a/run/2:1.0",
        "action": action,
        "status": 500,
    }
    refused |= {"message": "something broke on my side", "at": "2026-11-21T08:00:00.000Z"}
    turn: Any = {"state": {"v": 1}, "events": [refused], "now": "2026-11-21T08:00:00.000Z"}
    [end] = execute(turn)["events"]
    assert end["type"] == "agent_finished"
    assert (end["task_id"], end["attempt"], end["outcome"]) == ("a", 2, "crashed")
    assert end["reason"] == "The agent could not be started: something broke on my side"
