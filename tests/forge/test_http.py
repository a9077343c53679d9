"""On the wire: time-outs, limits, renames and refusals become our two errors, and no token is ever told."""

from collections.abc import Iterator
from email.utils import formatdate
from time import time
from typing import Any

import pytest
import requests
import responses
from urllib3.util import connection as sockets

from shell.errors import Refused, Unavailable
from shell.forge.common_read import utc
from shell.forge.http import Connection

BASE = "https://forge.test/api/v1"
TOKEN = "t0ken-never-told"


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def api() -> Connection:
    return Connection(BASE, {"Authorization": f"token {TOKEN}"})


def failed(api: Connection, method: str = "GET") -> Unavailable:
    with pytest.raises(Unavailable) as fault:
        api.call(method, "/thing")
    assert TOKEN not in f"{fault.value!r} {fault.value}"
    return fault.value


# what passes


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (requests.ReadTimeout(), "the request timed out"),
        (requests.ConnectTimeout(), "the request timed out"),
        (requests.ConnectionError(TOKEN), "could not connect"),
        (requests.exceptions.ChunkedEncodingError(), "the response could not be read (ChunkedEncodingError)"),
    ],
)
def test_a_network_fault_is_unavailable(
    wire: responses.RequestsMock, api: Connection, error: Exception, reason: str
) -> None:
    wire.get(f"{BASE}/thing", body=error)
    assert (failed(api).reason, failed(api).host) == (reason, "forge.test")


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429])
def test_a_servers_fault_is_unavailable(wire: responses.RequestsMock, api: Connection, status: int) -> None:
    wire.post(f"{BASE}/thing", status=status, json={"message": "database is locked"})
    fault = failed(api, "POST")
    assert (fault.status, fault.reason, fault.retry_after) == (status, "database is locked", None)
    assert len(wire.calls) == 1


@pytest.mark.parametrize(
    ("headers", "least", "most"),
    [
        ({"Retry-After": "30"}, 30, 30),
        ({"Retry-After": formatdate(time() + 7200, usegmt=True)}, 3600, 7200),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(time()) + 7200)}, 3600, 7200),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1"}, 0, 0),
    ],
)
def test_a_limit_says_when_to_come_back(
    wire: responses.RequestsMock, api: Connection, headers: dict[str, str], least: float, most: float
) -> None:
    wire.get(f"{BASE}/thing", status=403, headers=headers, json={"message": "slow down"})
    retry_after = failed(api).retry_after
    assert retry_after is not None
    assert least <= retry_after <= most


def test_a_secondary_limit_is_known_by_its_words(wire: responses.RequestsMock, api: Connection) -> None:
    wire.get(f"{BASE}/thing", status=403, json={"message": "You have exceeded a secondary rate limit."})
    assert failed(api).retry_after is None


@pytest.mark.parametrize(
    ("answer", "words"),
    [({"json": {"message": "user does not exist"}}, "user does not exist"), ({}, "Unauthorized")],
)
def test_a_token_that_is_not_accepted_may_be_again(
    wire: responses.RequestsMock, api: Connection, answer: dict[str, Any], words: str
) -> None:
    wire.post(f"{BASE}/thing", status=401, **answer)
    fault = failed(api, "POST")
    assert str(fault) == f"forge.test is not available: the token was not accepted ({words})"
    assert (fault.status, fault.retry_after) == (401, None)


def test_an_answer_that_is_no_json_is_unavailable(wire: responses.RequestsMock, api: Connection) -> None:
    wire.get(f"{BASE}/thing", body="<html>A proxy greets you</html>")
    with pytest.raises(Unavailable, match="not JSON"):
        api.get("/thing")


# what is final


def test_a_refusal_quotes_the_forge(wire: responses.RequestsMock, api: Connection) -> None:
    said = {
        "message": "Validation Failed",
        "errors": [{"field": "name", "code": "already_exists"}, "and so on"],
    }
    wire.post(f"{BASE}/thing", status=422, json=said)
    with pytest.raises(Refused) as refusal:
        api.send("POST", "/thing", {})
    assert refusal.value.message == "Validation Failed; name already_exists; and so on"


def test_a_403_without_a_limit_is_final(wire: responses.RequestsMock, api: Connection) -> None:
    wire.get(f"{BASE}/thing", status=403, headers={"x-ratelimit-remaining": "4999"}, json={"message": "No."})
    with pytest.raises(Refused, match="403: No"):
        api.get("/thing")


# renames


def test_a_rename_keeps_method_body_and_account(wire: responses.RequestsMock, api: Connection) -> None:
    wire.post(f"{BASE}/old", status=301, headers={"Location": "/api/v1/new"})
    wire.post(
        f"{BASE}/new",
        json={"id": 1},
        match=[
            responses.matchers.json_params_matcher({"body": "hello"}),
            responses.matchers.header_matcher({"Authorization": f"token {TOKEN}"}),
        ],
    )
    assert api.send("POST", "/old", {"body": "hello"}) == {"id": 1}


def test_the_account_is_never_shown_to_another_server(wire: responses.RequestsMock, api: Connection) -> None:
    wire.get(f"{BASE}/thing", status=301, headers={"Location": "https://elsewhere.test/api/v1/thing"})
    with pytest.raises(Refused, match=r"another server, elsewhere\.test"):
        api.get("/thing")


def test_redirects_have_an_end(wire: responses.RequestsMock, api: Connection) -> None:
    wire.get(f"{BASE}/thing", status=307, headers={"Location": "/api/v1/thing"})
    with pytest.raises(Refused, match="too many redirects"):
        api.get("/thing")


# only GETs, only connections, only once


@pytest.mark.parametrize(("method", "tries"), [("GET", 2), ("POST", 1)])
def test_only_the_connection_of_a_get_is_tried_again(
    api: Connection, monkeypatch: pytest.MonkeyPatch, method: str, tries: int
) -> None:
    made: list[Any] = []

    def refuse(*args: Any, **options: Any) -> None:
        made.append(args)
        raise ConnectionRefusedError

    monkeypatch.setattr(sockets, "create_connection", refuse)
    assert failed(api, method).reason == "could not connect"
    assert len(made) == tries


def test_a_call_always_has_an_end(api: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Any] = []

    def seen(self: requests.Session, *args: Any, **options: Any) -> None:
        given.append(options["timeout"])
        raise requests.Timeout

    monkeypatch.setattr(requests.Session, "request", seen)
    failed(api)
    assert given == [(3.0, 10.0)]


def test_no_netrc_takes_the_place_of_the_account(
    wire: responses.RequestsMock, api: Connection, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine forge.test login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    wire.get(f"{BASE}/thing", json={})
    api.get("/thing")
    assert wire.calls[0].request.headers["Authorization"] == f"token {TOKEN}"


# times


@pytest.mark.parametrize(
    ("said", "ours"),
    [
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000Z"),
        ("2026-01-02T03:04:05+02:00", "2026-01-02T01:04:05.000Z"),
        (None, None),
    ],
)
def test_every_time_is_utc(said: str | None, ours: str | None) -> None:
    when: Any = said
    assert utc(when) == ours
