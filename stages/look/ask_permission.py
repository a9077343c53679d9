"""Hold an event until the forge has told its actor's permission; without an answer there is none."""

import datetime
from typing import Any, TypedDict

NAME = "ask_permission"


class Input(TypedDict):
    state: Any
    events: list[Any]
    actions: list[Any]
    now: str
    policy: Any


class Output(TypedDict):
    state: Any
    actions: list[Any]
    events: list[Any]


FRESH_S = 60
LEVELS = ("none", "read", "triage", "write", "maintain", "admin", "owner")


def execute(input: Input) -> Output:
    state, actions, events = input["state"], list[Any](), list[Any]()
    for event in input["events"]:
        actions += receipt(event)
        verdict = judge(state, event, input["now"])
        if verdict is None:
            held = {
                **in_line(state["waiting"], event),
                **({"looked_again": True} if empty(state, event) else {}),
            }
            actions.append(question(state, event))
            state = {**state, "waiting": {**state["waiting"], event["key"]: held}}
        else:
            events.append({**event, **verdict})
    return {"state": state, "actions": actions, "events": events}


def judge(state: dict[str, Any], event: dict[str, Any], now: str) -> dict[str, Any] | None:
    if unknown(state, event):
        return None
    if event["needs"] in ("none", "read"):
        return {"allowed": True}
    if not event.get("actor"):
        return {"allowed": False, "denial": "I could not find out who made this change"}
    known = state["permissions"].get(event["actor"])
    if known is None or age_s(known["at"], now) > FRESH_S:
        return None
    return verdict_of(known, event, str(state["repo"].get("forge")))


def unknown(state: dict[str, Any], event: dict[str, Any]) -> bool:
    """Whether the repository must be looked at before anything else."""
    return "default_branch" not in (state.get("repo") or {}) or empty(state, event)


def empty(state: dict[str, Any], event: dict[str, Any]) -> bool:
    """A plan for a repository that was empty: its first commit may be there before the word of it."""
    was = (state.get("repo") or {}).get("empty")
    return bool(was and event.get("name") == "plan" and not event.get("looked_again"))


def verdict_of(known: dict[str, Any], event: dict[str, Any], forge: str) -> dict[str, Any]:
    if known.get("denial"):
        return {"allowed": False, "denial": known["denial"]}
    if known["user_id"] is None or event.get("actor_id") != known["user_id"]:
        return {"allowed": False, "denial": "the account with that name is not the one that wrote this"}
    wanted = "admin" if event["needs"] == "maintain" and forge != "github" else event["needs"]
    return {
        "allowed": LEVELS.index(known["permission"]) >= LEVELS.index(wanted),
        "permission": known["permission"],
    }


def age_s(earlier: str, now: str) -> float:
    read = datetime.datetime.fromisoformat
    return (read(now) - read(earlier)).total_seconds()


def in_line(waiting: dict[str, Any], event: dict[str, Any]) -> dict[str, Any]:
    """What waits is let go in the order in which it came, and the store keeps none."""
    known = (waiting.get(event["key"]) or {}).get("turn")
    return {**event, "turn": known or 1 + max((held.get("turn", 0) for held in waiting.values()), default=0)}


def question(state: dict[str, Any], event: dict[str, Any]) -> dict[str, Any]:
    if unknown(state, event):
        return {"type": "look", "what": "repository", "key": "look:repository"}
    login = event["actor"]
    return {"type": "look", "what": "permission", "login": login, "key": f"look:permission:{login}"}


def receipt(event: dict[str, Any]) -> list[dict[str, Any]]:
    """👀 at once on the comment that holds a command, or on the issue whose own text does."""
    where = event.get("where") or {}
    if event["type"] != "command":
        return []
    if where.get("comment_id"):
        on, key = {"comment_id": where["comment_id"]}, f"react:{where['comment_id']}:eyes"
    elif where.get("own_text"):
        on, key = {"number": where["number"]}, f"react:issue:{where['number']}:eyes"
    else:
        return []
    return [{"type": "react", **on, "content": "eyes", "key": key}]


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
