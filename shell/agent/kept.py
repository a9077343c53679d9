"""What a run of a task keeps for its next run: the agent's home, what its folder ignores, and its session.

It is one folder or disk image, which moves from run to run: nothing is copied. What is in it is the agent's,
so nothing there is followed, and a login is taken out before it is put aside.
"""

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from shell.agent.git import Git
from shell.agent.paths import Attempt, Paths
from shell.agent.quota import OwnDisk
from shell.agent.remove import remove_folder
from shell.agent.tree import ignored

_MOST_FILES = 200_000
_MOST_OF_DISK = 0.5
"""What takes more than this part of a run's disk is not kept: the next run needs room too."""
_DISK, _SPACE, _ABOUT = "disk.img", "space", "kept.json"


@dataclass(frozen=True)
class Kept:
    """What the run before left, beside its files."""

    framework: str
    """Of its agent: another one gets a home of its own."""
    setup: str
    """The key of the repository's setup that it was given."""
    session: "Session | None"


@dataclass(frozen=True)
class Session:
    """A session that the agent can go on with."""

    id: str
    usd: float
    """What it has cost so far."""


def keep(attempt: Attempt, paths: Paths, disk: OwnDisk | None, kept: Kept) -> None:
    """Have the attempt's files put aside when it has ended; not where they take too much."""
    most = _MOST_OF_DISK * paths.limits.disk_bytes
    if (disk.used() if disk is not None else _bytes(attempt.space, most)) <= most:
        attempt.about_kept.write_text(json.dumps(asdict(kept)))


def put_aside(attempt: Attempt) -> None:
    """Move what is to be kept to its task's place; the disk is unmounted. The run has its result already."""
    if attempt.kept is None or not attempt.about_kept.is_file():
        return
    try:
        _move(attempt, attempt.kept)
    except OSError as error:
        attempt.note(f"Nothing is kept for the next run of this task: {error}.")


def _move(attempt: Attempt, to: Path) -> None:
    remove_folder(to)
    to.mkdir(parents=True)
    if attempt.image.is_file():
        attempt.image.rename(to / _DISK)
    else:
        remove_folder(attempt.temporary)
        attempt.space.rename(to / _SPACE)
    attempt.about_kept.rename(to / _ABOUT)


def take_back(attempt: Attempt, image_bytes: int | None) -> Kept | None:
    """Move what the run before kept into this attempt; None where there is nothing.

    `image_bytes` is how large this attempt's disk is to be; None: it has none of its own.
    """
    if attempt.kept is None:
        return None
    try:
        kept = _read(attempt.kept / _ABOUT)
        image, space = attempt.kept / _DISK, attempt.kept / _SPACE
        if image_bytes is not None and image.stat().st_size == image_bytes:
            image.rename(attempt.image)
        elif image_bytes is None:
            space.rename(attempt.space)
        else:
            return None
        return kept
    except FileNotFoundError:
        return None
    finally:
        remove_folder(attempt.kept)


def _read(about: Path) -> Kept:
    told = json.loads(about.read_text())
    return Kept(**{**told, "session": Session(**told["session"]) if told["session"] else None})


def make_room_for_files(attempt: Attempt) -> None:
    """Put the folder of the run before beside the place of the new one."""
    remove_folder(_before(attempt))
    if attempt.folder.is_symlink():
        attempt.folder.unlink()
    if attempt.folder.exists():
        attempt.folder.rename(_before(attempt))


def leave_ignored(attempt: Attempt) -> None:
    """Remove what the run before had in its folder."""
    remove_folder(_before(attempt))


def bring_ignored(git: Git, attempt: Attempt) -> None:
    """Move what the run before had at the top of its folder, and git ignores, into the new one.

    Such as installed dependencies. Whatever else is there was pushed, or was not to leave; so what is ignored
    is said by the files of the branch.
    """
    before = _before(attempt)
    moved = [*_moved(before, attempt.folder)] if before.is_dir() else []
    stays = ignored(
        git, {f"{name}/" if is_folder else name for name, is_folder in moved}, attempt.folder, attempt.index
    )
    for name, is_folder in moved:
        if (f"{name}/" if is_folder else name) not in stays:
            remove_folder(attempt.folder / name)
    remove_folder(before)


def _before(attempt: Attempt) -> Path:
    return attempt.space / "before"


def _moved(before: Path, folder: Path) -> Iterator[tuple[str, bool]]:
    with os.scandir(before) as entries:
        found = [(one.name, one.is_dir(follow_symlinks=False)) for one in entries]
    for name, is_folder in found:
        if name.lower() not in (".git", ".gitignore") and not os.path.lexists(folder / name):
            with suppress(PermissionError):  # a folder that its owner closed stays, and goes with the rest
                os.rename(before / name, folder / name)
                yield name, is_folder


def _bytes(folder: Path, most: float) -> float:
    """What its files take; more than `most` where that is enough to know."""
    taken, files = 0.0, 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):  # a path that is too long, or that went meanwhile
                taken += os.lstat(os.path.join(place, name)).st_blocks * 512
            files += 1
        if taken > most or files > _MOST_FILES:
            return most + 1
    return taken
