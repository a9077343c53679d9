"""A plan is changed by its people: while it waits for its approval, and while its sprint runs."""

from handlers.labels import TASK
from handlers.repository_labels import OFFERED_LABELS
from tests.flows.play import Play
from tests.flows.test_plan import board_of, shown_hash


def test_a_plan_that_waits_is_changed_and_approved_as_it_is_then(play: Play) -> None:
    kickoff = play.kickoff("- a: The first", "- b: The second")
    old = shown_hash(play, kickoff)
    refused = play.say(kickoff, "/add-task Mine", by=play.mallory)
    play.reacted(refused, "eyes", "confused")
    play.say(kickoff, "/add-task Export as CSV --after a,zz")
    play.answer(kickoff, "The plan has no task `zz`. Its tasks are `a`, `b`.")
    play.quiet()
    assert shown_hash(play, kickoff) == old

    said = play.say(kickoff, '/add-task "Export as CSV" --after a,b --scope exports')
    added = play.answer(kickoff, "+ task-3 Export as CSV (after a, b; only exports)")
    assert "The plan waits for `/approve` as the board shows it now." in added
    play.reacted(said, "eyes", "rocket")
    play.wait(lambda: shown_hash(play, kickoff) != old)
    with_it, board = shown_hash(play, kickoff), board_of(play, kickoff)
    assert f"@alice changed the plan `{old}`:\n\n```diff\n+ task-3 Export" in board
    assert "**Export as CSV** (`task-3`)" in board and "- exports" not in board
    play.say(kickoff, "/drop-task b")
    play.answer(kickoff, "`task-3` comes after `b`, so I keep it. Drop it first.")
    play.say(kickoff, "/drop-task TASK-3")
    play.answer(kickoff, "- task-3 Export as CSV")
    play.say(kickoff, "/drop-task b")
    play.answer(kickoff, "- b The second")
    play.wait(lambda: "The plan has one task." in board_of(play, kickoff))
    play.say(kickoff, "/drop-task a")
    play.answer(kickoff, "`a` is the only task of this plan.")

    late = play.say(kickoff, f"/approve {with_it}")
    play.answer(kickoff, f"not `{with_it}`")
    play.nothing_started(late)
    play.say(kickoff, "/add-task Another page")
    play.wait(
        lambda: "(`task-4`)" not in board_of(play, kickoff) and "Another page" in board_of(play, kickoff)
    )
    play.say(kickoff, "/approve")
    play.approve_until_closed(kickoff)
    assert set(play.tasks()) == {"a", "task-2"}
    assert play.issue(play.task("task-2"))["title"] == "Another page"
    assert len(play.all_written(kickoff, "board")) == 1


def test_a_running_sprint_takes_a_task_more_and_one_less(play: Play) -> None:
    kickoff = play.start("- a: The first", "- b: The second (after: a)", "- c: The third (after: b)")
    play.pull("a")
    refused = play.say(kickoff, "/drop-task c", by=play.mallory)
    play.reacted(refused, "eyes", "confused")
    play.say(kickoff, "/drop-task a")
    play.answer(kickoff, "`b` comes after `a`, so I keep it. Drop it first.")
    play.say(play.task("a"), "/add-task Elsewhere")
    play.answer(play.task("a"), f"Say `/add-task` on the kickoff, #{kickoff}.")

    play.say(kickoff, f"/add-task One more --after #{play.task('a')}")
    play.answer(kickoff, "+ task-4 One more (after a)")
    play.say(kickoff, "/drop-task c")
    play.answer(kickoff, "- c The third")
    play.wait(lambda: "**The third** (`c`) | 🚫 cancelled" in board_of(play, kickoff))
    board = board_of(play, kickoff)
    assert (
        "+ task-4 One more (after a)" in board
        and "**One more** (`task-4`) | ⏳ pending | after `a` |" in board
    )
    assert play.outcomes("a") == ["done"] and set(play.tasks()) == {"a"}

    play.approve_all()
    issue, pull = play.task("task-4"), play.pull("task-4")
    play.pull("b")
    play.say(kickoff, "/drop-task task-4")
    play.wait(lambda: play.closed(issue))
    note = (
        f"@alice took this task out of the plan, so I close its issue. Its pull request, #{pull['number']},"
    )
    play.wait(lambda: note in (play.written(issue, "note") or ""))
    play.wait(lambda: play.is_in("task-4", "sprint-cancelled"))
    play.say(kickoff, "/drop-task a")
    play.answer(kickoff, "`a` is Done, so it cannot be dropped.")
    play.approve_all()
    play.wait(lambda: play.closed(kickoff))
    play.quiet()
    assert set(play.tasks()) == {"a", "b", "task-4"}
    assert play.merged("b") and not play.merged("task-4") and "is done" in board_of(play, kickoff)


def test_the_agent_of_a_dropped_task_is_stopped(play: Play) -> None:
    kickoff = play.start("- cut: The first", "- a: The second")
    play.has_written("cut", "half.txt")
    play.pull("a")
    said = play.say(kickoff, "/drop-task cut")
    assert "I am stopping its agent." in play.answer(kickoff, "- cut The first")
    play.reacted(said, "eyes", "rocket")
    play.wait(lambda: play.closed(play.task("cut")))
    play.approve_until_closed(kickoff)
    play.wait(lambda: play.outcomes("cut"))
    assert play.outcomes("cut") == ["stopped"] and play.pull_of("cut") is None


def test_an_issue_with_the_label_of_a_task_is_one_of_the_running_sprint(play: Play) -> None:
    early = play.open("Too early", "There is no sprint yet.")
    play.opened(early)
    play.bot.make_labels(play.repo, OFFERED_LABELS)
    play.alice.set_labels(play.repo, early, [TASK], [])
    play.answer(early, "No sprint runs here, so this issue is no task.")
    play.wait(lambda: TASK not in play.issue(early)["labels"])

    kickoff = play.start("- a: The first")
    play.pull("a")
    theirs = play.open(
        "Export as CSV", "One row a line.\n\n<!-- how to fill in this form -->", by=play.mallory
    )
    play.opened(theirs, by="mallory")
    play.alice.set_labels(play.repo, theirs, [TASK], [])
    said = play.answer(theirs, "+ task-2 Export as CSV")
    assert f"This issue is a task of sprint #{kickoff}" in said
    play.wait(lambda: "+ task-2 Export as CSV" in board_of(play, kickoff))
    pull = play.wait(lambda: play.pull_of("task-2"))
    assert pull and f"Closes #{theirs}" in (pull["body"] or "")
    prompt = play.prompt_of("task-2")
    assert "One row a line." in prompt and "how to fill in" not in prompt
    play.wait(lambda: "caloron:review-pending" in play.issue(theirs)["labels"])

    play.alice.set_labels(play.repo, kickoff, [TASK], [])
    play.answer(kickoff, "This issue is a kickoff, so it cannot be a task.")
    play.wait(lambda: TASK not in play.issue(kickoff)["labels"])
    play.approve_until_closed(kickoff)
    play.wait(lambda: play.closed(theirs))
    assert set(play.tasks()) == {"a"} and play.merged("task-2")
    assert sorted(play.issue(theirs)["labels"]) == ["caloron:done", TASK]
    assert len(play.all_written(theirs, "answer")) == 1


def test_a_text_that_is_edited_after_its_plan_asks_again(play: Play) -> None:
    kickoff = play.kickoff("- a: The first", "- b: The second")
    old = shown_hash(play, kickoff)
    play.alice.edit_issue(
        play.repo, kickoff, body="Another thing.\n\n- a: The first\n- c: The third (after: a)"
    )
    play.wait(lambda: "The text above has changed since this plan was made" in board_of(play, kickoff))
    asked = play.say(kickoff, "/approve")
    play.answer(kickoff, f"`/approve {old}` to start the plan as the board shows it.")
    play.reacted(asked, "eyes", "confused")
    play.nothing_started(asked)

    play.say(kickoff, "/plan")
    play.wait(lambda: "+ c The third (after a)" in board_of(play, kickoff))
    board = board_of(play, kickoff)
    assert f"@alice changed the plan `{old}`:" in board and "The text above has changed" not in board
    assert "- b The second" in board and "! sprint What every agent is told" in board
    late = play.say(kickoff, f"/approve {old}")
    play.wait(
        lambda: "- b The second\n+ c The third (after a)" in play.answer(kickoff, "What has changed since:")
    )
    play.nothing_started(late)
    play.say(kickoff, "/approve")
    play.pull("a")
    play.alice.edit_issue(play.repo, kickoff, title="Something else")
    play.wait(lambda: "which changes nothing in the plan" in board_of(play, kickoff))
    play.approve_until_closed(kickoff)
    assert set(play.tasks()) == {"a", "c"}
    ended = board_of(play, kickoff)

    following = play.start("- d: The fourth")
    play.pull("d")
    play.say(kickoff, "/plan")
    play.answer(kickoff, "This sprint has ended (Done). To run another one, open a new issue with its goal.")
    play.approve_until_closed(following)
    again = play.start("- e: The fifth")
    play.pull("e")
    play.say(kickoff, "/plan")
    play.answer(kickoff, "This sprint has ended. To run another one, open a new issue with its goal.")
    play.approve_until_closed(again)
    assert board_of(play, kickoff) == ended


def test_a_task_is_replaced_by_its_parts(play: Play) -> None:
    points = ["  1. **The head**", "     with a logo", "  2. The foot"]
    kickoff = play.start("- h: The page", *points, "- cut: Another", "- b: The last (after: h)")
    pull, issue = play.pull("h"), play.task("h")
    play.say(play.task("cut"), "/break-down")
    assert f"Say `/add-task <title>` on #{kickoff}" in play.answer(
        play.task("cut"), "I find no parts in `cut`"
    )
    refused = play.say(issue, "/break-down", by=play.mallory)
    play.reacted(refused, "eyes", "confused")
    play.say(kickoff, "/drop-task cut")
    play.wait(lambda: play.closed(play.task("cut")))

    said = play.say(pull["number"], "/break-down")
    done = play.answer(pull["number"], "- h The page")
    assert "! b The last (after h-1, h-2)\n+ h-1 The head\n+ h-2 The foot (after h-1)" in done
    play.reacted(said, "eyes", "rocket")
    play.wait(lambda: play.closed(issue))
    play.pull("h-1")
    assert "with a logo" in play.prompt_of("h-1") and "Part of: The page" in play.prompt_of("h-1")
    assert "h-2" not in play.tasks()
    play.say(issue, "/break-down")
    play.answer(issue, "`h` is already Cancelled, so it has no parts.")
    play.approve_until_closed(kickoff)
    assert set(play.tasks()) == {"h", "cut", "h-1", "h-2", "b"}
    assert play.merged("h-2") and play.merged("b") and not play.bot.pull(play.repo, pull["number"])["merged"]
