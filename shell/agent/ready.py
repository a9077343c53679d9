"""Which framework can work on this machine: installed, and with a key or a login."""

from collections.abc import Mapping
from pathlib import Path

from shell.agent.frameworks import ALL, FRAMEWORKS, Framework, FrameworkError
from shell.agent.logins import way_of

BUILT_IN, USUAL = "anthropic", "claude-code"


def missing(framework: Framework, machine: Mapping[str, str], home: Path) -> str | None:
    """What it needs to work here, with what to do; None where nothing is missing."""
    try:
        framework.locate(home.absolute() / "frameworks" / framework.name, machine.get("PATH", ""))
    except FrameworkError as error:
        return str(error)
    if framework.variables and not framework.replays and way_of(framework, machine) == "none":
        return f"{framework.name} has no key and no login: {framework.install}"
    return None


def first_ready(machine: Mapping[str, str], home: Path) -> str:
    """Of the agents that people install the first that can work, else the built-in one if it has a key.

    Where none can, the usual one is named, so that what it needs is said.
    """
    theirs = (one for one in ALL if not one.is_ours)
    found = next((one.name for one in theirs if missing(one, machine, home) is None), None)
    if found is None and missing(FRAMEWORKS[BUILT_IN], machine, home) is None:
        return BUILT_IN
    return found or USUAL
