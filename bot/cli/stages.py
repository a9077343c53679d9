"""`caloron stages`: list, show, run and check the stages."""

import json
import os
import sys
import textwrap
from typing import Any

import click

import compositions
from compositions.catalogue import ReferenceFault, StageFile
from compositions.draw import signature
from compositions.effects import kind_of
from compositions.engine import EngineFault
from compositions.examples import ExampleFault, examples_of
from compositions.execute import as_argument
from compositions.record import record
from compositions.register import Registration, register
from compositions.rules import effects_of, faults_of

from .json_input import one_line, read_input, read_json, reason
from .output import as_json, output_option, say


@click.group()
def stages() -> None:
    """List, show, run and check the stages."""


@stages.command("list")
@output_option
def list_(output: str) -> None:
    """List all stages: name, effects, purpose."""
    rows = [row(stage) for stage in compositions.catalogue().stages]
    width = max(len(one["name"]) for one in rows)
    lines = [f"{one['name']:<{width}}  {one['effects']:<17}  {one['does']}" for one in rows]
    say(output, rows, rows, lambda: "\n".join(lines))


def row(stage: StageFile) -> dict[str, str]:
    effects = ", ".join(map(kind_of, stage.effects))
    return {"name": stage.name, "effects": effects, "does": stage.description}


def find(name: str) -> StageFile:
    """The stage with this name, id, or start of an id."""
    try:
        stage: StageFile = compositions.catalogue().find(name)
    except ReferenceFault as error:
        raise click.ClickException(f"{error}; `caloron stages list` shows them all") from None
    return stage


@stages.command()
@click.argument("name")
@output_option
def show(name: str, output: str) -> None:
    """Show one stage: signature, effects, examples."""
    stage = find(name)
    examples = examples_of(stage.file)
    data: dict[str, Any] = row(stage) | {
        "id": stage.stage_id,
        "signature_id": stage.signature_id,
        "file": f"stages/{'/'.join(stage.module_name.split('.')[1:])}.py",
        "signature": signature(stage),
        "examples": examples,
    }
    rows = [
        {"example": one["name"], "answers": "an error" if "error" in one else "an output"} for one in examples
    ]
    say(output, data, rows, lambda: text_of(data))


def text_of(data: dict[str, Any]) -> str:
    lines = "\n".join(map(folded, data["signature"].splitlines()))
    head = f"{lines}\n  file {data['file']}\n  id   {data['id']}\n"
    return head + "\n".join(map(example_text, data["examples"] or [{"name": "no examples yet"}]))


def folded(line: str) -> str:
    """The line, wrapped, with the rest indented."""
    inset = " " * (len(line) - len(line.lstrip()) + 4)
    return textwrap.fill(line, 110, subsequent_indent=inset, break_long_words=False, break_on_hyphens=False)


def example_text(example: dict[str, Any]) -> str:
    lines = [f"\n{example['name']}"]
    signs = {"input": "<", "output": ">", "error": "!"}
    lines += [f"  {sign} {written(example[part])}" for part, sign in signs.items() if part in example]
    return "\n".join(lines)


def written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


@stages.command()
@click.argument("name")
def run(name: str) -> None:
    """Run one stage: reads JSON from stdin, prints JSON."""
    stage, value = find(name), read_input()
    try:
        output = stage.execute(as_argument(value))
        text = as_json(output)
    except (KeyError, RecursionError) as error:
        raise click.ClickException(f"{stage.name}: {reason(error)}") from None
    except Exception as error:
        raise click.ClickException(one_line(error)) from None
    click.echo(text)


@stages.command("record")
@click.argument("name")
@click.option("--name", "sentence", required=True, help="A sentence that says what the example shows.")
@click.option("--base", help="The base that the input differs from; without it the input is whole.")
@click.option("--subject", help="The example file by subject, such as `reviews` for `evaluate.reviews.json`.")
def record_(name: str, sentence: str, base: str | None, subject: str | None) -> None:
    """Add an example to a stage: reads its input from stdin, runs the stage, prints the example."""
    stage = find(name)
    if effects_of(stage.file):
        words = "has effects: write its example by hand (`tests/stages/stage_world.py` plays the world)"
        raise click.ClickException(f"{stage.name} {words}")
    try:
        file, example = record(stage.file, stage.execute, sentence, read_json(), base, subject)
    except (ExampleFault, OSError) as error:
        raise click.ClickException(f"{stage.name}: {one_line(error)}") from None
    click.echo(example)
    click.echo(
        f"Added to {os.path.relpath(file)}. Read it: if this is what the stage should do, commit it.",
        err=True,
    )


@stages.command()
@click.argument("names", nargs=-1)
@output_option
def check(names: tuple[str, ...], output: str) -> None:
    """Check stages and their examples against every rule.

    All of them, or those named.
    """
    chosen = [find(name) for name in names] or list(compositions.catalogue().stages)
    found = [{"stage": stage.name, "fault": fault} for stage in chosen for fault in faults_of(stage.file)]
    examples = sum(len(examples_of(stage.file)) for stage in chosen)
    lines = [f"{one['stage']}: {one['fault']}" for one in found]
    lines.append(f"{len(chosen)} stages with {examples} examples: {len(found) or 'no'} faults")
    say(output, found, found, lambda: "\n".join(lines))
    if found:
        raise SystemExit(1)


@stages.command("register")
@click.option("--program", default="noether", show_default=True, help="The engine's program.")
@click.option(
    "--cases", default=2, show_default=True, help="How many runs of each pure composition are compared."
)
@output_option
def register_(program: str, cases: int, output: str) -> None:
    """Register the stages with the Noether engine, and compare.

    Compared are ids, dry runs, outputs and traces.
    """
    os.environ.setdefault("NOETHER_PYTHON", sys.executable)  # this one has the project installed
    try:
        done = register(program=program, cases=cases)
    except EngineFault as error:
        note = "The bot does not need it: it runs the same stages in its own engine."
        raise click.ClickException(f"{one_line(error)}. {note}") from None
    rows = [{"stage": name, "id": stage_id} for name, stage_id in done.stages.items()]
    data = {"stages": done.stages, "compositions": done.compositions, "runs": done.runs}
    say(output, data | {"problems": done.problems}, rows, lambda: sentence(done))
    if done.problems:
        raise SystemExit(1)


def sentence(done: Registration) -> str:
    counted = f"{len(done.stages)} stages, {len(done.compositions)} compositions, {done.runs} runs compared"
    return "\n".join([*done.problems, f"{counted}: {len(done.problems) or 'no'} differences"])
