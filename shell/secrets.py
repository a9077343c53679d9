"""Masks secrets in all that comes from outside: in clear, encoded, and split over line ends.

Whoever loads a secret says so (`know`). Whoever lets others' words in masks them there (`mask`, `mask_value`,
`MaskedStream`), and what must not leave is searched (`Search`). Encodings that are undone: base64 at each
of its three alignments, standard and URL-safe; hexadecimal; percent, JSON, HTML and backslash escapes,
also twice. White space, terminal codes and quote marks at the start of a line do not hide a secret.
"""

import base64
import codecs
import errno
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from threading import Lock
from typing import Any

MASK = "•••"
HANDED_OVER = "CALORON_MASK_FD"
"""Names the open file from which a process reads what to mask."""
_MOST_BYTES = 1024 * 1024
SHORTEST = 6
"""Characters: anything shorter is a word that others use too."""
_MOST_LINES = 64
_MOST_LATER = 100
"""Secrets kept beside the settings' own: a token that was replaced by a fresh one expires by itself."""
_HELD_START = 3
"""So many characters of a secret may be its beginning: what ends with them waits for what follows."""
_PENDING = 64 * 1024

_UNSEEN = r"\x00-\x08\x0e-\x1a\x7f\xad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff"
# all alternatives behind one set of first characters: so the search is as fast as reading
_HIDING = re.compile(
    rf"[{_UNSEEN}\x1b\n%\\&](?:"
    rf"(?P<gap>(?<=[{_UNSEEN}])|(?<=\x1b)\[[0-?]*[ -/]*[@-~]|(?<=\\)\r?\n|(?<=\n)\s*(?:[>|]\s*|[-+*#]+\s+)+"
    r"|(?<=\\)n\s*(?:[>|]\s*|[-+*#]+\s+)+)"
    r"|(?P<escape>(?<=%)[0-9A-Fa-f]{2}|(?<=\\)(?:u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|[\\/\"'nrtbfv])"
    r"|(?<=&)\#(?:[0-9]{1,7}|[xX][0-9A-Fa-f]{1,6});))"
)
_CUT_ESCAPE = re.compile(
    r"(?:%[0-9A-Fa-f]?|\\(?:u[0-9A-Fa-f]{0,3}|x[0-9A-Fa-f]?)?|&(?:#[xX]?[0-9A-Fa-f]{0,6})?)$"
)
_WHITE = dict.fromkeys("nrtbfv", "")
_PASSES = 2
_GRAM, _STEPS = 6, (16, 4)
_REMEMBERED = 4096
"""Characters that have gone out and may be the beginning of a secret all the same."""
_LONGEST_ESCAPE = 6
_AS_IT_IS = 256


def _needles_of(secret: str) -> Iterator[str]:
    """Every form in which it is looked for, without white space."""
    clear = "".join(secret.split())
    yield clear
    if " " in secret:
        yield "".join(secret.replace(" ", "+").split())
    raw = secret.encode()
    if not secret.isascii():
        yield "".join(raw.decode("latin-1").split())
    for skipped in range(3):
        yield from _base64_of(raw, skipped)
    yield raw.hex()
    yield raw.hex().upper()


def _base64_of(raw: bytes, before: int) -> Iterator[str]:
    """The characters that it alone decides where `before` bytes (modulo 3) stand in front of it."""
    first, last = (0, 2, 3)[before], 8 * (before + len(raw)) // 6
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield encode(b"\0" * before + raw).decode()[first:last]


def _parts(secret: str) -> Iterator[str]:
    """A secret of several lines (a key file) also counts line by line."""
    yield secret.strip()
    lines = [line.strip() for line in secret.splitlines()]
    if len(lines) > 1:
        yield from [line for line in lines if len(line) >= 16 and not line.startswith("-----")][:_MOST_LINES]


class _Needles:
    """What is searched for; few places of a text must be looked at to know that none of it is there.

    Each needle of at least `step + _GRAM - 1` characters covers one of the places at every `step`, so that
    one of its first `step` pieces of _GRAM characters begins there.
    """

    def __init__(self, needles: Iterable[str]) -> None:
        self.all = tuple(dict.fromkeys(needles))
        self.longest = max(map(len, self.all), default=0)
        self._short = [one for one in self.all if len(one) < _STEPS[-1] + _GRAM - 1]
        self._pieces: dict[int, dict[str, list[str]]] = {step: {} for step in _STEPS}
        for needle in self.all:
            step = next((step for step in _STEPS if len(needle) >= step + _GRAM - 1), 0)
            for at in range(step):
                self._pieces[step].setdefault(needle[at : at + _GRAM], []).append(needle)

    def in_text(self, text: str) -> list[str]:
        """Those that stand in the text."""
        likely = set(self._short)
        for step, pieces in self._pieces.items():
            if pieces:
                here = {text[at : at + _GRAM] for at in range(0, len(text), step)}
                likely.update(needle for piece in here & pieces.keys() for needle in pieces[piece])
        return [needle for needle in likely if needle in text]


class Masker:
    """The secrets of one process."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._secrets: dict[str, bool] = {}
        self._needles = _Needles(())

    def know(self, *secrets: str | None, stays: bool = False) -> None:
        """From now on these are masked, those that stay for ever; shorter ones than SHORTEST cannot be."""
        found = [part for secret in secrets if secret for part in _parts(secret) if len(part) >= SHORTEST]
        with self._lock:
            if all(one in self._secrets and (self._secrets[one] or not stays) for one in found):
                return
            for one in found:
                self._secrets[one] = self._secrets.get(one, False) or stays
            later = [one for one, kept in self._secrets.items() if not kept]
            for one in later[: max(0, len(later) - _MOST_LATER)]:
                del self._secrets[one]
            self._needles = _Needles(needle for one in self._secrets for needle in _needles_of(one))

    @property
    def longest(self) -> int:
        """Characters of the longest form of a secret, escapes not counted."""
        return self._needles.longest

    def mask(self, text: str) -> str:
        """The text with every secret in it replaced."""
        spans = self.spans(text)
        return _replaced(text, spans) if spans else text

    def holds(self, text: str) -> bool:
        """Whether a secret stands in the text, in any form."""
        return bool(self._needles.all) and any(self._needles.in_text(view) for view in _views(text))

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where secrets stand in the text, in order, none touching another."""
        if not self.holds(text):
            return []
        found = _joined(self._found(_without_space(text)))
        if self.holds(_replaced(text, found)):
            found = _joined([*found, *(span for view in _decoded_views(text) for span in self._found(view))])
        return found

    def mask_value(self, value: Any) -> Any:
        """A JSON value with its texts masked, those that are keys too."""
        if not self._needles.all or not self.holds(json.dumps(value, ensure_ascii=False, default=str)):
            return value
        return self._masked(value)

    def _masked(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.mask(value)
        if isinstance(value, dict):
            return {self._masked(name): self._masked(part) for name, part in value.items()}
        return [self._masked(part) for part in value] if isinstance(value, list | tuple) else value

    def _found(self, view: "_View") -> Iterator[tuple[int, int]]:
        for needle in self._needles.in_text(view.text):
            at = view.text.find(needle)
            while at >= 0:
                yield view.starts[at], view.ends[at + len(needle) - 1]
                at = view.text.find(needle, at + 1)

    def begun_at(self, text: str) -> int | None:
        """Where at the end of the text a secret may have begun that is not complete yet."""
        cut = _CUT_ESCAPE.search(text)
        shorter = text[: cut.start()] if cut else text
        if all(self._begun_in(view) is None for view in _views(shorter)):
            return None
        views = (_without_space(shorter), *_decoded_views(shorter))
        places = [view.starts[at] for view in views if (at := self._begun_in(view.text)) is not None]
        return min(places, default=None)

    def _begun_in(self, view: str) -> int | None:
        tail = view[-self.longest :] if self.longest else ""
        places = [at for needle in self._needles.all if (at := _overlap(tail, needle)) is not None]
        return len(view) - len(tail) + min(places) if places else None


def _overlap(tail: str, needle: str) -> int | None:
    """Where the longest end of the tail begins with which the needle begins."""
    at = tail.find(needle[:_HELD_START], max(0, len(tail) - len(needle) + 1))
    while at >= 0:
        if needle.startswith(tail[at:]):
            return at
        at = tail.find(needle[:_HELD_START], at + 1)
    return None


# -- the forms of a text -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _View:
    """A text as it is searched, and where each of its characters stands in the original."""

    text: str
    starts: list[int]
    ends: list[int]


def _views(text: str) -> Iterator[str]:
    """The text without white space; where something hides in it, also without that, once and twice."""
    yield "".join(text.split())
    for _ in range(_PASSES):
        if not _HIDING.search(text):
            return
        text = "".join(_HIDING.sub(_meant, text).split())
        yield text


def _without_space(text: str) -> _View:
    places = [place for place, letter in enumerate(text) if not letter.isspace()]
    return _View("".join(text.split()), places, [place + 1 for place in places])


def _decoded_views(text: str) -> Iterator[_View]:
    starts, ends = list(range(len(text))), list(range(1, len(text) + 1))
    for _ in range(_PASSES):
        if not _HIDING.search(text):
            return
        view = _decoded(text, starts, ends)
        text, starts, ends = view.text, view.starts, view.ends
        yield view


def _decoded(text: str, starts: list[int], ends: list[int]) -> _View:
    letters: list[str] = []
    first: list[int] = []
    last: list[int] = []
    at = 0
    for found in (*_HIDING.finditer(text), None):
        until = found.start() if found else len(text)
        for place in range(at, until):
            if not text[place].isspace():
                letters.append(text[place])
                first.append(starts[place])
                last.append(ends[place])
        if found:
            for letter in "".join(_meant(found).split()):
                letters.append(letter)
                first.append(starts[found.start()])
                last.append(ends[found.end() - 1])
            at = found.end()
    return _View("".join(letters), first, last)


def _meant(found: "re.Match[str]") -> str:
    """What an escape stands for; nothing for a gap."""
    written = found[0]
    if not found["escape"]:
        return ""
    match written[:2]:
        case "\\u" | "\\x":
            return chr(int(written[2:], 16))
        case "&#":
            return _character(written[2:-1])
    return chr(int(written[1:], 16)) if written[0] == "%" else _WHITE.get(written[1], written[1])


def _character(number: str) -> str:
    code = int(number[1:], 16) if number[0] in "xX" else int(number)
    return chr(code) if code < 0x110000 else ""


def _joined(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _replaced(text: str, spans: Iterable[tuple[int, int]]) -> str:
    parts, at = [], 0
    for start, end in spans:
        parts += [text[at:start], MASK]
        at = end
    return "".join([*parts, text[at:]])


# -- what comes in pieces ------------------------------------------------------------------------------------


class MaskedStream:
    """Text that comes in pieces of bytes; what a secret may have begun in waits for the next piece."""

    def __init__(self, masker: "Masker | None" = None) -> None:
        self._masker = masker or MASKER
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._gone = ""
        self._waiting = ""

    def feed(self, read: bytes) -> str:
        """What of it can be shown by now."""
        return self._pass(self._decoder.decode(read), ends=False)

    def end(self) -> str:
        """The rest."""
        return self._pass(self._decoder.decode(b"", True), ends=True)

    def _pass(self, more: str, ends: bool) -> str:
        text, gone = self._gone + self._waiting + more, len(self._gone)
        begun = None if ends else self._masker.begun_at(text)
        waits = begun is not None and len(text) - begun <= _PENDING
        until = max(begun, gone) if begun is not None and waits else len(text)
        spans = [span for span in self._masker.spans(text) if span[1] > gone]
        for start, end in spans:
            until = end if start < until < end else until
        shown = [(max(start, gone) - gone, end - gone) for start, end in spans if end <= until]
        self._gone, self._waiting = text[:until][-_REMEMBERED:], text[until:]
        return _replaced(text[gone:until], shown)


def masked_start(text: str, longest: int, *, goes_on: bool = False, masker: "Masker | None" = None) -> str:
    """The beginning of a text, masked before it is cut, so that no half of a secret is left at the cut.

    Where the text goes on elsewhere, its end may be such a half too; what a secret may have begun in is left
    out.
    """
    stream = MaskedStream(masker)
    shown = stream.feed(text[:_PENDING].encode(errors="replace"))
    if not goes_on and len(text) <= _PENDING:
        shown += stream.end()
    return shown[:longest]


def stands_in(pieces: Iterable[bytes], masker: "Masker | None" = None) -> bool:
    """Whether a secret stands in these bytes, read piece by piece; NULs do not hide it (UTF-16)."""
    masker, before = masker or MASKER, ""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    for piece in pieces:
        text = before + decoder.decode(piece).replace("\0", "")
        if masker.holds(text):
            return True
        earlier = "".join(text[:-_AS_IT_IS].split())
        before = earlier[-_LONGEST_ESCAPE * masker.longest :] + text[-_AS_IT_IS:]
    return False


# -- this process's own --------------------------------------------------------------------------------------

MASKER = Masker()


def know(*secrets: str | None, stays: bool = False) -> None:
    """These are secrets: from now on this process masks them."""
    MASKER.know(*secrets, stays=stays)


def mask(text: str) -> str:
    """The text without the secrets that this process knows."""
    return MASKER.mask(text)


def mask_value(value: Any) -> Any:
    """The JSON value without the secrets that this process knows."""
    return MASKER.mask_value(value)


def hand_over(secrets: Iterable[str]) -> int:
    """An open file without a name that tells a child what to mask, though it uses none of it.

    Where the kernel has such files it lies in memory, for the disk may be full.
    """
    content = json.dumps(list(secrets)).encode()
    if sys.platform == "linux":
        made = os.memfd_create("masks")
    else:
        made, name = tempfile.mkstemp()
        os.unlink(name)
    if os.write(made, content) != len(content):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    return made


def take_over() -> None:
    """Read what was handed over, once, and close it: what this process starts does not inherit it."""
    number = os.environ.pop(HANDED_OVER, "")
    if number.isdigit():
        know(*json.loads(os.pread(int(number), _MOST_BYTES, 0)), stays=True)
        os.close(int(number))
