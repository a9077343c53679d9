"""`caloron replay`: replay a journal, report tampering, and prove that it leads to the stored state."""

from pathlib import Path
from typing import Any

import click

from jobs.replay import Proof, prove
from shell.store.ledger import Fault
from shell.store.sprints import known_sprints

from .journals import Archive, home_option, open_archive
from .output import output_option, say


@click.command()
@click.argument("sprint", required=False)
@click.option(
    "--lane", help="Replay the journal of this repository (owner/name) or lane instead of a sprint."
)
@home_option
@output_option
def replay(sprint: str | None, lane: str | None, home: Path | None, output: str) -> None:
    """Replay the journal of a SPRINT, and prove that it leads to the stored state.

    Without a sprint and without --lane, every journal is replayed.
    """
    with open_archive(home) as archive:
        lanes = [archive.lane_of(name) for name in (lane, sprint) if name][:1] or archive.store.lanes()
        proofs = [prove(archive.ledger(one)) for one in lanes]
        results = [as_data(archive, proof, sprint) for proof in proofs]
    text = "\n\n".join(map(text_of, results)) or "There are no journals yet."
    say(output, results, [{name: one[name] for name in COLUMNS} for one in results], lambda: text)
    if not all(proof.holds for proof in proofs):
        raise SystemExit(1)


COLUMNS = ("lane", "repository", "entries", "holds", "state_hash")


def as_data(archive: Archive, proof: Proof, sprint: str | None) -> dict[str, Any]:
    """The result of one replay."""
    return {
        "lane": proof.lane,
        "repository": archive.store.about(proof.lane).get("repo"),
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
    """The sprint according to the replayed state."""
    record = known_sprints(proof.state).get(sprint)
    if record is None:
        return None
    tasks = record.get("tasks") or proof.state["tasks"]
    statuses = {name: task["status"] for name, task in tasks.items()}
    return {"sprint": sprint, "status": record.get("status"), "tasks": statuses}


def text_of(result: dict[str, Any]) -> str:
    lines = [f"{result['repository'] or result['lane']} ({result['lane']}): {result['entries']} entries"]
    if result["holds"]:
        lines += [
            "The chain of hashes is intact: nothing was altered, added, lost or moved.",
            f"{result['decided']} decisions were replayed, each with the same result.",
            f"They lead to the stored state: {result['state_hash']}",
        ]
    else:
        lines += [str(Fault(one["entry"], one["what"])) for one in result["faults"]]
        lines.append("The journal does not lead to the stored state.")
        if result["state_hash"] and result["decided_by_other_code"]:
            count = result["decided_by_other_code"]
            lines.append(f"Note: {count} entries were decided by another version of the code.")
    return "\n".join([*lines, *sprint_lines(result["sprint"])])


def sprint_lines(found: dict[str, Any] | None) -> list[str]:
    if found is None:
        return []
    tasks = ", ".join(f"{name} {status}" for name, status in found["tasks"].items())
    return [f"{found['sprint']} is {found['status']} at the end: {tasks or 'no tasks'}"]
