"""Every example of every stage holds: the effectful ones in a small world of their own."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from compositions.examples import SHARED, Document, documents_of, expand_example, read
from tests.stages.stage_rules import answer_of, loaded, name_of, stage_files
from tests.stages.stage_world import FakeForge, fake_model, fake_shell

BASES = read(SHARED)


def examples(wanted: Callable[[dict[str, Any]], bool]) -> list[Any]:
    """Those that are wanted, as they are written: each test makes its own one whole."""
    return [
        pytest.param(path, document, example, id=f"{name_of(path)}: {example['name']}")
        for path in stage_files()
        for document in documents_of(path, BASES)
        for example in document.examples
        if wanted(example)
    ]


@pytest.fixture(autouse=True)
def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("shell.forge.gitea.GiteaForge", FakeForge)
    monkeypatch.setattr("shell.forge_at.ask_shell", fake_shell([]))
    monkeypatch.setattr("shell.structured_output.ask_json", fake_model)
    monkeypatch.delenv("CALORON_LLM_PROVIDER", raising=False)
    monkeypatch.setenv("GITEA_TOKEN", "a token")
    monkeypatch.delenv("GITEA_URL", raising=False)
    monkeypatch.setenv("CALORON_KV_DIR", "kv")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(("path", "document", "written"), examples(lambda _: True))
def test_an_example_holds(path: Path, document: Document, written: dict[str, Any]) -> None:
    example = expand_example(document, written)
    told = {name: value for name, value in example.items() if name in ("output", "error")}
    answer = answer_of(loaded(path).execute, example)
    assert json.loads(json.dumps(answer)) == told


@pytest.mark.parametrize(("path", "document", "written"), examples(lambda one: "error" in one))
def test_an_error_is_one_line_of_words(path: Path, document: Document, written: dict[str, Any]) -> None:
    words = expand_example(document, written)["error"]
    assert "\n" not in words
    assert len(words.split()) >= 3
