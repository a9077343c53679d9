"""`merge.style` and `gates.plan` of `.caloron.yml`: how it is merged, and whether a plan waits for a yes."""

import subprocess
from collections.abc import Callable
from tempfile import TemporaryDirectory

from tests.flows.house import ALICE
from tests.flows.play import PLAN_LABEL, Play

FILE = ".caloron.yml"


def allow(play: Play, *, squash: bool) -> None:
    """Whether the repository may be merged in that style."""
    play.bot.api.send("PATCH", f"/repos/{play.repo}", {"allow_squash_merge": squash})


def merged_commit(play: Play) -> list[str]:
    """The commit at the head of main with its parents."""
    token, repository = play.house.token, play.bot.repository(play.repo)
    url = repository["clone_url"].replace("://", f"://bot:{token}@")
    with TemporaryDirectory() as folder:
        subprocess.run(["git", "clone", "-q", "--bare", url, folder], check=True)
        told = ["git", "-C", folder, "rev-list", "--parents", "-1", "main"]
        return subprocess.run(told, check=True, capture_output=True, text=True).stdout.split()


def test_it_is_merged_in_the_named_style_or_waits(staged: Callable[..., Play]) -> None:
    play = staged(rights={ALICE: "admin"})
    play.write("main", FILE, "merge:\n  style: squash\n", by=play.bot)
    allow(play, squash=False)
    kickoff = play.start("- a: The first")
    number = play.pull("a")["number"]
    play.alice.review(play.repo, number, "approve", "Good.")
    issue = play.task("a")
    note = play.wait(lambda: play.written(issue, "note"))
    assert note and "merge.style is squash, but this repository allows only merge" in note
    play.quiet()
    assert not play.merged("a") and "refuses to merge" in (play.written(kickoff, "board") or "")

    allow(play, squash=True)
    play.say(number, "/merge")
    play.wait(lambda: play.closed(kickoff))
    assert play.merged("a") and len(merged_commit(play)) == 2


def test_a_plan_of_ones_own_text_starts_at_once_where_its_gate_is_open(play: Play) -> None:
    play.write("main", FILE, "gates:\n  plan: auto\n", by=play.bot)
    theirs = play.open("Another sprint", "- b: The second", by=play.bob)
    play.alice.set_labels(play.repo, theirs, [PLAN_LABEL], [])
    board = play.wait(lambda: play.written(theirs, "board"))
    assert board and "`gates.plan: auto` starts only what the one who says `/plan` wrote" in board

    kickoff = play.kickoff("- a: The first")
    play.approve_until_closed(kickoff)
    assert play.merged("a") and "b" not in play.tasks()
