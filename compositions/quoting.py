"""Text in quotes as the engine's errors show it."""

from unicodedata import category

ESCAPES = {"\0": r"\0", "\t": r"\t", "\r": r"\r", "\n": r"\n", '"': r"\"", "\\": r"\\"}
# What extends the letter before it although it is no mark of its own width: the few beside Mn and Me.
EXTENDING = frozenset(
    "\u09be\u09d7\u0b3e\u0b57\u0bbe\u0bd7\u0cc2\u0cd5\u0cd6\u0d3e\u0d57\u0dcf\u0ddf\u1b35\u200c\u302e\u302f"
    "\uff9e\uff9f\U0001133e\U00011357\U000114b0\U000114bd\U000115af\U00011930\U0001d165"
    "\U0001d16e\U0001d16f\U0001d170\U0001d171\U0001d172"
)


def debug(text: str) -> str:
    """The text in double quotes, with whatever cannot be seen on its own as its number."""
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    return '"' + "".join(map(shown, text)) + '"'


def shown(sign: str) -> str:
    if sign in ESCAPES:
        return ESCAPES[sign]
    seen = sign.isprintable() and sign not in EXTENDING and category(sign) not in ("Mn", "Me")
    return sign if seen else f"\\u{{{ord(sign):x}}}"
