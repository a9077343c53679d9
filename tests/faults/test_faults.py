"""`caloron faults`: however the webhooks come, the sprint ends as the plain one does."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bot.cli.up import environment
from tests.real_gitea import absent, program


def played(tmp_path: Path, *words: str) -> dict[str, dict[str, Any]]:
    """What the command told, by mode; it says with its exit code that every run was as the plain one."""
    command = [
        sys.executable,
        "-P",
        "-m",
        "bot.cli",
        "faults",
        "--output",
        "json",
        "--timeout",
        "100",
        *words,
    ]
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment(), cwd=tmp_path, check=False
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return {run["mode"]: run for run in json.loads(done.stdout)["runs"]}


def test_doubled_and_shuffled_webhooks_change_nothing(tmp_path: Path) -> None:
    run = played(tmp_path, "--mode", "doubled")["doubled"]
    webhooks = run["webhooks"]
    assert webhooks["doubled"] == webhooks["received"] > 50
    assert webhooks["delivered"] == 2 * webhooks["received"]


def test_three_hooks_at_once_change_nothing(tmp_path: Path) -> None:
    run = played(tmp_path, "--mode", "three-hooks")["three-hooks"]
    assert run["webhooks"]["received"] > 150 and run["found"] == {}


def test_lost_webhooks_are_made_good_by_looking(tmp_path: Path) -> None:
    run = played(tmp_path, "--mode", "lossy")["lossy"]
    assert run["webhooks"]["lost"] > 0 and sum(run["found"].values()) > 0


def test_without_a_hook_everything_is_found_by_looking(tmp_path: Path) -> None:
    run = played(tmp_path, "--mode", "no-hook")["no-hook"]
    assert run["webhooks"]["received"] == 0
    assert run["found"]["command"] == 1 and run["found"]["pr_review_submitted"] >= 5


@pytest.mark.gitea
@pytest.mark.parametrize("mode", ["three-hooks", "lossy"])
def test_on_a_real_gitea_too(tmp_path: Path, mode: str) -> None:
    if program() is None:
        absent("there is no Gitea here: set GITEA_BIN, or run `tests/tools/gitea install`")
    run = played(tmp_path, "--forge", "gitea", "--mode", mode)[mode]
    assert run["good"]
