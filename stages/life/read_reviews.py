"""Read reviews and the words of `/tell` as their pages show them, before agents are told what they say."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from stages.world import Event, Policy, PrReviewSubmitted, State, TaskTold

NAME = "read_reviews"


class Input(TypedDict):
    state: State
    events: list[Event]
    now: str
    policy: Policy


class Output(TypedDict):
    state: State
    events: list[Event]
    now: str
    policy: Policy


LONGEST_TEXT = 64_000  # no forge takes a longer one


def execute(input: Input) -> Output:
    return {
        "state": input["state"],
        "events": [as_read(event) for event in input["events"]],
        "now": input["now"],
        "policy": input["policy"],
    }


def as_read(event: Event) -> Event:
    match event["type"]:
        case "task_told":
            told: TaskTold = {**event, "text": as_page(event["text"][:LONGEST_TEXT])}
            return told
        case "pr_review_submitted":
            return review_as_read(event)
        case _:
            return event


def review_as_read(event: PrReviewSubmitted) -> PrReviewSubmitted:
    read: PrReviewSubmitted = {**event}
    if body := event.get("body"):
        read["body"] = as_page(body[:LONGEST_TEXT])
    if remarks := event.get("comments"):
        read["comments"] = [
            {**one, "body": as_page((one.get("body") or "")[:LONGEST_TEXT])} for one in remarks
        ]
    return read


# -- what a page hides: these lines are the same in every stage that takes it out ----------------------------

REMARK = re.compile(r"<!--|<\?|<!\[CDATA\[|<!(?=[A-Za-z])")
REMARK_ENDS = {"<!--": "-->", "<?": "?>", "<![CDATA[": "]]>", "<!": ">"}
ANY_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9-]*)((?:[\s/][^<>]*)?)>")
HIDES = re.compile(r"(?:^|\s)hidden(?:$|[\s=/])|display\s*:\s*none|visibility\s*:\s*hidden", re.I)
UNREAD = ("script", "style", "template", "noscript", "iframe")
DEFINITION = re.compile(r"^ {0,3}\[(?!\^)([^\[\]\n]+)\]:[ \t]*([^\n]*)$", re.M)
ADDRESS = r"\([^()]*(?:\([^()]*\)[^()]*)*\)"
IMAGE = re.compile(r"!\[[^\[\]]*\](" + ADDRESS + r"|\[[^\[\]]*\])")
LINK = re.compile(r"\[([^\[\]]+)\](" + ADDRESS + r"|\[[^\[\]]*\])")
AT_MARGIN = re.compile(r"(`{3,})[^`\n]*$|(~{3,})")
BEHIND_FENCE = re.compile(r"^([\s>*+\-\d.)]*`{3,})([^`\n]+)$|^([\s>*+\-\d.)]*~{3,})(.+)$")
FENCE_LIKE = re.compile(r"[\s>*+\-\d.)]*(?:`{3}|~{3})")
HTML_LINE = re.compile(r"[\s>*+\-\d.)]*<[A-Za-z/!?]")
LASTING_HTML = re.compile(
    r"<(?:pre|script|style|textarea)\b|<\?|<![A-Za-z\[]", re.I
)  # goes on over blank lines
HELD = re.compile("\x00(\\d+)\x00")
LANGUAGE = re.compile(r"[\w+#.-]{1,20}")
LONGEST_NAME = 20


def as_page(text: str) -> str:
    """A text as its readers see it: nothing hidden, and no words in the titles of links, images and tags."""
    shown, held = with_code_held(text)
    shown = IMAGE.sub(lambda found: f"![]({address_of(found[1])})", without_unseen(shown)[0])
    shown = LINK.sub(lambda found: f"[{found[1]}]({address_of(found[2])})", shown)
    return with_code(ANY_TAG.sub(lambda tag: f"<{tag[1]}{tag[2][:LONGEST_NAME]}>", shown), held)


def as_source(text: str) -> tuple[str, int]:
    """A text without what its page does not show, and how many pieces that were; links stay as they are."""
    shown, held = with_code_held(text)
    shown, removed = without_unseen(shown)
    return with_code(shown, held), removed


def with_code_held(text: str) -> tuple[str, list[str]]:
    """A number in place of what is code beyond doubt, and that code: what stands in it is shown.

    Where it is in doubt the text is read as if it were none, so that nobody hides words behind it.
    """
    held: list[str] = []

    def hold(code: str) -> str:
        held.append(code)
        return f"\x00{len(held) - 1}\x00"

    lines = text.replace("\x00", "").split("\n")
    if LASTING_HTML.search(text):
        return "\n".join(BEHIND_FENCE.sub(only_language, line) for line in lines), held
    kept: list[str] = []
    paragraph: list[str] = []
    for line, is_code in [*fenced_at_margin(lines), ("", False)]:
        if line.strip() and not is_code:
            paragraph.append(line)
            continue
        kept += with_spans_held(paragraph, hold)
        paragraph = []
        kept.append(hold(line) if is_code else line)
    return "\n".join(kept[:-1]), held


def with_code(text: str, held: list[str]) -> str:
    return HELD.sub(lambda found: held[int(found[1])], text)


def fenced_at_margin(lines: list[str]) -> list[tuple[str, bool]]:
    """Each line, and whether it belongs to a fence at the margin; none does behind one that may be none."""
    found: list[tuple[str, bool]] = []
    fence, html, doubt = "", False, False
    for line in lines:
        if fence:
            found.append((line, True))
            wide = line.expandtabs(4)
            near = len(wide) - len(wide.lstrip()) < 4
            if near and wide.strip().startswith(fence) and not wide.strip().strip(fence[0]):
                fence = ""
            continue
        html = bool(line.strip()) and (html or bool(HTML_LINE.match(line)))
        opens = AT_MARGIN.match(line)
        doubt = doubt or (bool(FENCE_LIKE.match(line)) and (html or not opens))
        fence = (opens[1] or opens[2]) if opens and not doubt else ""
        found.append((BEHIND_FENCE.sub(only_language, line), bool(fence)))
    return found


def only_language(fence: re.Match[str]) -> str:
    """Words behind a fence are not shown; one that can be a language's name stays."""
    word = ((fence[2] or fence[4]).split() or [""])[0]
    return (fence[1] or fence[3]) + (word if LANGUAGE.fullmatch(word) else "")


def with_spans_held(paragraph: list[str], hold: Callable[[str], str]) -> list[str]:
    """The lines of a paragraph with their code held, where each line alone tells what of it is code."""
    spans = [spans_of(line) for line in paragraph]
    outside = "\n".join(
        HELD.sub("", spanned(line, found or [], lambda _: ""))
        for line, found in zip(paragraph, spans, strict=True)
    )
    if None in spans or "\\" in outside or re.search(r"<[A-Za-z/!?]", outside):
        return paragraph
    return [spanned(line, found or [], hold) for line, found in zip(paragraph, spans, strict=True)]


def spans_of(line: str) -> list[tuple[int, int]] | None:
    """Where code stands in a line; None where a backtick lacks its other one."""
    runs = [found.span() for found in re.finditer("`+", line)]
    next_like: dict[int, int] = {}
    partner: dict[int, int | None] = {}
    for at in reversed(range(len(runs))):
        length = runs[at][1] - runs[at][0]
        partner[at], next_like[length] = next_like.get(length), at
    found, at = [], 0
    while at < len(runs):
        other = partner[at]
        if other is None:
            return None
        found.append((runs[at][0], runs[other][1]))
        at = other + 1
    return found


def spanned(line: str, spans: list[tuple[int, int]], put: Callable[[str], str]) -> str:
    parts, at = [], 0
    for start, end in spans:
        parts += [line[at:start], put(line[start:end])]
        at = end
    return "".join([*parts, line[at:]])


def without_remarks(text: str) -> tuple[str, int]:
    """Without comments and their like, and how many those were; a comment that never ends hides the rest."""
    kept, at, removed = [], 0, 0
    endless: set[str] = set()
    for found in REMARK.finditer(text):
        mark = REMARK_ENDS[found[0]]
        if found.start() < at or (mark in endless and mark != "-->"):
            continue
        end = text.find(mark, found.end())
        if end < 0 and mark != "-->":
            endless.add(mark)
            continue
        kept.append(text[at : found.start()])
        at, removed = len(text) if end < 0 else end + len(mark), removed + 1
    return "".join([*kept, text[at:]]), removed


def without_hidden(text: str) -> str:
    """Without the elements that a page does not show; one that never ends hides nothing."""
    kept, start, name, depth, begun = [], 0, "", 0, 0
    tags = [*ANY_TAG.finditer(text)]
    last = {tag[2].lower(): tag.start() for tag in tags if tag[1]}
    for tag in tags:
        ends, called = tag[1], tag[2].lower()
        if not name and not ends and (called in UNREAD or HIDES.search(tag[3])):
            if last.get(called, -1) > tag.start():
                name, depth, begun = called, 1, tag.start()
        elif name and called == name:
            depth += -1 if ends else 1
            if not depth or tag.start() == last[name]:
                kept.append(text[start:begun])
                name, start = "", tag.end()
    return "".join([*kept, text[start:]])


def without_unseen(text: str) -> tuple[str, int]:
    """Without what a page does not show, and how many pieces that were."""
    text, removed = without_remarks(text)
    shown = without_hidden(text)
    removed += shown != text
    defined = dict(DEFINITION.findall(shown))
    if defined:
        used = {m[2].strip("[]") or m[1] for m in LINK.finditer(shown) if m[2].startswith("[")}
        removed += len(set(defined) - used)
        shown = LINK.sub(lambda m: referred(m, defined), DEFINITION.sub("", shown))
    return shown, removed


def referred(link: re.Match[str], defined: dict[str, str]) -> str:
    """A link that names its address elsewhere gets it."""
    if not link[2].startswith("["):
        return link[0]
    address = defined.get(link[2].strip("[]") or link[1])
    return f"[{link[1]}]({address})" if address else link[0]


def address_of(target: str) -> str:
    """The address alone: a title beside it is seen by nobody."""
    return (target[1:-1].split() or [""])[0].strip("<>")


# -- end of what a page hides --------------------------------------------------------------------------------


if __name__ == "__main__":  # by hand: echo '{…}' | python3 this_file.py
    import datetime, json, sys
    try:
        with open(0) as text:
            given = {"now": datetime.datetime.now(datetime.UTC).isoformat()} | json.load(text)
        print(json.dumps(execute(given)))
    except KeyError as error:
        sys.exit(f"the input has no `{error.args[0]}`")
    except Exception as error:
        sys.exit(str(error))
