"""The log of an agent's run: where it is, and its end as people read it in a comment."""

import os
import re
from pathlib import Path

from shell.neutralize import JOINER, TERMINAL, UNSEEN
from shell.secrets import mask

LINES = 40
_EARLIER = 100
"""So many runs are looked at for one that has written something."""
_LONGEST, _READ = 300, 64 * 1024
_FENCE = re.compile("`{3,}")


def log_of(home: Path, sprint_id: str, task_id: str, attempt: int) -> Path:
    """Where a run leaves its log, below CALORON_HOME."""
    return home / "logs" / "agents" / sprint_id / f"{task_id}-{attempt}.log"


def log_in_words(home: Path, sprint_id: str, task_id: str, attempt: int) -> str:
    """Its last lines as Markdown that does nothing; those of an earlier run while it has written nothing."""
    runs = range(attempt, max(0, attempt - _EARLIER), -1)
    logs = ((run, _last_lines(log_of(home, sprint_id, task_id, run))) for run in runs)
    run, lines = next(((run, lines) for run, lines in logs if lines), (attempt, []))
    if not lines:
        return f"Run {attempt} of `{task_id}` has left no log here yet; logs are kept for 30 days."
    first = "" if run == attempt else f"Run {attempt} of `{task_id}` has written nothing yet. "
    longest = max((len(found) for line in lines for found in _FENCE.findall(line)), default=2)
    fence = "`" * (longest + 1)
    more = f"All of it, where the bot runs: `caloron agents --log {task_id}`."
    return "\n".join([f"{first}The end of run {run} of `{task_id}`:", "", fence, *lines, fence, "", more])


def _last_lines(log: Path) -> list[str]:
    try:
        with open(log, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _READ))
            text = file.read().decode(errors="replace")
    except FileNotFoundError:
        return []
    lines = [_shown(line) for line in mask(text).splitlines()]
    return [line for line in lines if line][-LINES:]


def _shown(line: str) -> str:
    """What a reader sees of it; a marker of ours that an agent wrote is none."""
    shown = UNSEEN.sub("", TERMINAL.sub("", line)).rstrip().replace("<!--", f"<{JOINER}!--")
    return shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…"
