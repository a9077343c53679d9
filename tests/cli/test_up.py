"""`caloron up` for real: what is killed comes back, a killed `up` leaves no one behind, SIGTERM drains."""

import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import pytest

from bot.cli.up import environment, workers
from bot.fake_forge import FakeForge
from shell.processes import children
from shell.store import Store, connect
from shell.valkey import serving
from tests.waiting import LIMIT_S, until

QUEUES = {"events", "events-urgent", "actions", "actions-urgent"}
NAMES = {"store", "web", *QUEUES, "agents-1", "clock"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Up:
    """One `caloron up` on a home and its ports."""

    def __init__(self, given: dict[str, str], log: Path) -> None:
        self.port = given["PORT"]
        with log.open("ab") as said:
            command = [sys.executable, "-P", "-m", "bot.cli", "up"]
            self.process = subprocess.Popen(command, env=environment() | given, stdout=said, stderr=said)

    def ready(self) -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=LIMIT_S) as answer:
                return bool(json.load(answer)["ready"])
        except HTTPError as error:
            error.close()
            return False
        except (URLError, ConnectionError):
            return False

    def children(self) -> dict[str, int]:
        """Each living child's name and process."""
        return children(self.process.pid)


@pytest.fixture
def given(tmp_path: Path) -> Iterator[dict[str, str]]:
    with FakeForge(folder=tmp_path / "forge") as forge:
        yield {
            "GITEA_URL": forge.url,
            "GITEA_TOKEN": forge.add_user("caloron"),
            "CALORON_WEBHOOK_SECRET": "s",
            "CALORON_HOME": str(tmp_path / "home"),
            "CALORON_AGENTS": "1",
            "CALORON_SANDBOX": "preferred",
            "PORT": str(free_port()),
            "CALORON_SHELL_PORT": str(free_port()),
        }


def test_as_many_agents_workers_are_started_as_are_set() -> None:
    assert [name for name, queue in workers(4) if queue == "agents"] == [f"agents-{n}" for n in (1, 2, 3, 4)]
    assert {queue for _, queue in workers(1)} == {*QUEUES, "agents"}


def alive(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def test_what_is_killed_comes_back_and_nobody_is_left_behind(given: dict[str, str], tmp_path: Path) -> None:
    first = Up(given, tmp_path / "up.log")
    try:
        until(first.ready)
        before = first.children()
        assert set(before) == NAMES
        for pid in before.values():
            os.kill(pid, signal.SIGKILL)
        until(lambda: first.children().keys() == NAMES)
        assert not set(before.values()) & set(first.children().values())
        until(first.ready)
        orphans = first.children().values()
    finally:
        first.process.kill()
        first.process.wait()
    until(lambda: not any(alive(pid) for pid in orphans))

    second = Up(given, tmp_path / "up.log")
    try:
        until(second.ready)
        last = second.children().values()
        second.process.terminate()
        assert second.process.wait(LIMIT_S) == 0
        assert not any(alive(pid) for pid in last)
    finally:
        second.process.kill()
        second.process.wait()


def test_agents_without_walls_are_said(given: dict[str, str], tmp_path: Path) -> None:
    log = tmp_path / "up.log"
    bot = Up(given | {"CALORON_SANDBOX": "off"}, log)
    try:
        until(bot.ready)
        with urlopen(f"http://127.0.0.1:{bot.port}/readyz", timeout=LIMIT_S) as answer:
            (note,) = json.load(answer)["notes"]
        assert note.startswith("CALORON_SANDBOX is `off`")
        until(lambda: f"caloron: {note}" in log.read_text())
    finally:
        bot.process.terminate()
        bot.process.wait(LIMIT_S)


def test_without_walls_the_bot_is_not_ready_and_says_what_to_install(
    given: dict[str, str], tmp_path: Path
) -> None:
    log, alone = tmp_path / "up.log", tmp_path / "bin"
    alone.mkdir()
    (alone / "git").symlink_to(shutil.which("git") or "")
    bot = Up(given | {"CALORON_SANDBOX": "required", "PATH": str(alone)}, log)
    try:
        until(lambda: log.exists() and "install it (the package `bubblewrap`)" in log.read_text())
        assert not bot.ready()
    finally:
        bot.process.terminate()
        bot.process.wait(LIMIT_S)


def test_a_store_of_a_newer_version_is_refused_in_words(given: dict[str, str], tmp_path: Path) -> None:
    with serving(Path(given["CALORON_HOME"]) / "store") as url:
        store = Store(connect(url))
        store.accept("gitea-7", {"type": "tick", "key": "k"})
        store.client.hset("lane:gitea-7", "v", "9")
    up = Up(given, log := tmp_path / "up.log")
    assert up.process.wait(40) == 1
    assert "The state of lane gitea-7 has version 9" in log.read_text()
    assert "start that version or a later one" in log.read_text()


def test_nothing_begins_beside_a_process_of_an_earlier_run(given: dict[str, str], tmp_path: Path) -> None:
    home, log = Path(given["CALORON_HOME"]), tmp_path / "up.log"
    home.mkdir()
    earlier = os.open(home / "alive.lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(earlier, fcntl.LOCK_EX)
    program = "import sys; print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=[earlier]
    ) as straggler:
        assert straggler.stdout and straggler.stdout.readline()
        os.close(earlier)  # the straggler alone holds it now, as a child of a killed `up` would
        up = Up(given, log)
        try:
            until(lambda: "still ending" in log.read_text())
            assert up.children() == {}
            straggler.kill()
            until(up.ready)
        finally:
            up.process.kill()
            up.process.wait()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can look into processes that keep others out")
def test_each_process_holds_only_its_own_secrets_and_what_a_successor_waits_for(
    given: dict[str, str], tmp_path: Path
) -> None:
    token, secret, key = given["GITEA_TOKEN"], "a-secret-of-the-hooks", "a-key-of-the-model"
    given |= {"CALORON_WEBHOOK_SECRET": secret, "ANTHROPIC_API_KEY": key}
    up, lock = Up(given, tmp_path / "up.log"), Path(given["CALORON_HOME"]) / "alive.lock"
    try:
        until(up.ready, (tmp_path / "up.log").read_text)
        for name, pid in up.children().items():
            files = [os.readlink(file) for file in Path(f"/proc/{pid}/fd").iterdir() if file.exists()]
            assert str(lock) in files, name
        held = {name: Path(f"/proc/{pid}/environ").read_text() for name, pid in up.children().items()}
        assert {name for name, text in held.items() if token in text} == {
            "actions", "actions-urgent", "agents-1", "clock",
        }  # fmt: skip
        assert {name for name, text in held.items() if secret in text} == {"web"}
        assert {name for name, text in held.items() if key in text} == {"agents-1"}
    finally:
        up.process.terminate()
        assert up.process.wait(LIMIT_S) == 0
    with lock.open() as free:
        fcntl.flock(free, fcntl.LOCK_EX | fcntl.LOCK_NB)
