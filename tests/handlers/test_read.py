"""What `read_commands` hands on besides names and arguments, and what holds for any text."""

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from handlers.commands import COMMANDS
from handlers.read import MOST_COMMANDS, asked_in, read_commands

PIECES = st.sampled_from(
    [
        "/status",
        "/why t1",
        "/retry --hint ",
        '"',
        "“",
        "`",
        "```",
        "~~~",
        "\n",
        "\r\n",
        "\r",
        "> ",
        "- ",
        "1. ",
        "  ",
        "    ",
        "\t",
        "<details>",
        "</details>",
        "<summary>",
        "</summary>",
        "<!--",
        "-->",
        "<pre>",
        "[",
        "](",
        ")",
        "[^1]: ",
        "[a]: ",
        "$$",
        "$",
        "| a |",
        "|---|",
        "===",
        "---",
        "-- ",
        "On x wrote:",
        "From: a",
        "Sent: b",
        "[ ] ",
        "\\",
        "\u00a0",
        "\u200b",
        "\ufeff",
        "\0",
        "# ",
        "resolved",
        "/caloron ",
        "<div>",
        "é",
        "\ud800",
    ]
)
TEXTS = st.one_of(st.lists(PIECES, max_size=40).map("".join), st.text(max_size=200))


def _read(text: str) -> list[dict[str, object]]:
    """What is read, less the lines as typed."""
    return [{key: value for key, value in one.items() if key != "line"} for one in read_commands(text)]


@settings(max_examples=120, deadline=None)
@given(TEXTS, st.booleans(), st.booleans())
def test_no_text_breaks_it(text: str, escalation: bool, prefix_required: bool) -> None:
    for one in read_commands(text, escalation=escalation, prefix_required=prefix_required):
        assert one.keys() in ({"name", "positional", "flags", "line"}, {"error", "line", "help"})
        assert one.get("name") in {None, *COMMANDS}


@settings(max_examples=60, deadline=None)
@given(TEXTS)
def test_the_kind_of_line_end_does_not_matter(text: str) -> None:
    unix = text.replace("\r\n", "\n").replace("\r", "\n")
    assert _read(unix) == _read(text) == _read(unix.replace("\n", "\r\n")) == _read(unix.replace("\n", "\r"))


@settings(max_examples=60, deadline=None)
@example("- <!--\n")
@given(TEXTS)
def test_a_quoted_text_asks_for_nothing(text: str) -> None:
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    assert read_commands("\n".join(f"> {line}" for line in lines)) == []


@settings(max_examples=60, deadline=None)
@given(TEXTS)
def test_a_fenced_text_asks_for_nothing(text: str) -> None:
    assert read_commands(f"{'`' * 50}\n{text}\n{'`' * 50}") == []


@settings(max_examples=60, deadline=None)
@given(TEXTS)
def test_an_edit_that_changes_nothing_asks_for_nothing(text: str) -> None:
    assert read_commands(text, previous=text, author_id=1, editor_id=1) == []


@settings(max_examples=60, deadline=None)
@given(TEXTS, TEXTS)
def test_an_edit_asks_for_no_more_than_the_new_text(old: str, new: str) -> None:
    edited = read_commands(new, previous=old, author_id=1, editor_id=1)
    whole = read_commands(new)
    assert [one for one in whole if one in edited] == edited
    assert read_commands(new, had=asked_in(old), author_id=1, editor_id=1) == edited
    assert read_commands(new, had=asked_in(old), author_id=1, editor_id=2) == []


@settings(max_examples=60, deadline=None)
@given(TEXTS)
def test_what_was_read_reads_the_same_on_its_own(text: str) -> None:
    for one in read_commands(text):
        if "name" in one and "<!--" not in one["line"]:
            again = read_commands(f"{one['line']}")
            assert [found.get("name") for found in again] in ([one["name"]], [])


SIZE = 65536
HOSTILE = {
    "brackets": "[" * SIZE + "\n/status",
    "links": "[a](" * (SIZE // 4) + "\n/status",
    "images": "[![](" * (SIZE // 5) + "\n/status",
    "quotes": ">" * SIZE,
    "lists": "- " * (SIZE // 2),
    "lazy": ">" * 100 + " a\n" + "-b\n" * (SIZE // 3),
    "backticks": "".join("`" * n + "a" for n in range(1, 360)) + "\n/status",
    "comments": "x" + "<!--" * (SIZE // 4) + "\n/status",
    "definitions": "[a]: <\n" * (SIZE // 7),
    "math": "$$a\n" * (SIZE // 4),
    "footnotes": "[^1]: " * (SIZE // 6),
    "details": "<details>\n/why x\n" * (SIZE // 17),
    "open quotes": "/retry " + '"a\\" ' * (SIZE // 5),
    "attributions": "On a 1\n" * (SIZE // 7),
    "prefixes": "/caloron " * (SIZE // 9) + "status",
    "spans": "a `b\nc`\n/why x " * (SIZE // 16),
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_text_of_64_kib_is_read_in_little_time(text: str) -> None:
    begun = time.process_time()
    read_commands(text, escalation=True)
    assert time.process_time() - begun < 8


def test_a_command_carries_its_line_as_typed() -> None:
    [found] = read_commands("- [ ] /why  t1 <!-- note -->  \n")
    assert found == {"name": "why", "positional": ["t1"], "flags": {}, "line": "/why  t1 <!-- note -->"}


def test_a_mistake_carries_its_line_and_a_sentence_that_helps() -> None:
    [found] = read_commands("/statsu now")
    assert "error" in found
    assert (found["error"], found["line"]) == ("unknown-command", "/statsu now")
    assert "did you mean `/status`?" in found["help"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("/caloron lgtm", ["`/caloron lgtm`", "`/caloron help`"]),
        ("/caloron statsu", ["`/caloron statsu`", "`/caloron status`"]),
        ('/retry --hint "a', ["quote", "Close"]),
        ("/retry --hint a hint=b", ["--hint", "twice"]),
        ("/retry --foo", ["--foo", "--hint", "--model"]),
        ("/status --foo", ["no flags"]),
        ("/retry --hint", ["--hint", "needs a value"]),
        ("/status now", ["`/status` takes no arguments (got `now`)."]),
        ("/why t1 t2", ["`t2`", "does not take", "Usage: `/why [task]`."]),
        ("/why not=this", ["`not=this`", "Usage: `/why [task]`."]),
        ("/approve xyz", ["`xyz`", "`plan`, `merge`, `next` or a hash"]),
        ("/drop-task", ["`/drop-task` needs a `task`", "Usage: `/drop-task <task>`."]),
        ("/auto maybe", ["`on` or `off`"]),
        ("/plan --pipeline huge", ["it takes `quick` or `standard`"]),
        ("/plan --auto=no", ["`/plan` does not accept `no` here", "`--auto` without a value"]),
        ("/plan --agents", ["`--agents` needs a value: a whole number above zero"]),
    ],
)
def test_each_mistake_says_what_to_write(text: str, words: list[str]) -> None:
    [found] = read_commands(text)
    assert "error" in found
    for word in words:
        assert word in found["help"]
    assert "\n" not in found["help"] and found["help"].endswith((".", "?"))


def test_a_word_cannot_break_out_of_the_answer() -> None:
    [found] = read_commands("/auto `<!--@everyone" + "x" * 500)
    assert "error" in found
    assert found["help"].count("`") % 2 == 0
    assert len(found["help"]) < 200


def test_what_is_more_than_can_be_read_is_said_once() -> None:
    found = read_commands("\n".join(f"/why t{n}" for n in range(MOST_COMMANDS + 50)))
    assert len(found) == MOST_COMMANDS + 1
    last = found[-1]
    assert "error" in last and last["error"] == "too-many-commands" and "200" in last["help"]
    again = read_commands(
        "\n".join(f"/why t{n}" for n in range(MOST_COMMANDS + 50)) + "\nx",
        previous="\n".join(f"/why t{n}" for n in range(MOST_COMMANDS + 50)),
        author_id=1,
        editor_id=1,
    )
    assert again == []


@pytest.mark.parametrize("dash", ["--", "—", "–"])
def test_one_dash_of_a_phone_is_two(dash: str) -> None:
    [found] = read_commands(f"/retry d {dash}hint “Say it shorter”")
    assert (found["name"], found["flags"]) == ("retry", {"hint": "Say it shorter"})  # type: ignore[typeddict-item]
    [found] = read_commands(f"/tell {dash if dash != '--' else '—'}nothing else is a flag")
    assert found["positional"] == ["—nothing else is a flag" if dash != "–" else "–nothing else is a flag"]  # type: ignore[typeddict-item]
