"""`caloron replay`: fold a journal again, name what was tampered with, and prove the end state."""

from pathlib import Path
from typing import Any

import click

from jobs.replay import Proof, prove
from shell.store.ledger import Fault
from shell.store.sprints import known_sprints

from .journals import Archive, archive, home_option
from .output import output_option, say


@click.command()
@click.argument("sprint", required=False)
@click.option("--lane", help="A repository's journal, as owner/name or by its lane; instead of a sprint.")
@home_option
@output_option
def replay(sprint: str | None, lane: str | None, home: Path | None, output: str) -> None:
    """Fold the journal of a SPRINT again, and prove that it leads to the state that is kept.

    Without a sprint and without --lane, every journal is folded.
    """
    with archive(home) as held:
        lanes = [held.lane_of(name) for name in (lane, sprint) if name][:1] or held.store.lanes()
        proofs = [prove(held.ledger(one)) for one in lanes]
        told = [tell(held, proof, sprint) for proof in proofs]
    text = "\n\n".join(map(text_of, told)) or "There is no journal here yet."
    say(output, told, [{name: one[name] for name in COLUMNS} for one in told], lambda: text)
    if not all(proof.holds for proof in proofs):
        raise SystemExit(1)


COLUMNS = ("lane", "repository", "entries", "holds", "state_hash")


def tell(held: Archive, proof: Proof, sprint: str | None) -> dict[str, Any]:
    """A proof as data."""
    return {
        "lane": proof.lane,
        "repository": held.store.about(proof.lane).get("repo"),
        "entries": proof.entries,
        "decided": proof.decided,
        "decided_by_other_code": proof.other_code,
        "holds": proof.holds,
        "faults": [{"entry": fault.seq, "what": fault.words} for fault in proof.faults],
        "state_hash": proof.state_hash,
        "stored_hash": proof.stored_hash,
        "sprint": standing(proof, sprint) if sprint else None,
    }


def standing(proof: Proof, sprint: str) -> dict[str, Any] | None:
    """The sprint as the folded state knows it."""
    record = known_sprints(proof.state).get(sprint)
    if record is None:
        return None
    tasks = record.get("tasks") or proof.state["tasks"]
    statuses = {name: task["status"] for name, task in tasks.items()}
    return {"sprint": sprint, "status": record.get("status"), "tasks": statuses}


def text_of(told: dict[str, Any]) -> str:
    lines = [f"{told['repository'] or told['lane']} ({told['lane']}): {told['entries']} entries"]
    if told["holds"]:
        lines += [
            "The chain of hashes is whole: nothing was altered, added, lost or moved.",
            f"{told['decided']} decisions were made again, and each came out as it did then.",
            f"The state they lead to is the one kept: {told['state_hash']}",
        ]
    else:
        lines += [str(Fault(one["entry"], one["what"])) for one in told["faults"]]
        lines.append("The journal does not prove the state that is kept.")
        if told["state_hash"] and told["decided_by_other_code"]:
            many = told["decided_by_other_code"]
            lines.append(f"Mind: {many} entries were decided by other code than the one that runs here.")
    return "\n".join([*lines, *sprint_lines(told["sprint"])])


def sprint_lines(found: dict[str, Any] | None) -> list[str]:
    if found is None:
        return []
    tasks = ", ".join(f"{name} {status}" for name, status in found["tasks"].items())
    return [f"{found['sprint']} is {found['status']} at its end: {tasks or 'no tasks'}"]
