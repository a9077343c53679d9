"""`pipeline.default` and `/plan --pipeline`: how a sprint is worked through."""

import pytest

from tests.flows.house import ALICE
from tests.flows.play import Play

FILE = f"agents: {{models: {{quick: small, standard: large}}}}\nreview: {{reviewers: [{ALICE}]}}\n"
QUICK = FILE + "pipeline: {default: quick}\n"


def asked(play: Play, number: int) -> list[str]:
    """Who is asked for a review of a pull request."""
    shown = play.bot.api.get(f"/repos/{play.repo}/pulls/{number}")["requested_reviewers"] or []
    return [one["login"] for one in shown]


@pytest.mark.parametrize(("config", "said"), [(QUICK, "/plan"), (FILE, "/plan --pipeline quick")])
def test_a_quick_sprint_asks_nobody_and_takes_the_model_of_quick_tasks(
    play: Play, config: str, said: str
) -> None:
    play.write("main", ".caloron.yml", config, by=play.bot)
    kickoff = play.open("A sprint", "- a: Do one thing")
    play.say(kickoff, said)
    play.wait(lambda: "pipeline `quick`: nobody is asked to review" in (play.written(kickoff, "board") or ""))
    play.say(kickoff, "/approve")
    pull = play.pull("a")
    play.quiet()
    assert asked(play, pull["number"]) == []
    assert "Assisted-by: stub small" in play.message("a")
    play.approve_until_closed(kickoff)
    assert play.merged("a")


def test_what_was_said_with_the_plan_wins(play: Play) -> None:
    play.write("main", ".caloron.yml", QUICK, by=play.bot)
    kickoff = play.kickoff("- a: Do one thing")
    play.say(kickoff, "/plan --pipeline standard")
    play.wait(lambda: "quick" not in (play.written(kickoff, "board") or "quick"))
    play.say(kickoff, "/approve")
    number = play.pull("a")["number"]
    play.wait(lambda: asked(play, number) == [ALICE])
    assert "Assisted-by: stub large" in play.message("a")
    play.say(kickoff, "/config")
    assert f"`pipeline.default`: `standard` — `/plan --pipeline` of the running sprint, #{kickoff}" in (
        play.answer(kickoff, "These settings are in effect:")
    )
