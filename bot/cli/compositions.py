"""`caloron compositions`: the graphs of the stages, each to be looked at, run and checked by itself."""

import json
from pathlib import Path
from typing import Any

import click

import compositions as graphs
from compositions import Composition, CompositionError
from compositions.catalogue import ReferenceFault
from compositions.check import TypeErrors
from compositions.draw import mermaid, tree
from compositions.dry_run import NotRunnable
from compositions.failure import StageFailed
from compositions.register import resolved

from .given import TOO_DEEP, given, one_line, reason
from .output import as_json, output_option, say


@click.group()
def compositions() -> None:
    """List, show, run and check the compositions."""


def find(name: str) -> Composition:
    try:
        return graphs.load(name)
    except CompositionError as error:
        raise click.ClickException(one_line(error)) from None


@compositions.command("list")
@output_option
def list_(output: str) -> None:
    """All compositions: name, effects, what each does."""
    rows = [row(graphs.load(name)) for name in graphs.names()]
    width = max(len(one["name"]) for one in rows)
    lines = [f"{one['name']:<{width}}  {one['effects']:<26}  {one['does']}" for one in rows]
    say(output, rows, rows, lambda: "\n".join(lines))


def row(composition: Composition) -> dict[str, str]:
    kinds = {kind for effects in composition.effects.values() for kind in effects} - {"pure"}
    effects = ", ".join(sorted(kinds)) or "pure"
    return {"name": composition.name, "effects": effects, "does": composition.graph.description}


@compositions.command()
@click.argument("name")
@click.option("--mermaid", "drawn", is_flag=True, help="Only the Mermaid drawing.")
@output_option
def show(name: str, drawn: bool, output: str) -> None:
    """One composition: the tree of its graph with the types on its edges, and the same as Mermaid."""
    composition = find(name)
    if drawn:
        click.echo(mermaid(composition), nl=False)
        return
    told = row(composition) | {
        "id": composition.id,
        "tree": tree(composition),
        "mermaid": mermaid(composition),
    }
    rows = [
        {"stage": stage, "effects": ", ".join(sorted(kinds))} for stage, kinds in sorted_effects(composition)
    ]
    say(output, told, rows, lambda: f"{told['tree']}\nid {told['id']}\n\n```mermaid\n{told['mermaid']}```")


def sorted_effects(composition: Composition) -> list[tuple[str, frozenset[str]]]:
    return list(composition.effects.items())


@compositions.command()
@click.argument("name")
@click.option("--pure", is_flag=True, help="Refuse to run where a stage declares an effect.")
@click.option("--trace", is_flag=True, help="Print the output together with the trace.")
def run(name: str, pure: bool, trace: bool) -> None:
    """Run one composition: JSON in on stdin, JSON out."""
    composition, value = find(name), given()
    try:
        done = composition.run(value, frozenset({"Pure"}) if pure else None)
        text = as_json({"output": done.output, "trace": done.trace} if trace else done.output)
    except StageFailed as error:
        words = reason(error.__cause__)
        told = f"stage {error.stage} failed: {words}" if words else one_line(error)
        raise click.ClickException(told) from None
    except CompositionError as error:
        raise click.ClickException(one_line(error)) from None
    except RecursionError:
        raise click.ClickException(TOO_DEEP) from None
    click.echo(text)


@compositions.command()
@click.argument("names", nargs=-1)
@output_option
def check(names: tuple[str, ...], output: str) -> None:
    """Check the types of compositions (all, or those named), everything that does not fit at once."""
    rows = [verdict(find(name)) for name in names or graphs.names()]
    lines = [f"{one['composition']}: {one['verdict']}" for one in rows]
    say(output, rows, rows, lambda: "\n".join(lines))
    if any(one["verdict"] != "fits" for one in rows):
        raise SystemExit(1)


def verdict(composition: Composition) -> dict[str, Any]:
    try:
        composition.look()
    except (TypeErrors, NotRunnable, ReferenceFault, CompositionError) as error:
        return {"composition": composition.name, "verdict": one_line(error), "id": None}
    return {"composition": composition.name, "verdict": "fits", "id": composition.id}


@compositions.command()
@click.argument("names", nargs=-1)
@click.option("--into", type=click.Path(file_okay=False, path_type=Path), help="Folder; else to stdout.")
def resolve(names: tuple[str, ...], into: Path | None) -> None:
    """Write compositions (all, or those named) with ids instead of names, for engines that know no names."""
    whole = {name: resolved(find(name)) for name in names or graphs.names()}
    if into is None:
        click.echo(json.dumps(next(iter(whole.values())) if len(whole) == 1 else whole, indent=2))
        return
    into.mkdir(parents=True, exist_ok=True)
    for name, graph in whole.items():
        file = into / f"{name}.json"
        file.write_text(json.dumps(graph, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        click.echo(str(file))
