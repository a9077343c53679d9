"""What people are told, and how often: one line for one cause, on the thread where it is looked for."""

from bot.harness.scripted_agent import program_of
from tests.flows.house import BOT
from tests.flows.play import PLAN_LABEL, Play

FILE = ".caloron.yml"
NOT_INSTALLED = "cursor-cli"
USED_UP = program_of("").replace(
    """                work(script, "s1", text)
                result = {"stopReason": "end_turn"}
""",
    """                error = {"code": -32603, "message": "429: usage limit reached, try again in 2 hours"}
                send(id=request["id"], error=error)
                continue
""",
)
"""An agent whose model allows nothing more."""


def finished(play: Play, task_id: str) -> list[str]:
    """How the runs of a task ended, once the first one has."""
    return play.wait(lambda: play.outcomes(task_id))


def test_a_used_up_quota_is_one_line_for_three_tasks(play: Play) -> None:
    settings = "pipeline:\n  parallel: 3\nagents:\n  framework: {acp: python3 -I tools/agent.py}\n"
    play.write("main", "tools/agent.py", USED_UP, by=play.bot)
    play.write("main", FILE, settings, by=play.bot)
    kickoff = play.start("- a: One", "- b: Two", "- c: Three")
    finished(play, "a")
    play.wait(lambda: len([name for name in "abc" if play.outcomes(name)]) >= 2)
    play.quiet()
    [line] = play.all_written(kickoff, "note")
    assert line.startswith("I start no more agents of `acp` for now.") and "429: usage limit reached" in line
    assert set(play.tasks()) == {"a", "b", "c"}
    assert all(play.all_written(issue["number"]) == [] for issue in play.tasks().values())
    assert len(play.all_written(kickoff)) == 2, "the board, and that line"


def test_what_is_not_installed_is_said_before_the_approval_and_once_after_it(play: Play) -> None:
    tasks = [f"- {name}: Do it\n  framework: {NOT_INSTALLED}" for name in "abc"]
    kickoff = play.kickoff(*tasks)
    warned = f"⚠️ No agent of `{NOT_INSTALLED}` can start here: `cursor-agent` is not installed"
    play.say(kickoff, "/status")
    play.wait(lambda: warned in (play.written(kickoff, "board") or ""))
    play.say(kickoff, "/approve")
    finished(play, "a")
    play.wait(lambda: play.written(kickoff, "note"))
    play.quiet()
    [line] = play.all_written(kickoff, "note")
    assert line.startswith(f"I start no more agents of `{NOT_INSTALLED}` for now.")
    assert "cursor-agent\\` is not installed" in line
    assert all(play.all_written(issue["number"]) == [] for issue in play.tasks().values())
    assert {outcome for name in "abc" for outcome in play.outcomes(name)} == {"auth"}


def test_a_kickoff_has_the_label_of_a_sprint_however_it_was_begun(play: Play) -> None:
    number = play.open("A sprint", "- a: The first")
    asked = play.say(number, "/plan")
    play.wait(lambda: play.written(number, "board") and PLAN_LABEL in play.issue(number)["labels"])
    play.reacted(asked, "eyes", "rocket")
    play.quiet()
    assert play.issue(number)["labels"] == [PLAN_LABEL]
    assert len(play.all_written(number)) == 1, "its own label asks for nothing"


def test_red_checks_are_named_among_what_waits_on_people(play: Play) -> None:
    kickoff = play.start("- a: The first")
    pull = play.pull("a")
    play.alice.set_status(play.repo, pull["head"]["sha"], "failure", "ci/test")
    named = f"Waiting on you: #{pull['number']} (its checks are red)."
    play.wait(lambda: named in (play.written(kickoff, "board") or ""))
    play.alice.set_status(play.repo, pull["head"]["sha"], "success", "ci/test")
    play.wait(lambda: "Waiting on you" not in (play.written(kickoff, "board") or ""))
    play.approve_until_closed(kickoff)


def test_a_task_s_comment_is_put_back_after_an_edit(play: Play) -> None:
    kickoff = play.start("- a: The first")
    pull = play.pull("a")
    play.alice.api.send("PATCH", f"/repos/{play.repo}/pulls/{pull['number']}", {"state": "closed"})
    issue = play.task("a")
    said = play.wait(lambda: play.written(issue, "note"))
    assert said and f"PR #{pull['number']} was closed without being merged" in said
    play.pull("a")
    play.quiet()
    comment = play.comment(issue, "note")
    marker = comment["body"].splitlines()[-1]
    play.alice.edit_comment(play.repo, comment["comment_id"], f"Scribbled over.\n\n{marker}")
    play.wait(lambda: "closed without being merged" in play.comment(issue, "note")["body"])
    play.approve_until_closed(kickoff)
    assert [one["author"] for one in play.bot.issue_comments(play.repo, issue)] == [BOT]
    assert "**Merged**" in (play.written(issue, "note") or "")
