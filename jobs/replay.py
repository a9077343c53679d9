"""Replay a lane's journal: the same events through the same compositions must lead to the same state."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from compositions import fingerprint
from jobs.decide import digest
from shell.store import Store
from shell.store.fields import differences, empty, texts
from shell.store.ledger import Entry, Fault, Ledger, sound
from shell.store.migrations import up_to_date

if TYPE_CHECKING:
    from stages.world import Event, Json, State, Turn

Fold = Callable[[str, "Turn"], "Turn"]
"""A composition's name and a turn → the turn that comes out."""


@dataclass
class Proof:
    """The result of a replay."""

    lane: str
    entries: int = 0
    decided: int = 0
    """Entries that a composition decided."""
    other_code: int = 0
    """Entries that were decided by other code, which may have decided differently."""
    faults: list[Fault] = field(default_factory=list)
    state: State = field(default_factory=empty, repr=False)
    state_hash: str = ""
    stored_hash: str = ""

    @property
    def holds(self) -> bool:
        return not self.faults and self.state_hash == self.stored_hash


def full_ledger(store: Store, lane: str, folder: Path | None) -> Ledger:
    """The lane's journal, including the entries that were moved to a file in this folder."""
    ledger = store.ledger(lane)
    file = folder / f"{lane}.jsonl" if folder else None
    if not ledger.start or file is None or not file.is_file():
        return ledger
    earlier = lines_of(file)
    return replace(ledger, start=0, lines=[*_latest(earlier), *ledger.lines])


def lines_of(file: Path) -> list[str]:
    """The lines of a journal's file; other line separators may stand within them."""
    text = file.read_bytes().decode(errors="surrogateescape")
    return text.removesuffix("\n").split("\n")


def _latest(lines: list[str]) -> list[str]:
    """The last journal in the file: after the store was lost, the numbers begin again at 0."""
    begins = [at for at, line in enumerate(lines) if (entry := sound(line)) and entry["seq"] == 0]
    return lines[begins[-1] if begins else 0 :]


def prove(ledger: Ledger, fold: Fold | None = None) -> Proof:
    """Check the chain; if it is unaltered, replay it all and compare each step and the final state."""
    proof = Proof(ledger.lane, len(ledger.lines), faults=obstacles(ledger))
    proof.stored_hash = hash_of_state(ledger.state)
    if proof.faults:
        return proof
    code = fingerprint()
    for step in steps(ledger, fold or run_again):
        proof.decided += step.entry["composition"] is not None
        proof.state = step.after
        proof.other_code += step.entry["code"] not in ("", code)
        proof.faults += step.faults()
    proof.state_hash = hash_of_state(proof.state)
    if not proof.faults and not proof.holds:
        proof.faults.append(Fault(ledger.end - 1, _not_the_state(proof.state, ledger.state)))
    return proof


def obstacles(ledger: Ledger) -> list[Fault]:
    """Why the journal cannot be replayed: it was altered, or its beginning is in a file."""
    found = ledger.faults()
    if not found and ledger.start:
        file = f"journals/{ledger.lane}.jsonl"
        words = f"is the first one here; those before it are in {file} of the clock's CALORON_HOME"
        found = [Fault(ledger.start, words)]
    return found


def _not_the_state(ours: State, stored: State) -> str:
    fields = ", ".join(sorted(differences(ours, stored))[:5])
    return f"leads to another state than the stored one: {fields} differ"


def hash_of_state(state: State) -> str:
    """One hash of all fields of a state."""
    return digest(texts(differences(empty(), state)))


@dataclass(frozen=True)
class Step:
    """One replayed entry."""

    entry: Entry
    before: State
    after: State
    changed: dict[str, str | None]
    actions: list[str]
    error: str | None = None

    def faults(self) -> Iterator[Fault]:
        """Where the replay differs from the journal."""
        entry = self.entry
        if self.error:
            yield Fault(entry["seq"], f"cannot be replayed: {self.error}")
        elif sorted(self.changed) != entry["changed"]:
            now, then = ", ".join(sorted(self.changed)), ", ".join(entry["changed"])
            yield Fault(entry["seq"], f"changes {now or 'nothing'} now, and {then or 'nothing'} then")
        elif digest(self.changed) != entry["state_hash"]:
            yield Fault(entry["seq"], f"makes something else of {', '.join(entry['changed'])} now than then")
        elif entry["composition"] and self.actions != entry["actions"]:
            now, then = ", ".join(self.actions), ", ".join(entry["actions"])
            yield Fault(entry["seq"], f"asks for {now or 'nothing'} now, and for {then or 'nothing'} then")


def steps(ledger: Ledger, fold: Fold) -> Iterator[Step]:
    """Every entry, replayed on the state that its predecessors led to."""
    entries = ledger.entries()
    versions = (entry["event"]["from"] for entry in entries if entry["event"]["type"] == "state_migrated")
    state = empty()
    state["v"] = next(versions, ledger.state["v"])
    for entry in entries:
        step = replay_entry(entry, state, fold)
        yield step
        state = step.after


def replay_entry(entry: Entry, state: State, fold: Fold) -> Step:
    if entry["event"]["type"] == "state_migrated":
        after = up_to_date(state, f"The journal's entry {entry['seq']}", version=entry["event"]["to"])
        return Step(entry, state, after, texts(differences(state, after)), [])
    if entry["composition"] is None:
        return Step(entry, state, state, {}, [])
    try:
        out = fold(entry["composition"], turn_of(entry, state))
    except Exception as error:
        return Step(entry, state, state, {}, [], f"{type(error).__name__}: {error}")
    changed = texts(differences(state, out["state"]))
    return Step(entry, state, out["state"], changed, [action["key"] for action in out["actions"]])


def turn_of(entry: Entry, state: State) -> Turn:
    """The turn that was the composition's input."""
    event, policy = cast("Event", entry["event"]), entry["policy"]
    if policy is None:
        raise LookupError("there is no policy that it was decided by")
    return {"state": state, "events": [event], "actions": [], "now": entry["now"], "policy": policy}


def run_again(name: str, turn: Turn) -> Turn:
    import compositions

    out: Turn = compositions.run(name, turn, effects=frozenset({"Pure"})).output
    return out


def traces_again(ledger: Ledger, wanted: set[int]) -> dict[int, Json | str]:
    """The trace of each of these entries with all its hashes, by replay; or why there is none."""
    found: dict[int, Json | str] = {}
    code, astray = fingerprint(), ""
    for step in steps(ledger, run_again):
        astray = astray or next(map(str, step.faults()), "")
        name = step.entry["composition"]
        if step.entry["seq"] in wanted and name:
            found[step.entry["seq"]] = astray or _trace_of(step, name, code)
    return found


def _trace_of(step: Step, name: str, code: str) -> Json | str:
    import compositions

    if step.entry["code"] not in ("", code):
        return "it was decided by other code"
    turn = turn_of(step.entry, step.before)
    trace = compositions.run(name, turn, effects=frozenset({"Pure"})).trace
    if [stage["name"] for stage in trace["stages"]] != [name for name, _ in step.entry["trace"]]:
        return "other stages ran then"
    return trace
