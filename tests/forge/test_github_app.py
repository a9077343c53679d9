"""A GitHub App signs, buys a token for an installation, and keeps it until shortly before its end."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jwt
import pytest
import responses
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from shell.clock import text_of
from shell.errors import Refused
from shell.forge import client_for
from shell.forge.github import GitHubForge
from shell.forge.github_app import GitHubApp

API = "https://api.github.com"


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def pem(key: rsa.RSAPrivateKey) -> str:
    none = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, none).decode()


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


def sells(wire: responses.RequestsMock, installation: int, *lasting: timedelta) -> None:
    """The installation's tokens t1, t2, … each with its time to live."""
    for number, life in enumerate(lasting, 1):
        said = {"token": f"t{number}", "expires_at": text_of(datetime.now(UTC) + life)}
        wire.post(f"{API}/app/installations/{installation}/access_tokens", status=201, json=said)


def test_the_app_signs_with_its_key(wire: responses.RequestsMock, key: rsa.RSAPrivateKey, pem: str) -> None:
    wire.get(f"{API}/repos/a/b/installation", json={"id": 5})
    sells(wire, 5, timedelta(hours=1))
    assert GitHubApp(API, "4711", pem).token("a/b") == "t1"
    word = wire.calls[0].request.headers["Authorization"].removeprefix("Bearer ")
    claims = jwt.decode(word, key.public_key(), algorithms=["RS256"])
    assert claims["iss"] == "4711"
    assert 0 < claims["exp"] - claims["iat"] <= 600


def test_a_token_is_kept_while_it_is_fresh(wire: responses.RequestsMock, pem: str) -> None:
    wire.get(f"{API}/repos/a/b/installation", json={"id": 5})
    sells(wire, 5, timedelta(minutes=4), timedelta(hours=1))
    app = GitHubApp(API, "4711", pem)
    assert [app.token("a/b") for _ in range(4)] == ["t1", "t2", "t2", "t2"]


def test_each_repository_is_asked_with_the_token_of_its_installation(
    wire: responses.RequestsMock, pem: str
) -> None:
    wire.get(f"{API}/repos/a/b/installation", json={"id": 5})
    sells(wire, 5, timedelta(hours=1))
    bearer = responses.matchers.header_matcher({"Authorization": "Bearer t1"})
    wire.get(
        f"{API}/repos/a/b/branches/main", json={"name": "main", "commit": {"sha": "c0ffee"}}, match=[bearer]
    )
    forge = GitHubForge(API, GitHubApp(API, "4711", pem))
    assert forge.branch_head("a/b", "main") == "c0ffee"
    assert forge.credential("a/b") == ("x-access-token", "t1")


def test_a_draft_is_ended_with_the_token_of_its_repository(wire: responses.RequestsMock, pem: str) -> None:
    wire.get(f"{API}/repos/a/b/installation", json={"id": 5})
    sells(wire, 5, timedelta(hours=1))
    wire.get(f"{API}/repos/a/b/pulls/7", json={"draft": True, "node_id": "PR_1"})
    bearer = responses.matchers.header_matcher({"Authorization": "Bearer t1"})
    ended = {"data": {"markPullRequestReadyForReview": {"pullRequest": {"isDraft": False}}}}
    wire.post(f"{API}/graphql", match=[bearer], json=ended)
    GitHubForge(API, GitHubApp(API, "4711", pem)).set_draft("a/b", 7, False)
    assert b'"id": "PR_1"' in (wire.calls[-1].request.body or b"")


@pytest.mark.parametrize(
    ("api", "graphql"),
    [(API, f"{API}/graphql"), ("https://git.example.org/api/v3", "https://git.example.org/api/graphql")],
)
def test_graphql_has_an_address_of_its_own_and_its_errors_are_refusals(
    wire: responses.RequestsMock, api: str, graphql: str
) -> None:
    wire.get(f"{api}/repos/a/b/pulls/7", json={"draft": False, "node_id": "PR_1"})
    wire.post(graphql, json={"data": None, "errors": [{"message": "Drafts are not for this plan."}]})
    with pytest.raises(Refused, match="not for this plan"):
        GitHubForge(api, "token").set_draft("a/b", 7, True)


def test_an_app_is_a_bot(wire: responses.RequestsMock, pem: str) -> None:
    wire.get(f"{API}/app", json={"slug": "caloron"})
    wire.get(f"{API}/users/caloron[bot]", json={"login": "caloron[bot]", "id": 99})
    assert GitHubForge(API, GitHubApp(API, "4711", pem)).me() == {
        "login": "caloron[bot]", "id": 99, "app": True
    }  # fmt: skip


def test_an_app_reaches_what_it_is_installed_on(wire: responses.RequestsMock, pem: str) -> None:
    wire.get(f"{API}/app/installations", json=[{"id": 5}])
    sells(wire, 5, timedelta(hours=1))
    raw = {
        "id": 1, "full_name": "a/b", "default_branch": "main", "size": 3, "private": True, "html_url": "h",
        "owner": {"id": 3, "login": "a"},
        "permissions": {"admin": False, "push": True, "pull": True},
    }  # fmt: skip
    wire.get(f"{API}/installation/repositories", json={"repositories": [raw, raw | {"archived": True}]})
    found = GitHubForge(API, GitHubApp(API, "4711", pem)).repositories()
    assert [(repo["full_name"], repo["clone_url"]) for repo in found] == [
        ("a/b", "https://github.com/a/b.git")
    ]


def test_where_the_app_is_not_installed_it_is_refused(wire: responses.RequestsMock, pem: str) -> None:
    wire.get(f"{API}/repos/a/b/installation", status=404, json={"message": "Not Found"})
    with pytest.raises(Refused) as refusal:
        GitHubForge(API, GitHubApp(API, "4711", pem)).issue("a/b", 1)
    assert refusal.value.status == 404


# the client of the settings


def settings(**given: Any) -> Any:
    empty = dict.fromkeys(
        ("gitea_url", "gitea_token", "github_token", "github_app_id", "github_app_private_key")
    )
    return SimpleNamespace(**{**empty, "github_api_url": API, "github_app_private_key_file": None, **given})


def test_the_settings_make_the_client(wire: responses.RequestsMock, pem: str, tmp_path: Path) -> None:
    bearer = responses.matchers.header_matcher({"Authorization": "Bearer p"})
    wire.get(f"{API}/user", json={"login": "bot", "id": 2}, match=[bearer])
    assert client_for("github", settings(github_token="p")).me()["login"] == "bot"
    assert client_for("github", settings(github_token="q"), token="p").me()["login"] == "bot"
    wire.get("https://g.test/api/v1/user", json={"login": "bot", "id": 2})
    assert client_for("gitea", settings(gitea_url="https://g.test", gitea_token="t")).me()["id"] == 2
    wire.get(f"{API}/app", json={"slug": "caloron"})
    wire.get(f"{API}/users/caloron[bot]", json={"login": "caloron[bot]", "id": 99})
    file = tmp_path / "key.pem"
    file.write_text(pem)
    one_line = pem.replace("\n", "\\n")
    for key in ({"github_app_private_key": one_line}, {"github_app_private_key_file": file}):
        assert client_for("github", settings(github_app_id="4711", **key)).me()["id"] == 99


def test_a_forge_that_is_not_set_is_named() -> None:
    with pytest.raises(ValueError, match="GITEA_URL"):
        client_for("gitea", settings())
    with pytest.raises(ValueError, match="GITHUB_APP_PRIVATE_KEY"):
        client_for("github", settings(github_app_id="4711"))
