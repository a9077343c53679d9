"""A real Gitea for tests: one throw-away server a session, skipped where there is no program."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import pytest

TOOL = Path(__file__).parent / "tools" / "gitea"
USERS = ("root:admin", "bot", "alice", "bob", "mallory")


def program() -> str | None:
    """The program: GITEA_BIN, a `gitea` on the path, or the one that the tool has built."""
    named = os.environ.get("GITEA_BIN") or shutil.which("gitea")
    if named:
        return named
    built = subprocess.run([sys.executable, TOOL, "path"], capture_output=True, text=True)
    return built.stdout.strip() or None


def absent(reason: str) -> NoReturn:
    """Skip with the reason; where CI is set, nothing may be skipped."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def running(folder: Path, *users: str, ini: Sequence[str] = ()) -> Iterator[dict[str, Any]]:
    """A server in the folder: `url` and `users {name: {token, password}}`; `ini` is `SECTION.KEY=VALUE`."""
    gitea = program()
    if gitea is None:
        absent("there is no Gitea here: set GITEA_BIN, or run `tests/tools/gitea install`")
    told = [word for user in users for word in ("--user", user)]
    told += [word for line in ini for word in ("--ini", line)]
    environment = {**os.environ, "GITEA_BIN": gitea}
    started = subprocess.run(
        [sys.executable, TOOL, "start", folder, *told], env=environment, capture_output=True, text=True
    )
    assert started.returncode == 0, started.stderr
    try:
        yield json.loads(started.stdout)
    finally:
        subprocess.run([sys.executable, TOOL, "stop", folder], check=True)


@pytest.fixture(scope="session")
def gitea_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The server that most tests share."""
    with running(tmp_path_factory.mktemp("gitea") / "server", *USERS) as server:
        yield server
