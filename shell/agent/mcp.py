"""The MCP servers that a repository gives its agents, as an agent is told of them."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from shell.agent.egress.hosts import Operator, at, place_of, public_names
from shell.agent.frameworks import FrameworkError
from shell.agent.handed_in import handed_in, secrets_among
from shell.secrets import know

if TYPE_CHECKING:
    from stages.world import McpServer

_TLS = 443


def server_address(url: str) -> str:
    """The address of a server in `.caloron.yml`; ValueError in words."""
    parts = urlsplit(url)
    if parts.username or parts.password or not url.isprintable():
        raise ValueError("should hold no user and no password; name a variable in `headers`")
    place_of(url)
    return url


def public_hosts(servers: "Sequence[McpServer]", operator: Operator) -> list[str]:
    """The hosts of the servers that are reached over the network, beside those that the operator named.

    FrameworkError where one is private, or not at the port of HTTPS, and the operator did not name it.
    """
    found = []
    for server in servers:
        if server["type"] == "stdio" or (place := place_of(server["url"])) in operator.named:
            continue
        try:
            found.append(public_names(place[0]))
        except ValueError:
            found.append("")
        if not found[-1] or not server["url"].startswith("https:") or place[1] != _TLS:
            raise FrameworkError(
                f"The MCP server {server['name']} leads agents to {at(*place)}, which they reach only if the "
                f"operator names it: add {at(*place)} to CALORON_EGRESS."
            )
    return found


def servers_for(
    servers: "Sequence[McpServer]", machine: Mapping[str, str], allowed: Sequence[str], folder: Path
) -> list[dict[str, Any]]:
    """The servers as `session/new` takes them; LoginError where one is to get what nobody allows."""
    return [_told(server, machine, allowed, folder) for server in servers]


def _told(
    server: "McpServer", machine: Mapping[str, str], allowed: Sequence[str], folder: Path
) -> dict[str, Any]:
    if server["type"] == "stdio":
        variables = handed_in(server["env"], machine, allowed)
        know(*secrets_among(variables))
        program, *arguments = server["command"]
        command = _located(program, machine, folder)
        return {"name": server["name"], "command": command, "args": arguments, "env": _pairs(variables)}
    values = handed_in(server["headers"].values(), machine, allowed)
    know(*values.values())
    headers = {name: values[variable] for name, variable in server["headers"].items()}
    about = {"type": server["type"], "name": server["name"], "url": server["url"]}
    return {**about, "headers": _pairs(headers)}


def _located(program: str, machine: Mapping[str, str], folder: Path) -> str:
    """Its whole path, as the protocol wants it; one that is not there yet by its name."""
    if "/" in program:
        return str(folder / program)
    return shutil.which(program, path=machine.get("PATH", "")) or program


def _pairs(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in values.items()]
