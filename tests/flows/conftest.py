"""The forges that every scenario is played on: a bot on each, started once, and a repository a scenario."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bot.fake_forge import FakeForge
from shell.forge.gitea import GiteaForge
from shell.forge.github import GitHubForge
from tests.flows.forges import is_wanted
from tests.flows.house import ALICE, BOB, BOT, MALLORY, OTHER_BOT, House, served
from tests.flows.play import Play


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Each flow on the forges that say something about it."""
    needless = [item for item in items if not is_wanted(item.nodeid)]
    if needless:
        config.hook.pytest_deselected(items=needless)
        items[:] = [item for item in items if is_wanted(item.nodeid)]


@pytest.fixture(scope="session")
def on_fake_gitea(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The bot on the fake forge as a Gitea."""
    folder = tmp_path_factory.mktemp("fg")
    with FakeForge("gitea", folder / "forge") as forge:
        tokens = {login: forge.add_user(login) for login in (BOT, ALICE, BOB, MALLORY)}
        settings = {"GITEA_URL": forge.url, "GITEA_TOKEN": tokens[BOT]}
        house = House(
            "gitea", lambda login: GiteaForge(forge.api_url, tokens[login]), settings, fake_url=forge.url
        )
        with served(house, folder) as up:
            yield up


@pytest.fixture(scope="session")
def on_fake_github(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The bot on the fake forge as GitHub."""
    folder = tmp_path_factory.mktemp("fh")
    with FakeForge("github", folder / "forge") as forge:
        tokens = {login: forge.add_user(login) for login in (BOT, ALICE, BOB, MALLORY, OTHER_BOT)}
        settings = {"GITHUB_API_URL": forge.api_url, "GITHUB_TOKEN": tokens[BOT]}
        house = House(
            "github", lambda login: GitHubForge(forge.api_url, tokens[login]), settings, fake_url=forge.url
        )
        with served(house, folder) as up:
            yield up


@pytest.fixture(scope="session")
def on_real_gitea(gitea_server: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The bot on a real Gitea."""
    users, url = gitea_server["users"], gitea_server["url"]
    settings = {"GITEA_URL": url, "GITEA_TOKEN": users[BOT]["token"]}
    house = House("gitea", lambda login: GiteaForge(url, users[login]["token"]), settings, real=True)
    with served(house, tmp_path_factory.mktemp("rg")) as up:
        yield up


FORGES = ["on_fake_gitea", "on_fake_github", pytest.param("on_real_gitea", marks=pytest.mark.gitea)]


@pytest.fixture(params=FORGES, scope="session")
def house(request: pytest.FixtureRequest) -> House:
    """Each forge in turn, with its bot."""
    found: House = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def play(house: House) -> Play:
    """A scenario in a repository of its own."""
    return Play(house, house.repository())


@pytest.fixture
def staged(house: House) -> Callable[..., Play]:
    """A scenario in a repository with other rights, or without a commit."""
    return lambda **how: Play(house, house.repository(**how))
