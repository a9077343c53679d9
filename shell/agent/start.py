"""What an attempt starts from: the current base, or the branch on the forge, the base merged in if asked."""

from dataclasses import dataclass
from pathlib import Path

from shell.agent.git import Git
from shell.agent.outcome import AttemptEnded
from shell.agent.paths import Attempt
from shell.agent.repository import EXCLUDED, Repository, branch_ref
from shell.agent.retry import with_retries
from shell.agent.tree import write_tree_to_folder

_DEPTH = 50


@dataclass(frozen=True)
class Start:
    """Commits and tree that the folder is made from."""

    base: str
    head: str | None
    """Where the branch is on the forge; None: base_head is no such branch yet."""
    tree: str
    parents: list[str]
    merged: bool = False
    conflicts: tuple[str, ...] = ()


def begin(repository: Repository, branch: str, base: str, merge_base: bool) -> Start:
    """Fetch, and decide what to start from."""
    heads = with_retries(lambda: repository.fetch(base, branch))
    if base not in heads:
        raise AttemptEnded(
            "failed", f"The branch {base} does not exist on the forge; push a first commit to it."
        )
    base_head, head = heads[base], heads.get(branch)
    if head is None:
        return Start(base_head, None, repository.tree_of(base_head), [base_head])
    if not merge_base or repository.contains(head, base_head):
        return Start(base_head, head, repository.tree_of(head), [head])
    tree, conflicts = repository.merge(head, base_head)
    return Start(base_head, head, tree, [head, base_head], True, tuple(conflicts))


def check_out(repository: Repository, start: Start, attempt: Attempt, branch: str) -> None:
    """Fill the fresh folder of the agent."""
    fill(repository, start.tree, start.parents[0], attempt.folder, attempt.index, branch)


def fill(repository: Repository, tree: str, parent: str, folder: Path, index: Path, branch: str) -> None:
    """Write `tree` into a fresh folder, with a repository of its own, which has no remote or credential."""
    write_tree_to_folder(repository.git, tree, folder, index)
    own = Git(folder / ".git")
    own.run("init", "--quiet", f"--initial-branch={branch}")
    options = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", f"--depth={_DEPTH}")
    only = ("--update-head-ok", repository.path.absolute().as_uri(), f"{parent}:{branch_ref(branch)}")
    own.run("fetch", *options, *only, timeout=900)
    own.run("reset", "--quiet", "--mixed")
    (folder / ".git" / "info").mkdir(exist_ok=True)
    (folder / ".git" / "info" / "exclude").write_text(EXCLUDED)


def prompt_of(prompt: str, start: Start, base: str, told: str = "") -> str:
    """The prompt as it was decided, with what the repository tells agents, and what the run found out."""
    if told:
        prompt = f"{prompt.rstrip()}\n\n{told}\n"
    if not start.merged:
        return prompt
    if not start.conflicts:
        return f"{prompt.rstrip()}\n\n`{base}` was merged into your branch without conflicts.\n"
    listed = "\n".join(f"- {path}" for path in start.conflicts)
    return (
        f"{prompt.rstrip()}\n\n"
        f"`{base}` was merged into your branch, and these files have conflicts:\n{listed}\n"
        "Resolve every conflict first: keep what both sides intend, and leave no conflict markers "
        "(<<<<<<<, ======= or >>>>>>>).\n"
    )


def unresolved(start: Start, attempt: Attempt) -> list[str]:
    """The files that still hold conflict markers."""
    return [path for path in start.conflicts if _has_markers(attempt, path)]


def _has_markers(attempt: Attempt, path: str) -> bool:
    file = attempt.folder / path
    if file.is_symlink() or not file.is_file():
        return False
    lines = file.read_bytes().splitlines()
    return any(line.startswith(b"<<<<<<< ") for line in lines) and any(
        line.startswith(b">>>>>>> ") for line in lines
    )
