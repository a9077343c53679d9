"""Write what the supervisor says on a thread when it probes, restarts or calls for a person."""

import re
from typing import NotRequired, TypedDict

NAME = "compose_intervention_message"
CALLS = re.compile(r"([@#]|!(?=\d)|:(?=//)|www(?=\.)|<(?=!--))")


class Input(TypedDict):
    agent_id: str
    task_title: NotRequired[str | None]
    health_status: str
    action: str
    reason: NotRequired[str | None]


class Output(TypedDict):
    message: str


def execute(input: Input) -> Output:
    agent = input["agent_id"]
    title = clean(input.get("task_title") or "unknown task")
    write = {"probe": probe, "restart": restart, "escalate_human": escalate_human}.get(input["action"])
    if write is None:
        status = input["health_status"]
        return {"message": f"Agent `{agent}` is {status} on “{title}”. Next step: {input['action']}."}
    return {"message": write(agent, title, clean(input.get("reason") or f"agent {input['health_status']}"))}


def probe(agent: str, title: str, reason: str) -> str:
    return (
        f"@caloron-agent-{agent}, are you still on “{title}”? ({reason})\n\n"
        "Please answer here with where you are. If something blocks you, say what you need."
    )


def restart(agent: str, title: str, reason: str) -> str:
    return (
        f"Agent `{agent}` gave no sign on “{title}” ({reason}), so I restart it with the same task. "
        "What it has committed on its branch is kept."
    )


def escalate_human(agent: str, title: str, reason: str) -> str:
    return (
        "## Human intervention required\n\n"
        f"**Task:** {title}\n**Agent:** `{agent}`\n**Why:** {reason}\n\n"
        "I have probed and restarted as far as that helps. What you can do now:\n\n"
        "- `resolved`: the cause is gone, go on\n"
        "- `caloron:take-over`: finish it yourself\n"
        "- `/retry --hint …`: a fresh attempt with a word of advice\n"
        "- `/skip`: go on without this task"
    )


def clean(text: str) -> str:
    """Another's words as text: no mention, link or markup of its own."""
    escaped = re.sub(r"([\\`*_~\[\]<>|&])", r"\\\1", " ".join(str(text).split()))
    return CALLS.sub("\\1\N{WORD JOINER}", escaped)  # a forge looks for them in the rendered text


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
