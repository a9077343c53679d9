"""`caloron compositions`: list, show, run and check the graphs of stages."""

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

from .json_input import TOO_DEEP, one_line, read_input, reason
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
    """List all compositions: name, effects, purpose."""
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
@click.option("--mermaid", "drawn", is_flag=True, help="Print only the Mermaid diagram.")
@output_option
def show(name: str, drawn: bool, output: str) -> None:
    """Show one composition as a tree and as Mermaid."""
    composition = find(name)
    if drawn:
        click.echo(mermaid(composition), nl=False)
        return
    data = row(composition) | {
        "id": composition.id,
        "tree": tree(composition),
        "mermaid": mermaid(composition),
    }
    rows = [
        {"stage": stage, "effects": ", ".join(sorted(kinds))} for stage, kinds in sorted_effects(composition)
    ]
    say(output, data, rows, lambda: f"{data['tree']}\nid {data['id']}\n\n```mermaid\n{data['mermaid']}```")


def sorted_effects(composition: Composition) -> list[tuple[str, frozenset[str]]]:
    return list(composition.effects.items())


@compositions.command()
@click.argument("name")
@click.option("--pure", is_flag=True, help="Refuse to run if a stage declares an effect.")
@click.option("--trace", is_flag=True, help="Print the trace together with the output.")
def run(name: str, pure: bool, trace: bool) -> None:
    """Run one composition: reads JSON from stdin, prints JSON."""
    composition, value = find(name), read_input()
    try:
        done = composition.run(value, frozenset({"Pure"}) if pure else None)
        text = as_json({"output": done.output, "trace": done.trace} if trace else done.output)
    except StageFailed as error:
        cause = reason(error.__cause__)
        message = f"stage {error.stage} failed: {cause}" if cause else one_line(error)
        raise click.ClickException(message) from None
    except CompositionError as error:
        raise click.ClickException(one_line(error)) from None
    except RecursionError:
        raise click.ClickException(TOO_DEEP) from None
    click.echo(text)


@compositions.command()
@click.argument("names", nargs=-1)
@output_option
def check(names: tuple[str, ...], output: str) -> None:
    """Check the types of compositions.

    All of them, or those named; every error is reported.
    """
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
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write files into this folder; default: print them.",
)
def resolve(names: tuple[str, ...], into: Path | None) -> None:
    """Replace the names of stages by their ids.

    In all compositions, or in those named; for engines that know only ids.
    """
    graphs_by_name = {name: resolved(find(name)) for name in names or graphs.names()}
    if into is None:
        click.echo(
            json.dumps(
                next(iter(graphs_by_name.values())) if len(graphs_by_name) == 1 else graphs_by_name, indent=2
            )
        )
        return
    into.mkdir(parents=True, exist_ok=True)
    for name, graph in graphs_by_name.items():
        file = into / f"{name}.json"
        file.write_text(json.dumps(graph, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        click.echo(str(file))
