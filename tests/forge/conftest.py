"""The forges that the contract is tried on."""

from collections.abc import Iterator
from typing import Any

import pytest

from bot.fake_forge import FakeForge
from shell.forge.gitea import GiteaForge
from shell.forge.github import GitHubForge
from tests.forge.servers import Receiver, Server


@pytest.fixture(scope="session")
def real_gitea(gitea_server: dict[str, Any]) -> Server:
    """A real Gitea."""
    users = gitea_server["users"]
    return Server("gitea", lambda login: GiteaForge(gitea_server["url"], users[login]["token"]))


@pytest.fixture(scope="session")
def fake_gitea() -> Iterator[Server]:
    """The fake forge as a Gitea."""
    with FakeForge("gitea") as forge:
        tokens = {login: forge.add_user(login) for login in ("bot", "alice", "bob")}
        yield Server("gitea", lambda login: GiteaForge(forge.api_url, tokens[login]))


@pytest.fixture(scope="session")
def fake_github() -> Iterator[Server]:
    """The fake forge as GitHub."""
    with FakeForge("github") as forge:
        tokens = {login: forge.add_user(login) for login in ("bot", "alice", "bob")}
        yield Server("github", lambda login: GitHubForge(forge.api_url, tokens[login]))


@pytest.fixture(params=["fake_gitea", "fake_github", pytest.param("real_gitea", marks=pytest.mark.gitea)])
def server(request: pytest.FixtureRequest) -> Server:
    """Each forge in turn."""
    found: Server = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def repo(server: Server) -> str:
    """A repository of its own."""
    return server.repository()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A server for webhooks."""
    server = Receiver()
    yield server
    server.close()
