"""A lane's journal as stored, and the proof that it is unaltered: a chain of hashes."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from types import NoneType
from typing import TYPE_CHECKING, Literal, NamedTuple, NotRequired, TypedDict, cast

from shell.store.connection import write
from shell.store.migrations import ENTRY_VERSION

if TYPE_CHECKING:
    from stages.world import Event, Policy, State


Migrated = TypedDict("Migrated", {"type": Literal["state_migrated"], "from": int, "to": int})
"""In place of an event: the state was brought from one version to another."""


class Written(TypedDict):
    """What any form of a journal's entry has."""

    event: Event | Migrated
    """What happened."""
    composition: str | None
    """What handled it; None: nothing did, it is only recorded."""
    now: str
    """The time of the decision."""
    actions: list[str]
    """The keys of what was asked for."""
    changed: list[str]
    """The fields of the state that it changed, sorted."""
    state_hash: str
    """One hash over these fields and their new values."""
    trace: list[tuple[str, float]]
    """Each stage that ran, with its milliseconds."""
    cause: str | None
    """The receipt or key of the event that all this follows from."""
    code: str
    """A fingerprint of the code that decided."""
    failed: NotRequired[str]
    """The error, where the event could not be handled."""


class Draft(Written):
    """An entry before it has its place in the chain."""

    policy: Policy | None
    """What the decision went by; None where there was none to make."""


class Placed(Written):
    """What an entry has in its chain."""

    v: int
    """The version of its form."""
    seq: int
    """Its number."""
    prev: str
    """The hash of the entry before it."""
    hash: str
    """Its own."""


class Line(Placed):
    """An entry as it is stored."""

    policy: str
    """The name under which the policy is stored."""


class Entry(Placed):
    """An entry with its policy."""

    policy: Policy | None


class Fault(NamedTuple):
    """What is wrong with one entry of a journal."""

    seq: int
    words: str

    def __str__(self) -> str:
        return f"entry {self.seq} {self.words}"


@dataclass(frozen=True)
class Ledger:
    """The lines of a journal, with what the store knows about it, and the state it led to."""

    lane: str
    lines: list[str]
    start: int
    """The number that the first line must have."""
    end: int
    """The number that the next entry will have."""
    head: str
    """The hash that the last entry must have."""
    policies: dict[str, str] = field(repr=False)
    state: State = field(repr=False)
    damaged: list[str] = field(default_factory=list)
    """Fields of the state that cannot be read, and so are not in it."""

    def entries(self) -> list[Entry]:
        """The entries, each with its policy."""
        policies = {name: json.loads(text) for name, text in self.policies.items()}
        return [with_policy(json.loads(line), policies) for line in self.lines]

    def faults(self) -> list[Fault]:
        """Everything that is wrong with the journal, by entry; empty: it is unaltered."""
        read = [sound(line) for line in self.lines]
        numbers = numbered(read, self.start, self.end)
        good = {entry["seq"]: entry for entry in read if entry}
        found = [
            *(Fault(seq, "was altered") for seq, entry in zip(numbers, read, strict=True) if entry is None),
            *missing(numbers, self.start, self.end),
            *displaced(numbers),
            *self._replaced(good),
            *self._wrong_policies(good),
            *self._damaged(),
            *(
                Fault(seq, _other_form(entry["v"]))
                for seq, entry in good.items()
                if entry["v"] != ENTRY_VERSION
            ),
        ]
        return sorted(set(found))

    def _replaced(self, good: dict[int, Line]) -> list[Fault]:
        """Entries that were replaced, with a valid hash: their successor still has the old one."""
        words = "was replaced: the next entry refers to another hash"
        broken = [Fault(seq, words) for seq in good if seq + 1 in good and is_replaced(good, seq)]
        last = good.get(self.end - 1)
        if last and last["hash"] != self.head:
            broken.append(Fault(self.end - 1, "was replaced: the store has another hash for the last entry"))
        return broken

    def _damaged(self) -> list[Fault]:
        shown = [name.encode(errors="backslashreplace").decode() for name in self.damaged]
        return [Fault(self.end - 1, f"leads to a state whose field {name} is damaged") for name in shown]

    def _wrong_policies(self, good: dict[int, Line]) -> list[Fault]:
        wrong = {name for name, text in self.policies.items() if not is_text(text) or digest_of(text) != name}
        gone = {entry["policy"] for entry in good.values()} - self.policies.keys()
        reasons = dict.fromkeys(wrong, "was altered") | dict.fromkeys(gone, "is missing")
        return [
            Fault(seq, f"was decided by the policy {entry['policy']}, which {reasons[entry['policy']]}")
            for seq, entry in good.items()
            if entry["policy"] in reasons
        ]


def _other_form(version: int) -> str:
    return f"has version {version}, and this Caloron Bot reads entries of version {ENTRY_VERSION}"


def hash_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def digest_of(policy: str) -> str:
    """The name under which a policy is stored."""
    return hash_of(policy)[:16]


def is_text(read: str) -> bool:
    """Whether all bytes that were read are valid text."""
    try:
        read.encode()
    except UnicodeEncodeError:
        return False
    return True


def with_policy(line: Line, policies: dict[str, Policy | None]) -> Entry:
    return cast("Entry", {**line, "policy": policies.get(line["policy"])})


_TYPES: dict[str, tuple[type, ...]] = {
    "v": (int,),
    "seq": (int,),
    "hash": (str,),
    "prev": (str,),
    "policy": (str,),
    "now": (str,),
    "event": (dict,),
    "composition": (str, NoneType),
    "code": (str,),
    "changed": (list,),
    "state_hash": (str,),
    "actions": (list,),
    "trace": (list,),
}
"""The fields of every entry, and their types."""


def sound(line: str) -> Line | None:
    """The entry of a line; None if a single byte was changed, or it is no entry at all."""
    try:
        parsed = json.loads(line) if is_text(line) else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(parsed, dict) or any(
        type(parsed.get(name)) not in kinds for name, kinds in _TYPES.items()
    ):
        return None
    entry = {name: value for name, value in parsed.items() if name != "hash"}
    found = cast("Line", parsed)
    return found if write(parsed) == line and parsed["hash"] == hash_of(write(entry)) else None


def numbered(read: list[Line | None], start: int, end: int) -> list[int]:
    """The number of each line; one that was altered gets the next number that no other line has."""
    free = set(range(start, end)) - {entry["seq"] for entry in read if entry}
    numbers: list[int] = []
    for entry in read:
        follows = numbers[-1] + 1 if numbers else start
        if entry is None and follows not in free:
            follows = min(free, key=lambda seq: abs(seq - follows), default=follows)
        seq = entry["seq"] if entry else follows
        free.discard(seq)
        numbers.append(seq)
    return numbers


def missing(numbers: list[int], start: int, end: int) -> list[Fault]:
    gone = sorted(set(range(start, end)) - set(numbers))
    more = sorted(set(numbers) - set(range(start, end)))
    return [
        *(Fault(seq, "is missing") for seq in gone),
        *(Fault(seq, "was added: the store has no such entry") for seq in more),
        *(Fault(seq, "appears twice") for seq, times in Counter(numbers).items() if times > 1),
    ]


def displaced(numbers: list[int]) -> list[Fault]:
    """Entries out of order; two that were swapped are reported as such."""
    order = sorted(numbers)
    wrong = [(seq, actual) for seq, actual in zip(order, numbers, strict=True) if seq != actual]
    changed = dict(wrong)
    swapped = [(seq, actual) for seq, actual in wrong if changed[actual] == seq and seq < actual]
    if swapped:
        return [Fault(seq, f"was swapped with entry {actual}") for seq, actual in swapped]
    return [Fault(after, f"comes after entry {seq}") for seq, after in pairwise(numbers) if after < seq]


def is_replaced(good: dict[int, Line], seq: int) -> bool:
    return bool(good[seq + 1]["prev"] != good[seq]["hash"])
