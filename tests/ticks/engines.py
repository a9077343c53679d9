"""The two engines on which a tick can run: Noether as one process a tick, and ours."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import compositions
from compositions.engine import Engine
from compositions.register import register
from tests.ticks.sprint import RunTick

ROOT = Path(__file__).parents[2]
NOETHER = ROOT / "tests" / "tools" / "noether"
TICK = "sprint_tick_stateful"

installed = subprocess.run([str(NOETHER), "path"], capture_output=True).returncode == 0
real = [
    pytest.mark.noether,
    pytest.mark.skipif(not installed, reason="the real engine is not built: tests/tools/noether install"),
]


def interpreter(folder: Path) -> Path:
    """An interpreter for the stages that knows the project, as one into which it is installed does."""
    file = folder / "python"
    file.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} "$@"\n')
    file.chmod(0o755)
    return file


def registered(home: Path, *names: str) -> Engine:
    """The real engine with a fresh home and all our stages in it; it agrees on the named compositions."""
    home.mkdir(parents=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NOETHER_PYTHON", str(interpreter(home)))
        done = register(home, program=str(NOETHER), cases=0, compositions=list(names))
    assert done.problems == []
    engine = Engine(home, str(NOETHER))
    engine.environment["NOETHER_PYTHON"] = str(home / "python")
    return engine


def noether(engine: Engine, name: str = TICK) -> RunTick:
    """`noether run compositions/<name>.json`: the whole answer, or the engine's words."""

    def run(given: dict[str, Any]) -> dict[str, Any]:
        command = [engine.program, "run", f"compositions/{name}.json", f"--input={json.dumps(given)}"]
        environment = {**os.environ, **engine.environment}
        done = subprocess.run(
            command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        assert "Nix executor: active" in done.stderr  # else the stages' examples would have answered
        return dict(json.loads(done.stdout))

    return run


def ours(given: dict[str, Any], name: str = TICK) -> dict[str, Any]:
    """The same in process, in the same form."""
    composition = compositions.load(name)
    run = compositions.run(name, given)
    effects = sorted(set().union(*composition.effects.values()))
    data = {"composition_id": composition.id, "output": run.output, "effects": effects, "trace": run.trace}
    return {"ok": True, "data": data}
