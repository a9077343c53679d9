"""Makes one attempt's job: the command in its sandbox, its environment, and the prompt it reads."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import shell
from shell.agent.frameworks import Call, Framework, agent_environment
from shell.agent.harness import Job
from shell.agent.paths import Attempt, Paths
from shell.agent.sandbox import Mounts, find_sandbox, wrap


def prepare(
    spec: Mapping[str, Any], framework: Framework, paths: Paths, attempt: Attempt, prompt: str
) -> Job:
    """The job of an attempt whose folders are made; FrameworkError if it cannot be called."""
    attempt.prompt.write_text(prompt)
    machine = {"CALORON_STUB_STATE": str(paths.stub_state), **paths.environment}
    if fixture := machine.get("CALORON_STUB_FIXTURE"):
        machine["CALORON_STUB_FIXTURE"] = str(Path(fixture).expanduser().absolute())
    environment = agent_environment(framework, spec, machine, attempt.home, attempt.temporary)
    sandbox = find_sandbox(machine.get("PATH", ""))
    sandboxed = sandbox.program is not None
    command = framework.command(Call(prompt, attempt.prompt, spec.get("model"), sandboxed), environment)
    configuration = _configuration(framework, machine, attempt)
    if sandboxed:
        environment["IS_SANDBOX"] = "1"  # for those that ask a user called root for more
    else:
        _link(configuration)
    return Job(
        wrap(sandbox, _mounts(framework, paths, attempt, environment, configuration), command),
        attempt.folder,
        environment,
        attempt.log,
        float(spec["time_limit_s"]),
        attempt.prompt if framework.prompt_by == "input" else None,
        framework.secrets(machine),
    )


def _configuration(framework: Framework, machine: Mapping[str, str], attempt: Attempt) -> dict[Path, Path]:
    """Where the agent sees the framework's configuration -> where it is."""
    real = Path(machine.get("HOME", "/nonexistent"))
    return {attempt.home / name: real / name for name in framework.folders if (real / name).exists()}


def _link(configuration: Mapping[Path, Path]) -> None:
    for inner, outer in configuration.items():
        inner.parent.mkdir(parents=True, exist_ok=True)
        inner.symlink_to(outer)


def _mounts(
    framework: Framework,
    paths: Paths,
    attempt: Attempt,
    environment: Mapping[str, str],
    configuration: Mapping[Path, Path],
) -> Mounts:
    readable, writable = [attempt.prompt], [attempt.home, attempt.temporary]
    if framework.program == sys.executable:
        readable += [Path(sys.prefix), Path(sys.base_prefix), Path(shell.__path__[0])]
    if fixture := environment.get("CALORON_STUB_FIXTURE"):
        readable.append(Path(fixture))
    if counts := environment.get("CALORON_STUB_STATE"):
        Path(counts).mkdir(parents=True, exist_ok=True)
        writable.append(Path(counts))
    return Mounts(attempt.folder, tuple(writable), tuple(readable), (paths.root,), configuration)
