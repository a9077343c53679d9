"""Reads and writes files in an agent's home between its turns: nothing that it has left there is followed.

The bot may be root, and the home is the agent's: a link in the way of a file would lead the bot's writing to
any file of the machine.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

_MOST_READ = 1024 * 1024
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def write_file(home: Path, name: str, content: str | bytes) -> None:
    """Write `name`, a path below the home, for its owner alone; what stands in its way is removed."""
    with _folder_of(home, name, make=True) as folder:
        assert folder is not None
        file = PurePosixPath(name).name
        _make_way(folder, file)
        opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=folder)
        with open(opened, "wb") as writing:
            writing.write(content if isinstance(content, bytes) else content.encode())


def read_file(home: Path, name: str) -> str:
    """The beginning of a file below the home; empty where there is no plain file by that path."""
    with _folder_of(home, name, make=False) as folder:
        if folder is None:
            return ""
        try:
            way = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            opened = os.open(PurePosixPath(name).name, way, dir_fd=folder)
        except OSError:
            return ""
        try:
            is_file = stat.S_ISREG(os.fstat(opened).st_mode)
            return os.read(opened, _MOST_READ).decode(errors="replace") if is_file else ""
        finally:
            os.close(opened)


def remove_file(home: Path, name: str) -> None:
    """Remove a file below the home, if it is there."""
    with _folder_of(home, name, make=False) as folder:
        if folder is not None:
            _make_way(folder, PurePosixPath(name).name)


@contextmanager
def _folder_of(home: Path, name: str, *, make: bool) -> Iterator[int | None]:
    """The folder that a file is in, opened part by part; None where there is none and none is made."""
    if make:
        home.mkdir(parents=True, exist_ok=True)
    try:
        folder = os.open(home, _FOLDER)
    except FileNotFoundError:
        yield None
        return
    try:
        for part in PurePosixPath(name).parent.parts:
            inner = _inner(folder, part, make)
            if inner is None:
                yield None
                return
            folder, outer = inner, folder
            os.close(outer)
        yield folder
    finally:
        os.close(folder)


def _inner(folder: int, part: str, make: bool) -> int | None:
    try:
        return _opened(folder, part)
    except OSError as error:
        if not make:
            return None
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            os.unlink(part, dir_fd=folder)
        elif error.errno != errno.ENOENT:
            raise
    os.mkdir(part, 0o700, dir_fd=folder)
    return _opened(folder, part)


def _opened(folder: int, part: str) -> int:
    """The folder of that name, opened for its owner also where the agent has closed it."""
    if not hasattr(os, "O_PATH"):  # not on Linux, where there are no walls either
        return os.open(part, _FOLDER, dir_fd=folder)
    named = os.open(part, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    try:
        os.chmod(f"/proc/self/fd/{named}", 0o700)
        return os.open(".", _FOLDER, dir_fd=named)
    finally:
        os.close(named)


def _make_way(folder: int, name: str) -> None:
    """Remove what is there by that name; of a folder it is moved aside, for it may be full."""
    try:
        os.unlink(name, dir_fd=folder)
    except FileNotFoundError:
        return
    except (IsADirectoryError, PermissionError):
        os.rename(name, f"{name}.folder-{os.urandom(4).hex()}", src_dir_fd=folder, dst_dir_fd=folder)
