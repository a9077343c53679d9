"""What tasks wait for: each reason that the stage can give stands in one of its examples; none is unknown."""

import ast

import pytest

from compositions.examples import FOLDER, examples_of
from tests.stages.test_words_of_others import leaves

STAGE = FOLDER / "board" / "tell_waits.py"
WORDS = 3
"""So many words make a sentence; shorter constants are keys, statuses and parts."""


def sentences() -> set[str]:
    """The fixed parts of all texts in the stage, without docstrings and what stands in the block below."""
    source = STAGE.read_text(encoding="utf-8")
    tree = ast.parse(source.partition("\n# -- others' words")[0])
    docs = {
        ast.get_docstring(node, clean=False)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.FunctionDef)
    }
    parts = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value not in docs
    }
    return {part.strip(" ;,:") for part in parts if len(part.split()) >= WORDS}


SAID = "\n".join(text for example in examples_of(STAGE) for _, text in leaves(example.get("output")))


@pytest.mark.parametrize("sentence", sorted(sentences()))
def test_each_reason_stands_in_an_example(sentence: str) -> None:
    assert sentence in SAID


def test_no_reason_is_unknown() -> None:
    assert len(sentences()) > 20
    assert "unknown" not in STAGE.read_text(encoding="utf-8").partition("\n# -- others' words")[0].lower()
