"""Comment on an issue or pull request on GitHub or Gitea; with a key, only once."""

from typing import NotRequired, TypedDict

from shell.forge_at import comment_once, forge_at

EFFECTS = ["Fallible", "Network"]


class Input(TypedDict):
    repo: str
    issue_number: float
    body: str
    key: NotRequired[str | None]
    token_env: NotRequired[str | None]
    host: NotRequired[str | None]


class Output(TypedDict):
    comment_id: float
    url: str


def execute(input: Input) -> Output:
    forge = forge_at(input.get("host"), input.get("token_env"))
    number, key = int(input["issue_number"]), input.get("key")
    if key:
        comment = comment_once(forge, input["repo"], number, input["body"], "comment", key)
    else:
        comment = forge.comment(input["repo"], number, input["body"])
    return {"comment_id": comment["comment_id"], "url": comment["html_url"]}


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
