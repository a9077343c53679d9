"""How every process logs: one line per event on stderr, with time, message and key=value pairs."""

import contextlib
import io
import logging
import os
import sys
import traceback
from collections.abc import MutableMapping
from types import TracebackType
from typing import Any, TextIO, cast

import structlog

from shell.secrets import mask


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
    handler.setFormatter(_Masked("%(asctime)s %(levelname)s %(name)s %(message)s"))
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
            _MaskedLine(key_order=["timestamp", "level", "event"], drop_missing=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(process=process)


class _Masked(logging.Formatter):
    """The libraries' lines, without secrets."""

    def format(self, record: logging.LogRecord) -> str:
        return mask(super().format(record))


class _MaskedLine(structlog.processors.LogfmtRenderer):
    """Our own lines, without secrets."""

    def __call__(self, logger: Any, name: str, event_dict: MutableMapping[str, Any]) -> str:
        return mask(super().__call__(logger, name, event_dict))


def _say_masked(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """The traceback of an error that ends the process."""
    sys.stderr.write(mask("".join(traceback.format_exception(kind, error, trace))))


def log_of(name: str) -> Any:
    """The log of a module, for the rooms that have no other use of the library."""
    return structlog.get_logger(name)
