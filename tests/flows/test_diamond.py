"""A whole sprint of four tasks, from the kickoff to the retro, driven by webhooks alone."""

from tests.flows.house import BOT
from tests.flows.play import Play

DIAMOND = (
    "- a: The first",
    "- b: The left (after: a)",
    "- c: The right (after: a)",
    "- d: The last (after: b, c)",
)


def test_a_diamond_is_done_once_and_in_order(play: Play) -> None:
    kickoff = play.kickoff(*DIAMOND)
    board = play.comment(kickoff, "board")
    approval = play.say(kickoff, "Looks good.\n\n/approve")
    play.approve_until_closed(kickoff)
    play.reacted(approval, "eyes", "rocket")

    tasks = play.tasks()
    assert set(tasks) == {"a", "b", "c", "d"}
    play.wait(lambda: all("caloron:done" in issue["labels"] for issue in play.tasks().values()))
    play.quiet()
    for name, issue in play.tasks().items():
        assert sorted(issue["labels"]) == ["caloron:done", "caloron:task"], name
        assert issue["state"] == "closed", name
        assert play.all_written(issue["number"]) == [], name

    pulls = play.pulls()
    assert sorted(pull["head"]["ref"].rpartition("/")[2] for pull in pulls) == ["a", "b", "c", "d"]
    assert all(pull["merged"] and pull["merged_by"] == BOT for pull in pulls)
    merged = [pull["head"]["ref"].rpartition("/")[2] for pull in pulls]
    assert merged[0] == "a" and merged[-1] == "d"
    assert all(play.bot.branch_head(play.repo, pull["head"]["ref"]) is None for pull in pulls)
    assert {path for path in play.bot.tree(play.repo, "main") if path.endswith(".txt")} == {
        "a.txt",
        "b.txt",
        "c.txt",
        "d.txt",
    }

    after = play.comment(kickoff, "board")
    assert after["comment_id"] == board["comment_id"]
    assert after["body"] != board["body"] and "is done" in after["body"]
    assert after["body"].count("✅ done | #") == 4
    assert len(play.all_written(kickoff, "retro")) == 1
    assert len(play.all_written(kickoff)) == 1, "the board, with the retro on it, and nothing else"
    assert play.issue(kickoff)["labels"] == ["caloron:sprint"]
