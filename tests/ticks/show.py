"""Writes docs/ticks.md from a live run on a real Gitea and the real engine: python -m tests.ticks.show

A sprint of two tasks, moved by one process a tick. tests/tools/gitea and noether must be installed.
"""

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from compositions import catalogue
from tests.real_gitea import TOOL
from tests.ticks.engines import TICK, noether, registered
from tests.ticks.sprint import PLAN, SPRINT, Tick, play

PAGE = Path(__file__).parents[2] / "docs" / "ticks.md"
REPO = "shop"

HEAD = f"""# A sprint run by ticks alone

No process of the bot runs here: no web, no queue, no worker. The real engine runs one graph a tick,

    noether run compositions/{TICK}.json --input '{{"sprint_id": "{SPRINT}", "repo": "alice/{REPO}", …}}'

and each tick saves its state for the next one in `$CALORON_KV_DIR/{SPRINT}.json`. The people are real
accounts on a real Gitea: bob does the work and opens the pull requests, alice reviews them. Nobody listens at
`shell_url` at first, later it answers 404: a refused `/spawn` stands in `errors`, and the tick goes on.

The plan in the file when the first tick starts:

```json
{json.dumps({"state": {"tasks": PLAN}}, indent=2)}
```

Written by `python -m tests.ticks.show`; ids of stages are shown by name, other hashes as `…`, times as 0.
"""


def page(ticks: list[Tick]) -> str:
    return "\n".join([HEAD, overview(ticks), *(section(tick) for tick in ticks)])


def overview(ticks: list[Tick]) -> str:
    rows = "\n".join(in_one_row(tick) for tick in ticks)
    return f"| tick | before it | done | errors | t1 | t2 |\n|---|---|---|---|---|---|\n{rows}\n"


def in_one_row(tick: Tick) -> str:
    told = settled(tick.envelope["data"]["output"])
    done, errors = (" ".join(f"`{word}`" for word in told[name]) for name in ("actions_taken", "errors"))
    statuses = " | ".join(tick.tasks.values())
    return f"| [{tick.number}](#tick-{tick.number}) | {tick.before} | {done} | {errors} | {statuses} |"


def section(tick: Tick) -> str:
    before = f"Before it, {tick.before}.\n\n" if tick.before else ""
    rows = "\n".join(row(one) for one in tick.issues)
    return (
        f"## Tick {tick.number}\n\n{before}The forge's list after it:\n\n"
        f"| # | | title | state | labels |\n|---|---|---|---|---|\n{rows}\n\n"
        f"The answer:\n\n```json\n{envelope(tick.envelope)}\n```\n"
    )


def row(one: dict[str, Any]) -> str:
    labels = " ".join(f"`{label}`" for label in one["labels"])
    return f"| {one['number']} | {one['kind']} | {one['title']} | {one['state']} | {labels} |"


def envelope(given: dict[str, Any]) -> str:
    """The engine's answer without what differs from run to run, one line for each stage and list of words."""
    text = json.dumps(settled(given), indent=2, ensure_ascii=False)
    innermost = re.compile(r"\[[^][{}]*\]|\{\s+\"duration_ms\": 0,\s+\"input_hash\"[^}]*\}")
    return innermost.sub(lambda found: one_line(found[0]), text)


def one_line(text: str) -> str:
    joined = re.sub(r"\s*\n\s*", " ", text)
    return re.sub(r"^\[ | \]$", lambda found: found[0].strip(), joined)


def settled(value: Any, name: str = "") -> Any:
    """The value with everything that is of one run only made the same for all."""
    if isinstance(value, dict):
        return {key: settled(one, key) for key, one in value.items()}
    if isinstance(value, list):
        return [settled(one) for one in value]
    if name in ("duration_ms", "completed_at", "started_at", "polled_at"):
        return 0
    return plain(value) if isinstance(value, str) and name != "composition_id" else value


def plain(text: str) -> str:
    names = {stage.stage_id: f"<{stage.name}>" for stage in catalogue().stages}
    text = re.sub("[0-9a-f]{64}", lambda found: names.get(found[0], "…"), text)
    text = re.sub(rf"/\S*/kv/{SPRINT}", f"kv/{SPRINT}", text)
    return re.sub(r"127\.0\.0\.1:(?!9\b)\d+", "127.0.0.1:…", text)


@contextmanager
def gitea(folder: Path) -> Iterator[dict[str, Any]]:
    users = [word for login in ("root:admin", "bot", "alice", "bob") for word in ("--user", login)]
    command = [sys.executable, str(TOOL), "start", str(folder), *users]
    started = subprocess.run(command, capture_output=True, text=True, check=True)
    try:
        yield json.loads(started.stdout)
    finally:
        subprocess.run([sys.executable, str(TOOL), "stop", str(folder)], check=True)


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="ticks-") as place, gitea(Path(place) / "gitea") as server:
        engine = registered(Path(place) / "noether", TICK)
        ticks = play(server, REPO, Path(place) / "sprint", noether(engine))
    PAGE.write_text(page(ticks), encoding="utf-8")
    print(f"{len(ticks)} ticks, {PAGE.relative_to(PAGE.parents[1])} is written")
    return 0 if set(ticks[-1].tasks.values()) == {"Done"} else 1


if __name__ == "__main__":
    sys.exit(main())
