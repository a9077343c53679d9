"""A repository's own `.caloron.yml`: what it says is done, and a wrong one is told and does not count."""

from bot.harness.scripted_agent import program_of
from tests.flows.house import ALICE, BOT
from tests.flows.play import Play

FILE = ".caloron.yml"
TASKS = ("- a: Do one thing", "- b: Do another")


def most_at_once(play: Play) -> int:
    """How many agents were at work at the same time, at most."""
    store = play.house.store
    assert store
    running, most = set[str](), 0
    for entry in store.journal(play.lane, 0):
        event = entry["event"]
        if event["type"] == "agent_finished":
            running.remove(f"{event['sprint_id']}/{event['task_id']}/run/{event['attempt']}")
        running |= {key for key in entry["actions"] if "/run/" in key}
        most = max(most, len(running))
    return most


def configured(play: Play) -> dict[str, object]:
    """What the bot holds of the file."""
    store = play.house.store
    assert store
    return dict(store.load(play.lane).state.get("config") or {})


def test_what_the_file_says_is_done(play: Play) -> None:
    play.write("main", FILE, "pipeline:\n  parallel: 1\nprotected_paths:\n  - b.txt\n", by=play.bot)
    kickoff = play.start(*TASKS)
    play.pull("a")
    play.wait(lambda: play.is_in("b", "escalated"))
    assert most_at_once(play) == 1
    assert play.outcomes("a") == ["done"] and play.outcomes("b") == ["protected", "protected"]
    assert configured(play)["values"] == {"parallel": 1, "protected_paths": ["b.txt"]}
    assert len(play.all_written(kickoff, "note")) == 1  # of the escalation, none of the file


def test_work_is_verified_before_it_is_proposed(play: Play) -> None:
    """The agent's second answer is right; the stub gives it once it is told what the command wrote."""
    check = "grep -qx good checked.txt || { echo checked.txt is not good; exit 1; }"
    play.write("main", FILE, f'verify:\n  - name: words\n    run: "{check}"\n', by=play.bot)
    play.start("- checked: Do it well")
    pull = play.pull("checked")
    assert play.outcomes("checked") == ["done"]
    assert pull["status"]["contexts"] == {"caloron/words": "success"}
    [run] = play.runs("checked")
    assert [one["outcome"] for one in run["verification"]] == ["passed"]


def test_work_that_does_not_pass_is_a_draft_until_it_does(play: Play) -> None:
    verify = "supervisor:\n  retries: 1\nverify:\n  - name: words\n    run: grep -q never a.txt\n"
    play.write("main", FILE, verify, by=play.bot)
    kickoff = play.start("- a: Do it well")
    play.wait(lambda: play.is_in("a", "escalated"))
    play.quiet()
    pull = play.pull_of("a")
    assert pull is not None
    draft = play.bot.pull(play.repo, pull["number"])
    assert draft["draft"] and draft["status"]["contexts"] == {"caloron/words": "failure"}
    assert play.outcomes("a") == ["unverified"] and "❌ failed" in (draft["body"] or "")
    assert "shown as the draft" in (play.written(kickoff, "note") or "")

    passes = "verify:\n  - name: words\n    run: test -e a.txt\n"
    valid = play.write("main", FILE, passes, by=play.bot)
    play.wait(lambda: configured(play).get("valid") == valid)
    play.say(play.task("a"), "/retry")
    play.wait(lambda: play.outcomes("a") == ["unverified", "done"])
    play.wait(lambda: not play.bot.pull(play.repo, pull["number"])["draft"])
    play.approve_until_closed(kickoff)
    assert play.merged("a")


def test_a_repositorys_own_agent_does_its_tasks(play: Play) -> None:
    """It is a program of the repository here, started as any other by the command in the file."""
    agent = program_of("echo 'made by an own agent' > made.txt")
    play.write("main", "tools/agent.py", agent, by=play.bot)
    play.write("main", FILE, "agents:\n  framework: {acp: python3 -I tools/agent.py}\n", by=play.bot)
    play.start("- made: Make it")
    pull = play.pull("made")
    assert play.outcomes("made") == ["done"]
    [run] = play.runs("made")
    assert run["framework"] == "acp" and "Made by `python3` in run 1" in (pull["body"] or "")


def test_no_task_is_begun_while_people_have_enough_to_review(play: Play) -> None:
    play.write("main", FILE, "pipeline:\n  parallel: 1\nagents:\n  max_unreviewed: 1\n", by=play.bot)
    kickoff = play.start(*TASKS)
    pull = play.pull("a")
    play.quiet()
    waits = "waiting: 1 pull request waits for a review"
    assert waits in (play.written(kickoff, "board") or "") and play.outcomes("b") == []
    play.say(kickoff, "/why b")
    assert waits in play.answer(kickoff, "`b`")
    play.alice.review(play.repo, pull["number"], "approve", "Good.")
    play.pull("b")
    assert play.merged("a") and play.outcomes("b") == ["done"]


def test_the_named_reviewers_are_asked_and_a_wrong_name_is_told_once(play: Play) -> None:
    names = f"[{BOT}, {ALICE}, nobody-of-that-name]"
    play.write("main", FILE, f"review:\n  reviewers: {names}\n", by=play.bot)
    kickoff = play.start("- a: Do one thing", "- b: Do another")
    number = play.pull("a")["number"]
    play.pull("b")
    note = play.wait(lambda: play.written(kickoff, "note"))
    assert note and "refused to ask for a review: `nobody-of-that-name`" in note
    shown = play.bot.api.get(f"/repos/{play.repo}/pulls/{number}")["requested_reviewers"]
    assert [one["login"] for one in shown] == [ALICE]
    play.alice.review(play.repo, number, "approve", "Good.")
    play.wait(lambda: play.merged("a"))
    assert play.all_written(kickoff, "note") == [note] and play.all_written(number, "note") == []


def test_no_agent_starts_over_the_budget_until_it_is_raised(play: Play) -> None:
    play.write("main", FILE, "budget:\n  task: 900 tokens\n", by=play.bot)
    kickoff = play.start("- costly: Do something")
    pull = play.pull("costly")
    said = play.wait(lambda: [one for one in play.all_written(kickoff, "note") if "budget" in one])
    assert said[0].startswith("The budget of task `costly`, 900 tokens, is used up")
    play.request_changes(pull["number"], "Please, more.", "costly.txt", "Here.")
    play.wait(lambda: "900 tokens, is used up" in (play.written(kickoff, "board") or ""))
    play.quiet()
    assert play.outcomes("costly") == ["done"]

    play.write("main", FILE, "budget:\n  task: 5k\n", by=play.bot)
    play.wait(lambda: play.outcomes("costly") == ["done", "done"])
    play.approve_until_closed(kickoff)
    assert len([one for one in play.all_written(kickoff, "note") if "budget" in one]) == 1


def test_no_agent_starts_over_the_budget_of_sprint_or_day(play: Play) -> None:
    """`/budget` raises the one for this sprint; the other is raised in the file, or over at midnight."""
    where = f"/repos/{play.repo}/collaborators/{ALICE}"
    play.bot.api.send("PUT", where, {"permission": "admin"})
    play.write("main", FILE, "budget:\n  sprint: 900 tokens\n  day: 1500 tokens\n", by=play.bot)
    kickoff = play.start("- costly: Do something")
    pull = play.pull("costly")
    play.request_changes(pull["number"], "Please, more.", "costly.txt", "Here.")
    play.wait(lambda: "this sprint, 900 tokens, is used up" in (play.written(kickoff, "board") or ""))
    play.say(kickoff, "/budget")
    shown = play.answer(kickoff, "Used so far")
    assert "this sprint: 1,000 tokens" in shown and "111 % of 900 tokens" in shown
    assert "today: 1,000 tokens" in shown
    play.say(kickoff, "/budget +5000")
    play.answer(kickoff, "now 5,900 tokens")
    play.wait(lambda: play.outcomes("costly") == ["done", "done"])
    play.wait(lambda: [one for one in play.all_written(kickoff, "note") if "The budget of this day" in one])
    play.approve_until_closed(kickoff)


def test_whoever_may_read_sees_which_settings_hold_and_where_they_come_from(play: Play) -> None:
    commit = play.write("main", FILE, "pipeline:\n  parallel: 1\nmerge: {mode: manual}\n", by=play.bot)
    kickoff = play.kickoff(*TASKS)
    play.wait(lambda: configured(play).get("valid") == commit)
    asked = play.say(kickoff, "/config", by=play.mallory)
    said = play.answer(kickoff, "These settings are in effect:")
    page = play.bot.repository(play.repo)["html_url"]
    assert (
        f"`pipeline.parallel`: `1` — [line 2 of `{FILE}`]({page}/" in said and f"{commit}/{FILE}#L2)" in said
    )
    assert f"`merge.mode`: `manual` — [line 3 of `{FILE}`]" in said
    assert "`agents.framework`: `stub` — the operator's `CALORON_FRAMEWORK`" in said
    assert "`agents.max_unreviewed`: `3` — default" in said
    play.reacted(asked, "eyes", "rocket")


def test_a_wrong_file_is_told_once_and_the_last_valid_one_stays(play: Play) -> None:
    valid = play.write("main", FILE, "pipeline:\n  parallel: 1\n")
    kickoff = play.kickoff(*TASKS)
    play.wait(lambda: configured(play).get("valid") == valid)
    wrong = play.write("main", FILE, "pipeline:\n  paralel: 5\n")
    note = play.wait(lambda: play.written(kickoff, "note"))
    assert note and "unknown key `pipeline.paralel`; did you mean `pipeline.parallel`?" in note
    assert f"[line 2, column 3]({play.bot.repository(play.repo)['html_url']}/" in note
    assert f"{wrong}/{FILE}#L2)" in note and valid[:10] in note

    later = play.write("main", "other.txt", "one\n")
    play.wait(lambda: configured(play)["commit"] == later)
    play.say(kickoff, "/approve")
    play.pull("a")
    play.pull("b")
    assert most_at_once(play) == 1
    assert len(play.all_written(kickoff, "note")) == 1

    fixed = play.write("main", FILE, "pipeline:\n  parallel: 2\n")
    play.wait(lambda: configured(play)["valid"] == fixed)
    assert configured(play)["values"] == {"parallel": 2}


def test_only_the_base_branch_counts(play: Play) -> None:
    kickoff = play.kickoff(*TASKS)
    play.wait(lambda: configured(play))
    head = play.write("side", FILE, "pipeline:\n  parallel: 1\n")
    pushed = {"object": "branch", "branch": "side", "head_sha": head}
    play.wait(lambda: [event for event in play.told() if pushed.items() <= event.items()])
    play.quiet()
    assert configured(play)["values"] == {}
    play.say(kickoff, "/approve")
    play.pull("a")
    play.pull("b")
    assert most_at_once(play) == 2
