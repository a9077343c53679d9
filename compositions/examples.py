"""The examples beside a stage, each written as what differs from a named base, and made whole here.

The file of `stages/dag/evaluate.py` is `stages/dag/evaluate.json`:

    {
      "bases":    {"task in review": {"base": …, "input": {…}, "output": {…}}},
      "values":   {"issue closed": {"type": "issue_closed", …}},
      "texts":    {"greeting": "Hello {who}"},
      "examples": [{"name": "…", "base": "task in review", "input": {…}, "output": {…}}]
    }

An object is laid over what the base has in its place: it says only the keys that differ, at every depth.
Lists, texts, numbers, true, false and null replace what was there. Inside `input` and `output`:

    {"$like": "issue closed", …}        the value of that name, and what differs from it
    {"$input": "events/0", …}           in an output: that part of the input, and what differs from it
    {"$with": "attempt over", …}        what is there, with the keys of the value of that name (or names)
    {"$without": ["hold"], …}           without these keys of the base
    {"$only": {…}}                      this and nothing of the base
    {"$lacks": ["status"], …}           a record without these fields, which its type requires
    {"$text": "greeting", "who": "Ada"} the text of that name, its {placeholders} filled in
    {"$lines": ["# Retro", …]}          a text of many lines

An example has all that the declared types require: a record of the world, such as a task, gets the fields
that it does not say from the `records` of `stages/bases.json` (`compositions/complete.py`).

A stage with many examples has them by subject in more files, `evaluate.reviews.json`, which may use what
`evaluate.json` declares. `stages/bases.json` has the bases, values and texts that several stages share.
"""

import copy
import json
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from compositions.complete import KEY, LACKS, STAGES, bare, completed, shapes_of, without_marks

FOLDER = STAGES
SHARED = FOLDER / "bases.json"
SECTIONS = ("records", "bases", "values", "texts")
MARKERS = {"$like", "$input", "$with", "$without", "$only", "$lacks", "$text", "$lines"}
PLACEHOLDER = re.compile(r"\{[a-z_]+\}")
NAMES = {"$like", "$with", "$text", "$input"}
WORD = re.compile(r"(?:^|\s)\W*[A-Za-z]")
SENTENCE = 5
"""A text of so many words is a sentence."""
LONGEST = 1500
"""So many lines of examples can still be read."""
NOTHING: Any = object()


class ExampleFault(ValueError):
    """An example file cannot be understood; the message says where and why."""


@dataclass
class Document:
    """One example file, with what it may use of the shared one."""

    bases: dict[str, Any] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    texts: dict[str, Any] = field(default_factory=dict)
    examples: list[dict[str, Any]] = field(default_factory=list)
    records: dict[str, Any] = field(default_factory=dict)
    shared: "Document | None" = None
    used: set[tuple[str, str]] = field(default_factory=set)
    open: list[tuple[str, str]] = field(default_factory=list)
    shapes: dict[str, Any] = field(default_factory=dict)
    """The types of the stage's input and output, where they are known."""

    @contextmanager
    def named(self, section: str, name: Any) -> Iterator[Any]:
        """What has that name, here or in a shared file; open as long as it is being made whole."""
        holder: Document | None = self
        while holder is not None and name not in getattr(holder, section):
            holder = holder.shared
        if holder is None:
            raise ExampleFault(f"there is no “{name}” among its {section} or those of {SHARED.name}")
        if (section, name) in self.open:
            raise ExampleFault(f"“{name}” among its {section} refers to itself")
        holder.used.add((section, name))
        self.open.append((section, name))
        try:
            yield getattr(holder, section)[name]
        finally:
            self.open.pop()

    def completed(self, part: str, value: Any) -> Any:
        """The input or output with all that its records require."""
        return completed(value, self.shapes.get(part, Any), self.base_of)

    def bare(self, part: str, value: Any) -> Any:
        """The input or output without what would be added to it."""
        return bare(value, self.shapes.get(part, Any), self.base_of)

    def base_of(self, record: str) -> dict[str, Any] | None:
        """The base of a record of the world, by the name of its type."""
        holder = self
        while holder.shared is not None:
            holder = holder.shared
        if record not in holder.records:
            return None
        with holder.named("records", record) as fields:
            made: dict[str, Any] = merge(holder, NOTHING, fields, NOTHING)
        return made

    def unused(self) -> list[tuple[str, str]]:
        """The declared names that nothing asked for, once the examples were made whole."""
        declared = [(section, name) for section in SECTIONS for name in getattr(self, section)]
        return [one for one in declared if one not in self.used]


def examples_of(path: Path) -> list[dict[str, Any]]:
    """The examples beside a stage's file, made whole."""
    return [example for document in documents_of(path) for example in expand(document)]


def files_of(path: Path) -> list[Path]:
    """The example files of a stage: its own, then those by subject."""
    own = path.with_suffix(".json")
    return [own, *sorted(path.parent.glob(f"{path.stem}.*.json"))] if own.is_file() else []


def documents_of(path: Path, shared: Document | None = None) -> list[Document]:
    """The example files of a stage, read; what its own declares those by subject may use."""
    files = files_of(path)
    if not files:
        return []
    own = read(files[0], shared)
    documents = [own, *(read(file, own) for file in files[1:])]
    for document in documents:
        document.shapes = shapes_of(path)
    return documents


def read(file: Path, shared: Document | None = None) -> Document:
    if shared is None and file != SHARED and SHARED.is_file():
        shared = read(SHARED)
    raw = json.loads(file.read_text(encoding="utf-8"))
    if not isinstance(raw, dict) or not raw.keys() <= {*SECTIONS, "examples"}:
        raise ExampleFault(f"{file.name} must be an object of {', '.join(SECTIONS)} and examples")
    return Document(**raw, shared=shared)


def expand(document: Document) -> list[dict[str, Any]]:
    return [expand_example(document, example) for example in document.examples]


def expand_example(document: Document, example: dict[str, Any]) -> dict[str, Any]:
    """The example with all that its base and its names stand for."""
    try:
        result = {"name": example.get("name")} | extras(example)
        result["input"] = document.completed("input", expand_part(document, example, "input", NOTHING))
        kind = "error" if "error" in example else "output"
        result[kind] = document.completed(kind, expand_part(document, example, kind, result["input"]))
    except ExampleFault as fault:
        raise ExampleFault(f"“{example.get('name')}”: {fault}") from None
    return {key: without_marks(value) for key, value in result.items() if value is not NOTHING}


def extras(example: dict[str, Any]) -> dict[str, Any]:
    """Keys that no example has: kept, for the rules to name."""
    return {key: example[key] for key in example.keys() - {"name", "base", "input", "output", "error"}}


def file_faults(path: Path) -> Iterator[str]:
    """What the files of a stage's examples say that they should not, or say for nothing."""
    for file in files_of(path):
        if (lines := len(file.read_text(encoding="utf-8").splitlines())) > LONGEST:
            yield f"{file.name} has {lines} lines; the limit is {LONGEST}"
    documents = documents_of(path)
    for document in documents:
        expand(document)
    for document in documents:
        for section, name in document.unused():
            yield f"nothing uses “{name}” of its {section}"
        yield from (
            f"“{text}” occurs {times} times: declare it once among its texts"
            for text, times in repeated(document)
        )
        for name, base in document.bases.items():
            if unknown := base.keys() - {"base", "input", "output"}:
                yield f"the base “{name}” has {', '.join(sorted(unknown))}"


def repeated(document: Document) -> Iterator[tuple[str, int]]:
    """The sentences that stages say, not hand on, and that a changed word would change in many places."""
    answers = [example.get("output", example.get("error")) for example in document.examples]
    answered = Counter(text for one in [*answers, document.values] for text in texts_in(one))
    inputs = {text for example in document.examples for text in texts_in(example.get("input"))}
    for text, times in answered.items():
        if times > 2 and text not in inputs and len(WORD.findall(text)) >= SENTENCE:
            yield text, times


def texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        yield from (text for one in value for text in texts_in(one))
    elif isinstance(value, dict):
        yield from (text for key, one in value.items() if key not in NAMES for text in texts_in(one))


def expand_part(document: Document, layer: dict[str, Any], key: str, source: Any) -> Any:
    """The input, output or error of an example or a base, laid over that of its base."""
    under = NOTHING
    if "base" in layer:
        with document.named("bases", layer["base"]) as base:
            under = expand_part(document, base, key, source)
    return merge(document, under, layer[key], source) if key in layer else under


def merge(document: Document, under: Any, value: Any, source: Any) -> Any:
    """What an example says in one place, over what its base has there."""
    if isinstance(value, list):
        return [merge(document, NOTHING, item, source) for item in value]
    if not isinstance(value, dict) or value == KEY:
        return value
    if unknown := {key for key in value if key.startswith("$")} - MARKERS:
        raise ExampleFault(f"there is no marker {', '.join(sorted(unknown))}")
    if "$text" in value or "$lines" in value:
        return text_of(document, value)
    if "$only" in value:
        return merge(document, NOTHING, only_value(value, "$only"), source)
    start = start_of(document, under, value, source)
    if value.keys() in ({"$like"}, {"$input"}):
        return start  # which need not be an object
    result = dict(start) if isinstance(start, dict) else {}
    for key in value.get("$without", []):
        if result.pop(key, NOTHING) is NOTHING:
            raise ExampleFault(f"$without names “{key}”, which is not in the base")
    for name in as_list(value.get("$with", [])):
        with document.named("values", name) as changes:
            result = merge(document, result, changes, source)
    if LACKS in value:
        result[LACKS] = value[LACKS]
    own = {key: one for key, one in value.items() if not key.startswith("$")}
    return result | {key: merge(document, result.get(key, NOTHING), one, source) for key, one in own.items()}


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def start_of(document: Document, under: Any, value: dict[str, Any], source: Any) -> Any:
    """What an object is laid over: the value it is like, a part of the input, or the base's."""
    if "$like" in value:
        with document.named("values", value["$like"]) as named:
            return merge(document, NOTHING, named, source)
    return copy.deepcopy(at_path(source, value["$input"])) if "$input" in value else under


def at_path(source: Any, path: str) -> Any:
    """The part of the input which a path such as `events/0` leads to."""
    part = source
    for step in path.split("/"):
        try:
            part = part[int(step) if isinstance(part, list) else step]
        except (KeyError, IndexError, TypeError, ValueError):
            raise ExampleFault(f"its input has no {path}") from None
    return part


def text_of(document: Document, value: dict[str, Any]) -> str:
    """A named text with its placeholders filled in, or many lines as one text."""
    if "$lines" in value:
        return "\n".join(merge(document, NOTHING, only_value(value, "$lines"), NOTHING))
    words = {f"{{{key}}}": str(word) for key, word in value.items() if key != "$text"}
    with document.named("texts", value["$text"]) as text:
        wanted = set(PLACEHOLDER.findall(text))
    if wanted != set(words):
        raise ExampleFault(
            f"the text “{value['$text']}” takes {', '.join(sorted(wanted)) or 'no placeholders'}"
        )
    return PLACEHOLDER.sub(lambda match: words[match[0]], text)


def only_value(value: dict[str, Any], marker: str) -> Any:
    if len(value) > 1:
        raise ExampleFault(f"{marker} must be the only key of its object")
    return value[marker]
