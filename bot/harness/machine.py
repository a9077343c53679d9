"""The machine that a benchmark runs on: its cores, how busy they are, and whether they limit it."""

import os
from pathlib import Path

Ticks = tuple[int, int]
_STAT = Path("/proc/stat")
_FULL = 0.85


def ticks() -> Ticks:
    """CPU ticks of all cores so far, and the idle ones of them; zeros where there is no /proc/stat."""
    if not _STAT.exists():
        return 0, 0
    spent = [int(number) for number in _STAT.read_text().splitlines()[0].split()[1:9]]
    return sum(spent), spent[3] + spent[4]


def busy_share(before: Ticks, after: Ticks) -> float | None:
    """How busy the cores were between two readings, from 0 to 1; None where it is unknown."""
    spent, idle = after[0] - before[0], after[1] - before[1]
    return round(1 - idle / spent, 2) if spent > 0 else None


def description() -> str:
    """The cores and the load average."""
    return f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}"


def bottleneck(share: float | None) -> str:
    """One sentence on what limits the loop."""
    if share is None:
        return "bottleneck: unknown, because this system does not report how busy its cores are"
    if share >= _FULL:
        return f"bottleneck: the cores, {share:.0%} busy with the bot, the forge and everything else"
    return f"bottleneck: waiting for the forge and the disk; the cores were {share:.0%} busy"
