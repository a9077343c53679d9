"""The pages that are made from the code say what the code says, and what they are made from is whole."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.cli.declared import of_type
from bot.cli.docs import FOLDER, PAGES, docs, page
from bot.cli.life import FOLLOWS
from bot.cli.policy_types import WORLD, world
from compositions import load, names
from compositions.graph import Stage, walk
from handlers.commands import COMMANDS
from handlers.switchboard import COMPOSITION_NAMES, COMPOSITIONS
from jobs.action_handlers import ACTION_HANDLERS
from stages.dag import evaluate

EVENTS, ACTIONS = of_type("Event"), of_type("Action")
ROOT = Path(__file__).parents[1]
TOLD_BY_THE_TICK = {"ignored", "intervene", "notify_agent"}
"""Types that are neither events of an inbox nor actions of an outbox."""


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_current(name: str) -> None:
    there = FOLDER / name
    if not there.is_file() or there.read_text(encoding="utf-8") != page(name):
        pytest.fail(f"docs/{name} does not say what the code says; run: caloron docs", pytrace=False)


def test_the_types_of_a_policy_are_current() -> None:
    assert WORLD.read_text(encoding="utf-8") == world(), "stages/world.py is not current; run: caloron docs"


def test_writing_makes_them_current_and_checking_says_what_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.cli.docs.page", cache(page))
    run = CliRunner().invoke
    refused = run(docs, ["--check", "--folder", str(tmp_path)])
    assert refused.exit_code == 1 and "life.md" in refused.output and "Run `caloron docs`" in refused.output
    assert run(docs, ["--folder", str(tmp_path)]).exit_code == 0
    (tmp_path / "life.md").write_text("other")
    refused = run(docs, ["--check", "--folder", str(tmp_path)])
    assert refused.exit_code == 1 and "stages.md" not in refused.output
    assert run(docs, ["--folder", str(tmp_path)]).output.splitlines() == [f"wrote {tmp_path / 'life.md'}"]
    assert run(docs, ["--check", "--folder", str(tmp_path)]).output == "Every page is up to date.\n"


def test_every_event_and_action_is_told_of() -> None:
    assert set(COMPOSITIONS) <= set(EVENTS) and set(evaluate.LIFE) <= set(EVENTS)
    assert set(ACTIONS) == {*ACTION_HANDLERS, "look", "spawn_agent", "answer", "show"}
    assert set(names()) >= COMPOSITION_NAMES


def literal_types(path: Path) -> Iterator[str]:
    """The types that a module writes into events or actions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == "type" and isinstance(value, ast.Constant):
                    yield str(value.value)


@pytest.mark.parametrize(
    "room", ["jobs", "handlers", "stages/look", "stages/life", "stages/command", "stages/plan"]
)
def test_no_type_is_used_that_is_not_told_of(room: str) -> None:
    within = {"answer"}  # `command_reply` gives it its form before it leaves the turn
    known = {*EVENTS, *ACTIONS, *TOLD_BY_THE_TICK, *within, "show", "label", "unlabel", "close", "reopen"}
    used = {(path.name, type_) for path in (ROOT / room).rglob("*.py") for type_ in literal_types(path)}
    unknown = sorted(f"{name}: {type_}" for name, type_ in used if type_ not in known)
    assert not unknown, f"declare these in shell/event.py or shell/action.py: {unknown}"


@pytest.mark.parametrize("name", sorted({command.composition for command in COMMANDS.values()}))
def test_no_answer_to_a_command_leaves_its_turn_without_a_form(name: str) -> None:
    last = list(walk(load(name).graph.root))[-2:]
    assert [node.id for node in last if isinstance(node, Stage)] == ["command_reply", "gather_answers"]


def test_the_life_of_a_task_is_drawn_with_all_that_is_done() -> None:
    _, _, code = (ROOT / "stages/dag/evaluate.py").read_text().partition("def execute(")
    done = re.findall(r"^    (\w+)\(step\)$", code.partition("\n\n\n")[0], re.M)
    assert tuple(done) == FOLLOWS


def test_links_between_the_pages_lead_somewhere() -> None:
    texts = {name.removesuffix(".md"): page(name) for name in PAGES}
    headings = {name: set(re.findall(r"^#+ (.+)$", text, re.M)) for name, text in texts.items()}
    links = {link for text in texts.values() for link in re.findall(r"\]\((\w+)\.md#([\w-]+)\)", text)}
    assert links and [link for link in links if link[1] not in headings[link[0]]] == []
