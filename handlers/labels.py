"""The labels that people set as commands, each declared once."""

from dataclasses import dataclass

from handlers.arguments import CommandLine
from handlers.commands import COMMANDS


@dataclass(frozen=True)
class LabelCommand:
    """What a label means when a person sets it, and when it is removed (None: nothing)."""

    command: str
    color: str
    description: str
    positional: tuple[str, ...] = ()
    removed: str | None = None
    taken_off: bool = False
    """Removed by the bot once acted on."""

    @property
    def acts(self) -> bool:
        """Whether its command does; a label that does not act is not made, and removed with one line."""
        return COMMANDS[self.command].acts


TASK = "caloron:task"

LABEL_COMMANDS: dict[str, LabelCommand] = {
    "caloron:sprint": LabelCommand(
        "plan", "1d76db", "Set it to plan a sprint from this issue (same as /plan)"
    ),
    TASK: LabelCommand(
        "add-task", "0366d6", "Set it to make this issue a task of the running sprint (same as /add-task)"
    ),
    "caloron:hotfix": LabelCommand(
        "hotfix", "ee0701", "Set it to fix this one issue now (same as /hotfix)", taken_off=True
    ),
    "caloron:hold": LabelCommand(
        "hold", "fef2c0", "No merge while it is set (same as /hold; remove it to /unhold)", removed="unhold"
    ),
    "caloron:auto": LabelCommand("auto", "c5def5", "Gates open by themselves (same as /auto on)", ("on",)),
    "caloron:retry": LabelCommand(
        "retry", "c2e0c6", "Set it for a new attempt now (same as /retry)", taken_off=True
    ),
    "caloron:review": LabelCommand(
        "review", "d4c5f9", "Set it to ask the reviewers again (same as /review)", taken_off=True
    ),
    "caloron:skip": LabelCommand(
        "skip", "ededed", "Set it to leave this task out (same as /skip)", taken_off=True
    ),
}


def command_for(label: str, *, set_now: bool) -> CommandLine | None:
    """The command that setting (or removing) a label is; None where a label is no command."""
    meaning = LABEL_COMMANDS.get(label)
    name = meaning and (meaning.command if set_now else meaning.removed)
    if not meaning or not name:
        return None
    positional = list(meaning.positional) if set_now else []
    return {"name": name, "positional": positional, "flags": {}, "line": label}
