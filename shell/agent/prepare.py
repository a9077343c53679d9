"""Makes one attempt's job: the command in its sandbox, its environment, and the prompt it reads."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import shell
from shell.agent.acp import Conversation, Resume
from shell.agent.acp_agents import Start
from shell.agent.egress.outside import Egress
from shell.agent.frameworks import Call, Framework, agent_environment
from shell.agent.handed_in import handed_in, secrets_among
from shell.agent.harness import Job
from shell.agent.logins import copy_logins, renew_login
from shell.agent.mcp import servers_for
from shell.agent.outcome import AttemptEnded
from shell.agent.paths import Attempt, Paths
from shell.agent.quota import OwnDisk
from shell.agent.sandbox import (
    HOME,
    NO_WALLS_NO_RUN,
    OFF,
    WORK,
    Mounts,
    Sandbox,
    hand_over,
    made_up_etc,
    wrap,
)
from shell.agent.seen import seen
from shell.agent.trial import find_sandbox
from shell.secrets import know


def prepare(
    spec: Mapping[str, Any],
    framework: Framework,
    paths: Paths,
    attempt: Attempt,
    prompt: str,
    egress: Egress | None,
    disk: OwnDisk | None = None,
    resume: Resume | None = None,
) -> Job:
    """The job of an attempt whose folders are made; FrameworkError if it cannot be called.

    `resume` is the session to go on with, of an agent that can.
    """
    know(*framework.secrets(paths.environment))
    attempt.prompt.write_text(prompt)
    machine = {"CALORON_STUB_STATE": str(paths.stub_state), **paths.environment}
    if fixture := machine.get("CALORON_STUB_FIXTURE"):
        machine["CALORON_STUB_FIXTURE"] = str(Path(fixture).expanduser().absolute())
    sandbox = walls(framework, paths)
    home = HOME if sandbox.works else attempt.home
    handed = handed_in(spec.get("env") or [], machine, paths.agent_env)
    know(*secrets_among(handed))
    folder = WORK if sandbox.works else attempt.folder
    given = spec.get("mcp") or [] if framework.agent else []
    servers = servers_for(given, machine, paths.agent_env, folder)
    environment = handed | agent_environment(framework, spec, machine, home, attempt.temporary)
    installed = paths.installed(framework.name)
    call = Call(prompt, attempt.prompt, spec.get("model"), sandbox.works, installed)
    command = framework.command(call, environment)
    renew_login(framework, machine, paths.root / "locks")
    copy_logins(framework, machine, attempt.home)
    if framework.agent is not None:
        given = framework.environment(machine)
        environment |= framework.agent.begin(Start(attempt.home, given, call.model, sandbox.works))
    if sandbox.works:
        mounts = _mounts(sandbox, framework, paths, attempt, machine, command[0])
        environment |= {**mounts.seen.variables, "TMPDIR": "/tmp", "IS_SANDBOX": "1"}
        command = _enclosed(command, sandbox, mounts, paths, egress, environment)
    return Job(
        command,
        attempt.folder,
        environment,
        attempt.log,
        float(spec["time_limit_s"]),
        attempt.prompt if framework.prompt_by == "input" else None,
        limits=paths.limits,
        takes_disk=attempt.root,
        own_disk=disk,
        conversation=_conversation(framework, call, attempt, resume, servers),
    )


def _enclosed(
    command: list[str],
    sandbox: Sandbox,
    mounts: Mounts,
    paths: Paths,
    egress: Egress | None,
    environment: dict[str, str],
) -> list[str]:
    """The command behind the walls; how it reaches its network is added to its environment."""
    if egress is not None:
        mounts = with_network(mounts, egress)
        environment |= egress.environment()
    return wrap(sandbox, mounts, command, paths.limits)


def _conversation(
    framework: Framework,
    call: Call,
    attempt: Attempt,
    resume: Resume | None,
    servers: Sequence[Mapping[str, Any]],
) -> Conversation | None:
    """What is said to an agent that speaks the protocol; without walls in its usual mode."""
    if framework.agent is None:
        return None
    profile = framework.agent.profile
    if not call.sandboxed:
        profile = replace(profile, mode=profile.careful_mode)
    folder = WORK if call.sandboxed else attempt.folder
    return Conversation(profile, folder, call.prompt, call.model, resume, servers)


def with_network(mounts: Mounts, egress: Egress) -> Mounts:
    """The same, with the way to the run's proxy."""
    readable = (*mounts.readable, *egress.readable)
    return replace(mounts, readable=readable, egress=egress.folder, bridge=egress.bridge)


def walls(framework: Framework, paths: Paths) -> Sandbox:
    """The walls that this run gets. AttemptEnded where there are none and it may not go without them."""
    return find_walls(paths, framework.replays)


def find_walls(paths: Paths, replays: bool = False) -> Sandbox:
    """The same for any command; one that executes nothing but recorded answers needs none."""
    if paths.sandbox == "off":
        return OFF
    found = find_sandbox(paths.environment.get("PATH", ""))
    if found.works or paths.sandbox == "preferred" or replays:
        return found
    raise AttemptEnded("no_sandbox", f"{found.statement} {NO_WALLS_NO_RUN}")


def _mounts(
    sandbox: Sandbox,
    framework: Framework,
    paths: Paths,
    attempt: Attempt,
    machine: Mapping[str, str],
    program: str,
) -> Mounts:
    """What the agent sees; what it may write, and the prompt, are its user's from now on."""
    writable, at = [attempt.home], made_up_etc(attempt.root / "etc", HOME, sandbox.user)
    readable = [attempt.prompt, *(_rooms() if framework.is_ours else [])]
    if (installed := paths.installed(framework.name)).is_dir():
        readable.append(installed)
    if framework.replays:
        paths.stub_state.mkdir(parents=True, exist_ok=True)
        writable.append(paths.stub_state)
        if fixture := machine.get("CALORON_STUB_FIXTURE"):
            at[Path(fixture)] = _copied(Path(fixture), attempt.root / "fixture.json")
    hand_over(sandbox, [attempt.folder, *writable, attempt.prompt, *at.values()])
    private = (Path(machine.get("HOME", "/")), Path.home(), Path.cwd(), paths.root)
    programs = [Path(program), Path(sys.executable)]
    return Mounts(
        attempt.folder,
        seen(programs, machine.get("PATH", ""), private),
        tuple(writable),
        tuple(readable),
        (paths.root, Path.cwd()),
        at,
        inside={attempt.folder: WORK, attempt.home: HOME},
    )


def _rooms() -> list[Path]:
    """Our own code, which begins with a look whether every room of it is ours."""
    root = Path(shell.__path__[0]).parent
    return [root / name for name in ("bot", "handlers", "jobs", "compositions", "stages", "shell")]


def _copied(file: Path, to: Path) -> Path:
    """A copy that the agent's user can be given; a missing file is said by who reads it."""
    to.write_bytes(file.read_bytes() if file.is_file() else b"")
    return to
