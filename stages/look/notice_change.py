"""Decide what to fetch after a hint from the forge; our own writes need no fetch."""

from typing import Any, TypedDict

NAME = "notice_change"
MOST_EDITS = 20


class Input(TypedDict):
    state: Any
    events: list[Any]
    policy: Any


class Output(TypedDict):
    state: Any
    actions: list[Any]


def execute(input: Input) -> Output:
    state, policy = input["state"], input["policy"]
    looks = [look for event in input["events"] for look in looks_for(state, policy, event)]
    for event in input["events"]:
        state = (
            with_edit(state, event) if tells_an_edit(event) and not is_own(state, policy, event) else state
        )
        if event["type"] == "account_shared":
            state = {**state, "shared": True}
    return {"state": state, "actions": looks}


def looks_for(state: dict[str, Any], policy: dict[str, Any], event: dict[str, Any]) -> list[dict[str, Any]]:
    if event["type"] != "changed":  # a comment of our account that we did not write asks for no look
        return []
    match event["object"]:
        case "issue" if not is_own(state, policy, event) or is_not_our_way(state, policy, event):
            return [look_at("issue", event["number"], event)]
        case "pull" if not is_own(state, policy, event) or sets_command(policy, event):
            return [look_at_pull(state, event["number"], event)]
        case "commit":
            pulls = [t["pr_number"] for t in tasks_with_head(state, event.get("head_sha"))]
            return [look_at_pull(state, number, event) for number in pulls]
        case "branch" if (state.get("repo") or {}).get("empty"):
            return [{"type": "look", "what": "repository", "key": "look:repository"}]
        case "branch" if event["branch"] == (state.get("repo") or {}).get("default_branch"):
            return look_at_config(state)
        case "repository":
            return [{"type": "look", "what": "repository", "key": "look:repository"}]
        case _:
            return []


def look_at_config(state: dict[str, Any]) -> list[dict[str, Any]]:
    """The repository's own settings, where its branch has another commit than the one they were read at."""
    branch, known = (state.get("repo") or {}).get("default_branch"), (state.get("config") or {}).get("commit")
    look = {"type": "look", "what": "config", "branch": branch, "known": known, "key": "look:config"}
    return [look] if branch else []


def tells_an_edit(event: dict[str, Any]) -> bool:
    """Whether it tells that an issue has another text; with another title alone the text is as it was."""
    return bool(
        event["type"] == "changed"
        and event["object"] == "issue"
        and event.get("body_hash")
        and event["body_hash"] != event.get("body_was")
    )


def with_edit(state: dict[str, Any], event: dict[str, Any]) -> dict[str, Any]:
    """Who wrote which text is kept until it is looked at: a later hint may take the place of this look."""
    number, issues = str(event["number"]), state.get("issues") or {}
    known = issues.get(number) or {}
    edit = {"actor": event.get("actor"), "actor_id": event.get("actor_id"), "text": event["body_hash"],
            "was": event.get("body_was")}  # fmt: skip
    edits = [*(known.get("edits") or []), edit][-MOST_EDITS:]
    return {**state, "issues": {**issues, number: {**known, "edits": edits}}}


def is_own(state: dict[str, Any], policy: dict[str, Any], event: dict[str, Any]) -> bool:
    """Whether only we can have caused it; where a person shares our account, nobody can tell."""
    me = policy.get("me") or {}
    return bool(me.get("id") and event.get("actor_id") == me["id"] and not state.get("shared"))


def is_not_our_way(state: dict[str, Any], policy: dict[str, Any], event: dict[str, Any]) -> bool:
    """What our account does and we do not: open an issue that is no task's, or set a command's label."""
    ours_to_come = any(
        t.get("issue_asked") and not t.get("issue_number") for t in (state.get("tasks") or {}).values()
    )
    known = str(event["number"]) in (state.get("issues") or {})
    return sets_command(policy, event) or not (known or ours_to_come)


def sets_command(policy: dict[str, Any], event: dict[str, Any]) -> bool:
    """Whether it tells that a label was set which is a command."""
    return bool(event.get("labelled") and event.get("label") in (policy.get("command_labels") or []))


def look_at(what: str, number: int, event: dict[str, Any]) -> dict[str, Any]:
    caused = {name: event.get(name) for name in ("actor", "actor_id", "hint", "label", "labelled")}
    return {"type": "look", "what": what, "number": number, "key": f"look:{what}:{number}", "caused": caused}


def look_at_pull(state: dict[str, Any], number: int, event: dict[str, Any]) -> dict[str, Any]:
    known = ((state.get("pulls") or {}).get(str(number)) or {}).get("reviews") or {}
    return {**look_at("pull", number, event), "known_reviews": sorted(int(name) for name in known)}


def tasks_with_head(state: dict[str, Any], sha: str | None) -> list[dict[str, Any]]:
    tasks = (state.get("tasks") or {}).values()
    found = [
        t
        for t in tasks
        if sha and t.get("head_sha") == sha and t.get("pr_number") and t["status"] == "InReview"
    ]
    return sorted(found, key=lambda task: task["pr_number"])


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
