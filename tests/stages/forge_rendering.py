"""What the forges make of a text that we write: each link, mention, markup and command that is live in it."""

import re
from collections import Counter
from functools import lru_cache
from html.parser import HTMLParser
from typing import Any

import cmarkgfm
from cmarkgfm.cmark import Options
from markdown_it import MarkdownIt
from mdit_py_plugins.gfm import gfm_plugin

from handlers.read import read_commands

LIVE_TEXT = re.compile(
    # what GitHub and Gitea look for in the rendered text, outside of code
    r"(?P<mention>(?<![\w/])@[A-Za-z0-9])|(?P<address>[\w.+-]@[\w-])|(?P<scheme>[A-Za-z]://)"
    r"|(?P<www>(?i:www)\.\w)|(?P<reference>[#!]\d|(?i:gh)-\d|[A-Z]-\d)|(?P<wiki>\[\[)|(?P<order>\[(?i:skip|no|ci|wip))"
    r"|(?P<commit>(?<![0-9A-Za-z])[0-9a-f]{7,64}(?![0-9A-Za-z]))|(?P<alert>\[!\w)"
)
CLOSING = re.compile(r"(?i)\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?\s+\S*(?:[#!]|gh-)\d")
SURROGATE = re.compile("[\ud800-\udfff]")
UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u202a-\u202e\u2061-\u206f\u2800\u3164\ufeff"
    "\ud800-\udfff\U000e0000-\U000e0fff]"
)
MARKDOWN_IT = MarkdownIt("commonmark").use(gfm_plugin)


class Seen(HTMLParser):
    """The tags of a page with what they lead to, and the text that stands in no code."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.text: list[str] = []
        self.in_code = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.in_code += tag in ("code", "pre")
        self.tags.append(f"<{tag} {sorted((name, value or '') for name, value in attributes)}>")

    def handle_endtag(self, tag: str) -> None:
        self.in_code -= tag in ("code", "pre")

    def handle_data(self, data: str) -> None:
        self.text.append(data if not self.in_code else " ")

    def handle_comment(self, data: str) -> None:
        self.tags.append(f"<!--{data}-->")


def as_github(text: str) -> str:
    options = Options.CMARK_OPT_UNSAFE | Options.CMARK_OPT_FOOTNOTES
    page: str = cmarkgfm.github_flavored_markdown_to_html(text, options)
    return page


def live_text(text: str) -> Counter[str]:
    """How many of each kind; a title and a commit's message are such a text as they are."""
    found = Counter(one.lastgroup or "" for one in LIVE_TEXT.finditer(text))
    return found + Counter({"closing": len(CLOSING.findall(text)), "unseen": len(UNSEEN.findall(text))})


def live_in_title(title: str) -> Counter[str]:
    draft = bool(re.match(r"(?i)\s*(?:wip:|\[wip\])", title))
    return live_text(title) + Counter({"draft": draft, "line ends": len(title.splitlines()) - 1})


@lru_cache
def live_in_body(body: str) -> dict[str, Any]:
    """The tags of a text, what is live between them, and what the forges and we look for in its source."""
    seen = Seen(as_github(SURROGATE.sub("?", body)))
    return {
        "tags": seen.tags,
        "text": live_text("".join(seen.text)),
        "markers": body.count("<!--"),
        "unseen": len(UNSEEN.findall(body)),
        "math": math_in(body),
        "commands": re.findall(r"(?m)^[ \t]*/\w+", body),
    }


def live_elsewhere(body: str) -> dict[str, Any]:
    """By the other renderer and by our own reader: both are slow."""
    commands = [found.get("name") or found.get("error") for found in read_commands(body)]
    return {"tags": Seen(MARKDOWN_IT.render(body)).tags, "commands": commands}


def math_in(body: str) -> int:
    """Dollar signs that are neither escaped nor code."""
    return re.sub(r"\\.|`[^`]*`", "", body).count("$")
