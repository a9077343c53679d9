"""Repositories let in by `caloron install`: a file each in CALORON_HOME, so a lost store forgets none."""

import json
import re
from pathlib import Path

from shell.clock import now

_LANE = re.compile(r"(gitea|github)-[1-9][0-9]{0,15}")


def note(home: Path, lane: str, repo: str) -> None:
    """Note that the operator installed the bot there; `lane` is the forge and the repository's id."""
    folder = home / "installed"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    (folder / lane).write_text(json.dumps({"repo": repo, "at": now()}) + "\n")


def forget(home: Path, lane: str) -> None:
    """Take the note back."""
    (home / "installed" / lane).unlink(missing_ok=True)


def lanes(home: Path) -> dict[str, str]:
    """Lane → the repository's name when it was installed."""
    folder = home / "installed"
    found = sorted(file for file in folder.glob("*") if _LANE.fullmatch(file.name)) if folder.is_dir() else []
    return {file.name: str(json.loads(file.read_text())["repo"]) for file in found}
