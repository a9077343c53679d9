"""The agent frameworks: one entry each says how it is called and what of the environment it may see."""

import json
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

_HERE = Path(__file__).resolve().parent
_ROOT = _HERE.parent.parent
_LONGEST_ARGUMENT = 120_000  # the kernel takes 128 KiB for one argument

ANTHROPIC = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL", "ANTHROPIC_MODEL")
OPENAI = ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_BASE")
GOOGLE = (
    *("GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_GENAI_USE_VERTEXAI"),
    *("GOOGLE_CLOUD_PROJECT", "GOOGLE_CLOUD_LOCATION"),
)
_CLAUDE, _GPT = ("api.anthropic.com",), ("api.openai.com",)
_GEMINI = ("generativelanguage.googleapis.com", "aiplatform.googleapis.com")
SECRET = ("KEY", "TOKEN", "SECRET", "PASSWORD")


class FrameworkError(Exception):
    """An agent of this framework cannot be started; the text says what to do."""


@dataclass(frozen=True)
class Call:
    """What a command line is made of."""

    prompt: str
    prompt_file: Path
    model: str | None
    sandboxed: bool


@dataclass(frozen=True)
class Framework:
    """One framework. Keys reach it by its environment, never by its command line."""

    name: str
    program: str
    arguments: Callable[[Call], list[str]]
    prompt_by: Literal["input", "argument", "file"]
    variables: tuple[str, ...]
    files: tuple[str, ...]
    """Its configuration, below the home folder; copied into each task's own. `logins` has its login."""
    install: str
    """What to do where the program is missing."""
    replays: bool = False
    """Whether it executes nothing but recorded answers, and so may run without walls."""
    hosts: tuple[str, ...] = ()
    """Where its models are, each reached over TLS at port 443; `*.` before a name: all that is below it."""

    @property
    def is_ours(self) -> bool:
        """Whether it is a module of ours, run by this Python."""
        return self.program == sys.executable

    def command(self, call: Call, environment: Mapping[str, str]) -> list[str]:
        """The command line, with the program's path; FrameworkError says what to do where there is none."""
        if self.prompt_by == "argument" and len(call.prompt.encode()) > _LONGEST_ARGUMENT:
            raise FrameworkError(
                f"The prompt is too long for {self.name}; shorten the task or use claude-code."
            )
        found = shutil.which(self.program, path=environment.get("PATH", ""))
        if found is None:
            raise FrameworkError(f"`{self.program}` is not installed where the agents run: {self.install}")
        return [found, *self.arguments(call)]

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


def _model(flag: str, call: Call) -> list[str]:
    return [flag, call.model] if call.model else []


def _claude(call: Call) -> list[str]:
    free = ["--dangerously-skip-permissions"] if call.sandboxed else ["--permission-mode", "acceptEdits"]
    return ["-p", "--output-format", "text", *free, *_model("--model", call)]


def _cursor(call: Call) -> list[str]:
    return ["--output-format", "text", "--force", *_model("--model", call), "-p", call.prompt]


def _aider(call: Call) -> list[str]:
    quiet = ["--yes-always", "--no-auto-commits", "--no-check-update", "--no-analytics", "--no-stream"]
    return [*quiet, *_model("--model", call), "--message-file", str(call.prompt_file)]


class _OurOwn(Framework):
    """A framework that is a module of ours, run by this Python; the agent's folder is not on its path."""

    def command(self, call: Call, environment: Mapping[str, str]) -> list[str]:
        return [sys.executable, *self.arguments(call)]


ALL = (
    Framework(
        "claude-code", "claude", _claude, "input",
        (*ANTHROPIC, "CLAUDE_CODE_OAUTH_TOKEN", "CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX"),
        (".claude/settings.json",),
        "npm install -g @anthropic-ai/claude-code, then `claude` once to log in (or set ANTHROPIC_API_KEY)",
        hosts=_CLAUDE,
    ),
    Framework(
        "cursor-cli", "cursor-agent", _cursor, "argument", ("CURSOR_API_KEY",), (),
        "see https://cursor.com/cli, then set CURSOR_API_KEY or run `cursor-agent login`",
        hosts=("*.cursor.sh",),
    ),
    Framework(
        "gemini-cli", "gemini", lambda call: ["-y", *_model("-m", call)], "input", GOOGLE,
        (".gemini/google_accounts.json", ".gemini/settings.json"),
        "npm install -g @google/gemini-cli, then set GEMINI_API_KEY or run `gemini` once to log in",
        hosts=(*_GEMINI, "cloudcode-pa.googleapis.com", "oauth2.googleapis.com"),
    ),
    Framework(
        "codex-cli", "codex", lambda call: ["exec", "--full-auto", *_model("-m", call), "-"], "input",
        (*OPENAI, "CODEX_API_KEY"), (".codex/config.toml",),
        "npm install -g @openai/codex, then set OPENAI_API_KEY or run `codex login`",
        hosts=(*_GPT, "chatgpt.com"),
    ),
    Framework(
        "open-code", "opencode", lambda call: ["run", *_model("-m", call), call.prompt], "argument",
        (*ANTHROPIC, *OPENAI, *GOOGLE, "OPENROUTER_API_KEY"),
        (".config/opencode/opencode.json",),
        "npm install -g opencode-ai, then run `opencode auth login` or set its model's key",
        hosts=(*_CLAUDE, *_GPT, *_GEMINI, "openrouter.ai", "models.dev"),
    ),
    Framework(
        "aider", "aider", _aider, "file",
        (*ANTHROPIC, *OPENAI, *GOOGLE, "OPENROUTER_API_KEY", "DEEPSEEK_API_KEY"),
        (".aider.conf.yml", ".aider.model.settings.yml", ".aider.model.metadata.json"),
        "python -m pip install aider-install && aider-install, then set its model's key",
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


def agent_environment(
    framework: Framework, spec: Mapping[str, Any], machine: Mapping[str, str], home: Path, temporary: Path
) -> dict[str, str]:
    """The agent's whole environment: a few variables of the machine, its framework's own, and its task."""
    passed_on = {name: machine[name] for name in _MACHINE if name in machine}
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
