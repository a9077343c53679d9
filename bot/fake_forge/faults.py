"""Fault injection by a seed: deliveries lost, doubled, late or reordered; calls refused or stalled."""

from __future__ import annotations

import random
import re
import threading
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Rule:
    """One rule for calls: those that match are stalled (`seconds`) and, with a status, refused.

    `after` carries the call out first and then answers with the status, as a lost response does;
    `times` is how often it applies (absent: always), `chance` how likely.
    """

    path: str
    method: str = ".*"
    status: int | None = None
    seconds: float = 0.0
    times: int | None = None
    chance: float = 1.0
    after: bool = False
    message: str = "an injected fault"
    headers: dict[str, str] = field(default_factory=dict)


class Faults:
    """The active faults. `drop`, `double` and `shuffle` take true or a probability between 0 and 1."""

    def __init__(self, wanted: dict[str, Any] | None = None) -> None:
        self._lock = threading.Lock()
        self.struck = 0
        self.set(wanted or {})

    def set(self, wanted: dict[str, Any]) -> None:
        """Replace every fault in force by these; TypeError or ValueError says what is wrong."""
        known = {"drop", "double", "shuffle", "delay_ms", "seed", "api", "checking_ms"}
        if unknown := set(wanted) - known:
            raise ValueError(
                f"unknown fault: {', '.join(sorted(unknown))}; known: {', '.join(sorted(known))}"
            )
        rules = [Rule(**rule) for rule in wanted.get("api", [])]
        for rule in rules:
            re.compile(rule.path), re.compile(rule.method)
        low, high = wanted.get("delay_ms", (0, 0))
        with self._lock:
            self.wanted = wanted
            self.rules = rules
            self.drop = float(wanted.get("drop", 0))
            self.double = float(wanted.get("double", 0))
            self.shuffle = float(wanted.get("shuffle", 0))
            self.delay = (float(low) / 1000, float(high) / 1000)
            self.checking = float(wanted.get("checking_ms", 0)) / 1000
            self._random = random.Random(wanted.get("seed", 0))

    def delays(self) -> list[float]:
        """When to send one delivery: no entry = lost, two = doubled; seconds from now."""
        with self._lock:
            # Always the same number of draws, so that a seed gives the same run whatever is enabled.
            drop, double, shuffle, *spread = (self._random.random() for _ in range(6))
            if drop < self.drop:
                return []
            copies = 2 if double < self.double else 1
            late = 0.15 if shuffle < self.shuffle else 0.0
            low, high = self.delay
            return [low + (high - low) * spread[n] + late * spread[n + 1] for n in range(copies)]

    def strike(self, method: str, path: str) -> Rule | None:
        """The rule that applies to this call, counted as used."""
        if not self.rules:
            return None
        with self._lock:
            for rule in self.rules:
                if rule.times == 0 or not re.fullmatch(rule.method, method) or not re.search(rule.path, path):
                    continue
                if self._random.random() >= rule.chance:
                    continue
                if rule.times is not None:
                    rule.times -= 1
                self.struck += 1
                return rule
        return None
