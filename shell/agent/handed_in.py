"""The variables that a repository has handed to its agents: only those that the operator allows."""

import re
from collections.abc import Collection, Iterable, Mapping

from shell.agent.frameworks import SECRET, LoginError, machine_environment
from shell.agent.named_secrets import secrets_in

NAME = r"[A-Za-z_][A-Za-z0-9_]{0,99}"
"""A variable's name."""
_OF_THE_BOT = ("CALORON_", "GITEA_", "GITHUB_", "FORGEJO_", "REDIS_")
_OF_THE_RUN = re.compile(
    r"(HOME|TMPDIR|TERM|IS_SANDBOX|PYTHONPATH|PYTHONHOME|NODE_OPTIONS|BASH_ENV|ENV|IFS)|(GIT|LD|DYLD|SSH)_.*"
)
"""What a run sets itself, or what decides which code a program loads."""
_SHORTEST = 6


def refusal(name: str, own: Collection[str] = ()) -> str | None:
    """Why no operator may allow this name; None where one may. `own` are names of settings of the bot."""
    if not re.fullmatch(NAME, name):
        return f"has {name[:80]!r}; write the names of variables, comma-separated"
    if name in own or name.upper().startswith(_OF_THE_BOT):
        return f"names {name}, which is the bot's own: agents never get it; remove it"
    if _OF_THE_RUN.fullmatch(name) or machine_environment({name: ""}):
        return f"names {name}, which each run sets itself; remove it"
    return None


def handed_in(names: Iterable[str], machine: Mapping[str, str], allowed: Iterable[str]) -> dict[str, str]:
    """These variables with their values; LoginError where the operator does not allow one, or set it."""
    wanted, may = list(dict.fromkeys(names)), set(allowed)
    if refused := [name for name in wanted if name not in may or refusal(name)]:
        raise LoginError(
            f"`.caloron.yml` hands {', '.join(refused)} to agents, and the operator has not allowed that; "
            "CALORON_AGENT_ENV lists what may be handed in."
        )
    if unset := [name for name in wanted if not machine.get(name)]:
        raise LoginError(
            f"`.caloron.yml` hands {', '.join(unset)} to agents, and the operator has not set it where they "
            "run."
        )
    return {name: machine[name] for name in wanted}


def secrets_among(variables: Mapping[str, str]) -> list[str]:
    """The values among them that must not show in a log, judged by their names and forms."""
    named = [
        value
        for name, value in variables.items()
        if any(part in name.upper() for part in SECRET) and len(value) >= _SHORTEST
    ]
    lines = (secrets_in(f"{name}={value}") for name, value in variables.items())
    return list(dict.fromkeys([*named, *(one for found in lines for one in found)]))
