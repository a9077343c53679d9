"""Put a label on an issue or pull request on GitHub or Gitea, making it where the repository lacks it."""

from typing import NotRequired, TypedDict

from shell.errors import Refused, Unavailable
from shell.forge_at import forge_at

EFFECTS = ["Fallible", "Network"]

LOOKS = {"color": "0366d6", "description": "Managed by Caloron"}


class Input(TypedDict):
    repo: str
    issue_number: float
    label: str
    token_env: NotRequired[str | None]
    host: NotRequired[str | None]


class Output(TypedDict):
    ok: bool
    error: NotRequired[str | None]


def execute(input: Input) -> Output:
    forge = forge_at(input.get("host"), input.get("token_env"))
    try:
        forge.make_labels(input["repo"], [{"name": input["label"], **LOOKS}])
        forge.set_labels(input["repo"], int(input["issue_number"]), [input["label"]], [])
    except (Refused, Unavailable) as fault:
        return {"ok": False, "error": str(fault)}
    return {"ok": True}


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
