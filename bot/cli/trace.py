"""`caloron trace`: which stages ran for an event or a sprint, and for how long; from the journal."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from jobs.replay import obstacles, traces_again
from shell.store.ledger import Ledger, Line

from .journals import Archive, home_option, of_event, of_sprint, open_archive, readable, short
from .output import output_option, say


@click.command()
@click.argument("what", metavar="EVENT|SPRINT")
@click.option("--lane", help="Search only this repository (owner/name) or lane.")
@click.option("--verify", is_flag=True, help="Check the chain of hashes first, and report what is wrong.")
@click.option("--hashes", is_flag=True, help="Show the hashes of each stage's input and output.")
@click.option(
    "--all", "all_of_it", is_flag=True, help="Include the entries of a sprint that changed nothing."
)
@home_option
@output_option
def trace(
    what: str, lane: str | None, verify: bool, hashes: bool, all_of_it: bool, home: Path | None, output: str
) -> None:
    """Show which stages ran for an EVENT (a receipt, a key or an entry's number) or in a SPRINT."""
    with open_archive(home) as archive:
        ledger, entries, is_sprint = find(archive, what, lane)
    faults = ledger.faults() if verify else []
    if is_sprint and not all_of_it:
        entries = [entry for entry in entries if entry["changed"] or entry["actions"] or "failed" in entry]
    data = [as_data(entry) for entry in entries]
    if hashes:
        data = with_hashes(data, ledger)
    lines = [*map(str, faults), *(line for one in data for line in lines_of(one, brief=is_sprint))]
    say(output, data, [row(one) for one in data], lambda: "\n".join([*lines, *verdict(ledger, verify)]))
    if faults:
        raise SystemExit(1)


def find(archive: Archive, what: str, lane: str | None) -> tuple[Ledger, list[Line], bool]:
    """The journal that has it, the entries found, and whether it is a sprint."""
    sprint_lane = archive.store.lane_of(what)
    if sprint_lane:
        ledger = archive.ledger(sprint_lane)
        return ledger, of_sprint(readable(ledger), what), True
    for one in [archive.lane_of(lane)] if lane else archive.store.lanes():
        ledger = archive.ledger(one)
        entries = of_event(readable(ledger), what)
        if entries:
            return ledger, entries, False
    known = ", ".join(archive.store.sprints()) or "none"
    raise click.ClickException(f"{what!r} is neither a sprint nor an event in a journal. Sprints: {known}.")


def as_data(entry: Line) -> dict[str, Any]:
    """An entry: the event, the composition that handled it, the time of each stage, and the result."""
    stages = [{"name": name, "ms": ms} for name, ms in entry["trace"]]
    return {
        "entry": entry["seq"],
        "at": entry["now"],
        "event": entry["event"],
        "composition": entry["composition"],
        "ms": round(sum(ms for _, ms in entry["trace"]), 3),
        "stages": stages,
        "changed": entry["changed"],
        "actions": entry["actions"],
        **({"failed": entry["failed"]} if "failed" in entry else {}),
    }


def with_hashes(entries: list[dict[str, Any]], ledger: Ledger) -> list[dict[str, Any]]:
    """Each stage with the hashes of its input and output, recomputed by replaying the journal."""
    problems = obstacles(ledger)
    if problems:
        first, more = problems[0], f", and {len(problems) - 1} more" if problems[1:] else ""
        raise click.ClickException(f"The hashes cannot be recomputed: {first}{more}.")
    again = traces_again(ledger, {one["entry"] for one in entries})
    return [hashed(one, again[one["entry"]]) if one["entry"] in again else one for one in entries]


def hashed(entry: dict[str, Any], again: dict[str, Any] | str) -> dict[str, Any]:
    """An entry with its hashes, or with the reason why there are none."""
    if isinstance(again, str):
        return entry | {"no_hashes": again}
    names = ("stage_id", "path", "input_hash", "output_hash")
    stages = [
        then | {name: now[name] for name in names}
        for then, now in zip(entry["stages"], again["stages"], strict=True)
    ]
    return entry | {"composition_id": again["composition_id"], "stages": stages}


def row(entry: dict[str, Any]) -> dict[str, Any]:
    stages = " → ".join(stage["name"] for stage in entry["stages"])
    return {
        "entry": entry["entry"],
        "at": entry["at"],
        "event": short(entry["event"]),
        "composition": entry["composition"],
        "ms": entry["ms"],
        "stages": stages,
    }


def lines_of(entry: dict[str, Any], brief: bool) -> Iterator[str]:
    """An entry for people: in a sprint one line for all stages, alone a line for each."""
    answer = f"{entry['composition']}, {entry['ms']:.3f} ms" if entry["composition"] else "only recorded"
    yield f"#{entry['entry']}  {entry['at']}  {short(entry['event'])}  →  {answer}"
    if entry["composition"] and brief and "path" not in (entry["stages"] or [{}])[0]:
        names = (stage["name"] for stage in entry["stages"] if stage["name"] != "take_step")
        yield f"      {' → '.join(names)}"
    else:
        for stage in entry["stages"]:
            yield f"      {stage['ms']:8.3f} ms  {stage['name']:<26} {hashes_of(stage)}".rstrip()
    if "no_hashes" in entry:
        yield f"      no hashes: {entry['no_hashes']}"
    if entry["changed"]:
        yield f"      changed: {', '.join(entry['changed'])}"
    if entry["actions"]:
        yield f"      actions: {', '.join(entry['actions'])}"
    if "failed" in entry:
        yield f"      failed: {entry['failed']}"


def hashes_of(stage: dict[str, Any]) -> str:
    if "path" not in stage:
        return ""
    return f"{stage['input_hash'][:12]} → {stage['output_hash'][:12]}  {stage['path']}"


def verdict(ledger: Ledger, verify: bool) -> Iterator[str]:
    if verify and not ledger.faults():
        yield f"The chain of {len(ledger.lines)} entries is intact."
