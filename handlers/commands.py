"""The commands, each declared once: parser, permission, help, docs and routing all follow from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Minimum = Literal["none", "read", "write", "maintain", "admin"]
GATES = ("plan", "rfc", "merge", "next")
WORDS_ONLY = "command_answer"
"""The composition that only replies."""
ALL = "all"
"""What `/help` takes beside the name of a command."""


@dataclass(frozen=True)
class Param:
    """A positional argument."""

    name: str
    kind: str = "text"
    required: bool = False
    rest: bool = False
    """Takes the rest of the line, or up to the first flag if the command has flags."""
    after: tuple[str, ...] = ()
    """May only follow one of these values."""
    title_serves: bool = False
    """On an issue, its title is the default."""
    inactive: tuple[str, ...] = ()
    """Values that are parsed, but do not act yet."""


@dataclass(frozen=True)
class Flag:
    """A named argument; the kind `switch` takes no value."""

    kind: str = "text"
    repeat: bool = False
    acts: bool = True
    inactive: tuple[str, ...] = ()
    """Values that are parsed, but do not act yet."""


@dataclass(frozen=True)
class Declaration:
    """One command; what does not act yet (`acts=False`) is parsed, but offered nowhere."""

    name: str
    summary: str
    example: str
    minimum: Minimum
    where: frozenset[str]
    params: tuple[Param, ...] = ()
    flags: dict[str, Flag] = field(default_factory=dict)
    composition: str = WORDS_ONLY
    acts: bool = True
    same_as: dict[str, str] = field(default_factory=dict)
    """First words that make it another command, with its right: `/approve merge` is `/merge`."""

    @property
    def acting_flags(self) -> dict[str, Flag]:
        """The flags that act."""
        return {name: flag for name, flag in self.flags.items() if flag.acts}

    def inactive_parts(self, positional: Sequence[str], flags: Mapping[str, object]) -> list[str]:
        """What of a command with these arguments does not act yet, as typed."""
        if not self.acts:
            return [f"/{self.name}"]
        values = [
            value for param, value in zip(self.params, positional, strict=False) if value in param.inactive
        ]
        for name, value in flags.items():
            if not self.flags[name].acts:
                values.append(f"--{name}")
            elif value in self.flags[name].inactive:
                values.append(f"--{name} {value}")
        return values

    @property
    def rest(self) -> bool:
        """Whether its last parameter takes the rest of the line."""
        return bool(self.params) and self.params[-1].rest

    @property
    def usage(self) -> str:
        """How to write it: `/why [task]`."""
        return " ".join(
            [f"/{self.name}", *map(_param_usage, self.params), *map(_flag_usage, self.acting_flags.items())]
        )


VALUE_WORDS: dict[str, str] = {
    "text": "some text",
    "task": "a task's id, such as `t1`",
    "tasks": "task ids, such as `t1` or `t1,t2`",
    "count": "a whole number above zero",
    "number": "a number, such as `5` or `+5`",
    "amount": "an amount, such as `$5`, `20usd` or `500k` tokens",
    "pipeline": "`quick` or `standard`",
    "gate": "`plan`",
    "gate or hash": "`plan`, `merge`, `next` or a hash of 4 to 64 hex digits",
    "hash": "a hash of 4 to 64 hex digits",
    "on or off": "`on` or `off`",
    "user": "a user, such as `@alice`",
    "command": "a command's name, or `all`",
}
"""What each kind of value is, in words for people."""


def _param_usage(param: Param) -> str:
    word = {"on or off": "on|off", "user": "@user", "number": "+N"}.get(param.kind)
    shown = word or (f"{param.name}…" if param.rest else param.name)
    if not param.required:
        return f"[{shown}]"
    return shown if param.kind in ("on or off", "user") else f"<{shown}>"


def _flag_usage(item: tuple[str, Flag]) -> str:
    name, flag = item
    values = {"switch": "", "pipeline": " quick|standard", "count": " N"}
    return f"[--{name}{values.get(flag.kind, ' …')}]"


def _declare(
    name: str,
    minimum: Minimum,
    where: str,
    summary: str,
    *params: Param,
    example: str = "",
    flags: dict[str, Flag] | None = None,
    composition: str = WORDS_ONLY,
    acts: bool = True,
    same_as: dict[str, str] | None = None,
) -> Declaration:
    places = frozenset(where.split())
    example = example or f"/{name}"
    return Declaration(
        name, summary, example, minimum, places, params, flags or {}, composition, acts, same_as or {}
    )


_PLAN_FLAGS = {
    "pipeline": Flag("pipeline", inactive=("full",)),
    "auto": Flag("switch"),
    "agents": Flag("count"),
    "budget": Flag("amount"),
}
_TASK_FLAGS = {"after": Flag("tasks", repeat=True), "scope": Flag(repeat=True)}
_REASON = Param("reason", required=True, rest=True)
_APPROVAL = (
    Param("gate", "gate or hash", inactive=("rfc",)),
    Param("hash", "hash", after=("plan", "rfc", "merge")),
)
_DESCRIPTION = Param("description", required=True, rest=True, title_serves=True)
_USER = Param("user", "user", required=True)
_TASK = Param("task", "task")
"""Needed on the kickoff; on a task's issue or pull request it is that task."""

_ALL: tuple[Declaration, ...] = (
    _declare(
        "help",
        "read",
        "anywhere",
        "Lists the commands that you need most, or all of them, or explains one.",
        Param("command", "command"),
        example="/help retry",
    ),
    _declare("ping", "read", "anywhere", "Checks that the bot is listening."),
    _declare("status", "read", "sprint", "Refreshes the board.", composition="command_steer"),
    _declare(
        "why",
        "read",
        "sprint",
        "Says exactly what a task is waiting for, with links.",
        Param("task", "task"),
        example="/why t3",
        composition="command_steer",
    ),
    _declare(
        "config",
        "read",
        "sprint",
        "Shows the settings in effect and where each comes from.",
        composition="command_config",
    ),
    _declare(
        "plan",
        "write",
        "issue",
        "Plans a sprint from this issue and shows the board.",
        flags=_PLAN_FLAGS,
        composition="command_plan",
    ),
    _declare(
        "approve",
        "write",
        "kickoff pr",
        "Approves the plan as it was last shown, and starts the sprint; `/approve merge` is `/merge`.",
        *_APPROVAL,
        example="/approve plan",
        composition="command_approve",
        same_as={"merge": "merge", "next": "next"},
    ),
    _declare(
        "reject",
        "write",
        "kickoff",
        "Sends the plan that waits for approval back, with a reason.",
        Param("gate", "gate", required=True),
        _REASON,
        example="/reject plan the tests are missing",
        composition="command_reject",
    ),
    _declare(
        "start",
        "write",
        "kickoff",
        "Starts an approved sprint before the others that wait.",
        composition="command_gates",
    ),
    _declare(
        "pause",
        "write",
        "kickoff",
        "Starts and merges nothing more until `/resume`; agents at work finish.",
        composition="command_steer",
    ),
    _declare("resume", "write", "kickoff", "Continues after `/pause`.", composition="command_steer"),
    _declare(
        "stop",
        "write",
        "kickoff",
        "Ends the sprint; branches and pull requests are kept.",
        composition="command_steer",
    ),
    _declare("next", "write", "kickoff", "Continues with the next milestone.", composition="command_gates"),
    _declare(
        "auto",
        "maintain",
        "kickoff",
        "Lets gates open by themselves: the plan's, and the next milestone's.",
        Param("switch", "on or off", required=True),
        example="/auto on",
        composition="command_gates",
    ),
    _declare(
        "add-task",
        "write",
        "kickoff",
        "Adds a task to the plan: one that waits for approval, or at once while the sprint runs.",
        Param("title", required=True, rest=True),
        example='/add-task "Export as CSV" --after t2 --scope src/export',
        flags=_TASK_FLAGS,
        composition="command_change_plan",
    ),
    _declare(
        "drop-task",
        "write",
        "kickoff",
        "Removes a task from the plan; if an agent works on it, it is stopped.",
        Param("task", "task", required=True),
        example="/drop-task t4",
        composition="command_change_plan",
    ),
    _declare(
        "retry",
        "write",
        "task pr kickoff",
        "Starts a new attempt now and resets the counters.",
        _TASK,
        example='/retry --hint "use the existing parser"',
        flags={"hint": Flag(), "model": Flag()},
        composition="command_steer",
    ),
    _declare(
        "restart",
        "write",
        "task pr kickoff",
        "Ends the run of the task's agent and starts the next, which goes on with its work; counts nothing.",
        _TASK,
        composition="command_steer",
    ),
    _declare(
        "skip",
        "write",
        "task pr kickoff",
        "Leaves this task out. Tasks that depend on it stay blocked until you skip them too.",
        _TASK,
        composition="command_steer",
    ),
    _declare(
        "break-down",
        "write",
        "task pr",
        "Replaces this task by parts: the points of its text, or else of its acceptance.",
        composition="command_change_plan",
    ),
    _declare(
        "take-over",
        "write",
        "task escalation pr",
        "Gives this task to you; its agent stops, and its work is pushed.",
        composition="command_steer",
    ),
    _declare(
        "hand-back",
        "write",
        "task escalation pr",
        "Gives the task back to an agent.",
        composition="command_steer",
    ),
    _declare(
        "assign-human",
        "write",
        "task escalation pr",
        "Gives the task to a person, as `/take-over` does to you.",
        _USER,
        example="/assign-human @alice",
        composition="command_steer",
    ),
    _declare(
        "resolved",
        "write",
        "task escalation pr",
        "Ends an escalation; an agent continues with the task.",
        composition="command_steer",
    ),
    _declare(
        "tell",
        "write",
        "task pr",
        "Tells the task's agent the rest of the line: at once where it can, else in its next turn or run.",
        Param("text", required=True, rest=True),
        example="/tell keep the old name as an alias",
        composition="command_steer",
    ),
    _declare(
        "log",
        "write",
        "task pr kickoff",
        "Shows the last steps of the task's agent.",
        _TASK,
        composition="command_steer",
    ),
    _declare(
        "review",
        "write",
        "task pr",
        "Asks for a review again: `review.reviewers`, else those who judged it before or were asked.",
        composition="command_review",
    ),
    _declare(
        "hold",
        "write",
        "task pr kickoff",
        "Blocks the merge until `/unhold`.",
        _TASK,
        composition="command_steer",
    ),
    _declare(
        "unhold", "write", "task pr kickoff", "Allows the merge again.", _TASK, composition="command_steer"
    ),
    _declare(
        "merge",
        "maintain",
        "pr",
        "Merges this head once it is approved and green; where `merge.mode` is `manual`, nothing is merged "
        "without it.",
        Param("hash", "hash"),
        example="/merge 1a2b3c4",
        composition="command_merge",
    ),
    _declare(
        "hotfix",
        "maintain",
        "anywhere",
        "Runs a single task at once, without a plan to approve; it is merged with a review, and only where "
        "a check or `verify` passed.",
        _DESCRIPTION,
        example="/hotfix the login page answers 500",
        composition="command_change_plan",
    ),
    _declare(
        "budget",
        "maintain",
        "kickoff",
        "Shows what agents have used, or raises the budget of this sprint: by dollars, or by tokens.",
        Param("amount", "number"),
        example="/budget +5",
        composition="command_steer",
    ),
    _declare(
        "retro",
        "write",
        "kickoff",
        "Writes the retrospective of the sprint as it stands now.",
        composition="command_retro",
    ),
    _declare(
        "simulate",
        "maintain",
        "kickoff",
        "Tells when the sprint will end, and what a change would mean for that; changes nothing.",
        Param("what", rest=True),
        example="/simulate agents 4",
        composition="command_simulate",
    ),
    _declare(
        "doctor", "maintain", "kickoff", "Checks permissions, webhook, labels and settings.", acts=False
    ),
    _declare("sync", "maintain", "kickoff", "Fetches everything from the forge again.", acts=False),
    _declare(
        "unlock",
        "maintain",
        "kickoff",
        "Takes the repository over from another installation of the bot that runs a sprint in it.",
        composition="command_unlock",
    ),
)

COMMANDS: dict[str, Declaration] = {declaration.name: declaration for declaration in _ALL}
"""Everything that is parsed as a command."""

CORE = (
    "plan", "approve", "status", "why", "hold", "unhold", "retry", "skip", "tell", "pause", "resume", "stop",
    "help",
)  # fmt: skip
"""The commands that one keeps in mind: what `/help` lists."""

OFFERED: dict[str, Declaration] = {name: one for name, one in COMMANDS.items() if one.acts}
"""The commands that act: only these are suggested, listed and documented."""

RIGHTS: dict[str, Minimum] = {name: one.minimum for name, one in OFFERED.items()}
"""What each of these takes by itself; a repository may ask for more."""
