"""The stages there are: where each one's code lies, what it declares, how a graph's reference finds it."""

import importlib
import re
from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

NAMED = re.compile(r'^NAME\s*=\s*["\']([\w.-]+)["\']', re.MULTILINE)
HEX = re.compile(r"[0-9a-fA-F]+\Z")


class ReferenceFault(LookupError):
    """No stage, or more than one, answers to the reference; the words are the engine's."""


class PinningFault(ReferenceFault):
    """The stage is there, but may not be used any more."""


class StageFile:
    """One stage as a file: nothing of it is loaded before it is asked for."""

    refined = False  # annotations know no refinements, so there is nothing to look at while running
    active = True
    lifecycle = "Active"
    capabilities: tuple[str, ...] = ()

    def __init__(self, name: str, module_name: str, file: Path) -> None:
        self.name = name
        self.module_name = module_name
        self.file = file

    @cached_property
    def module(self) -> ModuleType:
        return importlib.import_module(self.module_name)

    @cached_property
    def execute(self) -> Callable[[Any], Any]:
        execute: Callable[[Any], Any] = self.module.execute
        return execute

    @cached_property
    def effects(self) -> tuple[dict[str, Any], ...]:
        from compositions.effects import effect_set

        return effect_set(getattr(self.module, "EFFECTS", ()))

    @property
    def description(self) -> str:
        """The first sentence of the file."""
        return (self.module.__doc__ or self.name).strip().split("\n\n")[0].replace("\n", " ")

    @cached_property
    def source(self) -> str:
        """The code as the engine takes it: without the last lines that are for running it by hand."""
        from compositions.identity import without_tail

        return without_tail(self.file.read_text(encoding="utf-8"))

    @cached_property
    def types(self) -> tuple[Any, Any]:
        """Input and output type, read from the annotations of `execute`."""
        from compositions.annotations import types_of

        return types_of(self.execute)

    @cached_property
    def stage_id(self) -> str:
        from compositions.identity import stage_id_of

        return stage_id_of(self)

    @cached_property
    def signature_id(self) -> str:
        from compositions.identity import signature_id_of

        return signature_id_of(self)


class Catalogue:
    """Stages by name; ids are only computed when a reference is none of the names."""

    def __init__(self, stages: Iterable[Any]) -> None:
        self.stages = tuple(stages)
        self.by_name: dict[str, list[Any]] = {}
        for stage in self.stages:
            self.by_name.setdefault(stage.name, []).append(stage)

    def find(self, reference: str, pinning: str = "signature") -> Any:
        """The one stage a reference means: a whole id, the beginning of an id, or a name."""
        stage = self.by_reference(reference)
        if not stage.active:
            raise PinningFault(inactive(stage, pinning))
        return stage

    def by_reference(self, reference: str) -> Any:
        if HEX.match(reference):
            found = [stage for stage in self.stages if stage.stage_id.startswith(reference)]
            for stage in found:
                if stage.stage_id == reference:
                    return stage
            if found:
                return only(found, reference)
        named = self.by_name.get(reference, [])
        return only([stage for stage in named if stage.active] or named, reference)


def inactive(stage: Any, pinning: str) -> str:
    """Why a stage that was found may not be used."""
    words = "no Active stage in the store matches that signature"
    if pinning == "both":
        life = stage.lifecycle
        if isinstance(life, dict):
            ((kind, more),) = life.items()
            life = f'{kind} {{ successor_id: StageId("{more["successor_id"]}") }}'
        words = f"the stage exists but its lifecycle is {life}; only Active stages may be referenced"
    return f"pinning resolution: stage node with pinning={pinning} has id `{stage.stage_id}` — {words}"


def only(found: list[Any], reference: str) -> Any:
    if not found:
        raise ReferenceFault(f"stage reference: no stage in store matches prefix '{reference}'")
    if len(found) > 1:
        few = ", ".join(stage.stage_id[:16] for stage in found[:3])
        words = f"ambiguous; matches {len(found)} stages — use a longer prefix. First few: {few}"
        raise ReferenceFault(f"stage reference: stage prefix '{reference}' is {words}")
    return found[0]


def stage_files(package: str = "stages") -> Catalogue:
    """All stage files below a package of ours: they lie in its groups, not beside them."""
    places = importlib.import_module(package).__path__
    return Catalogue(
        stage_file(package, Path(place), file)
        for place in places
        for file in sorted(Path(place).rglob("*/*.py"))
        if file.name != "__init__.py"
    )


def stage_file(package: str, place: Path, file: Path) -> StageFile:
    parts = file.relative_to(place).with_suffix("").parts
    named = NAMED.search(file.read_text(encoding="utf-8"))
    return StageFile(named.group(1) if named else "_".join(parts), ".".join((package, *parts)), file)
