"""`caloron up`: the whole bot on one machine."""

import errno
import fcntl
import os
import secrets
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from time import monotonic, sleep

import click

from bot.web.readiness import in_trouble, not_ready, notes
from shell import restarts
from shell.agent.frameworks import FRAMEWORKS
from shell.agent.paths import Paths, make_room, operator_environment
from shell.agent.ready import missing
from shell.disk import Reserve
from shell.env_file import not_read
from shell.errors import Unavailable
from shell.installations import lanes
from shell.installed import shared_rooms
from shell.own_environment import MASKING, all_secrets, kind_of, own_environment
from shell.parent import HOLD, keep_unreadable
from shell.processes import commands, workers_of
from shell.queue import QUEUES
from shell.secrets import HANDED_OVER, hand_over
from shell.settings import Settings
from shell.store import Store, UnknownVersion, connect

from .supervise import Child, Supervisor

HOW_TO_LET_IN = (
    "Run `caloron install OWNER/NAME`, or name repositories (owner/name, owner/*) in CALORON_REPOS."
)
STORE_WAIT_S = 30.0
READY_WAIT_S = 30.0
ALONE_WAIT_S = 30.0


@click.command()
def up() -> None:
    """Run the bot: store, web, workers and clock, until stopped."""
    keep_unreadable()
    settings = Settings.load()
    if lines := shared_rooms():
        raise click.ClickException("\n".join(lines))
    if line := not_read(os.environ):
        say(line)
    with _room_needed(settings.home):
        settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = _only_one(settings.home)
        held = _alone(settings.home)
        paths = Paths(settings.home, {}, reserve=Reserve.of(settings.home, settings.disk_reserve_mb))
        make_room(paths, made_before_s=0)  # nothing of ours runs yet, and nothing has been written
        _sign(lock)
        restarts.make(settings.home)
        processes = children(settings, held)
    supervisor = Supervisor(processes, say, lambda dying: restarts.write(settings.home, dying))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: _stop(supervisor))
    _begin(settings, supervisor, paths)
    if not (settings.repos or settings.owners or lanes(settings.home)):
        say(f"no repository is let in yet, so nothing acts. {HOW_TO_LET_IN}")
    say(agents_line(settings))
    supervisor.keep()
    say("stopping: no new work is accepted, running work is finished")
    supervisor.drain()
    say("stopped")
    os.close(held)
    os.close(lock)


def agents_line(settings: Settings) -> str:
    """Which framework does the tasks, or what it needs first."""
    lacks = missing(FRAMEWORKS[settings.framework], operator_environment(), settings.home)
    if lacks:
        return f"no agent can work yet: {lacks}"
    return f"tasks are done by {settings.framework}, where neither they nor .caloron.yml name another"


def say(words: str) -> None:
    """One line to whoever watches; where it cannot be written, on a full disk, the bot goes on without."""
    with suppress(OSError):
        click.echo(f"caloron: {words}")
        sys.stdout.flush()


def children(settings: Settings, held: int) -> list[Child]:
    """The processes in the order in which they start and stop; each keeps `held` open while it runs."""
    python = [sys.executable, "-P", "-m"]
    commands: dict[str, list[str]] = {} if settings.redis_url else {"store": [*python, "shell.embedded"]}
    commands["web"] = [*python, "bot.web"]
    commands |= {name: [*python, "jobs.worker", queue] for name, queue in workers(settings.agents)}
    commands["clock"] = [*python, "jobs.clock"]
    logs = settings.home / "logs"
    logs.mkdir(exist_ok=True)
    inherited = environment() | {
        "CALORON_SHELL_TOKEN": shell_token(settings),
        "CALORON_SHELL_URL": settings.shell_url,  # from the same source as the token
        "CALORON_FRAMEWORK": settings.framework,  # its keys, by which it was chosen, are not in each process
        "PYTHONUNBUFFERED": "1",
        HOLD: str(held),
    }
    handed_over = hand_over(all_secrets(operator_environment() | inherited, settings))

    def child(name: str, command: list[str]) -> Child:
        own = own_environment(kind_of(name), inherited, settings) | {"CALORON_PROCESS": name}
        masks = kind_of(name) in MASKING
        files = (held, handed_over) if masks else (held,)
        own |= {HANDED_OVER: str(handed_over)} if masks else {}
        return Child(name, command, own, logs / f"{name}.log", files)

    return [child(name, command) for name, command in commands.items()]


def workers(agents: int) -> list[tuple[str, str]]:
    """Name and queue of each worker: one for each queue, of the agents' as many as may run at a time."""
    ones = [(queue, queue) for queue in QUEUES if queue != "agents"]
    return [*ones, *((f"agents-{number}", "agents") for number in range(1, agents + 1))]


def environment() -> dict[str, str]:
    """Our environment, for a child that must import this code and nothing from the current folder."""
    rooms = str(Path(__file__).parents[2])
    return dict(os.environ) | {
        "PYTHONPATH": os.pathsep.join(filter(None, [rooms, os.environ.get("PYTHONPATH")]))
    }


def shell_token(settings: Settings) -> str:
    """The shell's token: the one set, else one made once and kept for this CALORON_HOME."""
    if settings.shell_token:
        return settings.shell_token
    file = settings.home / "shell-token"
    if not file.exists():
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as kept:
            kept.write(secrets.token_hex(32))
    return file.read_text().strip()


def _begin(settings: Settings, supervisor: Supervisor, paths: Paths) -> None:
    for child in supervisor.children:
        if child.name == "store":
            child.before = partial(make_room, paths)
            supervisor.begin(child)
    wait_for_store(settings, supervisor)
    _check_versions(settings, supervisor)
    supervisor.start()
    _wait_until_ready(settings, supervisor)


def wait_for_store(settings: Settings, supervisor: Supervisor) -> None:
    """Wait until the store answers; say what to do if it does not."""
    deadline, store = monotonic() + STORE_WAIT_S, Store(connect(settings.store_url, socket_timeout=1.0))
    while not supervisor.stopping:
        try:
            store.health()
            return
        except Unavailable as error:
            if monotonic() > deadline:
                supervisor.drain()
                where = settings.redis_url or f"its log: {settings.home / 'logs' / 'store.log'}"
                raise click.ClickException(f"The store does not answer ({error}); see {where}.") from None
        sleep(0.05)


def _check_versions(settings: Settings, supervisor: Supervisor) -> None:
    """A store that this version cannot read is left alone."""
    try:
        Store(connect(settings.store_url)).check_versions()
    except UnknownVersion as unknown:
        supervisor.drain()
        raise click.ClickException(str(unknown)) from None


def _wait_until_ready(settings: Settings, supervisor: Supervisor) -> None:
    deadline, store = monotonic() + READY_WAIT_S, Store(connect(settings.store_url, socket_timeout=1.0))
    logs, reported = settings.home / "logs", set[str]()
    while not supervisor.stopping:
        reasons = [*not_ready(store), *in_trouble(settings)]
        for words in notes(store, ("off", "bare", "recorded", "refused")):
            if words not in reported:
                say(words)
                reported.add(words)
        if not reasons:
            say(f"up. Webhooks come in at {settings.public_url}/webhooks, logs are in {logs}")
            return
        if monotonic() > deadline:
            say(f"not ready yet: {'; '.join(reasons)}. Still trying; logs are in {logs}")
            return
        supervisor.look()
        sleep(0.1)


def _stop(supervisor: Supervisor) -> None:
    if supervisor.stopping:  # a second signal: at once
        os._exit(1)
    supervisor.stopping = True


@contextmanager
def _room_needed(home: Path) -> Iterator[None]:
    """Where the disk stays full after the cleanup, say so instead of failing with an error of the system."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise click.ClickException(
            f"The disk of {home} is full ({error.strerror}), so the bot did not start. "
            "Delete files there or make the disk larger, then run `caloron up` again."
        ) from None


def _only_one(home: Path) -> int:
    """Take the lock of this CALORON_HOME; a second `up` is refused."""
    lock = os.open(home / "up.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    if not _locked(lock):
        other = os.read(lock, 20).decode().strip()
        raise click.ClickException(
            f"`caloron up` already runs on {home} (process {other}). Stop it, or set another CALORON_HOME."
        )
    return lock


def _sign(lock: int) -> None:
    """Write into the lock's file whose it is."""
    os.pwrite(lock, str(os.getpid()).encode().ljust(20), 0)


def _alone(home: Path) -> int:
    """The file that every process of ours keeps open, locked once those of a killed `up` have all ended.

    The kernel kills the children of a killed `up`, but not at the same instant; nothing starts beside them.
    """
    held = os.open(home / "alive.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline, reported = monotonic() + ALONE_WAIT_S, False
    while not _locked(held):
        if not reported:
            say("processes of an earlier run are still ending; waiting for them")
            reported = True
        if monotonic() > deadline:
            running = "; ".join(commands(workers_of(home))) or "look for `jobs.worker` among the processes"
            raise click.ClickException(
                f"Processes of an earlier run on {home} do not end: {running}. Stop them, then start again."
            )
        sleep(0.02)
    return held


def _locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
