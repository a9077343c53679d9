"""The operator's logins of a framework: copied into the task's own home, never bound."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from shell.agent.frameworks import Framework


def copy_logins(framework: Framework, machine: Mapping[str, str], home: Path) -> None:
    """Copy the framework's login and settings from the operator's home into the agent's."""
    theirs = Path(machine.get("HOME", "/nonexistent"))
    for name in framework.files:
        if (theirs / name).is_file():
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(theirs / name, home / name)
            (home / name).chmod(0o600)
