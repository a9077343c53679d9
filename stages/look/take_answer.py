"""Apply the forge's answers to our actions: a merge that succeeded, an issue that was created."""

import re
from typing import Any, TypedDict

NAME = "take_answer"


HOLD = "caloron:hold"


class Input(TypedDict):
    state: Any
    events: list[Any]
    policy: Any


class Output(TypedDict):
    state: Any
    actions: list[Any]
    events: list[Any]


def execute(input: Input) -> Output:
    state, actions, events = input["state"], list[Any](), list[Any]()
    for event in input["events"]:
        match event["type"]:
            case "performed":
                state, found, more = done(state, event)
            case "refused":
                state, found, more = refused(state, event)
            case _:
                found, more = [event], []
        events += found
        actions += more
    return {"state": state, "actions": actions, "events": events}


Answer = tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]]


def told(event: dict[str, Any], type_: str, **fields: Any) -> dict[str, Any]:
    common: dict[str, Any] = {
        name: event[name] for name in ("forge", "repo_id", "repo", "at") if name in event
    }
    return {**common, "type": type_, "key": f"{type_}:{event['key']}", **fields}


def done(state: dict[str, Any], event: dict[str, Any]) -> Answer:
    action, result = event["action"], event["result"]
    match action["type"]:
        case "create_issue":
            state = remember_issue(state, action, result)
            fields = {"issue_number": result["number"], "task_id": action["mark"]["task"]}
            return state, [told(event, "issue_opened", own=True, **fields)], []
        case "merge_pr":
            pulls = state["pulls"]
            known = pulls.get(str(action["pr_number"])) or {}
            state = {
                **state,
                "pulls": {**pulls, str(action["pr_number"]): {**known, "merged": True, "state": "closed"}},
            }
            return (
                state,
                [told(event, "pr_merged", pr_number=action["pr_number"], task_id=action["task_id"])],
                [],
            )
        case "close_issue" | "reopen_issue":
            return remember_state(state, action), [], []
        case "update_branch" if result.get("moved") is False:
            return state, [no_help(event, action)], []
        case "update_branch":
            return state, [], [look_at_pull(action["pr_number"])]
        case "set_labels":
            state = remember_labels(state, action["number"], result["labels"])
            return state, released(state, event, action), []
        case _:
            return state, [], []


def remember_issue(state: dict[str, Any], action: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    known = {"state": "open", "title": action["title"], "labels": sorted(action["labels"]), "body_hash": None,
             "html_url": result.get("html_url"), "own": True}  # fmt: skip
    return {**state, "issues": {**state["issues"], str(result["number"]): known}}


def remember_state(state: dict[str, Any], action: dict[str, Any]) -> dict[str, Any]:
    number = str(action["number"])
    now = "closed" if action["type"] == "close_issue" else "open"
    known = {**(state["issues"].get(number) or {}), "state": now}
    return {**state, "issues": {**state["issues"], number: known}}


def remember_labels(state: dict[str, Any], number: int, labels: list[str]) -> dict[str, Any]:
    known = {**(state["issues"].get(str(number)) or {}), "labels": sorted(labels)}
    return {**state, "issues": {**state["issues"], str(number): known}}


def released(state: dict[str, Any], event: dict[str, Any], action: dict[str, Any]) -> list[dict[str, Any]]:
    """A task whose label `caloron:hold` is gone may be merged now."""
    number = action["number"]
    if HOLD not in (action.get("remove") or []):
        return []
    return [
        told(event, "hold_seen", issue_number=number, task_id=name)
        for name, task in state["tasks"].items()
        if number in (task.get("issue_number"), task.get("pr_number"))
    ]


def look_at_pull(number: int) -> dict[str, Any]:
    return {
        "type": "look",
        "what": "pull",
        "number": number,
        "key": f"look:pull:{number}",
        "known_reviews": [],
    }


def no_help(event: dict[str, Any], action: dict[str, Any]) -> dict[str, Any]:
    """The branch has all of its base: so it conflicts in another way, or the forge only never answered."""
    fields = {"task_id": action["task_id"], "pr_number": action["pr_number"], "head_sha": action["head_sha"]}
    if action.get("reason"):
        return told(event, "merge_refused", message=action["reason"], **fields)
    return told(event, "pr_conflict", **fields)


def look_at_base(state: dict[str, Any]) -> list[dict[str, Any]]:
    """A merge was refused: perhaps the base requires more than we know."""
    branch = (state.get("repo") or {}).get("default_branch")
    look = {"type": "look", "what": "protection", "branch": branch, "key": "look:protection"}
    return [look] if branch else []


def update_of(event: dict[str, Any], action: dict[str, Any]) -> dict[str, Any]:
    kept = {name: action.get(name) for name in ("pr_number", "head_sha", "sprint_id", "task_id")}
    why = {"reason": event["reason"]} if event.get("reason") else {}
    return {"type": "update_branch", **kept, **why, "key": f"{action['key']}:update"}


def issue_refused(state: dict[str, Any], event: dict[str, Any]) -> list[dict[str, Any]]:
    """Told of the running sprint's task; one of an ended sprint waits for nothing."""
    mark = event["action"]["mark"]
    running = (state.get("kickoffs") or {}).get(str(state.get("running"))) or {}
    if running.get("id") != mark["sprint"]:
        return []
    return [told(event, "issue_refused", task_id=mark["task"], message=event["message"])]


def is_of_a_plan(state: dict[str, Any], look: dict[str, Any]) -> bool:
    """Whether it was to read the text of a kickoff that is being planned."""
    kickoff = (state.get("kickoffs") or {}).get(str(look.get("number"))) or {}
    return bool(look["what"] == "issue" and kickoff.get("status") == "Planning")


def unread(state: dict[str, Any], event: dict[str, Any]) -> Answer:
    """Nothing is planned: it waits for another `/plan`."""
    number = event["action"]["number"]
    kickoff = {**state["kickoffs"][str(number)], "status": "Proposed", "plan": None, "plan_hash": None}
    why = as_text(event["message"]).rstrip(".")
    words = f"I could not read this issue: {why}. When that is fixed, say `/plan` again."
    said = {"type": "comment", "number": number, "body": words,
            "key": f"{kickoff['id']}/unread/{kickoff['asked_at']}",
            "mark": {"kind": "answer", "sprint": kickoff["id"]}}  # fmt: skip
    return {**state, "kickoffs": {**state["kickoffs"], str(number): kickoff}}, [], [said]


def refused(state: dict[str, Any], event: dict[str, Any]) -> Answer:
    action = event["action"]
    fields = {"task_id": action.get("task_id"), "pr_number": action.get("pr_number")}
    if event.get("withdrawn"):
        return state, [], []
    match action["type"]:
        case "create_issue":
            return state, issue_refused(state, event), []
        case "look" if is_of_a_plan(state, action):
            return unread(state, event)
        case "merge_pr" if "out of date" in event["message"]:
            state, wait = state, told(event, "merge_postponed", **fields)
            return state, [wait], [look_at_pull(action["pr_number"])]
        case "merge_pr" if (event["status"], event["message"]) == (409, "conflict"):
            return state, [], [update_of(event, action)]
        case "merge_pr":
            said = {"message": event["message"], "head_sha": action["head_sha"]}
            return state, [told(event, "merge_refused", **said, **fields)], look_at_base(state)
        case "update_branch" if (event["status"], event["message"]) == (409, "conflict"):
            return state, [told(event, "pr_conflict", **fields)], []
        case "update_branch":
            said = {"message": event["message"], "head_sha": action["head_sha"]}
            again = [look_at_pull(action["pr_number"])]
            return state, [told(event, "merge_refused", **said, **fields)], again
        case "spawn_agent":
            run = {name: action.get(name) for name in ("sprint_id", "task_id", "agent_id", "attempt")}
            end = {"outcome": "crashed", "reason": f"The agent could not be started: {event['message']}"}
            return state, [told(event, "agent_finished", **run, **end)], []
        case _:
            return state, [event], []


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
