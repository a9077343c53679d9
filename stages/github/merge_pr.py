"""Merge a pull request on GitHub or Gitea at exactly the head that was seen."""

from typing import NotRequired, TypedDict

from shell.errors import Refused, Unavailable
from shell.forge_at import forge_at

EFFECTS = ["Fallible", "Network"]


class Input(TypedDict):
    repo: str
    pr_number: float
    head_sha: NotRequired[str | None]
    style: NotRequired[str | None]
    delete_branch: NotRequired[bool | None]
    token_env: NotRequired[str | None]
    host: NotRequired[str | None]


class Output(TypedDict):
    merged: bool
    merge_commit: str
    error: NotRequired[str | None]


def execute(input: Input) -> Output:
    forge = forge_at(input.get("host"), input.get("token_env"))
    repo, number = input["repo"], int(input["pr_number"])
    try:
        pull = forge.pull(repo, number)
        if pull["merged"]:  # asked twice is done once
            return {"merged": True, "merge_commit": pull["merge_sha"] or ""}
        style = input.get("style") or forge.repository(repo)["default_merge_style"]
        head_sha = input.get("head_sha") or pull["head"]["sha"]
        answer = forge.merge(repo, number, head_sha, style, bool(input.get("delete_branch")))
    except (Refused, Unavailable) as fault:
        return {"merged": False, "merge_commit": "", "error": str(fault)}
    return {"merged": True, "merge_commit": answer["merge_sha"] or ""}


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
