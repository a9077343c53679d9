"""Nothing is declared in vain: each setting and each key of the policy is read, each action is asked for."""

import ast
from pathlib import Path

from bot.cli.declared import of_type
from handlers.repository_labels import declared_policy
from shell.policy import policy_for
from shell.settings import Settings

ROOT = Path(__file__).parents[2]
OWN = ROOT / "shell/settings.py"
DERIVED = (
    *("forges", "store_url", "store_socket", "hook_secret", "hook_secrets", "operator"),
    "reviewer_token_of",
)
"""What the settings make of others, for others to use."""


def words_of(tree: ast.AST) -> set[str]:
    """The attributes that are read and the texts that stand there."""
    read = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value).endswith(("settings", "self"))
    }
    return read | {str(node.value) for node in ast.walk(tree) if isinstance(node, ast.Constant)}


def used() -> set[str]:
    rooms = [ROOT / room for room in ("bot", "jobs", "shell", "stages")]
    files = [file for room in rooms for file in room.rglob("*.py") if file != OWN]
    own = [
        node
        for node in ast.walk(ast.parse(OWN.read_text()))
        if isinstance(node, ast.FunctionDef) and node.name in DERIVED
    ]
    return set().union(*(words_of(ast.parse(file.read_text())) for file in files), *map(words_of, own))


def test_every_setting_has_a_reader() -> None:
    known = used()
    idle = [
        str(field.validation_alias)
        for name, field in Settings.model_fields.items()
        if name not in known and str(field.validation_alias) not in known
    ]
    assert not idle, f"nothing reads these settings: {idle}"


def texts_in(*files: Path) -> set[str]:
    trees = [ast.parse(file.read_text()) for file in files]
    return {str(node.value) for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant)}


def test_every_key_of_the_policy_is_read_by_a_stage() -> None:
    policy = policy_for(Settings.model_construct(), {"login": "bot", "id": 1}, {}, declared_policy())
    assert set(policy) <= texts_in(*(ROOT / "stages").glob("*/*.py"))


def test_every_action_is_asked_for() -> None:
    askers = [*(ROOT / "stages").glob("*/*.py"), *(ROOT / "jobs").glob("*.py")]
    assert set(of_type("Action")) <= texts_in(*(file for file in askers if file.name != "action_handlers.py"))
