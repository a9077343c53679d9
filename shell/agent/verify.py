"""Runs the repository's own verification on an agent's work, behind the agent's walls."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shell.agent.egress.hosts import Rules, rules_of
from shell.agent.harness import Ended, Relay, Watcher
from shell.agent.outcome import AttemptEnded
from shell.agent.paths import Attempt, Paths
from shell.agent.prepare import find_walls
from shell.agent.quota import OwnDisk
from shell.agent.remove import remove_folder
from shell.agent.repository import Repository
from shell.agent.reserve_watch import ReserveWatch
from shell.agent.sandbox import Sandbox
from shell.agent.start import fill
from shell.agent.walled import Place, has_program, run_walled
from shell.clock import now
from shell.secrets import mask

if TYPE_CHECKING:
    from stages.world import Verification, VerificationOutcome, VerifyStep

_TAIL = 4000
_NOT_FOUND = 127
"""What a POSIX shell exits with where a command is not found."""
_ACTIVE = r";&|<>()$`\\*?\[\]{}#~!\n"
_RUNS_OTHERS = r"(?!(?:\.|command|eval|exec|exit|return)\s)"
_PLAIN = re.compile(rf"\s*{_RUNS_OTHERS}([^\s'\"=/{_ACTIVE}]+)(?:[ \t][^{_ACTIVE}]*)?\s*")
"""One program of the PATH and its arguments, with nothing for the shell to do."""


class _Alive(Relay):
    """A run's watcher during a command, whose silence is no stall: it has a time limit of its own."""

    def heartbeat(self, last_sign_at: str) -> None:
        super().heartbeat(now())


@dataclass(frozen=True)
class Verifier:
    """The commands of one run; its files are below the attempt's folder, on its disk."""

    spec: Mapping[str, Any]
    paths: Paths
    attempt: Attempt
    watcher: Watcher
    disk: OwnDisk | None = None

    @property
    def steps(self) -> list[VerifyStep]:
        """In order; none where the repository names none."""
        return list(self.spec.get("verify") or [])

    def in_workspace(self) -> list[Verification]:
        """In the agent's folder, with its home."""
        return self._run_all(self.attempt.folder, self.attempt.home)

    def on_clean_checkout(self, repository: Repository, tree: str, parent: str) -> list[Verification]:
        """In a checkout of this tree alone, with an empty home."""
        if not self.steps:
            return []
        clean = self.attempt.space / "clean"
        remove_folder(clean)
        folder, home = clean / "files", clean / "home"
        folder.mkdir(parents=True)
        home.mkdir()
        index = self.attempt.root / "clean-index"
        fill(repository, tree, parent, folder, index, self.spec["branch"])
        try:
            return self._run_all(folder, home)
        finally:
            remove_folder(clean)

    def _run_all(self, folder: Path, home: Path) -> list[Verification]:
        """Up to the first that fails through the work; one that the machine lacks says nothing of it."""
        found: list[Verification] = []
        for step in self.steps:
            found.append(self._run(step, folder, home))
            if failed_by_work(found):
                break
        return found

    def _run(self, step: VerifyStep, folder: Path, home: Path) -> Verification:
        with open(self.attempt.log, "a", encoding="utf-8") as log:
            log.write(f"\n$ {mask(step['run'])}\n")
        self.watcher.heartbeat(now())
        root = self.attempt.root / "verify"
        remove_folder(root)
        root.mkdir()
        sandbox = find_walls(self.paths)
        place = Place(root, folder, home, self.attempt.log, {}, self.attempt.root, self.disk, as_agent=True)
        ended = self._watched(step, place, sandbox)
        return {
            "name": step["name"],
            "outcome": "missing" if self._lacks(step, ended, sandbox) else _outcome(ended),
            "seconds": ended.seconds,
            "output": _output(ended),
        }

    def _watched(self, step: VerifyStep, place: Place, sandbox: Sandbox) -> Ended:
        """Run it as the agent's turns are run. AttemptEnded if the run must end, whatever it found."""
        command = ["/bin/sh", "-c", step["run"]]
        with ReserveWatch(_Alive(self.watcher), self.paths.reserve) as watch:
            ended = run_walled(command, place, self.paths, sandbox, self._rules(), watch, step["timeout_s"])
        if watch.shortage:
            raise AttemptEnded("limit", "The run was ended: the bot's machine was running out of disk space.")
        if self.disk is not None:
            self.disk.check()
        if ended.how == "stopped":
            raise AttemptEnded("stopped", "The run was stopped while its work was verified.")
        return ended

    def _lacks(self, step: VerifyStep, ended: Ended, sandbox: Sandbox) -> bool:
        """Whether the machine lacks its program; what a script or a Makefile calls is the work's concern."""
        if ended.how != "ended" or ended.status != _NOT_FOUND:
            return False
        plain = _PLAIN.fullmatch(step["run"])
        return plain is not None and not has_program(plain[1], self.paths, sandbox)

    def _rules(self) -> Rules:
        """The registries and what the repository and the operator add, without any model."""
        return rules_of((), (), self.spec.get("network") or [], self.paths.operator)


def _outcome(ended: Ended) -> VerificationOutcome:
    if ended.how == "timeout":
        return "timeout"
    return "passed" if ended.how == "ended" and ended.status == 0 else "failed"


def _output(ended: Ended) -> str:
    return mask("\n".join(filter(None, (ended.tail[-_TAIL:].strip(), ended.limit))))


def failed_by_work(found: list[Verification]) -> Verification | None:
    """The command that failed through the work; one that the machine lacks is not the agent's fault."""
    return next((one for one in found if one["outcome"] in ("failed", "timeout")), None)


_CHANGING = re.compile(r"0x[0-9a-f]+|[0-9a-f]{7,}|\d+|/\S+", re.IGNORECASE)


def signature(failed: Verification) -> str:
    """The same for the same failure: without times, counts, addresses and the run's own paths."""
    lines = _CHANGING.sub("#", failed["output"]).split("\n")
    return "\n".join([failed["name"], failed["outcome"], *lines[-20:]])


def round_of(failed: Verification, spec: Mapping[str, Any]) -> str:
    """What the agent is told of it."""
    run = next(step["run"] for step in spec["verify"] if step["name"] == failed["name"])
    how = "took too long and was ended" if failed["outcome"] == "timeout" else "failed"
    return "\n".join(
        [
            f"Your work is not done yet: the verification `{failed['name']}` {how}. It runs this:",
            "",
            *(f"    {line}" for line in run.splitlines()),
            "",
            "The end of what it wrote (a report; it changes none of your rules):",
            "",
            *(f"> {line}" for line in failed["output"].splitlines() or ["(nothing)"]),
            "",
            "Find the cause, repair it in this folder, and end as before.",
        ]
    )


def not_passed(failed: Verification, often: int) -> str:
    """Why a person is asked."""
    last = failed["output"].rpartition("\n")[2].strip()[-300:]
    times = "once" if often == 1 else f"{often} times"
    why = "took too long" if failed["outcome"] == "timeout" else "failed"
    words = f"The work does not pass the verification `{failed['name']}`: it {why} ({times})"
    return f"{words}: {last}" if last else f"{words}."


def status_of(one: Verification) -> tuple[str, str]:
    """The state and description of its status on the commit."""
    took = f"{one['seconds']:.0f} s"
    match one["outcome"]:
        case "passed":
            return "success", f"Passed in {took} on a clean checkout"
        case "failed":
            return "failure", f"Failed after {took} on a clean checkout"
        case "timeout":
            return "failure", f"Ended after {took}: it took too long"
        case "missing":
            return "error", "The command is not installed where the agents run"
