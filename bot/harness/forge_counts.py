"""What a sprint left on the forge, counted: one of each, or what there is too much of or too little."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from shell.forge import Forge
from shell.marker import read_marks

_LONG_AGO = "2000-01-01T00:00:00Z"
TASK = "caloron:task"


@dataclass(frozen=True)
class Tally:
    """The counts of one repository."""

    repo: str
    finished: bool
    tasks: list[dict[str, Any]]
    """Each with `task, issues, closed, pulls, merges`."""
    boards: int
    retros: int
    comments: int
    doubled: list[str]

    def wrong(self) -> list[str]:
        """What is not as it should be, in words."""
        found = [] if self.finished else ["the kickoff is not closed"]
        for task in self.tasks:
            counts = {name: task[name] for name in ("issues", "closed", "pulls", "merges")}
            found += [f"{task['task']} has {count} {name}" for name, count in counts.items() if count != 1]
        found += [f"{n} {name}" for name, n in (("boards", self.boards), ("retros", self.retros)) if n != 1]
        return [f"{self.repo}: {words}" for words in [*found, *self.doubled]]

    def line(self) -> str:
        """As it is printed."""
        sums = {name: sum(task[name] for task in self.tasks) for name in ("issues", "pulls", "merges")}
        each = ", ".join(f"{count} {name}" for name, count in sums.items())
        state = "finished" if self.finished else "NOT finished"
        shown = (
            f"{self.boards} board, {self.retros} retro, {self.comments} comments, {len(self.doubled)} doubled"
        )
        return f"{self.repo}: {state}, {len(self.tasks)} tasks, {each}, {shown}"


def tally(forge: Forge, bot: str, repo: str, kickoff: int, tasks: Iterable[str]) -> Tally:
    """Count what the forge's API tells."""
    there = forge.changes_since(repo, _LONG_AGO)
    pulls = [forge.pull(repo, number) for number in there["pulls"]]
    issues = [issue for issue in there["issues"] if TASK in issue["labels"]]
    numbers = [issue["number"] for issue in [*there["issues"], *pulls]]
    comments = {number: _ours(forge, bot, repo, number) for number in numbers}
    return Tally(
        repo,
        forge.issue(repo, kickoff)["state"] == "closed",
        [_task(task, issues, pulls) for task in tasks],
        _marked(comments[kickoff], "board"),
        _marked(comments[kickoff], "retro"),
        sum(map(len, comments.values())),
        [*_doubled(comments), *_strange(issues, pulls, tasks)],
    )


def _ours(forge: Forge, bot: str, repo: str, number: int) -> list[str]:
    return [one["body"] for one in forge.issue_comments(repo, number) if one["author"] == bot]


def _task(task: str, issues: list[dict[str, Any]], pulls: list[dict[str, Any]]) -> dict[str, Any]:
    own = [issue for issue in issues if _task_of_issue(issue) == task]
    proposed = [pull for pull in pulls if _task_of_pull(pull) == task]
    return {
        "task": task,
        "issues": len(own),
        "closed": sum(issue["state"] == "closed" for issue in own),
        "pulls": len(proposed),
        "merges": sum(pull["merged"] for pull in proposed),
    }


def _task_of_issue(issue: dict[str, Any]) -> str:
    return next((mark["task"] for mark in read_marks(issue["body"]) if mark["task"]), "")


def _task_of_pull(pull: dict[str, Any]) -> str:
    return re.sub(r".*/", "", str(pull["head"]["ref"]))


def _strange(issues: list[dict[str, Any]], pulls: list[dict[str, Any]], tasks: Iterable[str]) -> list[str]:
    """Issues and pull requests that are nobody's."""
    known = set(tasks)
    wrong = [f"the issue #{one['number']} is no task's" for one in issues if _task_of_issue(one) not in known]
    return wrong + [f"#{one['number']} is no task's" for one in pulls if _task_of_pull(one) not in known]


def _marked(bodies: list[str], kind: str) -> int:
    return sum(any(mark["kind"] == kind for mark in read_marks(body)) for body in bodies)


def _doubled(comments: dict[int, list[str]]) -> list[str]:
    """Comments of one text, or of one key, that stand more than once on their thread."""
    found = []
    for number, bodies in comments.items():
        texts = Counter(re.sub(r"<!--.*?-->", "", body).strip() for body in bodies)
        keys = Counter(mark["key"] for body in bodies for mark in read_marks(body) if mark["key"])
        twice = [
            *(t for t, count in texts.items() if t and count > 1),
            *(k for k, count in keys.items() if count > 1),
        ]
        found += [f"on #{number} twice: {words[:80]!r}" for words in twice]
    return found
