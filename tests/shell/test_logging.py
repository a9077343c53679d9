"""What others wrote is one harmless line of a log, whoever logs it."""

import io
import logging
import sys
from contextlib import suppress
from typing import NoReturn

import pytest

from bot.harness.attack.texts import TEXTS
from bot.web.serve import _Log
from shell import neutralize
from shell.logging import log_of, set_up

HOSTILE = [
    *TEXTS,
    "a\n2026-11-21T07:00:00Z level=error event=forged",
    "a\r\n2026-11-21 07:00:00,000 ERROR forged",
    "a\rb",
    "a\x0bb\x0cc\x1cd\x1de\x1ef\x85g\u2028h\u2029i",
    "\x1b[2J\x1b]0;title\x07\x1b[31mred\x9b1m\x9d\x00\x7f",
    "\u202egnp.exe\u2066x\u2069\u200f\u061c",
    "half \ud83d of a character",
]


def begun() -> io.StringIO:
    """A log, begun within the test: what pytest itself would keep of the lines cannot hold all of these."""
    set_up("test", stream := io.StringIO())
    return stream


def lines_of(stream: io.StringIO) -> list[str]:
    return stream.getvalue().removesuffix("\n").splitlines()


def raised(text: str) -> NoReturn:
    raise ValueError(text)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_line_stays_one_and_controls_nothing(text: str) -> None:
    stream = begun()
    ours, theirs = log_of("x"), logging.getLogger("a library")
    ours.warning(text, reason=text, nested={"of": [text]})
    theirs.warning("it got %s", text)
    try:
        raised(text)
    except ValueError:
        ours.exception("it failed")
        theirs.exception("it failed")
    lines = lines_of(stream)
    assert len(lines) == 4, lines
    for line in lines:
        assert not neutralize.UNSEEN.search(line) and not neutralize.SURROGATE.search(line), line
        assert line.startswith(("timestamp=", "20"))


def test_what_was_there_can_be_read() -> None:
    stream = begun()
    log_of("x").warning("it says", reason="a\x1b[31mb\u202ec\rd", name="Zoë 日本 👩‍👩‍👧")
    [line] = lines_of(stream)
    assert r"reason=a\x1b[31mb\u202ec\rd" in line and "Zoë 日本 👩‍👩‍👧" in line


def test_a_last_traceback_forges_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    set_up("test")
    with suppress(ValueError):
        try:
            raised("a\n2026-11-21 07:00:00,000 ERROR forged\x1b[2J")
        except ValueError as error:
            sys.excepthook(ValueError, error, error.__traceback__)
            raise
    first, *others = capsys.readouterr().err.splitlines()
    assert first == "Traceback (most recent call last):"
    assert all(line.startswith("    ") for line in others) and r"forged\x1b[2J" in others[-1]


def test_the_web_server_s_lines_are_made_there_too() -> None:
    stream = begun()
    from gunicorn.config import Config  # type: ignore[import-untyped]

    log = _Log(Config())
    log.warning("Invalid request from ip=%s: %s", "::1", "a\nforged\x1b[2J")
    assert lines_of(stream)[-1].endswith(r"ip=::1: a\nforged\x1b[2J") and len(lines_of(stream)) == 1
