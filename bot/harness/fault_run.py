"""One sprint with webhooks duplicated, lost or absent, compared with the same sprint without faults."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .diamond_sprint import Mode, Played, play
from .environment import PERSON, SceneFailed, StartForge, fake_forge
from .gitea_server import ADMIN, gitea_server
from .outcome import differences
from .webhook_proxy import a_tenth_lost, at_once, doubled

MODES = {
    "plain": Mode("plain", at_once),
    "doubled": Mode("doubled", doubled),
    "three-hooks": Mode("three-hooks", at_once, ("repository", "user", "system")),
    "lossy": Mode("lossy", a_tenth_lost, reconcile_s=2.0),
    "no-hook": Mode("no-hook", at_once, (), reconcile_s=2.0),
}
"""What happens to the webhooks in each, and how often the bot looks for what it was not told; 0: never."""


def run(
    folder: Path,
    forge: str,
    modes: Sequence[str],
    seed: int,
    tasks: int,
    timeout: float,
    url: str | None = None,
    token: str | None = None,
) -> dict[str, Any]:
    """A plain run, then one for each mode, compared with the plain one."""
    wanted = [MODES[name] for name in ("plain", *dict.fromkeys(modes or list(MODES)[1:]))]
    with _forge(forge, folder, url, token) as start:
        plain, *runs = [
            play(
                folder / f"{number}-{mode.name}",
                start,
                mode,
                f"{PERSON}/whole-{number}",
                seed,
                tasks,
                timeout,
            )
            for number, mode in enumerate(wanted, 1)
        ]
    if plain.outcome["merges"] != tasks:
        raise SceneFailed(f"The plain run merged {plain.outcome['merges']} of {tasks} tasks; see {folder}")
    compared = [_compared(plain, run) for run in runs]
    return {"forge": forge, "seed": seed, "tasks": tasks, "plain": plain.brief(), "runs": compared}


@contextmanager
def _forge(kind: str, folder: Path, url: str | None, token: str | None) -> Iterator[StartForge]:
    """How a run gets its forge: a fake one each, or one real server for all."""
    if kind == "fake":
        yield lambda supervisor, place, repos: fake_forge(
            supervisor, place, repos, ("--user", f"{ADMIN}:admin")
        )
        return
    with gitea_server(folder / "gitea", url, token) as server:
        yield server.start


def _compared(plain: Played, run: Played) -> dict[str, Any]:
    """What the run came to, and whether that is all as it should be."""
    rows = differences(plain.outcome, run.outcome)
    wanting = list(_wanting(run))
    equal = all(row["equal"] == "yes" for row in rows)
    return run.brief() | {"compared": rows, "wanting": wanting, "good": equal and not wanting}


def _wanting(run: Played) -> Iterator[str]:
    """What the faults themselves should have shown: else the run proves nothing."""
    if run.webhooks["failed"]:
        yield f"the door did not take {run.webhooks['failed']} deliveries"
    if run.mode.name == "lossy" and not run.webhooks["lost"]:
        yield "no webhook was lost; take another --seed"
    if run.mode.reconcile_s and not sum(run.found.values()):
        yield "nothing was found by looking; take another --seed or more --tasks"
    if run.mode.name == "no-hook" and run.webhooks["received"]:
        yield "there were webhooks"
