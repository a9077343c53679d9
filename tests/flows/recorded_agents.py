"""What the recorded agents of the scenarios do, by the id of their task."""

import base64
import json
import re
from pathlib import Path
from typing import Any

WISH = "Please show two decimals."
WISH_INLINE = "Here too, I think."

BRIEFED = {
    "goal": "Two files that say what this quarter brought.",
    "background": "Last quarter they were written by hand (in an evening) & forgotten.",
    "code": "make files  # writes both",
    "constraint": "No file is longer than forty lines.",
    "description": "Its first line is the quarter, as in `2026-Q1`.",
    "acceptance of the task": "the year has four digits",
    "acceptance": "Finance has read both files.",
    "out of scope": "Charts of any kind.",
    "note": "The old files are in the attic.",
}
"""What the kickoff of `tests/flows/test_brief.py` says, part by part."""
BRIEFED_BEHIND = [
    text for what, text in BRIEFED.items() if what not in ("description", "acceptance of the task")
]
SAID_BY_BRIEFED = "The quarter stands in the first line."

_FEEDBACK = (
    'CALORON_FEEDBACK_START {"task_clarity": 8, "blockers": [], "tools_used": ["editor"], '
    '"self_assessment": "completed", "notes": "Clear."} CALORON_FEEDBACK_END'
)


def write_recording(file: Path, token: str) -> Path:
    """The recording of all scenarios in one file; some agents came by the forge's token."""
    file.write_text(json.dumps({"responses": [*responses(), *talkative(token)]}))
    return file


def forms_of(secret: str) -> list[str]:
    """How an agent may write a secret."""
    percent = "".join(f"%{ord(letter):02x}" for letter in secret)
    split = secret[:9] + "\n" + secret[9:]
    return [
        secret,
        percent,
        split,
        *(base64.b64encode(b"x" * n + secret.encode()).decode() for n in range(3)),
    ]


def talkative(token: str) -> list[dict[str, Any]]:
    """One prints the token and fails, one reports it and is done, one writes it into a file."""
    words = "\n".join(f"I found {form}" for form in forms_of(token))
    report = {"task_clarity": 8, "blockers": forms_of(token), "notes": words, "self_assessment": "completed"}
    told = f"CALORON_FEEDBACK_START {json.dumps(report)} CALORON_FEEDBACK_END"
    hidden = base64.b64encode(b"key: " + token.encode()).decode()
    wild = '{"tokens_consumed": 1e999, "task_clarity": NaN, "blockers": [[[]], 7, "one"], "notes": "Wild."}'
    return [
        answer(
            r"(?m)^Task: wild$", {"wild.txt": "x\n"}, f"CALORON_FEEDBACK_START {wild} CALORON_FEEDBACK_END"
        ),
        answer(r"(?m)^Task: shouter$", {}, words) | {"exit": 1},
        answer(r"(?m)^Task: teller$", {"told.txt": "done\n"}, f"{words}\n{told}\n{words}"),
        answer(r"(?m)^Task: smuggler$", {"notes.md": f"first line\n{hidden}\n"}),
    ]


_TOLD = "I was told.\n" + _FEEDBACK
_COSTLY = _FEEDBACK.replace('{"task_clarity"', '{"tokens_consumed": 1000, "task_clarity"')


def responses() -> list[dict[str, Any]]:
    """The first that fits the prompt is what the agent does; a task that nobody recorded fails its run."""
    return [
        answer(told("hotfix-1", "Break the page"), {}, "I cannot.") | {"exit": 1},
        answer(told("hotfix-1", "Mend the page"), {"page.txt": "mended\n"}),
        *[
            told
            for task in (*"abcdefgh", "hotfix-1", "task-2", "task-3", "task-4", "h-1", "h-2")
            for told in diligent(task)
        ],
        answer(r"(?s)Task: noisy\n.*> Say it with a file, please\.", {"noisy.txt": "at last\n"}, _TOLD),
        answer(r"(?s)Task: noisy\n.*Round: 2\n.*chang", {}, _TOLD),
        answer(r"(?m)^Task: noisy$", {}, "thinking about it\n" * 2000),
        answer(
            r"(?s)Task: stray\n.*Round: 2\n.*> .*elsewhere/stray\.txt",
            {"elsewhere/stray.txt": "again\n"},
            _TOLD,
        ),
        answer(r"(?m)^Task: stray$", {"elsewhere/stray.txt": "out here\n"}),
        answer(
            r"(?s)Task: guarded\n.*Round: 2\n.*> .*workflows/ci\.yml",
            {".gitea/workflows/ci.yml": "on: pull\n"},
            _TOLD,
        ),
        answer(r"(?m)^Task: guarded$", {".gitea/workflows/ci.yml": "on: push\n"}),
        answer(
            rf"(?s)Task: wish\n.*Round: 2\n.*{WISH}.*wish\.txt:1: {WISH_INLINE}",
            {"wish.txt": "4.50\n"},
            _TOLD,
        ),
        answer(r"(?s)Task: wish\n(?!Round)", {"wish.txt": "4.5\n"}),
        answer(rf"(?s)Task: wishes\n.*Round: .*{WISH_INLINE}", {"wishes.txt": "4.50\n"}, _TOLD),
        answer(r"(?s)Task: wishes\n.*Round: ", {"wishes.txt": "4.51\n"}),
        answer(r"(?m)^Task: wishes$", {"wishes.txt": "4.5\n"}),
        *[told for task in ("left", "right") for told in contentious(task)],
        answer(
            told("briefed", *BRIEFED.values(), "Change only: briefed.txt"),
            {"briefed.txt": "2026-Q1\n"},
            _TOLD.replace("Clear.", SAID_BY_BRIEFED),
        ),
        answer(told("checked", "> checked.txt is not good"), {"checked.txt": "good\n"}, _TOLD),
        answer(r"(?m)^Task: checked$", {"checked.txt": "bad\n"}),
        answer(
            told("mended", "> The check ci/test", "Find another approach."), {"mended.txt": "good\n"}, _TOLD
        ),
        answer(told("mended", "> The check ci/test"), {"mended.txt": "worse\n"}, _TOLD),
        answer(r"(?m)^Task: mended$", {"mended.txt": "bad\n"}),
        answer(told("hopeless", "Find another approach."), {"hopeless.txt": "3\n"}, _TOLD),
        answer(told("hopeless", "> The check ci/test"), {"hopeless.txt": "2\n"}, _TOLD),
        answer(r"(?m)^Task: hopeless$", {"hopeless.txt": "1\n"}),
        answer(told("costly", "Please, more."), {"costly.txt": "more\n"}, _COSTLY),
        answer(r"(?m)^Task: costly$", {"costly.txt": "some\n"}, _COSTLY),
        answer(told("cut", "An earlier run was ended"), {"rest.txt": "the rest\n"}, _TOLD),
        answer(told("cut", "A person had this task meanwhile."), {"rest.txt": "the rest\n"}, _TOLD),
        answer(r"(?m)^Task: cut$", {"half.txt": "half\n"}) | {"hang": True},
        answer(told("behind", *BRIEFED_BEHIND, SAID_BY_BRIEFED), {"behind.txt": "more\n"}, _TOLD),
    ]


def answer(match: str, files: dict[str, str], output: str = _FEEDBACK) -> dict[str, Any]:
    """What an agent does on a prompt."""
    return {"match": match, "files": files, "output": output}


def told(task: str, *texts: str) -> str:
    """A prompt of this task that holds each of these texts."""
    return "(?s)" + "".join(rf"(?=.*{re.escape(text)})" for text in texts) + f"Task: {task}\n"


def diligent(task: str) -> list[dict[str, Any]]:
    """A file of its own each round."""
    later = [answer(rf"(?s)Task: {task}\n.*Round: {n}\n", {f"{task}.txt": f"round {n}\n"}) for n in (2, 3)]
    return [*later, answer(rf"(?m)^Task: {task}$", {f"{task}.txt": "round 1\n"})]


def contentious(task: str) -> list[dict[str, Any]]:
    """Writes what the other writes too; on the next round, both."""
    both = answer(rf"(?s)Task: {task}\n.*Round: 2\n.*conflict", {"shared.txt": "left and right\n"})
    return [both, answer(rf"(?m)^Task: {task}$", {"shared.txt": f"{task}\n"})]
