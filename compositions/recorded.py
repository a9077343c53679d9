"""Stages out of recorded vectors: their source run in this process as strictly as in one of its own."""

import contextlib
import io
import json
import re
import time
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from compositions.effects import effect_set
from compositions.identity import stage_id_of
from compositions.ntype import read_type
from compositions.quoting import debug
from compositions.refinements import refinements_of
from compositions.trace import compact

TIME_LIMIT_S = 30
NOT_JSON = re.compile(r'"(?:[^"\\]|\\.)*"|-?Infinity|NaN')
# Words on stderr that the engine takes for troubles of its own, the first that is found.
TAKEN_FOR = (
    ("cannot connect to nix daemon", "nix daemon is not running — start it with {start}"),
    ("No space left on device", "nix store out of disk space — run `nix-collect-garbage -d` to free space"),
    ("error: flake", "nix flake error (check network / nixpkgs access): {text}"),
    ("error: getting flake", "nix flake error (check network / nixpkgs access): {text}"),
    ("error: downloading", "nix failed to fetch runtime package (check network): {text}"),
    ("error: fetching", "nix failed to fetch runtime package (check network): {text}"),
    ("nix: command not found", "nix binary not found — is Nix installed?"),
    ("No such file", "nix binary not found — is Nix installed?"),
)
START = "`sudo systemctl start nix-daemon` or `nix daemon`"


class StageError(Exception):
    """A recorded stage failed, in the words of the real engine."""


class TimedOut(StageError):
    """A recorded stage wanted more time than there is."""


class RecordedStage:
    """A stage as it was recorded: its source is run here, its output read back as from a process."""

    def __init__(self, recorded: dict[str, Any]) -> None:
        signature = recorded["signature"]
        spec = recorded.get("spec") or {}
        self.name = recorded["name"]
        self.source = recorded["implementation"]
        self.description = recorded.get("description") or spec.get("description") or self.name
        self.capabilities = tuple(recorded.get("capabilities", ()))
        self.types = (read_type(signature["input"]), read_type(signature["output"]))
        self.effects = effect_set(signature["effects"]["effects"])
        self.lifecycle = recorded["lifecycle"]
        self.active = self.lifecycle == "Active"
        self.refined = any(list(refinements_of(one)) for one in self.types)
        self.cost: dict[str, Any] | None = recorded.get("cost")

    @cached_property
    def stage_id(self) -> str:
        return stage_id_of(self)

    @cached_property
    def code(self) -> Any:
        return compile(self.source, self.name, "exec")

    def execute(self, given: Any) -> Any:
        printed, complained = io.StringIO(), io.StringIO()
        code = 0
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(complained), limited_time():
            try:
                names: dict[str, Any] = {"__name__": self.name}
                exec(self.code, names)
                print(json.dumps(names["execute"](json.loads(compact(given)))))
            except TimedOut:
                raise
            except SystemExit as error:
                code = error.code if isinstance(error.code, int) else int(error.code is not None)
                complained.write(f"{error.code}\n" if isinstance(error.code, str) else "")
            except Exception as error:
                code = 1
                complained.write(f"{error}\n")
        if code:
            raise StageError(complaint(code, complained.getvalue()))
        return read_output(printed.getvalue())


@contextlib.contextmanager
def limited_time() -> Iterator[None]:
    """Sleeping only counts; who sleeps too long is ended at once."""
    slept = 0.0

    def sleep(seconds: Any) -> None:
        nonlocal slept
        slept += seconds
        if slept >= TIME_LIMIT_S:
            raise TimedOut(f"timed out after {TIME_LIMIT_S}s")

    real, time.sleep = time.sleep, sleep
    try:
        yield
    finally:
        time.sleep = real


def complaint(code: int, text: str) -> str:
    """What the engine makes of a stage that ended with an exit code, and of its last words."""
    for sign, words in TAKEN_FOR:
        if sign in text:
            return words.format(text=text.strip(), start=START)
    return (
        f"stage error (exit {code}): {text}" if text.strip() else f"stage exited without output (exit {code})"
    )


def read_output(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=not_json, parse_int=whole)
    except ValueError as error:
        words = f"failed to parse stage output as JSON: {parse_fault(text)} (got: {debug(text)})"
        raise StageError(words) from error


def whole(text: str) -> int | float:
    """A whole number of at most 64 bits, or the nearest float."""
    number = int(text)
    return number if -(2**63) <= number < 2**64 else float(text)


def not_json(text: str) -> Any:
    raise ValueError(text)


def parse_fault(text: str) -> str:
    """Where a strict reader stops in what a stage printed, and its words."""
    start = text.lstrip()[:1]
    if not start:
        return "EOF while parsing a value at line " + f"{text.count(chr(10)) + 1} column 0"
    word = {"n": "null", "t": "true", "f": "false"}.get(start)
    if word is not None and not text.lstrip().startswith(word):
        pairs = zip(text.lstrip(), word, strict=False)
        same = next(at for at, (one, other) in enumerate(pairs) if one != other)
        return f"expected ident at line 1 column {same + 1}"
    for token in NOT_JSON.finditer(text):
        if not token.group().startswith('"'):
            return number_fault(token.group(), token.start())
    return trailing(text)


def number_fault(token: str, at: int) -> str:
    """Python's words for numbers that JSON has not."""
    if token.startswith("-"):
        return f"invalid number at line 1 column {at + 2}"
    return f"expected value at line 1 column {at + 1}"


def trailing(text: str) -> str:
    """Something was printed before the output."""
    try:
        _, end = json.JSONDecoder().raw_decode(text)
    except ValueError:
        return "expected value at line 1 column 1"
    rest = text[end:]
    gap = len(rest) - len(rest.lstrip())
    before = text[: end + gap]
    return f"trailing characters at line {before.count(chr(10)) + 1} column {gap_column(before)}"


def gap_column(before: str) -> int:
    return len(before) - (before.rfind("\n") + 1) + 1
