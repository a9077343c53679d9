"""`caloron agents`: what the agents do now, what one of them did, and how to set one up."""

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from shell.agent.frameworks import FrameworkError, framework_of
from shell.agent.outcome import AttemptEnded
from shell.agent.paths import Paths
from shell.agent.setup import installable, set_up
from shell.clock import now
from shell.disk import Reserve
from shell.settings import Settings
from shell.store import Store

from .journals import home_option, open_archive
from .output import output_option, printable, say, table
from .prove import prove

IDLE_S = 120.0
"""An agent that gave no sign for longer is shown as idle."""
_LINES = 200


@click.group(invoke_without_command=True)
@home_option
@output_option
@click.option("--log", metavar="TASK", help="Show the end of the log of this task's newest run instead.")
@click.pass_context
def agents(ctx: click.Context, home: Path | None, output: str, log: str | None) -> None:
    """List the agents that run or wait in the queue."""
    if ctx.invoked_subcommand is not None:
        return
    if log is not None:
        click.echo(printable_lines(newest_log(home or Settings.load().home, log)))
        return
    with open_archive(home) as archive:
        rows = rows_of(archive.store, now())
    say(output, rows, rows, lambda: table(rows) if rows else "No agent is running.")


def rows_of(store: Store, at: str) -> list[dict[str, Any]]:
    """A row for each live run: what it does, and for how long it has not been heard from."""
    living = {(one["sprint_id"], one["agent_id"]): one for one in store.agents()}
    return [
        {
            "sprint": one["sprint_id"],
            "task": one["task_id"],
            "agent": agent_id,
            "state": state_of(one, living.get((one["sprint_id"], agent_id)), at),
            "silent": silence(one.get("last_sign_at"), at),
            "doing": printable(one.get("last_line") or ""),
        }
        for agents_of in store.agents_health().values()
        for agent_id, one in agents_of.items()
    ]


def state_of(signs: Any, living: dict[str, Any] | None, at: str) -> str:
    """waiting (in the queue), working, idle (no sign for a while), dead (its worker is gone)."""
    if signs["status"] == "queued":
        return "waiting"
    if living is None or not living["alive"]:
        return "dead"
    return "idle" if seconds_since(signs.get("last_sign_at"), at) > IDLE_S else "working"


def silence(last_sign_at: str | None, at: str) -> str:
    return f"{seconds_since(last_sign_at, at):.0f} s" if last_sign_at else "–"


def seconds_since(moment: str | None, at: str) -> float:
    """Zero where no sign is known yet."""
    if not moment:
        return 0.0
    return max(0.0, (datetime.fromisoformat(at) - datetime.fromisoformat(moment)).total_seconds())


def newest_log(home: Path, task: str) -> Path:
    """The log that was written last of a task, named by its id or as SPRINT/TASK."""
    sprint, _, name = task.rpartition("/")
    found = (home / "logs" / "agents").glob(f"{sprint or '*'}/*.log")
    logs = [log for log in found if log.stem.rpartition("-")[0] == name]
    if not logs:
        raise click.ClickException(f"No run of {task!r} has left a log. Logs are kept for 30 days.")
    return max(logs, key=lambda log: log.stat().st_mtime)


def printable_lines(log: Path) -> str:
    """The end of a log, after a line that says where all of it is."""
    lines = log.read_text(errors="replace").splitlines()[-_LINES:]
    return "\n".join([f"{log}:", *map(printable, lines)])


@agents.command()
@click.argument("framework", type=click.Choice(installable()))
def setup(framework: str) -> None:
    """Install an agent FRAMEWORK into CALORON_HOME, in the version that this bot was tried with.

    Its files come from npm or PyPI; each is checked against a hash that comes with the bot. No install
    script runs.
    """
    settings = Settings.load()
    reserve = Reserve.of(settings.home, settings.disk_reserve_mb)
    paths = Paths(settings.home, sandbox=settings.sandbox, operator=settings.operator, reserve=reserve)
    if shortage := reserve.shortage():
        raise click.ClickException(shortage)
    try:
        program = set_up(framework_of(framework), paths, _Progress())
    except (FrameworkError, AttemptEnded) as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{framework} is installed: {program}")


agents.add_command(prove)


class _Progress:
    """Shows what the installer prints; Ctrl-C ends it, and puts back what was there."""

    def started(self, pid: int) -> None: ...

    def heartbeat(self, last_sign_at: str) -> None: ...

    def may_go_on(self) -> bool:
        return True

    def output(self, line: str) -> None:
        click.echo(printable(line))

    def pushing(self, commit: str, partial: bool = False) -> None: ...
