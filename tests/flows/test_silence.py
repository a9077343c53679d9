"""An agent that gives no sign of life: probed, started again, then a person is called; once each."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.fake_forge import FakeForge
from shell.forge.gitea import GiteaForge
from tests.flows.house import ALICE, BOB, BOT, MALLORY, House, served
from tests.flows.play import Play


@pytest.fixture
def impatient(tmp_path: Path) -> Iterator[Play]:
    """A bot that waits two seconds for a sign, and whose agent hangs."""
    recording = tmp_path / "hangs.json"
    recording.write_text(json.dumps({"responses": [{"match": "Task: mute", "hang": True}]}))
    with FakeForge("gitea", tmp_path / "forge") as forge:
        tokens = {login: forge.add_user(login) for login in (BOT, ALICE, BOB, MALLORY)}
        quick = {"CALORON_STALL_M": "0.035", "CALORON_COOLDOWN_M": "0.01", "CALORON_TICK_S": "0.5"}
        settings = {
            "GITEA_URL": forge.url,
            "GITEA_TOKEN": tokens[BOT],
            "CALORON_STUB_FIXTURE": str(recording),
            **quick,
        }
        house = House(
            "gitea", lambda login: GiteaForge(forge.api_url, tokens[login]), settings, fake_url=forge.url
        )
        with served(house, tmp_path) as up:
            yield Play(up, up.repository())


def test_a_silent_agent_is_probed_restarted_and_then_a_person_is_called_once(impatient: Play) -> None:
    play = impatient
    kickoff = play.start("- mute: Say nothing")
    issue = play.task("mute")
    play.wait(lambda: play.is_in("mute", "stalled"))
    play.wait(lambda: play.is_in("mute", "escalated"))
    play.quiet()
    words = play.all_written(issue, "note")
    assert len(words) == 1, words
    asked, again = words[0].splitlines()[-2:]
    assert "`@caloron-agent-mute`" in asked and "Are you still working on this?" in asked
    assert "I am restarting the agent" in again and "Needs you: " in words[0]
    assert play.all_written(issue) == words
    called = play.all_written(kickoff, "note")
    assert (
        len(called) == 1
        and called[0].startswith("@alice, task `mute`")
        and "needs a person" in called[0]
        and "/retry" in called[0]
    )
    assert play.pulls() == []
    store = play.house.store
    assert store
    play.wait(lambda: not store.live_runs())
