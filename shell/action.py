"""An action: something to be done in the world, asked for once by its deterministic key."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stages.world import Action as Action
else:
    Action = dict
    """When it runs, an action is a plain object; its fields: `stages/world.py`, docs/actions.md."""
