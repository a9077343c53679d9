"""Hold an event until the forge has shown its comment and told its actor's permission; else there is none."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, NotRequired, TypedDict

if TYPE_CHECKING:
    from stages.world import (
        Action,
        Command,
        Event,
        LookComment,
        Mistakes,
        Permission,
        Policy,
        Right,
        State,
        Waiting,
    )

NAME = "ask_permission"


class Input(TypedDict):
    state: State
    events: list[Waiting]
    actions: list[Action]
    now: str
    policy: Policy


class Output(TypedDict):
    state: State
    actions: list[Action]
    events: list[Event]


class Verdict(TypedDict):
    allowed: bool
    permission: NotRequired[Right]
    denial: NotRequired[str]


FRESH_S = 60
OF_PERSONS = ("approve", "merge")
LEVELS = ("none", "read", "triage", "write", "maintain", "admin", "owner")


def execute(input: Input) -> Output:
    state = input["state"]
    actions: list[Action] = []
    events: list[Event] = []
    for event in input["events"]:
        actions += [] if "delivered" in event else receipt(event)
        verdict = judge(state, input["policy"], event, input["now"])
        if verdict is None:
            held = in_line(state["waiting"], event)
            held["asked_at"] = input["now"]
            if empty(state, event):
                held["looked_again"] = True
            actions.append(question(state, input["policy"], event, input["now"]))
            state = {**state, "waiting": {**state["waiting"], event["key"]: held}}
        else:
            events.append(judged(event, verdict))
    return {"state": state, "actions": actions, "events": events}


def judge(state: State, policy: Policy, event: Waiting, now: str) -> Verdict | None:
    if "delivered" in event or unknown(state, event):
        return None
    if is_for_all(event):
        return {"allowed": True}
    actor = event.get("actor")
    if not actor:
        return {"allowed": False, "denial": "I could not find out who made this change"}
    return settled(state, policy, event, actor, now)


def settled(state: State, policy: Policy, event: Waiting, actor: str, now: str) -> Verdict | None:
    """By what the forge said within a minute; a no counts only where it was asked for this event."""
    known = fresh(state, actor, now)
    if known is None:
        return None
    verdict = verdict_of(known, event, str(state["repo"].get("forge")), policy.get("command_bots") or [])
    return verdict if verdict["allowed"] or known["at"] >= event.get("asked_at", now) else None


def is_for_all(event: Waiting) -> bool:
    """Whether nobody need ask what its author may do here; `/help` lists what they may say."""
    lists = event["type"] == "command" and event["name"] == "help" and "help_rows" in event
    return event["needs"] in ("none", "read") and not lists


def fresh(state: State, actor: str, now: str) -> Permission | None:
    known = state["permissions"].get(actor)
    return known if known is not None and age_s(known["at"], now) <= FRESH_S else None


def unknown(state: State, event: Waiting) -> bool:
    """Whether the repository must be looked at before anything else."""
    repo = state.get("repo")
    return not repo or "default_branch" not in repo or empty(state, event)


def empty(state: State, event: Waiting) -> bool:
    """A plan for a repository that was empty: its first commit may be there before the word of it."""
    repo = state.get("repo")
    plans = event["type"] == "command" and event.get("name") in ("plan", "hotfix")
    return bool(repo and repo.get("empty") and plans and not event.get("looked_again"))


def verdict_of(known: Permission, event: Waiting, forge: str, bots: list[int]) -> Verdict:
    if event["needs"] in ("none", "read"):  # whoever asks; what they are told depends on it
        right = known.get("permission")
        return {"allowed": True, "permission": right} if right else {"allowed": True}
    if known.get("denial"):
        return {"allowed": False, "denial": known["denial"]}
    if known["user_id"] is None or event.get("actor_id") != known["user_id"]:
        return {"allowed": False, "denial": "the account with that name is not the one that wrote this"}
    if event["type"] != "pr_review_submitted" and (denial := no_person(known, event, bots)):
        return {"allowed": False, "denial": denial}
    wanted = "admin" if event["needs"] == "maintain" and forge != "github" else event["needs"]
    return {
        "allowed": LEVELS.index(known["permission"]) >= LEVELS.index(wanted),
        "permission": known["permission"],
    }


def no_person(known: Permission, event: Waiting, bots: list[int]) -> str | None:
    """Why a bot may not do it, whatever its right; None where it may, and of a person."""
    listed = known.get("user_id") in bots
    if known.get("machine") and not listed:
        return "it is a bot's account, which `commands.bots` in `.caloron.yml` does not name"
    if listed and event["type"] == "command" and event["name"] in OF_PERSONS:
        return "only a person may approve or merge"
    return None


def age_s(earlier: str, now: str) -> float:
    read = datetime.datetime.fromisoformat
    return (read(now) - read(earlier)).total_seconds()


def in_line(waiting: dict[str, Waiting], event: Waiting) -> Waiting:
    """What waits is let go in the order in which it came, and the store keeps none."""
    known = waiting[event["key"]].get("turn") if event["key"] in waiting else None
    held = event.copy()
    held["turn"] = known or 1 + max((other.get("turn", 0) for other in waiting.values()), default=0)
    return held


def judged(event: Waiting, verdict: Verdict) -> Waiting:
    known = event.copy()
    known.pop("asked_at", None)
    known["allowed"] = verdict["allowed"]
    if "denial" in verdict:
        known["denial"] = verdict["denial"]
    if "permission" in verdict:
        known["permission"] = verdict["permission"]
    return known


def question(state: State, policy: Policy, event: Waiting, now: str) -> Action:
    """The comment is read back first; what its author may do here is asked in the same moment."""
    if "delivered" in event and event["type"] in ("command", "mistakes"):
        return read_back(state, policy, event, now)
    if unknown(state, event):
        return {"type": "look", "what": "repository", "key": "look:repository"}
    login = str(event["actor"])
    return {"type": "look", "what": "permission", "login": login, "key": f"look:permission:{login}"}


def read_back(state: State, policy: Policy, event: Command | Mistakes, now: str) -> Action:
    where, actor = event["where"], event.get("actor")
    number = where["board"] if "board" in where else where["comment_id"]
    look: LookComment = {
        "type": "look", "what": "comment", "comment_id": number, "key": f"look:comment:{number}"
    }  # fmt: skip
    if actor and not is_for_all(event) and not settled(state, policy, event, actor, now):
        look["login"] = actor
    return look


def receipt(event: Waiting) -> list[Action]:
    """👀 on the comment that holds a command, once the forge has shown it, or on the issue itself."""
    if event["type"] != "command" or not event.get("where"):
        return []
    where = event["where"]
    if number := where.get("comment_id"):
        return [{"type": "react", "comment_id": number, "content": "eyes", "key": f"react:{number}:eyes"}]
    if where.get("own_text"):
        number = where["number"]
        return [{"type": "react", "number": number, "content": "eyes", "key": f"react:issue:{number}:eyes"}]
    return []


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
