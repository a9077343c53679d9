"""The file that the original's stateful tick keeps of a sprint: state, interventions, since."""

import json
import os
import re
import tempfile
from pathlib import Path
from typing import Any

_SPRINT_ID = re.compile(r"[a-z0-9_-]{1,64}")


def path_of(sprint_id: str, folder: Path | None = None) -> Path:
    """Where the file of a sprint lies; an id that could lead elsewhere is refused."""
    if not isinstance(sprint_id, str) or not _SPRINT_ID.fullmatch(sprint_id):
        raise ValueError(f"'sprint_id' must be 1 to 64 of a-z, 0-9, _ and -, not {sprint_id!r}")
    return (folder or _folder()) / f"{sprint_id}.json"


def read(sprint_id: str, now: str, folder: Path | None = None) -> dict[str, Any]:
    """What is kept, nothing if there is no file; one that cannot be read is put aside, not written over."""
    path = path_of(sprint_id, folder)
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError:
        kept = None
    if _is_kept(kept):
        return dict(kept)
    path.rename(path.with_name(f"{path.name}.corrupt-{re.sub(r'[^0-9A-Za-z]', '', now)}"))
    return {}


def write(sprint_id: str, kept: dict[str, Any], folder: Path | None = None) -> Path:
    """Replace the file as a whole, so that no reader ever sees half of it."""
    path = path_of(sprint_id, folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(kept, indent=2)  # first of all: what cannot be written leaves no half of a file
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=f".{sprint_id}.", delete=False) as draft:
        draft.write(text)
        draft.flush()
        os.fsync(draft.fileno())
    os.replace(draft.name, path)
    _sync(path.parent)
    return path


def _sync(folder: Path) -> None:
    """So that the new name outlives a power cut too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _folder() -> Path:
    named = os.environ.get("CALORON_KV_DIR")
    home = os.environ.get("CALORON_HOME")
    return Path(named).expanduser() if named else Path(home or "~/.caloron").expanduser() / "kv"


def _is_kept(kept: Any) -> bool:
    if not isinstance(kept, dict):
        return False
    objects = all(isinstance(kept.get(name, {}), dict) for name in ("state", "interventions"))
    return objects and isinstance(kept.get("since") or "", str)
