"""Read the status of a pull request on GitHub or Gitea: open or merged, and its reviewers' verdicts."""

from __future__ import annotations

from typing import TYPE_CHECKING, NotRequired, TypedDict

from shell.errors import Refused, Unavailable
from shell.forge_at import forge_at

if TYPE_CHECKING:
    from stages.world import ForgeReview

NAME = "get_pr_status"
EFFECTS = ["Fallible", "Network"]


class Input(TypedDict):
    repo: str
    pr_number: float
    token_env: NotRequired[str | None]
    host: NotRequired[str | None]


class Output(TypedDict):
    state: str
    merged: bool
    review_state: str
    reviewers: list[str]
    head_sha: NotRequired[str | None]
    checks: NotRequired[str | None]
    error: NotRequired[str | None]


def execute(input: Input) -> Output:
    forge = forge_at(input.get("host"), input.get("token_env"))
    try:
        pull = forge.pull(input["repo"], int(input["pr_number"]))
    except (Refused, Unavailable) as fault:
        words = str(fault)
        return {"state": "error", "merged": False, "review_state": "unknown", "reviewers": [], "error": words}
    verdicts = last_words(pull["reviews"])
    return {
        "state": pull["state"],
        "merged": pull["merged"],
        "review_state": verdict(set(verdicts.values())),
        "reviewers": sorted(verdicts),
        "head_sha": pull["head"]["sha"],
        "checks": pull["status"]["state"],
    }


def last_words(reviews: list[ForgeReview]) -> dict[str, str]:
    """Each reviewer's latest verdict; a remark is none, and a dismissed one does not count."""
    verdicts: dict[str, str] = {}
    for review in sorted(reviews, key=lambda one: one["submitted_at"]):
        if review["state"] in ("approved", "changes_requested"):
            verdicts[review["author"]] = review["state"]
        elif review["state"] == "dismissed":
            verdicts.pop(review["author"], None)
    return verdicts


def verdict(states: set[str]) -> str:
    return next((state for state in ("changes_requested", "approved") if state in states), "pending")


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
