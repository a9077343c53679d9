"""Renew the lock that keeps other installations of the bot from starting sprints, and look at theirs."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from stages.world import Action, Lock, Policy, State

NAME = "keep_lock"
RENEWED = 3
"""So many times within the time for which it counts."""
SLACK_S = 60
"""How far the forge's clock may be behind ours."""
ASKED_S = 600
"""So long after `/unlock` it looks at each tick: the marker of whoever took over may come late."""


class Input(TypedDict):
    state: State
    now: str
    policy: Policy


class Output(TypedDict):
    state: State
    actions: list[Action]


def execute(input: Input) -> Output:
    state, policy = input["state"], input["policy"]
    if "installation" not in policy:
        return {"state": state, "actions": []}
    before = state.get("lock")
    lock, looks = kept(state, before, policy["lock_s"], input["now"])
    if lock != before:
        state = {**state, "lock": lock}
    actions = [look(policy, lock, input["now"])] if lock and looks else []
    return {"state": state, "actions": actions}


def kept(state: State, lock: Lock | None, lock_s: float, now: str) -> tuple[Lock | None, bool]:
    """The lock as it is now, and whether to look at those of others.

    A sprint that runs without one was restored, or began before there were locks: it asks for one.
    """
    running = state.get("running")
    if running is not None and (lock is None or lock["number"] != running):
        return {"number": running, "held": False, "locked_at": None}, True
    if lock is None or (running is None and not waits(state, lock)):
        return None, False
    if not lock["held"] or lock["locked_at"] is None:
        return lock, True
    age_s = seconds(lock["locked_at"], now)
    if age_s >= lock_s:
        return {**lock, "held": False, "locked_at": None, "claimed": False}, True
    if age_s >= lock_s / RENEWED:
        return {**lock, "locked_at": now}, True
    asked = lock.get("asked_at")
    return lock, asked is not None and seconds(asked, now) < ASKED_S


def waits(state: State, lock: Lock) -> bool:
    """Whether the sprint that it is wanted for still waits to start."""
    kickoff = state["kickoffs"].get(str(lock["number"]))
    return kickoff is not None and kickoff["status"] == "Approved"


def look(policy: Policy, lock: Lock, now: str) -> Action:
    since = datetime.datetime.fromisoformat(now) - datetime.timedelta(seconds=policy["lock_s"] + SLACK_S)
    claim = lock["locked_at"] if lock.get("claimed") else None
    return {"type": "look", "what": "locks", "since": since.isoformat(), "claim": claim,
            "installation": policy["installation"], "key": "look:locks"}  # fmt: skip


def seconds(earlier: str, now: str) -> float:
    read = datetime.datetime.fromisoformat
    return (read(now) - read(earlier)).total_seconds()


if __name__ == "__main__":  # by hand: echo '{…}' | python3 this_file.py
    import datetime, json, sys
    try:
        with open(0) as text:
            given = {"now": datetime.datetime.now(datetime.UTC).isoformat()} | json.load(text)
        print(json.dumps(execute(given)))
    except KeyError as error:
        sys.exit(f"the input has no `{error.args[0]}`")
    except Exception as error:
        sys.exit(str(error))
