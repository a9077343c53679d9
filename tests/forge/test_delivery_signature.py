"""From which forge a delivery comes, and whether it is truly signed."""

import hashlib
import hmac
import subprocess
import sys

import pytest

from shell.errors import BadDelivery
from shell.forge import detect, read_delivery, verify

BODY = b'{"a":\n  "\xc3\xbc"}'


def signed(secret: str, body: bytes = BODY) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


@pytest.mark.parametrize(
    ("headers", "forge"),
    [
        ({"X-Forgejo-Event": "push", "X-Gitea-Event": "push", "X-GitHub-Event": "push"}, "forgejo"),
        ({"X-GitHub-Event": "push", "X-Gitea-Event": "push"}, "gitea"),
        ({"x-github-event": "push"}, "github"),
        ({"X-GitHub-Event": ""}, None),
        ({"X-GitLab-Event": "push"}, None),
    ],
)
def test_the_forge_is_known_by_its_own_header_first(headers: dict[str, str], forge: str | None) -> None:
    assert detect(headers) == forge


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Hub-Signature-256": f"sha256={signed('new')}"},
        {"x-hub-signature-256": f"sha256={signed('old')}"},
        {"X-Gitea-Signature": signed("new")},
        {"X-Forgejo-Signature": signed("old").upper()},
    ],
)
def test_any_of_the_secrets_will_do(headers: dict[str, str]) -> None:
    assert verify(BODY, headers, ["new", "old"])
    assert verify(BODY, headers, iter(["new", "old"]))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Hub-Signature-256": ""},
        {"X-Hub-Signature-256": "sha256="},
        {"X-Gitea-Signature": ""},
        {"X-Hub-Signature-256": f"sha256={signed('wrong')}"},
        {"X-Hub-Signature-256": f"sha256={signed('right', BODY + b' ')}"},
        {"X-Hub-Signature-256": f"sha256={signed('right')[:-1]}"},
        {"X-Hub-Signature-256": f"sha256={signed('right')}0"},
        {"X-Hub-Signature-256": f"sha1={signed('right')}"},
        {"X-Hub-Signature-256": f"sha256={'ü' * 64}"},
        {"X-Hub-Signature": f"sha1={hmac.new(b'right', BODY, hashlib.sha1).hexdigest()}"},
        {"X-Hub-Signature-256": "sha256=", "X-Gitea-Signature": signed("right")},
    ],
)
def test_what_is_not_signed_with_the_secret_is_not_true(headers: dict[str, str]) -> None:
    assert not verify(BODY, headers, ["right"])


def test_an_empty_secret_is_no_secret() -> None:
    assert not verify(BODY, {"X-Hub-Signature-256": f"sha256={signed('')}"}, [""])
    assert not verify(BODY, {"X-Hub-Signature-256": f"sha256={signed('right')}"}, [])


def test_reading_deliveries_loads_no_client() -> None:
    look = "import sys, shell.forge; print(*{'requests', 'jwt'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("headers", "body", "words"),
    [
        ({}, b"{}", "no event header"),
        ({"X-GitHub-Event": "push"}, b"{", "not JSON"),
        ({"X-GitHub-Event": "push"}, b"\xff", "not JSON"),
        ({"X-GitHub-Event": "push"}, b"[" * 100_000, "not JSON"),
        ({"X-GitHub-Event": "push"}, b"[]", "not a JSON object"),
        ({"X-GitHub-Event": "issues"}, b"{}", "github issues: unexpected payload at 'issue'"),
        ({"X-Gitea-Event": "issues"}, b'{"issue": 5}', "gitea issues: unexpected payload"),
        ({"X-Gitea-Event": "push"}, b'{"ref": null, "after": null}', "gitea push: unexpected payload"),
    ],
)
def test_a_delivery_that_cannot_be_read_says_why(headers: dict[str, str], body: bytes, words: str) -> None:
    with pytest.raises(BadDelivery, match=words):
        read_delivery(headers, body)
