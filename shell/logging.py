"""How every process logs: one line per event on stderr, with time, message and key=value pairs.

What others wrote stands in many of them, so a line is masked when it is made, and controls no terminal.
"""

import contextlib
import io
import logging
import os
import re
import sys
import traceback
from collections.abc import MutableMapping
from types import TracebackType
from typing import Any, TextIO, cast

import structlog

from shell.neutralize import UNSEEN
from shell.secrets import mask

_UNSAFE = re.compile(rf"[\n\r\v\f\x1c-\x1f\x85\u2028\u2029\ud800-\udfff]|{UNSEEN.pattern}")
"""Ends of lines, terminal codes, turned directions and what nobody sees."""


def as_line(text: str) -> str:
    """The text as one line without secrets, and all that could act on a reader's terminal spelled out."""
    return _UNSAFE.sub(lambda found: found[0].encode("unicode_escape").decode(), mask(text))


class Forgiving(io.TextIOBase):
    """A stream whose lines are lost where they cannot be written: a full disk must stop no work."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str, /) -> int:
        with contextlib.suppress(OSError):
            return self.stream.write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            self.stream.flush()


def set_up(process: str, stream: TextIO | None = None) -> None:
    """Send our log and the libraries' warnings to `stream` (stderr), each line naming the process."""
    stream = stream or cast(TextIO, Forgiving(sys.stderr))
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_Line("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    sys.excepthook = _say_masked
    level = logging.getLevelNamesMapping().get(
        os.environ.get("CALORON_LOG_LEVEL", "INFO").upper(), logging.INFO
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _OurLine(key_order=["timestamp", "level", "event"], drop_missing=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(process=process)


class _Line(logging.Formatter):
    """The libraries' lines."""

    def format(self, record: logging.LogRecord) -> str:
        return as_line(super().format(record))


class _OurLine(structlog.processors.LogfmtRenderer):
    """Our own lines."""

    def __call__(self, logger: Any, name: str, event_dict: MutableMapping[str, Any]) -> str:
        return as_line(super().__call__(logger, name, event_dict))


def _say_masked(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """The traceback of an error that ends the process; only its first line begins like one of the log."""
    first, *others = mask("".join(traceback.format_exception(kind, error, trace))).splitlines()
    sys.stderr.write("\n    ".join([as_line(first), *map(as_line, others)]) + "\n")


def log_of(name: str) -> Any:
    """The log of a module, for the rooms that have no other use of the library."""
    return structlog.get_logger(name)
