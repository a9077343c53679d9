"""The agents that speak the protocol: how each differs from the others, and what it must find at its start.

Seen with claude-agent-acp 0.101.0, codex-acp 2.6.0, gemini-cli 0.61.0 and opencode 1.18.33.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shell.agent.acp import Profile
from shell.agent.acp_failures import codex_failure
from shell.agent.home_files import read_file, write_file
from shell.sanitize import read_json

Variables = Mapping[str, str]


@dataclass(frozen=True)
class Start:
    """What an agent is started with."""

    home: Path
    """The task's own; the operator's settings of this framework are there already."""
    given: Variables
    """The framework's own variables that the machine has."""
    model: str | None
    sandboxed: bool


@dataclass(frozen=True)
class Agent:
    """One agent that speaks the protocol."""

    profile: Profile
    begin: Callable[[Start], dict[str, str]] = lambda start: {}
    """Writes its settings into its home, and returns the variables it needs beside those that it is given."""


_CLAUDE_MESSAGES = [{"type": "system", "subtype": "api_retry"}, {"type": "result"}]


def _begin_claude(start: Start) -> dict[str, str]:
    """Few retries: with its usual ten it is silent for three minutes before it says that a key is wrong."""
    return {"CLAUDE_CODE_MAX_RETRIES": "2", "DISABLE_AUTOUPDATER": "1", "DISABLE_TELEMETRY": "1"}


CLAUDE = Agent(
    Profile(
        mode="bypassPermissions",
        careful_mode="default",
        steering="inject",
        resumes=True,
        session_meta={"claudeCode": {"emitRawSDKMessages": _CLAUDE_MESSAGES}},
    ),
    _begin_claude,
)
"""Its own first mode asks a model of its own for permission, and blocks commands in silence."""


def _begin_codex(start: Start) -> dict[str, str]:
    """Its key has one name only, and its address stands in its settings; a login file is used where it is."""
    given = start.given
    if url := given.get("OPENAI_BASE_URL") or given.get("OPENAI_API_BASE"):
        _set_first_line(start.home, ".codex/config.toml", f"openai_base_url = {json.dumps(url)}")
    mode = "agent-full-access" if start.sandboxed else "agent"
    variables = {"NO_BROWSER": "1", "INITIAL_AGENT_MODE": mode}
    if key := given.get("CODEX_API_KEY") or given.get("OPENAI_API_KEY"):
        variables["CODEX_API_KEY"] = key
        variables["DEFAULT_AUTH_REQUEST"] = json.dumps({"methodId": "api-key"})
    return variables


CODEX = Agent(Profile(steering="inject", resumes=True, failure=codex_failure), _begin_codex)
"""Its mode is set by a variable: in its usual one a second model decides what it may do."""


def _begin_gemini(start: Start) -> dict[str, str]:
    """Which login it uses stands in its settings; an address alone would select a login of its own."""
    if start.given.get("GEMINI_API_KEY"):
        file, chosen = ".gemini/settings.json", {"security": {"auth": {"selectedType": "gemini-api-key"}}}
        write_file(start.home, file, json.dumps(_settings(start.home, file) | chosen))
    return {"GEMINI_MODEL": start.model} if start.model else {}


GEMINI = Agent(
    Profile(mode="yolo", careful_mode="default", model="variable", noise=("[MODE_UPDATE]",)), _begin_gemini
)
"""A second prompt would cancel the first one, so words wait for the next turn."""


def _begin_opencode(start: Start) -> dict[str, str]:
    """Addresses of models stand in its settings, each with its version.

    With a key and no model named it would take a model of its makers' server, not one that the key is for.
    """
    urls = {
        provider: start.given[name].rstrip("/")
        for provider, name in (("anthropic", "ANTHROPIC_BASE_URL"), ("openai", "OPENAI_BASE_URL"))
        if start.given.get(name)
    }
    providers = {
        name: {"options": {"baseURL": url if url.endswith("/v1") else f"{url}/v1"}}
        for name, url in urls.items()
    }
    settings: dict[str, Any] = {"autoupdate": False, "share": "disabled"}
    if providers:
        settings["provider"] = providers
    if start.model:
        settings["model"] = start.model
    elif any(name.endswith("_KEY") for name in start.given):
        settings["disabled_providers"] = ["opencode"]
    return {"OPENCODE_CONFIG_CONTENT": json.dumps(settings), "OPENCODE_DISABLE_AUTOUPDATE": "1"}


OPENCODE = Agent(Profile(model="variable", steering="prompt", resumes=True), _begin_opencode)

ANY = Agent(Profile())
"""An agent that nobody has measured: whatever it asks permission for is granted."""


def _set_first_line(home: Path, name: str, line: str) -> None:
    """Before everything else, where TOML has the keys of no table."""
    kept = read_file(home, name)
    key = line.partition(" ")[0]
    others = "".join(f"{one}\n" for one in kept.splitlines() if one.partition("=")[0].strip() != key)
    write_file(home, name, f"{line}\n{others}")


def _settings(home: Path, name: str) -> dict[str, Any]:
    """What the operator's settings say; nothing where there are none that can be read."""
    try:
        found = read_json(read_file(home, name) or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
