"""The file of settings, `$CALORON_HOME/env` or what `--env-file` names; never one of the current folder."""

import io
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from dotenv import dotenv_values

ENV_FILE = "CALORON_ENV_FILE"
"""The variable that names the file; `--env-file` sets it, so that every child reads the same one."""

HOME = "CALORON_HOME"
_LONGEST = 1024 * 1024
_ENVIRONMENT = "the environment"

SENT_TO = {
    "GITEA_TOKEN": ("GITEA_URL",),
    "GITHUB_TOKEN": ("GITHUB_API_URL",),
    "GITHUB_APP_PRIVATE_KEY": ("GITHUB_API_URL",),
    "GITHUB_APP_PRIVATE_KEY_FILE": ("GITHUB_API_URL",),
    "CALORON_REVIEWER_TOKEN": ("GITEA_URL", "GITHUB_API_URL"),
    "CALORON_SHELL_TOKEN": ("CALORON_SHELL_URL",),
    "ANTHROPIC_API_KEY": ("ANTHROPIC_BASE_URL",),
    "ANTHROPIC_AUTH_TOKEN": ("ANTHROPIC_BASE_URL",),
    "CLAUDE_CODE_OAUTH_TOKEN": ("ANTHROPIC_BASE_URL",),
    "OPENAI_API_KEY": ("OPENAI_BASE_URL", "OPENAI_API_BASE"),
    "CODEX_API_KEY": ("OPENAI_BASE_URL", "OPENAI_API_BASE"),
    "GEMINI_API_KEY": ("GOOGLE_GEMINI_BASE_URL",),
    "GOOGLE_API_KEY": ("GOOGLE_GEMINI_BASE_URL",),
}
"""Secret → the settings that say where it is sent."""

ONLY_ENVIRONMENT = ("CODEX_REFRESH_TOKEN_URL_OVERRIDE",)
"""Where a login is sent that is not in the file of settings, but in the operator's home."""


class EnvFileError(Exception):
    """The file cannot be trusted or read; the text says why and what to do."""


def place(environment: Mapping[str, str]) -> Path:
    """Where the file is, or would be."""
    if named := environment.get(ENV_FILE):
        return Path(named).expanduser().absolute()
    return Path(environment.get(HOME) or "~/.caloron").expanduser().absolute() / "env"


def read(environment: Mapping[str, str]) -> dict[str, str]:
    """The file's settings that are not empty; EnvFileError where it is not ours alone. Without one: none."""
    file = place(environment)
    try:
        text = _content(file)
    except FileNotFoundError:
        if environment.get(ENV_FILE):
            raise EnvFileError(f"{file} is not there; --env-file must name a file of settings.") from None
        return {}
    except OSError as error:
        raise EnvFileError(f"{file} cannot be read: {error.strerror}.") from None
    found = dotenv_values(stream=io.StringIO(text), interpolate=False)
    values = {name: value for name, value in found.items() if value}
    if HOME in values and not environment.get(ENV_FILE):
        raise EnvFileError(f"{file} sets {HOME}, which says where that file is; set it in the environment.")
    return values


def _content(file: Path) -> str:
    """The text of a regular file that only we can read and write."""
    opened = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        _check_ours(file, os.fstat(opened))
        content = b""
        while len(content) <= _LONGEST and (part := os.read(opened, _LONGEST + 1)):
            content += part
    finally:
        os.close(opened)
    if len(content) > _LONGEST:
        raise EnvFileError(f"{file} is larger than 1 MiB; it should hold lines like NAME=value.")
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise EnvFileError(f"{file} is not UTF-8 text; it should hold lines like NAME=value.") from None


def _check_ours(file: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise EnvFileError(f"{file} is not a file of text, so no settings are read from it.")
    if found.st_uid != os.getuid():
        raise EnvFileError(
            f"{file} belongs to another user (id {found.st_uid}); run: chown {os.getuid()} {file}"
        )
    if found.st_mode & 0o077:
        raise EnvFileError(
            f"Others may read or change {file} (mode {found.st_mode & 0o777:04o}); run: chmod 600 {file}"
        )


def mixed(environment: Mapping[str, str], written: Mapping[str, str]) -> Iterator[str]:
    """A line for each secret that would go to an address from another source than its own."""
    for name in ONLY_ENVIRONMENT:
        if _source(name, environment, written) not in (None, _ENVIRONMENT):
            yield (
                f"{name} is from the file {place(environment)}; set it in the environment: the login that is "
                "sent there is not from that file"
            )
    for secret, addresses in SENT_TO.items():
        for address in addresses:
            sources = [_source(name, environment, written) for name in (secret, address)]
            if None not in sources and sources[0] != sources[1]:
                yield (
                    f"{secret} is from {sources[0]} and {address} from {sources[1]}; set both in one place: "
                    "a secret is only sent to an address from the same source"
                )


def _source(name: str, environment: Mapping[str, str], written: Mapping[str, str]) -> str | None:
    if environment.get(name):
        return _ENVIRONMENT
    return f"the file {place(environment)}" if name in written else None


def not_read(environment: Mapping[str, str]) -> str | None:
    """One line where the current folder has a `.env`, which earlier versions read."""
    here = Path(".env").absolute()
    if not os.path.lexists(here) or place(environment) == here:
        return None
    target = place({name: text for name, text in environment.items() if name != ENV_FILE})
    return (
        f"The file {here} is not read any more; if its settings are yours, move it: "
        f"mv {here} {target} && chmod 600 {target}"
    )
