"""The person of the demo: opens the kickoff, approves the plan, reviews pull requests, once with a wish."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

from shell.forge import Forge
from shell.marker import read_marks

WISH = "Please show two decimals always: `4.5 EUR` should read `4.50 EUR`."
DEMO_TITLE = "A price list for the shop"


@dataclass
class Person:
    """Does the next thing that a person would, whenever asked to."""

    login: str
    forge: Forge
    bot: str
    repo: str
    say: Callable[[str], None]
    since: str
    title: str = DEMO_TITLE
    text: str = ""
    """Of the kickoff; empty: the demo's."""
    picky_about: str = "prices"
    wish: str = WISH
    kickoff: int = 0
    approved: bool = False
    seen_heads: set[str] = field(default_factory=set)
    wished: bool = False

    def open_kickoff(self) -> int:
        """The issue with the goal and its tasks, then the label that asks for a sprint."""
        text = self.text or resources.files("bot.harness").joinpath("demo_kickoff.md").read_text()
        self.kickoff = self.forge.create_issue(self.repo, self.title, text, [])["number"]
        self.say(f"opens the issue #{self.kickoff}, “{self.title}”")
        self.forge.set_labels(self.repo, self.kickoff, ["caloron:sprint"], [])
        self.say("sets the label caloron:sprint on it")
        return self.kickoff

    def step(self) -> None:
        """Look at the forge, as people do, and answer what waits for an answer."""
        if not self.approved:
            self._read_the_board()
            return
        for number in self.forge.changes_since(self.repo, self.since)["pulls"]:
            self._review(self.forge.pull(self.repo, number))

    def _read_the_board(self) -> None:
        if self.board() is None:
            return
        self.say("reads the plan on the board, and answers /approve")
        self.forge.comment(self.repo, self.kickoff, "Looks good to me.\n\n/approve")
        self.approved = True

    def board(self) -> str | None:
        """The text of the bot's board on the kickoff, once it is there."""
        return self._written("board")

    def retro(self) -> str | None:
        """The text of the bot's retro, without its marker."""
        text = self._written("retro")
        return text and re.sub(r"<!--.*?-->", "", text).strip()

    def _written(self, kind: str) -> str | None:
        comments = self.forge.issue_comments(self.repo, self.kickoff)
        ours = [one["body"] for one in comments if one["author"] == self.bot]
        marked = (body for body in ours if any(mark["kind"] == kind for mark in read_marks(body)))
        return next(marked, None)

    def _review(self, pull: dict[str, Any]) -> None:
        head = f"{pull['number']}@{pull['head']['sha']}"
        if pull["state"] != "open" or head in self.seen_heads:
            return
        self.seen_heads.add(head)
        task = re.sub(r".*/", "", pull["head"]["ref"])
        if task == self.picky_about and not self.wished:
            self.wished = True
            self.say(f"reviews pull request #{pull['number']} ({task}) and asks for a change")
            self._give(pull, "request_changes", self.wish)
        else:
            self.say(f"reviews pull request #{pull['number']} ({task}) and approves it")
            self._give(pull, "approve", "Thank you, that is what I meant.")

    def _give(self, pull: dict[str, Any], verdict: str, words: str) -> None:
        # of the commit that was read: a forge may take a moment to see a push as the newest
        self.forge.review(self.repo, pull["number"], verdict, words, pull["head"]["sha"])
