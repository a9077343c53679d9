"""Show a lane's state on the forge: compare desired with observed, and write the difference."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog

from jobs.action_handlers import Target, carries
from jobs.context import Context
from shell.action import Action
from shell.clock import now
from shell.errors import Refused, Unavailable, trace_of
from shell.event import Event
from shell.marker import mark, marked, text_hash
from shell.store.connection import milliseconds, write
from shell.store.outbox import Remembered, paced

if TYPE_CHECKING:
    from stages.world import Kickoff, Shown, State

_log = structlog.get_logger(__name__)

Item = dict[str, Any]

_NOT_IN_EVENT = frozenset({"body", "mark", "on", "off"})
"""Fields of a desired item that its `shown` event need not repeat."""


BOARD_EVERY_S = 3.0
"""While a sprint runs, its board is written at most this often; the last state is always written."""

SHOW: Action = {"type": "show", "key": "show:later"}
"""Does nothing itself: when it is due, the performer runs and updates what is shown."""

_NEVER_SHOWN: Shown = {"hash": None, "comment_id": None, "plan_at": ""}
_STUCK = ("Blocked", "Escalated", "HumanAssigned")


@dataclass(frozen=True)
class Projected:
    """The result: whether everything is shown, how many writes it took, and for which version."""

    complete: bool
    written: int
    version: int


def project(
    ctx: Context, lane: str, memory: Remembered, target: Callable[[], Target], at_most: int
) -> Projected:
    """Bring the forge up to date with the state, with at most so many writes."""
    store = ctx.store
    loaded = store.load(lane)
    if memory.projected == loaded.version:
        return Projected(True, 0, loaded.version)
    try:
        items = wanted(ctx, lane, loaded.state)
    except Unavailable:
        raise
    except Exception as error:
        # the same state would fail again: it is not shown, but the next one may be
        _log.exception("could not compute what to show", lane=lane)
        reference = hashlib.sha256(f"{lane} wanted {type(error).__name__}".encode()).hexdigest()[:24]
        store.add_dead_letter(reference, {"lane": lane, "reason": trace_of(error)})
        items = []
    wrong, right = _compare(items, loaded.state, memory.written)
    store.forget_written(lane, right)
    written, failed, later = 0, 0, list[float]()
    for item, situation in wrong:
        pause = pause_s(item, loaded.state, memory.written)
        if pause > 0:
            later.append(pause)
            continue
        if written + failed == at_most:
            return Projected(False, written, loaded.version)
        try:
            _write_one(lane, target(), item, loaded.state, situation)
            written += 1
        except Unavailable as fault:
            if fault.status != 500:
                raise
            _log.warning("projection failed", lane=lane, what=name_of(item), reason=fault.reason)
            failed += 1
    if later:
        store.put_wake_up_action(lane, SHOW | {"due_in_s": min(later)})
    elif not failed:  # else the sweep enqueues it again
        store.set_projected(lane, loaded.version)
    return Projected(True, written, loaded.version)


def wanted(ctx: Context, lane: str, state: State) -> list[Item]:
    """What should be shown of this state, by the composition of that name."""
    policy = ctx.decider(lane).policy(state)
    output, _ = ctx.run("wanted", {"state": state, "now": now(), "policy": policy})
    items: list[Item] = output["wanted"]
    return items


def _compare(
    items: list[Item], state: State, written: dict[str, str]
) -> tuple[list[tuple[Item, str]], list[str]]:
    """The items to write, each with its situation, and the names of those that are right already.

    An item that was already written in the same situation is not written again: its event is on the way.
    """
    wrong, right = [], []
    for item in items:
        name = name_of(item)
        if not _differs(item, state):
            right.extend([name] if name in written else [])
            continue
        situation = _situation(item, state)
        if written.get(name) != situation:
            wrong.append((item, situation))
    return wrong, right


def pause_s(item: Item, state: State, written: dict[str, str]) -> float:
    """How long to wait before writing a board: not at all if a person waits for it or is newly needed."""
    name = name_of(item)
    kickoff = _kickoff(item, state)
    last = written.get(paced(name))
    shown = _shown(item, state)
    running = kickoff is not None and kickoff.get("status") == "Running"
    if item["kind"] != "board" or not running or not last or not shown.get("hash"):
        return 0.0
    at, last_occasion = json.loads(last)
    if last_occasion != occasion(item, state):
        return 0.0
    elapsed_s: float = (milliseconds() - at) / 1000
    return max(0.0, BOARD_EVERY_S - elapsed_s)


def occasion(item: Item, state: State) -> list[Any]:
    """What is shown at once when it changes: the sprint's status, who asked, which tasks need a person."""
    kickoff, tasks = _kickoff(item, state), state.get("tasks") or {}
    stuck = sorted(name for name, task in tasks.items() if task.get("status") in _STUCK)
    moments = (kickoff.get("status"), kickoff.get("asked_status_at")) if kickoff else (None, None)
    return [*moments, stuck]


def _kickoff(item: Item, state: State) -> Kickoff | None:
    return (state.get("kickoffs") or {}).get(str(item.get("number")))


def _shown(item: Item, state: State) -> Shown:
    return (state.get("shown") or {}).get(name_of(item)) or _NEVER_SHOWN


def name_of(item: Item) -> str:
    """Object and kind: the name under which the state remembers what is shown."""
    return f"{item['object']}:{item['kind']}"


def _remembered(item: Item, state: State) -> Any:
    """What the state knows about the item on the forge: an issue's labels, else None."""
    if item["kind"] == "labels":
        number = str(item["number"])
        issue = (state.get("issues") or {}).get(number) or (state.get("pulls") or {}).get(number) or {}
        return issue.get("labels")
    return None


def _differs(item: Item, state: State) -> bool:
    labels = _remembered(item, state)
    if labels is not None:
        return bool(set(item["on"]) - set(labels) or set(item.get("off") or ()) & set(labels))
    shown = _shown(item, state)
    return bool(shown.get("hash") != item["hash"])


def _situation(item: Item, state: State) -> str:
    labels = _remembered(item, state)
    shown = _shown(item, state)
    known = [item["hash"], shown.get("hash"), sorted(labels) if labels is not None else None]
    return hashlib.sha256(write(known).encode()).hexdigest()[:32]


def _write_one(lane: str, target: Target, item: Item, state: State, situation: str) -> None:
    """Write one, and put the event that says what is shown now, or that it was refused."""
    name = name_of(item)
    event: Event = {"type": "shown", "object": item["object"], "kind": item["kind"], "hash": item["hash"]}
    event |= {field: value for field, value in item.items() if field not in _NOT_IN_EVENT}
    event |= {"at": now(), "key": f"shown:{name}:{situation}:{now()}"}
    try:
        event |= KINDS[item["kind"]](target, item, state)
    except Refused as refusal:
        _log.warning("projection refused", lane=lane, what=name, status=refusal.status, words=refusal.message)
        action = {"type": "show", "key": name} | {k: v for k, v in item.items() if k != "body"}
        event = {"type": "refused", "key": f"refused:{event['key']}", "action": action}
        event |= {"status": refusal.status, "message": refusal.message}
    pace = write([milliseconds(), occasion(item, state)])
    target.store.note_written(lane, name, situation, pace, event)


def _labels(target: Target, item: Item, state: State) -> dict[str, Any]:
    labels = _remembered(item, state)
    add = [label for label in item["on"] if labels is None or label not in labels]
    remove = [label for label in item.get("off") or [] if labels is None or label in labels]
    return {"labels": target.forge.set_labels(target.repo, item["number"], add, remove)}


def _board(target: Target, item: Item, state: State) -> dict[str, Any]:
    """Edit the comment; if none is known, the one with the marker, else write a new one.

    Whether a plan could be read before it was approved is decided by the forge's clock: a board that exists
    already, because its answer was lost, was shown when the forge says, not now.
    """
    shown = _shown(item, state)
    known = item.get("comment_id") or shown.get("comment_id")
    line = _mark(item)
    body = marked(item["body"], line)
    new_plan = item.get("plan_hash") != shown.get("plan_hash")
    written = None if new_plan or not known else _edited(target, known, body)
    found = {"text": text_hash(item["body"])}
    if written is None and (board := _existing_board(target, item, line)):
        if board["body"].rstrip() == body.rstrip():
            written, found["at"] = board, board["updated_at"]
        else:
            written = _edited(target, board["comment_id"], body)
    written = written or target.forge.comment(target.repo, item["number"], body)
    return found | {"comment_id": written["comment_id"], "written_at": written["updated_at"]}


def _edited(target: Target, comment_id: int, body: str) -> dict[str, Any] | None:
    """The comment with its new text; None if it was deleted."""
    try:
        return target.forge.edit_comment(target.repo, comment_id, body)
    except Refused as refusal:
        if refusal.status != 404:
            raise
        return None


def _existing_board(target: Target, item: Item, line: str) -> dict[str, Any] | None:
    """The board on the thread, found by its marker."""
    comments = target.forge.issue_comments(target.repo, item["number"])
    return next((one for one in comments if carries(target, one, line)), None)


def _mark(item: Item) -> str:
    asked = item.get("mark") or {}
    if isinstance(asked, str):
        return asked
    return mark(
        asked.get("kind") or "board",
        asked.get("key") or name_of(item),
        asked.get("sprint") or "",
        asked.get("task") or "",
        text_hash(item["body"]),
    )


def _status(target: Target, item: Item, state: State) -> dict[str, Any]:
    target.forge.set_status(
        target.repo, item["sha"], item["state"], item["context"], item.get("description") or ""
    )
    return {}


KINDS: dict[str, Callable[[Target, Item, State], dict[str, Any]]] = {
    "labels": _labels,
    "board": _board,
    "status": _status,
}
"""Kind of item → how it is written."""
