"""An action: something to be done in the world, asked for once by its deterministic key."""

from typing import Any

Action = dict[str, Any]
"""`type`, `key` and the fields of the type (docs/actions.md); `mark` becomes the hidden marker."""
