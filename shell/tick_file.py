"""The file that the original's stateful tick keeps of a sprint: state, interventions, since."""

import json
import os
import re
import tempfile
from pathlib import Path
from typing import Any

from shell.sanitize import read_bounded

_SPRINT_ID = re.compile(r"[a-z0-9_-]{1,64}")


def path_of(sprint_id: str, folder: Path | None = None) -> Path:
    """The path of a sprint's file; an id that could lead out of the folder is refused."""
    if not isinstance(sprint_id, str) or not _SPRINT_ID.fullmatch(sprint_id):
        raise ValueError(f"'sprint_id' must be 1 to 64 of a-z, 0-9, _ and -, not {sprint_id!r}")
    return (folder or _folder()) / f"{sprint_id}.json"


def read(sprint_id: str, now: str, folder: Path | None = None) -> dict[str, Any]:
    """The file's content, empty if there is none; a damaged file is renamed, not overwritten."""
    path = path_of(sprint_id, folder)
    try:
        content = read_bounded(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError:
        content = None
    if _is_valid(content):
        return dict(content)
    path.rename(path.with_name(f"{path.name}.corrupt-{re.sub(r'[^0-9A-Za-z]', '', now)}"))
    return {}


def write(sprint_id: str, content: dict[str, Any], folder: Path | None = None) -> Path:
    """Replace the file atomically, so that no reader sees half of it."""
    path = path_of(sprint_id, folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(
        content, indent=2
    )  # first of all: a value that cannot be written leaves no partial file
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=f".{sprint_id}.", delete=False) as draft:
        draft.write(text)
        draft.flush()
        os.fsync(draft.fileno())
    os.replace(draft.name, path)
    _sync(path.parent)
    return path


def _sync(folder: Path) -> None:
    """Sync the folder, so that the new name survives a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _folder() -> Path:
    named = os.environ.get("CALORON_KV_DIR")
    home = os.environ.get("CALORON_HOME")
    return Path(named).expanduser() if named else Path(home or "~/.caloron").expanduser() / "kv"


def _is_valid(content: Any) -> bool:
    if not isinstance(content, dict):
        return False
    objects = all(isinstance(content.get(name, {}), dict) for name in ("state", "interventions"))
    return objects and isinstance(content.get("since") or "", str)
