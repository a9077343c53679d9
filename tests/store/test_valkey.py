"""The embedded server: adopted while it lives, refused while it is deaf, and it forgets nothing."""

import fcntl
import os
from pathlib import Path

import pytest

from shell import valkey
from shell.store import Store, connect
from shell.valkey import Held, serving, socket_of


def test_a_living_server_is_adopted_and_outlives_the_guest(tmp_path: Path) -> None:
    with serving(tmp_path) as url:
        Store(connect(url)).alive("one")
        with serving(tmp_path) as same:
            assert same == url
            assert "one" in Store(connect(same)).health()["processes"]
        assert Store(connect(url)).health()["ok"]


def test_a_folder_that_another_holds_is_refused_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(valkey, "_START_S", 0.05)
    with open(tmp_path / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(Held, match="Stop it, then start again"), serving(tmp_path):
            raise AssertionError("it must not start")


def test_what_was_accepted_survives_the_servers_death(tmp_path: Path) -> None:
    with serving(tmp_path) as url:
        client = connect(url)
        receipt = Store(client).accept("gitea-1", {"type": "tick", "key": "k"})
        os.kill(client.info("server")["process_id"], 9)
    with serving(tmp_path) as url:
        store = Store(connect(url))
        assert store.waiting("gitea-1") == 1
        assert store.receipt(receipt)


def test_a_long_path_gets_a_short_socket(tmp_path: Path) -> None:
    deep = tmp_path / ("deep" * 40)
    assert len(os.fsencode(socket_of(deep))) < 108
    with serving(deep) as url:
        assert Store(connect(url)).health()["ok"]
