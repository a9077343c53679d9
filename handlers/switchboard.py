"""The switchboard: which events are accepted, what a text or label asks for, which composition handles it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, TypeAlias, cast

from handlers.arguments import CommandLine, Fault
from handlers.board import EDIT_PLAN, EDIT_PLAN_COMPOSITION, SAME_RIGHT, asked_on_board
from handlers.commands import ALL, COMMANDS, CORE, OFFERED, WORDS_ONLY, Declaration, Minimum
from handlers.labels import LABEL_COMMANDS, command_for
from handlers.mistakes import describe, does_not_act
from handlers.read import PREFIX, asked_in, read_commands
from shell.event import Changed, Event, IssueComment

if TYPE_CHECKING:
    from stages.world import (
        AccountShared,
        AskedOutside,
        Command,
        Delivered,
        Found,
        HelpRow,
        IssueClosed,
        IssueEdited,
        IssueOpened,
        IssueReopened,
        KickoffClosed,
        KickoffReopened,
        LabelActedOn,
        LabelAdded,
        LabelRemoved,
        Mistake,
        Mistakes,
        OwnCommentEdited,
        PrReviewSubmitted,
        RepositoryMet,
        RepositoryValues,
        SeenIssue,
        State,
        Where,
    )

Text: TypeAlias = "IssueComment | IssueOpened | IssueEdited | PrReviewSubmitted"
"""The events whose text may ask for something."""

Place = Literal["issue", "pr", "review", "title"]

# at the webhook endpoint

MEANINGLESS = {
    "assigned",
    "unassigned",
    "milestone",
    "milestoned",
    "demilestoned",
    "pinned",
    "locked",
    "deleted",
}


def admit(event: Changed | IssueComment) -> str | None:
    """Why an event from the forge is ignored; None where it is let in."""
    if (
        event["type"] == "changed"
        and event["object"] in ("issue", "pull")
        and event.get("hint") in MEANINGLESS
    ):
        return f"{event['object']} {event['hint']}: nothing follows from that here"
    return None


# what a text or a label asks for


def expand(event: Event, state: State) -> list[Event]:
    """The event itself with the commands in it; before all else, that a repository is new."""
    return [*meeting(event, state), *asked(event, state)]


def outside(event: Event, state: State) -> list[Event]:
    """In a repository that was not let in: its first command, which gets one line, and nothing else."""
    if state.get("outside") or event["type"] != "issue_comment":
        return []
    asks = [one for one in from_comment(event, state) if one["type"] == "command"]
    if not asks:
        return []
    number = event["issue_number"]
    asked: AskedOutside = {
        **common(event),
        "type": "asked_outside",
        "key": "asked_outside",
        "issue_number": number,
    }
    return [asked]


def expand_unread(event: Event, state: State) -> list[Event]:
    """The same where reading its text took too long: no command in it counts, and its author is told."""
    if event["type"] == "seen":
        return [*meeting(event, state), cast("Event", {**event, "asks": []})]
    text = cast("Text", event)  # nothing else is read
    where: Where = (
        {"number": text["pr_number"], "is_pull": True}
        if text["type"] == "pr_review_submitted"
        else thread(text, state)
    )
    if text["type"] == "issue_comment":
        where["comment_id"] = text["comment_id"]
    too_much = {
        **common(text),
        "type": "mistakes",
        "key": f"mistakes:{event['key']}",
        "where": asked_by(text, where),
        "mistakes": [describe(Fault("too-much-work", ""), "")],
    }
    itself = [] if event["type"] == "issue_comment" else [event]
    return [*meeting(event, state), *itself, cast("Mistakes", too_much)]


def meeting(event: Event, state: State) -> Iterator[Event]:
    repo = state.get("repo")
    known = repo.get("full_name") if repo else None
    if event.get("repo") and known != event["repo"]:
        met: RepositoryMet = {
            "type": "repository_met",
            "key": f"repository_met:{event['repo']}",
            "forge": event["forge"],
            "repo_id": event["repo_id"],
            "repo": event["repo"],
        }
        yield met


def asked(event: Event, state: State) -> list[Event]:
    match event["type"]:
        case "seen" if event["what"] == "issue":
            seen: SeenIssue = {**event, "asks": asks_of(event, state)}
            return [seen]
        case "issue_comment":
            return list(from_comment(event, state))
        case "issue_opened" if not event.get("own"):
            return [event, *from_text(event, event.get("body") or "", "issue", own_text(event, state), state)]
        case "issue_edited" if not is_ours(event, state):
            return [event, *from_text(event, event["body"], "issue", own_text(event, state), state)]
        case "pr_review_submitted" if "allowed" not in event:
            where: Where = {"number": event["pr_number"], "is_pull": True, "review_id": event["review_id"]}
            return [event, *from_text(event, event.get("body") or "", "review", where, state)]
        case "label_added" | "label_removed":
            return list(from_label(event, state)) if "allowed" in event else [to_be_judged(event, state)]
        case "issue_closed" if is_kickoff(event, state) and "allowed" in event:
            closed: KickoffClosed = {**event, "type": "kickoff_closed"}
            return [closed]
        case "issue_reopened" if is_kickoff(event, state) and "allowed" in event:
            reopened: KickoffReopened = {**event, "type": "kickoff_reopened"}
            return [reopened]
        case _:
            return [event]


def asks_of(event: SeenIssue, state: State) -> list[str]:
    """The commands in an issue's own text, so that no stage parses it; a known text is not parsed again."""
    issue, known = event["there"], (state.get("issues") or {}).get(str(event["number"]))
    body = issue.get("body") or ""
    if "/" not in body or issue.get("is_pull"):
        return []
    if known and known.get("body_hash") == hashlib.sha256(body.encode()).hexdigest()[:16]:
        return list(known.get("asks") or [])
    return asked_in(body, prefix_required=prefix_required(state))


def settings_of(state: State) -> RepositoryValues:
    """What the repository's own file sets, and beneath it that of its owner."""
    config, beneath = state.get("config"), state.get("organisation")
    own: RepositoryValues = config["values"] if config else {}
    theirs: RepositoryValues = beneath["defaults"] if beneath else {}
    minimum = {**theirs.get("command_minimum", {}), **own.get("command_minimum", {})}
    return {**theirs, **own, "command_minimum": minimum}


def prefix_required(state: State) -> bool:
    """Whether only `/caloron …` is a command."""
    return settings_of(state).get("command_prefix") == "required"


def minimum_of(name: str, state: State) -> Minimum:
    """What a command takes here: its own minimum, or more if the repository asks for that."""
    own = COMMANDS[name].minimum
    asked = settings_of(state).get("command_minimum", {}).get(name, own)
    return max(own, cast("Minimum", asked), key=RANKS.index)


RANKS = ("none", "read", "write", "maintain", "admin")


def to_be_judged(event: LabelAdded | LabelRemoved, state: State) -> Event:
    """A label that is a command needs what that command takes."""
    found = command_for(event["label"], set_now=event["type"] == "label_added")
    if found is None or "needs" not in event:
        return event
    return cast("Event", {**event, "needs": minimum_of(found["name"], state)})


def is_ours(event: IssueComment | IssueEdited, state: State) -> bool:
    """Whether our own account wrote it, with our marker."""
    me = own_id(state)
    return me is not None and "<!-- caloron:" in event["body"] and event.get("author_id") == me


def own_id(state: State) -> int | None:
    """The number of our account; None until it is known."""
    account = state.get("me")
    return account.get("id") if account else None


def is_shown(event: IssueComment, state: State, *kinds: str) -> bool:
    """Whether it is the board, or a task's note, even if someone removed our marker."""
    shown = state.get("shown") or {}
    found = (shown.get(f"issue:{event['issue_number']}:{kind}") for kind in kinds or ("board", "note"))
    return event["comment_id"] in [one.get("comment_id") for one in found if one]


def thread(event: IssueComment | IssueOpened | IssueEdited, state: State) -> Where:
    return {
        "number": event["issue_number"],
        "is_pull": event["type"] == "issue_comment" and bool(event.get("is_pull")),
    }


def own_text(event: IssueOpened | IssueEdited, state: State) -> Where:
    """The place of an issue's own text: reactions to its commands go on the issue itself."""
    return {**thread(event, state), "own_text": True}


def is_kickoff(event: IssueClosed | IssueReopened, state: State) -> bool:
    return str(event["issue_number"]) in (state.get("kickoffs") or {})


def from_comment(event: IssueComment, state: State) -> Iterator[Event]:
    author_id = event.get("author_id")
    if is_ours(event, state) or is_shown(event, state):
        if event.get("hint") == "edited" and event.get("actor_id") != author_id:
            yield cast("OwnCommentEdited", {**event, "type": "own_comment_edited"})
            if is_shown(event, state, "board"):
                yield from from_board(event, state)
        return
    if event.get("machine") and author_id not in settings_of(state).get("command_bots", []):
        return
    mine = author_id == own_id(state) and event.get("hint") != "edited"
    if mine and not state.get("shared"):
        shared: AccountShared = {
            **common(event),
            "type": "account_shared",
            "key": f"account_shared:{event['comment_id']}",
            "issue_number": event["issue_number"],
        }
        yield shared
    where: Where = {**thread(event, state), "comment_id": event["comment_id"]}
    place: Place = "pr" if event.get("is_pull") else "issue"
    edit = event.get("hint") == "edited" and event.get("found")
    if not edit:
        stuck = is_escalation(event, state)
        yield from from_text(event, event["body"], place, where, state, escalation=stuck)


def from_board(event: IssueComment, state: State) -> Iterator[Event]:
    """What an edit of the board asks for; one whose editor no delivery named asks for nothing."""
    before, editor = event.get("previous"), event.get("actor_id")
    if before is None or editor is None or event.get("found"):
        return
    asked = asked_on_board(before, event["body"], prefix_required=prefix_required(state))
    where: Where = {"number": event["issue_number"], "is_pull": False, "board": event["comment_id"]}
    whole = not asked.edit and is_as_written(before, event["issue_number"], state)
    for line in asked.commands:
        if line["name"] == "approve" and not whole:
            if not asked.edit:
                yield not_approved(event, line, where)
            continue  # the plan that it names is not the one that its editor wants, or may not be
        command = command_event(event, line, where, state)
        yield cast("Command", {**command, "key": f"{command['key']}:{event.get('created_at')}"})
    if asked.edit:
        minimum = minimum_of(SAME_RIGHT, state)
        found: CommandLine = {
            "name": EDIT_PLAN,
            "positional": [],
            "flags": {},
            "line": "edited the plan here",
        }
        edited = {
            **common(event),
            "type": "command",
            "key": f"command:{EDIT_PLAN}:{event['key']}:{event.get('created_at')}",
            "name": EDIT_PLAN,
            "args": {"positional": [], "flags": {}},
            "minimum": minimum,
            "needs": minimum,
            "where": asked_by(event, noted(where, found, minimum)),
            "edit": asked.edit,
            **delivered(event),
        }
        yield cast("Command", edited)


UNREAD_EDIT = (
    "The board had another edit that I had not read yet, so nothing was approved. Look at it, and tick it "
    "again."
)


def not_approved(event: IssueComment, line: CommandLine, where: Where) -> Mistakes:
    """The answer to a tick on a board that somebody had changed before."""
    mistake: Mistake = {"line": line["line"], "error": "unread-edit", "help": UNREAD_EDIT}
    told = {
        **common(event),
        "type": "mistakes",
        "key": f"mistakes:{event['key']}:{event.get('created_at')}",
        "where": asked_by(event, where),
        "mistakes": [mistake],
        "needs": "none",
        **delivered(event),
    }
    return cast("Mistakes", told)


def is_as_written(board: str, number: int, state: State) -> bool:
    """Whether the board's text before an edit is what we wrote last: no other edit waits to be read."""
    shown = (state.get("shown") or {}).get(f"issue:{number}:board")
    text = board.replace("\r\n", "\n").rpartition("<!-- caloron:board ")[0].rstrip()
    return shown is None or shown.get("text") in (None, hashlib.sha256(text.encode()).hexdigest()[:16])


def is_escalation(event: IssueComment, state: State) -> bool:
    """Plain words count on an escalated task's issue; on the kickoff while just one task is escalated."""
    stuck = [t.get("issue_number") for t in (state.get("tasks") or {}).values() if t["status"] == "Escalated"]
    return event["issue_number"] in stuck or (
        len(stuck) == 1 and event["issue_number"] == state.get("running")
    )


ANSWERED = 5
"""So many commands of one text get an answer each; the rest get one line together."""


def from_text(
    event: Text, text: str, place: Place, where: Where, state: State, *, escalation: bool = False
) -> Iterator[Event]:
    review = event["type"] == "pr_review_submitted"
    edited = event["type"] != "pr_review_submitted" and event.get("hint") == "edited"
    previous = event.get("previous") if event["type"] == "issue_comment" else None
    author = None if event["type"] == "pr_review_submitted" else event.get("author_id")
    read = read_commands(
        text,
        previous=(previous or "") if edited else None,  # also where its old text is unknown
        had=event.get("had") if event["type"] == "issue_edited" else None,
        author_id=event.get("actor_id") if review or "author_id" not in event else author,
        editor_id=event.get("actor_id") if edited else None,
        where=place,
        escalation=escalation,
        prefix_required=prefix_required(state),
    )
    if not is_of_a_sprint(where["number"], state):
        read = meant_for_us(read)
    mistakes = [line for line in read if "error" in line]
    commands = [found for found in read if "error" not in found]
    for nth, found in enumerate(commands, 1):
        at: Where = {**where, "behind": nth - ANSWERED} if nth > ANSWERED else where
        yield command_event(event, found, at, state)
    if mistakes:
        wrong = {
            **common(event),
            "type": "mistakes",
            "key": f"mistakes:{event['key']}",
            "where": asked_by(event, where),
            "mistakes": mistakes,
            "needs": "none",
            **delivered(event),
        }
        yield cast("Mistakes", wrong)


OUTSIDE = frozenset(name for name, one in COMMANDS.items() if one.where & {"anywhere", "issue"})
"""What is heard on a thread of no sprint: other bots may be spoken to there, in words that look like ours."""
_FIRST_WORD = re.compile(r"/[ \t]*([A-Za-z][A-Za-z-]*)")


def meant_for_us(read: list[CommandLine | Mistake]) -> list[CommandLine | Mistake]:
    """What counts on a thread of no sprint: what is said behind `/caloron`, and what begins something."""
    if any("error" not in found and found["name"] == "plan" for found in read):
        return read
    return [
        found
        for found in read
        if (word := _FIRST_WORD.search(found["line"])) and word[1].lower() in {PREFIX, *OUTSIDE}
    ]


def is_of_a_sprint(number: int, state: State) -> bool:
    """Whether the issue or pull request is a kickoff, or a task's."""
    kickoffs, tasks = state.get("kickoffs") or {}, dict(state.get("tasks") or {})
    if str(number) in kickoffs or str(number) in (state.get("pulls") or {}):
        return True
    ended = [task for kickoff in kickoffs.values() for task in (kickoff.get("tasks") or {}).values()]
    return any(
        number in (task.get("issue_number"), task.get("pr_number")) for task in [*tasks.values(), *ended]
    )


def asked_by(event: Text | LabelAdded | LabelRemoved, where: Where) -> Where:
    """The place with who asked there, whose answers are counted."""
    actor = event.get("actor")
    return {**where, "asker": actor} if actor else where


LONGEST_NOTED = 200
"""Signs of a command that are kept to be shown."""


def noted(where: Where, line: CommandLine, minimum: Minimum) -> Where:
    """The place with the command as it was given, where it is one that steers: it is shown on the board."""
    if RANKS.index(minimum) < RANKS.index("write"):
        return where
    return {**where, "line": (where.get("label") or line["line"]).strip()[:LONGEST_NOTED]}


COMMON = frozenset({"forge", "repo_id", "repo", "at", "actor", "actor_id", "created_at", "found"})


def common(event: Text | LabelAdded | LabelRemoved) -> Found:
    """Where and when it happened, by whom, and how we know."""
    return cast("Found", {name: value for name, value in event.items() if name in COMMON})


def delivered(event: Text | LabelAdded | LabelRemoved) -> dict[str, Delivered]:
    """What must be read back from the forge: a comment that only a delivery told of."""
    if event["type"] != "issue_comment" or event.get("found"):
        return {}
    body_hash = hashlib.sha256(event["body"].encode()).hexdigest()[:16]
    return {"delivered": {"author_id": event.get("author_id"), "body_hash": body_hash}}


def meant(found: CommandLine) -> CommandLine:
    """The command itself, or the other one that its first word makes it."""
    words = found["positional"]
    other = COMMANDS[found["name"]].same_as.get(words[0]) if words else None
    if other is None:
        return found
    return {"name": other, "positional": words[1:], "flags": found["flags"], "line": found["line"]}


def command_event(
    event: Text | LabelAdded | LabelRemoved, line: CommandLine, where: Where, state: State
) -> Command:
    found = meant(line)
    declaration, minimum = COMMANDS[found["name"]], minimum_of(found["name"], state)
    digest = hashlib.sha256(
        f"{found['name']} {found['positional']} {sorted(found['flags'].items())}".encode()
    ).hexdigest()[:8]
    place = event.get("comment_id") or event.get("review_id") or event["key"]
    inactive = declaration.inactive_parts(found["positional"], found["flags"])
    asked = {
        **common(event),
        "type": "command",
        "key": f"command:{found['name']}:{place}:{digest}:{where['number']}",
        "name": found["name"],
        "args": {"positional": found["positional"], "flags": found["flags"]},
        "minimum": minimum,
        "needs": "read" if inactive else minimum,
        "where": asked_by(event, noted(where, line, minimum)),
        "help": reply_text(declaration, found["positional"], inactive, state),
    }
    if declaration.name == "help" and (rows := help_rows(found["positional"], state)):
        asked["help_rows"] = rows
    return cast("Command", {**asked, **({"inactive": inactive} if inactive else {}), **delivered(event)})


def from_label(event: LabelAdded | LabelRemoved, state: State) -> Iterator[Event]:
    """A label set by a person is a command; removed once acted on, or where it cannot act."""
    found = command_for(event["label"], set_now=event["type"] == "label_added")
    where: Where = {"number": event["issue_number"], "is_pull": False, "label": event["label"]}
    if found is not None:
        command = command_event(event, found, where, state)
        command["allowed"], command["denial"] = event["allowed"], event.get("denial")
        yield command
    label = LABEL_COMMANDS[event["label"]]
    off = label.taken_off or not label.acts or not event["allowed"]
    if off and event["type"] == "label_added":
        yield cast("LabelActedOn", {**event, "type": "label_acted_on", "key": f"off:{event['key']}"})
    if found is not None and event["type"] == "label_removed" and not event["allowed"]:
        put_back: LabelActedOn = {
            **event,
            "type": "label_acted_on",
            "key": f"back:{event['key']}",
            "put_back": True,
        }
        yield put_back


# help


def reply_text(declaration: Declaration, words: list[str], inactive: list[str], state: State) -> str:
    """What is answered to a command without a look at the state; empty where a stage answers."""
    if inactive:
        return does_not_act(declaration.name, inactive)
    return help_text(words, state) if declaration.name == "help" else ""


def help_text(words: list[str], state: State | None = None) -> str:
    """One command: as it is written in this repository, and by whom; nothing where none is named."""
    named = COMMANDS.get(words[0].lstrip("/").lower()) if words else None
    if named is None:
        return ""
    if not named.acts:
        return does_not_act(named.name, [f"/{named.name}"])
    minimum = minimum_of(named.name, state) if state else named.minimum
    before = prefix_of(state)
    usage, example = before + named.usage[1:], before + named.example[1:]
    return f"`{usage}` — {named.summary}\n\nExample: `{example}`. {who_may(minimum)}"


def prefix_of(state: State | None) -> str:
    """What stands before a command's name in this repository."""
    return f"/{PREFIX} " if state and prefix_required(state) else "/"


def help_rows(words: list[str], state: State | None = None) -> list[HelpRow]:
    """What `/help` and `/help all` list, as it is written here; nothing where one command is explained."""
    if words and words[0].lower() != ALL:
        return []
    before, listed = prefix_of(state), [OFFERED[name] for name in ([*OFFERED] if words else CORE)]
    return [
        {
            "minimum": minimum_of(one.name, state) if state else one.minimum,
            "usage": before + one.usage[1:],
            "summary": one.summary,
        }
        for one in listed
    ]


def who_may(minimum: Minimum) -> str:
    match minimum:
        case "none":
            return "Anyone may use it."
        case "read":
            return "Anyone with read access may use it."
        case "write":
            return "It needs write access."
        case "maintain" | "admin":
            return "Only maintainers may use it."


# which composition handles an event

TASK_EVENTS = frozenset(
    """issue_opened agent_started agent_heartbeat agent_finished agent_intervened pr_opened pr_synchronized
    pr_review_submitted check_completed checks_failed pr_merged pr_closed pr_reopened pr_conflict
    merge_refused merge_postponed merge_denied approval_kept agent_pushed wait_over
    issue_closed issue_reopened task_retry task_restart task_assigned task_skip task_held task_unheld
    task_dropped plan_changed task_merge task_told hold_seen
    task_cancelled spawn_requested
    stop_requested issue_refused sprint_approved sprint_stopped sprint_ended
    sprint_paused sprint_continued sprint_resumed""".split()
)

COMPOSITIONS = {
    "repository_met": "meet",
    "restored": "restore",
    "asked_outside": "answer_outside",
    "changed": "notice",
    "account_shared": "notice",
    "seen": "differences",
    "performed": "differences",
    "refused": "differences",
    "kickoff_read": "plan_kickoff",
    "mistakes": "command_answer",
    "tick": "tick",
    "config_proposed": "command_config",
    "machine": "machine",
    "shown": "shown",
    "own_comment_edited": "redraw",
    "label_acted_on": "label_acted_on",
    "sprint_finished": "retro",
    "kickoff_closed": "close_thread",
} | dict.fromkeys(TASK_EVENTS, "task_life")

INSTEAD = {"retro": "close_without_retro"}
"""What handles an event whose composition failed, where things must go on all the same."""

COMPOSITION_NAMES: frozenset[str] = frozenset(
    {
        "authorize",
        *COMPOSITIONS.values(),
        *INSTEAD.values(),
        *(command.composition for command in COMMANDS.values()),
        EDIT_PLAN_COMPOSITION,
    }
)
"""Every composition that may handle an event."""


def composition_for(event: Event) -> str | None:
    """The composition that handles an event; None where it is only recorded."""
    if event.get("needs") and "allowed" not in event:
        return "authorize"
    if event["type"] == "command":
        if not event["allowed"] or event.get("inactive"):
            return WORDS_ONLY
        is_edit = event["name"] == EDIT_PLAN
        return EDIT_PLAN_COMPOSITION if is_edit else COMMANDS[event["name"]].composition
    return COMPOSITIONS.get(event["type"])
