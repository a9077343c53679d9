"""`caloron` itself: finds each command's module when it is called, and says errors in one line."""

import importlib
import os
import sys
from importlib.util import find_spec
from typing import Any

import click

from shell.errors import Refused, Unavailable
from shell.settings import SettingsError

COMMANDS = {
    "up": "Run the bot: store, door, workers and clock, until stopped.",
    "demo": "Play one whole sprint on this machine, with a stub agent and a forge of its own.",
    "config": "Show every setting, its value and where it comes from.",
    "doctor": "Check that everything the bot needs is there and says yes.",
    "install": "Make the webhook and the labels in a repository.",
    "status": "Show the sprints that run or wait, and for whom.",
    "history": "List every sprint.",
    "show": "Show one sprint: goal, tasks, figures.",
    "metrics": "Show the figures of the sprints that have ended.",
    "agents": "List the agents that run now.",
    "trace": "Show which stages ran for an event or a sprint, on what, for how long.",
    "replay": "Fold a journal again, and prove that it leads to the same state.",
    "stages": "List, show, run and check the stages.",
    "compositions": "List, show, run and check the compositions.",
    "docs": "Write the pages of the documentation that are made from the code.",
    "bench": "Measure the bot.",
    "kill": "Play sprints while processes are killed, and count what they left.",
    "faults": "Play a sprint with webhooks doubled, lost or none, and compare its end.",
}
"""Each is `bot.cli.<name>`, its click command of the same name; a module not there is not listed."""


class Caloron(click.Group):
    """A group that imports a command only when it is called: `caloron up` need not load the others."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for name in COMMANDS if find_spec(f"bot.cli.{name}")]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in self.list_commands(ctx):
            return None
        command: click.Command = getattr(importlib.import_module(f"bot.cli.{name}"), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name]) for name in self.list_commands(ctx)])


@click.group(cls=Caloron, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="caloron-bot", prog_name="caloron")
def caloron() -> None:
    """A bot that runs a sprint in your repository: plan, agents, reviews, merges, retro."""


def main(args: list[str] | None = None) -> Any:
    """Run; every error that a person can do something about is words on stderr and exit code 1."""
    try:
        return caloron.main(args, prog_name="caloron")
    except SettingsError as error:
        sys.exit(f"{error}\n`caloron config` shows every setting.")
    except (Unavailable, Refused) as error:
        sys.exit(str(error))
    except Exception as error:  # what is left is our bug or the world's; no one is helped by a traceback here
        if os.environ.get("CALORON_TRACEBACK"):
            raise
        sys.exit(f"{type(error).__name__}: {error}")
