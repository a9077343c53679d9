"""Words of others in what the bot says: text, that calls nobody, links to nothing and ends no code."""

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from stages.board import draw_boards, tell_waits
from stages.command import answer, steer
from stages.dag import execute_actions
from stages.life import spell_out
from stages.look import take_permission
from stages.plan import propose_plan
from stages.retro import analyze_feedback, write_report
from stages.supervisor import compose_message

PIECES = st.sampled_from(
    [
        *["@bob", "#7", "!7", "http://evil.example", "www.evil.example", "&commat;bob", "&#64;bob", "&num;7"],
        *["[x](http://evil.example)", "![x](y)", "<img src=x>", "<!--", "-->", "<http://evil.example>", "\\"],
        *["`", "``", "```", "*x*", "__x__", "~~x~~", "|", "\n", "\n\n", "    ", "x", " "],
    ]
)
TEXTS = st.lists(PIECES, max_size=8).map("".join)
CALLING = re.compile(r"@\w|[#!]\d|://|www\.")

AS_TEXT: list[Callable[[str], str]] = [
    draw_boards.clean,
    tell_waits.clean,
    execute_actions.clean,
    spell_out.quoted,
    take_permission.clean,
    propose_plan.clean,
    write_report.plain,
    compose_message.clean,
]
AS_CODE: list[Callable[[str], str]] = [answer.code, steer.code, spell_out.as_code, analyze_feedback.code]


def rendered(text: str) -> str:
    html: str = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(f"We say: {text} (end)")
    return html


@pytest.mark.parametrize("as_text", AS_TEXT, ids=lambda told: told.__module__)
@given(TEXTS)
def test_they_are_text(as_text: Callable[[str], str], text: str) -> None:
    shown = rendered(as_text(text))
    assert re.findall(r"<[^>]+>", shown) == ["<p>", "</p>"]
    assert not CALLING.search(shown)
    assert "<!--" not in as_text(text)


@given(TEXTS)
def test_their_code_stays_code(text: str) -> None:
    shown = re.sub(r"<code>.*?</code>", "", rendered(write_report.spoken(text)))
    assert re.findall(r"<[^>]+>", shown) == ["<p>", "</p>"]
    assert not CALLING.search(shown)
    assert write_report.spoken("Let `api` go on") == "Let `api` go on"


@pytest.mark.parametrize("as_code", AS_CODE, ids=lambda told: told.__module__)
@given(TEXTS)
def test_they_end_no_code(as_code: Callable[[str], str], text: str) -> None:
    said = as_code(text)
    if "x" in text:
        assert re.findall(r"<[^>]+>", rendered(said)) == ["<p>", "<code>", "</code>", "</p>"]
    assert said.count("`") in (0, 2)
