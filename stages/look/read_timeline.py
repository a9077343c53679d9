"""Find in an issue's timeline who set a label or closed it; if nobody is found, it is not allowed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypedDict, cast

if TYPE_CHECKING:
    from stages.world import (
        Action, Event, IssueClosed, IssueReopened, LabelAdded, LabelRemoved, LookTimeline, Policy, Refused,
        SeenTimeline, State, TimelineAsk, TimelineRow,
    )  # fmt: skip

NAME = "read_timeline"


class Input(TypedDict):
    state: State
    events: list[Event]
    policy: Policy


class Output(TypedDict):
    state: State
    actions: list[Action]
    events: list[Event]


ORIGIN = ("forge", "repo_id", "repo", "at", "found")
TYPES = {
    "label": "label_added",
    "unlabel": "label_removed",
    "close": "issue_closed",
    "reopen": "issue_reopened",
}


def execute(input: Input) -> Output:
    events: list[Event] = []
    for event in input["events"]:
        if event["type"] == "seen" and event["what"] == "timeline":
            events += answers(input["policy"], event, event["request"], event["there"])
        elif event["type"] == "refused" and event["action"]["type"] == "look":
            unread = event["action"]
            events += answers(input["policy"], event, unread, []) if unread["what"] == "timeline" else [event]
        else:
            events.append(event)
    return {"state": input["state"], "actions": [], "events": events}


def answers(
    policy: Policy, event: SeenTimeline | Refused, look: LookTimeline, rows: list[TimelineRow]
) -> list[Event]:
    """Of each change that was asked about, who made it; our own closing and opening tells nothing."""
    me = policy.get("me")
    events: list[Event] = []
    for ask in look["asks"]:
        found = [row for row in rows if row["type"] == ask["type"] and row.get("label") == ask.get("label")]
        who = found[-1] if found else None
        if ask["type"] in ("label", "unlabel") or not (me and who and who["actor_id"] == me["id"]):
            events.append(told_of(event, look, ask, who))
    return events


def told_of(
    event: SeenTimeline | Refused, look: LookTimeline, ask: TimelineAsk, who: TimelineRow | None
) -> LabelAdded | LabelRemoved | IssueClosed | IssueReopened:
    fields: Mapping[str, object] = event
    emitted = {name: fields[name] for name in ORIGIN if name in fields}
    caused = look.get("caused")
    if caused and caused.get("hint") == "reconcile":
        emitted["found"] = True
    type_, at = TYPES[ask["type"]], who["at"] if who else None
    emitted |= {
        "type": type_,
        "key": f"{type_}:{look['number']}:{ask.get('label') or ''}:{at or event['key']}",
        "issue_number": look["number"],
        "actor": who["actor"] if who else None,
        "actor_id": who["actor_id"] if who else None,
        "needs": "write",
    }
    if ask.get("label"):
        emitted["label"] = ask["label"]
    return cast("LabelAdded", emitted)  # or what else `TYPES` names: they have the same fields


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
