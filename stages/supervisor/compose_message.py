"""Write the supervisor's comment when it probes, restarts or asks a person."""

import re
from typing import NotRequired, TypedDict

NAME = "compose_intervention_message"


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
    title = as_text(input.get("task_title") or "unknown task")
    write = {"probe": probe, "restart": restart, "escalate_human": escalate_human}.get(input["action"])
    if write is None:
        status = input["health_status"]
        return {"message": f"Agent `{agent}` is {status} on “{title}”. Next step: {input['action']}."}
    return {"message": write(agent, title, as_text(input.get("reason") or f"agent {input['health_status']}"))}


def probe(agent: str, title: str, reason: str) -> str:
    return (
        f"`@caloron-agent-{agent}`, are you still on “{title}”? ({reason})\n\n"
        "Please reply here with your status. If something blocks you, say what you need."
    )


def restart(agent: str, title: str, reason: str) -> str:
    return (
        f"Agent `{agent}` showed no sign of life on “{title}” ({reason}), so I am restarting it "
        "with the same task. Commits on its branch are kept."
    )


def escalate_human(agent: str, title: str, reason: str) -> str:
    return (
        "## Human intervention required\n\n"
        f"**Task:** {title}\n**Agent:** `{agent}`\n**Why:** {reason}\n\n"
        "Probing and restarting did not help. What you can do now:\n\n"
        "- `resolved`: the cause is fixed, carry on\n"
        "- `caloron:take-over`: finish it yourself\n"
        "- `/retry --hint …`: start a new attempt with a hint\n"
        "- `/skip`: go on without this task"
    )


# -- others' words: these lines are the same in every stage that repeats them --------------------------------

JOINER = "\N{WORD JOINER}"  # nobody sees it, and no forge links across it
TERMINAL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
SURROGATE = re.compile("[\ud800-\udfff]")
UNSEEN = re.compile(  # the joiners of emoji, Persian and Indic texts stay: between two that are not ASCII
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e"
    "\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0e\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]|(?<![^\x00-\x7f])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\x7f])"
)
LIVE = re.compile(  # mentions, addresses, references, `[skip ci]`, `[[wiki]]`, links, hidden markers, drafts
    r"(?<=[@#\[])|(?<=!)(?=\d)|(?<=GH-|gh-|Gh-|gH-)(?=\d)|(?<=[A-Z]-)(?=\d)|(?<=:)(?=//)"
    r"|(?<=[Ww][Ww][Ww])(?=\.)|(?<=<)(?=!--)|(?<=^[Ww][Ii][Pp])(?=:)"
)
COMMIT = re.compile(r"(?<![0-9A-Za-z])[0-9A-Fa-f]{7,64}(?![0-9A-Za-z])")
MARKUP = re.compile(r"([\\`*_~\[\]<>|&$])")
START = re.compile(r"^(\d*)([-+=:/.)])")  # a list, a heading's underline, a command


def as_text(text: object, longest: int = 2000) -> str:
    """Others' words as one line of Markdown, without any mention, link, markup or command in it."""
    return START.sub(r"\1\\\2", escaped(as_title(text, longest)))


def as_title(text: object, longest: int = 200) -> str:
    """Others' words where no Markdown is read: a title, and the subject of the commit that a merge makes."""
    return without_links(one_line(text, longest))


def as_code(text: object, longest: int = 200) -> str:
    """Others' words as code, which they cannot end; empty where nothing is left to show."""
    line = one_line(str(text).replace("`", "'"), longest).replace("<!--", f"<{JOINER}!--")
    return f"`{line}`" if line else ""


def escaped(line: str) -> str:
    return MARKUP.sub(r"\\\1", line)


def without_links(line: str) -> str:
    parted = COMMIT.sub(lambda found: JOINER.join(re.findall(".{1,6}", found[0])), line)
    return LIVE.sub(JOINER, parted)


def one_line(text: object, longest: int) -> str:
    """What a reader sees of it, with single blanks; an ellipsis for what is not seen, or too long."""
    shown = SURROGATE.sub("\N{REPLACEMENT CHARACTER}", str(text)[: 9 * longest])
    line = " ".join(UNSEEN.sub("", TERMINAL.sub("", shown)).split()) or ("…" if shown.strip() else "")
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


# -- end of others' words ------------------------------------------------------------------------------------


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
