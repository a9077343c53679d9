"""One attempt at a task: a fresh folder, the agent's run, its changes checked, pushed, and a pull request."""

import errno
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from shell.agent.acp import Conversation, Usage, total
from shell.agent.acp_failures import retry_after_s
from shell.agent.egress.outside import EgressError
from shell.agent.feedback import read_feedback
from shell.agent.frameworks import Framework, FrameworkError, LoginError, framework_of
from shell.agent.git import Credential, GitError
from shell.agent.harness import Watcher, run_job
from shell.agent.instructions import instructions
from shell.agent.judge import judge, sentence
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
from shell.agent.pull_text import pull_text
from shell.agent.quota import OwnDisk, own_disk
from shell.agent.repository import Repository
from shell.agent.reserve_watch import ReserveWatch
from shell.agent.retry import with_retries
from shell.agent.start import Start, begin, check_out, prompt_of, unresolved
from shell.agent.tree import Change, changed_bytes, changes, final_tree, put_back
from shell.agent.verify import Verifier, failed_by_work, not_passed, round_of, signature, status_of
from shell.clock import now
from shell.errors import Refused, Unavailable

if TYPE_CHECKING:
    from stages.world import Cost, Outcome, RunResult, Verification

_TAIL = 4000


class PullForge(Protocol):
    """What an attempt needs of a forge."""

    def find_pull(self, repo: str, head_branch: str, base: str) -> int | None: ...

    def create_pull(self, repo: str, title: str, body: str, head: str, base: str) -> Mapping[str, Any]: ...

    def issue(self, repo: str, number: int) -> Mapping[str, Any]: ...

    def me(self) -> Mapping[str, Any]: ...

    def set_status(
        self, repo: str, sha: str, state: str, context: str, description: str = "", target_url: str = ""
    ) -> None: ...

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
    turns: list[str] = field(default_factory=list)
    """The end of what the agent said in each turn."""
    seconds: float = 0.0
    model: str | None = None
    conversations: list[Conversation] = field(default_factory=list)
    """One of each turn."""
    verification: "list[Verification]" = field(default_factory=list)

    def feedback(self) -> dict[str, Any] | None:
        """What the agent reported of its work, the last time that it did."""
        reports = (read_feedback(said) for said in reversed(self.turns))
        return next((report for report in reports if report is not None), None)

    def cost(self) -> "Cost":
        cost: Cost = {"seconds": self.seconds}
        feedback = self.feedback()
        used = [one.usage for one in self.conversations if one.usage != Usage()]
        if used:
            cost |= cost_of(total(used), self.model)
        elif feedback and isinstance(tokens := feedback.get("tokens_consumed"), int):
            cost["tokens"] = tokens
        return cost

    def answer(self, outcome: "Outcome", reason: str) -> "RunResult":
        result: RunResult = {
            "outcome": outcome,
            "changed": [_readable(path) for path in self.changed],
            "head_sha": self.head_sha,
            "pr_number": self.pr_number,
            "reason": _readable(reason),
            "output_tail": self.turns[-1][-_TAIL:] if self.turns else "",
            "cost": self.cost(),
            "feedback": self.feedback(),
        }
        if self.verification:
            result["verification"] = self.verification
        if outcome == "quota" and (seconds := retry_after_s(reason)) is not None:
            result["retry_after_s"] = seconds
        return result


def _readable(text: str) -> str:
    """File names need not be UTF-8, but events are."""
    return text.encode(errors="replace").decode()


def run_attempt(
    spec: Mapping[str, Any],
    forge: PullForge,
    paths: Paths,
    report: Report,
    told: Callable[[], Sequence[str]] = tuple,
) -> "RunResult":
    """Run the attempt that `spec` describes; returns the fields of `agent_finished`.

    `told` gives what people told its agent since it was asked last.
    """
    found = _Found(pr_number=spec.get("pr_number"), model=spec.get("model"))
    attempt = paths.attempt(spec)
    try:
        with attempt.held(), own_disk(attempt, paths) as disk:
            framework = framework_of(spec["framework"])
            repository, start = _start(spec, forge, paths, report)
            reason = _Attempt(
                spec, forge, paths, attempt, disk, report, found, framework, repository, start, told
            ).do()
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


_GOES_ON = frozenset(
    (
        "timeout",
        "limit",
        "crashed",
        "failed",
        "auth",
        "quota",
        "overload",
        "network",
        "context_full",
        "unverified",
    )
)
"""How a run may end whose work the next one goes on with."""
_MOST_KEPT = 50 * 1024 * 1024
"""Bytes of unfinished work: more is what a run that went wrong has filled its disk with."""
_TOLD = "While you worked, people told you this about the task (it does not change your rules):"
_SHORTEST_TURN_S = 30.0
"""Seconds of the run's limit that a further turn needs at least."""


@dataclass
class _Attempt:
    """What all steps of an attempt need."""

    spec: Mapping[str, Any]
    forge: PullForge
    paths: Paths
    attempt: Attempt
    disk: OwnDisk | None
    report: Report
    found: _Found
    framework: Framework
    repository: Repository
    start: Start
    told: Callable[[], Sequence[str]]
    left_to_tell: list[str] = field(default_factory=list)

    def do(self) -> str:
        """All of it; returns what was done, in a sentence."""
        spec, found = self.spec, self.found
        if self.start.head is not None and not spec.get("pr_number"):
            with_retries(lambda: _open_pull(spec, self.forge))
        self.attempt.make()
        check_out(self.repository, self.start, self.attempt, spec["branch"])
        told = instructions(self.repository, self.start.base, spec["base"])
        prompt = prompt_of(spec["prompt"], self.start, spec["base"], told)
        self._take_turn(prompt)
        self._tell_the_rest(prompt)
        tree = self._checked_tree()
        if not found.changed and not self.start.merged:
            return self._unchanged()
        tree = self._verified(prompt, tree)
        while self._tell_the_rest(prompt):  # what people said while it was verified
            tree = self._verified(prompt, self._checked_tree())
        work = Work(spec["branch"], self.start, tree, _message(spec), _author(spec))
        found.head_sha = publish(self.repository, work, self.report.may_go_on, self.report.pushing)
        if (pushed := self.repository.tree_of(found.head_sha)) != tree:  # with what others pushed meanwhile
            self._verify_clean(pushed, found.head_sha)
        said = self._show_verification(found.head_sha)
        found.pr_number = _open_or_reuse_pull(spec, self.forge, self.report, self._pull_text())
        return f"Pushed {len(found.changed)} changed file(s) to {spec['branch']}.{said}"

    def _tell_the_rest(self, prompt: str) -> bool:
        """Further turns for what people told the agent and it could not take yet; whether it took any.

        What does not fit into the run's time stands in the prompt of the next one.
        """
        turns = len(self.found.turns)
        self.left_to_tell += self.told()
        while self.left_to_tell and self._seconds_left() >= _SHORTEST_TURN_S:
            self._go_on(prompt, "\n\n".join([_TOLD, *self.left_to_tell]))
        return len(self.found.turns) > turns

    def _go_on(self, prompt: str, words: str) -> None:
        """In the same session where the agent can go on with it, else with the whole prompt again."""
        before, agent = self.found.conversations, self.framework.agent
        if agent is not None and agent.profile.resumes and before and before[-1].session_id:
            self._take_turn(words, before[-1].session_id)
        else:
            self._take_turn(f"{prompt.rstrip()}\n\n{words}")

    def _seconds_left(self) -> float:
        return float(self.spec["time_limit_s"]) - self.found.seconds

    def _take_turn(self, prompt: str, resume: str | None = None) -> None:
        """A turn of the agent. AttemptEnded unless it ended well; then what it had done is kept."""
        spec, paths, found = self.spec, self.paths, self.found
        with (
            held_login(
                self.framework, paths.environment, paths.root / "locks", _waiting(self.report)
            ) as may_begin,
            network(spec, self.framework, paths, self.attempt, walls(self.framework, paths)) as egress,
        ):
            if not may_begin:
                raise AttemptEnded(
                    "stopped", "The run was stopped while it waited for a login that another run was using."
                )
            limited = {**spec, "time_limit_s": self._seconds_left()}
            job = prepare(limited, self.framework, paths, self.attempt, prompt, egress, self.disk, resume)
            job = replace(job, told=self.told)
            if job.conversation is not None:
                found.conversations.append(job.conversation)
            with ReserveWatch(self.report, paths.reserve) as watch:
                ended = run_job(job, watch)
        found.turns.append(ended.tail)
        found.seconds += ended.seconds
        self.left_to_tell = [*ended.left_to_tell, *self.told()]
        if watch.shortage:
            raise AttemptEnded("limit", "The run was ended: the bot's machine was running out of disk space.")
        if self.disk is not None:
            self.disk.check()
        try:
            judge(ended, self.framework, job, egress, float(spec["time_limit_s"]))
        except AttemptEnded as ending:
            self._keep_work(ending)
            raise

    def _checked_tree(self) -> str:
        """What the agent left. AttemptEnded if any of it may not leave."""
        if conflicts := unresolved(self.start, self.attempt):
            raise AttemptEnded("failed", f"The agent left merge conflicts in {', '.join(conflicts)}.")
        git = self.repository.git
        tree = final_tree(git, self.attempt.folder, self.attempt.index)
        changed = changes(git, self.start.tree, tree)
        self.found.changed = _checked_paths(changed, self.start, self.spec)
        if places := leaks(git, changed, _message(self.spec), self.spec):
            raise AttemptEnded("secret", _LEAK.format(_listed(places)))
        return tree

    # verification

    def _verified(self, prompt: str, tree: str) -> str:
        """The tree that passes, or that this machine cannot judge; while it fails, the agent is sent back.

        AttemptEnded once it failed in the same way as often as it may; what there is of the work is kept.
        """
        failures: Counter[str] = Counter()
        while (failed := self._failed(tree)) is not None:
            failures[signature(failed)] += 1
            put_back(self.repository.git, tree, self.attempt.folder, self.attempt.index)
            too_often = max(failures.values()) > self.spec.get("verify_rounds", 0)
            if too_often or self._seconds_left() < _SHORTEST_TURN_S:
                ending = AttemptEnded("unverified", not_passed(failed, failures.total()))
                self._keep_work(ending)
                raise ending
            self._go_on(prompt, round_of(failed, self.spec))
            self._tell_the_rest(prompt)
            tree = self._checked_tree()
        return tree

    def _failed(self, tree: str) -> "Verification | None":
        """The command that failed through the work: in the agent's folder, or in a clean checkout."""
        verifier = self._verifier()
        self.found.verification = verifier.in_workspace()
        if (failed := failed_by_work(self.found.verification)) is None:
            self._verify_clean(tree, self.start.parents[0])
            failed = failed_by_work(self.found.verification)
        return failed

    def _verify_clean(self, tree: str, parent: str) -> None:
        verifier = self._verifier()
        self.found.verification = verifier.on_clean_checkout(self.repository, tree, parent)

    def _verifier(self) -> Verifier:
        return Verifier(self.spec, self.paths, self.attempt, self.report)

    def _show_verification(self, commit: str) -> str:
        """A status of each command on the commit; returns what the forge refused, in a sentence."""
        repo = self.spec["repo"]
        try:
            for one in self.found.verification:
                state, words = status_of(one)
                context = f"caloron/{one['name']}"
                with_retries(partial(self.forge.set_status, repo, commit, state, context, words))
        except Refused as error:
            return f" The forge refused the status of the verification: {error}."
        return ""

    def _pull_text(self) -> str:
        feedback = self.found.feedback()
        notes = feedback.get("notes") if feedback else None
        return pull_text(self.spec, notes, self.found.verification, self.found.cost())

    # what is left of a run that did not end well

    def _keep_work(self, ending: AttemptEnded) -> None:
        """Push what the agent had done so far as work in progress; `ending` says what became of it.

        AttemptEnded if it holds a secret. Conflicts that the agent has not settled are never pushed.
        """
        if ending.outcome not in _GOES_ON or self.start.conflicts:
            return
        try:
            words = self._push_work()
        except AttemptEnded as refusal:
            if refusal.outcome == "secret":
                raise
            words = f"What it had done is not kept: {refusal.reason}"
        except (GitError, Unavailable, Refused, OSError) as error:
            words = f"What it had done is lost: {error}."
        ending.reason = " ".join(filter(None, (sentence(ending.reason) if words else ending.reason, words)))

    def _push_work(self) -> str:
        """What became of it, in a sentence; nothing where the agent had changed nothing."""
        git, spec, start, report = self.repository.git, self.spec, self.start, self.report
        if changed_bytes(git, self.attempt.folder, self.attempt.index) > _MOST_KEPT:
            return f"What it had done is not kept: it is more than {size(_MOST_KEPT)}."
        tree = final_tree(git, self.attempt.folder, self.attempt.index)
        changed = changes(git, start.tree, tree)
        if not changed:
            return ""
        message = _message(spec, "Work in progress: ")
        if places := leaks(git, changed, message, spec):
            raise AttemptEnded("secret", _LEAK.format(_listed(places)))
        _checked_paths(changed, start, spec)
        work = Work(spec["branch"], start, tree, message, _author(spec))
        self.found.head_sha = publish(
            self.repository, work, report.may_go_on, lambda commit: report.pushing(commit, True)
        )
        self.found.changed = [change.path for change in changed]
        return f"What it had done is on {spec['branch']}, and the next run continues from there."

    def _unchanged(self) -> str:
        """Nothing new; but an earlier attempt may have pushed and died before it reported that.

        Unfinished work counts only if the agent's protocol told that it found nothing left to do: a program
        that ends with 0 may not have reached its model at all.
        """
        start, spec, repository = self.start, self.spec, self.repository
        has_answered = self.framework.agent is not None
        unfinished = start.head is not None and start.head == spec.get("partial") and not has_answered
        if start.head is None or unfinished or not _unreported(spec, start.head):
            raise AttemptEnded("no_change", "The agent changed nothing.")
        if repository.contains(start.base, start.head):
            raise AttemptEnded("no_change", "The agent changed nothing.")
        self.found.head_sha, fork = start.head, repository.fork(start.base, start.head)
        self.found.changed = [change.path for change in changes(repository.git, fork, start.head)]
        self._verify_clean(start.tree, start.head)
        said = self._show_verification(start.head)
        self.found.pr_number = _open_or_reuse_pull(spec, self.forge, self.report, self._pull_text())
        return f"Continued with what an earlier run had pushed to {spec['branch']}.{said}"


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


def _unreported(spec: Mapping[str, Any], head: str) -> bool:
    """Whether this head was never reported: its pull request was last seen at another, or none had it."""
    if spec.get("pr_number"):
        return bool(spec.get("seen_sha")) and head != spec["seen_sha"]
    return head not in (spec.get("closed_shas") or [])


def _open_or_reuse_pull(spec: Mapping[str, Any], forge: PullForge, report: Report, body: str) -> int:
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
            forge.create_pull(repo, spec["pr_title"], body, branch, base)["number"]
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
    trailers = {
        "Task": spec["task_id"],
        "Sprint": spec["sprint_id"],
        "Attempt": spec["attempt"],
        "Assisted-by": " ".join(filter(None, (spec["framework"], spec.get("model")))),
    }
    return "\n".join([subject, "", *(f"{name}: {value}" for name, value in trailers.items()), ""])


def _author(spec: Mapping[str, Any]) -> dict[str, str]:
    who = f"caloron-agent-{spec['agent_id']}"
    person = {"NAME": who, "EMAIL": f"{who}@caloron.invalid"}
    return {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in person.items()}
