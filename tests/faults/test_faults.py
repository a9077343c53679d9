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


def test_however_webhooks_come_or_do_not_nothing_changes(tmp_path: Path) -> None:
    wanted = ("doubled", "three-hooks", "lossy", "no-hook")
    runs = played(tmp_path, *(word for mode in wanted for word in ("--mode", mode)))
    twice, thrice, some, none = (runs[mode] for mode in wanted)
    assert twice["webhooks"]["doubled"] == twice["webhooks"]["received"] > 30
    assert twice["webhooks"]["delivered"] == 2 * twice["webhooks"]["received"]
    assert thrice["webhooks"]["received"] > 90 and twice["found"] == thrice["found"] == {}
    assert some["webhooks"]["lost"] > 0 and sum(some["found"].values()) > 0
    assert none["webhooks"]["received"] == 0
    assert none["found"]["command"] == 1 and none["found"]["pr_review_submitted"] >= 5


@pytest.mark.gitea
def test_on_a_real_gitea_too(tmp_path: Path) -> None:
    if program() is None:
        absent("there is no Gitea here: set GITEA_BIN, or run `tests/tools/gitea install`")
    runs = played(tmp_path, "--forge", "gitea", "--mode", "three-hooks", "--mode", "lossy")
    assert all(run["good"] for run in runs.values()) and len(runs) == 2
