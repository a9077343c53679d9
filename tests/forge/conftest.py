"""The forges that the contract is tried on."""

from collections.abc import Iterator
from typing import Any

import pytest

from bot.fake_forge import FakeForge
from shell.forge.gitea import GiteaForge
from shell.forge.github import GitHubForge
from tests.forge.places import Place, Receiver
from tests.real_gitea import gitea_server

__all__ = ["gitea_server"]


@pytest.fixture(scope="session")
def real_gitea(gitea_server: dict[str, Any]) -> Place:
    """A real Gitea."""
    users = gitea_server["users"]
    return Place("gitea", lambda login: GiteaForge(gitea_server["url"], users[login]["token"]))


@pytest.fixture(scope="session")
def fake_gitea() -> Iterator[Place]:
    """The fake forge as a Gitea."""
    with FakeForge("gitea") as forge:
        tokens = {login: forge.add_user(login) for login in ("bot", "alice", "bob")}
        yield Place("gitea", lambda login: GiteaForge(forge.api_url, tokens[login]))


@pytest.fixture(scope="session")
def fake_github() -> Iterator[Place]:
    """The fake forge as GitHub."""
    with FakeForge("github") as forge:
        tokens = {login: forge.add_user(login) for login in ("bot", "alice", "bob")}
        yield Place("github", lambda login: GitHubForge(forge.api_url, tokens[login]))


@pytest.fixture(params=["fake_gitea", "fake_github", pytest.param("real_gitea", marks=pytest.mark.gitea)])
def place(request: pytest.FixtureRequest) -> Place:
    """Each forge in turn."""
    found: Place = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def repo(place: Place) -> str:
    """A repository of its own."""
    return place.repository()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A door for webhooks."""
    door = Receiver()
    yield door
    door.close()
