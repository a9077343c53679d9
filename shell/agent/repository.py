"""The shell's own bare copy of one forge repository: the only place where git gets the credential."""

import fcntl
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from shell.agent.git import Credential, Finished, Git, GitError

# Written before each use: what someone added to it could reach the credential.
_CONFIG = """[core]
\trepositoryformatversion = 0
\tbare = true
[uploadpack]
\tallowAnySHA1InWant = true
"""

# Files that frameworks and interpreters create; a repository's own .gitignore goes first.
EXCLUDED = """.aider*
__pycache__/
*.pyc
.pytest_cache/
.mypy_cache/
.ruff_cache/
node_modules/
.venv/
.DS_Store
"""

_BRANCH = re.compile(
    r"(?!.*(\.\.|//|@\{|\.lock$|/$|\.$))[^\s~^:?*\[\\\x00-\x20\x7f./-][^\s~^:?*\[\\\x00-\x20\x7f]*"
)


_PUSHED = "refs/pushed"


def branch_ref(branch: str) -> str:
    """`refs/heads/<branch>`; refuses what is not a valid branch name, and so options and refspecs too."""
    if not _BRANCH.fullmatch(branch):
        raise GitError(f"{branch!r} is not a valid branch name")
    return f"refs/heads/{branch}"


def _kept_ref(branch: str) -> str:
    # flat names, so that a branch `a` of yesterday is not in the way of `a/b` today
    return f"refs/caloron/{hashlib.sha256(branch.encode()).hexdigest()[:40]}"


def _checked_url(url: str) -> str:
    place = urlsplit(url)
    if place.scheme not in ("http", "https", "file") and not url.startswith("/"):
        raise GitError(f"unsupported repository address ({place.scheme or url!r}); use https")
    if "@" in place.netloc:
        raise GitError("the repository's address must not hold a name or password")
    return url


class Repository:
    """One bare repository; `fetch` brings it up to date, everything else reads or adds objects."""

    def __init__(
        self,
        path: Path,
        url: str,
        credential: Callable[[], Credential | None] = lambda: None,
        pulse: Callable[[], None] = lambda: None,
    ) -> None:
        self.git = Git(path, _checked_url(url), credential, pulse)
        self.path = path
        self._trees: dict[str, str] = {}
        """Of commits that were fetched."""

    def fetch(self, *branches: str) -> dict[str, str]:
        """Fetch; returns the heads of those branches that the forge has."""
        with self._alone() as lock:
            self._make()
            heads = self._heads(branches, lock)
            wanted = [f"+{branch_ref(branch)}:{_kept_ref(branch)}" for branch in heads]
            options = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules")
            if wanted:
                self.git.remote("fetch", *options, "{url}", *wanted, keep_open=[lock])
            return self._kept([*heads])

    def push(self, commit: str, branch: str, seen: str | None) -> Finished:
        """Offer `commit` as the branch's head if the forge still has `seen` there (None: no such branch)."""
        ref = branch_ref(branch)
        lease = f"--force-with-lease={ref}:{seen or ''}"
        return self.git.remote(
            "push", "--porcelain", "--no-verify", lease, "{url}", f"{commit}:{ref}", allowed=(0, 1)
        )

    def note_pushed(self, commit: str) -> None:
        """Note here that this commit is ours, before it is offered: that outlives the store."""
        self.git.run("update-ref", f"{_PUSHED}/{commit}", commit)

    def noted_pushed(self) -> set[str]:
        """Every commit that was noted as ours."""
        return set(self.git.run("for-each-ref", "--format=%(objectname)", _PUSHED).text.split())

    def tree_of(self, commit: str) -> str:
        if commit in self._trees:
            return self._trees[commit]
        return self.git.run("rev-parse", "--verify", "--quiet", f"{commit}^{{tree}}").text

    def has(self, commit: str) -> bool:
        """Whether this commit was fetched."""
        return not self.git.run("cat-file", "-e", f"{commit}^{{commit}}", allowed=(0, 1, 128)).status

    def blob(self, commit: str, path: str) -> str | None:
        """The text of a file or the target of a link; None if there is none."""
        found = self.git.run("cat-file", "blob", f"{commit}:{path}", allowed=(0, 128))
        return None if found.status else found.output.decode(errors="surrogateescape")

    def message(self, commit: str) -> str:
        """A commit's whole message."""
        shown = self.git.run("show", "--no-patch", "--format=%B", commit).output
        return shown.decode(errors="replace")

    def contains(self, commit: str, ancestor: str) -> bool:
        """Whether `ancestor` is in the history of `commit`."""
        return not self.git.run("merge-base", "--is-ancestor", ancestor, commit, allowed=(0, 1)).status

    def fork(self, one: str, other: str) -> str:
        """The newest commit that both have."""
        return self.git.run("merge-base", one, other).text

    def merge(self, ours: str, theirs: str) -> tuple[str, list[str]]:
        """The tree of both together and the paths in conflict (their files hold the usual markers)."""
        options = ("--write-tree", "-z", "--name-only", "--no-messages")
        found = self.git.run("merge-tree", *options, ours, theirs, allowed=(0, 1)).records
        return found[0], sorted(set(found[1:]))

    def commit(self, tree: str, parents: list[str], message: str, author: Mapping[str, str]) -> str:
        named = [word for parent in dict.fromkeys(parents) for word in ("-p", parent)]
        return self.git.run("commit-tree", tree, *named, "-F", "-", stdin=message.encode(), extra=author).text

    def _kept(self, branches: list[str]) -> dict[str, str]:
        """The heads of branches that were fetched."""
        if not branches:
            return {}
        form = "--format=%(refname) %(objectname) %(tree)"
        lines = self.git.run("for-each-ref", form, *map(_kept_ref, branches)).text.splitlines()
        found = {ref: (commit, tree) for ref, commit, tree in (line.split(" ") for line in lines)}
        self._trees |= dict(found.values())
        return {branch: found[_kept_ref(branch)][0] for branch in branches}

    def _heads(self, branches: tuple[str, ...], lock: int) -> dict[str, str]:
        refs = {branch_ref(branch): branch for branch in branches}
        listed = self.git.remote("ls-remote", "--heads", "{url}", *refs, keep_open=[lock]).text
        pairs = (line.split("\t", 1) for line in listed.splitlines() if "\t" in line)
        return {refs[ref]: commit for commit, ref in pairs if ref in refs}

    def _make(self) -> None:
        if not (self.path / "HEAD").exists():
            self.path.mkdir(parents=True, exist_ok=True)
            self.git.run("init", "--quiet", "--bare")
        (self.path / "config").write_text(_CONFIG)
        (self.path / "info").mkdir(exist_ok=True)
        (self.path / "info" / "exclude").write_text(EXCLUDED)
        (self.path / "info" / "attributes").unlink(missing_ok=True)
        for stale_lock in self.path.glob("refs/caloron/*.lock"):
            stale_lock.unlink()  # we hold the lock, so its owner is dead
        (self.path / "packed-refs.lock").unlink(missing_ok=True)

    @contextmanager
    def _alone(self) -> Iterator[int]:
        """One fetch at a time; the git process inherits the lock and so keeps it even if we are killed."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with open(self.path.with_suffix(".lock"), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield lock.fileno()
