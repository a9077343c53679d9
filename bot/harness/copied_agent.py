"""Gives a bot of the harness an agent that is installed elsewhere on this machine."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def copied_agent(there: Path, home: Path) -> Iterator[None]:
    """The installed framework in this home, while the block runs; its files are shared where it can be."""
    here = home / "frameworks" / there.name
    try:
        _copy(there, here)
        yield
    finally:
        shutil.rmtree(here)


def _copy(there: Path, here: Path) -> None:
    here.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(there, here, symlinks=True, copy_function=_link)
    for script in (here / "venv/bin").glob("*"):
        if script.is_file() and not script.is_symlink():
            _name_interpreter(script, there, here)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:  # another disk
        shutil.copy2(source, target, follow_symlinks=False)


def _name_interpreter(script: Path, there: Path, here: Path) -> None:
    """A script of Python names its interpreter by the whole path."""
    content = script.read_bytes()
    if content.startswith(b"#!" + os.fsencode(there)):
        mode = script.stat().st_mode
        script.unlink()
        script.write_bytes(content.replace(os.fsencode(there), os.fsencode(here), 1))
        script.chmod(mode)
