"""The commands: one declaration each, from which parser, permission, help and documentation come."""

from dataclasses import dataclass, field
from typing import Literal

Minimum = Literal["none", "read", "write", "maintain", "admin"]
GATES = ("plan", "rfc", "merge", "next")


@dataclass(frozen=True)
class Param:
    """A value that stands by its position."""

    name: str
    kind: str = "text"
    required: bool = False
    rest: bool = False
    """Takes the rest of the line; up to the first flag where the command has flags."""
    after: tuple[str, ...] = ()
    """May stand only behind one of these values."""
    title_serves: bool = False
    """On an issue its title is the value where none is given."""


@dataclass(frozen=True)
class Flag:
    """A value that stands by its name; kind `switch` has none."""

    kind: str = "text"
    repeat: bool = False


@dataclass(frozen=True)
class Declaration:
    """All that is known of one command."""

    name: str
    summary: str
    example: str
    minimum: Minimum
    where: frozenset[str]
    params: tuple[Param, ...] = ()
    flags: dict[str, Flag] = field(default_factory=dict)

    @property
    def rest(self) -> bool:
        """Whether its last parameter takes the rest of the line."""
        return bool(self.params) and self.params[-1].rest

    @property
    def usage(self) -> str:
        """How it is written, as one line: `/why [task]`."""
        return " ".join(
            [f"/{self.name}", *map(_param_usage, self.params), *map(_flag_usage, self.flags.items())]
        )

    @property
    def help(self) -> str:
        """One line for people: how it is written and what it does."""
        return f"`{self.usage}` {self.summary}"


VALUE_WORDS: dict[str, str] = {
    "text": "some text",
    "task": "a task's id, such as `t1`",
    "tasks": "task ids, such as `t1` or `t1,t2`",
    "count": "a whole number above zero",
    "number": "a number, such as `5` or `+5`",
    "amount": "an amount, such as `5` or `20usd`",
    "pipeline": "`quick`, `standard` or `full`",
    "gate": "`plan`, `rfc`, `merge` or `next`",
    "gate or hash": "`plan`, `rfc`, `merge`, `next` or a hash of 4 to 64 hex digits",
    "hash": "a hash of 4 to 64 hex digits",
    "on or off": "`on` or `off`",
    "user": "a user, such as `@alice`",
    "command": "a command's name",
}
"""What a kind of value is, in words for people."""


def _param_usage(param: Param) -> str:
    word = {"gate": "|".join(GATES), "on or off": "on|off", "user": "@user", "number": "+N"}.get(param.kind)
    shown = word or (f"{param.name}…" if param.rest else param.name)
    if not param.required:
        return f"[{shown}]"
    return shown if param.kind in ("on or off", "user") else f"<{shown}>"


def _flag_usage(item: tuple[str, Flag]) -> str:
    name, flag = item
    values = {"switch": "", "pipeline": " quick|standard|full", "count": " N"}
    return f"[--{name}{values.get(flag.kind, ' …')}]"


def _declare(
    name: str,
    minimum: Minimum,
    where: str,
    summary: str,
    *params: Param,
    example: str = "",
    flags: dict[str, Flag] | None = None,
) -> Declaration:
    places = frozenset(where.split())
    return Declaration(name, summary, example or f"/{name}", minimum, places, params, flags or {})


_PLAN_FLAGS = {
    "pipeline": Flag("pipeline"),
    "auto": Flag("switch"),
    "agents": Flag("count"),
    "budget": Flag("amount"),
}
_TASK_FLAGS = {"after": Flag("tasks", repeat=True), "scope": Flag(repeat=True)}
_REASON = Param("reason", required=True, rest=True)
_APPROVAL = (Param("gate", "gate or hash"), Param("hash", "hash", after=GATES))
_DESCRIPTION = Param("description", required=True, rest=True, title_serves=True)
_USER = Param("user", "user", required=True)

_ALL: tuple[Declaration, ...] = (
    _declare(
        "help",
        "read",
        "anywhere",
        "What you may run here, or how one command is written.",
        Param("command", "command"),
        example="/help retry",
    ),
    _declare("ping", "read", "anywhere", "Says that the bot is there."),
    _declare("status", "read", "sprint", "Draws the sprint's board anew."),
    _declare(
        "why",
        "read",
        "sprint",
        "Names exactly what a task waits for, with links.",
        Param("task", "task"),
        example="/why t3",
    ),
    _declare("config", "read", "sprint", "Shows the settings in effect and where each comes from."),
    _declare(
        "plan",
        "write",
        "issue",
        "Makes this issue a kickoff: reads the repository, plans, shows the board.",
        example="/plan --pipeline quick --agents 2",
        flags=_PLAN_FLAGS,
    ),
    _declare(
        "approve",
        "write",
        "kickoff pr",
        "Approves what waits at the gate, as it was last shown.",
        *_APPROVAL,
        example="/approve plan",
    ),
    _declare(
        "reject",
        "write",
        "kickoff pr",
        "Sends what waits at the gate back, with a reason.",
        Param("gate", "gate", required=True),
        _REASON,
        example="/reject plan the tests are missing",
    ),
    _declare("start", "write", "kickoff", "Begins what is approved and waits."),
    _declare("pause", "write", "kickoff", "Starts nothing new until `/resume`."),
    _declare("resume", "write", "kickoff", "Goes on after `/pause`."),
    _declare("stop", "write", "kickoff", "Ends the sprint; branches and pull requests are kept."),
    _declare("next", "write", "kickoff", "Goes on to the next milestone."),
    _declare(
        "auto",
        "maintain",
        "kickoff",
        "Lets gates pass by themselves, or no longer.",
        Param("switch", "on or off", required=True),
        example="/auto on",
    ),
    _declare(
        "add-task",
        "write",
        "kickoff",
        "Adds a task to the plan.",
        Param("title", required=True, rest=True),
        example='/add-task "Export as CSV" --after t2 --scope src/export',
        flags=_TASK_FLAGS,
    ),
    _declare(
        "drop-task",
        "write",
        "kickoff",
        "Takes a task out of the plan.",
        Param("task", "task", required=True),
        example="/drop-task t4",
    ),
    _declare(
        "retry",
        "write",
        "task pr",
        "A new attempt now, its counters reset.",
        example='/retry --hint "use the parser that is there"',
        flags={"hint": Flag(), "model": Flag()},
    ),
    _declare("restart", "write", "task pr", "Ends this run and starts it again: same attempt, branch kept."),
    _declare("skip", "write", "task pr", "Leaves this task out; what waits for it can only be left out too."),
    _declare("break-down", "write", "task pr", "Proposes subtasks as a change of the plan."),
    _declare("take-over", "write", "task escalation pr", "You do this task yourself."),
    _declare("hand-back", "write", "task escalation pr", "Gives the task back to an agent."),
    _declare(
        "assign-human",
        "write",
        "task escalation pr",
        "Gives the task to a person.",
        _USER,
        example="/assign-human @alice",
    ),
    _declare("resolved", "write", "task escalation pr", "What was escalated is settled: the task goes on."),
    _declare("review", "write", "pr", "Asks the reviewers again."),
    _declare("hold", "write", "pr", "No merge until `/unhold`."),
    _declare("unhold", "write", "pr", "Lets it merge again."),
    _declare("merge", "maintain", "pr", "Merges once it is approved and green (same as `/approve merge`)."),
    _declare(
        "hotfix",
        "maintain",
        "anywhere",
        "One task at once: checks required, no plan gate.",
        _DESCRIPTION,
        example="/hotfix the login page answers 500",
    ),
    _declare(
        "budget",
        "maintain",
        "kickoff",
        "Shows the budget, or raises it.",
        Param("amount", "number"),
        example="/budget +5",
    ),
    _declare("retro", "write", "kickoff", "Writes the retrospective now."),
    _declare(
        "simulate",
        "maintain",
        "kickoff",
        "Plays the sprint through without touching anything.",
        Param("what", rest=True),
    ),
    _declare("doctor", "maintain", "kickoff", "Checks rights, hook, labels and settings."),
    _declare("sync", "maintain", "kickoff", "Looks at everything on the forge anew."),
    _declare("unlock", "maintain", "kickoff", "Frees the repository's sprint lock."),
)

COMMANDS: dict[str, Declaration] = {declaration.name: declaration for declaration in _ALL}
