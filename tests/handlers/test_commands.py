"""The declarations of commands and labels."""

import re
from typing import get_args

import pytest

from handlers.commands import COMMANDS, VALUE_WORDS
from handlers.labels import LABEL_COMMANDS, command_for
from handlers.mistakes import distance, nearest
from handlers.read import read_commands
from handlers.repository_labels import OFFERED_LABELS
from stages.statuses import STATE_LABELS, STATUSES, TaskStatus

CONTRACT = [
    "help",
    "ping",
    "status",
    "why",
    "config",
    "plan",
    "approve",
    "reject",
    "start",
    "pause",
    "resume",
    "stop",
    "next",
    "auto",
    "add-task",
    "drop-task",
    "retry",
    "restart",
    "skip",
    "break-down",
    "take-over",
    "hand-back",
    "assign-human",
    "resolved",
    "review",
    "hold",
    "unhold",
    "merge",
    "hotfix",
    "budget",
    "retro",
    "simulate",
    "doctor",
    "sync",
    "unlock",
]


def test_every_command_of_the_contract_is_declared() -> None:
    assert set(COMMANDS) >= set(CONTRACT)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_example_of_a_command_is_that_command(name: str) -> None:
    declared = COMMANDS[name]
    [found] = read_commands(declared.example)
    assert "error" not in found and found["name"] == name
    assert declared.usage.startswith(f"/{name}") and declared.summary.endswith(".")
    kinds = [param.kind for param in declared.params] + [flag.kind for flag in declared.flags.values()]
    assert set(kinds) <= {*VALUE_WORDS, "switch"}


@pytest.mark.parametrize(
    ("minimum", "names"),
    [
        ("maintain", {"auto", "merge", "hotfix", "budget", "simulate", "doctor", "sync", "unlock"}),
        ("read", {"help", "ping", "status", "why", "config"}),
    ],
)
def test_who_may_is_as_the_contract_says(minimum: str, names: set[str]) -> None:
    assert {name for name in CONTRACT if COMMANDS[name].minimum == minimum} == names


def test_usage_shows_how_it_is_written() -> None:
    assert COMMANDS["why"].usage == "/why [task]"
    assert COMMANDS["approve"].usage == "/approve [gate] [hash]"
    assert COMMANDS["retry"].usage == "/retry [task] [--hint …] [--model …]"
    assert COMMANDS["plan"].usage == "/plan [--pipeline quick|standard] [--auto] [--agents N] [--budget …]", (
        "values that do not act yet are not offered"
    )


@pytest.mark.parametrize(
    ("label", "set_now", "name", "positional"),
    [
        ("caloron:sprint", True, "plan", []),
        ("caloron:task", True, "add-task", []),
        ("caloron:hotfix", True, "hotfix", []),
        ("caloron:hold", True, "hold", []),
        ("caloron:hold", False, "unhold", []),
        ("caloron:auto", True, "auto", ["on"]),
        ("caloron:retry", True, "retry", []),
        ("caloron:review", True, "review", []),
        ("caloron:skip", True, "skip", []),
    ],
)
def test_a_label_that_a_person_sets_is_a_command(
    label: str, set_now: bool, name: str, positional: list[str]
) -> None:
    found = command_for(label, set_now=set_now)
    assert found is not None and (found["name"], found["positional"]) == (name, positional)
    assert found["name"] in COMMANDS


def test_other_labels_and_removals_are_no_commands() -> None:
    assert command_for("bug", set_now=True) is None
    assert command_for("caloron:done", set_now=True) is None
    assert command_for("caloron:sprint", set_now=False) is None


def test_the_labels_that_are_taken_off_once_acted_on() -> None:
    taken_off = {name for name, meaning in LABEL_COMMANDS.items() if meaning.taken_off}
    assert taken_off == {"caloron:retry", "caloron:review", "caloron:skip", "caloron:hotfix"}


def test_every_label_can_be_made() -> None:
    names = [label["name"] for label in OFFERED_LABELS]
    assert len(set(names)) == len(names)
    for label in OFFERED_LABELS:
        assert re.fullmatch("[0-9a-f]{6}", label["color"]) and 0 < len(label["description"]) <= 100


def test_every_status_is_declared_with_its_label_and_every_state_label_is_a_status_s() -> None:
    assert set(STATUSES) == set(get_args(TaskStatus))
    used = {look["label"] for look in STATUSES.values()}
    used |= {label for look in STATUSES.values() for label in look.get("refined", {}).values()}
    assert used == set(STATE_LABELS)


@pytest.mark.parametrize(
    ("one", "other", "far"),
    [("", "abc", 3), ("status", "status", 0), ("statsu", "status", 2), ("pln", "plan", 1)],
)
def test_distance(one: str, other: str, far: int) -> None:
    assert distance(one, other) == distance(other, one) == far


def test_the_nearest_command() -> None:
    assert nearest("Statsu") == "status"
    assert nearest("retyr") == "retry"
    assert nearest("lgtm") is None and nearest("tmp") is None
