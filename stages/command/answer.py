"""Answer what needs only words: `/ping`, `/help`, a mistake, a command that is not there yet, a no."""

from typing import Any, TypedDict

NAME = "command_answer"


class Input(TypedDict):
    state: Any
    events: list[Any]
    policy: Any


class Output(TypedDict):
    state: Any
    actions: list[Any]


MOST_LINES = 20
WHO = {"write": "someone with write permission", "maintain": "a maintainer (on Gitea: an administrator)",
       "admin": "an administrator"}  # fmt: skip


def execute(input: Input) -> Output:
    event = input["events"][0]
    words = words_for(event)
    good = (
        event["type"] == "command" and event["name"] in ("ping", "help") and event.get("allowed") is not False
    )
    answer = {"type": "answer", "key": event["key"], "where": event["where"], "words": words}
    return {"state": input["state"], "actions": [answer | {"good": good, "aloud": True}]}


def words_for(event: dict[str, Any]) -> str:
    if event["type"] == "mistakes":
        return listed([f"- {code(line['line'])} — {line['help']}" for line in event["mistakes"]])
    if event.get("allowed") is False:
        return denial(event)
    if event["name"] == "ping":
        return "I am here. Say `/help` to see what you can ask of me."
    if event["name"] == "help" or event.get("inactive"):
        return str(event["help"])
    return f"`/{event['name']}` is not there yet. `/help` shows what is."


def listed(lines: list[str]) -> str:
    more = len(lines) - MOST_LINES
    return "\n".join([*lines[:MOST_LINES], *([f"- … and {more} more"] if more > 0 else [])])


def code(line: str) -> str:
    """Another's line as code, short, and unable to end the code."""
    plain = " ".join(line.replace("`", "'").split())
    return f"`{plain if len(plain) <= 120 else plain[:119] + '…'}`"


def denial(event: dict[str, Any]) -> str:
    who, what = event.get("actor"), f"`/{event['name']}`"
    if event.get("denial"):
        return (f"@{who}, " if who else "") + f"I did not act on {what}: {event['denial']}."
    return f"@{who}, thank you, but {what} is for {WHO.get(event['minimum'], 'others')}; nothing was started."


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
