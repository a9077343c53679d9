"""The framework `stub`: replays recorded answers, so that a whole sprint runs without a model.

Runs alone, by file name, in the folder it works in; the prompt comes on standard input.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_KNOWN = {"match", "times", "files", "output", "exit", "seconds", "hang"}


class FixtureError(Exception):
    """The recorded answers cannot be used; the text says where and why."""


def main() -> int:
    """The recorded status; 2 if the recording is wrong, 3 if nothing in it fits the prompt."""
    prompt = sys.stdin.read()
    fixture = os.environ.get("CALORON_STUB_FIXTURE")
    try:
        answer = recorded(prompt, Path(fixture)) if fixture else friendly(prompt)
        if answer is None:
            print(f"No recorded answer matches this prompt, and there is no default in {fixture}.")
            return 3
        return act(answer)
    except FixtureError as error:
        print(f"The recorded answers cannot be used: {error}")
        return 2


def recorded(prompt: str, fixture: Path) -> dict[str, Any] | None:
    """The first recorded answer that fits and has uses left, this use counted; else the default."""
    text = _text_of(fixture)
    recording = _parsed(text)
    name = hashlib.sha256(f"{fixture.resolve()}\0{text}".encode()).hexdigest()[:32]
    with _counts(name) as counts:
        for number, answer in enumerate(recording.get("responses", [])):
            used = counts.get(str(number), 0)
            if _fits(answer, number, prompt) and used < answer.get("times", used + 1):
                counts[str(number)] = used + 1
                return dict(answer)
    default: dict[str, Any] | None = recording.get("default")
    return default


def act(answer: dict[str, Any]) -> int:
    """Write the files, print the output, work or hang as recorded; the recorded status."""
    for path, text in (answer.get("files") or {}).items():
        _write(path, text)
    if output := answer.get("output"):
        print(output, flush=True)
    if answer.get("hang"):
        while True:
            time.sleep(3600)
    _work(float(answer.get("seconds") or 0))
    return int(answer.get("exit") or 0)


def friendly(prompt: str) -> dict[str, Any]:
    """The answer where nothing is recorded: one small file, named for the task, more of it each round."""
    task, round_number = _field(prompt, "Task", "task"), _field(prompt, "Round", "1")
    path = _place(re.sub(r"[^\w-]", "-", task))
    before = Path(path).read_text() if Path(path).is_file() else f"# {task}\n\n"
    line = f"Round {round_number}: done by the stub agent, which needs no model.\n"
    feedback = {"task_id": task, "tools_used": ["stub"], "self_assessment": "completed", "tokens_consumed": 0}
    report = f"CALORON_FEEDBACK_START {json.dumps(feedback)} CALORON_FEEDBACK_END"
    return {"files": {path: before + line}, "output": f"Wrote {path}.\n{report}"}


def _field(prompt: str, word: str, otherwise: str) -> str:
    found = re.search(rf"^\s*{word}:\s*(\S+)", prompt, re.MULTILINE)
    return found[1] if found else otherwise


def _place(task: str) -> str:
    """`<task>.md`, in the first folder of the task's scope if it has one; a file named there is that file."""
    scope = json.loads(os.environ.get("CALORON_TASK_SCOPE") or "[]")
    first = str(scope[0]).removeprefix("./").strip("/") if scope else ""
    if "." in first.rpartition("/")[2] and not re.search(r"[*?\[]", first):
        return first
    folder = re.split(r"[*?\[]", first)[0]
    folder = folder.rpartition("/")[0] if folder != first else folder
    return f"{folder.rstrip('/')}/{task}.md".lstrip("/")


def _work(seconds: float) -> None:
    """Take this long, with a line of output now and then."""
    end = time.monotonic() + seconds
    while (remaining := end - time.monotonic()) > 0:
        print(f"working, {remaining:.1f} s to go", flush=True)
        time.sleep(min(remaining, 1.0))


def _write(path: str, text: str | None) -> None:
    here = Path.cwd()
    place = here / path
    if os.path.isabs(path) or ".." in Path(path).parts:
        raise FixtureError(f"the file {path!r} is not inside the folder")
    if text is None:
        place.unlink(missing_ok=True)
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text, newline="")


def _text_of(fixture: Path) -> str:
    try:
        return fixture.read_text()
    except OSError as error:
        raise FixtureError(f"{fixture}: {error.strerror}") from None


def _parsed(text: str) -> dict[str, Any]:
    try:
        recording = json.loads(text)
    except ValueError as error:
        raise FixtureError(f"it is not valid JSON ({error})") from None
    if not isinstance(recording, dict) or not isinstance(recording.get("responses", []), list):
        raise FixtureError('it must be {"responses": [...], "default": {...}}')
    answers = [*recording.get("responses", []), *([recording["default"]] if recording.get("default") else [])]
    for answer in answers:
        if not isinstance(answer, dict) or (unknown := answer.keys() - _KNOWN):
            what = (
                f"unknown {', '.join(sorted(unknown))}"
                if isinstance(answer, dict)
                else "an answer is not an object"
            )
            raise FixtureError(f"{what}; an answer may have {', '.join(sorted(_KNOWN))}")
    return recording


def _fits(answer: dict[str, Any], number: int, prompt: str) -> bool:
    try:
        return re.search(answer.get("match", ""), prompt, re.MULTILINE) is not None
    except re.error as error:
        raise FixtureError(
            f"match of answer {number + 1} is not a valid regular expression ({error})"
        ) from None


@contextlib.contextmanager
def _counts(name: str) -> Iterator[dict[str, int]]:
    """How often each answer was given, by whatever process; written back at the end, under a lock."""
    state = Path(
        os.environ.get("CALORON_STUB_STATE") or Path(tempfile.gettempdir()) / f"caloron-stub-{os.getuid()}"
    )
    state.mkdir(parents=True, exist_ok=True)
    with open(state / f"{name}.json", "a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        counts: dict[str, int] = json.loads(file.read() or "{}")
        yield counts
        file.seek(0)
        file.truncate()
        file.write(json.dumps(counts))


if __name__ == "__main__":
    sys.exit(main())
