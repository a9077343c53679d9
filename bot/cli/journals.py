"""What the commands that read journals share: the store, and finding the journal that is meant."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from jobs.replay import full_ledger
from shell.event import Event
from shell.settings import Settings
from shell.store import Store, connect
from shell.store.ledger import Ledger, Line, Migrated, sound
from shell.valkey import serving, socket_of

F = TypeVar("F", bound=Callable[..., Any])
_TIMEOUT_S = 5.0


def home_option(command: F) -> F:
    """Add the option to read the store of another CALORON_HOME, such as a demo's."""
    meaning = "Read the store of this CALORON_HOME instead of the configured one."
    kind = click.Path(exists=True, file_okay=False, path_type=Path)
    return click.option("--home", type=kind, help=meaning)(command)


@dataclass(frozen=True)
class Archive:
    """A store to read, and the folder of archived journals."""

    store: Store
    folder: Path

    def ledger(self, lane: str) -> Ledger:
        return full_ledger(self.store, lane, self.folder)

    def lane_of(self, name: str) -> str:
        """The lane with this name, or of the sprint or repository with this name."""
        lanes = self.store.lanes()
        if name in lanes:
            return name
        by_repo = {self.store.about(lane).get("repo"): lane for lane in lanes}
        found = self.store.lane_of(name) or by_repo.get(name)
        if found is None:
            raise click.ClickException(f"There is no sprint or repository {name!r}. {self._known()}")
        return found

    def _known(self) -> str:
        known = self.store.sprints()
        return f"Sprints: {', '.join(known)}." if known else "There are no sprints yet."


@contextmanager
def open_archive(home: Path | None) -> Iterator[Archive]:
    """The configured store, or that of this home; an embedded store that is down is started meanwhile."""
    if home is not None:
        if not (home / "store").is_dir():
            raise click.ClickException(f"{home} is not a CALORON_HOME: it contains no store.")
        where = (home.absolute() / "store", socket_of(home.absolute() / "store"))
        with serving(*where) as url:
            yield Archive(Store(connect(url, socket_timeout=_TIMEOUT_S)), home / "journals")
        return
    settings = Settings.load()
    folder = settings.home / "journals"
    if settings.redis_url or not (settings.home / "store").is_dir():
        yield Archive(Store(connect(settings.store_url, socket_timeout=_TIMEOUT_S)), folder)
        return
    with serving(settings.home / "store", settings.store_socket) as url:
        yield Archive(Store(connect(url, socket_timeout=_TIMEOUT_S)), folder)


def readable(ledger: Ledger) -> list[Line]:
    """The entries that are unaltered, each with the name of its policy."""
    return [entry for line in ledger.lines if (entry := sound(line))]


def of_sprint(entries: list[Line], sprint_id: str) -> list[Line]:
    """The entries from the sprint's kickoff to the last that concerns it, if it has ended."""
    field = f"kickoffs/{sprint_id.rpartition('-')[2]}"
    about = [at for at, entry in enumerate(entries) if field in entry["changed"]]
    turns = [at for at in about if "running" in entries[at]["changed"]]
    if not about:
        return []
    if len(turns) < 2:  # it still runs
        return entries[about[0] :]
    last = max(at for at in about if turns[2:] == [] or at < turns[2])  # a later sprint replaces its record
    return entries[about[0] : last + 1]


def of_event(entries: list[Line], name: str) -> list[Line]:
    """The entries of one event and its consequences, by its receipt, its key or an entry's number."""
    number = name.removeprefix("#")
    if number.isdigit():
        return [entry for entry in entries if entry["seq"] == int(number)]
    return [entry for entry in entries if name in (entry.get("cause"), *names_of(entry["event"]))]


def names_of(event: Event | Migrated) -> tuple[str | None, ...]:
    """Its receipt and its key; a migration has neither."""
    return () if event["type"] == "state_migrated" else (event.get("receipt"), event.get("key"))


def short(event: dict[str, Any]) -> str:
    """An event in a few words: its type and its subject."""
    words = [str(event["type"])]
    match event["type"]:
        case "command":
            words.append(f"/{event['name']}")
        case "label_added" | "label_removed":
            words.append(str(event.get("label")))
        case "seen":
            words.append(str(event.get("what")))
        case "performed" | "refused":
            words.append(str((event.get("action") or {}).get("type")))
        case "agent_finished":
            words.append(str(event.get("outcome")))
        case "changed":
            words.append(f"{event.get('object')} {event.get('hint') or ''}".strip())
    return " ".join([*words, *_about(event)])


def _about(event: dict[str, Any]) -> Iterator[str]:
    if event.get("task_id"):
        yield f"of {event['task_id']}"
    places = (event, event.get("where") or {}, event.get("action") or {})
    numbers = (
        place[name]
        for place in places
        for name in ("pr_number", "issue_number", "number")
        if isinstance(place.get(name), int)
    )
    number = next(numbers, None)
    if number is not None:
        yield f"#{number}"
