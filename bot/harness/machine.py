"""The machine that a bench runs on: its cores, how busy they are, and whether they are what bounds it."""

import os
from pathlib import Path

Ticks = tuple[int, int]
_STAT = Path("/proc/stat")
_FULL = 0.85


def ticks() -> Ticks:
    """Ticks of all cores so far: all, and those that were idle; zeros where the system does not tell."""
    if not _STAT.exists():
        return 0, 0
    spent = [int(number) for number in _STAT.read_text().splitlines()[0].split()[1:9]]
    return sum(spent), spent[3] + spent[4]


def busy_share(before: Ticks, after: Ticks) -> float | None:
    """How busy the cores were between two moments, from 0 to 1; None where nobody knows."""
    spent, idle = after[0] - before[0], after[1] - before[1]
    return round(1 - idle / spent, 2) if spent > 0 else None


def on_what() -> str:
    """The cores and what waits for them."""
    return f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}"


def bound(share: float | None) -> str:
    """One sentence on what bounds the loop."""
    if share is None:
        return "what bounds it: unknown, for this system does not say how busy its cores are"
    if share >= _FULL:
        return f"what bounds it: the cores, {share:.0%} busy with the bot, the forge and all else here"
    return (
        f"what bounds it: waiting for the forge and for writes to be on disk; the cores were {share:.0%} busy"
    )
