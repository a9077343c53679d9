"""Formats every stage and writes its common lines anew: `python -m tests.stages.format_stages`.

The common lines are the tail and, in a stage that repeats others' words, the block of
`shell/neutralize.py`; a stage that needs that gets it by its first and last line alone.
"""

import subprocess
import sys
from pathlib import Path

from shell.neutralize import block_of, common_block
from tests.stages.stage_rules import TAIL, stage_files

RUFF = [sys.executable, "-m", "ruff", "format", "--line-length", "110", "--target-version", "py311", "-"]


def formatted(path: Path) -> str:
    """The stage as it should be; ruff alone would put a blank line into the tail."""
    body = path.read_text(encoding="utf-8").split('\nif __name__ == "__main__":', 1)[0]
    if block := block_of(body):
        body = body.replace(block, common_block())
    done = subprocess.run(RUFF, input=body, capture_output=True, text=True, check=True)
    return f"{done.stdout.rstrip()}\n\n\n{TAIL}"


if __name__ == "__main__":
    for stage in stage_files():
        text = formatted(stage)
        if text != stage.read_text(encoding="utf-8"):
            stage.write_text(text, encoding="utf-8")
            print(f"formatted {stage}")
