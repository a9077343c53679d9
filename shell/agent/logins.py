"""The operator's logins of a framework: copied into the task's own home, never bound."""

import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from shell.agent.frameworks import Framework
from shell.sanitize import read_json
from shell.secrets import know

_SECRET = re.compile("token|key|secret|password", re.IGNORECASE)
_LONG = 16


def copy_logins(framework: Framework, machine: Mapping[str, str], home: Path) -> None:
    """Copy the framework's login and settings from the operator's home into the agent's."""
    theirs = Path(machine.get("HOME", "/nonexistent"))
    for name in framework.files:
        if (theirs / name).is_file():
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(theirs / name, home / name)
            (home / name).chmod(0o600)
            know(*secrets_in((home / name).read_text(errors="replace")))


def secrets_in(text: str) -> Iterator[str]:
    """The values of a JSON file that are named like secrets; none where it is something else."""
    try:
        waiting: list[Any] = [read_json(text)]
    except ValueError:
        return
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            named = {name: part for name, part in value.items() if isinstance(part, str)}
            yield from (part for name, part in named.items() if _SECRET.search(name) and len(part) >= _LONG)
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
