"""Finds the source lines of a text that Markdown takes for paragraph or list text."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.footnote import footnote_plugin

from handlers import mail
from handlers.details import OPAQUE, Fold, text_lines

_DEEPEST_BLOCK = 110
"""Lists nest two levels each; deeper ones are left unread, so that no text can exhaust the stack."""
_DEEPEST_INLINE = 20
_TASK_BOX = re.compile(r"[ \u00a0]{0,3}\[[ xX]\](?=[ \t\u00a0])[ \t\u00a0]")
_TAG_NAME = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9-]*)")
_HIDDEN = frozenset({"blockquote_open", "footnote_reference_open", "heading_open", "table_open"})
_SPAN = "span"

Span = tuple[int, int]


@dataclass(frozen=True)
class Line:
    """One line of text: its number in the source, what it holds, the same without HTML comments."""

    number: int
    source: str
    text: str


@dataclass
class _Reading:
    env: dict[str, Any] = field(default_factory=dict)
    fold: Fold = field(default_factory=Fold)
    lines: list[Line] = field(default_factory=list)
    code: set[int] = field(default_factory=set)


def source_lines(text: str) -> list[str]:
    """The lines of a text: CR, LF and CRLF end one, nothing else does; a byte-order mark is dropped."""
    plain = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")
    return plain.split("\n")


def paragraph_lines(text: str) -> list[Line]:
    """The lines that are paragraph or list text, without a mail's tail, in the order of the text."""
    lines = source_lines(text)
    if mail.may_have_tail(lines):
        lines = lines[: mail.tail_start(lines, _code_in(lines).__contains__)]
    return _read("\n".join(lines)).lines


def _code_in(lines: list[str]) -> set[int]:
    """The numbers of the lines that are code, math or raw HTML."""
    return _read("\n".join("" if mail.is_signature(line) else line for line in lines)).code


def _read(text: str) -> _Reading:
    reading = _Reading()
    _read_blocks(text, 0, reading)
    return reading


def _read_blocks(text: str, offset: int, reading: _Reading) -> None:
    tokens: list[Token] = []
    _BLOCKS.block.parse(text, _BLOCKS, reading.env, tokens)
    hidden = 0
    for index, token in enumerate(tokens):
        if token.type in _HIDDEN:
            hidden += 1
        elif token.nesting == -1 and token.type.removesuffix("close") + "open" in _HIDDEN:
            hidden -= 1
        elif hidden:
            continue
        elif token.type == "html_block":
            _read_html(token, offset, reading)
        elif token.type in ("fence", "code_block", "math_block"):
            reading.code.update(range(*_numbers(token, offset)))
        elif token.type == "inline" and not reading.fold.in_summary:
            in_item = index >= 2 and tokens[index - 2].type == "list_item_open"
            reading.lines += _paragraph(token, offset, reading, in_item)


def _numbers(token: Token, offset: int) -> Span:
    first, end = token.map or (0, 0)
    return first + offset, end + offset


def _read_html(token: Token, offset: int, reading: _Reading) -> None:
    """Raw HTML: what counts in it as text is read as Markdown of its own."""
    start, end = _numbers(token, offset)
    kept = text_lines(token.content.removesuffix("\n"), reading.fold)
    reading.code.update(
        number for number in range(start, end) if not "".join(kept[number - start : number - start + 1])
    )
    if any(kept):
        inner = _Reading(env=reading.env)
        _read_blocks("\n".join(kept), start, inner)
        reading.lines += inner.lines
        reading.code |= inner.code


def _paragraph(token: Token, offset: int, reading: _Reading, in_item: bool) -> Iterator[Line]:
    content = token.content
    first, _ = _numbers(token, offset)
    spans, comments = _spans(content, reading.env) if "\n" in content or "<!--" in content else ([], [])
    position = 0
    for count, line in enumerate(content.split("\n")):
        start, end = position, position + len(line)
        position = end + 1
        if any(begin < start < stop for begin, stop in spans):
            continue
        box = _TASK_BOX.match(line) if in_item and not count else None
        skip = box.end() if box else 0
        yield Line(first + count, line[skip:], _without(comments, content, start + skip, end))


def _without(comments: list[Span], content: str, start: int, end: int) -> str:
    """The text between two positions, less the comments that stand in its arguments."""
    word_end = re.compile(r"[ \u00a0]*\S*").match(content, start)
    begin = min(word_end.end() if word_end else start, end)
    parts = [content[start:begin]]
    for comment_start, comment_end in comments:
        if comment_start >= begin and comment_start < end:
            parts.append(content[begin:comment_start])
            begin = min(comment_end, end)
    return "".join([*parts, content[begin:end]])


def _spans(content: str, env: dict[str, Any]) -> tuple[list[Span], list[Span]]:
    """Where code, links, images, math and HTML stand in a paragraph; and its comments."""
    tokens: list[Token] = []
    _INLINES.inline.parse(content, _INLINES, env, tokens)
    spans = [span for token in tokens if (span := token.meta.get(_SPAN))]
    html = [token for token in tokens if token.type == "html_inline"]
    comments = [token.meta[_SPAN] for token in html if token.content.startswith("<!--")]
    return spans + list(_elements(html, len(content))), comments


def _elements(html: list[Token], end: int) -> Iterator[Span]:
    """Where elements stand whose text is code or a link."""
    opened: dict[str, int] = {}
    for token in html:
        match = _TAG_NAME.match(token.content)
        name = match[2].lower() if match else ""
        if match and not match[1] and name in OPAQUE:
            opened.setdefault(name, token.meta[_SPAN][0])
        elif name in opened:
            yield opened.pop(name), token.meta[_SPAN][1]
    for start in opened.values():
        yield start, end


InlineRule = Callable[[StateInline, bool], bool]
BlockRule = Callable[[StateBlock, int, int, bool], bool]


def _placed(rule: InlineRule) -> InlineRule:
    """The same rule; the last token that it makes knows where it stands in the paragraph."""

    def placed(state: StateInline, silent: bool) -> bool:
        start, before = state.pos, len(state.tokens)
        found = rule(state, silent)
        if found and not silent and len(state.tokens) > before:
            state.tokens[-1].meta = {**state.tokens[-1].meta, _SPAN: (start, state.pos)}
        return found

    return placed


def _untrimmed(rule: BlockRule) -> BlockRule:
    """The paragraph rule; its text keeps the blanks at both ends, which may be no common ones."""

    def untrimmed(state: StateBlock, start: int, end: int, silent: bool) -> bool:
        found = rule(state, start, end, silent)
        if found and not silent:
            state.tokens[-2].content = state.getLines(start, state.line, state.blkIndent, False)
        return found

    return untrimmed


def _parser(deepest: int) -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"maxNesting": deepest}).enable(["table", "strikethrough"])
    footnote_plugin(parser)
    dollarmath_plugin(
        parser,
        allow_space=False,
        allow_digits=False,
        allow_blank_lines=False,
        double_inline=True,
        allow_labels=False,
    )
    return parser


def _block_parser() -> MarkdownIt:
    parser = _parser(_DEEPEST_BLOCK)
    rules = {rule.name: rule.fn for rule in parser.block.ruler.__rules__}
    parser.block.ruler.at("paragraph", _untrimmed(rules["paragraph"]))
    return parser


def _inline_parser() -> MarkdownIt:
    parser = _parser(_DEEPEST_INLINE).disable(["emphasis", "strikethrough", "entity"])
    for rule in list(parser.inline.ruler.__rules__):
        if rule.name in ("backticks", "link", "image", "html_inline", "math_inline", "footnote_inline"):
            parser.inline.ruler.at(rule.name, _placed(rule.fn))
    return parser


_BLOCKS = _block_parser()
_INLINES = _inline_parser()
