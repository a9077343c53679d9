"""Every setting of the bot, one model: of the environment or a file of ours; wrong or missing ones named."""

import hashlib
import hmac
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from secrets import token_hex
from typing import Annotated, Any, Self, TypedDict
from urllib.parse import quote, unquote, urlsplit

from pydantic import Field, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from shell import env_file
from shell.agent.egress.hosts import Operator, Pair, named_pair, pair
from shell.agent.frameworks import FRAMEWORKS
from shell.agent.handed_in import refusal, secrets_among
from shell.agent.paths import SandboxMode
from shell.agent.ready import first_ready
from shell.budget import Budget, budget_of
from shell.event import ForgeKind
from shell.secrets import know, take_over

WITHHELD = "CALORON_WITHHELD"
"""Names the settings that `caloron up` keeps from a process, because it does not use them."""
_STAND_IN = {"GITEA_TOKEN", "GITHUB_TOKEN", "GITHUB_APP_PRIVATE_KEY", "CALORON_WEBHOOK_SECRET"}
_SOCKET_ROOM = 100  # the kernel takes 107 bytes of a socket's path


class SettingsError(Exception):
    """Some settings are wrong or missing; its text names each with what to set, one a line."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


def _named(name: str, meaning: str, default: Any = None, shown: str = "", **limits: Any) -> Any:
    """A setting; `shown` says in the docs what holds without it, where that follows from something else."""
    extra: Any = {"shown": shown}
    return Field(
        default=default, validation_alias=name, description=meaning, json_schema_extra=extra, **limits
    )


class Explained(TypedDict):
    """One setting as `caloron config` shows it."""

    name: str
    value: str
    source: str
    meaning: str


class Documented(TypedDict):
    """One setting as the docs list it."""

    name: str
    default: str
    meaning: str


class Settings(BaseSettings):
    """The settings by name; `Settings.load()` is the way in."""

    model_config = SettingsConfigDict(
        case_sensitive=True, env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    gitea_url: str | None = _named("GITEA_URL", "the Gitea or Forgejo server")
    gitea_token: str | None = _named("GITEA_TOKEN", "the bot's token there", repr=False)
    github_token: str | None = _named("GITHUB_TOKEN", "the bot's token on GitHub", repr=False)
    github_api_url: str = _named("GITHUB_API_URL", "GitHub's API", "https://api.github.com")
    github_app_id: str | None = _named("GITHUB_APP_ID", "the GitHub App, instead of a token")
    github_app_private_key: str | None = _named("GITHUB_APP_PRIVATE_KEY", "the App's key (PEM)", repr=False)
    github_app_private_key_file: Path | None = _named(
        "GITHUB_APP_PRIVATE_KEY_FILE", "the file that holds the App's key"
    )
    reviewer_token: str | None = _named(
        "CALORON_REVIEWER_TOKEN",
        "the token of a second account of the bot's: its approval never leads to a merge",
        repr=False,
    )
    webhook_secrets: Annotated[tuple[str, ...], NoDecode] = _named(
        "CALORON_WEBHOOK_SECRET",
        "secret of the webhooks; several with commas to rotate",
        shown="none: it is required",
        repr=False,
    )
    repos: Annotated[tuple[str, ...], NoDecode] = _named(
        "CALORON_REPOS",
        "the repositories that the bot may act in, beside those of `caloron install`: owner/name or owner/*, "
        "comma-separated",
        (),
    )
    owners: Annotated[tuple[str, ...], NoDecode] = _named(
        "CALORON_OWNERS", "owners whose installations of the GitHub App are let in, comma-separated", ()
    )
    host: str = _named("HOST", "the address that the webhook endpoint listens on", "127.0.0.1")
    port: int = _named("PORT", "the port of the webhook endpoint", 8080, ge=1, le=65535)
    public_url: str = _named(
        "CALORON_PUBLIC_URL", "the bot's address as forges and people reach it", "", "`http://HOST:PORT`"
    )
    redis_url: str | None = _named("REDIS_URL", "the store; empty: an embedded Valkey in CALORON_HOME")
    home: Path = _named("CALORON_HOME", "store, worktrees, logs", Path("~/.caloron"))
    kv_dir: Path = _named("CALORON_KV_DIR", "state of the tick", Path(""), "`CALORON_HOME/kv`")
    shell_token: str | None = _named(
        "CALORON_SHELL_TOKEN",
        "token of the shell's HTTP surface",
        shown="`caloron up` makes one, in CALORON_HOME",
        repr=False,
    )
    shell_port: int = _named("CALORON_SHELL_PORT", "port of the shell's HTTP surface", 7710, ge=1, le=65535)
    metrics_port: int | None = _named(
        "CALORON_METRICS_PORT",
        "the port of `/metrics`, at HOST; the webhook endpoint then has none",
        shown="`PORT`",
        ge=1,
        le=65535,
    )
    shell_url: str = _named(
        "CALORON_SHELL_URL",
        "the shell's HTTP surface as agents reach it",
        "",
        "`http://127.0.0.1:CALORON_SHELL_PORT`",
    )
    agents: int = _named(
        "CALORON_AGENTS",
        "how many agents run at the same time on this machine; a sprint uses as many as its repository's "
        "`pipeline.parallel` allows (by default 2, or this number where it is larger)",
        2,
        ge=0,
        le=64,
    )
    disk_reserve_mb: int = _named(
        "CALORON_DISK_RESERVE",
        "free space in MB on the disks of CALORON_HOME and of its folder `attempts`; where less is free, no "
        "agent starts and those that run are ended",
        1000,
        ge=1,
    )
    sandbox: SandboxMode = _named(
        "CALORON_SANDBOX",
        "the walls around agents: `required`, without them no agent is started (docs/sandbox.md says what "
        "they need); `preferred`, agents also run without where they cannot be had; `off`",
        "required",
    )
    egress: Annotated[tuple[str, ...], NoDecode] = _named(
        "CALORON_EGRESS",
        "host:port, comma-separated: what agents may reach beside their model, the package registries and "
        "`agents.network`; the only way to a private address, such as an own model server's",
        (),
    )
    agent_env: Annotated[tuple[str, ...], NoDecode] = _named(
        "CALORON_AGENT_ENV",
        "names of variables, comma-separated, that `.caloron.yml` of each repository may have handed to its "
        "agents (`agents.env`); the agents, and whoever may change that file, can then read their values",
        (),
    )
    budget_day: Annotated[Budget | None, NoDecode] = _named(
        "CALORON_BUDGET_DAY",
        "tokens (5M) or dollars ($20) that all agents together may use in a day (UTC); then no agent starts "
        "until the next day, and those at work finish. What a run used is counted when it ends",
    )
    budget_owner_day: Annotated[Budget | None, NoDecode] = _named(
        "CALORON_BUDGET_OWNER_DAY", "the same for the repositories of each owner"
    )
    framework: str = _named(
        "CALORON_FRAMEWORK",
        f"the agents' framework, where neither task nor `.caloron.yml` names one: {', '.join(FRAMEWORKS)}; "
        "where it is not set, the first that is installed and has a key or a login",
        "claude-code",
    )
    stub_fixture: Path | None = _named("CALORON_STUB_FIXTURE", "recorded answers for the framework stub")
    tick_s: float = _named("CALORON_TICK_S", "seconds between looks for silent agents", 60, gt=0)
    reconcile_s: float = _named(
        "CALORON_RECONCILE_S", "seconds between searches for lost webhooks; 0: none", 300, ge=0
    )
    board_s: float = _named(
        "CALORON_BOARD_S", "seconds between two changes of a board that nobody waits for", 3, ge=0
    )
    lock_m: float = _named(
        "CALORON_LOCK_M",
        "minutes for which the lock of another installation of the bot on a repository counts; each renews "
        "its own after a third of them, so set the same everywhere",
        60,
        gt=0,
    )
    stall_m: float = _named("CALORON_STALL_M", "minutes of silence after which an agent is stalled", 20, gt=0)
    missing_s: float = _named("CALORON_MISSING_S", "seconds in which a new agent must show itself", 120, gt=0)
    cooldown_m: float = _named("CALORON_COOLDOWN_M", "minutes between two steps of the ladder", 10, ge=0)
    anthropic_api_key: str | None = _named("ANTHROPIC_API_KEY", "the model's key", repr=False)
    llm_provider: str | None = _named(
        "CALORON_LLM_PROVIDER", "the model's provider; empty or anthropic-api, the only one"
    )

    @classmethod
    def load(cls) -> Self:
        """The settings of the environment and the file; SettingsError names each wrong or missing one."""
        written = cls.written()
        if lines := list(env_file.mixed(os.environ, written)):
            raise SettingsError(lines)
        try:
            theirs = withheld() | {name for name, text in os.environ.items() if text}
            settings = cls.of({name: text for name, text in written.items() if name not in theirs})
        except ValidationError as error:
            raise SettingsError(_in_words(error)) from None
        know(*settings.secrets(), stays=True)
        settings._check_handed_in(written | dict(os.environ))
        take_over()
        if "CALORON_FRAMEWORK" in written.keys() | theirs:
            return settings
        chosen = first_ready(written | dict(os.environ), settings.home)
        ready = settings.model_copy(update={"framework": chosen})
        ready.model_fields_set.discard("framework")  # nobody chose it
        return ready

    @classmethod
    def written(cls) -> dict[str, str]:
        """What the file of settings says; SettingsError where it cannot be trusted."""
        try:
            return env_file.read(os.environ)
        except env_file.EnvFileError as error:
            raise SettingsError([str(error)]) from None

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Self:
        """The settings of these names over the environment's, without the file."""
        return cls(**given)

    @field_validator("webhook_secrets", "repos", "owners", "egress", "agent_env", mode="before")
    @classmethod
    def _split(cls, given: Any, info: ValidationInfo) -> Any:
        if not isinstance(given, str):
            return given
        parts = tuple(part.strip() for part in given.split(","))
        return parts if info.field_name == "webhook_secrets" else tuple(part for part in parts if part)

    @field_validator("webhook_secrets")
    @classmethod
    def _no_empty_secret(cls, secrets: tuple[str, ...] | None) -> tuple[str, ...]:
        if not secrets or not any(secrets):
            raise ValueError("is missing or empty; " + _SECRET_HINT)
        if not all(secrets):
            raise ValueError("has an empty secret between its commas; " + _SECRET_HINT)
        return secrets

    @field_validator("repos")
    @classmethod
    def _owner_and_name(cls, repos: tuple[str, ...]) -> tuple[str, ...]:
        for repo in repos:
            if not re.fullmatch(r"[\w.-]+/([\w.-]+|\*)", repo):
                raise ValueError(f"has {repo!r}; write each repository as owner/name or owner/*")
        return repos

    @field_validator("egress")
    @classmethod
    def _hosts_and_ports(cls, entries: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(named_pair(entry) for entry in entries)

    @field_validator("agent_env")
    @classmethod
    def _may_be_handed_in(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        own = cls.names(secret=False) | cls.names(secret=True) - {"ANTHROPIC_API_KEY"}
        if why := next(filter(None, (refusal(name, own) for name in names)), None):
            raise ValueError(why)
        return tuple(dict.fromkeys(names))

    def _check_handed_in(self, environment: Mapping[str, str]) -> None:
        """SettingsError where what agents may be handed holds a secret of the bot under another name."""
        handed = {name: environment[name] for name in self.agent_env if environment.get(name)}
        own = [secret for secret in self.secrets() if secret != self.anthropic_api_key]
        for name, value in handed.items():
            if any(secret in value for secret in own):
                raise SettingsError(
                    [f"CALORON_AGENT_ENV names {name}, which holds a secret of the bot; remove it"]
                )
        know(*secrets_among(handed), stays=True)

    @field_validator("owners")
    @classmethod
    def _names_of_owners(cls, owners: tuple[str, ...]) -> tuple[str, ...]:
        for owner in owners:
            if not re.fullmatch(r"[\w.-]+", owner):
                raise ValueError(f"has {owner!r}; write the login of each owner, comma-separated")
        return owners

    @field_validator("budget_day", "budget_owner_day", mode="before")
    @classmethod
    def _budget(cls, given: Any) -> Any:
        return budget_of(given) if isinstance(given, str) else given

    @field_validator("framework")
    @classmethod
    def _known_framework(cls, name: str) -> str:
        if name not in FRAMEWORKS:
            raise ValueError(f"is {name!r}; set it to one of {', '.join(FRAMEWORKS)}")
        return name

    @field_validator("gitea_url", "github_api_url", "public_url", "shell_url")
    @classmethod
    def _web_address(cls, url: str | None) -> str | None:
        if not url:
            return url
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"is {url!r}; write it as https://host[:port][/path]")
        return url.rstrip("/")

    @field_validator("redis_url")
    @classmethod
    def _store_address(cls, url: str | None) -> str | None:
        if not url:
            return url
        parts = urlsplit(url)
        if parts.scheme not in ("redis", "rediss", "unix"):
            raise ValueError("must begin with redis://, rediss:// or unix://")
        if parts.scheme != "unix" and not parts.password:
            raise ValueError(
                "has no password, so anyone who reaches its port could command the bot; give the server one "
                "(`requirepass`) and write redis://:PASSWORD@host:port, or use a unix:// socket"
            )
        return url

    @field_validator("home", "kv_dir")
    @classmethod
    def _absolute(cls, folder: Path) -> Path:
        return folder.expanduser().absolute() if folder != Path("") else folder

    @field_validator("stub_fixture", "github_app_private_key_file")
    @classmethod
    def _is_file(cls, file: Path | None) -> Path | None:
        if file and not file.expanduser().is_file():
            raise ValueError(f"names the file {file}, which is not there")
        return file.expanduser().absolute() if file else None

    @model_validator(mode="after")
    def _belong_together(self) -> Self:
        wrong = list(self._contradictions())
        if wrong:
            raise ValueError("\n".join(wrong))
        return self

    def _contradictions(self) -> list[str]:
        app_key = self.github_app_private_key or self.github_app_private_key_file
        github = self.github_token or self.github_app_id
        checks = [
            (
                self.gitea_url and not self.gitea_token,
                "GITEA_TOKEN is missing; set it to a token of the bot's account on GITEA_URL",
            ),
            (
                self.gitea_token and not self.gitea_url,
                "GITEA_URL is missing; set it to the address of the server that GITEA_TOKEN is for",
            ),
            (
                self.github_app_id and not app_key,
                "GITHUB_APP_PRIVATE_KEY is missing; set it (or GITHUB_APP_PRIVATE_KEY_FILE) to the App's key",
            ),
            (
                not self.gitea_url and not self.gitea_token and not github,
                "GITEA_URL and GITEA_TOKEN are missing; set both (or GITHUB_TOKEN for GitHub)",
            ),
            *((True, words) for words in self._own_named()),
            (
                self.owners and not self.github_app_id,
                "CALORON_OWNERS is only for a GitHub App; set GITHUB_APP_ID, or CALORON_REPOS instead",
            ),
            (
                self.metrics_port in (self.port, self.shell_port),
                "CALORON_METRICS_PORT is the same as PORT or CALORON_SHELL_PORT; give each its own port",
            ),
            (
                self.port == self.shell_port,
                "CALORON_SHELL_PORT is the same as PORT; give each its own port",
            ),
            (
                self.framework == "stub" and not self.stub_fixture,
                "CALORON_STUB_FIXTURE is missing; CALORON_FRAMEWORK=stub replays the answers in that file",
            ),
        ]
        return [words for holds, words in checks if holds]

    @model_validator(mode="before")
    @classmethod
    def _fill_derived(cls, given: dict[str, Any]) -> dict[str, Any]:
        """Defaults that follow from other settings."""
        host, port = given.get("HOST") or "127.0.0.1", given.get("PORT") or 8080
        reach = "127.0.0.1" if host in ("0.0.0.0", "::") else in_address(host)
        home = Path(given.get("CALORON_HOME") or "~/.caloron")
        derived = {
            "CALORON_PUBLIC_URL": f"http://{reach}:{port}",
            "CALORON_SHELL_URL": f"http://127.0.0.1:{given.get('CALORON_SHELL_PORT') or 7710}",
            "CALORON_KV_DIR": home / "kv",
            "CALORON_WEBHOOK_SECRET": (),
        }
        # what this process was not given is there, but nobody can guess it, and no one accepts it
        derived |= {name: token_hex(32) for name in withheld() & _STAND_IN}
        return given | {name: value for name, value in derived.items() if not given.get(name)}

    @classmethod
    def explain(cls) -> list[Explained]:
        """Each setting with its value (secrets masked), where that came from, and what it means."""
        try:
            written = cls.written()
        except SettingsError:
            written = {}
        try:
            effective: Settings | None = cls.load()
        except SettingsError:
            effective = None
        return [_explained(key, field, effective, written) for key, field in cls.model_fields.items()]

    @classmethod
    def documented(cls) -> list[Documented]:
        """Each setting as the docs list it."""
        return [_documented(field) for field in cls.model_fields.values()]

    @classmethod
    def names(cls, secret: bool) -> set[str]:
        """The names of the settings that are secret, or of the others."""
        fields = cls.model_fields.values()
        return {str(field.validation_alias) for field in fields if field.repr is not secret}

    def has(self, name: str) -> bool:
        """Whether the setting of that name is set."""
        keys = {str(field.validation_alias): key for key, field in type(self).model_fields.items()}
        return bool(getattr(self, keys[name]))

    def secrets(self) -> list[str]:
        """Every secret among the values, and the store's password."""
        values = [getattr(self, key) for key, field in type(self).model_fields.items() if not field.repr]
        found = [one for value in values if value for one in ([value] if isinstance(value, str) else value)]
        password = urlsplit(self.redis_url or "").password
        return [*found, *([unquote(password)] if password else [])]

    # What follows from the settings

    @property
    def store_socket(self) -> Path:
        """Where the embedded store listens: in CALORON_HOME, unless that path is too long for a socket."""
        inside = self.home / "store" / "valkey.sock"
        if len(os.fsencode(inside)) <= _SOCKET_ROOM:
            return inside
        short = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"caloron-{os.getuid()}" / f"{short}.sock"

    @property
    def store_url(self) -> str:
        """The store's address: REDIS_URL, or the embedded one's socket."""
        return self.redis_url or f"unix://{quote(str(self.store_socket))}"

    @property
    def forges(self) -> tuple[ForgeKind, ...]:
        """The forges that are configured."""
        github = self.github_token or self.github_app_id
        gitea: tuple[ForgeKind, ...] = ("gitea",) if self.gitea_url else ()
        return (*gitea, "github") if github else gitea

    def reviewer_token_of(self, forge: ForgeKind) -> str | None:
        """The reviewing account's token, for the forge that it is of: GitHub's say so by how they begin."""
        token = self.reviewer_token
        if not token:
            return None
        github = token.startswith(("ghp_", "gho_", "ghu_", "ghs_", "github_pat_")) or not self.gitea_url
        return token if (forge == "github") == github else None

    @property
    def operator(self) -> Operator:
        """What the operator lets agents reach, and what of the bot itself they never reach."""
        never = [_place_of(url) for url in (self.redis_url, self.public_url) if url]
        named = tuple(pair(entry) for entry in self.egress)
        own_ports = (self.port, self.shell_port, self.metrics_port)
        return Operator(named, tuple(filter(None, never)), tuple(port for port in own_ports if port))

    def _own_named(self) -> Iterator[str]:
        """A line for each entry of CALORON_EGRESS that is a part of the bot."""
        operator = self.operator
        never = {(_this_machine(host), port) for host, port in operator.never}
        never |= {("localhost", port) for port in operator.own_ports}
        for entry in self.egress:
            host, port = pair(entry)
            if (_this_machine(host), port) in never:
                yield f"CALORON_EGRESS names {entry}, a part of the bot, which agents never reach; remove it"

    def hook_secret(self, path: str) -> str:
        """The secret of a hook that calls `path`: derived from the newest (first) master secret."""
        secret = _derived(self.webhook_secrets[0], path)
        know(secret)
        return secret

    def hook_secrets(self, path: str) -> list[str]:
        """Every secret that is right for `path`: the masters at `/webhooks`, else those derived from them."""
        if path == "/webhooks":
            return list(self.webhook_secrets)
        return [_derived(master, path) for master in self.webhook_secrets]


def _explained(
    key: str, field: FieldInfo, effective: Settings | None, written: Mapping[str, str]
) -> Explained:
    name = str(field.validation_alias)
    text = os.environ.get(name) or written.get(name)
    in_file = str(env_file.place(os.environ)) if name in written else "default"
    source = "environment" if os.environ.get(name) else in_file
    value = text if text is not None else _shown(getattr(effective, key) if effective else field.default)
    masked = "•••" if not field.repr and value else re.sub(r"//[^@/]+@", "//•••@", value)
    return {"name": name, "value": masked, "source": source, "meaning": field.description or ""}


def _documented(field: FieldInfo) -> Documented:
    extra: Any = field.json_schema_extra
    default = extra["shown"] or ("–" if field.default in (None, ()) else f"`{field.default}`")
    secret = "" if field.repr else " (secret)"
    return {
        "name": str(field.validation_alias),
        "default": default,
        "meaning": f"{field.description}{secret}",
    }


def _shown(value: Any) -> str:
    return "" if value is None else ",".join(value) if isinstance(value, tuple) else str(value)


def withheld() -> set[str]:
    """The settings that are set, but that this process was not given."""
    return set(filter(None, os.environ.get(WITHHELD, "").split(",")))


_SECRET_HINT = "set it to a long random text, for example of `openssl rand -hex 32`"


def in_address(host: str) -> str:
    """The host as it stands before a port: of an IPv6 address the colons are its own."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


_PORTS = {"http": 80, "https": 443, "redis": 6379, "rediss": 6379}


def _place_of(url: str) -> Pair | None:
    """The host and port of an address; None for a socket."""
    parts = urlsplit(url)
    port = parts.port or _PORTS.get(parts.scheme)
    return (parts.hostname or "localhost", port) if port else None


def _this_machine(host: str) -> str:
    return "localhost" if host == "::1" or host.startswith("127.") else host


def _derived(master: str, path: str) -> str:
    return hmac.new(master.encode(), path.encode(), hashlib.sha256).hexdigest()


def _in_words(error: ValidationError) -> list[str]:
    return [line for item in error.errors() for line in _line(item)]


def _line(item: Any) -> list[str]:
    message = str(item["msg"]).removeprefix("Value error, ")
    if not item["loc"]:
        return message.split("\n")
    name = str(item["loc"][0])
    if item["type"] == "value_error":
        return [f"{name} {message}"]
    return [f"{name} is wrong ({message[:1].lower()}{message[1:]}); it is: {_meaning(name)}"]


def _meaning(name: str) -> str:
    fields = Settings.model_fields.values()
    return next((field.description or "" for field in fields if field.validation_alias == name), "unknown")
