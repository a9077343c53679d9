"""Checks the reading of commands against a file of cases: `python -m handlers.corpus FILE`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handlers.arguments import CommandLine
from handlers.read import read_commands

if TYPE_CHECKING:
    from stages.world import Mistake

Case = dict[str, Any]
"""A case as its file has it: `text`, `expect`, and what `read_commands` takes beside them."""

_NOTICE = {"error": "too-many-commands"}


def run_case(case: Case) -> list[Any]:
    """What is read out of one case, in the shape of `expect`."""
    found = read_commands(
        case["text"],
        previous=case.get("previous"),
        author_id=case.get("author"),
        editor_id=case.get("editor"),
        where=case.get("where") or "issue",
        escalation=bool(case.get("escalation")),
        prefix_required=bool(case.get("prefix_required")),
        bot=bool(case.get("bot")),
    )
    return [_expected_shape(one) for one in found]


def _expected_shape(found: CommandLine | Mistake) -> Any:
    if "error" in found:
        return {"error": found["error"]}
    return [found["name"], {"positional": found["positional"], "flags": found["flags"]}]


def difference(case: Case) -> str | None:
    """What is other than expected, in words; None if nothing is. The notice of too many is no mistake."""
    read = run_case(case)
    if case["expect"] in (read, [one for one in read if one != _NOTICE]):
        return None
    return f"{_json(case)}\n  expected {_json(case['expect'])}\n  read     {_json(read)}"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=True)


def cases(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """The lines that hold a case, with their numbers."""
    return ((number, line) for number, line in enumerate(lines, 1) if line.strip())


def check_line(line: str) -> str | None:
    """The difference of one line of the file; a line that is no case is one, too."""
    try:
        case = json.loads(line)
        return difference(case)
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        return f"is no case that can be read: {type(problem).__name__} {problem}"


def main(arguments: list[str]) -> int:
    """Prints each difference, and last how many passed and failed; 1 if any failed."""
    if len(arguments) != 1:
        print("usage: python -m handlers.corpus FILE", file=sys.stderr)
        return 2
    try:
        text = Path(arguments[0]).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as problem:
        print(f"{arguments[0]} cannot be read: {problem}", file=sys.stderr)
        return 2
    passed = failed = 0
    for number, line in cases(text.split("\n")):
        found = check_line(line)
        if found is None:
            passed += 1
        else:
            failed += 1
            print(f"line {number}: {found}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
