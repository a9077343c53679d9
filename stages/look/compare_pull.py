"""Compare a fetched pull request, or its base's required checks, with what the state remembers."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar, TypedDict, cast

if TYPE_CHECKING:
    from stages.world import (
        Action, ApprovalKept, CheckCompleted, Checks, ChecksFailed, CheckState, Event, FailedCheck, ForgePull,
        ForgeReview, HoldSeen, LookFailures, LookProposal, LookTimeline, LookUpdates, Policy, PrClosed,
        PrMerged, PrOpened, PrReopened, PrReviewSubmitted, Proposal, PrSynchronized, PullRequest,
        RequiredChecks, SeenPull, SeenUpdates, State, Task, TimelineAsk,
    )  # fmt: skip

NAME = "compare_pull"


class Input(TypedDict):
    state: State
    events: list[Event]
    policy: Policy


class Output(TypedDict):
    state: State
    actions: list[Action]
    events: list[Event]


class Judged(TypedDict):
    """What the base and the repository's file make of a head's checks."""

    missing: list[str]
    ignored: list[str]


HOLD = "caloron:hold"
OWN_CHECKS = "caloron/"
WORST_FIRST: tuple[CheckState, ...] = ("failure", "pending", "success")
STARTED_BY = re.compile(r" \((?:push|pull_request|pull_request_target|merge_group)\)$")
MOST_OF_BASE = 200
MOST_PROPOSALS = 500
ORIGIN = ("forge", "repo_id", "repo", "at", "found")
BRANCH = re.compile(r"agent/([a-z0-9_-]{1,64})/([a-z0-9_-]{1,64})")
COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
CLOSES = re.compile(r"\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):? +([\w.-]+/[\w.-]+)?#(\d{1,9})\b", re.I)
MARK = re.compile(r"<!-- caloron:pull [^>]*?sprint=([^\s>]+) task=([^\s>]+) -->")


def execute(input: Input) -> Output:
    state = input["state"]
    actions: list[Action] = []
    events: list[Event] = []
    for event in input["events"]:
        if event["type"] == "seen" and event["what"] == "pull":
            state, found, looks = compare(state, input["policy"], event)
            state, proposals = ask_proposal(state, event)
            actions += look_at_base(state, event)
            actions += looks + ask_again(state, found) + ask_updates(event, found) + proposals
            events += found
        elif event["type"] == "seen" and event["what"] == "updates":
            events += kept(state, event)
        elif (number := not_looked_at(event)) is not None:
            state = forget_proposal(state, str(number))
        elif (failed := failures(state, event)) is not None:
            events += failed
        elif required := required_of(state, event):
            state, found = require(state, input["policy"], event, required)
            events += found
        else:
            events.append(event)
    return {"state": state, "actions": actions, "events": events}


def ask_proposal(state: State, event: SeenPull) -> tuple[State, list[Action]]:
    """Of each new head of anyone's pull request into the default branch: does it change the settings?"""
    number, observed, repo = str(event["number"]), event["there"], state.get("repo")
    base, head, known = observed.get("base"), observed["head"]["sha"], state.get("proposals", {})
    branch = repo.get("default_branch") if repo else None
    if not base or not branch:
        return state, []
    if observed["state"] != "open" or base["ref"] != branch:
        return (forget_proposal(state, number) if number in known else state), []
    before = known.get(number)
    if before and before["looked_at"] == head:
        return state, []
    proposal: Proposal = {**before, "looked_at": head} if before else {"looked_at": head}
    others = [(name, one) for name, one in known.items() if name != number]
    kept = dict([*others, (number, proposal)][-MOST_PROPOSALS:])
    look: LookProposal = {"type": "look", "what": "proposal", "number": event["number"], "head_sha": head,
                          "key": f"look:proposal:{number}"}  # fmt: skip
    return {**state, "proposals": kept}, [look]


def look_at_base(state: State, event: SeenPull) -> list[Action]:
    """A task's pull request goes into another branch than the default one: perhaps that has a new name."""
    repo, base = state.get("repo"), event["there"].get("base")
    branch = repo.get("default_branch") if repo else None
    known = state.get("pulls", {}).get(str(event["number"]))
    if not known or known["state"] != "open" or not base or not branch or base["ref"] == branch:
        return []
    return [{"type": "look", "what": "repository", "key": "look:repository"}]


def not_looked_at(event: Event) -> int | None:
    """The pull request whose look at the settings the forge refused."""
    if event["type"] != "refused" or event["action"]["type"] != "look":
        return None
    return event["action"]["number"] if event["action"]["what"] == "proposal" else None


def forget_proposal(state: State, number: str) -> State:
    others = {name: one for name, one in state.get("proposals", {}).items() if name != number}
    return {**state, "proposals": others}


def compare(state: State, policy: Policy, event: SeenPull) -> tuple[State, list[Event], list[Action]]:
    number, observed = str(event["number"]), event["there"]
    task_id = task_of(state, policy, observed)
    if task_id is None:
        return state, by_person(state, event), []
    known = state.get("pulls", {}).get(number)
    request = event.get("request")
    caused = request.get("caused") if request else None
    if caused and caused.get("hint") == "reconcile":
        event = {**event, "found": True}
    found_of = judged(state, policy, observed["status"])
    emitted: list[Event] = [
        *opened_or_moved(event, known, observed, state["tasks"][task_id]),
        *checks(state, event, known, observed, found_of),
        *reviews(event, known, observed),
        *ended(event, known, observed),
    ]
    found = [with_origin(event, task_id, one) for one in emitted]
    pulls = {**state["pulls"], number: remembered(observed, task_id, found_of)}
    state, held, looks = compare_labels({**state, "pulls": pulls}, policy, event, task_id)
    return state, held + found, looks


def ask_updates(event: SeenPull, found: list[Event]) -> list[Action]:
    """Of a new head: perhaps it only merges the base in, and keeps what was approved."""
    base = event["there"].get("base")
    moved = [one for one in found if one["type"] == "pr_synchronized"]
    if not moved or not base:
        return []
    number, head = event["number"], event["there"]["head"]
    look: LookUpdates = {
        "type": "look", "what": "updates", "number": number, "head_sha": head["sha"], "base": base["ref"],
        "branch": head["ref"], "key": f"look:updates:{number}:{head['sha']}",
    }  # fmt: skip
    return [look]


def kept(state: State, event: SeenUpdates) -> list[Event]:
    heads, number = event["there"]["kept"], event["number"]
    known = state["pulls"].get(str(number))
    if len(heads) < 2 or known is None:
        return []
    emitted: ApprovalKept = {"type": "approval_kept", "key": f"approval_kept:{number}:{event['key']}",
                          "pr_number": number, "head_sha": heads[0], "kept": heads}  # fmt: skip
    return [with_origin(event, known["task_id"], emitted)]


def failures(state: State, event: Event) -> list[ChecksFailed] | None:
    """The checks that failed, as a look found them; by name alone where it was refused; None of other events.

    Where none failed after all, nothing follows.
    """
    if event["type"] == "seen" and event["what"] == "failures":
        return checks_failed(state, event, event["request"], event["there"])
    if (
        event["type"] != "refused"
        or event["action"]["type"] != "look"
        or event["action"]["what"] != "failures"
    ):
        return None
    known = state["pulls"].get(str(event["action"]["number"]))
    contexts = (known["status"].get("contexts") or {}) if known else {}
    failed: list[FailedCheck] = [
        {"name": name, "description": "", "url": "", "log": ""}
        for name, found in sorted(contexts.items())
        if found == "failure"
    ]
    return checks_failed(state, event, event["action"], failed)


def checks_failed(
    state: State, event: Event, look: LookFailures, failed: list[FailedCheck]
) -> list[ChecksFailed]:
    number, known = look["number"], state["pulls"].get(str(look["number"]))
    if known is None or not failed:
        return []
    emitted: ChecksFailed = {
        "type": "checks_failed", "key": f"checks_failed:{number}:{event['key']}", "pr_number": number,
        "head_sha": look["head_sha"], "failed": failed,
    }  # fmt: skip
    return [with_origin(event, known["task_id"], emitted)]


def compare_labels(
    state: State, policy: Policy, event: SeenPull, task_id: str
) -> tuple[State, list[Event], list[Action]]:
    """A label that is a command needs the one who set it: the timeline tells.

    The one that blocks the merge counts at once, before it is known who set it.
    """
    number, observed = str(event["number"]), event["there"]
    entry = state.get("issues", {}).get(number, {})
    before, now = set(entry.get("labels") or []), set(observed.get("labels") or [])
    if before == now or observed["state"] != "open":
        return state, [], []
    state = {**state, "issues": {**state.get("issues", {}), number: {**entry, "labels": sorted(now)}}}
    acting = set(policy.get("command_labels") or [])
    asks: list[TimelineAsk] = [{"type": "label", "label": name} for name in sorted(acting & (now - before))]
    asks += [{"type": "unlabel", "label": name} for name in sorted(acting & (before - now))]
    held: HoldSeen = {
        "type": "hold_seen", "key": f"hold_seen:{event['number']}:{event['key']}",
        "pr_number": event["number"], "task_id": task_id,
    }  # fmt: skip
    events: list[Event] = [with_origin(event, task_id, held)] if HOLD in before ^ now else []
    return state, events, [timeline(event, asks, now)] if asks else []


def timeline(event: SeenPull, asks: list[TimelineAsk], labels: set[str]) -> Action:
    number, observed = event["number"], event["there"]
    look: LookTimeline = {
        "type": "look", "what": "timeline", "number": number, "asks": asks, "author": observed["author"],
        "author_id": observed["author_id"], "key": f"look:timeline:{number}:{' '.join(sorted(labels))}",
    }  # fmt: skip
    return {**look, "caused": {"hint": "reconcile"}} if event.get("found") else look


def task_of(state: State, policy: Policy, observed: ForgePull) -> str | None:
    """Branch and marker must name one task of the running sprint, and our account must have written it."""
    branch, mark = BRANCH.fullmatch(observed["head"]["ref"]), MARK.search(observed.get("body") or "")
    me, repo = policy.get("me"), state.get("repo")
    ours = observed["head"].get("repo_id") in (None, repo.get("repo_id") if repo else None)
    if not branch or not mark or not ours or not me or observed["author_id"] != me["id"]:
        return None
    sprint_id = next(
        (k["id"] for k in state["kickoffs"].values() if k["number"] == state.get("running")), None
    )
    named = branch.group(1, 2)
    if named != mark.group(1, 2) or named[0] != sprint_id or named[1] not in state["tasks"]:
        return None
    return named[1]


def by_person(state: State, event: SeenPull) -> list[Event]:
    """What a person who has a task merged of their own ends it, if it says that it closes its issue."""
    observed, repo = event["there"], state.get("repo")
    base, at = observed.get("base"), observed.get("merged_at")
    if not observed["merged"] or not at or not repo or not base or base["ref"] != repo["default_branch"]:
        return []
    text = COMMENT.sub("", observed.get("body") or "")
    closed = {int(number) for of, number in CLOSES.findall(text)
              if of.casefold() in ("", repo["full_name"].casefold())}  # fmt: skip
    theirs = [name for name, task in state["tasks"].items()
              if task.get("issue_number") in closed and is_theirs(task, observed, at)]  # fmt: skip
    return [with_origin(event, name, merged(event["number"], observed, f"of:{name}")) for name in theirs]


def is_theirs(task: Task, observed: ForgePull, merged_at: str) -> bool:
    """Whether its author has the task, and had it already when it was merged; clocks differ a little.

    The forge closes the issue with the merge, and may tell of that first.
    """
    human, since = task.get("human"), task.get("human_since")
    closed = task["status"] == "Skipped" and task.get("skipped_by") == "close"
    if not (task["status"] == "HumanAssigned" or closed) or not human or not since:
        return False
    had = moment_of(merged_at) > moment_of(since) - datetime.timedelta(minutes=5)
    return had and human.casefold() == observed["author"].casefold()


def moment_of(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text)


def remembered(observed: ForgePull, task_id: str, found: Judged) -> PullRequest:
    reviews: dict[str, list[str | bool]] = {
        str(review["id"]): [review["state"], review["stale"]] for review in observed["reviews"]
    }
    pull: PullRequest = {"task_id": task_id, "state": observed["state"], "merged": observed["merged"],
                         "head_sha": observed["head"]["sha"], "status": observed["status"],
                         "reviews": reviews, "html_url": observed.get("html_url")}  # fmt: skip
    judged = {review["author"] for review in observed["reviews"]}
    if requested := sorted(set(observed.get("requested") or []) - judged):
        pull["requested"] = requested
    return with_judged(pull, found)


Emitted = TypeVar("Emitted", bound=Mapping[str, object])


def with_origin(event: Event, task_id: str, emitted: Emitted) -> Emitted:
    """The emitted event of a task's pull request, with where and when it happened."""
    fields: Mapping[str, object] = event
    origin = {name: fields[name] for name in ORIGIN if name in fields}
    return cast("Emitted", {**origin, "task_id": task_id, **emitted})


def opened_or_moved(
    event: SeenPull, known: PullRequest | None, observed: ForgePull, task: Task
) -> list[PrOpened | PrReopened | PrSynchronized]:
    number, sha, branch = event["number"], observed["head"]["sha"], observed["head"]["ref"]
    if observed["state"] != "open" or observed["merged"]:
        return []
    if known and known.get("state") == "closed":
        key = f"pr_reopened:{number}:{event['key']}"
        return [{"type": "pr_reopened", "key": key, "pr_number": number, "head_sha": sha, "branch": branch}]
    if task.get("pr_number") != number:
        opened: PrOpened = {
            "type": "pr_opened", "key": f"pr_opened:{number}:first", "pr_number": number, "head_sha": sha,
            "branch": branch,
        }  # fmt: skip
        if observed.get("draft"):
            opened["draft"] = True
        return [opened]
    if task.get("head_sha") != sha:
        key = f"pr_synchronized:{number}:{sha}:{event['key']}"
        return [
            {"type": "pr_synchronized", "key": key, "pr_number": number, "head_sha": sha, "branch": branch}
        ]
    return []


def checks(
    state: State, event: SeenPull, known: PullRequest | None, observed: ForgePull, found: Judged
) -> list[CheckCompleted]:
    sha, status = observed["head"]["sha"], observed["status"]
    if known:
        same = known.get("status") == status and judged_before(known) == found
        if same and known.get("head_sha") == sha:
            return []
    elif status["state"] == "none" and not found["missing"]:
        return []
    contexts = sorted((status.get("contexts") or {}).items())
    states = ",".join(f"{name}={state}" for name, state in contexts)
    tail = f"{sha}:{status['state']}:{states}:{event['key']}"
    return [completed(state, event["number"], tail, sha, status, found)]


def completed(
    state: State, number: int, tail: str, sha: str, status: Checks, found: Judged
) -> CheckCompleted:
    ignored = found["ignored"]
    emitted: CheckCompleted = {
        "type": "check_completed", "key": f"check_completed:{number}:{tail}", "pr_number": number,
        "head_sha": sha, "state": together(status, ignored), "contexts": status.get("contexts") or {},
    }  # fmt: skip
    if found["missing"]:
        emitted["missing"] = found["missing"]
    if running := [name for name in waited_for(state, status) if name not in ignored]:
        emitted["running"] = running
    if ignored:
        emitted["ignored"] = ignored
    return emitted


def together(status: Checks, ignored: list[str]) -> CheckState:
    """The worst of those that count."""
    if not ignored:
        return status["state"]
    states = {found for name, found in (status.get("contexts") or {}).items() if name not in ignored}
    return next((one for one in WORST_FIRST if one in states), "none")


def reviews(event: SeenPull, known: PullRequest | None, observed: ForgePull) -> list[PrReviewSubmitted]:
    before = known.get("reviews", {}) if known else {}
    return [
        review_event(event, observed, review)
        for review in observed["reviews"]
        if str(review["id"]) not in before or before[str(review["id"])][0] != review["state"]
    ]


def is_outdone(observed: ForgePull, review: ForgeReview) -> bool:
    """Whether the same person gave another verdict since."""
    since = [other for other in observed["reviews"] if other["id"] > review["id"]]
    verdicts = [other for other in since if other["state"] in ("approved", "changes_requested")]
    return review["author_id"] in [other["author_id"] for other in verdicts]


def review_event(event: SeenPull, observed: ForgePull, review: ForgeReview) -> PrReviewSubmitted:
    submitted: PrReviewSubmitted = {
        "type": "pr_review_submitted",
        "key": f"pr_review_submitted:{event['number']}:{review['id']}:{review['state']}",
        "pr_number": event["number"],
        "needs": "write",
        "review_id": review["id"],
        "review_state": review["state"],
        "actor": review["author"],
        "actor_id": review["author_id"],
        "pr_author_id": observed["author_id"],
        "commit_sha": review["commit_sha"],
        "body": review["body"],
        "comments": review.get("comments") or [],
        "created_at": review["submitted_at"],
    }
    return {**submitted, "outdone": True} if is_outdone(observed, review) else submitted


def ended(event: SeenPull, known: PullRequest | None, observed: ForgePull) -> list[PrMerged | PrClosed]:
    number = event["number"]
    if observed["merged"]:
        if known and known.get("merged"):
            return []
        return [merged(number, observed)]
    if observed["state"] == "closed" and not (known and known.get("state") == "closed"):
        return [{"type": "pr_closed", "key": f"pr_closed:{number}:{event['key']}", "pr_number": number}]
    return []


def merged(number: int, observed: ForgePull, which: str = "once") -> PrMerged:
    key, sha = f"pr_merged:{number}:{which}", observed.get("merge_sha")
    return {"type": "pr_merged", "key": key, "pr_number": number, "merge_sha": sha}


# what the base requires


def required_of(state: State, event: Event) -> RequiredChecks | None:
    """What the base requires; None where that was not asked.

    Where we may not read it, what was read before still holds, and the board says that we cannot know.
    """
    if event["type"] == "seen":
        return event["there"] if event["what"] == "protection" else None
    if (
        event["type"] != "refused"
        or event["action"]["type"] != "look"
        or event["action"]["what"] != "protection"
    ):
        return None
    repo = state.get("repo")
    before: RequiredChecks = repo["required"] if repo and repo.get("required") else {"contexts": []}
    return {**before, "unread": event.get("message")}


def require(
    state: State, policy: Policy, event: Event, required: RequiredChecks
) -> tuple[State, list[Event]]:
    """Keep what the base requires and reports, and tell of each open pull request what that changes."""
    before, kept = state["repo"].get("required"), required.copy()
    if base := as_it_ended((before.get("base") if before else None) or {}, required.get("base") or {}):
        kept["base"] = base
    state = {**state, "repo": {**state["repo"], "required": kept}}
    pulls: dict[str, PullRequest] = dict(state["pulls"])
    found: list[Event] = []
    for number, known in sorted(pulls.items(), key=lambda item: int(item[0])):
        if known.get("state") != "open" or known.get("merged"):
            continue
        status, now = known["status"], judged(state, policy, known["status"])
        if now != judged_before(known):
            pulls[number] = with_judged(known, now)
            sha, tail = known["head_sha"], f"{known['head_sha']}:required:{event['key']}"
            emitted = completed(state, int(number), tail, sha, status, now)
            found.append(with_origin(event, known["task_id"], emitted))
    return {**state, "pulls": pulls}, found


def as_it_ended(before: dict[str, CheckState], now: dict[str, CheckState]) -> dict[str, CheckState]:
    """What runs on the base's new head, or has not begun there, stays as it was on the one before."""
    ended = {name: found for name, found in now.items() if found != "pending" or name not in before}
    others = {name: found for name, found in before.items() if name not in ended}
    return dict([*others.items(), *ended.items()][-MOST_OF_BASE:])


def judged(state: State, policy: Policy, status: Checks) -> Judged:
    return {"missing": lacking(state, status), "ignored": ignored(state, policy, status)}


def judged_before(known: PullRequest) -> Judged:
    return {"missing": known.get("missing", []), "ignored": known.get("ignored", [])}


def with_judged(known: PullRequest, found: Judged) -> PullRequest:
    pull = known.copy()
    pull.pop("missing", None)
    pull.pop("ignored", None)
    if found["missing"]:
        pull["missing"] = found["missing"]
    if found["ignored"]:
        pull["ignored"] = found["ignored"]
    return pull


def ignored(state: State, policy: Policy, status: Checks) -> list[str]:
    """The checks that need not be green, by `merge.checks`; none where that rests on what is not known."""
    mode, repo = policy.get("merge_checks", "known"), state.get("repo")
    required = repo.get("required") if repo else None
    if mode == "all" or not required or (mode == "required" and required.get("unread")):
        return []
    base = (required.get("base") or {}) if mode == "known" else {}
    if mode == "known" and not base:
        return []
    good = {job_of(name) for name, found in base.items() if found != "failure"}
    names = sorted(status.get("contexts") or {})
    return [name for name in names if not (is_required(required, name) or job_of(name) in good)]


def is_required(required: RequiredChecks, name: str) -> bool:
    """Also by the file: what `verify` runs must always pass."""
    names = required.get("contexts") or []
    return (
        name.startswith(OWN_CHECKS)
        or name in names
        or (bool(required.get("patterns")) and any(fits(one, name) for one in names))
    )


def job_of(name: str) -> str:
    """Without what started it: forges' own CI says `(push)` on the base, `(pull_request)` here."""
    return STARTED_BY.sub("", name)


def ask_again(state: State, found: list[Event]) -> list[Action]:
    """An approval that a missing check holds up: perhaps the check is no longer required."""
    approved = [
        event["pr_number"]
        for event in found
        if event["type"] == "pr_review_submitted" and event["review_state"] == "approved"
    ]
    held = any(state["pulls"][str(number)].get("missing") for number in approved)
    repo = state.get("repo")
    branch = repo.get("default_branch") if repo else None
    if not held or not branch:
        return []
    return [{"type": "look", "what": "protection", "branch": branch, "key": "look:protection"}]


def lacking(state: State, status: Checks) -> list[str]:
    """The required checks of which the head has no status at all, neither good nor bad."""
    repo = state.get("repo")
    required = repo.get("required") if repo else None
    reported, names = status.get("contexts") or {}, (required.get("contexts") or []) if required else []
    if not required or not required.get("patterns"):
        return [name for name in names if name not in reported]
    return [name for name in names if not any(fits(name, other) for other in reported)]


def waited_for(state: State, status: Checks) -> list[str]:
    """The checks that have not ended: the required ones, or all where none is known to be required."""
    pending = [name for name, found in sorted((status.get("contexts") or {}).items()) if found == "pending"]
    repo = state.get("repo")
    required = repo.get("required") if repo else None
    names = (required.get("contexts") or []) if required else []
    if not required or not names:
        return pending
    if not required.get("patterns"):
        return [name for name in pending if name in names]
    return [name for name in pending if any(fits(one, name) for one in names)]


PIECE = re.compile(
    r"\\(?P<plain>.)|(?P<any>\*+)|(?P<one>\?)|\[(?P<set>!?[^\]]+)\]|\{(?P<either>[^{}]*)\}|(?P<rest>.)",
    re.DOTALL,
)


def fits(glob: str, name: str) -> bool:
    """Gitea's patterns: `*` is any text, also over slashes; `?`, `[a-z]`, `[!a]`, `{one,two}`, `\\*`."""
    return name == glob or len(name) in ends(glob, name, {0})


def ends(glob: str, name: str, starts: set[int]) -> set[int]:
    """Where the pattern may end that began at one of these places; its length bounds the time it takes."""
    for found in PIECE.finditer(glob):
        if not starts:
            return starts
        starts = after(found, name, starts)
    return starts


def after(found: re.Match[str], name: str, starts: set[int]) -> set[int]:
    match found.lastgroup:
        case "any":
            return set(range(min(starts), len(name) + 1))
        case "either":
            return set[int]().union(*(ends(part, name, starts) for part in found["either"].split(",")))
        case kind:
            return {start + 1 for start in starts if start < len(name) and is_sign(found, kind, name[start])}


def is_sign(found: re.Match[str], kind: str | None, sign: str) -> bool:
    match kind:
        case "one":
            return True
        case "set":
            inner = found["set"].removeprefix("!")
            return in_set(inner, sign) != found["set"].startswith("!")
        case _:
            return sign == found[str(kind)]


def in_set(inner: str, sign: str) -> bool:
    spans = re.findall(r"(.)-(.)|(.)", inner, re.DOTALL)
    return any(low <= sign <= high if low else sign == alone for low, high, alone in spans)


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
