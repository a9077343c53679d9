"""Times as both forges write them: UTC, whole seconds."""

from __future__ import annotations

import datetime


def when(moment: float | None) -> str | None:
    """Seconds since the epoch as `2026-01-02T03:04:05Z`."""
    if moment is None:
        return None
    return datetime.datetime.fromtimestamp(int(moment), datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
