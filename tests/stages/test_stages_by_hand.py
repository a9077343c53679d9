"""Pure stages run by hand with nothing but an interpreter: JSON in, JSON out, or one line of words."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.stages.stage_rules import FOLDER, effects_of, examples_of, name_of, stage_files

# One bare interpreter that compiles each stage once and forks for every run: most of the time would go into
# starting each anew, and into its modules of the standard library.
DRIVER = """
import datetime, io, json, os, re, sys, tempfile, typing
ran, programs = [], {}
for path, given in json.load(sys.stdin):
    if path not in programs:
        with open(path, encoding="utf-8") as source:
            programs[path] = compile(source.read(), path, "exec")
    files = [tempfile.TemporaryFile("w+") for _ in range(3)]
    files[0].write(given)
    files[0].seek(0)
    child = os.fork()
    if child == 0:
        for number, file in enumerate(files):
            os.dup2(file.fileno(), number)
        sys.argv = [path]
        exec(programs[path], {"__name__": "__main__", "__file__": path})
        sys.exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    said = [(file.seek(0), file.read())[1] for file in files[1:]]
    ran.append([code, *said])
json.dump(ran, sys.stdout)
"""
PURE = [path for path in stage_files() if not effects_of(path)]


def by_hand(runs: list[tuple[Path, str]]) -> list[tuple[int, str, str]]:
    asked = json.dumps([(str(path), given) for path, given in runs])
    bare = [sys.executable, "-S", "-I", "-c", DRIVER]
    found = subprocess.run(bare, input=asked, capture_output=True, text=True, check=True)
    return [(code, out, err) for code, out, err in json.loads(found.stdout)]


def is_same_by_hand(path: Path, example: dict[str, Any]) -> bool:
    """By hand the time is always given, so an example about its absence says nothing there."""
    return "now" in example["input"] or "    now: " not in path.read_text(encoding="utf-8")


def some(examples: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every error, and of the outputs a dozen from all over: what they say is tested in process."""
    errors = [example for example in examples if "error" in example]
    outputs = [example for example in examples if "output" in example]
    return errors + outputs[:: 1 + len(outputs) // 12]


@pytest.mark.parametrize("group", sorted({path.parent.name for path in PURE}))
def test_the_pure_stages_of_a_folder_run_by_hand(group: str) -> None:
    told = [
        (path, example)
        for path in PURE
        if path.parent.name == group
        for example in some([one for one in examples_of(path) if is_same_by_hand(path, one)])
    ]
    runs = by_hand([(path, json.dumps(example["input"])) for path, example in told])
    for (path, example), (code, out, err) in zip(told, runs, strict=True):
        where = f"{name_of(path)}: {example['name']}"
        if "error" in example:
            assert (code, out, err) == (1, "", example["error"] + "\n"), where
        else:
            assert (code, err) == (0, ""), where
            assert json.loads(out) == example["output"], where


@pytest.mark.parametrize("given", ["", "{", "[]", '{"now": null}'])
def test_what_cannot_be_read_is_one_line_and_exit_code_1(given: str) -> None:
    [(code, out, err)] = by_hand([(FOLDER / "dag" / "is_complete.py", given)])
    assert (code, out) == (1, "")
    assert err.count("\n") == 1
    assert "Traceback" not in err


def test_what_the_input_lacks_is_said_in_words() -> None:
    [ran] = by_hand([(FOLDER / "life" / "promote_sprint.py", "{}")])
    assert ran == (1, "", "the input has no `state`\n")


def test_a_stage_is_a_program_of_its_own() -> None:
    stage = FOLDER / "supervisor" / "check_health.py"
    given = json.dumps({"agents": {"agent-1": {"last_heartbeat_at": "2026-11-21T08:00:00Z"}}})
    found = subprocess.run(
        [sys.executable, "-S", "-I", str(stage)], input=given, capture_output=True, text=True, check=True
    )
    assert json.loads(found.stdout)["results"][0]["agent_id"] == "agent-1"
