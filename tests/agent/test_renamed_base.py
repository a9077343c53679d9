"""The default branch gets another name while an agent is at work."""

from typing import Any

import pytest

from shell.agent.pull import base_now, open_or_reuse_pull
from shell.errors import Refused

SPEC = {"repo": "ada/shop", "branch": "agent/s/a", "base": "main", "pr_number": None, "pr_title": "Do it"}


class Forge:
    """It has only the branches that are named."""

    def __init__(self, *branches: str) -> None:
        self.branches, self.asked = branches, list[str]()

    def branch_head(self, repo: str, branch: str) -> str | None:
        return "c1" if branch in self.branches else None

    def repository(self, repo: str) -> dict[str, Any]:
        return {"default_branch": self.branches[0]}

    def find_pull(self, repo: str, head_branch: str, base: str) -> int | None:
        return None

    def create_pull(self, repo: str, title: str, body: str, head: str, base: str, draft: bool) -> Any:
        self.asked.append(base)
        if base not in self.branches:
            raise Refused(404, "no such base")
        return {"number": 7}


class Report:
    """Nobody stops the run."""

    def may_go_on(self) -> bool:
        return True


def test_the_pull_request_goes_into_the_branch_by_its_new_name() -> None:
    forge: Any = Forge("trunk")
    assert base_now(SPEC, forge) == "trunk"
    report: Any = Report()
    assert open_or_reuse_pull(SPEC, forge, report, "") == 7
    assert forge.asked == ["main", "trunk"]


def test_what_is_refused_for_another_reason_stays_refused() -> None:
    forge: Any = Forge("trunk", "main")
    assert base_now(SPEC, forge) == "main"
    forge.branches = ()
    forge.repository = lambda repo: {"default_branch": "main"}
    report: Any = Report()
    with pytest.raises(Refused):
        open_or_reuse_pull(SPEC, forge, report, "")
    assert forge.asked == ["main"]
