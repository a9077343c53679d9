"""A GitHub App as an account: a signed JWT is exchanged for an installation's token, valid for an hour."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import jwt

from shell.forge.http import Connection, json_of
from shell.forge.protocol import Account
from shell.secrets import know

_CLOCK_SKEW_S = 60
_JWT_S = 540  # GitHub accepts ten minutes at most
_FRESH_S = 300


@dataclass(frozen=True)
class _Token:
    text: str = field(repr=False)
    expires: float


class GitHubApp:
    """Tokens of an App's installations, each cached until five minutes before it expires."""

    def __init__(self, api_url: str, app_id: str, private_key: str, timeout: float = 10.0) -> None:
        self._app_id = app_id
        self._private_key = private_key
        know(private_key, stays=True)
        self._api = Connection(api_url, self._headers, timeout)
        self._installations: dict[str, int] = {}
        self._tokens: dict[int, _Token] = {}

    def token(self, repo: str) -> str:
        """The token for one repository."""
        if repo not in self._installations:
            self._installations[repo] = int(self._api.get(f"/repos/{repo}/installation")["id"])
        return self._token_of(self._installations[repo])

    def every_token(self) -> Iterator[str]:
        """The token of each installation."""
        for answer in self._api.pages("/app/installations", per_page=100):
            for installation in json_of(answer):
                yield self._token_of(int(installation["id"]))

    def me(self) -> Account:
        """The account that the App acts as: `<slug>[bot]`."""
        login = f"{self._api.get('/app')['slug']}[bot]"
        bot = self._api.get(f"/users/{login}")
        return {"login": bot["login"], "id": bot["id"], "app": True}

    def _token_of(self, installation: int) -> str:
        known = self._tokens.get(installation)
        if known is None or known.expires - time.time() < _FRESH_S:
            known = self._tokens[installation] = self._buy(installation)
        return known.text

    def _buy(self, installation: int) -> _Token:
        reply = self._api.send("POST", f"/app/installations/{installation}/access_tokens")
        know(reply["token"])
        return _Token(reply["token"], datetime.fromisoformat(reply["expires_at"]).timestamp())

    def _headers(self, path: str) -> Mapping[str, str]:
        now = int(time.time())
        claims = {"iat": now - _CLOCK_SKEW_S, "exp": now + _JWT_S, "iss": self._app_id}
        word = jwt.encode(claims, self._private_key, algorithm="RS256")
        return {"Authorization": f"Bearer {word}", "Accept": "application/vnd.github+json"}
