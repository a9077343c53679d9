"""The texts of the documentation pages that follow from the code, each made by one function."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

import compositions as graphs
from compositions.catalogue import StageFile
from compositions.draw import mermaid, short, tree
from compositions.effects import kind_of
from handlers.board import BOXES, SAME_RIGHT
from handlers.commands import OFFERED, Declaration
from handlers.labels import LABEL_COMMANDS, LabelCommand
from handlers.repository_labels import STATUS_LABELS
from handlers.switchboard import COMPOSITIONS
from jobs.action_handlers import ACTION_HANDLERS
from shell.repository_config import FILE, KEYS, ORGANISATION, SCHEMA_FILE, json_schema
from shell.settings import Settings

from .declared import Field, Shape, all_fields, of_type, shapes, word_of, words


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def code(words: Iterable[str]) -> str:
    return " ".join(f"`{word}`" for word in words)


def link(page: str, name: str) -> str:
    return f"[{name}]({page}.md#{name})"


# Stages and compositions


def stages() -> str:
    """The catalogue."""
    parts = [
        "# The stages\n",
        "Each is one file below `stages/`, JSON in and JSON out; it runs by hand "
        "(`python3 stages/dag/evaluate.py`), in the bot, and in the Noether engine. "
        "`caloron stages show NAME` prints one with its examples, "
        "`caloron stages record NAME` adds one; [compositions](compositions.md) are made of them.",
    ]
    by_folder = groupby(graphs.catalogue().stages, key=lambda stage: stage.file.parent.name)
    return "\n".join([*parts, *(line for folder, group in by_folder for line in of_folder(folder, group))])


def of_folder(folder: str, group: Iterable[StageFile]) -> Iterator[str]:
    yield f"\n## {folder}\n"
    rows = []
    for stage in group:
        given, output = stage.types
        effects = ", ".join(map(kind_of, stage.effects))
        signature = f"`{short(given)}` → `{short(output)}`"
        rows.append([f"`{stage.name}`", effects, stage.description, signature])
    yield table(["stage", "effects", "what it does", "input → output"], rows)


def compositions() -> str:
    """Every graph as a tree and as a drawing."""
    parts = [
        "# The compositions\n",
        "Each is a graph of [stages](stages.md) in `compositions/`, with the types on its edges. "
        "`caloron compositions show NAME` prints one.",
    ]
    return "\n".join([*parts, *map(of_composition, graphs.names())])


def of_composition(name: str) -> str:
    graph = graphs.load(name)
    kinds = sorted({kind for found in graph.effects.values() for kind in found} - {"pure"})
    answers = [*answered_by(name)]
    lines = [f"\n## {name}\n", f"{graph.graph.description}. Effects: {', '.join(kinds) or 'none'}."]
    if answers:
        lines.append(f"Handles {', '.join(answers)}.")
    return "\n".join([*lines, f"\n```\n{tree(graph)}```\n", f"```mermaid\n{mermaid(graph)}```"])


def answered_by(name: str) -> Iterator[str]:
    """What a composition answers to, with links."""
    yield from (link("events", kind) for kind in of_type("Event") if COMPOSITIONS.get(kind) == name)
    if name == "authorize":
        yield "everything that needs a permission"
    if name == "command_answer":
        yield f"{link('events', 'command')} that is refused, or only answered with a message"
    yield from (f"`/{command.name}`" for command in OFFERED.values() if command.composition == name)


# Events and actions


def state() -> str:
    """All that a lane's state, a turn, events and actions hold."""
    parts = [
        "# The state of a lane, and all that happens to it\n",
        "These records are declared in `stages/world.py`. By their type: [events](events.md) and "
        "[actions](actions.md). A `?` means: not always there.",
    ]
    lines: dict[str, list[str]] = {}
    for one in words().values():
        lines.setdefault(one.heading, []).append(f"\n`{one.name}`: {one.means}\n\n```\n{one.type}\n```")
    for shape in shapes().values():
        lines.setdefault(shape.heading, []).append(of_shape(shape))
    return "\n".join([*parts, *(text for head, texts in lines.items() for text in (f"\n## {head}", *texts))])


def of_shape(shape: Shape) -> str:
    kinds = [f"It has all that `{base}` has." for base in shape.bases]
    lines = [f"\n### {shape.name}\n", " ".join([shape.means, *kinds])]
    return "\n".join([*lines, *([f"\n{fields_table(shape.fields)}"] if shape.fields else [])])


DISTINCT = "Tells this record from others."


def fields_table(fields: Iterable[Field]) -> str:
    rows = [
        [f"`{one.name}{'' if one.required else '?'}`", f"`{one.type}`", one.means or DISTINCT]
        for one in fields
    ]
    return table(["field", "type", "meaning"], rows)


def events() -> str:
    """Every type of event."""
    parts = [
        "# Events\n",
        "An event is one flat JSON object. It arrives in its lane's inbox or is emitted by a composition, "
        "and the composition named here handles it. One that `needs` a permission goes to "
        f"{link('compositions', 'authorize')} first, and comes back with `allowed`.\n",
        f"Any event may have {code(names_of('Happening'))}; these and all other fields are described in "
        "[the state](state.md). A `?` means: not always.",
    ]
    return "\n".join([*parts, *(of_event(kind, found) for kind, found in of_type("Event").items())])


def of_event(kind: str, found: list[Shape]) -> str:
    lines = [f"\n## {kind}\n"]
    for shape in found:
        lines.append(f"{shape.means}\n")
        lines.append(f"- fields: {own_fields(shape, 'Happening') or 'none of its own'}")
    lines.append(f"- handled by: {', '.join(answers_to(kind, found)) or 'nothing; it is only recorded'}")
    return "\n".join(lines)


def names_of(shape: str) -> list[str]:
    return [field.name for field in shapes()[shape].fields]


def own_fields(shape: Shape, common: str) -> str:
    """All fields but the type and those that every event, or every action, may have."""
    shared = {"type", *names_of(common)}
    fields = [field for field in all_fields(shape) if field.name not in shared]
    return code(field.name if field.required else f"{field.name}?" for field in fields)


def sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."


def answers_to(kind: str, found: list[Shape]) -> Iterator[str]:
    """The compositions that answer to an event, in order."""
    if any(field.name == "needs" for field in all_fields(found[0])):
        yield link("compositions", "authorize")
    if kind == "command":
        names = sorted({command.composition for command in OFFERED.values()})
        yield from (link("compositions", name) for name in names)
    elif kind == "issue_comment":
        read = f"{link('events', 'command')} and {link('events', 'mistakes')}"
        yield f"the switchboard, which reads {read} in it"
    elif kind in COMPOSITIONS:
        yield link("compositions", COMPOSITIONS[kind])


def actions() -> str:
    """Every type of action."""
    parts = [
        "# Actions\n",
        "An action is requested by a composition, once under its deterministic `key`; requested again while "
        "it waits, it is replaced. Its result is an [event](events.md): the one named here, or "
        f"{link('events', 'refused')}.\n",
        f"Any action may have {code(names_of('ActionFields'))}. A `?` means: not always; each field is "
        "described in [the state](state.md).\n",
    ]
    rows = [
        [f"`{kind}`", what_of(shape), shape.means, own_fields(shape, "ActionFields"), performer(kind)]
        for kind, found in of_type("Action").items()
        for shape in found
    ]
    return "\n".join([*parts, table(["action", "what", "what it does", "fields", "performed by"], rows)])


def what_of(shape: Shape) -> str:
    """What a look reads."""
    return next((f"`{word_of(field)}`" for field in shape.fields if field.name == "what"), "")


def performer(kind: str) -> str:
    if kind in ACTION_HANDLERS:
        return f"`jobs.action_handlers.{ACTION_HANDLERS[kind].__name__}`"
    return {
        "look": "`jobs.action_handlers.look`",
        "spawn_agent": "`jobs.attempt`",
        "answer": "`command_reply`, before it is requested",
        "show": "`jobs.project`",
    }[kind]


# What people write


def commands() -> str:
    """Every command and every label that is one."""
    parts = [
        "# Commands\n",
        "Write a command on a line of its own: in a comment, a review or an issue's text. The bot reacts "
        "with 👀 when it has read it, then with 🚀 (done) or 😕 (not done; a reply says why). "
        "`/help` lists the commands, `/help retry` explains one.\n",
    ]
    rows = [[f"[`/{one.name}`](#{one.name})", one.summary, who(one), where(one)] for one in OFFERED.values()]
    whole = table(["command", "what it does", "needs", "where"], rows)
    return "\n".join([*parts, whole, *map(of_command, OFFERED.values()), board(), labels()])


def board() -> str:
    """What the board offers to those who edit it."""
    boxes = ", ".join(f"`/{name}`" for name in BOXES)
    lines = [
        "\n## The board\n",
        "People may edit the board. What they change there is a command, with its right, and is answered in "
        "one line:\n",
        f"- A ticked box is the command that is written on it ({boxes}).",
        "- A task that is ticked in a plan that waits is done already: it leaves the plan.",
        "- **Edit the plan** has a line for each task, as in a kickoff (`docs/kickoffs.md`), with what it "
        f"comes after and its fields beneath. A changed plan takes what `/{SAME_RIGHT}` takes. It is checked "
        "as a new one is, the answer says what changed, and it counts at the next approval, or at once where "
        "the sprint runs. There, the lines of what has begun stay as they are; a task whose line is removed "
        "is dropped. This is how a task comes after another one than before.",
        "",
        "Whatever else was changed in it is reverted. An edit does nothing where no webhook told who made "
        "it, or where its author shares the bot's account.",
    ]
    return "\n".join(lines)


def of_command(one: Declaration) -> str:
    lines = [f"\n## {one.name}\n", one.summary, "", "```", one.usage, "```"]
    if one.example != one.usage:
        lines += ["", f"Example: `{one.example}`"]
    return "\n".join([*lines, "", f"Needs: {who(one)}. Where: {where(one)}."])


def who(one: Declaration) -> str:
    return {"none": "nothing"}.get(one.minimum, f"{one.minimum} access")


PLACES = {
    "anywhere": "anywhere",
    "sprint": "anywhere in a sprint",
    "issue": "an issue",
    "kickoff": "the kickoff",
    "task": "a task's issue",
    "pr": "a pull request",
    "escalation": "an escalation",
}


def where(one: Declaration) -> str:
    return ", ".join(words for place, words in PLACES.items() if place in one.where)


def labels() -> str:
    parts = ["\n## Labels\n", "Setting one of these labels is the same as giving the command:\n"]
    rows = [[f"`{label}`", *meaning(found)] for label, found in LABEL_COMMANDS.items() if found.acts]
    lines = [*parts, table(["label", "set", "removed", "afterwards"], rows)]
    lines.append(
        "\nThe bot removes one that was set without the permission that its command needs, or whose command "
        "is not available yet, and says so in one line.\n"
    )
    lines.append("The bot sets these itself, to show the state of a task:\n")
    lines.append(
        table(["label", "means"], [[f"`{one['name']}`", one["description"]] for one in STATUS_LABELS])
    )
    return "\n".join(lines)


def meaning(found: LabelCommand) -> list[str]:
    command = " ".join([f"/{found.command}", *found.positional])
    after = "the bot removes it" if found.taken_off else "it stays"
    return [f"`{command}`", f"`/{found.removed}`" if found.removed else "–", after]


"""Defaults that follow from something else."""


def settings() -> str:
    """Every setting."""
    parts = [
        "# Settings\n",
        "They come from the environment, then from the file `$CALORON_HOME/env` or the one that "
        "`caloron --env-file FILE …` names (processes that are started without `caloron` take its name from "
        "CALORON_ENV_FILE). The file has lines like `NAME=value`, belongs to the user that runs the bot, and "
        "nobody else may read it (`chmod 600`); otherwise nothing starts. A `.env` in the current folder is "
        "never read.\n",
        "A secret is only sent to an address from the same source: GITEA_TOKEN from the environment with "
        "GITEA_URL from the file is refused, and so is each such pair.\n",
        "`caloron config` shows each with its value and where that comes from, secrets masked. If one is "
        "wrong or missing, nothing starts, and a message says what to set.\n",
    ]
    rows = [[f"`{one['name']}`", one["default"], one["meaning"]] for one in Settings.documented()]
    return "\n".join([*parts, table(["name", "default", "meaning"], rows)])


def configuration() -> str:
    """Every key of a repository's own file."""
    rows = [[f"`{name}`", sets.shown, str(field.description)] for name, field, sets in KEYS if sets.shown]
    return "\n".join(
        [
            f"# `{FILE}`\n",
            "A repository may say how its sprints are run, in this file on its default branch. The bot reads "
            "it when it first meets the repository, on each push to the default branch, at `/plan`, and when "
            "it looks for lost webhooks. The file on any other branch has no effect, and agents cannot "
            "change the file. `/config` on an issue, and `caloron config owner/name` on the bot's machine, "
            "show each value that is in effect and where it comes from.\n",
            table(["key", "default", "meaning"], rows),
            "\nA duration is written as `90 s`, `45 min` or `1.5 h`; a bare number is in the unit of the "
            "default. For example:\n",
            f"```yaml\n{EXAMPLE}```\n",
            "The file is strict: an unknown key, or a value of the wrong kind, is an error. Then the last "
            "valid version stays in force (or the defaults, where there is none), and the bot says in one "
            "comment on the sprint's issue what is wrong, with line and column. A fixed file counts as soon "
            "as it is pushed.\n",
            "## A pull request that changes it\n",
            "A pull request of anyone into the default branch that changes the file gets the commit status "
            f"`caloron/{FILE}`: red where the file has mistakes, with one comment that links the line and "
            "names the column of each; else green, with one comment that shows each value in effect that the "
            "merge would change, before and after. Each new head changes that comment. The file at that head "
            "is only read: nothing of it is in effect before it is merged. The bot itself does not merge a "
            "file with mistakes. A branch protection that requires this status would hold up every other "
            "pull request, which does not get it.\n",
            "## Defaults of an organisation\n",
            "An owner, an organisation or a person, may keep defaults for all of their repositories: in a "
            f"repository named `{ORGANISATION}`, which the operator has let in, too, in `{FILE}` on its "
            "default branch. It is the same file with the same name, so that the same schema, editors and "
            "checks serve both. Where a repository sets "
            "a key, its own value holds; `agents.models`, `agents.mcp` and `commands.minimum` have the "
            "entries of both, and `protected_paths` add up. The bot reads it whenever it looks at the "
            "repository's own file, at the latest with the next look for lost webhooks. If it has mistakes, "
            "its last valid version stays in force, and `/config`, `caloron config owner/name` and `caloron "
            "doctor` say so; no issue hears of it. If the bot may not read that repository, or there is "
            "none, it sets nothing. Whoever may read `/config` sees its values, also where that repository "
            "is private.\n",
            "## In an editor\n",
            f"[{SCHEMA_FILE}]({SCHEMA_FILE}) is its JSON Schema; the bot serves it at `/{SCHEMA_FILE}`, to "
            "anyone. Editors with the YAML language server use it when the file's first line is "
            f"`# yaml-language-server: $schema=https://<the bot's address>/{SCHEMA_FILE}`.",
        ]
    )


EXAMPLE = """\
pipeline:
  parallel: 4
agents:
  framework: claude-code
  time_limit: 45 min
review:
  reviewers: [ada, acme/backend]
supervisor:
  retries: 2
verify:
  - name: test
    run: make test
    timeout: 20 min
protected_paths:
  - infra/**
"""


def schema() -> str:
    """The JSON Schema of a repository's own file."""
    return json_schema()
