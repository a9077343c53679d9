"""The framework of a run: a known one, or an agent that the repository brings along by its settings."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from shell.agent.acp_agents import ANY
from shell.agent.frameworks import Framework, framework_of
from shell.agent.handed_in import handed_in
from shell.agent.paths import Paths

NAME = "acp"
_INSTALL = (
    "the operator installs it on the PATH of `caloron up`, and what it needs to log in is named in "
    "`agents.framework.env` of `.caloron.yml` and in CALORON_AGENT_ENV"
)


def own_framework(command: Sequence[str], variables: Iterable[str] = ()) -> Framework:
    """An agent that is started by this command; `variables` are those that the operator allows."""
    program, *arguments = command
    return Framework(
        NAME, program, lambda call: list(arguments), "protocol", tuple(variables), (), _INSTALL, agent=ANY
    )


def name_of(spec: Mapping[str, Any]) -> str:
    """The framework of a run as people read it: of the repository's own agent, its program."""
    own = spec.get("acp")
    return str(own["command"][0] if own else spec["framework"])


def framework_for(spec: Mapping[str, Any], paths: Paths) -> Framework:
    """The framework of this run; FrameworkError where it is none, or must not have what it asks for."""
    own = spec.get("acp")
    if spec["framework"] != NAME or not own:
        return framework_of(spec["framework"])
    return own_framework(own["command"], handed_in(own["env"], paths.environment, paths.agent_env))
