"""Runs the repository's own verification on an agent's work, behind the agent's walls."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shell.agent.commands import Commands, output_of
from shell.agent.harness import Ended
from shell.agent.prepare import find_walls
from shell.agent.remove import remove_folder
from shell.agent.repository import Repository
from shell.agent.repository_setup import RepositorySetup
from shell.agent.start import fill
from shell.agent.walled import has_program

if TYPE_CHECKING:
    from stages.world import Verification, VerificationOutcome, VerifyStep

SETUP = "setup"
"""The name under which the repository's setup is verified, where the work changes what it goes by."""
_TAIL = 4000
_NOT_FOUND = 127
"""What a POSIX shell exits with where a command is not found."""
_ACTIVE = r";&|<>()$`\\*?\[\]{}#~!\n"
_RUNS_OTHERS = r"(?!(?:\.|command|eval|exec|exit|return)\s)"
_PLAIN = re.compile(rf"\s*{_RUNS_OTHERS}([^\s'\"=/{_ACTIVE}]+)(?:[ \t][^{_ACTIVE}]*)?\s*")
"""One program of the PATH and its arguments, with nothing for the shell to do."""


@dataclass(frozen=True)
class Verifier:
    """The commands of one run; its files are below the attempt's folder, on its disk."""

    commands: Commands
    setup: RepositorySetup
    base: str
    """The commit whose setup the agent had."""
    seconds_left: float
    """Of the run, for a setup of the work's own."""

    @property
    def steps(self) -> list[VerifyStep]:
        """In order; none where the repository names none."""
        return list(self.commands.spec.get("verify") or [])

    def in_workspace(self) -> list[Verification]:
        """In the agent's folder, with its home."""
        return self._run_all(self.commands.attempt.folder, self.commands.attempt.home)

    def on_clean_checkout(self, repository: Repository, tree: str, parent: str) -> list[Verification]:
        """In a checkout of this tree alone, with an empty home."""
        if not self.steps:
            return []
        attempt = self.commands.attempt
        clean = attempt.space / "clean"
        remove_folder(clean)
        folder, home = clean / "files", clean / "home"
        folder.mkdir(parents=True)
        home.mkdir()
        fill(repository, tree, parent, folder, attempt.root / "clean-index", self.commands.spec["branch"])
        try:
            found = self._set_up(tree, folder, home)
            return found if failed_by_work(found) else [*found, *self._run_all(folder, home)]
        finally:
            remove_folder(clean)

    def _set_up(self, tree: str, folder: Path, home: Path) -> list[Verification]:
        """As the base's, where the work changes none of the files that count; else it is verified as well."""
        if self.setup.key(tree) == self.setup.key(self.base):
            self.setup.give(self.base, folder, home)
            return []
        begun = time.monotonic()
        failed = self.setup.run_in(folder, home, self.seconds_left)
        return [
            {
                "name": SETUP,
                "outcome": "failed" if failed else "passed",
                "seconds": round(time.monotonic() - begun, 1),
                "output": "\n".join(failed or ()),
            }
        ]

    def _run_all(self, folder: Path, home: Path) -> list[Verification]:
        """Up to the first that fails through the work; one that the machine lacks says nothing of it."""
        found: list[Verification] = []
        for step in self.steps:
            found.append(self._run(step, folder, home))
            if failed_by_work(found):
                break
        return found

    def _run(self, step: VerifyStep, folder: Path, home: Path) -> Verification:
        ended = self.commands.run(step["run"], step["timeout_s"], folder, home)
        return {
            "name": step["name"],
            "outcome": "missing" if self._lacks(step, ended) else _outcome(ended),
            "seconds": ended.seconds,
            "output": output_of(ended, _TAIL),
        }

    def _lacks(self, step: VerifyStep, ended: Ended) -> bool:
        """Whether the machine lacks its program; what a script or a Makefile calls is the work's concern."""
        if ended.how != "ended" or ended.status != _NOT_FOUND:
            return False
        paths, plain = self.commands.paths, _PLAIN.fullmatch(step["run"])
        return plain is not None and not has_program(plain[1], paths, find_walls(paths))


def _outcome(ended: Ended) -> VerificationOutcome:
    if ended.how == "timeout":
        return "timeout"
    return "passed" if ended.how == "ended" and ended.status == 0 else "failed"


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
    steps = {step["name"]: step["run"] for step in spec["verify"]}
    run = steps.get(failed["name"]) or "\n".join(spec.get("setup") or [])
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
