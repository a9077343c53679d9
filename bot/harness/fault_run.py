"""One sprint with webhooks duplicated, lost or absent, compared with the same sprint without faults."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .diamond_sprint import Mode, RunResult, run_sprints
from .environment import USER, ForgeStarter, HarnessError, start_fake_forge
from .gitea_server import ADMIN, gitea_server
from .outcome import differences
from .webhook_proxy import at_once, duplicated, one_in_ten_lost

MODES = {
    "plain": Mode("plain", at_once),
    "doubled": Mode("doubled", duplicated),
    "three-hooks": Mode("three-hooks", at_once, ("repository", "user", "system")),
    "lossy": Mode("lossy", one_in_ten_lost, reconcile_s=2.0),
    "no-hook": Mode("no-hook", at_once, (), reconcile_s=2.0),
}
"""What happens to the webhooks in each, and how often the bot reconciles (0: never)."""


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
    """A plain run, then one for each mode, compared with the plain one; modes that can share a bot do."""
    wanted = [MODES[name] for name in ("plain", *dict.fromkeys(modes or list(MODES)[1:]))]
    numbered = {f"{USER}/whole-{number}": mode for number, mode in enumerate(wanted, 1)}
    with _forge_starter(forge, folder, url, token) as start:
        ended = [
            run
            for together in _sharing_a_bot(numbered)
            for run in run_sprints(
                folder / "-".join(mode.name for mode in together.values()),
                start,
                together,
                seed,
                tasks,
                timeout,
            )
        ]
    plain, *runs = sorted(ended, key=lambda run: wanted.index(run.mode))
    if plain.outcome["merges"] != tasks:
        raise HarnessError(f"The plain run merged {plain.outcome['merges']} of {tasks} tasks; see {folder}")
    compared = [_compare(plain, run) for run in runs]
    return {"forge": forge, "seed": seed, "tasks": tasks, "plain": plain.summary(), "runs": compared}


def _sharing_a_bot(modes: Mapping[str, Mode]) -> list[dict[str, Mode]]:
    """Those that reconcile as often."""
    found: dict[float, dict[str, Mode]] = {}
    for repo, mode in modes.items():
        found.setdefault(mode.reconcile_s, {})[repo] = mode
    return [*found.values()]


@contextmanager
def _forge_starter(kind: str, folder: Path, url: str | None, token: str | None) -> Iterator[ForgeStarter]:
    """How a bot gets its forge: a fake one each, or one real server for all."""
    if kind == "fake":
        admin = ("--user", f"{ADMIN}:admin")
        yield lambda supervisor, place, repos: start_fake_forge(supervisor, place, repos, admin)
        return
    with gitea_server(folder / "gitea", url, token) as server:
        yield server.start


def _compare(plain: RunResult, run: RunResult) -> dict[str, Any]:
    """The run beside the plain one, and whether all is as it should be."""
    rows = differences(plain.outcome, run.outcome)
    problems = list(_problems(run))
    equal = all(row["equal"] == "yes" for row in rows)
    return run.summary() | {"compared": rows, "wanting": problems, "good": equal and not problems}


def _problems(run: RunResult) -> Iterator[str]:
    """Why the run proves nothing: faults that did not happen, or deliveries that failed otherwise."""
    if run.webhooks["failed"]:
        yield f"the webhook endpoint did not accept {run.webhooks['failed']} deliveries"
    if run.mode.name == "lossy" and not run.webhooks["lost"]:
        yield "no webhook was lost; choose another --seed"
    if run.mode.reconcile_s and not sum(run.found.values()):
        yield "reconciliation found nothing; choose another --seed or more --tasks"
    if run.mode.name == "no-hook" and run.webhooks["received"]:
        yield "webhooks arrived although none is installed"
