"""A whole store as JSON: every key with its type, value and remaining time."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from shell.store import connect

READERS: dict[str, Callable[[Any, bytes], Any]] = {
    "string": lambda client, key: client.get(key),
    "list": lambda client, key: client.lrange(key, 0, -1),
    "set": lambda client, key: sorted(client.smembers(key)),
    "hash": lambda client, key: dict(sorted(client.hgetall(key).items())),
    "zset": lambda client, key: [list(pair) for pair in client.zrange(key, 0, -1, withscores=True)],
}
WRITERS: dict[str, Callable[[Any, bytes, Any], Any]] = {
    "string": lambda client, key, value: client.set(key, value),
    "list": lambda client, key, value: client.rpush(key, *value),
    "set": lambda client, key, value: client.sadd(key, *value),
    "hash": lambda client, key, value: client.hset(key, mapping=value),
    "zset": lambda client, key, value: client.zadd(key, dict(value)),
}


def dump(url: str, file: Path) -> None:
    """Write all that the store at this address holds."""
    client = connect(url, decode_responses=False)
    rows = {_told(key): _row(client, key) for key in sorted(client.keys())}
    client.close()
    file.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n")


def restore(url: str, file: Path) -> None:
    """Put it all into an empty store; what was to run out goes on running out from now."""
    client = connect(url, decode_responses=False)
    assert client.dbsize() == 0
    for name, row in json.loads(file.read_text()).items():
        key = _meant(name)
        WRITERS[row["type"]](client, key, _meant(row["value"]))
        if row["ttl_ms"] is not None:
            client.pexpire(key, row["ttl_ms"])
    client.close()


def _row(client: Any, key: bytes) -> dict[str, Any]:
    kind, left = client.type(key).decode(), client.pttl(key)
    return {"type": kind, "ttl_ms": left if left >= 0 else None, "value": _told(READERS[kind](client, key))}


def _told(value: Any) -> Any:
    """Bytes as text; those that are none, as base64 behind a zero byte."""
    match value:
        case bytes():
            try:
                return value.decode()
            except UnicodeDecodeError:
                return "\0" + base64.b64encode(value).decode()
        case list():
            return [_told(one) for one in value]
        case dict():
            return {_told(key): _told(one) for key, one in value.items()}
    return value


def _meant(value: Any) -> Any:
    match value:
        case str():
            return base64.b64decode(value[1:]) if value.startswith("\0") else value.encode()
        case list():
            return [_meant(one) for one in value]
        case dict():
            return {_meant(key): _meant(one) for key, one in value.items()}
    return value
