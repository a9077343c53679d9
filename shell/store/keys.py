"""The names of all keys in the store; no other module spells one."""

LANES = "caloron:lanes"
SPRINTS = "caloron:sprints"
"""Sprint id → lane."""
REPOSITORIES = "caloron:repositories"
"""Lane → what the forge said about the repository with this id when it was last asked."""
INSTALLED = "caloron:installed"
"""The lanes of the repositories that `caloron install` let in."""
NAMES = "caloron:names"
"""Forge and name of a repository → the lane it is known to belong to, until a delivery contradicts that."""
DUE = "caloron:due"
"""Lane → the earliest moment (ms) at which one of its actions is due."""
INSTALLATION = "caloron:installation"
"""The id of this installation of the bot."""
FENCE = "caloron:fence"
PROCESSES = "caloron:processes"
WALLS = "caloron:walls"
LOGINS = "caloron:logins"
NOT_HERE = "caloron:not_here"
"""Process that runs agents → the frameworks that cannot work there, each with what to do."""
HEARTBEATS = "caloron:heartbeats"
RUNS = "caloron:runs"
"""The agents' runs that have not ended."""
TURNS = "caloron:turns"
"""Lane → when (ms) one of its runs was last started."""
DEAD = "caloron:dead"
"""Dead letters by time."""
SHORT = "caloron:short"
"""Since when the machine is short of disk space."""


def lane_state(lane: str) -> str:
    return f"lane:{lane}"


def lane_meta(lane: str) -> str:
    """Version, turn, end and head of the journal, fencing token of the last commit, entries dropped."""
    return f"lane:{lane}:meta"


def lane_about(lane: str) -> str:
    """The repository as its newest delivery named it, and the last name that was verified by id."""
    return f"lane:{lane}:about"


def name_of(lane: str, repo: str) -> str:
    """A field of NAMES; forges ignore case in names."""
    return f"{lane.partition('-')[0]} {repo.lower()}"


def inbox(lane: str) -> str:
    return f"lane:{lane}:inbox"


def journal(lane: str) -> str:
    return f"lane:{lane}:journal"


def policies(lane: str) -> str:
    """Policies, which the journal refers to by digest."""
    return f"lane:{lane}:policies"


def seen(lane: str) -> str:
    return f"lane:{lane}:seen"


def outbox(lane: str) -> str:
    """Action key → action."""
    return f"lane:{lane}:outbox"


def outbox_seq(lane: str) -> str:
    """Action key → a number that changes whenever the action is put again."""
    return f"lane:{lane}:outbox:seq"


def outbox_order(lane: str) -> str:
    return f"lane:{lane}:outbox:order"


def outbox_due(lane: str) -> str:
    return f"lane:{lane}:outbox:due"


def outbox_tries(lane: str) -> str:
    """Action key → what is remembered of its failed attempts."""
    return f"lane:{lane}:outbox:tries"


def intents(lane: str) -> str:
    return f"lane:{lane}:intents"


def performing(lane: str) -> str:
    """What the performer remembers of a lane: the version shown, a host that is unavailable."""
    return f"lane:{lane}:performing"


def shown(lane: str) -> str:
    """Object and kind → the situation in which it was last written."""
    return f"lane:{lane}:written"


def chosen_run(lane: str, key: str) -> str:
    """Present while a worker that chose this run has not claimed it yet."""
    return f"lane:{lane}:chosen:{key}"


def spent(day: str) -> str:
    """What runs that ended on this day (UTC) have used: `all` and each owner → tokens."""
    return f"caloron:spent:{day}"


def current_runs(lane: str) -> str:
    """`<sprint>/<task>` → key of its current run."""
    return f"lane:{lane}:current"


def run(lane: str, key: str) -> str:
    return f"lane:{lane}:run:{key}"


def told(lane: str, key: str) -> str:
    """What people told this run, the oldest first: key of the action → text."""
    return f"lane:{lane}:told:{key}"


def sprint(sprint_id: str) -> str:
    """The record of an ended sprint."""
    return f"sprint:{sprint_id}"


def account(forge: str) -> str:
    return f"caloron:account:{forge}"


def receipt(receipt_id: str) -> str:
    return f"receipt:{receipt_id}"


def dead_letter(letter_id: str) -> str:
    return f"dead:{letter_id}"


def lease(name: str) -> str:
    return f"lease:{name}"


def wake_up(queue: str, lane: str, urgent: bool = False) -> str:
    """Present while a wake-up for the lane waits in the queue; urgent ones have a flag of their own."""
    return f"rung:{queue}:{lane}" + (":first" if urgent else "")
