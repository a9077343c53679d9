"""The id of this installation of the bot: random, kept in the store, and in CALORON_HOME for a lost store."""

import re
import secrets
from pathlib import Path

_FILE = "installation"
_ID = re.compile(r"[0-9a-f]{12}")


def new_installation() -> str:
    """Another one than that of any other installation."""
    return secrets.token_hex(6)


def read_installation(home: Path) -> str | None:
    """What was kept in CALORON_HOME; None if nothing was."""
    try:
        kept = (home / _FILE).read_text(encoding="utf-8").strip()
    except OSError:
        return None
    return kept if _ID.fullmatch(kept) else None


def keep_installation(home: Path, name: str) -> None:
    """Keep it for a store that is lost; where CALORON_HOME is not there, the store alone has it."""
    if home.is_dir() and read_installation(home) != name:
        (home / _FILE).write_text(f"{name}\n", encoding="utf-8")
