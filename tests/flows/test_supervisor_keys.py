"""`supervisor` of `.caloron.yml`: when an agent counts as stalled or missing, and what follows."""

import json
from collections.abc import Iterator

import pytest

from bot.fake_forge import FakeForge
from shell.forge.gitea import GiteaForge
from shell.store import keys
from tests.flows.house import ALICE, BOB, BOT, MALLORY, House, served
from tests.flows.play import Play

FILE = ".caloron.yml"
PROBED, STARTED_AGAIN = "Are you still working on this?", "I am restarting the agent"


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A bot with one worker for agents, which hang; it looks often, and would itself wait for minutes."""
    folder = tmp_path_factory.mktemp("patient")
    recording = folder / "hangs.json"
    recording.write_text(json.dumps({"responses": [{"match": "Task: ", "hang": True}]}))
    with FakeForge("gitea", folder / "forge") as forge:
        tokens = {login: forge.add_user(login) for login in (BOT, ALICE, BOB, MALLORY)}
        settings = {
            "GITEA_URL": forge.url,
            "GITEA_TOKEN": tokens[BOT],
            "CALORON_STUB_FIXTURE": str(recording),
            "CALORON_TICK_S": "0.5",
            "CALORON_AGENTS": "1",
        }
        house = House(
            "gitea", lambda login: GiteaForge(forge.api_url, tokens[login]), settings, fake_url=forge.url
        )
        with served(house, folder) as up:
            yield up


@pytest.fixture
def play(patient: House) -> Play:
    """A scenario in a repository of its own."""
    return Play(patient, patient.repository())


def stop(play: Play, kickoff: int) -> None:
    """The only worker is free again."""
    play.say(kickoff, "/stop")
    store = play.house.store
    assert store
    play.wait(lambda: not store.live_runs())


def notes(play: Play, task: str) -> list[str]:
    return play.all_written(play.task(task), "note")


def test_a_stall_and_the_time_between_two_steps_are_as_the_file_says(play: Play) -> None:
    play.write("main", FILE, "supervisor: {stall: 1.5 s, cooldown: 0.5 s, retries: 2}\n", by=play.bot)
    kickoff = play.start("- mute: Say nothing")
    play.wait(lambda: play.is_in("mute", "escalated"))
    [said] = play.wait(lambda: [one for one in notes(play, "mute") if STARTED_AGAIN in one])
    assert PROBED in said
    stop(play, kickoff)


def test_an_agent_that_the_store_lost_is_missing_when_the_file_says_so(play: Play) -> None:
    play.write("main", FILE, "supervisor: {missing: 1 s}\n", by=play.bot)
    kickoff = play.start("- mute: Say nothing")
    play.wait(lambda: play.is_in("mute", "in-progress"))
    store = play.house.store
    assert store
    play.wait(store.live_runs)
    kept = store.client.smembers(keys.RUNS)
    store.client.delete(keys.RUNS)
    play.wait(lambda: play.is_in("mute", "escalated"))
    assert "no heartbeat ever received" in (play.written(kickoff, "note") or "")
    store.client.sadd(keys.RUNS, *kept)
    stop(play, kickoff)
