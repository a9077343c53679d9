"""The store is lost in the middle of a sprint, or the forge took something twice: nothing stays doubled."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.fake_forge import FakeForge
from shell.forge.gitea import GiteaForge
from tests.flows.house import ALICE, BOB, BOT, MALLORY, House, served
from tests.flows.play import Play

HOLD = "caloron:hold"
DIAMOND = ("- a: First", "- b: Left (after: a)", "- c: Right (after: a)", "- d: Last (after: b, c)")


@pytest.fixture
def forge(tmp_path: Path) -> Iterator[FakeForge]:
    """A forge of the test's own."""
    with FakeForge("gitea", tmp_path / "forge") as running:
        yield running


@pytest.fixture
def house(forge: FakeForge) -> House:
    """Its accounts, and the bot's settings; reconcile is on."""
    tokens = {login: forge.add_user(login) for login in (BOT, ALICE, BOB, MALLORY)}
    settings = {"GITEA_URL": forge.url, "GITEA_TOKEN": tokens[BOT], "CALORON_RECONCILE_S": "1"}
    return House(
        "gitea", lambda login: GiteaForge(forge.api_url, tokens[login]), settings, fake_url=forge.url
    )


def kept(folder: Path, good: Callable[[dict[str, Any]], bool]) -> bool:
    """Whether a sprint's file says something."""
    return any(good(json.loads(file.read_text())) for file in (folder / "home" / "kv").glob("*.json"))


def approve_until_merged(play: Play, task: str) -> None:
    """Alice approves what comes until this task is merged."""

    def look() -> bool:
        play.approve_all()
        return play.merged(task)

    play.wait(look)


def test_a_sprint_whose_store_was_lost_ends_as_if_it_was_not(house: House, tmp_path: Path) -> None:
    folder = tmp_path / "bot"
    with served(house, folder):
        play = Play(house, house.repository())
        kickoff = play.start(*DIAMOND)
        approve_until_merged(play, "a")
        play.wait(lambda: kept(folder, lambda told: told["state"]["tasks"]["a"]["status"] == "Done"))
    shutil.rmtree(folder / "home" / "store")
    with served(house, folder):
        house.hook(play.repo)
        play.approve_until_closed(kickoff)
        play.wait(lambda: all("caloron:done" in issue["labels"] for issue in play.tasks().values()))
        play.quiet()
        assert house.store and "restored" in [one["event"]["type"] for one in house.store.journal(play.lane)]
    assert set(play.tasks()) == {"a", "b", "c", "d"}
    for name, issue in play.tasks().items():
        assert sorted(issue["labels"]) == ["caloron:done", "caloron:task"], name
        done = [text for text in play.all_written(issue["number"]) if text.startswith("Done: ")]
        assert len(done) == 1, name
    pulls = play.pulls()
    assert sorted(pull["head"]["ref"].rpartition("/")[2] for pull in pulls) == ["a", "b", "c", "d"]
    assert all(pull["merged"] for pull in pulls)
    assert len(play.all_written(kickoff, "board")) == len(play.all_written(kickoff, "retro")) == 1
    said = play.all_written(kickoff)
    assert len(said) == len(set(said))


def test_of_two_with_one_key_the_younger_goes(house: House, tmp_path: Path) -> None:
    with served(house, tmp_path / "bot"):
        play = Play(house, house.repository())
        kickoff = play.kickoff("- a: The only one")
        board = play.comment(kickoff, "board")
        play.bot.comment(play.repo, kickoff, board["body"])
        pasted = play.mallory.comment(play.repo, kickoff, board["body"])["comment_id"]
        play.heard(pasted)
        play.wait(lambda: len(play.all_written(kickoff, "board")) == 1)
        assert play.comment(kickoff, "board")["comment_id"] == board["comment_id"]

        play.say(kickoff, "/approve")
        issue = play.wait(lambda: play.tasks().get("a"))
        assert issue
        double = play.bot.create_issue(play.repo, issue["title"], issue["body"] or "", ["caloron:task"])[
            "number"
        ]
        play.wait(lambda: play.closed(double))
        assert f"#{issue['number']}" in play.all_written(double)[-1]
        assert not play.closed(issue["number"])

        play.approve_until_closed(kickoff)
        retro = play.comment(kickoff, "retro")
        play.bot.comment(play.repo, kickoff, retro["body"])
        play.wait(lambda: len(play.all_written(kickoff, "retro")) == 1)
        assert play.comment(kickoff, "retro")["comment_id"] == retro["comment_id"]
        assert pasted in [one["comment_id"] for one in play.bot.issue_comments(play.repo, kickoff)]


@pytest.mark.parametrize("said", ["a command", "a label"])
def test_a_hold_is_in_force_after_the_store_was_lost(house: House, tmp_path: Path, said: str) -> None:
    """The file that is left was written before the hold: only the label on the forge tells of it."""
    folder = tmp_path / "bot"
    with served(house, folder):
        play = Play(house, house.repository())
        kickoff = play.start("- a: The only one")
        pull, issue = play.pull("a")["number"], play.task("a")
        play.wait(lambda: kept(folder, lambda file: file["state"]["tasks"]["a"].get("pr_number") == pull))
        shutil.copytree(folder / "home" / "kv", tmp_path / "before")
        if said == "a command":
            play.reacted(play.say(issue, "/hold"), "eyes", "rocket")
        else:
            play.alice.set_labels(play.repo, pull, [HOLD], [])
        play.wait(lambda: is_held(play, issue) and is_held(play, pull))
    shutil.rmtree(folder / "home" / "store")
    shutil.rmtree(folder / "home" / "kv")
    shutil.copytree(tmp_path / "before", folder / "home" / "kv")
    with served(house, folder):
        house.hook(play.repo)
        play.wait(lambda: {"restored", "sprint_resumed"} <= types_handled(play))
        play.alice.review(play.repo, pull, "approve", "Good.")
        play.wait(lambda: "pr_review_submitted" in types_handled(play))
        play.quiet()
        assert not play.merged("a") and is_held(play, issue) and is_held(play, pull)
        play.reacted(play.say(issue, "/unhold"), "eyes", "rocket")
        play.wait(lambda: play.closed(kickoff))
        assert play.merged("a") and not is_held(play, issue) and not is_held(play, pull)


def is_held(play: Play, number: int) -> bool:
    """Whether the issue or pull request has the label."""
    return HOLD in play.bot.issue(play.repo, number)["labels"]


def types_handled(play: Play) -> set[str]:
    """The types of the events that were handled."""
    return {event["type"] for event in play.told()}
