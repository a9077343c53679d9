"""The environment that each process of the bot gets: of all secrets only those that it uses."""

from collections.abc import Mapping

from shell.agent import renewal
from shell.agent.frameworks import FRAMEWORKS, SECRET
from shell.agent.handed_in import secrets_among
from shell.settings import WITHHELD, Settings

_FORGE = frozenset({"GITEA_TOKEN", "GITHUB_TOKEN", "GITHUB_APP_PRIVATE_KEY"})
_MODEL = frozenset(
    name
    for framework in FRAMEWORKS.values()
    for name in framework.variables
    if any(part in name for part in SECRET)
)
USES: dict[str, frozenset[str]] = {
    "store": frozenset(),
    "web": frozenset({"CALORON_WEBHOOK_SECRET", "CALORON_SHELL_TOKEN"}),
    "events": frozenset(),
    "actions": _FORGE | {"CALORON_REVIEWER_TOKEN"},
    "agents": _FORGE | _MODEL | {renewal.URL_OVERRIDE},
    "clock": _FORGE,
}
"""Kind of process → the secrets that it uses."""
MASKING = frozenset({"events", "actions", "agents", "clock"})
"""Kinds that let in words of agents, git and forges, and so are told of all secrets what to mask.

They read it from an open file, so it stands in no environment. The web process, which strangers reach, is not
told: it repeats nobody's words.
"""


def all_secrets(whole: Mapping[str, str], settings: Settings) -> list[str]:
    """Every secret of the bot, the model keys of its runs, and what they may be handed in."""
    keys = [whole[name] for name in sorted(_MODEL) if whole.get(name)]
    keys += secrets_among({name: whole[name] for name in settings.agent_env if whole.get(name)})
    return [*settings.secrets(), *keys, *filter(None, [whole.get("CALORON_SHELL_TOKEN")])]


def own_environment(kind: str, whole: Mapping[str, str], settings: Settings) -> dict[str, str]:
    """The environment without others' secrets, and the names of those settings that are withheld."""
    public = Settings.names(secret=False)
    handed = frozenset(settings.agent_env)
    uses = USES[kind] | (handed if kind == "agents" else frozenset())
    mine = {
        name: text
        for name, text in whole.items()
        if name in uses | public or not (name in handed or any(part in name.upper() for part in SECRET))
    }
    withheld = Settings.names(secret=True) - USES[kind]
    return mine | {WITHHELD: ",".join(sorted(name for name in withheld if settings.has(name)))}


def kind_of(process: str) -> str:
    """A process's kind, by its name: `agents-2` is one of the agents', `events-urgent` of the events'."""
    return process.partition("-")[0]
