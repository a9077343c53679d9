"""The versions of what the store keeps, and the written step from each version of a state to the next.

A state is stored with its `v`. An older one is brought up to date when it is read, and the next commit keeps
it so, with a journal entry of its own (`state_migrated`), so that a replay comes to the same state. A version
that no step leads on from, or one newer than this code, is refused in words.

To change the form of a state: raise `VERSION`, write the step from the old version into `STEPS`, and add a
test with a state in its old form. A step is pure: it takes a state and returns another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from stages.world import State

Json = Any
"""A value as it was parsed from the store; whoever reads it checks it."""
Stored = dict[str, Json]
"""A state as it is stored, in the form of whichever version wrote it."""
Steps = Mapping[int, Callable[[Stored], Stored]]

VERSION = 1
"""The form of the states that this code writes."""
FIRST_VERSION = 1
"""What a stored state has that does not say its version."""
ENTRY_VERSION = 1
"""The form of a journal's entries."""
STEPS: Steps = {}
"""Version → the step from it to the next one."""


class UnknownVersion(Exception):
    """Something stored has a form that this code cannot read."""


def as_state(stored: State | Stored) -> State:
    """The one place where what is stored is taken for a state."""
    return cast("State", stored)


def up_to_date(
    stored: State | Stored, what: str, steps: Steps | None = None, version: int | None = None
) -> State:
    """The state in the form of this code; the very same object if it has that already.

    `what` names it in the words of a refusal.
    """
    steps, version = STEPS if steps is None else steps, VERSION if version is None else version
    state: Json = stored
    check(state["v"], what, steps, version)
    while state["v"] < version:
        state = steps[state["v"]](state) | {"v": state["v"] + 1}
    return as_state(state)


def check(found: int, what: str, steps: Steps | None = None, version: int | None = None) -> None:
    """Raise UnknownVersion unless a state of this version can be read."""
    steps, version = STEPS if steps is None else steps, VERSION if version is None else version
    missing = [old for old in range(found, version) if old not in steps]
    if found > version:
        raise UnknownVersion(
            f"{what} has version {found}, but this Caloron Bot reads versions up to {version}. "
            "A newer Caloron Bot wrote it: start that version or a later one."
        )
    if missing:
        raise UnknownVersion(
            f"{what} has version {found}, and this Caloron Bot has no step from version {missing[0]} to "
            f"{missing[0] + 1}. Start an earlier release that still reads version {found}, let it finish the "
            "sprint, then upgrade."
        )
