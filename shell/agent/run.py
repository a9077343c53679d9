"""One attempt at a task: a fresh folder, the agent's run, its changes checked, pushed, and a pull request."""

import errno
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from shell.agent.acp import Resume
from shell.agent.commands import Commands
from shell.agent.egress.outside import EgressError
from shell.agent.frameworks import Framework, FrameworkError, LoginError
from shell.agent.git import Credential, GitError
from shell.agent.harness import Watcher, run_job
from shell.agent.instructions import instructions
from shell.agent.judge import judge, sentence
from shell.agent.kept import (
    Kept,
    Session,
    bring_ignored,
    keep,
    leave_ignored,
    make_room_for_files,
    put_aside,
    take_back,
)  # fmt: skip
from shell.agent.leaks import leaks
from shell.agent.limits import size
from shell.agent.logins import held_login, know_all, remove_logins
from shell.agent.network import network
from shell.agent.outcome import AttemptEnded, WorkLeft
from shell.agent.own_framework import framework_for, name_of
from shell.agent.path_rules import outside, protected
from shell.agent.paths import Attempt, Paths
from shell.agent.prepare import prepare, walls
from shell.agent.progress import Progress
from shell.agent.publish import Work, publish
from shell.agent.pull import PullForge, open_or_reuse_pull, open_pull
from shell.agent.pull_text import pull_text
from shell.agent.quota import OwnDisk, own_disk
from shell.agent.remove import remove_folder
from shell.agent.repository import Repository
from shell.agent.repository_setup import RepositorySetup
from shell.agent.reserve_watch import ReserveWatch
from shell.agent.retry import with_retries
from shell.agent.salvage import left_before, opened, remember_start, wait_for_earlier
from shell.agent.start import Start, begin, check_out, prompt_of, unresolved
from shell.agent.stored import listed
from shell.agent.tree import Change, cannot_be_stored, changed_bytes, changes, final_tree, put_back
from shell.agent.verify import Verifier, failed_by_work, not_passed, round_of, signature, status_of
from shell.budget import MICRO
from shell.clock import now
from shell.errors import Refused, Unavailable
from shell.neutralize import as_title

if TYPE_CHECKING:
    from stages.world import Outcome, RunResult, Verification


Report = Watcher
"""Receives the run's progress; `may_go_on` is the fence: False once this is not the current attempt."""


def run_attempt(
    spec: Mapping[str, Any],
    forge: PullForge,
    paths: Paths,
    report: Report,
    told: Callable[[], Sequence[str]] = tuple,
    work_left: Callable[[], WorkLeft] = lambda: "drop",
) -> "RunResult":
    """Run the attempt that `spec` describes; returns the fields of `agent_finished`.

    `told` gives what people told its agent since it was asked last; `work_left` is asked once it may not go
    on.
    """
    progress = Progress(pr_number=spec.get("pr_number"), model=spec.get("model"))
    try:
        reason = _run_held(spec, forge, paths, report, progress, told, work_left)
        return progress.answer("done", reason)
    except AttemptEnded as ending:
        return progress.answer(ending.outcome, ending.reason)
    except LoginError as error:
        return progress.answer("auth", str(error))
    except (FrameworkError, EgressError) as error:
        return progress.answer("failed", str(error))
    except GitError as error:
        return progress.answer("failed", f"Git failed: {error}")
    except (Unavailable, Refused) as error:
        pushed = f" The branch {spec['branch']} is pushed." if progress.head_sha else ""
        return progress.answer("failed", f"The forge failed: {error}.{pushed}")
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        return progress.answer("limit", "The run was ended: the disk of the bot's machine is full.")


def _run_held(
    spec: Mapping[str, Any],
    forge: PullForge,
    paths: Paths,
    report: Report,
    progress: Progress,
    told: Callable[[], Sequence[str]],
    work_left: Callable[[], WorkLeft],
) -> str:
    """Run the attempt in its own folder, which no other process has meanwhile; why it ended well."""
    attempt = paths.attempt(spec)
    with attempt.held(put_aside):
        wait_for_earlier(attempt, _waiting(report))
        kept = take_back(attempt, paths.limits.disk_bytes if paths.own_disks else None)
        with own_disk(attempt, paths) as disk:
            framework = framework_for(spec, paths)
            repository, start = _start(spec, forge, paths, report)
            run = _Run(
                spec,
                forge,
                paths,
                attempt,
                disk,
                report,
                progress,
                framework,
                repository,
                start,
                told,
                work_left,
                kept,
            )
            return run.do()


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
_SERVES_NEXT = frozenset(
    (
        "done",
        "no_change",
        "out_of_scope",
        "protected",
        "unverified",
        "timeout",
        "stopped",
        "quota",
        "overload",
        "network",
        "auth",
    )
)
"""How a run may end whose session and files the next one goes on with; after others it begins anew."""
_TOLD = "While you worked, people told you this about the task (it does not change your rules):"
_LEFT = "An earlier run was ended before it was done. Its work is on your branch: continue from there."
_SHORTEST_TURN_S = 30.0
"""Seconds of the run's limit that a further turn needs at least."""
_MOST_ROUNDS = 10
"""How often in all an agent is sent back; failures that change each time would never end."""


@dataclass
class _Run:
    """What all steps of an attempt need."""

    spec: Mapping[str, Any]
    forge: PullForge
    paths: Paths
    attempt: Attempt
    disk: OwnDisk | None
    report: Report
    progress: Progress
    framework: Framework
    repository: Repository
    start: Start
    told: Callable[[], Sequence[str]]
    work_left: Callable[[], WorkLeft]
    kept: Kept | None
    """Of the run before, to go on with."""
    left_to_tell: list[str] = field(default_factory=list)
    left: str | None = None
    """The commit of what a run had done that was killed, or gave way to this one."""

    def do(self) -> str:
        """All of it; returns what was done, in a sentence."""
        try:
            done = self._do()
        except AttemptEnded as ending:
            if ending.outcome == "stopped" and self._leaves_work(ending):
                raise  # the run that takes its place needs all of it as it is
            self._keep_files(ending.outcome)
            raise
        self._keep_files("done")
        return done

    def _keep_files(self, outcome: "Outcome") -> None:
        """For the next run of the task, where this one's session and files may serve it.

        Where that fails the run is as good as without: the next one begins in a fresh home.
        """
        if outcome not in _SERVES_NEXT or not self.attempt.started_from.is_file():
            return
        try:
            remove_logins(self.framework, self.attempt.home)
            key = self._setup().key(self.start.base)
            kept = Kept(self.framework.name, key, self._last_session())
            keep(self.attempt, self.paths, self.disk, kept)
        except (OSError, GitError) as error:
            self.attempt.note(f"Nothing is kept for the next run of this task: {error}.")

    def _last_session(self) -> Session | None:
        last = self.progress.conversations[-1] if self.progress.conversations else None
        if last is None or last.session_id is None:
            return None
        return Session(last.session_id, last.session_usd)

    def _do(self) -> str:
        spec, progress = self.spec, self.progress
        self._go_on_from_earlier_run()
        if self.start.head is not None and not spec.get("pr_number"):
            with_retries(lambda: open_pull(spec, self.forge))
        make_room_for_files(self.attempt)
        if not self._has_home():
            remove_folder(self.attempt.home)
        fresh_home = not self.attempt.home.exists()
        self.attempt.make()
        check_out(self.repository, self.start, self.attempt, spec["branch"])
        self._set_up(fresh_home)
        remember_start(self.attempt, self.start)
        told = instructions(self.repository, self.start.base, spec["base"])
        prompt = prompt_of(spec["prompt"], self.start, spec["base"], told)
        if self.left:
            prompt = f"{prompt.rstrip()}\n\n{_LEFT}\n"
        self._take_turn(prompt, self._session_to_resume())
        self._tell_the_rest(prompt)
        tree = self._checked_tree()
        tree = self._verified(prompt, tree)
        while self._tell_the_rest(prompt):  # what people said while it was verified
            tree = self._verified(prompt, self._checked_tree())
        if not self._has_changed():
            return self._unchanged()
        work = Work(spec["branch"], self.start, tree, _message(spec), _author(spec))
        progress.head_sha = publish(self.repository, work, self.report.may_go_on, self.report.pushing)
        if (
            pushed := self.repository.tree_of(progress.head_sha)
        ) != tree:  # with what others pushed meanwhile
            self._failed_clean(pushed, progress.head_sha)
        said = self._judge_pushed(progress.head_sha)
        progress.pr_number = open_or_reuse_pull(spec, self.forge, self.report, self._pull_text())
        return f"Pushed {len(progress.changed)} changed file(s) to {spec['branch']}.{said}"

    def _go_on_from_earlier_run(self) -> None:
        """Push what an earlier run of this task had done when it was ended, and start from that.

        Where the branch has moved since, or it may not leave, that work is lost. AttemptEnded if it holds a
        secret.
        """
        if (earlier := left_before(self.attempt)) is None:
            return
        try:
            with opened(earlier, self.paths) as start:
                if start is not None and start.head == self.start.head:
                    know_all(self.framework, self.paths.environment, earlier.home)
                    of_earlier = replace(self, attempt=earlier, start=start, progress=Progress())
                    of_earlier._keep_work(AttemptEnded("crashed", ""))
                    self.left = of_earlier.progress.head_sha
        finally:
            remove_folder(earlier.root)
        if self.left:
            self.repository, self.start = _start(self.spec, self.forge, self.paths, self.report)

    def _has_home(self) -> bool:
        """Whether the home that was kept is this framework's."""
        return self.kept is not None and self.kept.framework == self.framework.name

    def _set_up(self, fresh_home: bool) -> None:
        """What the run before had installed, if that is of the same setup, and the repository's setup."""
        setup, attempt = self._setup(), self.attempt
        if self.kept is not None and self.kept.setup == setup.key(self.start.base):
            bring_ignored(self.repository.git, attempt)
        else:
            leave_ignored(attempt)
        setup.give(self.start.base, attempt.folder, attempt.home if fresh_home else None)

    def _commands(self) -> Commands:
        return Commands(self.spec, self.paths, self.attempt, self.report, self.disk)

    def _setup(self) -> RepositorySetup:
        return RepositorySetup(self._commands(), self.repository, _waiting(self.report))

    def _has_changed(self) -> bool:
        return bool(self.progress.changed) or self.start.merged

    def _tell_the_rest(self, prompt: str) -> bool:
        """Further turns for what people told the agent and it could not take yet; whether it took any.

        What does not fit into the run's time or budget stands in the prompt of the next one.
        """
        turns = len(self.progress.turns)
        self.left_to_tell += self.told()
        while self.left_to_tell and self._seconds_left() >= _SHORTEST_TURN_S and not self._has_spent_all():
            self._go_on(prompt, "\n\n".join([_TOLD, *self.left_to_tell]))
        return len(self.progress.turns) > turns

    def _session_to_resume(self) -> Resume | None:
        """The session of the run before, with what is new since; its agent knows the rest."""
        agent, again = self.framework.agent, self.spec.get("again")
        session = self.kept.session if self._has_home() and self.kept else None
        if not again or agent is None or not agent.profile.resumes or session is None:
            return None
        words = prompt_of(again, self.start, self.spec["base"])
        words = f"{words.rstrip()}\n\n{_LEFT}\n" if self.left else words
        return Resume(session.id, words, session.usd)

    def _go_on(self, prompt: str, words: str) -> None:
        """In the same session where the agent can go on with it, else with the whole prompt again."""
        agent, resume, session = self.framework.agent, None, self._last_session()
        if agent is not None and agent.profile.resumes and session is not None:
            resume = Resume(session.id, words, session.usd)
        self._take_turn(f"{prompt.rstrip()}\n\n{words}", resume)

    def _has_spent_all(self) -> bool:
        """Whether a budget leaves nothing for a further turn."""
        cost = self.progress.cost()
        used = {"tokens": cost.get("tokens") or 0, "usd": (cost.get("charged_usd") or 0) * MICRO}
        return any(used[one["unit"]] >= one["amount"] for one in self.spec.get("left") or [])

    def _seconds_left(self) -> float:
        """Of the run's limit, which its verification counts on, too."""
        return float(self.spec["time_limit_s"]) - self.progress.seconds - self.progress.verified_s

    def _take_turn(self, prompt: str, resume: Resume | None = None) -> None:
        """A turn of the agent. AttemptEnded unless it ended well; then what it had done is kept."""
        spec, paths, progress = self.spec, self.paths, self.progress
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
                progress.conversations.append(job.conversation)
            with ReserveWatch(self.report, paths.reserve) as watch:
                ended = run_job(job, watch)
        progress.turns.append(ended.tail)
        progress.seconds += ended.seconds
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
        self.progress.changed = _checked_paths(changed, self.start, self.spec)
        self._check_stored(changed)
        if places := leaks(git, changed, _message(self.spec), self.spec):
            raise AttemptEnded("secret", _LEAK.format(listed(places)))
        return tree

    def _check_stored(self, changed: list[Change]) -> None:
        """AttemptEnded where git could not store these changes as they are, or others not have them."""
        git, attempt = self.repository.git, self.attempt
        if words := cannot_be_stored(git, changed, attempt.folder, attempt.index):
            raise AttemptEnded("protected", f"This work cannot be proposed. {words} Nothing was pushed.")

    # verification

    def _verified(self, prompt: str, tree: str) -> str:
        """The tree that passes, or that this machine cannot judge; while it fails, the agent is sent back.

        AttemptEnded once it failed as often as it may; what there is of the work is kept.
        """
        failures: Counter[str] = Counter()
        while self._has_changed() and (failed := self._failed(tree)) is not None:
            failures[signature(failed)] += 1
            if self._gives_up(failures):
                ending = AttemptEnded("unverified", not_passed(failed, failures.total()))
                self._keep_work(ending, tree)
                if self.progress.head_sha is not None:
                    ending.reason += self._show_verification(self.progress.head_sha)
                    self._propose_draft(ending)
                raise ending
            self._go_on(prompt, round_of(failed, self.spec))
            self._tell_the_rest(prompt)
            tree = self._checked_tree()
        return tree

    def _propose_draft(self, ending: AttemptEnded) -> None:
        """Show people what does not pass, as a draft that nobody is asked to review."""
        try:
            number = open_or_reuse_pull(self.spec, self.forge, self.report, self._pull_text(), draft=True)
        except AttemptEnded as refusal:  # stopped meanwhile, or the branch has another's pull request
            ending.reason = f"{sentence(ending.reason)} {refusal.reason}"
        except (Refused, Unavailable) as error:
            ending.reason = f"{sentence(ending.reason)} No draft pull request shows it: {error}."
        else:
            self.progress.pr_number = number
            ending.reason = f"{sentence(ending.reason)} It is shown as the draft #{number}."

    def _gives_up(self, failures: Counter[str]) -> bool:
        """Whether it failed in one way, or in all, as often as it may, or has no time for another turn."""
        again = max(failures.values()) > self.spec.get("verify_rounds", 0) or self._has_spent_all()
        return again or failures.total() > _MOST_ROUNDS or self._seconds_left() < _SHORTEST_TURN_S

    def _failed(self, tree: str) -> "Verification | None":
        """The command that failed through the work; where none can be judged, the work is kept."""
        try:
            return self._failed_in_workspace(tree) or self._failed_clean(tree, self.start.parents[0])
        except AttemptEnded as ending:
            self._keep_work(ending, tree)
            raise
        except (EgressError, GitError) as error:
            failure = AttemptEnded("failed", sentence(f"The work could not be verified: {error}"))
            self._keep_work(failure, tree)
            raise failure from error

    def _failed_in_workspace(self, tree: str) -> "Verification | None":
        """In the agent's folder; what the commands wrote beside the work is undone."""
        attempt = self.attempt
        found = self._verifier().in_workspace()
        self.progress.note_verification(found)
        if found:
            put_back(self.repository.git, tree, attempt.folder, attempt.index)
        return failed_by_work(self.progress.verification)

    def _failed_clean(self, tree: str, parent: str) -> "Verification | None":
        """In a clean checkout."""
        found = self._verifier().on_clean_checkout(self.repository, tree, parent)
        self.progress.note_verification(found)
        return failed_by_work(found)

    def _verifier(self) -> Verifier:
        return Verifier(self._commands(), self._setup(), self.start.base, self._seconds_left())

    def _judge_pushed(self, commit: str) -> str:
        """Show on the commit how it was verified; returns what the forge refused, in a sentence.

        AttemptEnded if it does not pass: what others pushed meanwhile may break what passed before.
        """
        said = self._show_verification(commit)
        if (failed := failed_by_work(self.progress.verification)) is not None:
            reason = f"{sentence(not_passed(failed, 1))} It is pushed to {self.spec['branch']}.{said}"
            ending = AttemptEnded("unverified", reason)
            self._propose_draft(ending)
            raise ending
        return said

    def _show_verification(self, commit: str) -> str:
        repo = self.spec["repo"]
        try:
            for one in self.progress.verification:
                state, words = status_of(one)
                context = f"caloron/{one['name']}"
                with_retries(partial(self.forge.set_status, repo, commit, state, context, words))
        except (Refused, Unavailable) as error:
            return f" The forge did not take the status of the verification: {error}."
        return ""

    def _pull_text(self) -> str:
        feedback = self.progress.feedback()
        notes = feedback.get("notes") if feedback else None
        return pull_text(self.spec, notes, self.progress.verification, self.progress.cost())

    # what is left of a run that did not end well

    def _leaves_work(self, ending: AttemptEnded) -> bool:
        """Whether its folder stays for the run that takes its place; else its work is pushed, or dropped.

        AttemptEnded if it holds a secret.
        """
        if not self.attempt.started_from.is_file() or self.progress.head_sha:
            return False
        match self.work_left():
            case "push":
                self._push_what_there_is(ending, None, lambda: self.work_left() == "push")
                return False
            case "leave":
                self.attempt.leave()
                return True
            case "drop":
                return False

    def _keep_work(self, ending: AttemptEnded, tree: str | None = None) -> None:
        """Push what the agent had done so far, or this tree of it; AttemptEnded if it holds a secret."""
        if ending.outcome in _GOES_ON:
            self._push_what_there_is(ending, tree, self.report.may_go_on)

    def _push_what_there_is(
        self, ending: AttemptEnded, tree: str | None, may_push: Callable[[], bool]
    ) -> None:
        """`ending` says what became of it. Conflicts that the agent has not settled are never pushed."""
        if self.start.conflicts:
            return
        try:
            words = self._push_work(tree or self._unchecked_tree(), may_push)
        except AttemptEnded as refusal:
            if refusal.outcome == "secret":
                raise
            words = f"What it had done is not kept: {refusal.reason}"
        except (GitError, Unavailable, Refused, OSError) as error:
            words = f"What it had done is lost: {error}."
        ending.reason = " ".join(filter(None, (sentence(ending.reason) if words else ending.reason, words)))

    def _unchecked_tree(self) -> str:
        """What stands in the folder. AttemptEnded if it is too much to be work."""
        git, attempt = self.repository.git, self.attempt
        if changed_bytes(git, attempt.folder, attempt.index) > _MOST_KEPT:
            raise AttemptEnded("failed", f"it is more than {size(_MOST_KEPT)}.")
        return final_tree(git, attempt.folder, attempt.index)

    def _push_work(self, tree: str, may_push: Callable[[], bool]) -> str:
        """What became of it, in a sentence; nothing where the agent had changed nothing."""
        git, spec, start, report = self.repository.git, self.spec, self.start, self.report
        changed = changes(git, start.tree, tree)
        if not changed:
            return ""
        message = _message(spec, "Work in progress: ")
        if places := leaks(git, changed, message, spec):
            raise AttemptEnded("secret", _LEAK.format(listed(places)))
        _checked_paths(changed, start, spec)
        self._check_stored(changed)
        work = Work(spec["branch"], start, tree, message, _author(spec))
        self.progress.head_sha = publish(
            self.repository, work, may_push, lambda commit: report.pushing(commit, True)
        )
        self.progress.changed = [change.path for change in changed]
        return f"What it had done is on {spec['branch']}, and the next run continues from there."

    def _unchanged(self) -> str:
        """Nothing new; but an earlier attempt may have pushed and died before it reported that.

        Unfinished work counts only if the agent's protocol, or its report, told that it found nothing left to
        do: a program that ends with 0 may not have reached its model at all.
        """
        start, spec, repository = self.start, self.spec, self.repository
        has_answered = self.framework.agent is not None or self.progress.feedback() is not None
        unfinished = start.head in (self.left or "", spec.get("partial") or "") and not has_answered
        if start.head is None or unfinished or not _unreported(spec, start.head):
            raise AttemptEnded("no_change", "The agent changed nothing.")
        if repository.contains(start.base, start.head):
            raise AttemptEnded("no_change", "The agent changed nothing.")
        self.progress.head_sha, fork = start.head, repository.fork(start.base, start.head)
        self.progress.changed = [change.path for change in changes(repository.git, fork, start.head)]
        self._failed_clean(start.tree, start.head)
        said = self._judge_pushed(start.head)
        self.progress.pr_number = open_or_reuse_pull(spec, self.forge, self.report, self._pull_text())
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
            "protected", f"The agent changed protected files: {listed(forbidden)}. Nothing was pushed."
        )
    strays = [path for path in outside(paths, spec.get("scope") or []) if path not in start.conflicts]
    if strays:
        allowed = ", ".join(spec["scope"])
        raise AttemptEnded(
            "out_of_scope",
            f"The agent changed files outside its scope ({allowed}): {listed(strays)}. Nothing was pushed.",
        )
    return paths


def _unreported(spec: Mapping[str, Any], head: str) -> bool:
    """Whether this head was never reported: its pull request was last seen at another, or none had it.

    One that is shown as a draft was never reported as done.
    """
    if spec.get("draft"):
        return True
    if spec.get("pr_number"):
        return bool(spec.get("seen_sha")) and head != spec["seen_sha"]
    return head not in (spec.get("closed_shas") or [])


def _message(spec: Mapping[str, Any], before: str = "") -> str:
    subject = before + " ".join(str(spec.get("pr_title") or spec["title"]).split())[:100]
    trailers = {
        "Task": spec["task_id"],
        "Sprint": spec["sprint_id"],
        "Attempt": spec["attempt"],
    }
    if spec.get("assisted_by", True):
        trailers["Assisted-by"] = as_title(" ".join(filter(None, (name_of(spec), spec.get("model")))))
    if spec.get("sign_off"):
        committer = _author(spec)
        trailers["Signed-off-by"] = f"{committer['GIT_COMMITTER_NAME']} <{committer['GIT_COMMITTER_EMAIL']}>"
    return "\n".join([subject, "", *(f"{name}: {value}" for name, value in trailers.items()), ""])


def _author(spec: Mapping[str, Any]) -> dict[str, str]:
    who = f"caloron-agent-{spec['agent_id']}"
    person = {"NAME": who, "EMAIL": f"{who}@caloron.invalid"}
    return {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in person.items()}
