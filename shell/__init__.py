"""The imperative shell: all that touches the world, and the shapes that cross."""

import sys
from importlib.util import find_spec
from pathlib import Path

# these lines are the same in bot, jobs and shell, where a process starts: nothing of ours is imported before
for _room in ("bot", "handlers", "jobs", "compositions", "stages", "shell"):
    _found = find_spec(_room)
    _where = Path(_found.origin).resolve().parent if _found and _found.origin else None
    if _found and _where != (_ours := Path(__file__).resolve().parents[1] / _room):
        sys.exit(
            f"Python finds the package `{_room}` in {_where}, but the bot's own is {_ours}. Remove the other "
            "one, or install the bot into a virtual environment of its own, and start it with `python -P`."
        )
