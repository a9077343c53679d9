"""What an edit of the board asks for: only what was there, and is other now."""

from functools import partial

import pytest

from handlers.board import Asked, asked_on_board
from tests.handlers.test_hard_texts import MOST_TIMES, PIECES, of_length, prose_s, seconds

PLAN = "- a: The first\n- b: The second (after: a)"
BOARD = f"""### Sprint `shop-1a2b-4` is waiting for your approval

- [ ] Approve this plan (`/approve 0c1aaa57dd76`)
- [ ] Try **A \\`/stop\\`** again (`/retry t1`)

- [ ] ⏳ **The \\*\\* (\\`b\\`) first** (`a`)
- [ ] ⏳ **The second** (`b`) — after `a`

<details><summary>Edit the plan</summary>

Edit this comment.

```text
{PLAN}
```

</details>

<details><summary>What the agents are told</summary>

- [ ] Looks good (`/pause`)

```text
{PLAN}
```

</details>
"""


def asked(*changes: tuple[str, str], board: str = BOARD, ends: str = "\n") -> Asked:
    text = board
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return asked_on_board(board, text.replace("\n", ends))


def said(found: Asked) -> list[tuple[str, list[str]]]:
    return [(command["name"], command["positional"]) for command in found.commands]


def ticked(begin: str) -> tuple[str, str]:
    return f"- [ ] {begin}", f"- [x] {begin}"


def test_a_ticked_box_is_its_command() -> None:
    found = asked(ticked("Approve"), ("- [ ] Try", "- [X] Try"), ends="\r\n")
    assert said(found) == [("approve", ["0c1aaa57dd76"]), ("retry", ["t1"])] and found.edit is None
    assert found.commands[0]["line"] == "ticked: /approve 0c1aaa57dd76"


def test_a_box_that_was_not_there_asks_for_nothing() -> None:
    for changes in (
        [("`/approve 0c1aaa57dd76`", "`/approve 1c1aaa57dd76`"), ("- [ ] Appr", "- [x] Appr")],
        [("### Sprint", "- [x] Stop (`/stop`)\n\n### Sprint")],
        [("- [ ] Looks good", "- [x] Looks good")],
        [("### Sprint", "/stop\n\n### Sprint"), ("your approval", "nobody")],
        [("- [ ] Approve", "> - [x] Approve")],
    ):
        assert asked(*changes) == Asked([], None)
    once = BOARD.replace("- [ ] Approve", "- [x] Approve")
    assert asked(("your approval", "you"), board=once) == Asked([], None), "it was ticked before"
    other = BOARD.replace("(`/approve 0c1aaa57dd76`)", "(`/stop`)")
    assert asked(ticked("Approve"), board=other) == Asked([], None), "no box of ours stands for that"


def test_where_commands_need_their_prefix_boxes_have_it_too() -> None:
    board = BOARD.replace("`/approve", "`/caloron approve")
    text = board.replace("- [ ] Approve", "- [x] Approve")
    assert said(asked_on_board(board, text, prefix_required=True)) == [("approve", ["0c1aaa57dd76"])]
    bare = BOARD.replace("- [ ] Approve", "- [x] Approve")
    assert asked_on_board(BOARD, bare, prefix_required=True) == Asked([], None)


def test_a_changed_plan_is_told_with_the_one_before() -> None:
    edit = asked(("- a: The first\n", "- a: The 1st\n"), ends="\r\n").edit
    assert edit == {"lines_before": PLAN, "lines_after": PLAN.replace("first", "1st")}
    assert asked(("- a: The first\n", "- a: The first  \n")).edit is None
    assert asked(("<summary>Edit the plan", "<summary>Mine")).edit is None, (
        "what was taken out is not changed"
    )
    endless = BOARD.replace("```text", "``")
    assert asked(("- a: The", "- a: Our"), board=endless).edit is None


def test_a_ticked_task_is_ticked_in_the_plan() -> None:
    edit = asked(ticked("⏳ **The \\*\\*")).edit
    assert edit and edit["lines_after"] == "- [x] a: The first\n- b: The second (after: a)"
    both = asked(ticked("⏳ **The second"), ("- b: The second", "- b: The 2nd")).edit
    assert both and both["lines_after"] == "- a: The first\n- [x] b: The 2nd (after: a)"


def test_an_edit_of_an_older_plan_changes_none() -> None:
    """Else a tick on a page that was open for long would take out again what was added meanwhile."""
    now = BOARD.replace("```text", "```text 2b").replace(PLAN, f"{PLAN}\n- c: New")
    older = BOARD.replace("```text", "```text 1a")
    ticks = asked_on_board(now, older.replace("- [ ] Approve", "- [x] Approve"))
    assert said(ticks) == [("approve", ["0c1aaa57dd76"])] and ticks.edit is None
    edit = asked_on_board(now, older.replace("- b: The second", "- b: Mine")).edit
    assert edit and edit["outdated"]
    again = asked_on_board(older, older.replace("- b: The second", "- b: Mine")).edit
    assert again and "outdated" not in again


@pytest.mark.parametrize(
    "piece", [*PIECES.values(), "- [x] ** (`a`", "- [x] a (`/pause`)\n", "** (`", "```text\n"]
)
def test_a_hard_text_is_read_in_its_time(piece: str) -> None:
    text = of_length(piece)
    for before, after in ((BOARD, BOARD.replace(PLAN, text)), (text.replace("x", " "), f"- [x] {text}")):
        assert seconds(partial(asked_on_board, before, after)) < MOST_TIMES * prose_s()
