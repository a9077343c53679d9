"""Why an agent's turn failed: the kind, read from its error, its words, or an update of its own.

Seen with claude-agent-acp 0.101.0, codex-acp 2.6.0, gemini-cli 0.61.0 and opencode 1.18.33 against a model
server that answered 401, 429 and 529.
"""

import re
from typing import Any, Literal

FailureKind = Literal[
    "auth", "quota", "overload", "network", "refused", "context_full", "limit", "crashed", "failed"
]

_AUTH_REQUIRED = -32000
_WORDS: tuple[tuple[FailureKind, str], ...] = (
    (
        "auth",
        r"\b401\b|\b403\b|unauthori[sz]ed|authentication|invalid[ _]?api[ _]?key|not logged in|log ?in again",
    ),
    ("quota", r"\b429\b|rate.?limit|quota|usage limit|billing|credit balance|too many requests"),
    ("overload", r"\b5(00|02|03|04|29)\b|overloaded|server_error|unavailable|internal server error"),
    ("context_full", r"context (window|length)|too many tokens|prompt is too long"),
    (
        "network",
        r"ECONN|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|fetch failed|disconnected|connection (error|refused|reset)",
    ),
)
_BY_ERROR_KIND: dict[str, FailureKind] = {
    "authentication_failed": "auth",
    "rate_limit": "quota",
    "server_error": "overload",
    "overloaded": "overload",
}


def kind_of_error(error: dict[str, Any]) -> FailureKind:
    """The kind of a JSON-RPC error; `failed` if nothing tells."""
    data = error.get("data")
    named = data.get("errorKind") if isinstance(data, dict) else None
    if isinstance(named, str) and named in _BY_ERROR_KIND:
        return _BY_ERROR_KIND[named]
    if error.get("code") in (_AUTH_REQUIRED, 401):
        return "auth"
    return kind_of_text(f"{error.get('message', '')} {data or ''}")


def kind_of_text(text: str) -> FailureKind:
    """The kind that an agent's words about its failure tell; `failed` if none does."""
    shortened = text[:10_000]
    found = (kind for kind, words in _WORDS if re.search(words, shortened, re.IGNORECASE))
    return next(found, "failed")


_AFTER = re.compile(
    r"(?:retry|try again|resets?|available)\W+(?:after|in)?\W*(\d{1,6}(?:\.\d{1,3})?)\s*"
    r"(ms|s|m|h|(?:millisecond|second|sec|minute|min|hour|hr)s?)\b",
    re.IGNORECASE,
)
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}


def retry_after_s(text: str) -> float | None:
    """Seconds after which the provider lets it go on, where its words say so ("try again in 20s")."""
    found = _AFTER.search(text[:10_000])
    if found is None:
        return None
    unit = found[2].lower()
    in_thousandths = unit == "ms" or unit.startswith("milli")
    return float(found[1]) * (0.001 if in_thousandths else _UNITS[unit[0]])


def codex_failure(update: dict[str, Any]) -> FailureKind | None:
    """Codex ends a failed turn as it ends a good one; the status of its thread tells them apart."""
    codex = _codex(update)
    status = codex.get("threadStatus")
    if isinstance(status, dict) and status.get("type") == "systemError":
        return "failed"
    return None


def _codex(update: dict[str, Any]) -> dict[str, Any]:
    inner = update.get("update")
    meta = inner.get("_meta") if isinstance(inner, dict) else None
    codex = meta.get("codex") if isinstance(meta, dict) else None
    return codex if isinstance(codex, dict) else {}
