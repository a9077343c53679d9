"""The only place that reads the clock for decisions; they get the time as text."""

from datetime import UTC, datetime


def now() -> str:
    """The time as ISO-8601 UTC text with milliseconds, `2026-01-02T03:04:05.678Z`."""
    return text_of(datetime.now(UTC))


def text_of(moment: datetime) -> str:
    """An aware moment as our text form."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def seconds_between(earlier: str, later: str) -> float:
    """Seconds from one of our times to another."""
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()
