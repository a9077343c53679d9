"""One attempt at a task: a fresh folder, the agent's run, its changes checked, pushed, and a pull request."""

import errno
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from shell.agent.acp import Conversation, TurnEnded, Usage
from shell.agent.acp_failures import FailureKind, retry_after_s
from shell.agent.egress.outside import Egress, EgressError
from shell.agent.feedback import read_feedback
from shell.agent.frameworks import Framework, FrameworkError, LoginError, framework_of
from shell.agent.git import Credential, GitError
from shell.agent.harness import Ended, Job, Watcher, run_job
from shell.agent.instructions import instructions
from shell.agent.leaks import leaks
from shell.agent.limits import size
from shell.agent.logins import held_login
from shell.agent.network import network
from shell.agent.outcome import AttemptEnded
from shell.agent.path_rules import outside, protected
from shell.agent.paths import Attempt, Paths
from shell.agent.prepare import prepare, walls
from shell.agent.prices import cost_of
from shell.agent.publish import Work, publish
from shell.agent.quota import OwnDisk, own_disk
from shell.agent.repository import Repository
from shell.agent.reserve_watch import ReserveWatch
from shell.agent.retry import with_retries
from shell.agent.start import Start, begin, check_out, prompt_of, unresolved
from shell.agent.tree import Change, changed_bytes, changes, final_tree
from shell.clock import now
from shell.errors import Refused, Unavailable
from shell.secrets import mask

if TYPE_CHECKING:
    from stages.world import Cost, Outcome, RunResult

_TAIL = 4000


class PullForge(Protocol):
    """What an attempt needs of a forge."""

    def find_pull(self, repo: str, head_branch: str, base: str) -> int | None: ...

    def create_pull(self, repo: str, title: str, body: str, head: str, base: str) -> Mapping[str, Any]: ...

    def issue(self, repo: str, number: int) -> Mapping[str, Any]: ...

    def me(self) -> Mapping[str, Any]: ...

    def repository(self, repo: str) -> Mapping[str, Any]:
        """With its `clone_url` of today; asked only where the known one has moved."""

    def credential(self, repo: str | None = None) -> tuple[str, str]:
        """User name and secret that git uses over HTTP, for this repository."""


Report = Watcher
"""Receives the run's progress; `may_go_on` is the fence: False once this is not the current attempt."""


@dataclass
class _Found:
    """What the attempt has produced so far; its result is made of it, however it ends."""

    changed: list[str] = field(default_factory=list)
    head_sha: str | None = None
    pr_number: int | None = None
    tail: str = ""
    seconds: float = 0.0
    model: str | None = None
    conversation: Conversation | None = None

    def answer(self, outcome: "Outcome", reason: str) -> "RunResult":
        feedback = read_feedback(self.tail)
        cost: Cost = {"seconds": self.seconds}
        if self.conversation is not None and self.conversation.usage != Usage():
            cost |= cost_of(self.conversation.usage, self.model)
        elif feedback and isinstance(tokens := feedback.get("tokens_consumed"), int):
            cost["tokens"] = tokens
        result: RunResult = {
            "outcome": outcome,
            "changed": [_readable(path) for path in self.changed],
            "head_sha": self.head_sha,
            "pr_number": self.pr_number,
            "reason": _readable(reason),
            "output_tail": self.tail[-_TAIL:],
            "cost": cost,
            "feedback": feedback,
        }
        if outcome == "quota" and (seconds := retry_after_s(reason)) is not None:
            result["retry_after_s"] = seconds
        return result


def _readable(text: str) -> str:
    """File names need not be UTF-8, but events are."""
    return text.encode(errors="replace").decode()


def run_attempt(spec: Mapping[str, Any], forge: PullForge, paths: Paths, report: Report) -> "RunResult":
    """Run the attempt that `spec` describes; returns the fields of `agent_finished`."""
    found = _Found(pr_number=spec.get("pr_number"), model=spec.get("model"))
    attempt = paths.attempt(spec)
    try:
        with attempt.held(), own_disk(attempt, paths) as disk:
            reason = _attempt(spec, forge, paths, attempt, disk, report, found)
        return found.answer("done", reason)
    except AttemptEnded as ending:
        return found.answer(ending.outcome, ending.reason)
    except LoginError as error:
        return found.answer("auth", str(error))
    except (FrameworkError, EgressError) as error:
        return found.answer("failed", str(error))
    except GitError as error:
        return found.answer("failed", f"Git failed: {error}")
    except (Unavailable, Refused) as error:
        pushed = f" The branch {spec['branch']} is pushed." if found.head_sha else ""
        return found.answer("failed", f"The forge failed: {error}.{pushed}")
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        return found.answer("limit", "The run was ended: the disk of the bot's machine is full.")


def _attempt(
    spec: Mapping[str, Any],
    forge: PullForge,
    paths: Paths,
    attempt: Attempt,
    disk: OwnDisk | None,
    report: Report,
    found: _Found,
) -> str:
    framework = framework_of(spec["framework"])
    repository, start = _start(spec, forge, paths, report)
    if start.head is not None and not spec.get("pr_number"):
        with_retries(lambda: _open_pull(spec, forge))
    attempt.make()
    check_out(repository, start, attempt, spec["branch"])
    told = instructions(repository, start.base, spec["base"])
    prompt = prompt_of(spec["prompt"], start, spec["base"], told)
    with (
        held_login(framework, paths.environment, paths.root / "locks", _waiting(report)) as may_begin,
        network(spec, framework, paths, attempt, walls(framework, paths)) as egress,
    ):
        if not may_begin:
            raise AttemptEnded(
                "stopped", "The run was stopped while it waited for a login that another run was using."
            )
        job = prepare(spec, framework, paths, attempt, prompt, egress, disk)
        found.conversation = job.conversation
        with ReserveWatch(report, paths.reserve) as watch:
            ended = run_job(job, watch)
    found.tail, found.seconds = ended.tail, ended.seconds
    if watch.shortage:
        raise AttemptEnded("limit", "The run was ended: the bot's machine was running out of disk space.")
    if disk is not None:
        disk.check()
    try:
        _judge(ended, framework, job, egress)
    except AttemptEnded as ending:
        _keep_work(ending, spec, repository, start, attempt, report, found)
        raise
    if conflicts := unresolved(start, attempt):
        raise AttemptEnded("failed", f"The agent left merge conflicts in {', '.join(conflicts)}.")
    tree = final_tree(repository.git, attempt.folder, attempt.index)
    changed = changes(repository.git, start.tree, tree)
    found.changed = _checked_paths(changed, start, spec)
    if not found.changed and not start.merged:
        return _unchanged(spec, forge, repository, start, report, found, framework.agent is not None)
    if places := leaks(repository.git, changed, _message(spec), spec):
        raise AttemptEnded("secret", _LEAK.format(_listed(places)))
    work = Work(spec["branch"], start, tree, _message(spec), _author(spec))
    found.head_sha = publish(repository, work, report.may_go_on, report.pushing)
    found.pr_number = _open_or_reuse_pull(spec, forge, report)
    return f"Pushed {len(found.changed)} changed file(s) to {spec['branch']}."


_GOES_ON = frozenset(
    ("timeout", "limit", "crashed", "failed", "auth", "quota", "overload", "network", "context_full")
)
"""How a run may end whose work the next one goes on with."""
_MOST_KEPT = 50 * 1024 * 1024
"""Bytes of unfinished work: more is what a run that went wrong has filled its disk with."""


def _keep_work(
    ending: AttemptEnded,
    spec: Mapping[str, Any],
    repository: Repository,
    start: Start,
    attempt: Attempt,
    report: Report,
    found: _Found,
) -> None:
    """Push what the agent had done so far as work in progress; `ending` says what became of it.

    AttemptEnded if it holds a secret. Conflicts that the agent has not settled are never pushed.
    """
    if ending.outcome not in _GOES_ON or start.conflicts:
        return
    try:
        words = _push_work(spec, repository, start, attempt, report, found)
    except AttemptEnded as refusal:
        if refusal.outcome == "secret":
            raise
        words = f"What it had done is not kept: {refusal.reason}"
    except (GitError, Unavailable, Refused, OSError) as error:
        words = f"What it had done is lost: {error}."
    ending.reason = " ".join(filter(None, (_sentence(ending.reason) if words else ending.reason, words)))


def _push_work(
    spec: Mapping[str, Any],
    repository: Repository,
    start: Start,
    attempt: Attempt,
    report: Report,
    found: _Found,
) -> str:
    """What became of it, in a sentence; nothing where the agent had changed nothing."""
    if changed_bytes(repository.git, attempt.folder, attempt.index) > _MOST_KEPT:
        return f"What it had done is not kept: it is more than {size(_MOST_KEPT)}."
    tree = final_tree(repository.git, attempt.folder, attempt.index)
    changed = changes(repository.git, start.tree, tree)
    if not changed:
        return ""
    message = _message(spec, "Work in progress: ")
    if places := leaks(repository.git, changed, message, spec):
        raise AttemptEnded("secret", _LEAK.format(_listed(places)))
    _checked_paths(changed, start, spec)
    work = Work(spec["branch"], start, tree, message, _author(spec))
    found.head_sha = publish(repository, work, report.may_go_on, lambda commit: report.pushing(commit, True))
    found.changed = [change.path for change in changed]
    return f"What it had done is on {spec['branch']}, and the next run continues from there."


def _start(
    spec: Mapping[str, Any], forge: PullForge, paths: Paths, report: Report
) -> tuple[Repository, Start]:
    """Our copy, updated, and the starting point; a renamed repository is found by its new address."""

    def at(url: str) -> tuple[Repository, Start]:
        copy = Repository(
            paths.repository(spec["lane"]),
            url,
            lambda: Credential(*forge.credential(spec["repo"])),
            lambda: report.heartbeat(now()),
        )
        return copy, begin(copy, spec["branch"], spec["base"], bool(spec.get("merge_base")))

    report.heartbeat(now())
    try:
        return at(spec["clone_url"])
    except GitError as error:
        if not error.moved:
            raise
    return at(forge.repository(spec["repo"])["clone_url"])


def _waiting(report: Report) -> Callable[[], bool]:
    """Asked each second while another task has the login: a sign of life, and whether to go on."""

    def goes_on() -> bool:
        report.heartbeat(now())
        return report.may_go_on()

    return goes_on


def _judge(ended: Ended, framework: Framework, job: Job, egress: Egress | None) -> None:
    """AttemptEnded unless its turn ended well, or it exited with 0."""
    if ended.how == "stopped":
        raise AttemptEnded("stopped", "The run was stopped while the agent was working.")
    if ended.how == "timeout":
        raise AttemptEnded(
            "timeout", f"The agent was stopped at its time limit, {job.time_limit_s / 60:.4g} min."
        )
    if ended.how == "limit":
        raise AttemptEnded("limit", f"{ended.limit} It was stopped.")
    if job.conversation is not None and (turn := job.conversation.ended) is not None:
        _judge_turn(turn, framework, egress)
    elif ended.status or job.conversation is not None:
        last = (ended.errors or ended.tail).rpartition("\n")[2][-300:]
        reason = f"The agent ({framework.name}) {_how(ended)}{': ' + last if last else '.'}"
        refused = f" {egress.words()}" if egress else ""
        raise AttemptEnded("crashed" if _killed(ended) else "failed", f"{reason}{refused}".rstrip())


def _judge_turn(turn: TurnEnded, framework: Framework, egress: Egress | None) -> None:
    """AttemptEnded unless the turn ended well."""
    if turn.how == "done":
        return
    if turn.how == "cancelled":
        raise AttemptEnded("failed", f"The agent ({framework.name}) gave up its turn by itself.")
    words = mask(turn.reason).strip()[-500:] or "no reason given"
    sentences = [
        _sentence(f"The agent ({framework.name}) {_FAILURES[turn.how]}: {words}"),
        egress.words() if egress else "",
        f"It needs a login: {framework.install}." if turn.how == "auth" else "",
    ]
    raise AttemptEnded(turn.how, " ".join(filter(None, sentences)))


_FAILURES: dict[FailureKind, str] = {
    "auth": "could not log in to its model",
    "quota": "has used up what its model allows",
    "overload": "found its model overloaded",
    "network": "could not reach its model",
    "refused": "was refused an answer by its model",
    "context_full": "has more text than its model can read",
    "limit": "stopped at a limit of its own",
    "crashed": "broke off the conversation",
    "failed": "failed",
}


def _killed(ended: Ended) -> bool:
    """Whether it or its guard was killed: by a person, or because memory ran out."""
    return ended.status < 0 or ended.status == 128 + signal.SIGKILL


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _how(ended: Ended) -> str:
    if ended.status < 0:
        return "was killed"
    if ended.status > 128:
        return f"was terminated by signal {ended.status - 128}"
    return f"exited with status {ended.status}"


_LEAK = (
    "A secret of the bot stands in what the agent made: {}. Nothing was pushed. Find out how the agent "
    "came by it, and replace that secret."
)


def _checked_paths(found: list[Change], start: Start, spec: Mapping[str, Any]) -> list[str]:
    """The changed paths, if the agent may change them all."""
    paths = [change.path for change in found]
    if forbidden := protected(paths, spec.get("protected") or []):
        raise AttemptEnded(
            "protected", f"The agent changed protected files: {_listed(forbidden)}. Nothing was pushed."
        )
    strays = [path for path in outside(paths, spec.get("scope") or []) if path not in start.conflicts]
    if strays:
        allowed = ", ".join(spec["scope"])
        raise AttemptEnded(
            "out_of_scope",
            f"The agent changed files outside its scope ({allowed}): {_listed(strays)}. Nothing was pushed.",
        )
    return paths


def _listed(paths: list[str]) -> str:
    more = f" and {len(paths) - 10} more" if len(paths) > 10 else ""
    return ", ".join(paths[:10]) + more


def _unchanged(
    spec: Mapping[str, Any],
    forge: PullForge,
    repository: Repository,
    start: Start,
    report: Report,
    found: _Found,
    has_answered: bool,
) -> str:
    """Nothing new; but an earlier attempt may have pushed and died before it reported that.

    Unfinished work counts only if the agent's protocol told that it found nothing left to do: a program that
    ends with 0 may not have reached its model at all.
    """
    unfinished = start.head is not None and start.head == spec.get("partial") and not has_answered
    if start.head is None or unfinished or not _unreported(spec, start.head):
        raise AttemptEnded("no_change", "The agent changed nothing.")
    if repository.contains(start.base, start.head):
        raise AttemptEnded("no_change", "The agent changed nothing.")
    found.head_sha, fork = start.head, repository.fork(start.base, start.head)
    found.changed = [change.path for change in changes(repository.git, fork, start.head)]
    found.pr_number = _open_or_reuse_pull(spec, forge, report)
    return f"Continued with what an earlier run had pushed to {spec['branch']}."


def _unreported(spec: Mapping[str, Any], head: str) -> bool:
    """Whether this head was never reported: its pull request was last seen at another, or none had it."""
    if spec.get("pr_number"):
        return bool(spec.get("seen_sha")) and head != spec["seen_sha"]
    return head not in (spec.get("closed_shas") or [])


def _open_or_reuse_pull(spec: Mapping[str, Any], forge: PullForge, report: Report) -> int:
    """The number of the pull request, opened if there is none or it was closed during the run."""
    number = spec.get("pr_number")
    if number and with_retries(lambda: forge.issue(spec["repo"], number))["state"] == "open":
        return int(number)
    if not report.may_go_on():
        raise AttemptEnded(
            "stopped", f"The run was stopped before it opened a pull request; {spec['branch']} is pushed."
        )
    repo, branch, base = spec["repo"], spec["branch"], spec["base"]

    def once() -> int:
        return _open_pull(spec, forge) or int(
            forge.create_pull(repo, spec["pr_title"], spec["pr_body"], branch, base)["number"]
        )

    return with_retries(once)


def _open_pull(spec: Mapping[str, Any], forge: PullForge) -> int | None:
    """The branch's open pull request, if it is ours; AttemptEnded if it is someone else's."""
    number = forge.find_pull(spec["repo"], spec["branch"], spec["base"])
    if number is None:
        return None
    pull = forge.issue(spec["repo"], number)
    if pull["author_id"] != forge.me()["id"]:
        raise AttemptEnded(
            "push_rejected",
            f"The branch {spec['branch']} already has the pull request #{number} by {pull['author']}. "
            "Close it and delete the branch first.",
        )
    return number


def _message(spec: Mapping[str, Any], before: str = "") -> str:
    subject = before + " ".join(str(spec.get("pr_title") or spec["title"]).split())[:100]
    return f"{subject}\n\nTask: {spec['task_id']}\nSprint: {spec['sprint_id']}\nAttempt: {spec['attempt']}\n"


def _author(spec: Mapping[str, Any]) -> dict[str, str]:
    who = f"caloron-agent-{spec['agent_id']}"
    person = {"NAME": who, "EMAIL": f"{who}@caloron.invalid"}
    return {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in person.items()}
