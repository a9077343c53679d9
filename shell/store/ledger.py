"""A lane's journal as it lies there, and the proof that it is as it was written: a chain of hashes."""

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from types import NoneType
from typing import Any, NamedTuple

from shell.store.connection import write
from shell.store.fields import State

Entry = dict[str, Any]


class Fault(NamedTuple):
    """What is wrong with one entry of a journal."""

    seq: int
    words: str

    def __str__(self) -> str:
        return f"entry {self.seq} {self.words}"


@dataclass(frozen=True)
class Ledger:
    """The lines of a journal, and what the store says of it and of the state it led to."""

    lane: str
    lines: list[str]
    start: int
    """The number of the first entry that must be there."""
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
        """All that is wrong with the journal, entry by entry; nothing: it is as it was written."""
        read = [sound(line) for line in self.lines]
        numbers = numbered(read, self.start, self.end)
        good = {entry["seq"]: entry for entry in read if entry}
        found = [
            *(Fault(seq, "was altered") for seq, entry in zip(numbers, read, strict=True) if entry is None),
            *missing(numbers, self.start, self.end),
            *displaced(numbers),
            *self._unlinked(good),
            *self._misled(good),
            *self._damaged(),
        ]
        return sorted(set(found))

    def _unlinked(self, good: dict[int, Entry]) -> list[Fault]:
        """Entries made anew with a right hash of their own: the next one still knows the old hash."""
        words = "was replaced: the entry after it knows another hash"
        broken = [Fault(seq, words) for seq in good if seq + 1 in good and leads_astray(good, seq)]
        last = good.get(self.end - 1)
        if last and last["hash"] != self.head:
            broken.append(Fault(self.end - 1, "was replaced: the store knows another hash of the last entry"))
        return broken

    def _damaged(self) -> list[Fault]:
        shown = [name.encode(errors="backslashreplace").decode() for name in self.damaged]
        return [Fault(self.end - 1, f"leads to a state whose field {name} is damaged") for name in shown]

    def _misled(self, good: dict[int, Entry]) -> list[Fault]:
        wrong = {name for name, text in self.policies.items() if not is_text(text) or digest_of(text) != name}
        gone = {entry["policy"] for entry in good.values()} - self.policies.keys()
        told = dict.fromkeys(wrong, "was altered") | dict.fromkeys(gone, "is missing")
        return [
            Fault(seq, f"was decided by the policy {entry['policy']}, which {told[entry['policy']]}")
            for seq, entry in good.items()
            if entry["policy"] in told
        ]


def hash_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def digest_of(policy: str) -> str:
    """The name under which a policy's text is kept."""
    return hash_of(policy)[:16]


def is_text(read: str) -> bool:
    """Whether all bytes that were read are text."""
    try:
        read.encode()
    except UnicodeEncodeError:
        return False
    return True


def with_policy(entry: Entry, policies: dict[str, Any]) -> Entry:
    return entry | {"policy": policies.get(entry["policy"])}


_KINDS: dict[str, tuple[type, ...]] = {
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
"""What every entry has, and of which kind it is."""


def sound(line: str) -> Entry | None:
    """The entry of a line; None where a single byte is not as it was written, or it is none of ours."""
    try:
        whole = json.loads(line) if is_text(line) else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(whole, dict) or any(
        type(whole.get(name)) not in kinds for name, kinds in _KINDS.items()
    ):
        return None
    entry = {name: value for name, value in whole.items() if name != "hash"}
    return whole if write(whole) == line and whole["hash"] == hash_of(write(entry)) else None


def numbered(read: list[Entry | None], start: int, end: int) -> list[int]:
    """The number of each line; one that cannot be believed is taken for the next that nobody else has."""
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
        *(Fault(seq, "was added: the store knows of no such entry") for seq in more),
        *(Fault(seq, "is there twice") for seq, times in Counter(numbers).items() if times > 1),
    ]


def displaced(numbers: list[int]) -> list[Fault]:
    """Entries that do not stand in their place; two that changed places are told as such."""
    order = sorted(numbers)
    wrong = [(seq, there) for seq, there in zip(order, numbers, strict=True) if seq != there]
    changed = dict(wrong)
    swapped = [(seq, there) for seq, there in wrong if changed[there] == seq and seq < there]
    if swapped:
        return [Fault(seq, f"was swapped with entry {there}") for seq, there in swapped]
    return [Fault(after, f"stands after entry {seq}") for seq, after in pairwise(numbers) if after < seq]


def leads_astray(good: dict[int, Entry], seq: int) -> bool:
    return bool(good[seq + 1]["prev"] != good[seq]["hash"])
