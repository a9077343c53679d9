"""Appends an example to a stage's file: an input, and the answer that the stage gives to it now."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from compositions.complete import without_marks
from compositions.examples import (
    SHARED,
    Document,
    ExampleFault,
    documents_of,
    expand,
    expand_part,
    files_of,
    read,
)
from compositions.layout import format_document, format_example
from compositions.shorten import shorten


def record(
    path: Path,
    execute: Callable[[Any], Any],
    name: str,
    value: Any,
    base: str | None = None,
    subject: str | None = None,
) -> tuple[Path, str]:
    """The file that got the example, and its text there; with a base, the input says what differs."""
    file, document = place(path, subject)
    refuse_name(name, [example for one in documents_of(path) for example in one.examples])
    layer = {"input": value} if base is None else {"base": base, "input": value}
    whole = without_marks(document.completed("input", expand_part(document, layer, "input", None)))
    example = {"name": name, "input": whole}
    short = shorten(document, example | answer(execute, example["input"]), base)
    document.examples.append(short)
    expand(document)
    file.write_text(format_document(document), encoding="utf-8")
    return file, format_example(short)


def place(path: Path, subject: str | None) -> tuple[Path, Document]:
    """The file for an example of that subject, which may be new."""
    file = path.with_suffix(f".{subject}.json" if subject else ".json")
    for existing, document in zip(files_of(path), documents_of(path), strict=True):
        if existing == file:
            return file, document
    own = documents_of(path)
    return file, Document(shared=own[0] if own else read(SHARED))


def refuse_name(name: str, examples: list[dict[str, Any]]) -> None:
    if len(name.split()) < 3:
        raise ExampleFault(f"“{name}” is too short: say in a sentence what the example shows")
    if name in [example.get("name") for example in examples]:
        raise ExampleFault(f"there is an example “{name}” already: choose another name, or edit that one")


def answer(execute: Callable[[Any], Any], value: Any) -> dict[str, Any]:
    """The output or the error; an input that lacks something shows nothing of the stage."""
    try:
        return {"output": json.loads(json.dumps(execute(copy.deepcopy(value))))}
    except KeyError as error:
        raise ExampleFault(f"the input has no `{error.args[0]}`") from None
    except Exception as error:
        return {"error": str(error)}
