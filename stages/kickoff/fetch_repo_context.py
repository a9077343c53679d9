"""Describe a repository for a plan: what it is, what was done last, what is open."""

from __future__ import annotations

from typing import TYPE_CHECKING, NotRequired, TypedDict

from shell.forge_at import forge_at, repository_facts

if TYPE_CHECKING:
    from stages.world import Json

NAME = "fetch_repo_context"
EFFECTS = ["Fallible", "Network"]


class Input(TypedDict):
    repo: str
    token_env: NotRequired[str | None]
    host: NotRequired[str | None]


class Commit(TypedDict):
    sha: str
    message: str
    author: str
    date: str


class Output(TypedDict):
    description: str
    open_issues: float
    recent_commits: list[Commit]
    languages: dict[str, float]
    default_branch: str
    empty: bool


def execute(input: Input) -> Output:
    facts = repository_facts(forge_at(input.get("host"), input.get("token_env")), input["repo"])
    raw = facts["repository"]
    return {
        "description": raw.get("description") or "",
        "open_issues": raw.get("open_issues_count") or 0,
        "recent_commits": [commit_of(commit) for commit in facts["commits"]],
        "languages": facts["languages"],
        "default_branch": raw["default_branch"],
        "empty": not facts["commits"],
    }


def commit_of(raw: dict[str, Json]) -> Commit:
    """Out of the forge's own form."""
    about = raw["commit"]
    return {
        "sha": raw["sha"][:8],
        "message": about["message"].split("\n")[0],
        "author": about["author"]["name"],
        "date": about["author"]["date"],
    }


if __name__ == "__main__":  # by hand: echo '{…}' | python3 this_file.py
    import datetime, json, sys
    try:
        with open(0) as text:
            given = {"now": datetime.datetime.now(datetime.UTC).isoformat()} | json.load(text)
        print(json.dumps(execute(given)))
    except KeyError as error:
        sys.exit(f"the input has no `{error.args[0]}`")
    except Exception as error:
        sys.exit(str(error))
