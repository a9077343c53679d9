"""Every option of every command acts, and says in its help what it does."""

import ast
import inspect
import textwrap
from collections.abc import Iterator

import click
import pytest

from bot.cli.main import COMMANDS, caloron


def commands(group: click.Group = caloron, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    """Every command that runs something, with its words."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


ALL = dict(commands())


def names_read(command: click.Command) -> set[str]:
    """The names that the command's function reads."""
    assert command.callback is not None
    tree = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(command.callback))))
    loads = (node for node in ast.walk(tree) if isinstance(node, ast.Name))
    return {node.id for node in loads if isinstance(node.ctx, ast.Load)}


def unread(command: click.Command) -> set[str]:
    return {param.name for param in command.params if param.name} - names_read(command)


@pytest.mark.parametrize("name", ALL)
def test_every_option_is_read(name: str) -> None:
    assert not unread(ALL[name])


def test_an_option_that_is_not_read_is_found() -> None:
    @click.command()
    @click.option("--used")
    @click.option("--forgotten")
    def planted(used: str, forgotten: str) -> None:
        click.echo(used)

    assert unread(planted) == {"forgotten"}


@pytest.mark.parametrize("name", ALL)
def test_every_command_and_option_has_a_help_text(name: str) -> None:
    command = ALL[name]
    assert command.help and command.help.rstrip().endswith(".")
    options = [param for param in command.params if isinstance(param, click.Option)]
    silent = [param.name for param in options if not param.help or not param.help.endswith(".")]
    assert not silent, f"{name}: {silent}"


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_each_command_says(name: str) -> None:
    command = caloron.get_command(click.Context(caloron), name)
    assert command is not None and command.help
    assert command.help.split("\n\n")[0].replace("\n", " ") == COMMANDS[name]
