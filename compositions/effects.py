"""Effects: what stages may touch, the union over a graph, and what a policy allows."""

import json
from collections.abc import Iterable
from typing import Any

KINDS = {
    "Cost": "cost",
    "Fallible": "fallible",
    "FsRead": "fs-read",
    "FsWrite": "fs-write",
    "Llm": "llm",
    "Network": "network",
    "NonDeterministic": "non-deterministic",
    "Process": "process",
    "Pure": "pure",
    "Unknown": "unknown",
}
SPELLINGS = {
    **{name.lower(): name for name in KINDS},
    **{kind: name for name, kind in KINDS.items()},
    "nondeterministic": "NonDeterministic",
}
PARAMETERS: dict[str, dict[str, Any]] = {
    "Cost": {"cents": 0},
    "FsRead": {"path": "/"},
    "FsWrite": {"path": "/"},
    "Llm": {"model": "unknown"},
}
Effect = dict[str, Any]


def effect_set(given: Iterable[Any]) -> tuple[Effect, ...]:
    """The effects as the engine keeps them: each once, in the order of their names; none means Pure."""
    effects = {json.dumps(effect, sort_keys=True): effect for effect in map(effect_of, given)}
    return tuple(sorted(effects.values(), key=order)) or ({"effect": "Pure"},)


def effect_of(given: Any) -> Effect:
    if isinstance(given, dict):
        return dict(given)
    name = SPELLINGS.get(str(given).lower())
    if name is None:
        raise ValueError(f"no effect is called {given!r}; there are {', '.join(KINDS)}")
    return {"effect": name, **PARAMETERS.get(name, {})}


def order(effect: Effect) -> tuple[str, str]:
    return effect["effect"], json.dumps(effect, sort_keys=True)


def kind_of(effect: Effect) -> str:
    """The word for an effect in policies and reports."""
    return KINDS.get(effect["effect"], "unknown")


def kinds_of(given: Iterable[str]) -> frozenset[str]:
    """Kinds of effects, from either spelling."""
    return frozenset(KINDS[SPELLINGS.get(str(name).lower(), "Unknown")] for name in given)


def is_pure(effects: Iterable[Effect]) -> bool:
    return any(effect["effect"] == "Pure" for effect in effects)


def cents_of(effects: Iterable[Effect]) -> int:
    return sum(effect["cents"] for effect in effects if effect["effect"] == "Cost")
