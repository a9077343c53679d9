"""The forge's memory as plain JSON and git bundles, so that a forge of a later version goes on from it."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

from bot.fake_forge import git, state
from bot.fake_forge.state import Repository, State

KEPT = ("users", "tokens", "repositories", "moved", "user_hooks", "system_hooks", "counters")
RECORDS = {
    kind.__name__: kind
    for kind in vars(state).values()
    if isinstance(kind, type) and dataclasses.is_dataclass(kind)
}
MEMORY = "memory.json"


def save(memory: State, folder: Path) -> None:
    """Write all of it into a folder: one JSON file, and a bundle for each repository that has a commit."""
    folder.mkdir(parents=True, exist_ok=True)
    pack = _Pack(memory.folder)
    text = json.dumps(
        {name: pack.value(getattr(memory, name)) for name in KEPT}, indent=1, ensure_ascii=False
    )
    (folder / MEMORY).write_text(text + "\n")
    for repository in memory.repositories.values():
        if not git.is_empty(repository.folder):
            bundle = folder / f"{repository.id}.bundle"
            git.git(repository.folder, "bundle", "create", "-q", str(bundle.resolve()), "--all")


def load(memory: State, folder: Path) -> None:
    """Take all of it into an empty memory; what a record of an older version lacks gets its default."""
    unpack = _Unpack(memory.folder)
    for name, value in json.loads((folder / MEMORY).read_text()).items():
        kept = getattr(memory, name)
        (kept.extend if isinstance(kept, list) else kept.update)(unpack.value(value))
    for repository in memory.repositories.values():
        _restore(repository, folder / f"{repository.id}.bundle")


def _restore(repository: Repository, bundle: Path) -> None:
    git.create(repository.folder, repository.default_branch)
    if bundle.exists():
        git.git(repository.folder, "fetch", "-q", str(bundle.resolve()), "+refs/*:refs/*")


class _Pack:
    """A record is written where it is met first; after that, its number stands for it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.numbers: dict[int, int] = {}

    def value(self, value: Any) -> Any:
        if dataclasses.is_dataclass(value):
            return self._record(value)
        if isinstance(value, dict):
            numbered = any(isinstance(key, int) for key in value)
            pairs = {str(key): self.value(one) for key, one in value.items()}
            return {"$numbered": pairs} if numbered else pairs
        if isinstance(value, list | tuple | set):
            values = [self.value(one) for one in (sorted(value) if isinstance(value, set) else value)]
            return values if isinstance(value, list) else {f"${type(value).__name__}": values}
        return {"$path": str(value.relative_to(self.root))} if isinstance(value, Path) else value

    def _record(self, record: Any) -> dict[str, Any]:
        if (known := self.numbers.get(id(record))) is not None:
            return {"$same": known}
        number = self.numbers[id(record)] = len(self.numbers) + 1
        names = [field.name for field in dataclasses.fields(record) if field.name != "lock"]
        fields = {name: self.value(getattr(record, name)) for name in names}
        return {"$record": type(record).__name__, "$number": number} | fields


class _Unpack:
    """The way back, into the records of this version."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.records: dict[int, Any] = {}

    def value(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.value(one) for one in value]
        if not isinstance(value, dict):
            return value
        match value:
            case {"$same": number}:
                return self.records[number]
            case {"$record": name, "$number": number, **fields}:
                return self._record(RECORDS[name], number, fields)
            case {"$numbered": pairs}:
                return {int(key): self.value(one) for key, one in pairs.items()}
            case {"$tuple": values}:
                return tuple(self.value(values))
            case {"$set": values}:
                return set(values)
            case {"$path": path}:
                return self.root / path
        return {key: self.value(one) for key, one in value.items()}

    def _record(self, kind: type[Any], number: int, given: dict[str, Any]) -> Any:
        record = self.records[number] = object.__new__(kind)  # first of all: its parts may name it
        for field in dataclasses.fields(kind):
            start = _start(field)
            value = self.value(given.pop(field.name)) if field.name in given else start
            if isinstance(start, dict) and value is not start:
                start.update(value)  # a dictionary that makes its own entries goes on doing so
                value = start
            setattr(record, field.name, value)
        if given:
            raise ValueError(
                f"{kind.__name__} has no field {', '.join(given)} any more: say here what became of it"
            )
        return record


def _start(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return None if field.default is dataclasses.MISSING else field.default
