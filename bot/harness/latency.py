"""What the bench times: a command's answer, a merge's consequence, a burst of events."""

import re
from collections import Counter
from datetime import datetime
from time import monotonic, sleep, time
from typing import Any

from shell.clock import now

from .environment import BOT, PERSON, Scene, SceneFailed
from .load import WRITES, Call, CallLog, figures

ANSWER_WITHIN_S = 60.0
QUIET_FOR_S = 1.0
_NUMBER = re.compile(r"(?<=/)(\d+|[0-9a-f]{40})(?=/|$)")


def settled(scene: Scene) -> None:
    """Until the bot has met every repository and nothing is left to do: what is timed then has it alone."""
    quiet_since = monotonic()
    deadline = quiet_since + ANSWER_WITHIN_S
    while monotonic() < min(deadline, quiet_since + QUIET_FOR_S):
        lanes = scene.store.lanes()
        if any(scene.store.waiting(lane) or scene.store.due_actions(lane, 1) for lane in lanes):
            quiet_since = monotonic()
        sleep(0.05)


def answers(scene: Scene, log: CallLog, repo: str, n: int) -> dict[str, Any]:
    """Give a command n times, one after the other; from the door's accept to the forge's receipts."""
    forge, lane = scene.client(PERSON), lane_of(scene, repo)
    number = forge.create_issue(repo, "Measured", "")["number"]
    first: list[float] = []
    write: list[float] = []
    for _ in range(n):
        before = log.reactions[repo]
        comment = forge.comment(repo, number, "/status")["comment_id"]
        log.wait_for_reactions(repo, before + 2, ANSWER_WITHIN_S)
        accepted = _accepted(scene, lane, comment)
        after = log.since(repo, accepted)
        first += [1000 * (call["at"] - accepted) for call in after[:1]]
        written = [call["at"] for call in after if call["method"] in WRITES]
        write += [1000 * (at - accepted) for at in written[:1]]
    return {"accept → first call": figures(first), "accept → first write": figures(write)}


def _accepted(scene: Scene, lane: str, comment: int) -> float:
    """When the door took the comment in, by the journal."""
    deadline = monotonic() + ANSWER_WITHIN_S
    while monotonic() < deadline:
        for entry in reversed(scene.store.journal(lane, -80)):
            event = entry["event"]
            if comment in (event.get("comment_id"), (event.get("where") or {}).get("comment_id")):
                return seconds(event["at"])
        sleep(0.05)
    raise SceneFailed(f"The comment {comment} was not taken in; see {scene.settings.home / 'logs'}")


def merges(scene: Scene, log: CallLog, repo: str, tasks: int) -> dict[str, Any]:
    """A sprint of tasks one after the other, approved at once; from each merge to what it sets off."""
    forge, lane, began = scene.client(PERSON), lane_of(scene, repo), time()
    number = _approved_chain(scene, repo, tasks)
    since, approved, deadline = now(), set[int](), monotonic() + 60 * tasks
    while forge.issue(repo, number)["state"] == "open":
        if monotonic() > deadline:
            raise SceneFailed(f"The sprint of {tasks} tasks did not end; see {scene.settings.home / 'logs'}")
        for pull in forge.changes_since(repo, since)["pulls"]:
            if pull not in approved:
                approved.add(pull)
                forge.review(repo, pull, "approve", "")
        sleep(0.05)
    sleep(1)  # the log's reader is a moment behind
    calls = log.since(repo, began)
    return {"ms": _after_merges(scene, lane, calls)} | _per_task(calls, tasks)


def _approved_chain(scene: Scene, repo: str, tasks: int) -> int:
    """The number of a kickoff whose plan was shown and approved."""
    forge = scene.client(PERSON)
    number = int(forge.create_issue(repo, "A chain", chain(tasks))["number"])
    forge.comment(repo, number, "/plan")
    deadline = monotonic() + ANSWER_WITHIN_S
    while not any(comment["author"] == BOT for comment in forge.issue_comments(repo, number)):
        if monotonic() > deadline:
            raise SceneFailed(f"No plan was shown for the chain; see {scene.settings.home / 'logs'}")
        sleep(0.05)
    forge.comment(repo, number, "/approve")
    return number


def chain(tasks: int) -> str:
    """A kickoff whose tasks wait for each other in a row."""
    lines = [f"- t{n}: Step {n}" + (f" (after: t{n - 1})" if n else "") for n in range(tasks)]
    return "\n".join(["One step after the other.", "", *lines])


def _after_merges(scene: Scene, lane: str, calls: list[Call]) -> dict[str, dict[str, float]]:
    merged = [call["at"] + call["ms"] / 1000 for call in calls if call["path"].endswith("/merge")]
    made = [call["at"] for call in calls if call["method"] == "POST" and call["path"].endswith("/issues")]
    entries = scene.store.journal(lane, 0, 100_000)
    started = [seconds(one["event"]["at"]) for one in entries if one["event"]["type"] == "agent_started"]
    return {
        "merge → next task's first call": figures(_next(merged, made)),
        "merge → next agent started": figures(_next(merged, started)),
    }


def _next(begins: list[float], follows: list[float]) -> list[float]:
    """Milliseconds from each beginning to the first that follows it; the last has no next task."""
    found = (min((at for at in follows if at >= begin), default=None) for begin in begins)
    return [1000 * (at - begin) for begin, at in zip(begins, found, strict=True) if at is not None]


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


def burst(scene: Scene, repo: str, events: int) -> dict[str, Any]:
    """Put many events into one lane at once, and see how long it takes until all are advanced."""
    lane, number = lane_of(scene, repo), scene.forge["repositories"][repo]["id"]
    began = monotonic()
    for one in range(events):
        scene.store.accept(lane, _words(repo, number, one))
    while scene.store.waiting(lane):
        sleep(0.01)
    return {"events": events, "events_per_s": events / (monotonic() - began)}


def _words(repo: str, repo_id: int, one: int) -> dict[str, Any]:
    """A comment that is only talk."""
    person = {"actor": PERSON, "actor_id": 2, "author": PERSON, "author_id": 2}
    where = {"forge": "gitea", "repo": repo, "repo_id": repo_id, "issue_number": 1, "is_pull": False}
    event = {"type": "issue_comment", "key": f"comment:bench:{one}", "created_at": now()}
    said = {"body": f"Just talk, {one}.", "previous": None, "hint": "created", "comment_id": 10**9 + one}
    return event | person | where | said


def lane_of(scene: Scene, repo: str) -> str:
    """The lane of a repository of the scene."""
    return f"gitea-{scene.forge['repositories'][repo]['id']}"


def seconds(at: str) -> float:
    """One of our times as seconds since 1970."""
    return datetime.fromisoformat(at).timestamp()
