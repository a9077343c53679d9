"""The files that the built-in agent may touch: those of its folder, by plain paths, through no link."""

import os
from pathlib import Path

_LONGEST = 200_000
_MOST_NAMES = 2_000


class Forbidden(Exception):
    """A path or file that the agent may not have; the text is for the model."""


class Workspace:
    """What the tools work on: every path is relative to the folder and stays in it."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    def list_files(self, folder: str = "") -> str:
        """The paths of all files below a folder, one a line."""
        start = self._place(folder) if folder.strip("./") else self.root
        if not start.is_dir():
            raise Forbidden(f"{folder} is not a folder")
        names: list[str] = []
        for path, folders, files in os.walk(start):
            folders[:] = sorted(name for name in folders if name.lower() != ".git")
            inside = os.path.relpath(path, self.root)
            names += [os.path.normpath(os.path.join(inside, name)) for name in sorted(files)]
        more = (
            f"\n… and {len(names) - _MOST_NAMES} more; ask for one folder" if len(names) > _MOST_NAMES else ""
        )
        return ("\n".join(names[:_MOST_NAMES]) + more) or "(no files)"

    def read_file(self, path: str) -> str:
        """The text of a file."""
        file = self._place(path)
        if not file.is_file():
            raise Forbidden(f"there is no file {path}")
        try:
            text = file.read_bytes().decode()
        except UnicodeDecodeError:
            raise Forbidden(f"{path} is not text") from None
        return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}\n… (cut: {len(text)} characters in all)"

    def write_file(self, path: str, content: str) -> str:
        """Write a whole file; its folders are made."""
        file = self._place(path)
        if file.is_dir():
            raise Forbidden(f"{path} is a folder")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content, newline="")
        except OSError as error:
            raise Forbidden(f"{path} cannot be written: {error.strerror}") from None
        return f"wrote {path} ({len(content)} characters)"

    def delete_file(self, path: str) -> str:
        """Remove a file."""
        file = self._place(path)
        if not file.is_file():
            raise Forbidden(f"there is no file {path}")
        file.unlink()
        return f"deleted {path}"

    def _place(self, path: str) -> Path:
        parts = Path(path).parts
        if not parts or os.path.isabs(path) or ".." in parts or "\0" in path:
            raise Forbidden(f"{path!r} is not a path inside the folder")
        if any(part.lower() == ".git" for part in parts):
            raise Forbidden("the folder .git may not be read or written")
        place = self.root
        for part in parts:
            place = place / part
            if place.is_symlink():
                raise Forbidden(f"{path} goes through a symbolic link, which is not followed")
        return place
