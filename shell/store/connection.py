"""Connecting to the store: a client by URL, and its failures as Unavailable."""

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

TIMEOUT_S = 20.0
"""How long a client waits for an answer by default."""

LOST = (redis.ConnectionError, redis.TimeoutError)
"""What a client raises when the store cannot be reached."""

_P = ParamSpec("_P")
_T = TypeVar("_T")


def connect(url: str, socket_timeout: float | None = None, decode_responses: bool = True) -> Any:
    """A client for redis://, rediss:// or unix://; it fails within its time-out and never retries."""
    timeout = TIMEOUT_S if socket_timeout is None else socket_timeout
    return redis.Redis.from_url(
        url,
        decode_responses=decode_responses,
        socket_timeout=timeout,
        socket_connect_timeout=timeout,
        retry=Retry(NoBackoff(), 0),
    )


@contextlib.contextmanager
def lenient(client: Any) -> Iterator[Any]:
    """Another client of the same store, only for reading: it also reads bytes that are not valid text."""
    pool = client.connection_pool
    named = pool.connection_kwargs | {"encoding_errors": "surrogateescape"}
    other = redis.ConnectionPool(connection_class=pool.connection_class, **named)
    try:
        yield redis.Redis(connection_pool=other)
    finally:
        other.disconnect()


def reachable(method: Callable[_P, _T]) -> Callable[_P, _T]:
    """Turn every failure to reach the store into Unavailable."""

    @functools.wraps(method)
    def wrapped(*args: _P.args, **named: _P.kwargs) -> _T:
        try:
            return method(*args, **named)
        except LOST as error:
            raise Unavailable("the store", str(error) or type(error).__name__) from error
        except redis.ResponseError as error:
            if str(error).startswith(("LOADING", "MISCONF", "OOM", "READONLY")):
                raise Unavailable("the store", str(error)) from error
            raise

    return wrapped


def write(value: Any) -> str:
    """A value as JSON in canonical form, so that equal values are equal texts."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def milliseconds() -> int:
    return time.time_ns() // 1_000_000
