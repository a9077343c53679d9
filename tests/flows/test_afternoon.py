"""An afternoon on a real Gitea: four people of different rights steer a sprint, rightly and wrongly.

What is expected stands in the script beforehand; reactions and texts are read back from the forge, and where
something is refused, the bot's state must be as it was. It takes minutes: with
CALORON_AFTERNOON=FILE it is played, and its table is put there.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from handlers.commands import COMMANDS
from handlers.repository_labels import OFFERED_LABELS
from tests.flows.house import ALICE, BOB, House
from tests.flows.play import Play

ROOT = "root"
YES, NO, NOTHING = {"eyes", "rocket"}, {"eyes", "confused"}, set[str]()
MISTAKE = {"confused"}
INTRODUCTION = """# An afternoon

What four people of different rights said to the bot on a real Gitea, and what they saw: root administers
the server, alice the repository, bob may write, mallory may only read. Expected stood in
`tests/flows/test_afternoon.py` beforehand; reactions and texts were read back from the forge, and where
something was refused, the bot's state was as before. The last column is how long it took until the first
reaction was there, on two busy cores. To play it again: `CALORON_AFTERNOON=docs/afternoon.md
.venv/bin/pytest -n 0 tests/flows/test_afternoon.py`."""
HEAD = "| line | who | where | expected | seen | 👀 ms |\n|---|---|---|---|---|---|"

KICKOFF = """A shop that says what it sells.

- a: The catalogue
- b: The cart (after: a)
- cut: The till, both halves
- d: The help pages
- e: The imprint
  - accept: it names the owner
  - accept: it names the register
"""
MAIL = """That looks good to me.

Von: Alice <alice@example.test>
Gesendet: Montag, 30. November 2026 09:12
An: Bob
Betreff: Sprint

/approve
"""


@dataclass
class Row:
    """One line that somebody wrote, what should come of it, and what came of it."""

    said: str
    who: str
    where: str
    expected: str
    seen: str = ""
    ms: float | None = None
    wrong: str = ""


@dataclass
class Afternoon:
    """The repository, and all that was said in it."""

    play: Play
    rows: list[Row] = field(default_factory=list)

    def client(self, who: str) -> Any:
        return self.play.house.of(who)

    def say(
        self,
        who: str,
        number: int,
        line: str,
        reactions: set[str],
        words: str = "",
        *,
        same: bool | None = None,
    ) -> None:
        """A comment, with the reactions and the words that it must get; `same`: the state must not change."""
        unchanged = reactions != YES if same is None else same
        shown = " ".join(sorted(reactions)) or "nothing"
        row = Row(line, who, f"#{number}", f"{shown}{f', “{words}”' if words else ''}")
        self.rows.append(row)
        before, known, began = self.state(), self.texts(), time.monotonic()
        comment = self.client(who).comment(self.play.repo, number, line)["comment_id"]
        if reactions:
            self.first_reaction(comment, row, began)
        try:
            self.play.wait(lambda: self.play._receipts(f"comment:{comment}:"))
            if reactions:
                self.play.wait(lambda: self.play.reactions(comment) == reactions)
            if words:
                self.play.wait(lambda: self.new_with(words, known))
            if not reactions or unchanged:
                self.play.quiet()
        except AssertionError:
            row.wrong = "it did not come"
        self.judge(row, comment, reactions, words, known)
        if unchanged and self.state() != before:
            row.wrong = f"the state changed: {before} → {self.state()}"

    def label(self, who: str, number: int, label: str, words: str, gone: bool, *, same: bool = False) -> None:
        """A label that somebody sets; words that must be said, and whether it is taken off again."""
        expected = f"{'taken off' if gone else 'stays'}{f', “{words}”' if words else ''}"
        row = Row(label, who, f"#{number}", expected)
        self.rows.append(row)
        before, known = self.state(), self.texts()
        self.client(who).set_labels(self.play.repo, number, [label], [])
        try:
            if words:
                self.play.wait(lambda: self.new_with(words, known))
            self.play.wait(
                lambda: (label in self.play.bot.issue(self.play.repo, number)["labels"]) is not gone
            )
            self.play.quiet()
        except AssertionError:
            row.wrong = "it did not come"
        new = [text for one, text in self.texts().items() if one not in known]
        row.seen = f"{'taken off' if gone else 'stays'}; {' / '.join(map(short, new)) or 'no words'}"
        if same and self.state() != before:
            row.wrong = f"the state changed: {before} → {self.state()}"

    def act(
        self, who: str, what: str, expected: str, done: Callable[[], object], seen: Callable[[], object]
    ) -> None:
        """Something else that somebody does on the forge."""
        row = Row(what, who, "", expected)
        self.rows.append(row)
        done()
        try:
            self.play.wait(seen)
            row.seen = "so it was"
        except AssertionError:
            row.wrong = "it did not come"

    def first_reaction(self, comment: int, row: Row, began: float) -> None:
        deadline = began + 30
        while time.monotonic() < deadline:
            if self.play.reactions(comment):
                row.ms = (time.monotonic() - began) * 1000
                return
            time.sleep(0.01)

    def judge(self, row: Row, comment: int, reactions: set[str], words: str, known: dict[int, str]) -> None:
        seen = self.play.reactions(comment)
        new = [
            text
            for one, text in self.texts().items()
            if known.get(one) != text and "caloron:board" not in text
        ]
        row.seen = f"{' '.join(sorted(seen)) or 'nothing'}; {' / '.join(map(short, new)) or 'no words'}"
        if seen != reactions:
            row.wrong = row.wrong or f"reactions {sorted(seen)}"
        if not reactions and not words and new:
            row.wrong = row.wrong or "words where none were expected"

    def new_with(self, words: str, known: dict[int, str]) -> bool:
        return any(words in text and known.get(one) != text for one, text in self.texts().items())

    def texts(self) -> dict[int, str]:
        """All that the bot wrote in comments, by id."""
        rows = self.play.bot.comments_since(self.play.repo, None)
        return {one["comment_id"]: one["body"] for one in rows if one["author"] == "bot"}

    def state(self) -> dict[str, Any]:
        """What a command could change."""
        store = self.play.house.store
        assert store
        state = store.load(self.play.lane).state
        kickoffs = {
            n: (k["status"], k.get("plan_hash"), k.get("auto_by")) for n, k in state["kickoffs"].items()
        }
        tasks = {
            name: tuple(str(task.get(what)) for what in ("human", "hold", "skipped_by", "merge_asked"))
            for name, task in state["tasks"].items()
        }
        return {"kickoffs": kickoffs, "tasks": tasks, "running": state.get("running")}

    def table(self) -> str:
        lines = [
            f"| {cell(row.said)} | {row.who} | {row.where} | {cell(row.expected)} | {cell(row.seen)} | "
            f"{f'{row.ms:.0f}' if row.ms else ''} |"
            for row in self.rows
        ]
        return "\n".join([HEAD, *lines])


def cell(text: str) -> str:
    return short(text).replace("|", "\\|")


def short(text: str) -> str:
    line = " ".join(text.partition("<!--")[0].split())
    return line if len(line) <= 110 else line[:109] + "…"


@pytest.mark.gitea
@pytest.mark.skipif("CALORON_AFTERNOON" not in os.environ, reason="takes minutes: set CALORON_AFTERNOON=FILE")
def test_an_afternoon_of_four_people(on_real_gitea: House) -> None:
    house = on_real_gitea
    play = Play(house, house.repository(rights={ALICE: "admin", BOB: "write"}))
    play.write("main", ".caloron.yml", "merge: {mode: manual}\nreview: {reviewers: [alice]}\n", by=play.bot)
    play.bot.make_labels(play.repo, OFFERED_LABELS)
    day = Afternoon(play)
    try:
        outside(day)
        kickoff = planning(day)
        running(day, kickoff)
        others(day, kickoff)
        ending(day, kickoff)
    finally:
        if file := os.environ.get("CALORON_AFTERNOON"):
            Path(file).write_text(f"{INTRODUCTION}\n\n{day.table()}\n")
    wrong = [
        f"{row.who} {row.where} {row.said!r}: {row.wrong}; seen {row.seen}" for row in day.rows if row.wrong
    ]
    assert not wrong, "\n".join(wrong)
    acting = {name for name, one in COMMANDS.items() if one.acts}
    said = " ".join(row.said for row in day.rows)
    assert not [name for name in acting if f"/{name}" not in said]
    assert len(day.rows) >= 60


def outside(day: Afternoon) -> None:
    """A thread that is no part of a sprint."""
    number = day.play.open("A question", "What do you sell?", by=day.play.mallory)
    for line in ("/retest", "/lgtm", "/assign @alice", "/ok-to-test", "/status", "/stauts", "/approve"):
        day.say(BOB, number, line, NOTHING)
    day.say(ALICE, number, "> /plan", NOTHING)
    day.say(ALICE, number, "```\n/plan\n```", NOTHING)
    day.say(ALICE, number, "I would say /plan, later.", NOTHING)
    day.say("mallory", number, "/ping", YES, "I am here", same=True)
    day.say("mallory", number, "/help plan", YES, "/plan", same=True)
    day.say("mallory", number, "/plan", NO, "/plan` needs write access")
    day.say(BOB, number, "/hotfix Say what we sell", NO, "/hotfix` needs maintain access")
    day.label(BOB, number, "caloron:hotfix", "maintain", gone=True, same=True)
    day.say(BOB, number, "/caloron stauts", MISTAKE, "/caloron status")
    day.say(BOB, number, "/caloron status", NO, "There is no sprint here")


def planning(day: Afternoon) -> int:
    """A kickoff, its plan and its approval."""
    play = day.play
    number = play.open("A shop", KICKOFF)
    day.say(BOB, number, "/caloron plan --agents 4", YES)
    play.wait(lambda: play.written(number, "board"))
    day.say("mallory", number, "/approve", NO, "needs write access")
    day.say("mallory", number, "/add-task Mine", NO, "needs write access")
    day.say("mallory", number, "/status", YES, same=True)
    day.say(BOB, number, "/stauts", MISTAKE, "/status")
    day.say(BOB, number, "/approve 0123456789ab", NO, "0123456789ab")
    day.say(BOB, number, "/why", YES, "/approve", same=True)
    day.say(ROOT, number, "/config", YES, "merge.mode", same=True)
    day.say(BOB, number, "/auto on", NO, "needs maintain access")
    day.say(BOB, number, "/simulate", NO, "needs maintain access")
    day.say(ALICE, number, MAIL, NOTHING)
    day.say(BOB, number, "/reject plan The help pages are missing a task", YES)
    day.say(ALICE, number, "/approve", NO, "")
    day.say(BOB, number, "/plan", YES)
    play.wait(lambda: "is waiting for your approval" in (play.written(number, "board") or ""))
    day.say(ALICE, number, "/add-task Tell the press --after d", YES, "+ task-6")
    day.say(BOB, number, "/drop-task a", NO, "comes after `a`")
    day.say(ALICE, number, "/drop-task task-6", YES, "- task-6")
    day.say(ALICE, number, "/next", NO, "")
    day.say(BOB, number, "/unlock", NO, "needs maintain access")
    day.say(ROOT, number, "/unlock", NO, "")
    day.say(BOB, number, "/approve", YES)
    return number


def running(day: Afternoon, kickoff: int) -> None:
    """Tasks that are held, reviewed, taken over, left out."""
    play = day.play
    pull, issue = play.pull("a")["number"], play.task("a")
    cut = play.task("cut")
    play.has_written("cut", "half.txt")
    day.say("mallory", issue, "/hold", NO, "needs write access")
    day.say(BOB, issue, "/hold", YES)
    day.say("mallory", pull, "/unhold", NO, "needs write access")
    day.say(ROOT, pull, "/unhold", YES)
    day.label(BOB, pull, "caloron:hold", "", gone=False)
    day.say(BOB, pull, "/why a", YES, "held by @bob", same=True)
    day.say(ALICE, pull, "/unhold", YES)
    day.say(BOB, pull, "/merge", NO, "needs maintain access")
    day.say(ALICE, pull, "/merge", YES, "waiting for a review")
    day.say(ALICE, pull, "/review", YES, "", same=True)
    day.say("mallory", cut, "/tell Use tabs", NO, "needs write access")
    day.say(BOB, cut, "/tell Use tabs", YES)
    day.say(BOB, cut, "/log", YES, "", same=True)
    day.say("mallory", cut, "/restart", NO, "needs write access")
    day.say(BOB, cut, "/restart", YES)
    play.pull("cut")
    day.say(BOB, play.task("d"), "/take-over", YES, "has this task now")
    day.say(BOB, play.task("d"), "/hand-back", YES)
    play.pull("d")
    day.say(BOB, play.task("d"), "/assign-human @alice", YES)
    day.say(ALICE, play.task("d"), "/resolved", YES)
    play.pull("d")
    day.say(BOB, kickoff, "/retry d —hint “Say it shorter”", YES)
    play.wait(lambda: len(play.runs("d")) >= 2)
    day.say(ROOT, play.task("e"), "/break-down", YES, "e-1")


def others(day: Afternoon, kickoff: int) -> None:
    """The sprint as a whole, and what stands beside it."""
    play = day.play
    day.say("mallory", kickoff, "/pause", NO, "needs write access")
    day.say(BOB, kickoff, "/pause", YES)
    day.say("mallory", kickoff, "/resume", NO, "needs write access")
    day.say(ROOT, play.task("a"), "/resume", NO, f"#{kickoff}")
    day.say(BOB, kickoff, "/resume", YES)
    day.say(BOB, kickoff, "/budget", NO, "needs maintain access")
    day.say(ROOT, kickoff, "/budget", YES, "", same=True)
    day.say(ROOT, kickoff, "/simulate drop d", NO, "")
    day.say("mallory", kickoff, "/skip e-1", NO, "needs write access")
    day.say(ROOT, kickoff, "/skip e-1", YES)
    second = play.open("Another sprint", "- f: The feed")
    day.label(BOB, second, "caloron:sprint", "", gone=False)
    play.wait(lambda: play.written(second, "board"))
    day.say(ROOT, second, "/start", NO, "waits for `/approve`")
    day.say(ALICE, second, "/auto on", YES, "open by themselves")
    day.say(ALICE, second, "/auto off", YES, "")
    day.say(BOB, second, "/stop", YES)
    urgent = play.open("The page is broken", "It shows nothing.")
    day.say(ALICE, urgent, "/hotfix", YES)


def ending(day: Afternoon, kickoff: int) -> None:
    """Reviews, merges and the end."""
    play = day.play
    day.say(BOB, kickoff, "/retro", YES, "", same=True)
    day.say("mallory", kickoff, "/stop", NO, "needs write access")
    day.say(ALICE, kickoff, "/help all", YES, "/hotfix", same=True)
    pull = play.pull("a")["number"]
    day.act(
        BOB, "approves the pull request of `a`", "it is merged: /merge was said of this head",
        lambda: play.bob.review(play.repo, pull, "approve", "Good."), lambda: play.merged("a"),
    )  # fmt: skip
    day.say(ALICE, kickoff, "/stop", YES)
    play.wait(lambda: play.closed(kickoff))
    day.say(BOB, kickoff, "/plan", NO, "")
