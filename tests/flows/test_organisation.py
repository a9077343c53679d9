"""Defaults that an owner keeps for all of their repositories, in a repository named `.caloron`."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner

from bot.cli.config import config
from tests.flows.house import ALICE, BOB, BOT, House, served
from tests.flows.play import Play

FILE = ".caloron.yml"


@pytest.fixture(scope="module")
def owned(house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Play]:
    """A repository of bob's, and a bot that looks around every second."""
    repo = house.repository(BOB, {BOT: "admin", ALICE: "write"}, hooked=False)
    often = {**house.settings, "CALORON_REPOS": f"{repo},{BOB}/.caloron", "CALORON_RECONCILE_S": "1"}
    own = House(house.kind, house.client, often, house.real, house.fake_url)
    with served(own, tmp_path_factory.mktemp("owned")) as up:
        up.hook(repo)
        yield Play(up, repo)


def state(play: Play) -> Any:
    store = play.house.store
    assert store
    return store.load(play.lane).state


def command_line(play: Play) -> dict[str, tuple[Any, str]]:
    """What `caloron config owner/name` says: each key with its value and where that comes from."""
    asked = [play.repo, "--home", str(play.house.home), "--output", "json"]
    given = {**play.house.settings, "CALORON_WEBHOOK_SECRET": "s", "CALORON_HOME": str(play.house.home)}
    done = CliRunner().invoke(config, asked, env=given)
    assert done.exit_code == 0, done.output
    return {row["key"]: (row["value"], row["source"]) for row in json.loads(done.output)["settings"]}


def defaults(play: Play) -> Play:
    """The repository of the defaults, which people write to."""
    told = {"name": ".caloron", "auto_init": True, "default_branch": "main"}
    play.bob.api.send("POST", "/user/repos", told)
    return Play(play.house, f"{BOB}/.caloron")


def test_what_the_owner_sets_holds_beneath_what_the_repository_sets(owned: Play) -> None:
    play = owned
    own = play.write("main", FILE, "pipeline: {parallel: 1}\nprotected_paths: [deploy]\n", by=play.bob)
    kickoff = play.kickoff("- a: Do one thing")
    play.wait(lambda: state(play).get("config", {}).get("valid") == own)
    assert "organisation" not in state(play)

    theirs = defaults(play)
    said = "pipeline: {parallel: 5}\nmerge: {mode: manual}\nprotected_paths: [infra]\n"
    valid = theirs.write("main", FILE, said, by=play.bob)
    play.wait(lambda: (state(play).get("organisation") or {}).get("valid") == valid)
    play.say(kickoff, "/config")
    shown = play.answer(kickoff, "These settings are in effect:")
    page = play.bob.repository(theirs.repo)["html_url"]
    assert f"`pipeline.parallel`: `1` — [line 1 of `{FILE}`]" in shown
    assert f"`merge.mode`: `manual` — [line 2 of `{FILE}` of `{theirs.repo}`]({page}/" in shown
    assert "`protected_paths`: the usual ones, and `infra`, `deploy` — [line 2" in shown

    told = command_line(play)
    assert told["pipeline.parallel"] == (1, f"{FILE}:1")
    assert told["merge.mode"] == ("manual", f"{FILE}:2 of {theirs.repo}")
    assert told["protected_paths"][1] == f"{FILE}:2 and {FILE}:3 of {theirs.repo}"

    wrong = theirs.write("main", FILE, "merge: {mod: manual}\n", by=play.bob)
    play.wait(lambda: (state(play).get("organisation") or {}).get("commit") == wrong)
    assert state(play)["organisation"]["valid"] == valid
    play.say(kickoff, "/approve")
    number = play.pull("a")["number"]
    play.alice.review(play.repo, number, "approve", "Good.")
    play.wait(lambda: "approved; waits for `/merge`" in (play.written(kickoff, "board") or ""))
    play.wait(play.rests)
    assert not play.merged("a") and play.all_written(kickoff, "note") == []
