"""A scripted user: opens the kickoff, approves the plan, reviews pull requests, and asks for one change."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import resources

from shell.forge import Forge
from shell.forge.protocol import Pull
from shell.marker import read_marks

CHANGE_REQUEST = "Please show two decimals always: `4.5 EUR` should read `4.50 EUR`."
DEMO_TITLE = "A price list for the shop"


@dataclass
class ScriptedUser:
    """Does the next thing that a person would do, on each `step`."""

    login: str
    forge: Forge
    bot: str
    repo: str
    log: Callable[[str], None]
    since: str
    title: str = DEMO_TITLE
    text: str = ""
    """Of the kickoff; empty: the demo's."""
    change_task: str = "prices"
    """The task for which one change is requested."""
    change_request: str = CHANGE_REQUEST
    kickoff: int = 0
    approved: bool = False
    reviewed_heads: set[str] = field(default_factory=set)
    change_requested: bool = False

    def open_kickoff(self) -> int:
        """Open the issue with the goal and its tasks, and set the label that starts a sprint."""
        text = self.text or resources.files("bot.harness").joinpath("demo_kickoff.md").read_text()
        self.kickoff = self.forge.create_issue(self.repo, self.title, text, [])["number"]
        self.log(f"opens the issue #{self.kickoff}, “{self.title}”")
        self.forge.set_labels(self.repo, self.kickoff, ["caloron:sprint"], [])
        self.log("sets the label caloron:sprint on it")
        return self.kickoff

    def step(self) -> None:
        """Look at the forge, and answer whatever waits for an answer."""
        if not self.approved:
            self._approve_plan()
            return
        for number in self.forge.changes_since(self.repo, self.since)["pulls"]:
            self._review(self.forge.pull(self.repo, number))

    def _approve_plan(self) -> None:
        if self.board() is None:
            return
        self.log("reads the plan on the board, and answers /approve")
        self.forge.comment(self.repo, self.kickoff, "Looks good to me.\n\n/approve")
        self.approved = True

    def board(self) -> str | None:
        """The text of the bot's board on the kickoff, once it is there."""
        return self._bot_comment("board")

    def retro(self) -> str | None:
        """The text of the bot's retro, beneath its marker on the board."""
        text = (self._bot_comment("retro") or "").partition("<!-- caloron:retro")[2].partition("-->")[2]
        return re.sub(r"<!--.*?-->", "", text).strip() or None

    def _bot_comment(self, kind: str) -> str | None:
        comments = self.forge.issue_comments(self.repo, self.kickoff)
        bodies = [comment["body"] for comment in comments if comment["author"] == self.bot]
        marked = (body for body in bodies if any(mark["kind"] == kind for mark in read_marks(body)))
        return next(marked, None)

    def _review(self, pull: Pull) -> None:
        head = f"{pull['number']}@{pull['head']['sha']}"
        if pull["state"] != "open" or head in self.reviewed_heads:
            return
        self.reviewed_heads.add(head)
        task = re.sub(r".*/", "", pull["head"]["ref"])
        if task == self.change_task and not self.change_requested:
            self.change_requested = True
            self.log(f"reviews pull request #{pull['number']} ({task}) and requests a change")
            self._submit_review(pull, "request_changes", self.change_request)
        else:
            self.log(f"reviews pull request #{pull['number']} ({task}) and approves it")
            self._submit_review(pull, "approve", "Thank you, that is what I meant.")

    def _submit_review(self, pull: Pull, verdict: str, text: str) -> None:
        # for the commit that was read: a forge may take a moment until a push is the newest
        self.forge.review(self.repo, pull["number"], verdict, text, pull["head"]["sha"])
