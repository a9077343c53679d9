"""What the benchmark times: the answer to a command, what follows a merge, a burst of events."""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime
from time import monotonic, sleep, time
from typing import TYPE_CHECKING, Any

from shell.clock import now
from shell.event import IssueComment

from .environment import BOT, USER, Environment, HarnessError
from .load import WRITES, Call, CallLog, percentiles

if TYPE_CHECKING:
    from stages.world import Command

ANSWER_TIMEOUT_S = 60.0
QUIET_FOR_S = 1.0
_NUMBER = re.compile(r"(?<=/)(\d+|[0-9a-f]{40})(?=/|$)")


def wait_until_idle(env: Environment) -> None:
    """Wait until the bot has found every repository and has nothing left to do."""
    quiet_since = monotonic()
    deadline = quiet_since + ANSWER_TIMEOUT_S
    while monotonic() < min(deadline, quiet_since + QUIET_FOR_S):
        lanes = env.store.lanes()
        if any(env.store.waiting(lane) or env.store.due_actions(lane, 1) for lane in lanes):
            quiet_since = monotonic()
        sleep(0.05)


def time_answers(env: Environment, log: CallLog, repo: str, n: int) -> dict[str, Any]:
    """Give a command n times, one after the other; from its acceptance to the calls at the forge.

    From the comment to its 👀 means from the request that makes the comment to the answer to the one that
    makes the reaction: the forge's own time for both and its delivery count.
    """
    forge, lane = env.client(USER), env.lane(repo)
    number = forge.create_issue(repo, "Measured", "")["number"]
    first_calls: list[float] = []
    first_writes: list[float] = []
    eyes: list[float] = []
    for _ in range(n):
        before, sent = log.reactions[repo], time()
        comment = forge.comment(repo, number, "/caloron status")["comment_id"]
        log.wait_for_reactions(repo, before + 2, ANSWER_TIMEOUT_S)
        accepted = _accepted_at(env, lane, comment)
        calls = log.since(repo, accepted)
        first_calls += [1000 * (call["at"] - accepted) for call in calls[:1]]
        writes = [call["at"] for call in calls if call["method"] in WRITES]
        first_writes += [1000 * (at - accepted) for at in writes[:1]]
        [shown, *_] = [call for call in calls if call["path"].endswith("/reactions")]
        eyes.append(1000 * (shown["at"] - sent) + shown["ms"])
    return {
        "comment → 👀": percentiles(eyes),
        "accept → first call": percentiles(first_calls),
        "accept → first write": percentiles(first_writes),
    }


def _accepted_at(env: Environment, lane: str, comment: int) -> float:
    """When the webhook endpoint accepted the comment, according to the journal."""
    deadline = monotonic() + ANSWER_TIMEOUT_S
    while monotonic() < deadline:
        for entry in reversed(env.store.journal(lane, -80)):
            event = entry["event"]
            if event["type"] in ("issue_comment", "command") and _comment_of(event) == comment:
                return seconds(event["at"])
        sleep(0.05)
    raise HarnessError(f"The comment {comment} was not accepted; see {env.logs}")


def time_merges(env: Environment, log: CallLog, repo: str, tasks: int) -> dict[str, Any]:
    """A chain of tasks, approved at once; from each merge to what follows it."""
    forge, lane, started = env.client(USER), env.lane(repo), time()
    number = _start_chain(env, repo, tasks)
    since, approved, deadline = now(), set[int](), monotonic() + 60 * tasks
    while forge.issue(repo, number)["state"] == "open":
        if monotonic() > deadline:
            raise HarnessError(f"The sprint of {tasks} tasks did not end; see {env.logs}")
        for pull in forge.changes_since(repo, since)["pulls"]:
            if pull not in approved:
                approved.add(pull)
                forge.review(repo, pull, "approve", "")
        sleep(0.05)
    sleep(1)  # the call log is read with a delay
    calls = log.since(repo, started)
    return {"ms": _after_merges(env, lane, calls)} | _per_task(calls, tasks)


def _start_chain(env: Environment, repo: str, tasks: int) -> int:
    """Open a kickoff, wait for its plan, approve it; the kickoff's number."""
    forge = env.client(USER)
    number = int(forge.create_issue(repo, "A chain", chain(tasks))["number"])
    forge.comment(repo, number, "/plan")
    deadline = monotonic() + ANSWER_TIMEOUT_S
    while not any(comment["author"] == BOT for comment in forge.issue_comments(repo, number)):
        if monotonic() > deadline:
            raise HarnessError(f"No plan was posted for the chain; see {env.logs}")
        sleep(0.05)
    forge.comment(repo, number, "/approve")
    return number


def chain(tasks: int) -> str:
    """A kickoff whose tasks depend on each other in a row."""
    lines = [f"- t{n}: Step {n}" + (f" (after: t{n - 1})" if n else "") for n in range(tasks)]
    return "\n".join(["One step after the other.", "", *lines])


def _after_merges(env: Environment, lane: str, calls: list[Call]) -> dict[str, dict[str, float]]:
    merged = [call["at"] + call["ms"] / 1000 for call in calls if call["path"].endswith("/merge")]
    created = [call["at"] for call in calls if call["method"] == "POST" and call["path"].endswith("/issues")]
    entries = env.store.journal(lane, 0, 100_000)
    started = [seconds(one["event"]["at"]) for one in entries if one["event"]["type"] == "agent_started"]
    return {
        "merge → next task's first call": percentiles(_delays(merged, created)),
        "merge → next agent started": percentiles(_delays(merged, started)),
    }


def _delays(causes: list[float], effects: list[float]) -> list[float]:
    """Milliseconds from each cause to the first effect after it; the last cause has none."""
    found = (min((at for at in effects if at >= cause), default=None) for cause in causes)
    return [1000 * (at - cause) for cause, at in zip(causes, found, strict=True) if at is not None]


def _per_task(calls: list[Call], tasks: int) -> dict[str, Any]:
    verbs = Counter(map(_verb, calls))
    writes = sum(call["method"] in WRITES for call in calls)
    return {
        "calls_per_task": {verb: round(count / tasks, 2) for verb, count in verbs.most_common()},
        "writes_per_task": writes / tasks,
        "reads_per_task": (len(calls) - writes) / tasks,
    }


def _verb(call: Call) -> str:
    """Method and path below the repository, without numbers and names."""
    path = _NUMBER.sub("*", call["path"].split("/", 6)[-1])
    return f"{call['method']} {re.sub(r'agent(/|%2F).*', 'agent/*', path)}"


def _comment_of(event: IssueComment | Command) -> int | None:
    return event["comment_id"] if event["type"] == "issue_comment" else event["where"].get("comment_id")


def time_burst(env: Environment, repo: str, events: int) -> dict[str, Any]:
    """Put many events into one lane at once, and time until all are advanced."""
    lane, repo_id = env.lane(repo), env.forge["repositories"][repo]["id"]
    started = monotonic()
    for number in range(events):
        env.store.accept(lane, _comment_event(repo, repo_id, number))
    while env.store.waiting(lane):
        sleep(0.01)
    return {"events": events, "events_per_s": events / (monotonic() - started)}


def _comment_event(repo: str, repo_id: int, number: int) -> IssueComment:
    """A comment without a command."""
    return {
        "type": "issue_comment",
        "key": f"comment:bench:{number}",
        "created_at": now(),
        "actor": USER,
        "actor_id": 2,
        "author": USER,
        "author_id": 2,
        "forge": "gitea",
        "repo": repo,
        "repo_id": repo_id,
        "issue_number": 1,
        "is_pull": False,
        "body": f"Just talk, {number}.",
        "previous": None,
        "hint": "created",
        "comment_id": 10**9 + number,
    }


def seconds(at: str) -> float:
    """One of our times as seconds since 1970."""
    return datetime.fromisoformat(at).timestamp()
