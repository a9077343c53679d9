"""`caloron doctor` says how many dead letters there are, and why."""

from pathlib import Path

from bot.cli.doctor import dead_letters
from shell.settings import Settings
from shell.store import Store, connect
from shell.valkey import serving


def test_dead_letters_are_counted_with_the_newest_reasons(tmp_path: Path) -> None:
    given = {"GITEA_URL": "http://127.0.0.1:1", "GITEA_TOKEN": "none", "CALORON_WEBHOOK_SECRET": "none"}
    with serving(tmp_path / "store") as url:
        settings = Settings.of(given | {"REDIS_URL": url})
        [none] = dead_letters(settings)
        assert (none.state, none.words) == ("good", "none")
        store = Store(connect(url))
        for number in range(5):
            store.add_dead_letter(f"letter-{number}", {"reason": f"Traceback\n  line\nKeyError: 'n{number}'"})
        store.add_dead_letter("letter-4", {"reason": "Traceback\nKeyError: 'again'"})
        [some] = dead_letters(settings)
    assert some.state == "mind" and some.words.startswith("5 events or deliveries could not be handled")
    assert "KeyError: 'again' (letter-4)" in some.words and "n0" not in some.words


def test_without_a_store_nothing_is_said_of_them(tmp_path: Path) -> None:
    given = {"GITEA_URL": "http://127.0.0.1:1", "GITEA_TOKEN": "none", "CALORON_WEBHOOK_SECRET": "none"}
    assert list(dead_letters(Settings.of(given | {"REDIS_URL": f"unix://{tmp_path}/none.sock"}))) == []
