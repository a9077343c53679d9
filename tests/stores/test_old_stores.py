"""A store that an earlier version left in the middle of a sprint is taken to its end."""

import json
from collections import Counter
from pathlib import Path
from typing import Any, cast

import pytest

from shell.marker import read_marks
from shell.store import Store, connect
from shell.store.migrations import FIRST_VERSION, VERSION, UnknownVersion
from tests.flows.house import BOT, served
from tests.flows.play import Play
from tests.stores.dump import restore
from tests.stores.make import STORES
from tests.stores.middle import KINDS, Kind, forge_of, house_of, recording_of_the_end, to_the_end

DUMPS = sorted(folder.name for folder in STORES.iterdir())


def keys_written(play: Play) -> Counter[str]:
    """The keys of all that the bot wrote into texts of the repository, issues and comments alike."""
    issues = play.bot.api.get(f"/repos/{play.repo}/issues", state="all", limit=50, per_page=100)
    texts = [issue["body"] for issue in issues if issue["user"]["login"] == BOT]
    for issue in issues:
        said = play.bot.issue_comments(play.repo, issue["number"])
        texts += [one["body"] for one in said if one["author"] == BOT]
    return Counter(mark["key"] for text in texts for mark in read_marks(text or ""))


@pytest.mark.parametrize("name", DUMPS)
def test_a_sprint_that_an_earlier_version_began_is_taken_to_its_end(
    name: str, valkey: str, tmp_path: Path
) -> None:
    old, kind = STORES / name, cast(Kind, name.rpartition("-")[2])
    made: dict[str, Any] = json.loads((old / "made.json").read_text())
    restore(valkey, old / "store.json")
    with forge_of(kind, tmp_path / "forge") as forge:
        forge.load(old / "forge")
        house = house_of(forge, valkey, recording_of_the_end(tmp_path / "recorded.json"))
        with served(house, tmp_path / "bot"):
            forge.point_hooks_at(house.hook_url)
            play = Play(house, made["repo"])
            to_the_end(play, made)
            ended(play, made)


def ended(play: Play, made: dict[str, Any]) -> None:
    """All is done, and nothing twice."""
    assert set(play.tasks()) == {"a", "b", "c", "d", "e", "noisy"}
    pulls = play.pulls()
    assert sorted(pull["head"]["ref"].rpartition("/")[2] for pull in pulls) == sorted(play.tasks())
    assert all(pull["merged"] for pull in pulls)
    for kickoff in (made["kickoff"], made["next"]):
        assert "is done" in play.comment(kickoff, "board")["body"]
        assert len(play.all_written(kickoff, "retro")) == 1
    assert {key: n for key, n in keys_written(play).items() if n > 1} == {}
    assert play.reactions(made["status"]) == play.reactions(made["why"]) == {"eyes", "rocket"}
    assert len([text for text in play.all_written(made["kickoff"], "answer") if "`d`" in text]) == 1
    store = play.house.store
    assert store and store.health()["dead_letters"] == 0


def lane_of(name: str) -> tuple[str, int]:
    """The lane that a dump is of, and the version of its state."""
    rows = json.loads((STORES / name / "store.json").read_text())
    [lane] = rows["caloron:lanes"]["value"]
    return lane, int(rows[f"lane:{lane}"]["value"].get("v", FIRST_VERSION))


def test_a_store_of_the_present_version_is_kept() -> None:
    assert {name.rpartition("-")[2] for name in DUMPS if lane_of(name)[1] == VERSION} == set(KINDS)


@pytest.mark.parametrize(("version", "words"), [(0, "has no step from version 0"), (VERSION + 1, "newer")])
def test_a_state_that_no_step_leads_on_from_is_refused_in_words(
    version: int, words: str, valkey: str
) -> None:
    lane, _ = lane_of(DUMPS[0])
    restore(valkey, STORES / DUMPS[0] / "store.json")
    store = Store(connect(valkey))
    assert store.load(lane).state["v"] == VERSION
    store.client.hset(f"lane:{lane}", "v", version)
    with pytest.raises(UnknownVersion, match=words):
        Store(store.client).load(lane)
    store.client.close()
