"""Git as the shell runs it: in a bare repository of its own, ignoring every configuration but ours."""

import base64
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from shell.parent import dying_with_us, hold
from shell.secrets import know, mask

_PASSED_ON = (
    *("PATH", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO"),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
)

_SETTINGS = {
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    "core.attributesFile": os.devnull,
    "core.excludesFile": os.devnull,
    "core.fileMode": "true",
    "core.symlinks": "true",
    "core.ignoreCase": "false",
    "core.protectNTFS": "true",
    "core.protectHFS": "true",
    "core.quotePath": "false",
    "credential.helper": "",
    "protocol.ext.allow": "never",
    "submodule.recurse": "false",
    "gc.autoDetach": "false",
    "maintenance.autoDetach": "false",
    "http.followRedirects": "false",
    "http.lowSpeedLimit": "1",
    "http.lowSpeedTime": "60",
}

NEEDED = (2, 38)
_PULSE_S = 5.0
_PIECE = 64 * 1024

PASSING_SIGNS = (
    *("could not resolve host", "failed to connect", "couldn't connect", "connection", "timed out"),
    *("early eof", "remote end hung up", "returned error: 5", "returned error: 429", "rpc failed"),
    *("gnutls", "ssl_", "took longer than", "operation too slow"),
)


@dataclass(frozen=True)
class Credential:
    """The login for the forge's repository; it is passed in the environment of one git process only."""

    username: str
    password: str = field(repr=False)

    def header(self) -> str:
        pair = f"{self.username}:{self.password}".encode()
        return f"Authorization: Basic {base64.b64encode(pair).decode()}"


class GitError(Exception):
    """Git failed, with its own message; `passing` if a retry may help, `moved` if the address has changed."""

    def __init__(self, message: str) -> None:
        message = mask(message)
        super().__init__(message)
        self.passing = any(sign in message.lower() for sign in PASSING_SIGNS)
        self.moved = any(f"returned error: {status}" in message for status in (301, 302, 307, 308))


@dataclass(frozen=True)
class Finished:
    """The result of a git process: its status and output."""

    status: int
    output: bytes
    errors: str

    @property
    def text(self) -> str:
        return os.fsdecode(self.output).strip()

    @property
    def records(self) -> list[str]:
        """The output of `-z`."""
        return [os.fsdecode(record) for record in self.output.split(b"\0") if record]


def as_records(paths: Collection[str]) -> bytes:
    """Paths as the `-z --stdin` of git reads them."""
    return b"".join(os.fsencode(path) + b"\0" for path in paths)


def git_problem() -> str | None:
    """What is wrong with this machine's git; None if attempts can run with it."""
    try:
        version = subprocess.run(
            ["git", "version"], capture_output=True, text=True, timeout=10, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return "git is not installed (or does not answer); install git 2.38 or newer."
    found = re.search(r"(\d+)\.(\d+)", version)
    if found and (int(found[1]), int(found[2])) >= NEEDED:
        return None
    return f"git 2.38 or newer is needed (for `git merge-tree`); this machine has {version.strip()}."


def safe_environment(settings: Mapping[str, str] | None = None) -> dict[str, str]:
    """An environment in which git reads no file of the machine or the user and asks nobody anything."""
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    options = {**_SETTINGS, **(settings or {})}
    config = {"GIT_CONFIG_COUNT": str(len(options))}
    for number, (key, value) in enumerate(options.items()):
        config |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return {
        **passed_on,
        **config,
        "HOME": "/nonexistent",
        "LC_ALL": "C.UTF-8",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
    }


@dataclass
class _Content:
    """The rest of one object's content in the output of `git cat-file --batch`."""

    source: IO[bytes]
    left: int
    until: float

    def pieces(self) -> Iterator[bytes]:
        while self.left:
            if time.monotonic() > self.until:
                raise GitError("git cat-file took too long")
            piece = self.source.read(min(self.left, _PIECE))
            if not piece:
                raise GitError("git cat-file ended early")
            self.left -= len(piece)
            yield piece


@dataclass(frozen=True)
class Git:
    """Runs git on one repository, named outright: nothing is looked for in the current folder."""

    git_dir: Path
    url: str = ""
    credential: Callable[[], Credential | None] = lambda: None
    """Asked for each time, because some expire while an agent works."""
    pulse: Callable[[], None] = lambda: None
    """Called every few seconds while git works."""

    def run(
        self,
        *arguments: str,
        stdin: bytes = b"",
        extra: Mapping[str, str] | None = None,
        timeout: float = 300,
        allowed: Sequence[int] = (0,),
        keep_open: Sequence[int] = (),
    ) -> Finished:
        """One git command, without the credential."""
        environment = safe_environment() | {"GIT_DIR": str(self.git_dir)} | dict(extra or {})
        return self._finish(arguments, environment, stdin, timeout, allowed, keep_open)

    def remote(
        self,
        *arguments: str,
        timeout: float = 900,
        allowed: Sequence[int] = (0,),
        keep_open: Sequence[int] = (),
    ) -> Finished:
        """One git command that talks to the forge; `{url}` in the arguments is the repository there."""
        credential = self.credential()
        if credential:
            know(credential.password, credential.header().rpartition(" ")[2])
        environment = safe_environment(self._opened(credential)) | {"GIT_DIR": str(self.git_dir)}
        resolved = [self.url if argument == "{url}" else argument for argument in arguments]
        return self._finish(resolved, environment, b"", timeout, allowed, keep_open)

    def contents(self, objects: Iterable[str], timeout: float = 900) -> Iterator[tuple[str, Iterator[bytes]]]:
        """Each of these objects with its content, in pieces that are to be read before the next one."""
        wanted = list(dict.fromkeys(objects))
        if not wanted:
            return
        environment, until = safe_environment() | {"GIT_DIR": str(self.git_dir)}, time.monotonic() + timeout
        with self._started(["cat-file", "--batch"], environment, ()) as process:
            assert process.stdin and process.stdout
            try:
                for name in wanted:
                    process.stdin.write(f"{name}\n".encode())
                    process.stdin.flush()
                    header = process.stdout.readline().split()
                    if len(header) != 3 or header[0] != name.encode():
                        raise GitError(f"git cat-file: {name} cannot be read")
                    left = _Content(process.stdout, int(header[2]), until)
                    yield name, left.pieces()
                    for _ in left.pieces():
                        self.pulse()
                    process.stdout.read(1)
                    self.pulse()
                process.stdin.close()
            except BaseException:
                os.killpg(process.pid, signal.SIGKILL)
                raise

    def _opened(self, credential: Credential | None) -> dict[str, str]:
        place = urlsplit(self.url)
        if credential is None or place.scheme not in ("http", "https"):
            return {}
        # git would carry it along a redirect to another server, so none is followed either
        return {f"http.{place.scheme}://{place.netloc}/.extraHeader": credential.header()}

    def _finish(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        stdin: bytes,
        timeout: float,
        allowed: Sequence[int],
        keep_open: Sequence[int],
    ) -> Finished:
        with self._started(arguments, environment, keep_open) as process:
            try:
                output, errors = self._communicate(process, stdin, time.monotonic() + timeout)
            except BaseException as reason:
                os.killpg(process.pid, signal.SIGKILL)
                if isinstance(reason, subprocess.TimeoutExpired):
                    raise GitError(f"git {arguments[0]} took longer than {timeout:.0f} s") from None
                raise
        message = mask(errors.decode(errors="replace").strip())
        if process.returncode not in allowed:
            raise GitError(f"git {arguments[0]}: {message or f'ended with status {process.returncode}'}")
        return Finished(process.returncode, output, message)

    def _started(
        self, arguments: Sequence[str], environment: Mapping[str, str], keep_open: Sequence[int]
    ) -> "subprocess.Popen[bytes]":
        program = shutil.which("git", path=environment.get("PATH"))
        if program is None:
            raise GitError("git is not installed where the agents run; install git 2.38 or newer")
        command, at_first = dying_with_us([program, *arguments])
        return subprocess.Popen(
            command,
            env=environment,
            cwd=self.git_dir.parent,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            pass_fds=[*keep_open, *hold()],
            preexec_fn=at_first,
        )

    def _communicate(
        self, process: "subprocess.Popen[bytes]", stdin: bytes | None, until: float
    ) -> tuple[bytes, bytes]:
        while True:
            try:
                return process.communicate(stdin, _PULSE_S)
            except subprocess.TimeoutExpired:
                if time.monotonic() > until:
                    raise
                stdin = None  # it was sent already
                self.pulse()
