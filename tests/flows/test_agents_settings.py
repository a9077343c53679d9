"""`agents.model`, `commits` and `review.rounds` of `.caloron.yml`: how and how often agents work."""

from tests.flows.play import Play

FILE = ".caloron.yml"


def test_each_task_gets_the_model_of_its_complexity_and_commits_are_as_the_file_says(play: Play) -> None:
    models = "agents:\n  model: small\n  models: {complex: large}\n"
    play.write("main", FILE, models + "commits: {style: conventional, sign_off: true}\n", by=play.bot)
    rows = ("- a: Do one thing", "- b: Fix another (complexity: complex)", "- c: Do more (model: own)")
    kickoff = play.start(*rows)
    for task, model in (("a", "small"), ("b", "large"), ("c", "own")):
        said, who = play.message(task), play.runs(task)[0]["agent_id"]
        assert f"Assisted-by: stub {model}\n" in said
        assert f"Signed-off-by: caloron-agent-{who} <caloron-agent-{who}@caloron.invalid>" in said
    assert play.message("a").startswith("feat: do one thing\n")
    assert play.pull("b")["title"] == "fix: fix another"
    assert "Conventional Commits" in play.prompt_of("a")
    play.approve_until_closed(kickoff)


def test_a_commit_names_no_framework_where_the_file_forbids_it(play: Play) -> None:
    play.write("main", FILE, "commits: {trailers: {assisted_by: false}}\n", by=play.bot)
    play.start("- a: Do one thing")
    said = play.message("a")
    assert said.startswith("Do one thing\n") and "Task: a" in said
    assert "Assisted-by" not in said and "Signed-off-by" not in said


def test_after_as_many_rounds_as_reviews_may_ask_for_a_person_is_asked(play: Play) -> None:
    play.write("main", FILE, "review:\n  rounds: 1\n", by=play.bot)
    kickoff = play.start("- a: Do one thing")
    number = play.pull("a")["number"]
    play.request_changes(number, "Please, more.", "a.txt", "Here.")
    play.wait(lambda: play.outcomes("a") == ["done", "done"])
    play.pull("a")
    play.request_changes(number, "Still not enough.", "a.txt", "Here.")
    note = play.wait(lambda: play.written(kickoff, "note"))
    assert note and "reviews asked for changes again, after one round of rework" in note
    play.wait(lambda: play.is_in("a", "escalated"))
    play.quiet()
    assert play.outcomes("a") == ["done", "done"]

    play.say(play.task("a"), "/retry")
    play.wait(lambda: play.outcomes("a") == ["done", "done", "no_change", "done"])
    assert "Still not enough." in play.prompt_of("a", 3)
    play.approve_until_closed(kickoff)
