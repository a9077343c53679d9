"""Apply what the forge said about a permission, a comment or the repository; release what waited."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, TypedDict, cast

if TYPE_CHECKING:
    from stages.world import (
        Action,
        Command,
        Event,
        ForgeComment,
        ForgePermission,
        ForgeRepository,
        Mark,
        Mistakes,
        Permission,
        Repository,
        SeenComment,
        SeenRepository,
        SprintContinued,
        State,
        Waiting,
    )

NAME = "take_permission"
NOT_SHOWN = (
    "I did not act on a comment here: when I read it back, the forge did not show it with the author and the "
    "text that its webhook told. If you changed or removed it meanwhile, write it again."
)
BOARD_NOT_SHOWN = (
    "I did not act on an edit of the board: when I read it back, the forge did not show the text that its "
    "webhook told. If the board was changed meanwhile, edit it again."
)


class Input(TypedDict):
    state: State
    events: list[Event]
    now: str


class Output(TypedDict):
    state: State
    actions: list[Action]
    events: list[Event]


def execute(input: Input) -> Output:
    state = input["state"]
    actions: list[Action] = []
    events: list[Event] = []
    for event in input["events"]:
        if known := known_of(event, input["now"]):
            state = {**state, "permissions": {**state["permissions"], known["login"]: known}}
            state, released = release(state, shown(state, known["login"]))
            events += released
        if (asked := comment_asked(event)) is not None:
            state, released, lines = read_back(state, *asked)
            events += released
            actions += lines
        elif event["type"] == "seen" and event["what"] == "repository":
            repo: Repository = {**state["repo"], **remembered(event["there"])}
            actions += tell_new_branch(state, repo)
            continued, lines = go_on(state, repo, event)
            actions += lines
            state, released = release({**state, "repo": repo}, shown(state))
            actions += ask_required(repo)
            actions += look_at_config(state)
            events += [*released, *continued]
        elif not known:
            events.append(event)
    return {"state": state, "actions": actions, "events": events}


def known_of(event: Event, now: str) -> Permission | None:
    """What the forge said of a permission; None where that was not asked."""
    if event["type"] == "seen" and event["what"] == "permission":
        return permission_of(event["request"]["login"], event["there"], now)
    if event["type"] == "seen" and event["what"] == "comment":
        return permission_beside(event, now)
    if event["type"] != "refused":
        return None
    asked = event["action"]
    if asked["type"] != "look" or asked["what"] != "permission":
        return None
    return {"login": asked["login"], "at": now, "denial": denial(event["status"], event["message"])}


def permission_of(login: str, observed: ForgePermission, now: str) -> Permission:
    user_id, right = observed["user_id"], observed["permission"]
    known: Permission = {"login": login, "at": now, "user_id": user_id, "permission": right}
    return {**known, "machine": True} if observed.get("machine") else known


def permission_beside(event: SeenComment, now: str) -> Permission | None:
    """What the forge said of a permission when it showed the comment."""
    login, observed = event["request"].get("login"), event["there"]
    if login is None:
        return None
    if "refusal" in observed:
        refusal = observed["refusal"]
        return {"login": login, "at": now, "denial": denial(refusal["refused_with"], refusal["message"])}
    return permission_of(login, observed["permission"], now) if "permission" in observed else None


def shown(state: State, login: str | None = None) -> set[str]:
    """What waits (for this account) without waiting for its comment to be shown."""
    waiting = state["waiting"].items()
    return {key for key, held in waiting if "delivered" not in held and login in (None, held.get("actor"))}


def comment_asked(event: Event) -> tuple[int, ForgeComment | None] | None:
    """The comment that was read back, and what the forge showed; None of any other event."""
    if event["type"] == "seen" and event["what"] == "comment":
        there = event["there"]
        return event["request"]["comment_id"], there["comment"] if there["comment_shown"] else None
    if event["type"] != "refused":
        return None
    asked = event["action"]
    return (asked["comment_id"], None) if asked["type"] == "look" and asked["what"] == "comment" else None


def read_back(
    state: State, number: int, observed: ForgeComment | None
) -> tuple[State, list[Waiting], list[Action]]:
    """Release what the comment asks for, if the forge shows it as it was delivered; else one line says so."""
    asked = {key: held for key, held in state["waiting"].items()
             if "delivered" in held and comment_of(held) == number}  # fmt: skip
    same = {key for key, held in asked.items() if is_as_delivered(held, observed)}
    after, released = release(state, set(asked))
    good = [without_claim(held) for held in released if held["key"] in same]
    false = [held for held in asked.values()
             if held["key"] not in same and held["type"] in ("command", "mistakes")]  # fmt: skip
    return after, good, [not_shown(min(false, key=place_of), number)] if false else []


def place_of(held: Command | Mistakes) -> tuple[int, str]:
    return held["where"]["number"], held["key"]


def comment_of(held: Waiting) -> int | None:
    if held["type"] not in ("command", "mistakes"):
        return None
    return held["where"].get("comment_id") or held["where"].get("board")


def is_as_delivered(held: Waiting, observed: ForgeComment | None) -> bool:
    """Whether the comment stands there, with this text, by this account.

    It is also who asks, unless they edited the board: only the delivery tells who edits.
    """
    if observed is None or "delivered" not in held or held["type"] not in ("command", "mistakes"):
        return False
    claim, author = held["delivered"], observed["author_id"]
    text = hashlib.sha256((observed.get("body") or "").encode()).hexdigest()[:16]
    asks = held.get("actor_id") if "board" not in held["where"] else author
    return (
        author is not None
        and author == claim["author_id"] == asks
        and text == claim["body_hash"]
        and observed["issue_number"] == held["where"]["number"]
    )


def without_claim(held: Waiting) -> Waiting:
    event = held.copy()
    event.pop("delivered", None)
    return event


def not_shown(held: Command | Mistakes, comment: int) -> Action:
    """Once a comment; the board is one comment, so of it once an edit."""
    where = held["where"]
    return {
        "type": "comment",
        "number": where["number"],
        "body": BOARD_NOT_SHOWN if "board" in where else NOT_SHOWN,
        "key": f"not_shown:{held['key'] if 'board' in where else comment}",
        "mark": {"kind": "answer"},
        "answers": where,
    }


def denial(status: int, message: str) -> str:
    if status == 403:
        return (
            "I am not allowed to look up permissions here. "
            "Make my account an administrator of this repository"
        )
    if status == 404:
        return "the forge has no account with that name"
    return f"the forge did not tell me that account's permission ({as_text(message, 300)})"


def remembered(observed: ForgeRepository) -> Repository:
    names = ("full_name", "default_branch", "empty", "private", "archived", "merge_styles",
             "default_merge_style", "html_url", "clone_url", "permissions")  # fmt: skip
    return cast("Repository", {name: value for name, value in observed.items() if name in names})


def tell_new_branch(state: State, repo: Repository) -> list[Action]:
    """One line on the running sprint's kickoff: its base has another name, or is another branch."""
    before, now = state["repo"].get("default_branch"), repo.get("default_branch")
    kickoff = state["kickoffs"].get(str(state.get("running")))
    if not before or not now or before == now or kickoff is None:
        return []
    words = (
        f"The default branch of this repository is now {as_code(now)}; it was {as_code(before)}. "
        f"I go on with {as_code(now)}: new work begins from it, and pull requests go into it."
    )
    mark: Mark = {"kind": "note", "sprint": kickoff["id"]}
    return [{"type": "comment", "number": kickoff["number"], "body": words, "mark": mark,
             "key": f"{kickoff['id']}/branch/{now}"}]  # fmt: skip


def go_on(
    state: State, repo: Repository, event: SeenRepository
) -> tuple[list[SprintContinued], list[Action]]:
    """A repository that is not archived any more: its sprint, which stood still, goes on."""
    kickoff = state["kickoffs"].get(str(state.get("running")))
    if kickoff is None or not state["repo"].get("archived") or repo.get("archived"):
        return [], []
    continued: SprintContinued = {"type": "sprint_continued", "number": kickoff["number"],
                                  "key": f"sprint_continued:{event['key']}"}  # fmt: skip
    goes = "I go on." if kickoff["status"] != "Paused" else "The sprint is still paused; say `/resume`."
    words = f"This repository was archived, so the sprint stood still. It is not archived any more. {goes}"
    mark: Mark = {"kind": "note", "sprint": kickoff["id"]}
    return [continued], [{"type": "comment", "number": kickoff["number"], "body": words, "mark": mark,
                          "key": f"{kickoff['id']}/unarchived/{event['key']}"}]  # fmt: skip


def ask_required(repo: Repository) -> list[Action]:
    """What its base requires is told by the branch: read whenever the repository is."""
    branch = repo.get("default_branch")
    if not branch or repo.get("empty"):
        return []
    return [{"type": "look", "what": "protection", "branch": branch, "key": "look:protection"}]


def look_at_config(state: State) -> list[Action]:
    """The repository's own settings, where its branch has another commit than the one they were read at."""
    repo, config = state.get("repo"), state.get("config")
    if not repo or not repo.get("default_branch") or repo.get("empty"):
        return []
    known = config["commit"] if config else None
    return [
        {
            "type": "look",
            "what": "config",
            "branch": repo["default_branch"],
            "known": known,
            "key": "look:config",
        }
    ]


def release(state: State, freed: set[str]) -> tuple[State, list[Waiting]]:
    """The events of these keys that waited, in the order in which they came."""
    waiting = state["waiting"]
    others = {key: event for key, event in waiting.items() if key not in freed}
    free = sorted((waiting[key] for key in waiting if key in freed), key=lambda event: event.get("turn", 0))
    return {**state, "waiting": others}, [without_turn(event) for event in free]


def without_turn(held: Waiting) -> Waiting:
    event = held.copy()
    event.pop("turn", None)
    return event


# -- others' words: these lines are the same in every stage that repeats them --------------------------------

JOINER = "\N{WORD JOINER}"  # nobody sees it, and no forge links across it
TERMINAL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
SURROGATE = re.compile("[\ud800-\udfff]")
UNSEEN = re.compile(  # the joiners of emoji, Persian and Indic texts stay: between two that are not ASCII
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e"
    "\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0e\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]|(?<![^\x00-\x7f])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\x7f])"
)
LIVE = re.compile(  # mentions, addresses, references, `[skip ci]`, `[[wiki]]`, links, hidden markers, drafts
    r"(?<=[@#\[])|(?<=!)(?=\d)|(?<=GH-|gh-|Gh-|gH-)(?=\d)|(?<=[A-Z]-)(?=\d)|(?<=:)(?=//)"
    r"|(?<=[Ww][Ww][Ww])(?=\.)|(?<=<)(?=!--)|(?<=^[Ww][Ii][Pp])(?=:)"
)
COMMIT = re.compile(r"(?<![0-9A-Za-z])[0-9A-Fa-f]{7,64}(?![0-9A-Za-z])")
MARKUP = re.compile(r"([\\`*_~\[\]<>|&$])")
START = re.compile(r"^(\d*)([-+=:/.)])")  # a list, a heading's underline, a command


def as_text(text: object, longest: int = 2000) -> str:
    """Others' words as one line of Markdown, without any mention, link, markup or command in it."""
    return START.sub(r"\1\\\2", escaped(as_title(text, longest)))


def as_title(text: object, longest: int = 200) -> str:
    """Others' words where no Markdown is read: a title, and the subject of the commit that a merge makes."""
    return without_links(one_line(text, longest))


def as_code(text: object, longest: int = 200) -> str:
    """Others' words as code, which they cannot end; empty where nothing is left to show."""
    line = one_line(str(text).replace("`", "'"), longest).replace("<!--", f"<{JOINER}!--")
    return f"`{line}`" if line else ""


def escaped(line: str) -> str:
    return MARKUP.sub(r"\\\1", line)


def without_links(line: str) -> str:
    parted = COMMIT.sub(lambda found: JOINER.join(re.findall(".{1,6}", found[0])), line)
    return LIVE.sub(JOINER, parted)


def one_line(text: object, longest: int) -> str:
    """What a reader sees of it, with single blanks; an ellipsis for what is not seen, or too long."""
    shown = SURROGATE.sub("\N{REPLACEMENT CHARACTER}", str(text)[: 9 * longest])
    line = " ".join(UNSEEN.sub("", TERMINAL.sub("", shown)).split()) or ("…" if shown.strip() else "")
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


# -- end of others' words ------------------------------------------------------------------------------------


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
