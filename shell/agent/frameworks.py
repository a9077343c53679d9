"""The agent frameworks: one entry each says how it is called and what of the environment it may see."""

import json
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from shell.agent.acp_agents import ANY, CLAUDE, CODEX, GEMINI, OPENCODE, Agent

_HERE = Path(__file__).resolve().parent
_ROOT = _HERE.parent.parent

ANTHROPIC = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL", "ANTHROPIC_MODEL")
OPENAI = ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_BASE")
GOOGLE = (
    *("GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_GENAI_USE_VERTEXAI", "GOOGLE_GEMINI_BASE_URL"),
    *("GOOGLE_CLOUD_PROJECT", "GOOGLE_CLOUD_LOCATION"),
)
_CLAUDE, _GPT = ("api.anthropic.com",), ("api.openai.com",)
_GEMINI = ("generativelanguage.googleapis.com", "aiplatform.googleapis.com")
SECRET = ("KEY", "TOKEN", "SECRET", "PASSWORD")


class FrameworkError(Exception):
    """An agent of this framework cannot be started; the text says what to do."""


class LoginError(FrameworkError):
    """Its login is of no use any more, or it is not installed: no agent of this framework can work."""


@dataclass(frozen=True)
class Call:
    """What a command line is made of."""

    prompt: str
    prompt_file: Path
    model: str | None
    sandboxed: bool
    installed: Path
    """Where `caloron agents setup` puts this framework."""


@dataclass(frozen=True)
class Framework:
    """One framework. Keys reach it by its environment, never by its command line."""

    name: str
    program: str
    arguments: Callable[[Call], list[str]]
    prompt_by: Literal["input", "file", "protocol"]
    variables: tuple[str, ...]
    files: tuple[str, ...]
    """Its configuration, below the home folder; copied into each task's own. `logins` has its login."""
    install: str
    """What to do where the program is missing."""
    replays: bool = False
    """Whether it executes nothing but recorded answers, and so may run without walls."""
    agent: Agent | None = None
    """How it speaks the Agent Client Protocol, if its prompt goes that way."""
    installed_at: str = ""
    """The program in the folder of `caloron agents setup`."""
    hosts: tuple[str, ...] = ()
    """Where its models are, each reached over TLS at port 443; `*.` before a name: all that is below it."""

    @property
    def is_ours(self) -> bool:
        """Whether it is a module of ours, run by this Python."""
        return self.program == sys.executable

    def command(self, call: Call, environment: Mapping[str, str]) -> list[str]:
        """The command line, with the program's path; FrameworkError says what to do where there is none."""
        return [*self.locate(call.installed, environment.get("PATH", "")), *self.arguments(call)]

    def locate(self, installed: Path, path: str) -> list[str]:
        """The program that was set up, run by the node that came with it; else the one on PATH.

        LoginError says what to do where there is neither.
        """
        if self.installed_at and (ours := installed / self.installed_at).is_file():
            node = next(installed.glob(_NODE), None)
            return [str(node), str(ours.resolve())] if node and _is_script(ours) else [str(ours)]
        if found := shutil.which(self.program, path=path):
            return [found]
        raise LoginError(f"`{self.program}` is not installed where the agents run: {self.install}")

    def environment(self, machine: Mapping[str, str]) -> dict[str, str]:
        """Its own variables, out of those of the machine."""
        return {name: machine[name] for name in self.variables if machine.get(name)}

    def base_urls(self, machine: Mapping[str, str]) -> dict[str, str]:
        """The addresses of models among its variables, by their names."""
        named = self.environment(machine).items()
        return {name: value for name, value in named if name.endswith(("_BASE_URL", "_API_BASE"))}

    def secrets(self, machine: Mapping[str, str]) -> list[str]:
        """The values among them that must not show in a log."""
        named = self.environment(machine).items()
        return [value for name, value in named if any(part in name for part in SECRET) and len(value) > 5]


_NODE = "node_modules/node-*/bin/node"


def _is_script(file: Path) -> bool:
    with file.open("rb") as opened:
        return opened.read(2) == b"#!"


def _model(flag: str, call: Call) -> list[str]:
    return [flag, call.model] if call.model else []


def _aider(call: Call) -> list[str]:
    quiet = ["--yes-always", "--no-auto-commits", "--no-check-update", "--no-analytics", "--no-stream"]
    return [*quiet, *_model("--model", call), "--message-file", str(call.prompt_file)]


class _OurOwn(Framework):
    """A framework that is a module of ours, run by this Python; the agent's folder is not on its path."""

    def command(self, call: Call, environment: Mapping[str, str]) -> list[str]:
        return [sys.executable, *self.arguments(call)]


def _setup(framework: str, then: str) -> str:
    return f"run `caloron agents setup {framework}`, then {then}"


ALL = (
    Framework(
        "claude-code", "claude-agent-acp", lambda call: [], "protocol",
        (*ANTHROPIC, "CLAUDE_CODE_OAUTH_TOKEN", "CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX"),
        (".claude/settings.json",),
        _setup("claude-code", "set ANTHROPIC_API_KEY, or CLAUDE_CODE_OAUTH_TOKEN by `claude setup-token`"),
        agent=CLAUDE, installed_at="node_modules/.bin/claude-agent-acp", hosts=_CLAUDE,
    ),
    Framework(
        "cursor-cli", "cursor-agent", lambda call: ["acp", *_model("--model", call)], "protocol",
        ("CURSOR_API_KEY",), (),
        "see https://cursor.com/cli, then set CURSOR_API_KEY or run `cursor-agent login`",
        agent=ANY, hosts=("*.cursor.sh",),
    ),
    Framework(
        "gemini-cli", "gemini", lambda call: ["--acp", "--skip-trust"], "protocol", GOOGLE,
        (".gemini/google_accounts.json", ".gemini/settings.json"),
        _setup("gemini-cli", "set GEMINI_API_KEY"),
        agent=GEMINI, installed_at="node_modules/.bin/gemini",
        hosts=(*_GEMINI, "cloudcode-pa.googleapis.com", "oauth2.googleapis.com"),
    ),
    Framework(
        "codex-cli", "codex-acp", lambda call: [], "protocol", (*OPENAI, "CODEX_API_KEY"),
        (".codex/config.toml",),
        _setup("codex-cli", "set CODEX_API_KEY, or log in with `codex login`"),
        agent=CODEX, installed_at="node_modules/.bin/codex-acp", hosts=(*_GPT, "chatgpt.com"),
    ),
    Framework(
        "open-code", "opencode", lambda call: ["acp"], "protocol",
        (*ANTHROPIC, *OPENAI, *GOOGLE, "OPENROUTER_API_KEY"),
        (".config/opencode/opencode.json",),
        _setup("open-code", "set its model's key, such as ANTHROPIC_API_KEY"),
        agent=OPENCODE, installed_at="node_modules/opencode-linux-x64/bin/opencode",
        hosts=(*_CLAUDE, *_GPT, *_GEMINI, "openrouter.ai", "models.dev"),
    ),
    Framework(
        "aider", "aider", _aider, "file",
        (*ANTHROPIC, *OPENAI, *GOOGLE, "OPENROUTER_API_KEY", "DEEPSEEK_API_KEY"),
        (".aider.conf.yml", ".aider.model.settings.yml", ".aider.model.metadata.json"),
        _setup("aider", "set its model's key, such as ANTHROPIC_API_KEY"),
        installed_at="venv/bin/aider",
        hosts=(*_CLAUDE, *_GPT, *_GEMINI, "openrouter.ai", "api.deepseek.com"),
    ),
    _OurOwn(
        "anthropic", sys.executable,
        lambda call: ["-P", "-m", "shell.agent.builtin", *_model("--model", call)], "input", ANTHROPIC, (),
        "set ANTHROPIC_API_KEY", hosts=_CLAUDE,
    ),
    _OurOwn(
        "stub", sys.executable, lambda call: ["-I", str(_HERE / "stub.py")], "input",
        ("CALORON_STUB_FIXTURE", "CALORON_STUB_STATE"), (),
        "it comes with the bot", replays=True,
    ),
)  # fmt: skip

FRAMEWORKS = {framework.name: framework for framework in ALL}


def framework_of(name: str) -> Framework:
    """The framework of that name; FrameworkError lists the known ones."""
    if name not in FRAMEWORKS:
        raise FrameworkError(f"Unknown framework {name!r}. Known: {', '.join(FRAMEWORKS)}.")
    return FRAMEWORKS[name]


_MACHINE = (
    *("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "USER", "LOGNAME", "SHELL"),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"),
)


def machine_environment(machine: Mapping[str, str]) -> dict[str, str]:
    """What of the machine's variables reaches every run: none of them is a secret."""
    return {name: machine[name] for name in _MACHINE if name in machine}


def agent_environment(
    framework: Framework, spec: Mapping[str, Any], machine: Mapping[str, str], home: Path, temporary: Path
) -> dict[str, str]:
    """The agent's whole environment: a few variables of the machine, its framework's own, and its task."""
    passed_on = machine_environment(machine)
    who = f"caloron-agent-{spec['agent_id']}"
    person = {"NAME": who, "EMAIL": f"{who}@caloron.invalid"}
    named = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in person.items()}
    about = {
        "CALORON_SPRINT_ID": str(spec["sprint_id"]),
        "CALORON_TASK_ID": str(spec["task_id"]),
        "CALORON_AGENT_ID": str(spec["agent_id"]),
        "CALORON_ATTEMPT": str(spec["attempt"]),
        "CALORON_TASK_SCOPE": json.dumps(spec.get("scope") or []),
    }
    place = {"HOME": str(home), "TMPDIR": str(temporary), "TERM": "dumb", "GIT_TERMINAL_PROMPT": "0"}
    ours = {"PYTHONPATH": str(_ROOT)} if framework.name == "anthropic" else {}
    return {**passed_on, **place, **named, **about, **ours, **framework.environment(machine)}
