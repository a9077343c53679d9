"""`caloron` itself: imports each command when it is called, and prints errors in one line."""

import gc
import importlib
import os
import sys
from pathlib import Path
from typing import Any

import click

from shell.env_file import ENV_FILE, not_read
from shell.errors import Refused, Unavailable
from shell.garbage import keep_what_is_loaded
from shell.settings import SettingsError

COMMANDS = {
    "up": "Run the bot: store, web, workers and clock, until stopped.",
    "demo": "Run one whole sprint on this machine; needs no key, no account and no network.",
    "config": "Show every setting, its value and where it comes from; secrets are masked.",
    "doctor": "Check everything that the bot needs, and say what to do about what is wrong.",
    "install": "Let a repository in: create its webhook and labels, and note that the bot may act there.",
    "status": "Show the sprints that run or wait, with their tasks and what waits for you.",
    "history": "List every sprint, the newest last.",
    "show": "Show one sprint: its goal, its tasks, and its figures once it has finished.",
    "metrics": "Show the main figures of all finished sprints, or every figure of one SPRINT.",
    "agents": "List the agents that run or wait in the queue.",
    "trace": "Show which stages ran for an EVENT (a receipt, a key or an entry's number) or in a SPRINT.",
    "replay": "Replay the journal of a SPRINT, and prove that it leads to the stored state.",
    "stages": "List, show, run and check the stages.",
    "compositions": "List, show, run and check the compositions.",
    "docs": "Write the files that are generated from the code: the docs' pages, and the types of a policy.",
    "bench": "Measure how fast the bot is.",
    "kill": "Run sprints while processes are killed with SIGKILL.",
    "faults": "Run a sprint with webhooks duplicated, lost or absent.",
    "attack": "Attack a bot of this machine's own as agents, strangers and full disks would.",
}
"""Name → the first sentence of its help, here so that listing the commands imports none of them."""


class Caloron(click.Group):
    """A group that imports a command's module, `bot.cli.<name>`, only when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command: click.Command = getattr(importlib.import_module(f"bot.cli.{name}"), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name]) for name in self.list_commands(ctx)])


@click.group(cls=Caloron, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="caloron-bot", prog_name="caloron")
@click.option(
    "--env-file",
    type=click.Path(path_type=Path),
    help="The file of settings, instead of CALORON_HOME/env; only you may be able to read it.",
)
def caloron(env_file: Path | None) -> None:
    """A bot that runs a sprint in your repository: plan, agents, reviews, merges, retro."""
    keep_what_is_loaded()
    if env_file:
        os.environ[ENV_FILE] = str(env_file.expanduser().absolute())


def main(args: list[str] | None = None) -> Any:
    """Run a command; an error is one line on stderr and exit code 1."""
    if args is None:  # this process is ours alone, and the command is not imported yet
        gc.disable()
    try:
        return caloron.main(args, prog_name="caloron")
    except SettingsError as error:
        lines = (str(error), not_read(os.environ), "`caloron config` shows every setting.")
        sys.exit("\n".join(filter(None, lines)))
    except (Unavailable, Refused) as error:
        sys.exit(str(error))
    except Exception as error:  # a bug, or a surprise; CALORON_TRACEBACK shows more
        if os.environ.get("CALORON_TRACEBACK"):
            raise
        sys.exit(f"{type(error).__name__}: {error}\nSet CALORON_TRACEBACK=1 to see where.")
