"""The operator's login of a framework: a key by the environment first, else a copy in the task's home.

A refresh token of such a file changes each time it is used: two tasks that refresh would log each other and
the operator out. So it stays outside where the agent goes on without it, and the agent gets an access token
that lasts a while; where it does not, one task at a time has the file. Nothing is ever copied back. Where
the call is known (`renewal`), the bot renews the operator's file outside the walls.
"""

import base64
import contextlib
import copy
import fcntl
import hashlib
import json
import math
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from shell.agent import renewal
from shell.agent.frameworks import Framework, FrameworkError, LoginError
from shell.agent.home_files import read_file, remove_file, write_file
from shell.agent.named_secrets import secrets_in
from shell.sanitize import read_json
from shell.secrets import know

_WAIT_S = 1.0
_MARGIN_S = 60.0
Way = Literal["key", "without refresh", "one at a time", "none"]
"""How a framework's login reaches the agent."""


def _part_claude(content: Any) -> float:
    login = content["claudeAiOauth"]
    login.pop("refreshToken", None)
    return float(login["expiresAt"]) / 1000


def _part_codex(content: Any) -> float:
    """The access token is a JWT, and says itself when it ends."""
    tokens = content.get("tokens")
    if not tokens:  # a key, which does not end
        return math.inf
    tokens["refresh_token"] = ""
    claims = str(tokens["access_token"]).split(".")[1]
    return float(json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["exp"])


@dataclass(frozen=True)
class _Login:
    """One framework's login file, below a home."""

    file: str
    part: Callable[[Any], float] | None = None
    """Takes the refresh token out of the file's content; when the access token ends, in seconds since 1970.

    Seen with claude-code 2.1.332 and codex 0.171.0: they use what is left, until it ends. None: the whole
    file goes to one task at a time.
    """
    renew: str = ""
    """What the operator does to renew it."""
    renewed: bool = False
    """Whether the bot renews it, as long as it has a refresh token."""


LOGINS = {
    "claude-code": _Login(
        ".claude/.credentials.json",
        _part_claude,
        "run `claude` once on this machine to renew it, or better set CLAUDE_CODE_OAUTH_TOKEN to the "
        "long-lived token of `claude setup-token`, or ANTHROPIC_API_KEY",
    ),
    "codex-cli": _Login(
        ".codex/auth.json",
        _part_codex,
        renewal.AGAIN,
        renewed=True,
    ),
    "gemini-cli": _Login(".gemini/oauth_creds.json"),
    "cursor-cli": _Login(".config/cursor/auth.json"),
    "open-code": _Login(".local/share/opencode/auth.json"),
}


def way_of(framework: Framework, machine: Mapping[str, str]) -> Way:
    """How the login would reach an agent now."""
    if framework.secrets(machine):
        return "key"
    login = LOGINS.get(framework.name)
    if login is None or not (_home(machine) / login.file).is_file():
        return "none"
    return "without refresh" if login.part else "one at a time"


def renew_login(framework: Framework, machine: Mapping[str, str], locks: Path) -> None:
    """Renew the login where the bot does that, and where it ends soon; FrameworkError if it is of no use."""
    login = LOGINS.get(framework.name)
    if login and login.part and login.renewed and way_of(framework, machine) == "without refresh":
        part = login.part
        try:
            renewal.renew_codex(
                _home(machine) / login.file, machine, locks, lambda content: _ends(part, content)
            )
        except (ValueError, TypeError, KeyError, AttributeError, IndexError):
            raise _unknown_form(framework, login) from None


def _ends(part: Callable[[Any], float], content: Any) -> float:
    return part(copy.deepcopy(content))


def copy_logins(framework: Framework, machine: Mapping[str, str], home: Path) -> None:
    """Copy the framework's settings, and its login where no key is set, from the operator's home.

    FrameworkError where the login has expired or cannot be read.
    """
    login = LOGINS.get(framework.name)
    for name in framework.files:
        if (_home(machine) / name).is_file():
            _copy(_home(machine) / name, home, name)
    if login is None:
        return
    way, theirs = way_of(framework, machine), _home(machine) / login.file
    if way == "one at a time":
        _copy(theirs, home, login.file)
    elif way == "without refresh":
        write_file(home, login.file, _without_refresh(framework, login, theirs))
        know(*secrets_in(theirs.read_text(errors="replace")))


def remove_logins(framework: Framework, home: Path) -> None:
    """Remove what `copy_logins` has brought from a home that is kept."""
    login = LOGINS.get(framework.name)
    for name in (*framework.files, *([login.file] if login else [])):
        remove_file(home, name)


@contextlib.contextmanager
def held_login(
    framework: Framework, machine: Mapping[str, str], locks: Path, may_wait: Callable[[], bool]
) -> Iterator[bool]:
    """While it lasts no other task has this login, where only one may; False if `may_wait` ended the wait."""
    if way_of(framework, machine) != "one at a time":
        yield True
        return
    locks.mkdir(parents=True, exist_ok=True)
    lock = os.open(locks / f"login-{framework.name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield _locked(lock, may_wait)
    finally:
        os.close(lock)


def _locked(lock: int, may_wait: Callable[[], bool]) -> bool:
    while may_wait():
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            time.sleep(_WAIT_S)
    return False


def words_of(way: Way, framework: Framework) -> str:
    """It in a sentence, as `caloron doctor` says it."""
    login = LOGINS.get(framework.name)
    file = f"~/{login.file}" if login else ""
    name, given = framework.name, f"gets a copy of {file}"
    return {
        "key": f"{name} gets its key by the environment; tasks run in parallel",
        "without refresh": f"{name} {given} without its refresh token; tasks run in parallel"
        + (", and the bot renews it" if login and login.renewed else " until its access token ends"),
        "one at a time": f"{name} {given}, one task at a time; a token that it renews is not copied back, so "
        "a key is better",
        "none": f"no key and no login of {name} is here: {framework.install}",
    }[way]


def problem_of(framework: Framework, machine: Mapping[str, str]) -> str | None:
    """Why no agent could use the login that is here, as far as that can be told without a call."""
    login = LOGINS.get(framework.name)
    if login is None or not login.part or way_of(framework, machine) != "without refresh":
        return None
    file = _home(machine) / login.file
    try:
        _, ends = _parted(framework, login, file)
    except FrameworkError as error:
        return str(error)
    renewed = login.renewed and renewal.refresh_token(read_json(file.read_text()))
    return None if renewed or _lasts(ends) else str(_ended(framework, login, ends))


def mark_of(
    framework: Framework,
    machine: Mapping[str, str],
    agent_env: Iterable[str] = (),
    lacks: str | None = None,
) -> str:
    """What changes with its key or login, what may be handed in, or what it lacks; tells none of it."""
    parts = [*framework.secrets(machine), *(f"{name}={machine.get(name, '')}" for name in agent_env)]
    parts += [lacks] if lacks else []
    if login := LOGINS.get(framework.name):
        with contextlib.suppress(OSError):
            about = (_home(machine) / login.file).stat()
            parts.append(f"{about.st_ino} {about.st_size} {about.st_mtime_ns}")
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


def know_all(framework: Framework, machine: Mapping[str, str], copies: Path) -> None:
    """Have masked all that a run of this framework was given: keys, logins, and their copies in its home."""
    know(*framework.secrets(machine))
    login = LOGINS.get(framework.name)
    for name in (*framework.files, *([login.file] if login else [])):
        theirs = _home(machine) / name
        know(*secrets_in(theirs.read_text(errors="replace") if theirs.is_file() else ""))
        know(*secrets_in(read_file(copies, name)))


def _home(machine: Mapping[str, str]) -> Path:
    return Path(machine.get("HOME", "/nonexistent"))


def _copy(file: Path, home: Path, name: str) -> None:
    content = file.read_bytes()
    write_file(home, name, content)
    know(*secrets_in(content.decode(errors="replace")))


def _without_refresh(framework: Framework, login: _Login, file: Path) -> str:
    content, ends = _parted(framework, login, file)
    if not _lasts(ends):
        raise _ended(framework, login, ends)
    return json.dumps(content)


def _parted(framework: Framework, login: _Login, file: Path) -> tuple[Any, float]:
    """The content of the file without its refresh token, and when its access token ends."""
    assert login.part
    try:
        content = read_json(file.read_text())
        return content, login.part(content)
    except (ValueError, TypeError, KeyError, AttributeError, IndexError):
        raise _unknown_form(framework, login) from None


def _lasts(ends: float) -> bool:
    return ends >= time.time() + _MARGIN_S


def _ended(framework: Framework, login: _Login, ends: float) -> LoginError:
    ended = datetime.fromtimestamp(ends, UTC).isoformat(" ", "minutes")
    return LoginError(f"The login of {framework.name} ended at {ended}; {login.renew}.")


def _unknown_form(framework: Framework, login: _Login) -> LoginError:
    return LoginError(
        f"The login of {framework.name} in ~/{login.file} is not in the known form; {login.renew}."
    )
