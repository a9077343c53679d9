"""Open an issue on GitHub or Gitea; with a key, only once."""

from typing import NotRequired, TypedDict

from shell.forge_at import create_issue_once, forge_at

EFFECTS = ["Fallible", "Network"]


class Input(TypedDict):
    repo: str
    title: str
    body: NotRequired[str | None]
    labels: NotRequired[list[str] | None]
    key: NotRequired[str | None]
    token_env: NotRequired[str | None]
    host: NotRequired[str | None]


class Output(TypedDict):
    issue_number: float
    url: str


def execute(input: Input) -> Output:
    forge = forge_at(input.get("host"), input.get("token_env"))
    repo, title, body = input["repo"], input["title"], input.get("body") or ""
    labels, key = input.get("labels") or [], input.get("key")
    if key:
        issue = create_issue_once(forge, repo, title, body, labels, "issue", key)
    else:
        issue = forge.create_issue(repo, title, body, labels)
    return {"issue_number": issue["number"], "url": issue["html_url"]}


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
