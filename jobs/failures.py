"""What becomes of a job that fails: a line in the log, for the sweep wakes up another worker."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from shell.errors import Unavailable
from shell.store import UnknownVersion
from shell.store.connection import LOST

_log = structlog.get_logger(__name__)


@contextmanager
def logged(job: str, lane: str) -> Iterator[None]:
    """No error leaves the block."""
    try:
        yield
    except (Unavailable, *LOST) as error:
        _log.warning("job postponed", job=job, lane=lane, reason=str(error))
    except UnknownVersion as error:
        _log.error("job refused", job=job, lane=lane, reason=str(error))
    except Exception:
        _log.exception("job failed", job=job, lane=lane)
