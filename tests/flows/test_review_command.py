"""`/review` and the label `caloron:review`: the reviewers are asked again."""

from tests.flows.house import ALICE, BOB
from tests.flows.play import Play

FILE, LABEL = ".caloron.yml", "caloron:review"
ASKED = "I ask for a review again"


def is_asked(play: Play, number: int, login: str) -> bool:
    """Whether this account's review is asked for and not given."""
    path = f"/repos/{play.repo}/pulls/{number}"
    if play.house.kind == "github":
        return login in [one["login"] for one in play.bot.api.get(path)["requested_reviewers"]]
    found = play.bot.api.get(f"{path}/reviews")
    return login in [one["user"]["login"] for one in found if one["state"] == "REQUEST_REVIEW"]


def review(play: Play, number: int, verdict: str) -> None:
    with play.noticed(f"pull:{number}"):
        play.alice.review(play.repo, number, verdict, "I looked at it.")


def test_those_whom_the_file_names_are_asked_again(play: Play) -> None:
    play.write("main", FILE, f"review:\n  reviewers: [{ALICE}]\n", by=play.bot)
    kickoff = play.start("- a: Do one thing")
    number, issue = play.pull("a")["number"], play.task("a")
    play.wait(lambda: is_asked(play, number, ALICE))
    review(play, number, "comment")
    assert not is_asked(play, number, ALICE)

    refused = play.say(number, "/review", by=play.mallory)
    play.reacted(refused, "eyes", "confused")
    play.say(kickoff, "/review", by=play.bob)
    play.answer(kickoff, "Say `/review` on the pull request of a task of the running sprint.")
    assert not is_asked(play, number, ALICE)
    play.reacted(play.say(issue, "/review", by=play.bob), "eyes", "rocket")
    assert play.answer(issue, ASKED) == f"{ASKED}: `{ALICE}`."
    play.wait(lambda: is_asked(play, number, ALICE))


def test_where_nobody_is_named_those_who_judged_it_or_were_asked_are_asked(play: Play) -> None:
    play.start("- a: Do one thing")
    number = play.pull("a")["number"]
    play.reacted(play.say(number, "/review"), "eyes", "confused")
    assert "`review.reviewers` in `.caloron.yml`" in play.answer(number, "I know nobody to ask")

    play.reacted(play.say(number, "/hold"), "eyes", "rocket")
    review(play, number, "approve")
    with play.noticed(f"pull:{number}"):
        play.alice.request_review(play.repo, number, [BOB])
    play.alice.set_labels(play.repo, number, [LABEL], [])
    assert play.answer(number, ASKED) == f"{ASKED}: `{ALICE}`, `{BOB}`."
    play.wait(lambda: is_asked(play, number, ALICE) and is_asked(play, number, BOB))
    play.wait(lambda: LABEL not in play.bot.issue(play.repo, number)["labels"])
    play.quiet()
    assert not play.merged("a") and len(play.all_written(number, "answer")) == 2
