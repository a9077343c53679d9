"""What many tests need: a real store, empty for each of them."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from shell.store import Store, connect
from shell.valkey import serving

# CI tries the same texts each time; at a desk each run tries others, and finds what nobody thought of
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")


@pytest.fixture(scope="session")
def valkey_url() -> Iterator[str]:
    """The address of a real server that lives as long as this worker of the tests."""
    with (
        tempfile.TemporaryDirectory(prefix="caloron-", dir="/tmp") as folder,
        serving(Path(folder), appendonly="no") as url,
    ):
        yield url


@pytest.fixture
def valkey(valkey_url: str) -> Iterator[str]:
    """The address of an empty store."""
    client = connect(valkey_url)
    client.flushall()
    yield valkey_url
    client.close()


@pytest.fixture
def store(valkey: str) -> Iterator[Store]:
    """An empty store."""
    client = connect(valkey)
    yield Store(client)
    client.close()
