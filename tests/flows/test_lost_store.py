"""The store is lost in the middle of a sprint, or the forge took something twice: nothing stays doubled."""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
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


def kept(folder: Path, good: Callable[[dict[str, Any]], bool]) -> int:
    """How many sprints' files say something."""
    return sum(good(json.loads(file.read_text())) for file in (folder / "home" / "kv").glob("*.json"))


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
        assert play.all_written(issue["number"]) == [], name
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


@dataclass(frozen=True)
class Sprint:
    """A sprint of one task, whose pull request waits for a review."""

    play: Play
    kickoff: int
    issue: int
    pull: int

    @classmethod
    def begun(cls, play: Play) -> "Sprint":
        kickoff = play.start("- a: The only one")
        pull = play.pull("a")["number"]
        return cls(play, kickoff, play.task("a"), pull)

    def is_held(self) -> bool:
        """Whether the task's issue and its pull request have the label."""
        there = (self.play.bot.issue(self.play.repo, number) for number in (self.issue, self.pull))
        return all(HOLD in one["labels"] for one in there)

    def is_free(self) -> bool:
        """Whether neither has it."""
        there = (self.play.bot.issue(self.play.repo, number) for number in (self.issue, self.pull))
        return not any(HOLD in one["labels"] for one in there)

    def has_met(self, *types: str) -> bool:
        """Whether events of these types were handled."""
        return {*types} <= {event["type"] for event in self.play.told()}


def test_a_hold_is_in_force_after_the_store_was_lost(house: House, tmp_path: Path) -> None:
    """The files that are left were written before the holds: only the labels on the forge tell of them."""
    folder = tmp_path / "bot"
    with served(house, folder):
        by_command, by_label = (Sprint.begun(Play(house, house.repository())) for _ in range(2))
        by_label.play.wait(lambda: kept(folder, has_pull) == 2)
        shutil.copytree(folder / "home" / "kv", tmp_path / "before")
        by_command.play.reacted(by_command.play.say(by_command.issue, "/hold"), "eyes", "rocket")
        by_label.play.alice.set_labels(by_label.play.repo, by_label.pull, [HOLD], [])
        by_label.play.wait(lambda: by_command.is_held() and by_label.is_held())
    shutil.rmtree(folder / "home" / "store")
    shutil.rmtree(folder / "home" / "kv")
    shutil.copytree(tmp_path / "before", folder / "home" / "kv")
    with served(house, folder):
        for sprint in (by_command, by_label):
            house.hook(sprint.play.repo)
        for sprint in (by_command, by_label):
            is_in_force(sprint)


def has_pull(told: dict[str, Any]) -> bool:
    """Whether a sprint's file knows of the pull request of its task."""
    return bool(told["state"]["tasks"].get("a", {}).get("pr_number"))


def is_in_force(sprint: Sprint) -> None:
    """An approval merges nothing until the hold is taken off."""
    play = sprint.play
    play.wait(lambda: sprint.has_met("restored", "sprint_resumed"))
    play.alice.review(play.repo, sprint.pull, "approve", "Good.")
    play.wait(lambda: sprint.has_met("pr_review_submitted"))
    play.quiet()
    assert not play.merged("a") and sprint.is_held()
    play.reacted(play.say(sprint.issue, "/unhold"), "eyes", "rocket")
    play.wait(lambda: play.closed(sprint.kickoff))
    assert play.merged("a") and sprint.is_free()
