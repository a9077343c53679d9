"""`CALORON_EGRESS`: what the operator lets agents reach, and what is never reached even when it is named."""

from typing import Any

import pytest
from pydantic import ValidationError

from bot.cli.doctor import agents_network
from shell.agent.egress.hosts import Operator
from shell.settings import Settings

NEEDED = {"GITEA_URL": "http://127.0.0.1:1", "GITEA_TOKEN": "none", "CALORON_WEBHOOK_SECRET": "none"}


def settings(**given: Any) -> Settings:
    return Settings.of({**NEEDED, **given})


def test_what_the_operator_names_and_what_is_never_reached() -> None:
    found = settings(
        CALORON_EGRESS="localhost:11434, 10.0.0.5:80",
        REDIS_URL="redis://:p@store.example:6380",
        CALORON_PUBLIC_URL="https://bot.example.org",
        PORT=8100,
    )
    assert found.operator == Operator(
        (("localhost", 11434), ("10.0.0.5", 80)),
        (("store.example", 6380), ("bot.example.org", 443)),
        (8100, 7710),
    )


def test_a_store_on_a_socket_has_no_port() -> None:
    assert settings(REDIS_URL="unix:///run/store.sock").operator.never == (("127.0.0.1", 8080),)


@pytest.mark.parametrize("entry", ["localhost", "*.example.org:443", "http://a:80", "0x7f.1:80", "a:0"])
def test_an_entry_is_one_host_and_one_port(entry: str) -> None:
    with pytest.raises(ValidationError, match="write each as host:port"):
        settings(CALORON_EGRESS=f"10.0.0.5:80,{entry}")


@pytest.mark.parametrize(
    "entry",
    [
        *("localhost:8080", "127.0.0.1:8080", "[::1]:8080", "127.9.9.9:7710", "store.example:6380"),
        *("bot.example.org:443", "BOT.example.org:443"),
    ],
)
def test_a_part_of_the_bot_is_no_exception(entry: str) -> None:
    with pytest.raises(ValidationError, match="a part of the bot, which agents never reach; remove it"):
        settings(
            CALORON_EGRESS=entry,
            REDIS_URL="redis://:p@store.example:6380",
            CALORON_PUBLIC_URL="https://bot.example.org",
        )


def test_the_store_of_this_machine_is_none_under_any_name() -> None:
    with pytest.raises(ValidationError, match="a part of the bot"):
        settings(CALORON_EGRESS="127.0.0.1:6379", REDIS_URL="redis://:p@localhost")


def test_doctor_says_what_agents_may_reach_and_what_is_to_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    found = agents_network(settings(CALORON_FRAMEWORK="claude-code", CALORON_EGRESS="10.0.0.5:80"))
    assert found.state == "good" and "api.anthropic.com" in found.words and "10.0.0.5:80" in found.words
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://10.0.0.6:80")
    found = agents_network(settings(CALORON_FRAMEWORK="claude-code"))
    assert found.state == "bad" and "add 10.0.0.6:80 to CALORON_EGRESS" in found.words
