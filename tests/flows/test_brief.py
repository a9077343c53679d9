"""What people write in a kickoff reaches the board, the tasks' issues and the agents, word for word."""

from shell.neutralize import as_text
from tests.flows.play import PLAN_LABEL, Play
from tests.flows.recorded_agents import BRIEFED, BRIEFED_BEHIND, SAID_BY_BRIEFED

TEXT = f"""\
Hi all,

{BRIEFED["goal"]}

## Background

{BRIEFED["background"]}

```sh
{BRIEFED["code"]}
```

## Constraints

- {BRIEFED["constraint"]}

## Tasks

- briefed: Write the first file
  {BRIEFED["description"]}
  scope: briefed.txt
  accept: {BRIEFED["acceptance of the task"]}
- behind: Write the second file (after: briefed) (scope: behind.txt)

## Acceptance

- {BRIEFED["acceptance"]}

## Out of scope

{BRIEFED["out of scope"]}

## Notes

{BRIEFED["note"]} See also [the page](https://wiki.example.org/files).

Thanks a lot!
"""


def test_what_is_written_arrives_at_the_board_the_issues_and_the_agents(play: Play) -> None:
    number = play.open("Files of the quarter", TEXT)
    play.alice.set_labels(play.repo, number, [PLAN_LABEL], [])
    board = play.wait(lambda: play.written(number, "board"))
    for sentence in (*BRIEFED.values(), "Files of the quarter"):
        assert as_text(sentence) in board or sentence in board, sentence
    for courtesy in ("Hi all, — a greeting", "Thanks a lot! — thanks"):
        assert courtesy in board
    play.quiet()
    play.say(number, "/approve")

    issue = play.issue(play.task("briefed"))["body"] or ""
    for what, sentence in BRIEFED.items():
        assert as_text(sentence) in issue or sentence in issue, what
    assert "Hi all" not in issue and "Thanks" not in issue

    play.approve_until_closed(number)
    behind = play.issue(play.task("behind"))["body"] or ""
    assert all(as_text(sentence) in behind or sentence in behind for sentence in BRIEFED_BEHIND)
    assert play.outcomes("briefed") == ["done"] and play.was_told("briefed")
    assert play.outcomes("behind") == ["done"] and play.was_told("behind")
    pull = play.pull_of("briefed")
    assert pull
    told = play.prompt_of("behind")
    assert f"briefed: Write the first file (pull request #{pull['number']})" in told
    assert "Files: briefed.txt" in told and f"> {SAID_BY_BRIEFED}" in told
    assert all(sentence in told for sentence in BRIEFED_BEHIND)
