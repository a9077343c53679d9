"""Show a lane's state on the forge: compare desired with observed, and write the difference."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from jobs.action_handlers import Target, carries
from jobs.context import Context
from shell.clock import now
from shell.errors import Refused, Unavailable, trace_of
from shell.forge.common_read import OWN_CHECK
from shell.marker import LOCK, lock_in, mark, marked, text_hash
from shell.store.connection import milliseconds, write
from shell.store.outbox import Remembered, paced

if TYPE_CHECKING:
    from stages.world import (
        BoardWanted,
        ForgeComment,
        Kickoff,
        LabelsWanted,
        MilestoneWanted,
        NoteWanted,
        Show,
        Shown,
        ShownNow,
        State,
        StatusWanted,
        Wanted,
    )
    from stages.world import (
        Refused as RefusedEvent,
    )

_log = structlog.get_logger(__name__)

SHOW: Show = {"type": "show", "key": "show:later"}
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
        pause = pause_s(item, loaded.state, memory.written, ctx.settings.board_s)
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
        store.put_wake_up_action(lane, {**SHOW, "due_in_s": min(later)})
    elif not failed:  # else the sweep enqueues it again
        store.set_projected(lane, loaded.version)
    return Projected(True, written, loaded.version)


def wanted(ctx: Context, lane: str, state: State) -> list[Wanted]:
    """What should be shown of this state, by the composition of that name."""
    policy = ctx.policy(lane, ctx.admission(lane))(state)
    output, _ = ctx.run("wanted", {"state": state, "policy": policy})
    items: list[Wanted] = output["wanted"]
    return items


def _compare(
    items: list[Wanted], state: State, written: dict[str, str]
) -> tuple[list[tuple[Wanted, str]], list[str]]:
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


def pause_s(item: Wanted, state: State, written: dict[str, str], every_s: float) -> float:
    """How long to wait before writing a board: not at all if a person waits for it or is newly needed.

    While a sprint runs, its board is written at most this often; the last state is always written.
    """
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
    return max(0.0, every_s - elapsed_s)


def occasion(item: Wanted, state: State) -> list[str | list[str] | None]:
    """What is shown at once when it changes: the sprint's status, who asked, which tasks need a person."""
    kickoff, tasks = _kickoff(item, state), state.get("tasks") or {}
    stuck = sorted(name for name, task in tasks.items() if task.get("status") in _STUCK)
    moments = (kickoff.get("status"), kickoff.get("asked_status_at")) if kickoff else (None, None)
    return [*moments, stuck]


def _kickoff(item: Wanted, state: State) -> Kickoff | None:
    return (state.get("kickoffs") or {}).get(str(item.get("number")))


def _shown(item: Wanted, state: State) -> Shown:
    return (state.get("shown") or {}).get(name_of(item)) or _NEVER_SHOWN


def name_of(item: Wanted) -> str:
    """Object and kind: the name under which the state remembers what is shown."""
    return f"{item['object']}:{item['kind']}"


def _known_labels(item: Wanted, state: State) -> list[str] | None:
    """The labels that the issue is known to have; None if that is not known, or it is no matter of labels."""
    if item["kind"] != "labels":
        return None
    issue = (state.get("issues") or {}).get(str(item["number"]))
    return issue.get("labels") if issue else None


def _differs(item: Wanted, state: State) -> bool:
    labels = _known_labels(item, state)
    if item["kind"] == "labels" and labels is not None:
        return bool(set(item["on"]) - set(labels) or set(item["off"]) & set(labels))
    shown = _shown(item, state)
    return bool(shown.get("hash") != item["hash"])


def _situation(item: Wanted, state: State) -> str:
    labels = _known_labels(item, state)
    shown = _shown(item, state)
    known = [item["hash"], shown.get("hash"), sorted(labels) if labels is not None else None]
    return hashlib.sha256(write(known).encode()).hexdigest()[:32]


def _write_one(lane: str, target: Target, item: Wanted, state: State, situation: str) -> None:
    """Write one, and put the event that says what is shown now, or that it was refused."""
    name = name_of(item)
    event: ShownNow | RefusedEvent
    try:
        event = _write(target, item, state)
    except Refused as refusal:
        _log.warning("projection refused", lane=lane, what=name, status=refusal.status, words=refusal.message)
        event = _refused(item, refusal)
    event["key"] = f"{event['type']}:{name}:{situation}:{now()}"
    pace = write([milliseconds(), occasion(item, state)])
    target.store.note_written(lane, name, situation, pace, event)


def _write(target: Target, item: Wanted, state: State) -> ShownNow:
    match item["kind"]:
        case "labels":
            return _labels(target, item, state)
        case "status":
            return _status(target, item)
        case "note":
            return _note(target, item)
        case "milestone":
            return _milestone(target, item)
        case "board":
            return _board(target, item, state)


def _refused(item: Wanted, refusal: Refused) -> RefusedEvent:
    """Without the text of a board, which may be long."""
    action: Show = {"type": "show", "key": name_of(item), "object": item["object"], "kind": item["kind"]}
    action["number"], action["hash"] = item["number"], item["hash"]
    if item["kind"] == "labels":
        action["on"], action["off"] = item["on"], item["off"]
    elif item["kind"] == "note":
        action["mark"], action["comment_id"] = item["mark"], item["comment_id"]
    elif item["kind"] == "board":
        action["mark"], action["comment_id"] = item["mark"], item["comment_id"]
        action["plan_hash"] = item["plan_hash"]
    return {"type": "refused", "action": action, "status": refusal.status, "message": refusal.message}


def _labels(target: Target, item: LabelsWanted, state: State) -> ShownNow:
    labels = _known_labels(item, state)
    add = [label for label in item["on"] if labels is None or label not in labels]
    remove = [label for label in item["off"] if labels is None or label in labels]
    return {
        "type": "shown",
        "at": now(),
        "object": item["object"],
        "kind": item["kind"],
        "number": item["number"],
        "hash": item["hash"],
        "labels": target.forge.set_labels(target.repo, item["number"], add, remove),
    }


def _status(target: Target, item: StatusWanted) -> ShownNow:
    words, link = item["description"], item["link"]
    target.forge.set_status(target.repo, item["sha"], item["state"], OWN_CHECK, words, link)
    return {
        "type": "shown",
        "at": now(),
        "object": item["object"],
        "kind": item["kind"],
        "number": item["number"],
        "hash": item["hash"],
    }


def _note(target: Target, item: NoteWanted) -> ShownNow:
    """Edit the comment; if none is known, the one with the marker, else write a new one."""
    line = _mark(item)
    body = marked(item["body"], line)
    written = _edited(target, item["comment_id"], body) if item["comment_id"] else None
    if written is None:
        comments = target.forge.issue_comments(target.repo, item["number"])
        if there := next((one for one in comments if carries(target, one, line)), None):
            written = _edited(target, there["comment_id"], body)
    written = written or target.forge.comment(target.repo, item["number"], body)
    return {
        "type": "shown",
        "at": now(),
        "object": item["object"],
        "kind": item["kind"],
        "number": item["number"],
        "hash": item["hash"],
        "comment_id": written["comment_id"],
    }


def _milestone(target: Target, item: MilestoneWanted) -> ShownNow:
    """Found by its title, for people may have made it; only one that we made is closed and opened."""
    line = mark(item["mark"]["kind"], item["object"], item["mark"].get("sprint") or "")
    known = target.forge.milestones(target.repo)
    found = next((one for one in known if one["title"] == item["title"]), None)
    if found is None:
        text = marked(item["description"], line)
        found = target.forge.create_milestone(target.repo, item["title"], text)
    for number in item["issues"]:
        target.forge.put_into_milestone(target.repo, number, found["id"])
    if found["state"] != item["state"] and f"<!-- caloron:{item['mark']['kind']} " in found["description"]:
        target.forge.set_milestone_state(target.repo, found["id"], item["state"])
    return {
        "type": "shown",
        "at": now(),
        "object": item["object"],
        "kind": item["kind"],
        "number": item["number"],
        "hash": item["hash"],
        "issues": item["issues"],
    }


def _board(target: Target, item: BoardWanted, state: State) -> ShownNow:
    """Edit the comment; if none is known, the one with the marker, else write a new one.

    Whether a plan could be read before it was approved is decided by the forge's clock: a board that exists
    already, because its answer was lost, was shown when the forge says, not now.
    """
    shown = _shown(item, state)
    known = item["comment_id"] or shown.get("comment_id")
    text = _dated(item, state)
    line = _mark(item, text)
    body = marked(text, line)
    new_plan = item["plan_hash"] != shown.get("plan_hash")
    written = None if new_plan or not known else _edited(target, known, body)
    at = now()
    if written is None and (board := _existing_board(target, item, line)):
        if board["body"].rstrip() == body.rstrip():
            written, at = board, board["updated_at"]
        else:
            written = _edited(target, board["comment_id"], body)
    written = written or target.forge.comment(target.repo, item["number"], body)
    now_shown: ShownNow = {
        "type": "shown",
        "at": at,
        "object": item["object"],
        "kind": item["kind"],
        "number": item["number"],
        "hash": item["hash"],
        "plan_hash": item["plan_hash"],
        "text": text_hash(text),
        "comment_id": written["comment_id"],
        "written_at": written["updated_at"],
    }
    if locked_at := item["mark"].get("locked_at"):
        now_shown["locked_at"] = locked_at
    if (kickoff := _kickoff(item, state)) and kickoff.get("retro_text"):
        now_shown["has_retro"] = True
    return now_shown


def _dated(item: BoardWanted, state: State) -> str:
    """Its text; while the sprint runs with the time, for which alone no board is written."""
    kickoff = _kickoff(item, state)
    if kickoff is None or kickoff.get("status") != "Running":
        return item["body"]
    return f"{item['body']}\n\n<sub>As of {now()[:16].replace('T', ' ')} UTC</sub>"


def _edited(target: Target, comment_id: int, body: str) -> ForgeComment | None:
    """The comment with its new text; None if it was deleted."""
    try:
        return target.forge.edit_comment(target.repo, comment_id, body)
    except Refused as refusal:
        if refusal.status != 404:
            raise
        return None


def _existing_board(target: Target, item: BoardWanted, line: str) -> ForgeComment | None:
    """The board on the thread, found by its marker; not that of another installation with our account."""
    own = ("", item["mark"].get("installation"))
    comments = target.forge.issue_comments(target.repo, item["number"])
    ours = (one for one in comments if lock_in(one["body"])["installation"] in own)
    return next((one for one in ours if carries(target, one, line)), None)


def _mark(item: BoardWanted | NoteWanted, text: str = "") -> str:
    asked = item["mark"]
    fields: Mapping[str, object] = asked
    return mark(
        asked["kind"],
        asked.get("key") or name_of(item),
        asked.get("sprint") or "",
        asked.get("task") or "",
        text_hash(text) if text else "",
        {name: str(fields[name]) for name in LOCK if name in fields},
    )
