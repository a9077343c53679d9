"""Comments as safe HTML: GitHub-flavoured Markdown; of raw HTML only folded and small text acts."""

import html
import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from mdit_py_plugins.gfm import gfm_plugin

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_HARMLESS = re.compile(r"(</?(?:details|summary|sub|sup)(?: open)?>)")
_REFERENCE = re.compile(r"(?<![\w/&])#(?P<number>\d+)\b")


def rendered(text: str, issues_url: str) -> str:
    """The text as HTML; `#12` links to the issue below `issues_url`, HTML comments stay hidden."""
    visible = _COMMENT.sub("", text).strip()
    output: str = _parser().render(visible, {"issues_url": issues_url})
    return output or "<p class=dim>—</p>"


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark").disable("image").use(gfm_plugin)
    parser.core.ruler.push("issue_references", _link_references)
    for kind in ("html_block", "html_inline"):
        parser.add_render_rule(kind, _escape_html)
    return parser


def _escape_html(_self: RendererHTML, tokens: Sequence[Token], number: int, _options: Any, _env: Any) -> str:
    """Raw HTML as text, except for tags that cannot do harm."""
    parts = _HARMLESS.split(tokens[number].content)
    return "".join(part if _HARMLESS.fullmatch(part) else html.escape(part) for part in parts)


def _link_references(state: StateCore) -> None:
    for token in state.tokens:
        if token.children:
            token.children = [*_with_links(token.children, state.env["issues_url"])]


def _with_links(tokens: Sequence[Token], issues_url: str) -> Iterator[Token]:
    """The tokens of a line with `#12` as a link, except inside a link."""
    depth = 0
    for token in tokens:
        depth += token.nesting if token.type in ("link_open", "link_close") else 0
        if token.type == "text" and not depth:
            yield from _split(token, issues_url)
        else:
            yield token


def _split(token: Token, issues_url: str) -> Iterator[Token]:
    place = 0
    for found in _REFERENCE.finditer(token.content):
        yield Token("text", "", 0, content=token.content[place : found.start()])
        yield Token("link_open", "a", 1, attrs={"href": f"{issues_url}/{found['number']}"})
        yield Token("text", "", 0, content=found[0])
        yield Token("link_close", "a", -1)
        place = found.end()
    yield Token("text", "", 0, content=token.content[place:])
