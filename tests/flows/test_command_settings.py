"""`commands` of `.caloron.yml`: how commands begin, and what they take."""

from collections.abc import Callable

from tests.flows.house import ALICE, BOB, OTHER_BOT, House
from tests.flows.play import Play

FILE = ".caloron.yml"


def valid(play: Play) -> str | None:
    """The commit whose file is in force."""
    store = play.house.store
    assert store
    return store.load(play.lane).state["config"]["valid"]


def test_where_the_prefix_is_required_only_that_makes_a_command(play: Play) -> None:
    play.write("main", FILE, "commands:\n  prefix: required\n", by=play.bot)
    kickoff = play.kickoff("- a: The first")
    play.wait(lambda: "as in `/caloron approve`" in (play.written(kickoff, "board") or ""))
    bare = play.say(kickoff, "/approve")
    play.quiet()
    assert play.reactions(bare) == set() and play.tasks() == {}
    play.say(kickoff, "/caloron help")
    assert "`/caloron approve [gate] [hash]`" in play.answer(kickoff, "what it does")
    play.reacted(play.say(kickoff, "/caloron approve"), "eyes", "rocket")
    play.approve_until_closed(kickoff)
    assert play.merged("a")


def test_a_command_and_its_label_take_what_the_file_asks_for(play: Play) -> None:
    play.write("main", FILE, "commands:\n  minimum: {skip: maintain, hold: maintain}\n", by=play.bot)
    kickoff = play.start("- a: The first")
    number, issue = play.pull("a")["number"], play.task("a")
    play.reacted(play.say(issue, "/skip"), "eyes", "confused")
    play.answer(issue, "`/skip` needs maintain access")
    play.say(kickoff, "/help skip")
    play.answer(kickoff, "Only maintainers may use it.")
    play.alice.set_labels(play.repo, number, ["caloron:hold"], [])
    play.answer(number, "`/hold` needs maintain access")
    play.wait(lambda: "caloron:hold" not in play.bot.issue(play.repo, number)["labels"])
    play.approve_until_closed(kickoff)
    assert play.merged("a")


def test_another_bot_acts_where_the_file_names_it_and_approves_nothing(
    staged: Callable[..., Play], house: House
) -> None:
    name = OTHER_BOT if house.kind == "github" else BOB
    machine, play = house.of(name), staged(rights={ALICE: "admin", name: "write"})
    kickoff = play.start("- a: The first")
    number, issue = play.pull("a")["number"], play.task("a")
    if name == OTHER_BOT:
        unheard = play.say(issue, "/hold", by=machine)
        play.heard(unheard)
        assert not play.reactions(unheard) and not play.all_written(issue, "answer")
    commit = play.write("main", FILE, f"commands:\n  bots: [{machine.me()['id']}]\n", by=play.bot)
    play.wait(lambda: valid(play) == commit)
    for words in ("/hold", "/unhold"):
        play.reacted(play.say(issue, words, by=machine), "eyes", "rocket")
    play.reacted(play.say(number, "/approve merge", by=machine), "eyes", "confused")
    play.answer(number, "only a person may approve")
    machine.review(play.repo, number, "approve", "Good.")
    play.wait(lambda: "is no person's account" in (play.written(number, "note") or ""))
    assert not play.merged("a")
    play.approve_until_closed(kickoff)
