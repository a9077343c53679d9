"""Collect the feedback that agents left on a sprint's issues, on GitHub or Gitea."""

from __future__ import annotations

from typing import TYPE_CHECKING, NotRequired, TypedDict

from shell.errors import Refused
from shell.forge import Forge
from shell.forge.protocol import Comment
from shell.feedback_block import read_feedback
from shell.forge_at import forge_at

if TYPE_CHECKING:
    from stages.world import Json

NAME = "collect_sprint_feedback"
EFFECTS = ["Fallible", "Network"]

MAINTAINERS = ("maintain", "admin", "owner")
SHOWN = 500


class Feedback(TypedDict):
    """A report on an issue, and who wrote it."""

    issue_number: int
    author: str
    created_at: str
    is_parsed_yaml: bool
    parsed: dict[str, Json] | None  # whatever the agent wrote
    raw_body: NotRequired[str]  # where that could not be read


class Input(TypedDict):
    repo: str
    issue_numbers: list[float]
    sprint_id: NotRequired[str | None]
    token_env: NotRequired[str | None]
    host: NotRequired[str | None]


class Output(TypedDict):
    feedback_items: list[Feedback]
    errors: list[str]


def execute(input: Input) -> Output:
    forge = forge_at(input.get("host"), input.get("token_env"))
    repo, mine = input["repo"], forge.me()["id"]
    trusted: dict[int | None, bool] = {mine: True}  # the agents write as our account
    items: list[Feedback] = []
    errors: list[str] = []
    for number in map(int, input["issue_numbers"]):
        for comment in forge.issue_comments(repo, number):
            found = read_feedback(comment["body"])
            if found and comment["author_id"] not in trusted:
                trusted[comment["author_id"]], words = may_report(forge, repo, comment)
                errors += words
            if found and trusted[comment["author_id"]]:
                items += [item_of(number, comment, parsed) for parsed in found]
    return {"feedback_items": items, "errors": errors}


def may_report(forge: Forge, repo: str, comment: Comment) -> tuple[bool, list[str]]:
    """Whether someone else's feedback counts: a maintainer's does; where that cannot be asked, it is said."""
    try:
        held = forge.permission(repo, comment["author"])
    except Refused as refusal:
        return False, [f"feedback of {comment['author']} left out: {refusal.message}"]
    same = comment["author_id"] is not None and held["user_id"] == comment["author_id"]
    return same and held["permission"] in MAINTAINERS, []


def item_of(number: int, comment: Comment, parsed: dict[str, Json] | None) -> Feedback:
    item: Feedback = {
        "issue_number": number,
        "author": comment["author"],
        "created_at": comment["created_at"],
        "is_parsed_yaml": parsed is not None,
        "parsed": parsed,
    }
    return item if parsed is not None else {**item, "raw_body": comment["body"][:SHOWN]}


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
