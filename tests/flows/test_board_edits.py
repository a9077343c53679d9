"""People edit the board: a ticked box is its command, and a changed plan is a change of the plan."""

from tests.flows.house import Client
from tests.flows.play import Play
from tests.flows.test_plan import board_of, shown_hash


def edit(play: Play, kickoff: int, *changes: tuple[str, str], by: Client | None = None) -> None:
    """Someone edits the board as it is now: each text is replaced by another."""
    play.wait(play.rests)
    board = play.wait(lambda: has_all(play, kickoff, [old for old, _ in changes]))
    for old, new in changes:
        board = board.replace(old, new, 1)
    comment = play.comment(kickoff, "board")["comment_id"]
    (by or play.alice).edit_comment(play.repo, comment, board)


def has_all(play: Play, kickoff: int, texts: list[str]) -> str:
    """The board, once it has all of them."""
    body: str = play.comment(kickoff, "board")["body"]
    return body if all(text in body for text in texts) else ""


def test_a_plan_that_waits_is_edited_on_the_board_and_approved_there(play: Play) -> None:
    kickoff = play.kickoff("- a: The first", "- b: The second (after: a)", "- c: The third")
    old = shown_hash(play, kickoff)
    edit(
        play,
        kickoff,
        ("- b: The second (after: a)", "- b: The other"),
        ("- c: The third\n", "- d: New (after: a)\n"),
    )
    said = play.answer(
        kickoff, "- c The third\n! b The other (other title; after nothing)\n+ d New (after a)"
    )
    assert "The plan waits for `/approve` as the board shows it now." in said
    play.wait(lambda: shown_hash(play, kickoff) != old and "**The other** (`b`)" in board_of(play, kickoff))
    assert f"@alice changed the plan `{old}`:" in board_of(play, kickoff)
    assert "edited the plan here" in board_of(play, kickoff)

    edit(play, kickoff, ("- d: New (after: a)", "- d: New (after: nothing)"))
    play.answer(kickoff, "nothing")
    edit(
        play, kickoff, ("- d: New (after: a)", "- d:   New (after: a)"), ("What the agents are told", "Mine")
    )
    play.answer(kickoff, "This changes nothing in the plan")
    edit(play, kickoff, ("- [ ] ⏳ **The first**", "- [x] ⏳ **The first**"))
    play.answer(kickoff, "- a The first\n! d New (after nothing)")
    play.wait(lambda: "**The first**" not in board_of(play, kickoff).partition("<details>")[0])
    play.quiet()  # a tick is only read on the board as the bot knows that it was written
    assert "- [x]" not in board_of(play, kickoff) and "Mine</summary>" not in board_of(play, kickoff)
    assert play.tasks() == {}

    edit(play, kickoff, ("- [ ] Approve this plan", "- [X] Approve this plan"))
    play.answer(kickoff, "Approved.")
    play.approve_until_closed(kickoff)
    assert set(play.tasks()) == {"b", "d"}
    assert play.issue(play.task("b"))["title"] == "The other"
    assert len(play.all_written(kickoff, "board")) == 1


def test_a_running_sprint_is_steered_by_boxes_and_its_plan_edited(play: Play) -> None:
    kickoff = play.start("- a: The first", "- cut: The second (after: a)", "- c: The third (after: cut)")
    pull = play.pull("a")
    edit(play, kickoff, ("- [ ] Pause (`/pause`)", "- [x] Pause (`/pause`)"), by=play.bob)
    play.answer(kickoff, "Paused: nothing new starts until `/resume`.")
    play.wait(lambda: "@bob paused it" in board_of(play, kickoff))
    edit(play, kickoff, ("- [ ] Continue (`/resume`)", "- [x] Continue (`/resume`)"))
    play.answer(kickoff, "The sprint continues.")
    play.wait(lambda: "is running" in board_of(play, kickoff))

    edit(play, kickoff, ("- a: The first", "- a: Another"))
    play.answer(kickoff, "`a` has begun, so its line stays as it is.")
    edit(play, kickoff, ("- cut: The second (after: a)\n", ""))
    play.answer(kickoff, "`c` comes after `cut`, so I kept the plan as it is.")
    moved = ("- c: The third (after: cut)", "- c: Last of all\n- e: More (after: c)")
    edit(play, kickoff, ("- cut: The second (after: a)\n", ""), moved)
    said = play.answer(
        kickoff, "- cut The second\n! c Last of all (other title; after nothing)\n+ e More (after c)"
    )
    assert "All else that has begun goes on." in said
    play.pull("c")
    assert play.issue(play.task("c"))["title"] == "Last of all"
    assert play.outcomes("a") == ["done"] and play.pull("a")["head"]["sha"] == pull["head"]["sha"]
    play.approve_until_closed(kickoff)
    assert set(play.tasks()) == {"a", "c", "e"} and play.merged("e")


def test_an_edit_of_the_board_takes_the_right_of_its_command(play: Play) -> None:
    minimum = "commands:\n  minimum: {add-task: maintain, pause: maintain}\n"
    play.write("main", ".caloron.yml", minimum, by=play.bot)
    kickoff = play.start("- a: The first", "- b: The second (after: a)")
    play.pull("a")
    edit(play, kickoff, ("- [ ] Pause", "- [x] Pause"), ("- b: The second", "- b: Mine"))
    play.answer(kickoff, "@alice, `/pause` needs maintain access")
    play.answer(kickoff, "@alice, a change of the plan needs maintain access")
    edit(play, kickoff, ("- [ ] Pause", "- [ ] Stop"), ("is running", "is mine"))
    play.wait(lambda: has_all(play, kickoff, ["- [ ] Pause", "is running", "- b: The second"]))
    play.approve_until_closed(kickoff)
    assert play.issue(play.task("b"))["title"] == "The second" and play.merged("b")
    assert len(play.all_written(kickoff, "answer")) == 2 and not play.all_written(kickoff, "note")
