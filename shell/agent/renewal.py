"""Renew the operator's login of codex outside the walls, one process at a time, before a task gets a copy.

The call and the file are those of codex itself, whose source is open. Its refresh token counts once: the
answer brings the next one, which must be in the operator's file before anything else happens.
"""

import fcntl
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import structlog

from shell.agent.frameworks import LoginError
from shell.clock import now
from shell.sanitize import read_json
from shell.secrets import know

_log = structlog.get_logger(__name__)

URL = "https://auth.openai.com/oauth/token"
URL_OVERRIDE = "CODEX_REFRESH_TOKEN_URL_OVERRIDE"
"""Codex's own variable for another address; only the operator's environment has it."""
_CLIENT = "app_EMoamEEZ73f0CkXaXp7hrann"
_SCOPE = "openid profile email"
_TIMEOUT_S = (3.0, 15.0)
_TOKENS = ("id_token", "access_token", "refresh_token")
AHEAD_S = 2 * 3600.0
"""So long before it ends an access token is renewed: a run should end before it does."""
AGAIN = "run `codex login` on this machine, or set CODEX_API_KEY"


class _Passing(Exception):
    """It could not be renewed now; later it may be."""


def renew_codex(file: Path, machine: Mapping[str, str], locks: Path, ends: Callable[[Any], float]) -> None:
    """Renew the login in this file if its access token ends soon; FrameworkError if it is of no use any more.

    `ends` says when the access token of the file's content ends, in seconds since 1970.
    """
    with _alone(locks / "renew-codex-cli.lock"):
        content = read_json(file.read_text())
        end = ends(content)
        if not refresh_token(content) or end > time.time() + AHEAD_S:
            return
        try:
            _renew(file.resolve(), content, machine.get(URL_OVERRIDE) or URL)
        except _Passing as fault:
            if end < time.time():
                raise LoginError(
                    f"The login of codex-cli has ended and could not be renewed: {fault}. The bot tries "
                    f"again with the next run; if that does not help, {AGAIN}."
                ) from None
            _log.warning("the login of codex-cli could not be renewed yet", reason=str(fault))


def refresh_token(content: Any) -> str | None:
    """The token that renews the login of this file; None where it has none, or holds a key."""
    token = (content.get("tokens") or {}).get("refresh_token")
    return token if isinstance(token, str) and token else None


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """While it lasts no other process of the bot is here; a holder ends with its calls' time limits."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    held = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


def _renew(file: Path, content: Any, url: str) -> None:
    """The new file is there before the call, so that an answer has its place even when the disk is full."""
    room = len(json.dumps(content)) + 64 * 1024
    try:
        made, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    except OSError as error:
        raise _Passing(f"nothing can be written beside {file}: {error.strerror}") from None
    try:
        with open(made, "w+", encoding="utf-8") as new:
            _reserve(new.fileno(), room)
            new.write(json.dumps(_renewed(content, url), indent=2))
            new.flush()
            new.truncate()
            os.fchmod(new.fileno(), 0o600)
            os.fsync(new.fileno())
        os.replace(name, file)
        _sync(file.parent)
    finally:
        Path(name).unlink(missing_ok=True)


def _reserve(file: int, room: int) -> None:
    try:
        os.posix_fallocate(file, 0, room)
    except OSError as error:
        raise _Passing(f"the disk has no room for the new login: {error.strerror}") from None


def _renewed(content: Any, url: str) -> Any:
    """The file's content with the tokens of the answer; everything else in it stays."""
    answer = _asked(url, content["tokens"]["refresh_token"])
    tokens = {name: answer[name] for name in _TOKENS if isinstance(answer.get(name), str) and answer[name]}
    if "access_token" not in tokens:
        raise _Passing("the answer holds no access token")
    know(*tokens.values())
    return {**content, "tokens": {**content["tokens"], **tokens}, "last_refresh": now()}


def _asked(url: str, token: str) -> dict[str, Any]:
    import requests  # here, because every process knows the logins and hardly one renews them

    body = {"client_id": _CLIENT, "grant_type": "refresh_token", "refresh_token": token, "scope": _SCOPE}
    try:
        answer = requests.post(url, json=body, timeout=_TIMEOUT_S, allow_redirects=False)
        found = read_json(answer.text) if answer.ok or answer.status_code in (400, 401) else None
    except requests.RequestException as error:
        raise _Passing(f"{url} does not answer ({type(error).__name__})") from None
    except ValueError:
        found = None
    if answer.status_code in (400, 401):
        raise LoginError(f"The login of codex-cli was refused ({_code(found)}); {AGAIN}.")
    if not answer.ok or not isinstance(found, dict):
        raise _Passing(f"{url} answered {answer.status_code}")
    return found


def _code(found: Any) -> str:
    """The word of a refusal; what else an answer says is not repeated."""
    error = found.get("error") if isinstance(found, dict) else None
    code = error.get("code") if isinstance(error, dict) else error
    known = ("refresh_token_expired", "refresh_token_reused", "refresh_token_invalidated", "invalid_grant")
    return str(code) if code in known else "no reason known"


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
