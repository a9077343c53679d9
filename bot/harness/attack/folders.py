"""Folders that an agent makes and no ordinary means removes: deep, wide, closed, oddly named, with links."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic

from shell.agent.remove import remove_folder

from .kind import Arena, Defence, Kind, Tried

_DEPTH = 3_000


def play(arena: Arena) -> Iterator[Tried]:
    """Every attempt of this kind."""
    outside = arena.folder / "outside"
    outside.mkdir()
    (outside / "kept").write_text("kept")
    count = 5_000 if arena.short else 300_000
    makers: dict[str, Callable[[Path], None]] = {
        f"a folder of {_DEPTH} levels": _deep,
        f"a folder of {count} files": lambda folder: _wide(folder, count),
        "names with line ends, blanks and bytes that are no text": _odd_names,
        "a sparse file of a terabyte": _sparse,
        "folders that may not be read": _closed,
        "links that lead out": lambda folder: os.symlink(outside, folder / "link"),
    }
    for name, make in makers.items():
        folder = arena.folder / "work"
        folder.mkdir()
        make(folder)
        began = monotonic()
        try:
            remove_folder(folder)
            seen = f"removed in {monotonic() - began:.1f} s"
        except (OSError, RecursionError) as error:
            seen = f"{type(error).__name__}: {error}"[:200]
            subprocess.run(["rm", "-rf", str(folder)], check=True)
        held = seen.startswith("removed") and (outside / "kept").exists()
        yield Tried(name, held, seen)


def _deep(folder: Path) -> None:
    here = os.open(folder, os.O_RDONLY)
    for _ in range(_DEPTH):
        os.mkdir("d" * 20, dir_fd=here)
        below = os.open("d" * 20, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.close(here)


def _wide(folder: Path, count: int) -> None:
    for number in range(count):
        os.close(os.open(folder / str(number), os.O_CREAT | os.O_WRONLY))


def _odd_names(folder: Path) -> None:
    for name in (b"two\nlines", b"\xff\xfe", b" ", b"-rf", b"\x1b[2J", "\u202e".encode(), b"x" * 255):
        os.mkdir(os.fsencode(folder) + b"/" + name)
        os.close(os.open(os.fsencode(folder) + b"/" + name + b"/" + name, os.O_CREAT | os.O_WRONLY))


def _sparse(folder: Path) -> None:
    with open(folder / "sparse", "wb") as file:
        file.truncate(2**40)


def _closed(folder: Path) -> None:
    inner = folder / "closed" / "inner"
    inner.mkdir(parents=True)
    (inner / "file").write_text("x")
    inner.chmod(0)
    inner.parent.chmod(0)


KIND = Kind(
    "folders",
    "folders that are hard to remove",
    play,
    (
        Defence(
            "folders are removed without long paths",
            "shell/agent/remove.py",
            "    os.chmod(folder, 0o700)\n    names",
            '    return __import__("shutil").rmtree(folder)\n    names',
        ),
    ),
)
