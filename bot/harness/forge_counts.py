"""What a sprint left on the forge, counted: one of each, or what there is too much or too little of."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from shell.forge import Forge
from shell.forge.protocol import Issue, Pull
from shell.marker import read_marks

from .outcome import EPOCH

TASK_LABEL = "caloron:task"


@dataclass(frozen=True)
class ForgeCounts:
    """The counts of one repository."""

    repo: str
    finished: bool
    tasks: list[dict[str, Any]]
    """Each with `task, issues, closed, pulls, merges`."""
    boards: int
    retros: int
    comments: int
    problems: list[str]
    """Duplicates, and issues and pull requests that belong to no task."""

    def wrong(self) -> list[str]:
        """Everything that is not as it should be."""
        found = [] if self.finished else ["the kickoff is not closed"]
        for task in self.tasks:
            counts = {name: task[name] for name in ("issues", "closed", "pulls", "merges")}
            found += [f"{task['task']} has {count} {name}" for name, count in counts.items() if count != 1]
        found += [f"{n} {name}" for name, n in (("boards", self.boards), ("retros", self.retros)) if n != 1]
        return [f"{self.repo}: {problem}" for problem in [*found, *self.problems]]

    def line(self) -> str:
        """One line for the terminal."""
        sums = {name: sum(task[name] for task in self.tasks) for name in ("issues", "pulls", "merges")}
        each = ", ".join(f"{count} {name}" for name, count in sums.items())
        state = "finished" if self.finished else "NOT finished"
        shown = (
            f"{self.boards} board, {self.retros} retro, {self.comments} comments, "
            f"{len(self.problems)} duplicates or strays"
        )
        return f"{self.repo}: {state}, {len(self.tasks)} tasks, {each}, {shown}"


def count_forge(forge: Forge, bot: str, repo: str, kickoff: int, tasks: Iterable[str]) -> ForgeCounts:
    """Count what the forge's API shows."""
    changes = forge.changes_since(repo, EPOCH)
    pulls = [forge.pull(repo, number) for number in changes["pulls"]]
    issues = [issue for issue in changes["issues"] if TASK_LABEL in issue["labels"]]
    numbers = [issue["number"] for issue in [*changes["issues"], *pulls]]
    comments = {number: _bot_comments(forge, bot, repo, number) for number in numbers}
    return ForgeCounts(
        repo,
        forge.issue(repo, kickoff)["state"] == "closed",
        [_count_task(task, issues, pulls) for task in tasks],
        _count_marked(comments[kickoff], "board"),
        _count_marked(comments[kickoff], "retro"),
        sum(map(len, comments.values())),
        [*_duplicates(comments), *_strays(issues, pulls, tasks)],
    )


def _bot_comments(forge: Forge, bot: str, repo: str, number: int) -> list[str]:
    return [one["body"] for one in forge.issue_comments(repo, number) if one["author"] == bot]


def _count_task(task: str, issues: list[Issue], pulls: list[Pull]) -> dict[str, Any]:
    own_issues = [issue for issue in issues if _task_of_issue(issue) == task]
    own_pulls = [pull for pull in pulls if _task_of_pull(pull) == task]
    return {
        "task": task,
        "issues": len(own_issues),
        "closed": sum(issue["state"] == "closed" for issue in own_issues),
        "pulls": len(own_pulls),
        "merges": sum(pull["merged"] for pull in own_pulls),
    }


def _task_of_issue(issue: Issue) -> str:
    return next((mark["task"] for mark in read_marks(issue["body"] or "") if mark["task"]), "")


def _task_of_pull(pull: Pull) -> str:
    return re.sub(r".*/", "", str(pull["head"]["ref"]))


def _strays(issues: list[Issue], pulls: list[Pull], tasks: Iterable[str]) -> list[str]:
    """Issues and pull requests that belong to no task."""
    known = set(tasks)
    found = [f"the issue #{one['number']} is no task's" for one in issues if _task_of_issue(one) not in known]
    return found + [f"#{one['number']} is no task's" for one in pulls if _task_of_pull(one) not in known]


def _count_marked(bodies: list[str], kind: str) -> int:
    return sum(any(mark["kind"] == kind for mark in read_marks(body)) for body in bodies)


def _duplicates(comments: dict[int, list[str]]) -> list[str]:
    """Comments with the same text, or the same key, more than once in a thread."""
    found = []
    for number, bodies in comments.items():
        texts = Counter(re.sub(r"<!--.*?-->", "", body).strip() for body in bodies)
        keys = Counter(mark["key"] for body in bodies for mark in read_marks(body) if mark["key"])
        twice = [
            *(text for text, count in texts.items() if text and count > 1),
            *(key for key, count in keys.items() if count > 1),
        ]
        found += [f"on #{number} twice: {text[:80]!r}" for text in twice]
    return found
