"""Take the forge's word on what someone may do, or on the repository, and let go on what waited for it."""

import re
from typing import Any, TypedDict

NAME = "take_permission"
CALLS = re.compile(r"([@#]|!(?=\d)|:(?=//)|www(?=\.)|<(?=!--))")


class Input(TypedDict):
    state: Any
    events: list[Any]
    now: str


class Output(TypedDict):
    state: Any
    actions: list[Any]
    events: list[Any]


def execute(input: Input) -> Output:
    state, actions, events = input["state"], list[Any](), list[Any]()
    for event in input["events"]:
        if answers(event, "permission"):
            known = known_of(event, input["now"])
            state = {**state, "permissions": {**state["permissions"], known["login"]: known}}
            state, released = release(state, lambda held, login=known["login"]: held.get("actor") == login)
            events += released
        elif event["type"] == "seen" and event["what"] == "repository":
            state = {**state, "repo": {**state["repo"], **repository(event["there"])}}
            actions += ask_required(state["repo"])
            state, released = release(state, lambda held: True)
            events += released
        else:
            events.append(event)
    return {"state": state, "actions": actions, "events": events}


def answers(event: dict[str, Any], what: str) -> bool:
    asked = event.get("request") or event.get("action") or {}
    return event["type"] in ("seen", "refused") and asked.get("type") == "look" and asked.get("what") == what


def known_of(event: dict[str, Any], now: str) -> dict[str, Any]:
    if event["type"] == "refused":
        return {"login": event["action"]["login"], "at": now, "denial": denial(event)}
    there = event["there"]
    return {"login": event["request"]["login"], "at": now, "user_id": there["user_id"],
            "permission": there["permission"]}  # fmt: skip


def denial(event: dict[str, Any]) -> str:
    if event["status"] == 403:
        return (
            "I may not ask the forge who may do what here. "
            "Make my account an administrator of this repository"
        )
    if event["status"] == 404:
        return "the forge knows no such account"
    return f"the forge did not say what that account may do ({clean(event['message'][:300])})"


def clean(text: str) -> str:
    """The forge's words as text: no mention, link or markup of its own."""
    escaped = re.sub(r"([\\`*_~\[\]<>|&])", r"\\\1", " ".join(str(text).split()))
    return CALLS.sub("\\1\N{WORD JOINER}", escaped)  # a forge looks for them in the rendered text


def repository(there: dict[str, Any]) -> dict[str, Any]:
    names = ("full_name", "default_branch", "empty", "private", "merge_styles", "default_merge_style",
             "html_url", "clone_url", "permissions")  # fmt: skip
    return {name: there[name] for name in names if name in there}


def ask_required(repo: dict[str, Any]) -> list[dict[str, Any]]:
    """What its base requires is told by the branch: read whenever the repository is."""
    branch = repo.get("default_branch")
    look = {"type": "look", "what": "protection", "branch": branch, "key": "look:protection"}
    return [look] if branch and not repo.get("empty") else []


def release(state: dict[str, Any], freed: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The events that waited, in the order in which they came."""
    held = state["waiting"]
    kept = {key: event for key, event in held.items() if not freed(event)}
    free = sorted((event for event in held.values() if freed(event)), key=lambda event: event.get("turn", 0))
    told = [{name: value for name, value in event.items() if name != "turn"} for event in free]
    return {**state, "waiting": kept}, told


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
