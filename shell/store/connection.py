"""The way to the store: a client by URL, and its failures in our words."""

import contextlib
import functools
import json
import time
from collections.abc import Callable, Iterator
from typing import Any, ParamSpec, TypeVar

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from shell.errors import Unavailable

PATIENCE_S = 20.0
"""What a worker's client waits for an answer when nothing else is said."""

LOST = (redis.ConnectionError, redis.TimeoutError)
"""What a client raises when the store cannot be reached."""

_P = ParamSpec("_P")
_T = TypeVar("_T")


def connect(url: str, socket_timeout: float | None = None, decode_responses: bool = True) -> Any:
    """A client for redis://, rediss:// or unix://; it fails within its time-out and never tries again."""
    patience = PATIENCE_S if socket_timeout is None else socket_timeout
    return redis.Redis.from_url(
        url,
        decode_responses=decode_responses,
        socket_timeout=patience,
        socket_connect_timeout=patience,
        retry=Retry(NoBackoff(), 0),
    )


@contextlib.contextmanager
def lenient(client: Any) -> Iterator[Any]:
    """Another client of the same store, which also reads bytes that are no text; only for reading."""
    pool = client.connection_pool
    named = pool.connection_kwargs | {"encoding_errors": "surrogateescape"}
    other = redis.ConnectionPool(connection_class=pool.connection_class, **named)
    try:
        yield redis.Redis(connection_pool=other)
    finally:
        other.disconnect()


def reachable(method: Callable[_P, _T]) -> Callable[_P, _T]:
    """Every failure to reach the store is Unavailable, whichever of the client's it was."""

    @functools.wraps(method)
    def told(*args: _P.args, **named: _P.kwargs) -> _T:
        try:
            return method(*args, **named)
        except LOST as error:
            raise Unavailable("the store", str(error) or type(error).__name__) from error
        except redis.ResponseError as error:
            if str(error).startswith(("LOADING", "MISCONF", "OOM", "READONLY")):
                raise Unavailable("the store", str(error)) from error
            raise

    return told


def write(value: Any) -> str:
    """The one way a value becomes text here, so that equal values are equal texts."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def milliseconds() -> int:
    return time.time_ns() // 1_000_000
