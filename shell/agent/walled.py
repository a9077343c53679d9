"""Runs a command that is no agent behind the walls of agents, such as an installer."""

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from shell.agent.egress.hosts import Rules
from shell.agent.egress.outside import Egress, way_out
from shell.agent.frameworks import machine_environment
from shell.agent.harness import Ended, Job, Watcher, run_job
from shell.agent.paths import Paths
from shell.agent.prepare import with_network
from shell.agent.quota import OwnDisk
from shell.agent.sandbox import HOME, WORK, Mounts, Sandbox, hand_over, made_up_etc, wrap
from shell.agent.seen import Seen, seen
from shell.secrets import mask


@dataclass(frozen=True)
class Place:
    """Where a command runs; its folders exist."""

    root: Path
    """For what belongs to this run alone: the socket of its network, its made-up /etc."""
    folder: Path
    """Its current folder."""
    home: Path
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    """Beside the few variables of the machine."""
    takes_disk: Path | None = None
    """What counts as its disk; `folder` if not given."""
    own_disk: OwnDisk | None = None
    """The disk that its files are on, where it has one of its own."""
    as_agent: bool = False
    """Whether it finds its folder and home where an agent does."""


def run_walled(
    command: list[str],
    place: Place,
    paths: Paths,
    sandbox: Sandbox,
    rules: Rules,
    watcher: Watcher,
    time_limit_s: float,
) -> Ended:
    """Run it to its end or its limit; EgressError where its network cannot be had."""
    if not sandbox.works:
        return run_job(_job(command, place, paths, _environment(place, paths), time_limit_s), watcher)
    (place.root / "egress").mkdir(exist_ok=True)
    with way_out(rules, place.root / "egress", place.log, mask) as egress:
        hand_over(sandbox, [place.root / "egress"])
        mounts = _mounts(place, paths, sandbox, egress)
        environment = {
            **_environment(place, paths), "HOME": str(mounts.shown(place.home)), **mounts.seen.variables,
            "TMPDIR": "/tmp", **egress.environment()
        }  # fmt: skip
        walled = wrap(sandbox, mounts, command, paths.limits)
        return run_job(_job(walled, place, paths, environment, time_limit_s), watcher)


def _environment(place: Place, paths: Paths) -> dict[str, str]:
    own = {"HOME": str(place.home), "TERM": "dumb", "GIT_TERMINAL_PROMPT": "0", "CI": "true"}
    return {**machine_environment(paths.environment), **own, **place.environment}


def _job(
    command: list[str], place: Place, paths: Paths, environment: Mapping[str, str], time_limit_s: float
) -> Job:
    return Job(
        command, place.folder, environment, place.log, time_limit_s,
        limits=paths.limits, takes_disk=place.takes_disk or place.folder, own_disk=place.own_disk,
    )  # fmt: skip


def _mounts(place: Place, paths: Paths, sandbox: Sandbox, egress: Egress) -> Mounts:
    inside = {place.folder: WORK, place.home: HOME} if place.as_agent else {}
    at = made_up_etc(place.root / "etc", inside.get(place.home, place.home), sandbox.user)
    hand_over(sandbox, [place.folder, place.home, *at.values()])
    hidden = (paths.root, Path.cwd())
    mounts = Mounts(place.folder, _seen(paths), (place.home,), (), hidden, at, inside=inside)
    return with_network(mounts, egress)


def _seen(paths: Paths) -> Seen:
    machine = paths.environment
    private = (Path(machine.get("HOME", "/")), Path.home(), Path.cwd(), paths.root)
    return seen([Path(sys.executable)], machine.get("PATH", ""), private)


def has_program(name: str, paths: Paths, sandbox: Sandbox) -> bool:
    """Whether a command here finds this program on its PATH; behind walls not all of PATH is shown."""
    shown = _seen(paths) if sandbox.works else None
    for folder in paths.environment.get("PATH", "").split(os.pathsep):
        if not os.path.isabs(folder) or (found := shutil.which(name, path=folder)) is None:
            continue
        if shown is None or all(shown.shows(path.resolve()) for path in (Path(folder), Path(found))):
            return True
    return False
