"""`caloron trace`: which stages ran for an event or a sprint, on what, for how long; from the journal."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from jobs.replay import obstacles, traces_again
from shell.store.ledger import Entry, Ledger

from .journals import Archive, archive, home_option, of_event, of_sprint, readable, short
from .output import output_option, say


@click.command()
@click.argument("what", metavar="EVENT|SPRINT")
@click.option("--lane", help="Where to look for the event: owner/name or a lane; else everywhere.")
@click.option("--verify", is_flag=True, help="First check the chain of hashes, and name what is wrong.")
@click.option("--hashes", is_flag=True, help="With the hash of what each stage was given and gave.")
@click.option("--all", "all_of_it", is_flag=True, help="Also the entries of a sprint that changed nothing.")
@home_option
@output_option
def trace(
    what: str, lane: str | None, verify: bool, hashes: bool, all_of_it: bool, home: Path | None, output: str
) -> None:
    """Show which stages ran for an EVENT (its receipt, key or number in the journal) or in a SPRINT."""
    with archive(home) as held:
        ledger, entries, is_sprint = find(held, what, lane)
    faults = ledger.faults() if verify else []
    if is_sprint and not all_of_it:
        entries = [entry for entry in entries if entry["changed"] or entry["actions"] or "failed" in entry]
    told = [tell(entry) for entry in entries]
    if hashes:
        told = with_hashes(told, ledger)
    lines = [*map(str, faults), *(line for one in told for line in lines_of(one, brief=is_sprint))]
    say(output, told, [row(one) for one in told], lambda: "\n".join([*lines, *verdict(ledger, verify)]))
    if faults:
        raise SystemExit(1)


def find(held: Archive, what: str, lane: str | None) -> tuple[Ledger, list[Entry], bool]:
    """The journal that tells of it, its entries, and whether a sprint was meant."""
    sprint_lane = held.store.lane_of(what)
    if sprint_lane:
        ledger = held.ledger(sprint_lane)
        return ledger, of_sprint(readable(ledger), what), True
    for one in [held.lane_of(lane)] if lane else held.store.lanes():
        ledger = held.ledger(one)
        entries = of_event(readable(ledger), what)
        if entries:
            return ledger, entries, False
    known = ", ".join(held.store.sprints()) or "none"
    raise click.ClickException(f"No journal tells of {what!r}; it is no sprint either. Sprints: {known}.")


def tell(entry: Entry) -> dict[str, Any]:
    """An entry as data: the event, what answered to it, how long each stage took, what came of it."""
    stages = [{"name": name, "ms": ms} for name, ms in entry["trace"]]
    return {
        "entry": entry["seq"],
        "at": entry["now"],
        "event": entry["event"],
        "composition": entry["composition"],
        "ms": round(sum(stage["ms"] for stage in stages), 3),
        "stages": stages,
        "changed": entry["changed"],
        "actions": entry["actions"],
        **({"failed": entry["failed"]} if "failed" in entry else {}),
    }


def with_hashes(told: list[dict[str, Any]], ledger: Ledger) -> list[dict[str, Any]]:
    """Each stage with the hashes of what it was given and gave: found by folding the journal up to it."""
    in_the_way = obstacles(ledger)
    if in_the_way:
        first, more = in_the_way[0], f", and {len(in_the_way) - 1} more" if in_the_way[1:] else ""
        raise click.ClickException(f"The hashes cannot be found again: {first}{more}.")
    again = traces_again(ledger, {one["entry"] for one in told})
    return [hashed(one, again[one["entry"]]) if one["entry"] in again else one for one in told]


def hashed(told: dict[str, Any], again: dict[str, Any] | str) -> dict[str, Any]:
    """An entry with its hashes, or with the reason why there are none."""
    if isinstance(again, str):
        return told | {"no_hashes": again}
    names = ("stage_id", "path", "input_hash", "output_hash")
    stages = [
        then | {name: now[name] for name in names}
        for then, now in zip(told["stages"], again["stages"], strict=True)
    ]
    return told | {"composition_id": again["composition_id"], "stages": stages}


def row(told: dict[str, Any]) -> dict[str, Any]:
    stages = " → ".join(stage["name"] for stage in told["stages"])
    return {
        "entry": told["entry"],
        "at": told["at"],
        "event": short(told["event"]),
        "composition": told["composition"],
        "ms": told["ms"],
        "stages": stages,
    }


def lines_of(told: dict[str, Any], brief: bool) -> Iterator[str]:
    """An entry as people read it: in a sprint one line for all stages, alone a line for each."""
    answer = f"{told['composition']}, {told['ms']:.3f} ms" if told["composition"] else "only written down"
    yield f"#{told['entry']}  {told['at']}  {short(told['event'])}  →  {answer}"
    if told["composition"] and brief and "path" not in (told["stages"] or [{}])[0]:
        yield f"      {' → '.join(stage['name'] for stage in told['stages'] if stage['name'] != 'take_step')}"
    else:
        for stage in told["stages"]:
            yield f"      {stage['ms']:8.3f} ms  {stage['name']:<26} {hashes_of(stage)}".rstrip()
    if "no_hashes" in told:
        yield f"      no hashes: {told['no_hashes']}"
    if told["changed"]:
        yield f"      changed: {', '.join(told['changed'])}"
    if told["actions"]:
        yield f"      asked for: {', '.join(told['actions'])}"
    if "failed" in told:
        yield f"      failed: {told['failed']}"


def hashes_of(stage: dict[str, Any]) -> str:
    if "path" not in stage:
        return ""
    return f"{stage['input_hash'][:12]} → {stage['output_hash'][:12]}  {stage['path']}"


def verdict(ledger: Ledger, verify: bool) -> Iterator[str]:
    if verify and not ledger.faults():
        yield f"The chain of {len(ledger.lines)} entries is whole."
