"""How every process logs: one line per event on stderr, with time, message and key=value pairs."""

import logging
import os
import sys
from typing import Any, TextIO

import structlog


def set_up(process: str, stream: TextIO | None = None) -> None:
    """Send our log and the libraries' warnings to `stream` (stderr), each line naming the process."""
    stream = stream or sys.stderr
    logging.basicConfig(
        stream=stream,
        level=logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
        force=True,
    )
    level = logging.getLevelNamesMapping().get(
        os.environ.get("CALORON_LOG_LEVEL", "INFO").upper(), logging.INFO
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"], drop_missing=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(process=process)


def log_of(name: str) -> Any:
    """The log of a module, for the rooms that have no other use of the library."""
    return structlog.get_logger(name)
