"""A disk of its own for each run, where the bot may mount one: an image of the size that the run may take.

The image is mounted in a mount namespace of the run's process. So nobody else sees it, and it is gone with
the last process of the run, however that ended: all that a killed run leaves is a file in its folder.
"""

import ctypes
import errno
import functools
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from shell.agent.git import GitError
from shell.agent.limits import size
from shell.agent.outcome import AttemptEnded
from shell.agent.paths import Attempt, Paths

_NEW_MOUNTS, _BELOW_TOO, _SLAVE = 0x20000, 0x4000, 0x80000
"""CLONE_NEWNS, MS_REC, MS_SLAVE."""
_SYSTEM_PATH = "/usr/sbin:/sbin:/usr/bin:/bin"
_TRIAL_BYTES = 8 * 1024**2
_MAKE = (
    *("mkfs.ext4", "-q", "-F", "-m", "0", "-i", "8192", "-O", "^has_journal"),
    *("-E", "lazy_itable_init=1,nodiscard"),
)
"""No journal and nothing written that need not be: it never outlives its run."""
_OPTIONS = "loop,nodev,nosuid,noatime,discard,barrier=0,noinit_itable"
"""What is deleted gives its space back, and who waits for this disk does not wait for the real one."""
_SOON, _AS_USUAL = {"max_bytes": 64 * 1024**2, "strict_limit": 1}, {"strict_limit": 0, "max_ratio": 100}
"""How much may wait in memory, where the kernel can be told: the machine's free space does not show it.

Of a run that was killed, the setting stays with its loop device until the next run on it has ended.
"""
_NEARLY, _NEARLY_BYTES = 256, 4 * 1024**2
"""Full is a disk of which less than this part, or less than that, is free: some of the last serves nobody."""
_NO_ROOM = (os.strerror(errno.ENOSPC), "unable to write file")
"""What failures say of a full disk; the second is git's, which removes what it has written of the file."""
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def own_mounts() -> bool:
    """From now on only this process and its children see what it mounts, and it goes with the last of them.

    False where it may not: it is not root, or its container forbids it.
    """
    if _libc is None or os.geteuid() or _libc.unshare(_NEW_MOUNTS) != 0:
        return False
    return int(_libc.mount(None, b"/", None, _BELOW_TOO | _SLAVE, None)) == 0


@dataclass(frozen=True)
class OwnDisk:
    """The mounted disk of one run."""

    folder: Path
    size: int
    opened: int
    """The folder, open since nothing was written: it knows of every write that failed."""

    def full(self) -> str | None:
        """The sentence, if it takes nothing more."""
        about = os.statvfs(self.folder)
        free, most = about.f_bavail * about.f_frsize, about.f_blocks * about.f_frsize
        if free < max(most // _NEARLY, _NEARLY_BYTES):
            return f"The agent's files took more than {size(self.size)}."
        if about.f_favail * _NEARLY < about.f_files:
            return f"The agent made more than {about.f_files} files."
        return None

    def used(self) -> int:
        """In bytes."""
        about = os.statvfs(self.folder)
        return (about.f_blocks - about.f_bfree) * about.f_frsize

    def check(self) -> None:
        """AttemptEnded unless all that was written is kept: below it may be a machine without space."""
        assert _libc is not None
        if _libc.syncfs(self.opened) != 0:
            raise AttemptEnded(
                "limit",
                "The run was ended: the disk of the bot's machine did not keep what the agent wrote "
                f"({os.strerror(ctypes.get_errno())}). Nothing was pushed.",
            )


@contextmanager
def own_disk(attempt: Attempt, paths: Paths) -> Iterator[OwnDisk | None]:
    """A disk for the attempt's files, mounted while the block runs; None where there can be none."""
    attempt.space.mkdir(exist_ok=True)
    if not paths.own_disks:
        yield None
        return
    most = paths.limits.disk_bytes
    if problem := _mounted(attempt, most):
        attempt.image.unlink(missing_ok=True)
        attempt.note(
            f"This run has no disk of its own ({problem}); what its files take is looked at each second."
        )
        yield None
        return
    try:
        _let_wait(attempt.space, _SOON)
        with _opened(attempt.space, most) as disk:
            yield disk
    except (GitError, OSError) as error:
        if paths.reserve.shortage() or not any(words in str(error) for words in _NO_ROOM):
            raise
        raise AttemptEnded("limit", f"The task's files need more than {size(most)}.") from error
    finally:
        _let_wait(attempt.space, _AS_USUAL)
        if not _unmount(attempt.space):
            attempt.about_kept.unlink(missing_ok=True)  # mounted a second time, it would be ruined


def _mounted(attempt: Attempt, most: int) -> str | None:
    """Mount the disk that the run before kept, or a new one; why it cannot be."""
    command = [*_mount(attempt.image, attempt.space, _OPTIONS)]
    if attempt.image.is_file() and _done(command) is None:
        return None
    attempt.image.unlink(missing_ok=True)
    return _made(attempt.image, most) or _done(command)


@contextmanager
def mounted_again(attempt: Attempt, paths: Paths) -> Iterator[bool]:
    """Whether the files of a killed attempt can be read, while the block runs: its disk went with it."""
    if not attempt.image.is_file():
        yield True
        return
    command = _mount(attempt.image, attempt.space, "ro,loop,nodev,nosuid,noexec")
    if not paths.own_disks or _done([*command]):
        yield False
        return
    try:
        yield True
    finally:
        _unmount(attempt.space)


@contextmanager
def _opened(folder: Path, most: int) -> Iterator[OwnDisk]:
    disk = OwnDisk(folder, most, os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
    try:
        yield disk
    finally:
        os.close(disk.opened)


@functools.cache
def why_none() -> str | None:
    """Why runs have no disks of their own here; None if they have. It is tried, once a process."""
    if sys.platform != "linux" or os.geteuid():
        return "the bot is not root"
    with tempfile.TemporaryDirectory(prefix="caloron-trial-") as name:
        image, folder = Path(name) / "disk.img", Path(name) / "space"
        folder.mkdir()
        apart = ["unshare", "--mount", "--propagation", "slave", "--"]
        return _made(image, _TRIAL_BYTES) or _done([*apart, *_mount(image, folder, _OPTIONS)])


def _made(image: Path, most: int) -> str | None:
    """Make an empty image, which takes next to nothing yet; why it cannot be made."""
    try:
        with open(image, "xb") as file:
            file.truncate(most)
    except OSError as error:
        return f"{image} cannot be made: {error.strerror}"
    return _done([*_MAKE, str(image)])


def _mount(image: Path, folder: Path, options: str) -> tuple[str, ...]:
    return ("mount", "-t", "ext4", "-o", options, str(image), str(folder))


def _unmount(folder: Path) -> bool:
    """At once, or when the last that uses it is gone: False then."""
    if _done(["umount", str(folder)]) is None:
        return True
    if problem := _done(["umount", "--lazy", str(folder)]):
        raise OSError(f"the disk of a run cannot be unmounted: {problem}")
    return False


def _done(command: list[str]) -> str | None:
    """Run a command of the system; the last line of its complaint if it fails."""
    program = shutil.which(command[0], path=_SYSTEM_PATH)
    if program is None:
        return f"{command[0]} is not installed"
    done = subprocess.run(
        [program, *command[1:]],
        env={"PATH": _SYSTEM_PATH, "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    words = " ".join(done.stderr.split())[-300:] or f"it exited with status {done.returncode}"
    return f"{command[0]}: {words}" if done.returncode else None


def _let_wait(folder: Path, settings: Mapping[str, int]) -> None:
    """Set how much of what is written may wait in memory, where this kernel has such a limit."""
    device = os.stat(folder).st_dev
    told = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}/bdi")
    with suppress(OSError):  # only the looks at the machine's free space are less exact then
        for name, value in settings.items():
            (told / name).write_text(str(value))
