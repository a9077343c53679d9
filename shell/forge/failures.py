"""What a forge tells of checks that failed, cut to what an agent needs of it."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from shell.errors import Refused
from shell.forge.http import Connection
from shell.neutralize import TERMINAL, UNSEEN
from shell.secrets import mask

if TYPE_CHECKING:
    from stages.world import FailedCheck

MOST_CHECKS = 5
"""Failed checks that are told of one commit; the others mostly fail with them."""
_READ = 256 * 1024
_LINES, _LONGEST_LINE = 60, 300
_LONGEST_NAME, _LONGEST_WORDS, _LONGEST_URL = 200, 500, 500
_STAMP = re.compile(r"^\ufeff?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z ?")
"""Begins each line of a job's log on GitHub and Gitea."""
_ERROR = re.compile(r"##\[error\]|::error")
"""Marks the line that ended the job; behind it only the clean-up follows."""


def failed_check(name: object, description: object, url: object, base: str, log: str) -> "FailedCheck":
    """Bounded, masked and readable; `base` is what the link is relative to."""
    link = urljoin(base, str(url or ""))
    return {
        "name": _line(name, _LONGEST_NAME),
        "description": _line(description, _LONGEST_WORDS),
        "url": _line(link, _LONGEST_URL) if link.startswith(("http://", "https://")) and url else "",
        "log": end_of_log(log),
    }


def end_of_log(text: str) -> str:
    """The last lines up to the error that ended the job, without times and colours."""
    lines = [_STAMP.sub("", line).rstrip() for line in mask(text).splitlines()]
    last = max((at for at, line in enumerate(lines) if _ERROR.search(line)), default=len(lines))
    shown = [_line(line, _LONGEST_LINE) for line in lines[: last + 1] if line]
    return "\n".join(shown[-_LINES:])


def _line(text: object, longest: int) -> str:
    shown = UNSEEN.sub("", TERMINAL.sub("", mask(str(text or "")))).replace("\n", " ").rstrip()
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"


def log_of_job(api: Connection, repo: str, job: int) -> str:
    """The end of a job's log; empty where there is none any more, or it may not be read."""
    return _or_nothing(lambda: api.tail(f"/repos/{repo}/actions/jobs/{job}/logs", _READ))


def is_job_of(api: Connection, repo: str, job: int, sha: str) -> bool:
    """Whether the job ran on this commit: where a link counts jobs otherwise, it names another one."""
    found = _or_nothing(lambda: str(api.get(f"/repos/{repo}/actions/jobs/{job}").get("head_sha") or ""))
    return found == sha


def _or_nothing(read: Callable[[], str]) -> str:
    try:
        return read()
    except Refused:
        return ""
