"""Decide what to fetch after a hint from the forge; our own writes need no fetch."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeGuard, TypedDict

if TYPE_CHECKING:
    from stages.world import AccountShared, Action, Caused, Changed, Edit, Policy, State

NAME = "notice_change"
MOST_EDITS = 20
MOST_EARLY = 20
ENDED = ("Done", "Cancelled", "Skipped")


class Input(TypedDict):
    state: State
    events: list[Changed | AccountShared]
    policy: Policy


class Output(TypedDict):
    state: State
    actions: list[Action]


def execute(input: Input) -> Output:
    state, policy = input["state"], input["policy"]
    looks = [look for event in input["events"] for look in looks_for(state, policy, event)]
    for event in input["events"]:
        state = (
            with_edit(state, event) if tells_an_edit(event) and not is_own(state, policy, event) else state
        )
        if event["type"] == "account_shared":
            state = {**state, "shared": True}
        elif event["type"] == "changed" and event["object"] == "commit":
            state = with_early(state, event.get("head_sha"))
    return {"state": state, "actions": looks}


def looks_for(state: State, policy: Policy, event: Changed | AccountShared) -> list[Action]:
    if event["type"] != "changed":  # a comment of our account that we did not write asks for no look
        return []
    match event["object"]:
        case "issue" if not is_own(state, policy, event) or is_not_our_way(state, policy, event):
            return [look_at_issue(event["number"], event)]
        case "pull" if not is_own(state, policy, event) or sets_command(policy, event):
            return [look_at_pull(state, event["number"], event)]
        case "commit":
            pulls = pulls_with_head(state, event.get("head_sha"))
            return [look_at_pull(state, number, event) for number in pulls]
        case "branch":
            return looks_at_branch(state, event)
        case "repository":
            return [{"type": "look", "what": "repository", "key": "look:repository"}]
        case _:
            return []


def looks_at_branch(state: State, event: Changed) -> list[Action]:
    repo = state.get("repo")
    gone = set(event.get("head_sha") or "") == {"0"}
    if repo and (repo.get("empty") or (gone and event["branch"] == repo.get("default_branch"))):
        return [{"type": "look", "what": "repository", "key": "look:repository"}]
    return look_at_config(state) if repo and event["branch"] == repo.get("default_branch") else []


def look_at_config(state: State) -> list[Action]:
    """The repository's own settings, where its branch has another commit than the one they were read at."""
    repo, config = state.get("repo"), state.get("config")
    if not repo or not repo.get("default_branch"):
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


def tells_an_edit(event: Changed | AccountShared) -> TypeGuard[Changed]:
    """Whether it tells that an issue has another text; with another title alone the text is as it was."""
    return bool(
        event["type"] == "changed"
        and event["object"] == "issue"
        and event.get("body_hash")
        and event["body_hash"] != event.get("body_was")
    )


def with_edit(state: State, event: Changed) -> State:
    """Who wrote which text is kept until it is looked at: a later hint may take the place of this look."""
    number, issues = str(event["number"]), state.get("issues", {})
    known = issues.get(number, {})
    edit: Edit = {"actor": event.get("actor"), "actor_id": event.get("actor_id"), "text": event["body_hash"],
                  "was": event.get("body_was")}  # fmt: skip
    edits = [*(known.get("edits") or []), edit][-MOST_EDITS:]
    return {**state, "issues": {**issues, number: {**known, "edits": edits}}}


def is_own(state: State, policy: Policy, event: Changed | AccountShared) -> bool:
    """Whether only we can have caused it; where a person shares our account, nobody can tell."""
    me = policy.get("me")
    return bool(me and event.get("actor_id") == me["id"] and not state.get("shared"))


def is_not_our_way(state: State, policy: Policy, event: Changed) -> bool:
    """What our account does and we do not: open an issue that is no task's, or set a command's label."""
    tasks = state.get("tasks", {}).values()
    ours_to_come = any(task.get("issue_asked") and not task.get("issue_number") for task in tasks)
    known = str(event["number"]) in state.get("issues", {})
    return sets_command(policy, event) or not (known or ours_to_come)


def sets_command(policy: Policy, event: Changed) -> bool:
    """Whether it tells that a label was set which is a command."""
    return bool(event.get("labelled") and event.get("label") in (policy.get("command_labels") or []))


def cause(event: Changed) -> Caused:
    return {
        "actor": event.get("actor"),
        "actor_id": event.get("actor_id"),
        "hint": event["hint"],
        "label": event.get("label"),
        "labelled": event.get("labelled"),
    }


def look_at_issue(number: int, event: Changed) -> Action:
    key = f"look:issue:{number}"
    return {"type": "look", "what": "issue", "number": number, "key": key, "caused": cause(event)}


def look_at_pull(state: State, number: int, event: Changed) -> Action:
    pulls = state.get("pulls", {})
    known = pulls[str(number)].get("reviews", {}) if str(number) in pulls else {}
    return {
        "type": "look",
        "what": "pull",
        "number": number,
        "key": f"look:pull:{number}",
        "caused": cause(event),
        "known_reviews": sorted(int(name) for name in known),
    }


def with_early(state: State, sha: str | None) -> State:
    """A status may come before we know of what was pushed: its commit is kept until it is a task's head."""
    early = state.get("early") or []
    if sha is None or state.get("running") is None or sha in early or pulls_with_head(state, sha):
        return state
    return {**state, "early": [*early, sha][-MOST_EARLY:]}


def pulls_with_head(state: State, sha: str | None) -> list[int]:
    tasks = state.get("tasks", {}).values()
    open_ = [task for task in tasks if sha and task.get("head_sha") == sha and task["status"] not in ENDED]
    return sorted(number for task in open_ if (number := task.get("pr_number")))


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
