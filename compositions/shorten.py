"""Writes an example as what differs from its base: the way back from `compositions.examples`."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from compositions.examples import (
    NOTHING,
    PLACEHOLDER,
    Document,
    ExampleFault,
    as_list,
    expand_example,
    expand_part,
    merge,
)

AT_MOST = 2
"""More names in one `$with` than this are harder to read than the keys."""
LINE = 55
"""A text of several lines that is no longer than this stays on one."""


def shorten(document: Document, example: dict[str, Any], base: str | None = None) -> dict[str, Any]:
    """The example over the named base, or over the one that leaves the least to say."""
    bases = [None, *names(document, "bases")]
    bare_values = {key: document.bare(key, value) for key, value in example.items()}
    forms = [over(document, bare_values, one) for one in bases if base in (None, one)]
    best = min((form for form in forms if form), key=cost, default=None)
    if best is None:
        raise ExampleFault(f"“{example['name']}” does not suit the base “{base}”")
    if not same(expand_example(document, best), example):
        raise AssertionError(f"“{example['name']}” would not be what it was")
    return best


def over(document: Document, example: dict[str, Any], base: str | None) -> dict[str, Any] | None:
    """The example over that base; None where the base hands on what the example's input has not."""
    try:
        return difference(document, example, {} if base is None else {"base": base})
    except ExampleFault:
        return None


def difference(document: Document, example: dict[str, Any], layer: dict[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {"name": example["name"], **layer}
    inputs = Shortener(document, NOTHING)
    under = base_of(document, layer, "input", NOTHING)
    patch = inputs.difference(under, example["input"])
    if patch is not NOTHING:
        result["input"] = patch
    if "error" in example:
        return result | {"error": Shortener(document, NOTHING).fresh(example["error"])}
    outputs = Shortener(document, example["input"])
    under = base_of(document, layer, "output", example["input"])
    patch = outputs.difference(under, example["output"])
    return result | {"output": {} if patch is NOTHING else patch}


def base_of(document: Document, layer: dict[str, Any], part: str, source: Any) -> Any:
    """What the base says, in the same form as the example: nothing that its records have by themselves."""
    return document.bare(part, document.completed(part, expand_part(document, layer, part, source)))


@dataclass
class Shortener:
    """Finds the shortest way to say a value, with the names of a document and, in an output, its input."""

    document: Document
    source: Any

    def difference(self, under: Any, target: Any) -> Any:
        """What laid over `under` gives the target; NOTHING where they are the same."""
        if same(under, target):
            return NOTHING
        if not isinstance(under, dict):
            return self.fresh(target)
        fresh = self.fresh(target)
        if not isinstance(target, dict):
            return fresh
        replaced = fresh if {"$like", "$input"} & fresh.keys() else {"$only": fresh}
        return min(self.patch(under, target), replaced, key=cost)

    def patch(self, under: dict[str, Any], target: dict[str, Any]) -> dict[str, Any]:
        """The keys that differ, perhaps by the names of values that have many of them."""
        best = self.keys_of(under, target)
        while longer := min(self.with_one_more(under, target, best), key=cost, default=None):
            if cost(longer) >= cost(best):
                break
            best = longer
        return best

    def keys_of(self, under: dict[str, Any], target: dict[str, Any]) -> dict[str, Any]:
        without = [key for key in under if key not in target]
        result: dict[str, Any] = {"$without": without} if without else {}
        for key, value in target.items():
            patch = self.difference(under.get(key, NOTHING), value)
            if patch is not NOTHING:
                result[key] = patch
        return result

    def with_one_more(
        self, under: dict[str, Any], target: dict[str, Any], form: dict[str, Any]
    ) -> Iterator[dict[str, Any]]:
        before = as_list(form.get("$with", []))
        if len(before) == AT_MOST or not under.keys() <= target.keys():
            return
        for name in names(self.document, "values"):
            changed = self.laid(under, {"$with": [*before, name]})
            if changed is not NOTHING and self.holds(name, changed, target):
                yield {"$with": [*before, name] if before else name, **self.keys_of(changed, target)}

    def holds(self, name: str, changed: dict[str, Any], target: dict[str, Any]) -> bool:
        """All that the named value says is so in the target."""
        named = self.laid({}, {"$with": name})
        return all(key in target and same(changed[key], target[key]) for key in named)

    def fresh(self, target: Any) -> Any:
        """The value said by itself."""
        if isinstance(target, list):
            return min([[self.fresh(one) for one in target], *self.whole_of_input(target)], key=cost)
        if isinstance(target, str):
            return self.as_text(target) if not self.is_now(target) else {"$input": "now"}
        if not isinstance(target, dict):
            return target
        plain = {key: self.fresh(value) for key, value in target.items()}
        return min([plain, *self.parts_of_input(target), *self.named(target)], key=cost)

    def named(self, target: dict[str, Any]) -> Iterator[dict[str, Any]]:
        for name in names(self.document, "values"):
            if ("values", name) not in self.document.open:
                under = self.laid(NOTHING, {"$like": name})
                if alike(under, target):
                    yield {"$like": name, **self.patch(under, target)}

    def laid(self, under: Any, form: dict[str, Any]) -> Any:
        """The form made whole; NOTHING where it hands on what this input has not."""
        try:
            return merge(self.document, under, form, self.source)
        except ExampleFault:
            return NOTHING

    def parts_of_input(self, target: dict[str, Any]) -> Iterator[dict[str, Any]]:
        for path, part in parts(self.source):
            if alike(part, target):
                yield {"$input": path, **self.patch(part, target)}

    def whole_of_input(self, target: list[Any]) -> Iterator[dict[str, Any]]:
        for path, part in parts(self.source):
            if len(target) > 0 and same(part, target):
                yield {"$input": path}

    def is_now(self, target: str) -> bool:
        """The time of the turn, which stages write into what they give."""
        return isinstance(self.source, dict) and self.source.get("now") == target

    def as_text(self, target: str) -> Any:
        if "\n" in target and len(target) > LINE:
            return {"$lines": [self.as_text(line) for line in target.split("\n")]}
        for name in names(self.document, "texts"):
            with self.document.named("texts", name) as text:
                if found := re.fullmatch(pattern(text), target):
                    return {"$text": name, **found.groupdict()}
        return target


def pattern(text: str) -> str:
    """What a text with placeholders can become."""
    parts = PLACEHOLDER.split(text)
    places = [found.strip("{}") for found in PLACEHOLDER.findall(text)]
    groups = [f"(?P={name})" if name in places[:at] else f"(?P<{name}>.+?)" for at, name in enumerate(places)]
    return "".join(re.escape(part) + group for part, group in zip(parts, [*groups, ""], strict=True))


def names(document: Document, section: str) -> list[str]:
    """The names that a document may use."""
    return [*getattr(document, section), *(names(document.shared, section) if document.shared else ())]


def parts(source: Any) -> Iterable[tuple[str, Any]]:
    """The parts of an input that an output may hand on: each key, and each item of a list."""
    for key, value in source.items() if isinstance(source, dict) else ():
        yield key, value
        if isinstance(value, list):
            yield from ((f"{key}/{at}", item) for at, item in enumerate(value))


def alike(one: Any, other: dict[str, Any]) -> bool:
    """Two objects of one kind, so that the difference is worth a look."""
    if not isinstance(one, dict) or one.get("type") != other.get("type"):
        return False
    return 2 * len(one.keys() & other.keys()) > max(len(one), len(other), 2)


def same(one: Any, other: Any) -> bool:
    return one is not NOTHING and json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def cost(form: Any) -> int:
    """How much there is to read; of two that are alike, what is handed on tells more."""
    text = json.dumps(form, ensure_ascii=False)
    return len(text) - 8 * text.count('"$input"')
