"""Apply the forge's answers to our actions: a merge that succeeded, an issue that was created."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar, TypedDict, cast

if TYPE_CHECKING:
    from stages.world import (
        Action, AgentFinished, AskReview, AssignIssue, Command, CreateIssue, Event, HoldSeen, Issue,
        IssueOpened, IssueRefused, Kickoff, Mark, MergeDenied, MergePostponed, MergePr, MergeRefused,
        NotAsked, Performed, Policy, PrConflict, PrMerged, PullRequest, Refused, Result, SetLabels,
        Show, SpawnAgent, State, UpdateBranch, WaitOver, Where,
    )  # fmt: skip

NAME = "take_answer"
ORIGIN = ("forge", "repo_id", "repo", "at")
HOLD = "caloron:hold"
HOTFIX = "hotfix"


class Input(TypedDict):
    state: State
    events: list[Event]
    policy: Policy


class Output(TypedDict):
    state: State
    actions: list[Action]
    events: list[Event]


BEHIND = "the branch lacks commits of its base, and the forge did not merge them into it"


def execute(input: Input) -> Output:
    state = input["state"]
    actions: list[Action] = []
    events: list[Event] = []
    for event in input["events"]:
        match event["type"]:
            case "performed":
                state, found, more = performed(state, event)
            case "refused":
                state, found, more = refused(state, event)
            case _:
                found, more = [event], []
        events += found
        actions += more
    return {"state": state, "actions": actions, "events": events}


Emitted = TypeVar("Emitted", bound=Mapping[str, object])


def with_origin(event: Performed | Refused, emitted: Emitted) -> Emitted:
    """The emitted event, with where and when it happened, under a key of its own."""
    fields: Mapping[str, object] = event
    origin = {name: fields[name] for name in ORIGIN if name in fields}
    action: Mapping[str, object] = event["action"]
    if "task_id" in emitted and action.get("sprint_id"):
        origin["sprint_id"] = action["sprint_id"]  # the next sprint may have a task of the same name
    return cast("Emitted", {**origin, "key": f"{emitted['type']}:{event['key']}", **emitted})


def performed(state: State, event: Performed) -> tuple[State, list[Event], list[Action]]:
    action, result = event["action"], event["result"]
    match action["type"]:
        case "create_issue" if action["mark"]["kind"] == HOTFIX:
            state, command = take_waiting(remember_issue(state, action, result), action["key"])
            return state, [{**command, "opened": result["number"]}] if command else [], []
        case "create_issue":
            opened: IssueOpened = {"type": "issue_opened", "own": True, "issue_number": result["number"],
                                   "task_id": action["mark"]["task"]}  # fmt: skip
            return remember_issue(state, action, result), [with_origin(event, opened)], []
        case "merge_pr" if result.get("behind"):
            return state, [], [update_of(action, BEHIND)]
        case "merge_pr" if result.get("merged") is False:
            return not_approved(state, event, action)
        case "merge_pr":
            merged: PrMerged = {"type": "pr_merged", "pr_number": action["pr_number"],
                                "task_id": str(action["task_id"])}  # fmt: skip
            return remember_merge(state, action), [with_origin(event, merged)], []
        case "close_issue":
            return with_issue(state, action["number"], {"state": "closed"}), [], []
        case "reopen_issue":
            return with_issue(state, action["number"], {"state": "open"}), [], []
        case "update_branch":
            if result.get("moved") is False:
                return state, [no_help(event, action)], []
            return state, [], [look_at_pull(action["pr_number"])]
        case "wake_up":
            over: WaitOver = {"type": "wait_over", "task_id": str(action["task_id"])}
            return state, [with_origin(event, over)], []
        case "ask_review":
            return state, [], tell_not_asked(state, action, result.get("not_asked") or [])
        case "assign_issue":
            return state, [], tell_not_assigned(action, result.get("not_assigned"))
        case "set_labels":
            state = with_issue(state, action["number"], {"labels": sorted(result["labels"])})
            return state, released(state, event, action), []
        case _:
            return state, [], []


def take_waiting(state: State, key: str) -> tuple[State, Command | None]:
    """The hotfix that waited for its issue."""
    waiting = state.get("adopting") or {}
    others = {name: one for name, one in waiting.items() if name != key}
    return {**state, "adopting": others}, waiting.get(key)


def hotfix_refused(state: State, event: Refused, action: CreateIssue) -> tuple[State, list[Action]]:
    """Without an issue of its own nothing begins."""
    state, command = take_waiting(state, action["key"])
    if command is None:
        return state, []
    why = as_text(event["message"]).rstrip(".")
    words = f"I could not open an issue for this hotfix: {why}. Open one yourself, and say `/hotfix` there."
    comment: Action = {"type": "comment", "number": command["where"]["number"], "body": words,
                       "key": f"{action['key']}:refused", "mark": {"kind": "answer"},
                       "answers": command["where"]}  # fmt: skip
    return state, [comment]


def milestone_refused(state: State, event: Refused, action: Show) -> tuple[State, list[Action]]:
    """The sprint goes on without milestones of the forge, which is said once."""
    kickoff = state["kickoffs"].get(str(action.get("number")))
    if kickoff is None or kickoff.get("no_milestones"):
        return state, []
    number, why = kickoff["number"], as_text(event["message"], 300).rstrip(".")
    words = (
        f"The forge refused to make a milestone, or to put an issue into one: {why}. This sprint goes on "
        "without milestones there; the board still shows its own."
    )
    mark: Mark = {"kind": "note", "sprint": kickoff["id"]}
    comment: Action = {"type": "comment", "number": number, "body": words, "mark": mark,
                       "key": f"{kickoff['id']}/milestones/refused"}  # fmt: skip
    kickoff = {**kickoff, "no_milestones": True}
    return {**state, "kickoffs": {**state["kickoffs"], str(number): kickoff}}, [comment]


def tell_not_asked(state: State, action: AskReview, refused: list[NotAsked]) -> list[Action]:
    """Whom the forge refused to ask is said once, on the kickoff; nothing else waits for that."""
    if not refused:
        return []
    who = ", ".join(f"{as_code(one['reviewer'])} (“{as_text(one['message'], 200)}”)" for one in refused)
    words = (
        f"The forge refused to ask for a review: {who}. Give them access to this repository, "
        "or change `review.reviewers` in `.caloron.yml`. Everything else goes on."
    )
    sprint = str(action["sprint_id"])
    kickoffs = [one["number"] for one in state["kickoffs"].values() if one["id"] == sprint]
    mark: Mark = {"kind": "note", "sprint": sprint, "key": f"{sprint}/not_asked"}
    number = kickoffs[0] if kickoffs else action["pr_number"]
    return [{"type": "comment", "number": number, "body": words, "mark": mark,
             "key": f"{action['key']}/refused", "sprint_id": sprint, "grows": True}]  # fmt: skip


def tell_not_assigned(action: AssignIssue, message: str | None) -> list[Action]:
    """The task is the person's all the same; only the forge does not show it."""
    if not message:
        return []
    who = " ".join(as_code(name) for name in action["assignees"])
    words = (
        f"The forge did not assign this issue to {who} (“{as_text(message, 200)}”). "
        "If the name is wrong, say `/assign-human` with the right one."
    )
    task, sprint = str(action["task_id"]), str(action["sprint_id"])
    mark: Mark = {"kind": "answer", "sprint": sprint, "task": task}
    return [{"type": "comment", "number": action["number"], "body": words, "mark": mark,
             "key": f"{action['key']}/refused", "sprint_id": sprint, "task_id": task}]  # fmt: skip


def not_approved(state: State, event: Performed, action: MergePr) -> tuple[State, list[Event], list[Action]]:
    """Nobody's approval counts; or what was approved is not so any more, which a look will tell."""
    message, wait = event["result"].get("message"), event["result"].get("wait")
    if not message:
        return state, [postponed(event, action)], [look_at_pull(action["pr_number"])]
    emitted: MergeDenied = {"type": "merge_denied", "message": message, "wait": wait or "",
                         "head_sha": action["head_sha"], "task_id": str(action["task_id"]),
                         "pr_number": action["pr_number"]}  # fmt: skip
    return state, [with_origin(event, emitted)], []


def postponed(event: Performed | Refused, action: MergePr) -> Event:
    emitted: MergePostponed = {"type": "merge_postponed", "task_id": str(action["task_id"]),
                            "pr_number": action["pr_number"]}  # fmt: skip
    return with_origin(event, emitted)


def remember_issue(state: State, action: CreateIssue, result: Result) -> State:
    known: Issue = {"state": "open", "title": action["title"], "labels": sorted(action["labels"]),
                    "body_hash": None, "html_url": result.get("html_url"), "own": True}  # fmt: skip
    return {**state, "issues": {**state["issues"], str(result["number"]): known}}


def remember_merge(state: State, action: MergePr) -> State:
    number, pulls = str(action["pr_number"]), state["pulls"]
    known = cast("PullRequest", {**pulls.get(number, {}), "merged": True, "state": "closed"})
    return {**state, "pulls": {**pulls, number: known}}


def with_issue(state: State, number: int, changed: Issue) -> State:
    known: Issue = {**state["issues"].get(str(number), {}), **changed}
    return {**state, "issues": {**state["issues"], str(number): known}}


def released(state: State, event: Performed, action: SetLabels) -> list[Event]:
    """A task whose label `caloron:hold` is gone may be merged now."""
    number = action["number"]
    if HOLD not in (action.get("remove") or []):
        return []
    seen: list[HoldSeen] = [
        {"type": "hold_seen", "issue_number": number, "task_id": name}
        for name, task in state["tasks"].items()
        if number in (task.get("issue_number"), task.get("pr_number"))
    ]
    return [with_origin(event, one) for one in seen]


def look_at_pull(number: int) -> Action:
    return {
        "type": "look",
        "what": "pull",
        "number": number,
        "key": f"look:pull:{number}",
        "known_reviews": [],
    }


def no_help(event: Performed, action: UpdateBranch) -> Event:
    """The branch has all of its base: so it conflicts in another way, or the forge only never answered."""
    if action.get("reason"):
        return merge_refused(event, action, action["reason"])
    return pr_conflict(event, action, {"head_sha": action["head_sha"]})


def merge_refused(event: Performed | Refused, action: MergePr | UpdateBranch, message: str) -> Event:
    emitted: MergeRefused = {"type": "merge_refused", "message": message, "head_sha": action["head_sha"],
                          "task_id": str(action["task_id"]), "pr_number": action["pr_number"]}  # fmt: skip
    return with_origin(event, emitted)


def pr_conflict(event: Performed | Refused, action: UpdateBranch, head: dict[str, str]) -> Event:
    emitted = {"type": "pr_conflict", "task_id": action["task_id"], "pr_number": action["pr_number"], **head}
    return cast("PrConflict", with_origin(event, emitted))


def look_at_base(state: State) -> list[Action]:
    """A merge was refused: perhaps the base requires more than we know."""
    repo = state.get("repo")
    branch = repo.get("default_branch") if repo else None
    if not branch:
        return []
    return [{"type": "look", "what": "protection", "branch": branch, "key": "look:protection"}]


def update_of(action: MergePr, reason: str | None) -> Action:
    update: UpdateBranch = {
        "type": "update_branch", "pr_number": action["pr_number"], "head_sha": action["head_sha"],
        "sprint_id": action.get("sprint_id"), "key": f"{action['key']}:update",
    }  # fmt: skip
    if "task_id" in action:
        update["task_id"] = action["task_id"]
    if reason:
        update["reason"] = reason
    return update


def issue_refused(state: State, event: Refused, mark: Mark) -> list[Event]:
    """Told of the running sprint's task; one of an ended sprint waits for nothing."""
    running = state.get("kickoffs", {}).get(str(state.get("running")))
    if not running or running["id"] != mark["sprint"]:
        return []
    emitted: IssueRefused = {"type": "issue_refused", "task_id": mark["task"], "message": event["message"]}
    return [with_origin(event, emitted)]


def plan_waiting_for(state: State, look: Action) -> Kickoff | None:
    """The kickoff that is being planned, whose text this was to read."""
    if look["type"] != "look" or look["what"] != "issue":
        return None
    kickoff = state.get("kickoffs", {}).get(str(look["number"]))
    return kickoff if kickoff and kickoff["status"] == "Planning" else None


def unread(state: State, event: Refused, kickoff: Kickoff) -> tuple[State, list[Event], list[Action]]:
    """Nothing is planned: it waits for another `/plan`."""
    number = kickoff["number"]
    kickoff = {**kickoff, "status": "Proposed", "plan": None, "plan_hash": None}
    why = as_text(event["message"]).rstrip(".")
    words = f"I could not read this issue: {why}. When that is fixed, say `/plan` again."
    mark: Mark = {"kind": "answer", "sprint": kickoff["id"]}
    where: Where = {"number": number, "asker": kickoff.get("asked_by") or ""}
    comment: Action = {"type": "comment", "number": number, "body": words,
                       "key": f"{kickoff['id']}/unread/{kickoff['asked_at']}", "mark": mark,
                       "answers": where}  # fmt: skip
    return {**state, "kickoffs": {**state["kickoffs"], str(number): kickoff}}, [], [comment]


def refused(state: State, event: Refused) -> tuple[State, list[Event], list[Action]]:
    action, message = event["action"], event["message"]
    if event.get("withdrawn"):
        return state, [], []
    match action["type"]:
        case "create_issue" if action["mark"]["kind"] == HOTFIX:
            state, told = hotfix_refused(state, event, action)
            return state, [], told
        case "create_issue":
            return state, issue_refused(state, event, action["mark"]), []
        case "show" if action.get("kind") == "milestone":
            state, told = milestone_refused(state, event, action)
            return state, [], told
        case "look":
            kickoff = plan_waiting_for(state, action)
            return unread(state, event, kickoff) if kickoff else (state, [event], [])
        case "merge_pr":
            return merge_not_done(state, event, action)
        case "update_branch" if (event["status"], message) == (409, "conflict"):
            return state, [pr_conflict(event, action, {})], []
        case "update_branch":
            return state, [merge_refused(event, action, message)], [look_at_pull(action["pr_number"])]
        case "spawn_agent":
            return state, [not_started(event, action)], []
        case _:
            return state, [event], []


def merge_not_done(state: State, event: Refused, action: MergePr) -> tuple[State, list[Event], list[Action]]:
    message = event["message"]
    if "out of date" in message:
        return state, [postponed(event, action)], [look_at_pull(action["pr_number"])]
    if (event["status"], message) == (409, "conflict"):
        return state, [], [update_of(action, event.get("reason"))]
    return state, [merge_refused(event, action, message)], look_at_base(state)


def not_started(event: Refused, action: SpawnAgent) -> Event:
    emitted: AgentFinished = {
        "type": "agent_finished", "sprint_id": action.get("sprint_id"), "task_id": str(action["task_id"]),
        "agent_id": action.get("agent_id"), "attempt": action.get("attempt"), "outcome": "crashed",
        "reason": f"The agent could not be started: {event['message']}",
    }  # fmt: skip
    return with_origin(event, emitted)


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
