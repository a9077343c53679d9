"""The real engine's command line, with a store of its own, for those who compare with it."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

QUIET = {
    "NOETHER_ISOLATION": "none",
    "NOETHER_EMBEDDING_PROVIDER": "mock",
    "NOETHER_LLM_PROVIDER": "mock",
}
RUNS_PYTHON = "Nix executor: active"


class EngineFault(Exception):
    """The engine is not here, or does not do what it must; the text says what to do."""


class Engine:
    """One program and one home; calls must not overlap, since each rewrites the home's store."""

    def __init__(self, home: Path, program: str = "noether") -> None:
        found = shutil.which(program)
        if found is None:
            raise EngineFault(f"{program} is not on the PATH; install Noether 0.8.2, or name its program")
        self.program = found
        self.home = home
        self.log = ""
        # The engine keeps copies of the stages' sources below HOME, wherever its own home is.
        tools = os.environ.get("CALORON_TOOLS", str(Path.home() / ".cache" / "caloron-tools"))
        self.environment = {**QUIET, "NOETHER_HOME": str(home), "HOME": str(home), "CALORON_TOOLS": tools}

    def call(self, *arguments: str, env: dict[str, str] | None = None) -> tuple[int, Any]:
        """The exit code and the answer: the data, or the error."""
        done = subprocess.run(
            [self.program, *arguments],
            env={**os.environ, **self.environment, **(env or {})},
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        self.log = done.stderr
        # `stage test` says on stdout what failed, with an exit code of 1.
        for text in (done.stdout, done.stderr[max(done.stderr.find("{\n"), 0) :]):
            if text.lstrip().startswith("{"):
                answer = json.loads(text)
                return done.returncode, answer["data"] if "data" in answer else answer["error"]
        raise EngineFault(f"{self.program} {' '.join(arguments)}: {(done.stderr or done.stdout).strip()}")

    def sync(self, specifications: dict[str, Any]) -> dict[str, str]:
        """Register all specifications, by name, in one go; the id that the engine gave each."""
        folder = self.home / "specifications"
        folder.mkdir(parents=True, exist_ok=True)
        for name, specification in specifications.items():
            (folder / f"{name}.json").write_text(json.dumps(specification, indent=1), encoding="utf-8")
        _, answer = self.call("stage", "sync", str(folder))
        if faults := answer.get("failed"):
            raise EngineFault(f"the engine refused: {json.dumps(faults)}")
        kept = [*answer.get("imported", ()), *answer.get("skipped", ())]
        return {Path(entry["file"]).stem: entry["id"] for entry in kept}

    def run(self, graph: Any, given: Any, *options: str, env: dict[str, str] | None = None) -> Any:
        """What the engine makes of a graph: exit code, and data or error."""
        file = self.home / "graph.json"
        file.write_text(json.dumps(graph), encoding="utf-8")
        answer = self.call("run", str(file), f"--input={json.dumps(given)}", *options, env=env)
        if answer[0] == 0 and "--dry-run" not in options and RUNS_PYTHON not in self.log:
            words = "the engine would answer with examples instead of running the stages"
            raise EngineFault(f"{words}: it needs a program `nix` on the PATH (a stand-in will do)")
        return answer
