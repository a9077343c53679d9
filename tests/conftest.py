"""What many tests need: a real store, empty for each of them; and which tests stay together on one worker."""

import gc
import os
import re
import sys
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

from shell.store import Store, connect
from shell.valkey import serving
from tests.real_gitea import gitea_server

__all__ = ["gitea_server"]

# The processes that tests start would each compile all of our code anew, a fifth of a second every time
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# CI tries the same texts each time; at a desk each run tries others, and finds what nobody thought of
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")

LONG = (
    "tests/flows/",
    "tests/faults/",
    "tests/stores/",
    "tests/attack/",
    "tests/ticks/",
    "tests/agent/test_prove",
    "tests/cli/test_demo",
)
"""What takes long, the longest first."""


FLOW = re.compile(r"^tests/flows/.*\[.*?(on_\w+)")
ON_GITEA = re.compile(r"real.gitea|/test_words_on_gitea|/test_sent_by_gitea|/test_ticks_alone")
WAITS = "::test_a_merge_that_conflicts_goes_back"
"""Only after a minute is a Gitea's answer known to be a conflict; its sprint begins before others merge."""
TOGETHER = re.compile(r"^tests/(?:test_\w+|stages/test_life_of_a_task)\.py")
"""Files whose tests use what one of them has worked out of all the code."""


class ForgeScheduling(LoadScopeScheduling):  # type: ignore[misc]  # xdist publishes no types
    """What shares a running bot, or a real Gitea, stays on one worker; most other tests go anywhere.

    `--dist loadgroup` would do it, but xdist 3.8 writes its groups where pytest 9.2 does not read them.
    """

    def _split_scope(self, nodeid: str) -> str:
        """The hook of xdist's scheduler for those who group tests in their own way."""
        if forge := FLOW.match(nodeid):
            return forge[1]
        if ON_GITEA.search(nodeid):
            return "gitea"
        together = TOGETHER.match(nodeid)
        return together[0] if together else nodeid


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is made while the tests are collected stays: nothing of it is worth looking for as garbage."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long begins first, so that no worker is left alone with it at the end."""
    items.sort(key=lambda item: place_of(item.nodeid))


def place_of(nodeid: str) -> tuple[int, str, bool]:
    """Where a test comes in the order: forge by forge, and last what waits for long."""
    rank = next((number for number, start in enumerate(LONG) if nodeid.startswith(start)), len(LONG))
    forge = FLOW.match(nodeid)
    return rank, forge[1] if forge else "other", WAITS in nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """The scheduler of `-n`."""
    return ForgeScheduling(config, log)


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
