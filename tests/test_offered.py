"""What is offered acts: each name that a person may use has a writer and a reader."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest

import compositions
from handlers import switchboard
from handlers.commands import COMMANDS, OFFERED, WORDS_ONLY
from handlers.labels import LABEL_COMMANDS, TASK
from handlers.mistakes import does_not_act, nearest
from handlers.read import read_commands
from handlers.repository_labels import OFFERED_LABELS
from handlers.switchboard import help_rows, help_text
from shell.repository_config import KEYS, RepositoryConfig
from stages import world
from stages.statuses import TaskStatus
from tests.flows.config_keys import CHANGES

ROOT = Path(__file__).parents[1]

expand: Any = switchboard.expand
composition_for: Any = switchboard.composition_for
"""Of an event they get only what matters here."""

COMMANDS_TO_COME = frozenset("""doctor sync""".split())
FLAGS_TO_COME: frozenset[str] = frozenset()
VALUES_TO_COME = frozenset(
    {
        "approve rfc",
        "plan --pipeline full",
    }
)
"""These are read, but do not act yet. Only take names out."""

WORDED = {"help", "ping"}
"""All that these do is answer."""
STATE: Any = {
    "repo": {"full_name": "acme/shop"},
    "me": {"login": "bot", "id": 9},
    "kickoffs": {"1": {}},
    "tasks": {},
}


def inactive_flags() -> set[str]:
    return {f"{c.name} --{flag}" for c in OFFERED.values() for flag in c.flags.keys() - c.acting_flags.keys()}


def inactive_values() -> set[str]:
    words = {f"{c.name} {value}" for c in OFFERED.values() for param in c.params for value in param.inactive}
    flags = [(c, name, flag) for c in OFFERED.values() for name, flag in c.acting_flags.items()]
    return words | {f"{c.name} --{name} {value}" for c, name, flag in flags for value in flag.inactive}


def test_what_does_not_act_yet_is_on_a_list_that_only_shrinks() -> None:
    assert COMMANDS.keys() - OFFERED.keys() == COMMANDS_TO_COME
    assert inactive_flags() == FLAGS_TO_COME
    assert inactive_values() == VALUES_TO_COME
    assert (len(COMMANDS_TO_COME), len(FLAGS_TO_COME), len(VALUES_TO_COME)) <= (2, 0, 2)


def stage_texts(composition: str) -> str:
    """The source of the stages of a composition, which read the command's event."""
    stages = compositions.load(composition).effects
    files = {stage.name: stage.file for stage in compositions.catalogue().stages}
    return "\n".join(files[name].read_text(encoding="utf-8") for name in stages)


@pytest.mark.parametrize("name", sorted(OFFERED.keys() - WORDED))
def test_a_command_that_is_offered_has_a_stage_that_acts_on_it(name: str) -> None:
    composition = OFFERED[name].composition
    assert composition != WORDS_ONLY
    assert composition.endswith(f"_{name}") or f'"{name}"' in stage_texts(composition)


@pytest.mark.parametrize(
    ("name", "flag"), [(c.name, flag) for c in OFFERED.values() for flag in c.acting_flags]
)
def test_a_flag_that_is_offered_is_read(name: str, flag: str) -> None:
    assert f'"{flag}"' in stage_texts(OFFERED[name].composition)


@pytest.mark.parametrize(
    "name", sorted(c.name for c in OFFERED.values() if c.params and c.name not in WORDED)
)
def test_a_parameter_that_is_offered_is_read(name: str) -> None:
    assert '"positional"' in stage_texts(OFFERED[name].composition)


TEXTS = [*(ROOT / "stages").rglob("*.py"), *(ROOT / "docs").glob("*.md"), ROOT / "README.md"]


@pytest.mark.parametrize("file", TEXTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_text_tells_people_to_say_what_does_not_act(file: Path) -> None:
    named = set(re.findall(r"`/([a-z-]+)", file.read_text(encoding="utf-8")))
    assert not named & COMMANDS_TO_COME


@pytest.mark.parametrize("name", sorted(COMMANDS_TO_COME))
def test_what_does_not_act_is_offered_nowhere_and_says_so_when_it_is_used(name: str) -> None:
    shown = re.compile(rf"`/{name}[` ]")
    assert not any(shown.search(f"`{one['usage']}`") for one in help_rows(["all"])) and not shown.search(
        (ROOT / "docs/commands.md").read_text()
    )
    assert nearest(f"{name}x", OFFERED) != name
    assert help_text([name]) == does_not_act(name, [f"/{name}"])
    [event] = commands_in(COMMANDS[name].example)
    assert event["needs"] == "read" and composition_for({**event, "allowed": True}) == WORDS_ONLY
    assert event["help"] == does_not_act(name, [f"/{name}"])


def commands_in(text: str) -> Any:
    event = {"type": "issue_comment", "key": "k", "issue_number": 1, "comment_id": 5, "body": text}
    who = {"author": "ada", "author_id": 2, "actor": "ada", "actor_id": 2, "hint": "created"}
    return expand({**event, **who, "repo": "acme/shop", "forge": "gitea", "repo_id": 1}, STATE)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("/plan --pipeline full", "--pipeline full"),
        ("/approve rfc", "rfc"),
    ],
)
def test_a_flag_or_value_that_does_not_act_is_named_and_nothing_is_done(text: str, part: str) -> None:
    [event] = commands_in(text)
    assert composition_for({**event, "allowed": True}) == WORDS_ONLY
    assert f"`{part}` is not available" in str(event["help"])


def test_a_mistake_in_what_does_not_act_explains_no_usage() -> None:
    for name in COMMANDS_TO_COME:
        for one in read_commands(f"/{name} --no-such-flag 1"):
            assert "Usage" not in str(one.get("help", ""))


def test_only_labels_that_act_are_made_and_those_that_do_not_are_removed_with_a_line() -> None:
    made = {label["name"] for label in OFFERED_LABELS}
    assert LABEL_COMMANDS.keys() - made == {
        name for name, meaning in LABEL_COMMANDS.items() if not meaning.acts and name != TASK
    }
    for name in LABEL_COMMANDS:
        label = {"type": "label_added", "key": "l", "issue_number": 4, "label": name, "allowed": True}
        told = expand({**label, "repo": "acme/shop", "actor": "ada", "actor_id": 2}, STATE)
        acts = LABEL_COMMANDS[name].acts
        assert (composition_for(told[0]) == WORDS_ONLY) is not acts
        assert acts or [one["type"] for one in told[1:]] == ["label_acted_on"]


def test_a_label_asks_for_the_permission_that_its_command_needs() -> None:
    """A look at the timeline tells who set it; what they need is said before they are asked for."""
    for name, meaning in LABEL_COMMANDS.items():
        label = {"type": "label_added", "key": "l", "issue_number": 4, "label": name, "needs": "write"}
        [told] = expand({**label, "repo": "acme/shop", "actor": "ada", "actor_id": 2}, STATE)
        assert told["needs"] == COMMANDS[meaning.command].minimum


# Statuses and modes


def set_words(tree: ast.AST) -> Iterator[str]:
    """The words that become somebody's status: given under that name, or returned alone."""
    for node in ast.walk(tree):
        match node:
            case ast.Dict():
                pairs = zip(node.keys, node.values, strict=True)
                yield from (
                    word for key, value in pairs if is_word(key, "status") for word in words_in(value)
                )
            case ast.keyword(arg="status"):
                yield from words_in(node.value)
            case ast.Return(value=ast.Constant() | ast.IfExp() as value):
                yield from words_in(value)


def is_word(node: ast.AST | None, word: str) -> bool:
    return isinstance(node, ast.Constant) and node.value == word


def words_in(node: ast.AST) -> Iterator[str]:
    yield from (str(one.value) for one in ast.walk(node) if isinstance(one, ast.Constant))


@cache
def stages() -> list[ast.Module]:
    """All stages, parsed once where they are needed."""
    return [ast.parse(file.read_text(encoding="utf-8")) for file in (ROOT / "stages").glob("*/*.py")]


@pytest.mark.parametrize(
    ("words", "to_come"),
    [
        (get_args(TaskStatus), set[str]()),
        (get_args(world.SprintStatus), set[str]()),
    ],
    ids=["of tasks", "of sprints"],
)
def test_every_status_is_set_and_read_but_those_to_come(words: tuple[str, ...], to_come: set[str]) -> None:
    written = {word for tree in stages() for word in set_words(tree)}
    assert set(words) - written == to_come, "only take words out of what is to come"
    read = {word for tree in stages() for word in words_in(tree)}
    assert set(words) <= read


def test_every_merge_mode_can_be_chosen_but_those_to_come() -> None:
    chosen = RepositoryConfig.model_json_schema()["$defs"]["Merge"]["properties"]["mode"]
    offered = {word for part in chosen["anyOf"] for word in part.get("enum", [])}
    assert set(get_args(world.MergeMode)) - offered == {"auto"}
    read = {word for tree in stages() for word in words_in(tree)}
    assert set(get_args(world.MergeMode)) <= read


def test_each_key_of_the_file_changes_what_happens_in_a_flow_of_its_own() -> None:
    """Each flow that is named for it is there, in a file that writes this key."""
    acting = [key for keys in CHANGES.values() for key in keys]
    assert sorted(acting) == sorted({name for name, _, _ in KEYS})
    for address, keys in CHANGES.items():
        file, _, test = address.partition("::")
        text = (ROOT / "tests/flows" / file).read_text(encoding="utf-8")
        assert f"\ndef {test}(" in text
        assert all(f"{key.rpartition('.')[2]}:" in text for key in keys), address
