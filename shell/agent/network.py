"""The network of one run: what it may reach, by framework, settings and `.caloron.yml`, and its way there."""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from shell.agent.egress.hosts import REGISTRIES, Operator, Rules, at, is_address, place_of, rules_of
from shell.agent.egress.outside import Egress, way_out
from shell.agent.frameworks import Framework, FrameworkError
from shell.agent.mcp import public_hosts
from shell.agent.paths import Attempt, Paths
from shell.agent.sandbox import Sandbox, hand_over
from shell.secrets import mask


def rules_for(
    framework: Framework, machine: Mapping[str, str], network: list[str], operator: Operator
) -> Rules:
    """What a run may reach; FrameworkError where its model has a private address that is not named."""
    urls = framework.base_urls(machine)
    for name, url in urls.items():
        try:
            host, port = place_of(url)
        except ValueError as error:
            raise FrameworkError(f"{name} is wrong: {error}.") from None
        if is_address(host) and (host, port) not in operator.named:
            raise FrameworkError(
                f"{name} leads agents to {at(host, port)}, which they reach only if the operator names it: "
                f"add {at(host, port)} to CALORON_EGRESS."
            )
    return rules_of(framework.hosts, urls.values(), network, operator)


@contextlib.contextmanager
def network(
    spec: Mapping[str, Any], framework: Framework, paths: Paths, attempt: Attempt, sandbox: Sandbox
) -> Iterator[Egress | None]:
    """The way out of a run behind walls; None where there are none, or where nothing is executed."""
    if not sandbox.works or framework.replays:
        yield None
        return
    servers = public_hosts(spec.get("mcp") or [], paths.operator) if framework.agent else []
    names = [*(spec.get("network") or []), *servers]
    rules = rules_for(framework, paths.environment, names, paths.operator)
    attempt.egress.mkdir(exist_ok=True)
    with way_out(rules, attempt.egress, attempt.log, mask) as egress:
        hand_over(sandbox, [attempt.egress])
        yield egress


def in_words(framework: Framework, machine: Mapping[str, str], operator: Operator) -> str:
    """What agents of this framework may reach, for `doctor`; FrameworkError as above."""
    rules = rules_for(framework, machine, [], operator)
    registries = {one for row in REGISTRIES.values() for one in row}
    models = ", ".join(at(*one).removesuffix(":443") for one in rules.allowed if one not in registries)
    named = ", ".join(at(*one) for one in operator.named)
    also = f"; CALORON_EGRESS adds {named}" if named else ""
    return (
        f"agents ({framework.name}) reach {models} and the package registries of {', '.join(REGISTRIES)}"
        f"{also}; `agents.network` in .caloron.yml adds public names"
    )
