"""The board as Gitea's own pages show it, in a real browser: drawn, without an error, within the page."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

import compositions
from shell.forge.gitea import GiteaForge
from stages.statuses import STATUSES
from tests.real_gitea import absent
from tests.waiting import LIMIT_S

CHROMIUM = Path("/usr/bin/chromium")
NOW = "2026-11-21T07:05:00.000Z"
LIFE = ("Done", "Done", "InReview", "InProgress", "Ready", "Pending")
TITLES = ("Add a login page", "Store sessions in the database", "Log out everywhere", "Write the help pages")


def task(position: int, many: int) -> dict[str, Any]:
    """One of so many, further along the earlier it stands; it comes after the one four places before it."""
    status = LIFE[(position - 1) * len(LIFE) // many]
    begun = status in ("Done", "InReview", "InProgress")
    return {
        "id": f"t{position}",
        "title": f"{TITLES[position % len(TITLES)]}, part {position // len(TITLES) + 1}",
        "status": status,
        "position": position,
        "depends_on": [f"t{position - (4 if position > 4 else 2)}"] if position > 2 else [],
        "issue_number": position + 10,
        "pr_number": position + 100 if status in ("Done", "InReview") else None,
        "agent_id": f"t{position}",
        "agent": "running" if status == "InProgress" else None,
        "head_sha": "c1",
        "checks": {"state": "success"} if status in ("Done", "InReview") else {},
        "started_at": "2026-11-21T06:00:00.000Z" if begun else None,
        "completed_at": "2026-11-21T06:40:00.000Z" if status == "Done" else None,
        "cost": {"usd": 0.42} if begun else {},
    }


def board(many: int) -> str:
    """What the bot would write of a running sprint of so many tasks."""
    tasks = {f"t{position}": task(position, many) for position in range(1, many + 1)}
    said = {"handled_at": NOW, "asker": "alice", "line": "/approve", "good": True, "number": 1}
    kickoff = {
        "id": "shop-1a2b-1", "number": 1, "status": "Running", "goal": "Sell shoes", "asked_at": NOW,
        "plan": {name: {} for name in tasks}, "plan_hash": "0c1aaa57dd76",
        "command_log": [said | {"comment_id": 1}],
    }  # fmt: skip
    state = {
        "v": 1, "running": 1, "tasks": tasks, "kickoffs": {"1": kickoff}, "pulls": {}, "shown": {},
        "issues": {}, "waiting": {}, "own": {}, "repo": {"forge": "gitea", "html_url": "https://git.test/ada/shop"},
    }  # fmt: skip
    policy = {"statuses": STATUSES, "framework": "claude-code", "parallel": 2}
    wanted = compositions.run("wanted", {"state": state, "policy": policy}).output["wanted"]
    return str(next(one["body"] for one in wanted if one["kind"] == "board"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        absent("there is no browser here: install chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="module")
def boards(gitea_server: dict[str, Any]) -> dict[int, str]:
    """The addresses of issues that carry a board of so many tasks."""
    alice = GiteaForge(gitea_server["url"], gitea_server["users"]["alice"]["token"])
    alice.api.send("POST", "/user/repos", {"name": "boards", "auto_init": True})
    addresses = {}
    for many in (4, 60):
        issue = alice.create_issue("alice/boards", f"A shop of {many} tasks", "Sell shoes.")
        alice.comment("alice/boards", issue["number"], board(many))
        addresses[many] = f"{gitea_server['url']}/alice/boards/issues/{issue['number']}"
    return addresses


@pytest.mark.gitea
@pytest.mark.browser
@pytest.mark.parametrize("many", [4, 60])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 400])
def test_a_board_is_drawn_and_fits_its_page(
    browser: Browser, boards: dict[int, str], many: int, scheme: Literal["light", "dark"], width: int
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.set_default_timeout(LIMIT_S * 1000)
    try:
        page.goto(boards[many])
        graph = page.locator("iframe.markup-content-iframe")
        graph.wait_for()
        drawn = graph.content_frame.locator("svg .node")
        drawn.first.wait_for()
        assert drawn.count() >= min(many, 20)
        assert page.locator(".ui.message.error, .markup .mermaid-block.is-error").count() == 0
        assert page.locator(".markup table tbody tr").count() >= many
        assert sideways(page) == 0
        keep(page, f"board-{many}-{scheme}-{width}.png")
    finally:
        page.close()


def sideways(page: Page) -> int:
    """By how many pixels the page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def keep(page: Page, name: str) -> None:
    """A picture of the comment, where a folder is named for them."""
    if folder := os.environ.get("CALORON_SCREENSHOTS"):
        page.locator(".timeline-item.comment").last.screenshot(path=Path(folder) / name)
