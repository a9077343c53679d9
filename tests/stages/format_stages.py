"""Formats every stage, its common lines and its examples: `python -m tests.stages.format_stages`.

The common lines are the tail and, in a stage that repeats others' words or takes out what a page hides, the
block of `shell/neutralize.py` or `shell/hidden_parts.py`; a stage gets it by its first and last line alone.
"""

import subprocess
import sys
from pathlib import Path

from compositions.examples import read
from compositions.layout import format_document
from compositions.rules import common_blocks
from shell.neutralize import block_between
from tests.stages.stage_rules import FOLDER, TAIL, stage_files

RUFF = [sys.executable, "-m", "ruff", "format", "--line-length", "110", "--target-version", "py311", "-"]


def formatted(path: Path) -> str:
    """The stage as it should be; ruff alone would put a blank line into the tail."""
    body = path.read_text(encoding="utf-8").split('\nif __name__ == "__main__":', 1)[0]
    for first, last, common in common_blocks():
        if block := block_between(body, first, last):
            body = body.replace(block, common)
    done = subprocess.run(RUFF, input=body, capture_output=True, text=True, check=True)
    return f"{done.stdout.rstrip()}\n\n\n{TAIL}"


def example_files() -> list[Path]:
    return sorted(FOLDER.rglob("*.json"))


if __name__ == "__main__":
    texts = {stage: formatted(stage) for stage in stage_files()}
    texts |= {file: format_document(read(file)) for file in example_files()}
    for path, text in texts.items():
        if text != path.read_text(encoding="utf-8"):
            path.write_text(text, encoding="utf-8")
            print(f"formatted {path}")
