"""The framework `anthropic`: a small agent of our own, a model with four tools on the files of its folder.

`python -m shell.agent.builtin [--model NAME]`, in the folder, the prompt on standard input.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shell.agent.feedback import format_feedback
from shell.agent.workspace import Forbidden, Workspace
from shell.errors import Refused, Unavailable
from shell.model import Answer, Question, ask

MAX_TURNS = 60
PAUSES_S = (2.0, 8.0, 30.0, 60.0)

_SYSTEM = (
    "You are a software developer at work on one task in a repository. Its files are yours to list, read, "
    "write and delete with the tools; you cannot run anything. Read before you write, keep to the task and "
    "to the style of the code, and write whole files. When the task is done, say in a few sentences what you "
    "did and why."
)


def _tool(name: str, description: str, *required: str, **properties: str) -> dict[str, Any]:
    texts = {key: {"type": "string", "description": meaning} for key, meaning in properties.items()}
    schema = {
        "type": "object",
        "properties": texts,
        "required": list(required),
        "additionalProperties": False,
    }
    return {"name": name, "description": description, "input_schema": schema}


_PATH = "path of the file, relative to the repository's root"
TOOLS = [
    _tool("list_files", "List all files below a folder.", folder="the folder; empty: the whole repository"),
    _tool("read_file", "Read a text file.", "path", path=_PATH),
    _tool("write_file", "Write a whole text file.", "path", "content", path=_PATH, content="all of its text"),
    _tool("delete_file", "Delete a file.", "path", path=_PATH),
]


@dataclass
class Work:
    """The agent's progress."""

    workspace: Workspace
    model: str | None = None
    messages: list[dict[str, Any]] = field(default_factory=list)
    tokens: int = 0
    used: list[str] = field(default_factory=list)
    last_words: str = ""


def main(arguments: list[str]) -> int:
    """0 if the model finished; with 1 the last line says why not."""
    parser = argparse.ArgumentParser(prog="python -m shell.agent.builtin")
    parser.add_argument("--model")
    begun = time.monotonic()
    work = Work(Workspace(Path.cwd()), parser.parse_args(arguments).model)
    work.messages.append({"role": "user", "content": sys.stdin.read()})
    reason = _to_the_end(work)
    print(format_feedback(_feedback(work, reason, time.monotonic() - begun)), flush=True)
    if reason:
        print(reason, flush=True)
    return 1 if reason else 0


def _to_the_end(work: Work) -> str | None:
    """Turn by turn; None if the task is done, else why not."""
    for _ in range(MAX_TURNS):
        try:
            answer = _asked(work)
        except (Refused, Unavailable) as error:
            return f"The model did not answer: {error}"
        if (end := _turn(work, answer)) is not None:
            return end or None
    return f"The model did not finish within {MAX_TURNS} turns."


def _asked(work: Work, sleep: Callable[[float], None] = time.sleep) -> Answer:
    question: Question = {
        "messages": work.messages,
        "model": work.model,
        "system": _SYSTEM,
        "tools": TOOLS,
    }
    for pause in PAUSES_S:
        try:
            return ask(question)
        except Unavailable as error:
            pause = min(error.retry_after or pause, 60.0)
            print(f"{error}; trying again in {pause:.0f} s", flush=True)
            sleep(pause)
    return ask(question)


def _turn(work: Work, answer: Answer) -> str | None:
    """Handle one answer: None to continue, "" when the task is done, else why it failed."""
    work.tokens += answer["input_tokens"] + answer["output_tokens"]
    work.messages.append({"role": "assistant", "content": answer["content"]})
    if answer["text"].strip():
        work.last_words = answer["text"].strip()
        print(work.last_words, flush=True)
    calls = [block for block in answer["content"] if block["type"] == "tool_use"]
    if answer["stop_reason"] == "tool_use":
        work.messages.append({"role": "user", "content": [_result(work, call) for call in calls]})
        return None
    if answer["stop_reason"] == "max_tokens":
        work.messages.append({"role": "user", "content": _cut_off(calls)})
        return None
    endings = {
        "end_turn": "",
        "stop_sequence": "",
        "refusal": "The model declined this task.",
        "model_context_window_exceeded": "The conversation became too long for the model; split the task.",
    }
    return None if answer["stop_reason"] == "pause_turn" else endings.get(
        answer["stop_reason"], f"The model stopped with {answer['stop_reason']}."
    )  # fmt: skip


def _cut_off(calls: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A call that was cut off is not executed, and the model learns that."""
    message = "Your answer was too long and was cut off, so this was not executed. Continue in smaller steps."
    results = [_tool_result(call, message, wrong=True) for call in calls]
    return results or [{"type": "text", "text": message}]


def _result(work: Work, call: dict[str, Any]) -> dict[str, Any]:
    """Execute a tool call."""
    name, arguments = str(call["name"]), dict(call.get("input") or {})
    known = {tool["name"] for tool in TOOLS}
    print(f"{name} {arguments.get('path') or arguments.get('folder') or ''}".strip(), flush=True)
    if name not in known:
        return _tool_result(call, f"unknown tool {name}; available: {', '.join(sorted(known))}", wrong=True)
    if name not in work.used:
        work.used.append(name)
    try:
        return _tool_result(call, getattr(work.workspace, name)(**arguments))
    except Forbidden as error:
        return _tool_result(call, str(error), wrong=True)
    except (TypeError, OSError) as error:
        return _tool_result(call, f"this call failed: {error}", wrong=True)


def _tool_result(call: dict[str, Any], text: str, *, wrong: bool = False) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": call["id"], "content": text, "is_error": wrong}


def _feedback(work: Work, reason: str | None, seconds: float) -> dict[str, Any]:
    return {
        "task_id": os.environ.get("CALORON_TASK_ID", ""),
        "agent_role": os.environ.get("CALORON_AGENT_ID", ""),
        "tools_used": work.used,
        "tokens_consumed": work.tokens,
        "time_to_complete_min": round(seconds / 60, 1),
        "blockers": [reason] if reason else [],
        "self_assessment": "failed" if reason else "completed",
        "notes": work.last_words[:2000],
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
