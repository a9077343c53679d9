"""Remember what is shown: the board's comment and hash, the plan on it, the labels of an issue.

An approval that waited for its plan to be shown continues now; a kickoff whose board has its retro is closed.
"""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from stages.world import Action, Event, Issue, Kickoff, Policy, Shown, ShownNow, State, Waiting

NAME = "take_shown"
SLACK_S = 60
"""How far the forge's clock may be behind ours."""


class Input(TypedDict):
    state: State
    events: list[Event]
    now: str
    policy: Policy


class Output(TypedDict):
    state: State
    actions: list[Action]
    events: list[Event]


def execute(input: Input) -> Output:
    state = input["state"]
    let_go: list[Event] = []
    looks: list[Action] = []
    for event in input["events"]:
        if event["type"] == "shown":
            state, waited = release(remember(state, event), event)
            let_go += waited
            state, more = claimed(state, event, input)
            looks += more
            state, closes = closed(state, event)
            looks += closes
    return {"state": state, "actions": looks, "events": let_go}


def remember(state: State, event: ShownNow) -> State:
    number = event["object"].partition(":")[2]
    if event["kind"] == "labels":
        known: Issue = {**state["issues"].get(number, {}), "labels": sorted(event["labels"])}
        return {**state, "issues": {**state["issues"], number: known}}
    name = f"{event['object']}:{event['kind']}"
    before = state["shown"].get(name)
    now: Shown = {
        "hash": event["hash"],
        "at": event["at"],
        "comment_id": event.get("comment_id"),
        "plan_hash": event.get("plan_hash"),
        "plan_at": event["at"],
        "plan_written_at": event.get("written_at"),
    }
    if "text" in event:
        now["text"] = event["text"]
    if "issues" in event:
        now["issues"] = sorted({*(before.get("issues") or [] if before else []), *event["issues"]})
    if before and before.get("plan_hash") == now["plan_hash"]:
        now["plan_at"], now["plan_written_at"] = before["plan_at"], before.get("plan_written_at")
    return {**state, "shown": {**state["shown"], name: now}}


def claimed(state: State, event: ShownNow, input: Input) -> tuple[State, list[Action]]:
    """Our marker claims the repository's lock for all to see: now look at those of other installations."""
    lock, policy = state.get("lock"), input["policy"]
    at = event.get("locked_at")
    if "lock_s" not in policy or not lock or lock["held"] or not at or at != lock["locked_at"]:
        return state, []
    now = datetime.datetime.fromisoformat(input["now"])
    since = now - datetime.timedelta(seconds=policy["lock_s"] + SLACK_S)
    look: Action = {"type": "look", "what": "locks", "since": since.isoformat(), "claim": at,
                    "installation": policy["installation"], "key": "look:locks"}  # fmt: skip
    return {**state, "lock": {**lock, "claimed": True}}, [look]


def closed(state: State, event: ShownNow) -> tuple[State, list[Action]]:
    """The mail of the close is the one that tells of the retro: by then it is there."""
    number = event["object"].partition(":")[2]
    kickoff = state.get("kickoffs", {}).get(number)
    if not event.get("has_retro") or kickoff is None or not kickoff.get("closing"):
        return state, []
    done: Kickoff = {**kickoff, "closing": False}
    close: Action = {"type": "close_issue", "number": int(number), "key": f"{kickoff['id']}/close"}
    return {**state, "kickoffs": {**state["kickoffs"], number: done}}, [close]


def release(state: State, event: ShownNow) -> tuple[State, list[Event]]:
    """What waited for this board."""
    held = state.get("waiting", {})
    free = {key: one for key, one in held.items() if one.get("for_board") == event["object"]}
    if event["kind"] != "board" or not free:
        return state, []
    kept = {key: one for key, one in held.items() if key not in free}
    return {**state, "waiting": kept}, [freed(one) for one in free.values()]


def freed(held: Waiting) -> Waiting:
    event = held.copy()
    event.pop("for_board", None)
    return event


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
