"""`caloron demo --once`: a whole sprint, on this machine, with nothing set up."""

import json
import subprocess
import sys
from pathlib import Path

from bot.cli.up import environment


def test_the_demo_plays_a_whole_sprint(tmp_path: Path) -> None:
    command = [sys.executable, "-P", "-m", "bot.cli", "demo", "--once", "--output", "json"]
    where = ["--folder", str(tmp_path / "demo"), "--timeout", "100"]
    told = environment() | {"GITEA_URL": "http://not-the-demos.test", "PORT": "1"}
    command += where
    played = subprocess.run(command, capture_output=True, text=True, env=told, cwd=tmp_path, check=False)
    assert played.returncode == 0, played.stderr
    summary = json.loads(played.stdout)
    assert {task["id"]: task["status"] for task in summary["tasks"]} == dict.fromkeys(
        ("catalogue", "search", "prices", "page"), "Done"
    )
    assert "4 of 4 tasks done" in summary["retro"]
    assert "alice    reviews pull request" in played.stderr and "requests a change" in played.stderr

    log = ["git", "--git-dir", summary["repository"], "show", "main:shop/prices.py"]
    assert ":.2f" in subprocess.run(log, capture_output=True, text=True, check=True).stdout
