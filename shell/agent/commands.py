"""Runs commands of the repository's own, such as its setup and verification, behind the agent's walls."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shell.agent.egress.hosts import rules_of
from shell.agent.harness import Ended, Relay, Watcher
from shell.agent.outcome import AttemptEnded
from shell.agent.paths import Attempt, Paths
from shell.agent.prepare import find_walls
from shell.agent.quota import OwnDisk
from shell.agent.remove import remove_folder
from shell.agent.reserve_watch import ReserveWatch
from shell.agent.walled import Place, run_walled
from shell.clock import now
from shell.secrets import mask


class _Alive(Relay):
    """A run's watcher during a command, whose silence is no stall: it has a time limit of its own."""

    def heartbeat(self, last_sign_at: str) -> None:
        super().heartbeat(now())


@dataclass(frozen=True)
class Commands:
    """The commands of one run; what they write is below the attempt's folder, on its disk."""

    spec: Mapping[str, Any]
    paths: Paths
    attempt: Attempt
    watcher: Watcher
    disk: OwnDisk | None = None

    def run(self, command: str, time_limit_s: float, folder: Path, home: Path) -> Ended:
        """Run one by the shell, with the network of the registries. AttemptEnded if the run must end."""
        with open(self.attempt.log, "a", encoding="utf-8") as log:
            log.write(f"\n$ {mask(command)}\n")
        self.watcher.heartbeat(now())
        root = self.attempt.root / "command"
        remove_folder(root)
        root.mkdir()
        sandbox = find_walls(self.paths)
        place = Place(root, folder, home, self.attempt.log, {}, self.attempt.root, self.disk, as_agent=True)
        rules = rules_of((), (), self.spec.get("network") or [], self.paths.operator)  # without any model
        with ReserveWatch(_Alive(self.watcher), self.paths.reserve) as watch:
            ended = run_walled(
                ["/bin/sh", "-c", command], place, self.paths, sandbox, rules, watch, time_limit_s
            )
        if watch.shortage:
            raise AttemptEnded("limit", "The run was ended: the bot's machine was running out of disk space.")
        if self.disk is not None:
            self.disk.check()
        if ended.how == "stopped":
            raise AttemptEnded("stopped", "The run was stopped while commands of its repository ran.")
        return ended


def output_of(ended: Ended, most: int) -> str:
    """The end of what it wrote, with the limit that ended it."""
    return mask("\n".join(filter(None, (ended.tail[-most:].strip(), ended.limit))))
