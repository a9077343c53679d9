"""Jobs pushed by hand into the store, and stores that anyone could write to."""

from collections.abc import Iterator
from typing import Any

from jobs.context import Context
from jobs.worker import worker_of
from shell.queue import JOBS, queue_of
from shell.settings import Settings, SettingsError
from shell.store import connect
from shell.valkey import serving

from .kind import Arena, Defence, Kind, Tried

_CALLS = (
    "os.system",
    "os.mkdir",
    "subprocess.check_call",
    "shutil.rmtree",
    "builtins.eval",
    "pathlib.Path.touch",
)


def play(arena: Arena) -> Iterator[Tried]:
    """Every attempt of this kind."""
    yield from _open_stores()
    with serving(arena.folder / "store") as url:
        queues = ["actions"] if arena.short else [*JOBS]
        for queue in queues:
            yield from _jobs(arena, url, queue)


def _open_stores() -> Iterator[Tried]:
    for url in ("redis://127.0.0.1:6379", "rediss://store.example:6380/1", "redis://bot@store.example"):
        try:
            Settings.of(_settings() | {"REDIS_URL": url})
            yield Tried(f"a store without password: {url}", False, "the settings were accepted")
        except (SettingsError, ValueError) as error:
            yield Tried(f"a store without password: {url}", "password" in str(error), str(error))


def _jobs(arena: Arena, url: str, queue: str) -> Iterator[Tried]:
    """A real worker runs each forged job; a mark that it would leave is looked for."""
    client = connect(url, decode_responses=False)
    target = queue_of(queue, client)
    forged = [*_CALLS, JOBS["agents" if queue != "agents" else "events"]]
    arena.random.shuffle(forged)
    ctx = Context.of(
        Settings.of(_settings() | {"CALORON_HOME": str(arena.folder / "home"), "REDIS_URL": url})
    )
    for number, function in enumerate(forged):
        mark = arena.folder / f"{queue}-{number}"
        target.enqueue_call(function, args=_arguments(function, str(mark)), result_ttl=0, failure_ttl=60)
    worker_of(queue, ctx).work(burst=True, logging_level="CRITICAL", with_scheduler=False)
    reported = [letter["reason"] for letter in ctx.store.dead_letters()]
    for number, function in enumerate(forged):
        left = (arena.folder / f"{queue}-{number}").exists()
        said = any(function[:100] in reason and f"queue {queue} " in reason for reason in reported)
        seen = "it ran" if left else "refused and reported" if said else "not reported"
        yield Tried(f"{function} in {queue}", said and not left, seen)


def _arguments(function: str, mark: str) -> list[Any]:
    match function:
        case "os.system":
            return [f"touch '{mark}'"]
        case "subprocess.check_call":
            return [["touch", mark]]
        case "builtins.eval":
            return [f"open({mark!r}, 'w')"]
        case _:
            return [mark]


def _settings() -> dict[str, str]:
    return {
        "GITEA_URL": "http://127.0.0.1:1",
        "GITEA_TOKEN": "none",
        "CALORON_WEBHOOK_SECRET": "none",
        "CALORON_FRAMEWORK": "claude-code",
    }


KIND = Kind(
    "jobs",
    "jobs pushed by hand into the store, and stores without a password",
    play,
    (
        Defence(
            "workers run only their own function",
            "jobs/worker.py",
            "if reason := refusal(job, queue.name):",
            "if reason := None:",
        ),
        Defence(
            "a TCP store needs a password",
            "shell/settings.py",
            'if parts.scheme != "unix" and not parts.password:',
            "if False:",
        ),
    ),
)
