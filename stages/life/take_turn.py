"""Pass the turn to the stage that evaluates the tasks: with what holds for this sprint."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from stages.world import Budget, Event, Kickoff, Policy, State

NAME = "take_turn"
MOST_AGENTS = 64


class Input(TypedDict):
    state: State
    events: list[Event]
    now: str
    policy: Policy


class Output(TypedDict):
    state: State
    events: list[Event]
    now: str
    policy: Policy


def execute(input: Input) -> Output:
    state, policy = input["state"], input["policy"]
    kickoff = state["kickoffs"].get(str(state.get("running")))
    if kickoff is not None and kickoff["status"] == "Paused":
        policy = {**policy, "paused": True}
    if (repo := state.get("repo")) and repo.get("archived"):
        policy = {**policy, "paused": True}
    if not has_lock(state, policy, input["now"]):
        policy = {**policy, "paused": True}
    if kickoff is not None and opens_gates(kickoff):
        policy = {**policy, "gates_open": True}
    if agents := (kickoff.get("options") or {}).get("agents") if kickoff else None:
        policy = {**policy, "parallel": min(int(agents), MOST_AGENTS)}
    if kickoff is not None and (budget := sprint_budget(kickoff, policy.get("budget_sprint"))):
        policy = {**policy, "budget_sprint": budget}
    events = [event for event in input["events"] if is_of(kickoff, event)]
    return {"state": state, "events": events, "now": input["now"], "policy": policy}


def is_of(kickoff: Kickoff | None, event: Event) -> bool:
    """Not what comes late of another sprint: that is about a task of the same name there."""
    fields: Mapping[str, object] = event
    sprint = fields.get("sprint_id")
    return sprint is None or (kickoff is not None and sprint == kickoff["id"])


def sprint_budget(kickoff: Kickoff, limit: Budget | None) -> Budget | None:
    """The one that was said with `/plan`, or the file's where that is less, or in another unit."""
    own = (kickoff.get("options") or {}).get("budget")
    if own is None or limit is None:
        return own or limit
    return own if own["unit"] == limit["unit"] and own["amount"] < limit["amount"] else limit


def has_lock(state: State, policy: Policy, now: str) -> bool:
    """Whether no other installation may run a sprint here; one that is too old counts no longer."""
    lock = state.get("lock")
    if lock is None or "lock_s" not in policy:
        return True
    read, at = datetime.datetime.fromisoformat, lock["locked_at"]
    return lock["held"] and at is not None and (read(now) - read(at)).total_seconds() < policy["lock_s"]


def opens_gates(kickoff: Kickoff) -> bool:
    return bool(kickoff.get("auto_by") or (kickoff.get("options") or {}).get("auto"))


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
