"""Finds the source lines of a text that Markdown reads as paragraph or list text."""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
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
"""Lists nest two levels each; deeper ones are ignored, so that no text can exhaust the stack."""
_DEEPEST_INLINE = 20
_DEEPEST_QUOTE = 55
_BLOCK_STARTS = frozenset("`~>*-_+#<0123456789")
"""What a block that can end a quote begins with."""
_TASK_BOX = re.compile(r"[ \u00a0]{0,3}\[[ xX]\](?=[ \t\u00a0])[ \t\u00a0]")
_TAG_NAME = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9-]*)")
_WORD = re.compile(r"[ \u00a0]*\S*")
_HIDDEN = frozenset({"blockquote_open", "footnote_reference_open", "heading_open", "table_open"})
_SPAN = "span"
_QUOTE_ENDS = "quote ends"
_MATH = "math"

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
    reading.env[_QUOTE_ENDS] = {}
    reading.env[_MATH] = _lines_before_math_ends(text)
    # markdown-it 4.3 fails on raw HTML in a quoted list at the very end of a text without a last line end
    _BLOCKS.block.parse(f"{text}\n", _BLOCKS, reading.env, tokens)
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
    inner_lines = text_lines(token.content.removesuffix("\n"), reading.fold)
    reading.code.update(
        number
        for number in range(start, end)
        if not "".join(inner_lines[number - start : number - start + 1])
    )
    if any(inner_lines):
        inner = _Reading(env=reading.env)
        _read_blocks("\n".join(inner_lines), start, inner)
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
        if _within(spans, start):
            continue
        box = _TASK_BOX.match(line) if in_item and not count else None
        skip = box.end() if box else 0
        yield Line(first + count, line[skip:], _without(comments, content, start + skip, end))


def _within(spans: list[Span], position: int) -> bool:
    index = bisect_left(spans, (position, 0)) - 1
    return index >= 0 and position < spans[index][1]


def _without(comments: list[Span], content: str, start: int, end: int) -> str:
    """The text between two positions, less the comments that stand in its arguments."""
    word = _WORD.match(content, start, end)
    begin = word.end() if word else start
    parts = [content[start:begin]]
    for comment_start, comment_end in comments[bisect_left(comments, (begin, 0)) :]:
        if comment_start >= end:
            break
        parts.append(content[begin:comment_start])
        begin = min(comment_end, end)
    return "".join([*parts, content[begin:end]])


def _merged(spans: list[Span]) -> list[Span]:
    """The same places, in order, those that overlap as one."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _spans(content: str, env: dict[str, Any]) -> tuple[list[Span], list[Span]]:
    """Where code, links, images, math and HTML stand in a paragraph; and its comments."""
    tokens: list[Token] = []
    _INLINES.inline.parse(content, _INLINES, env, tokens)
    spans = [span for token in tokens if (span := token.meta.get(_SPAN))]
    html = [token for token in tokens if token.type == "html_inline"]
    comments = [token.meta[_SPAN] for token in html if token.content.startswith("<!--")]
    return _merged(spans + list(_elements(html, len(content)))), comments


def _elements(html: list[Token], end: int) -> Iterator[Span]:
    """Where elements stand whose text is no plain text; a summary's end stands in a block of its own."""
    opened: dict[str, int] = {}
    for token in html:
        match = _TAG_NAME.match(token.content)
        name = match[2].lower() if match else ""
        if match and not match[1] and name in OPAQUE | {"summary"}:
            opened.setdefault(name, token.meta[_SPAN][0])
        elif name in opened:
            yield opened.pop(name), token.meta[_SPAN][1]
    if "summary" in opened:
        yield opened["summary"], end


InlineRule = Callable[[StateInline, bool], bool]
BlockRule = Callable[[StateBlock, int, int, bool], bool]


def _placed(rule: InlineRule) -> InlineRule:
    """The same rule; the last token that it makes knows where it stands in the paragraph."""

    def placed(state: StateInline, silent: bool) -> bool:
        start, before = state.pos, len(state.tokens)
        if state.src[start] in "[!^" and _last_bracket(state.src) < start:
            return False
        found = rule(state, silent)
        if found and not silent and len(state.tokens) > before:
            state.tokens[-1].meta = {**state.tokens[-1].meta, _SPAN: (start, state.pos)}
        return found

    return placed


@lru_cache(maxsize=4)
def _last_bracket(text: str) -> int:
    """Behind it no link can end; asked first, so that unclosed brackets cost nothing."""
    return text.rfind("]")


def _untrimmed(rule: BlockRule) -> BlockRule:
    """The paragraph rule; its text keeps the blanks at both ends, which may be no common ones."""

    def untrimmed(state: StateBlock, start: int, end: int, silent: bool) -> bool:
        found = rule(state, start, end, silent)
        if found and not silent:
            state.tokens[-2].content = state.getLines(start, state.line, state.blkIndent, False)
        return found

    return untrimmed


def _shallow(rule: BlockRule) -> BlockRule:
    """The quote rule, down to a depth that no person reaches; what is deeper is text of the quote."""

    def shallow(state: StateBlock, start: int, end: int, silent: bool) -> bool:
        if silent:
            return rule(state, start, end, silent)
        depth = state.env.setdefault("quotes", 0)
        if depth >= _DEEPEST_QUOTE:
            return False
        state.env["quotes"] = depth + 1
        found = rule(state, start, end, silent)
        state.env["quotes"] = depth
        return found

    return shallow


def _quote_end(rules: list[BlockRule]) -> BlockRule:
    """The rules that end a quote's lazy continuation, as one: asked again at each depth, it must be quick."""

    def quote_end(state: StateBlock, line: int, end: int, silent: bool) -> bool:
        start = state.bMarks[line] + state.tShift[line]
        if not silent or state.src[start : start + 1] not in _BLOCK_STARTS:
            return False
        known = state.env[_QUOTE_ENDS]
        key = (start, state.sCount[line], state.blkIndent, state.listIndent)
        if key not in known:
            known[key] = any(rule(state, line, end, True) for rule in rules)
        return bool(known[key])

    return quote_end


def _closed(rule: BlockRule) -> BlockRule:
    """The math rule, asked only where an end is in reach, so that many open ones cost nothing."""

    def closed(state: StateBlock, start: int, end: int, silent: bool) -> bool:
        return start in state.env[_MATH] and rule(state, start, end, silent)

    return closed


def _lines_before_math_ends(text: str) -> set[int]:
    """The lines with `$$` behind which, before a blank line, one ends with `$$`."""
    if "$$" not in text:
        return set()
    lines, found, reached = text.split("\n"), set(), False
    for number in range(len(lines) - 1, -1, -1):
        line = lines[number].rstrip()
        reached = bool(line) and (reached or line.endswith("$$"))
        if reached and "$$" in line:
            found.add(number)
    return found


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
    parser.block.ruler.at(
        "blockquote", _shallow(rules["blockquote"]), {"alt": ["paragraph", "reference", "list"]}
    )
    parser.block.ruler.at("math_block", _closed(rules["math_block"]))
    ends = [
        rule for rule in parser.block.ruler.__rules__ if "blockquote" in rule.alt or rule.name == "blockquote"
    ]
    for rule in ends:
        rule.alt = [name for name in rule.alt if name != "blockquote"]
    parser.block.ruler.push("quote_end", _quote_end([rule.fn for rule in ends]), {"alt": ["blockquote"]})
    return parser


def _inline_parser() -> MarkdownIt:
    parser = _parser(_DEEPEST_INLINE).disable(["emphasis", "strikethrough", "entity"])
    for rule in list(parser.inline.ruler.__rules__):
        if rule.name in ("backticks", "link", "image", "html_inline", "math_inline", "footnote_inline"):
            parser.inline.ruler.at(rule.name, _placed(rule.fn))
    return parser


_BLOCKS = _block_parser()
_INLINES = _inline_parser()
