"""Conversations over the Agent Client Protocol: what real agents said, recorded, and what is made of it."""

import json
from pathlib import Path
from typing import Any, Literal

import pytest

from shell import secrets
from shell.agent.acp import STEP, Conversation, Profile, ProtocolError, Resume, TurnEnded, Usage
from shell.agent.acp_agents import ANY, CLAUDE, CODEX, GEMINI, OPENCODE
from shell.agent.acp_failures import retry_after_s

RECORDED = Path(__file__).parent.parent / "fixtures" / "acp"
PROFILES = {
    name: agent.profile
    for name, agent in {"claude": CLAUDE, "codex": CODEX, "gemini": GEMINI, "opencode": OPENCODE}.items()
}
FOLDER = Path("/home/agent/work")


def played(name: str) -> tuple[Conversation, list[dict[str, Any]]]:
    """A conversation fed with what a real agent said, and all that we said to it."""
    conversation = Conversation(PROFILES[name.partition(".")[0]], FOLDER, "Task: t1")
    sent = conversation.begin()
    for line in (RECORDED / f"{name}.jsonl").read_bytes().splitlines():
        assert conversation.ended is None, "the agent said more after the end of its turn"
        sent += conversation.receive(line)
    return conversation, sent


@pytest.mark.parametrize("agent", PROFILES)
def test_a_turn_of_each_agent_ends_well(agent: str) -> None:
    conversation, sent = played(f"{agent}.ok")
    assert conversation.ended is not None and conversation.ended.how == "done"
    assert "CALORON_FEEDBACK_START" in conversation.text and "MODE_UPDATE" not in conversation.text
    assert conversation.step.startswith("python3 hello.py")
    assert [message["method"] for message in sent if "method" in message][-1] == "session/prompt"


@pytest.mark.parametrize(
    ("agent", "usage"),
    [
        ("claude", Usage(300, 60, 3000, 0.005)),
        ("codex", Usage(180, 60, 120, None)),
        ("gemini", Usage(300, 60, 0, None)),
        ("opencode", Usage(100, 20, 1000, 0.0032624999999999998)),
    ],
)
def test_usage_is_read_from_each_agents_own_shape(agent: str, usage: Usage) -> None:
    assert played(f"{agent}.ok")[0].usage == usage


@pytest.mark.parametrize("agent", ["claude", "codex"])
@pytest.mark.parametrize(("status", "kind"), [(401, "auth"), (429, "quota"), (529, "overload")])
def test_a_failed_turn_tells_its_kind(agent: str, status: int, kind: str) -> None:
    ended = played(f"{agent}.{status}")[0].ended
    assert ended is not None and ended.how == kind and ended.reason


def test_the_mode_is_set_before_the_prompt_is_sent() -> None:
    methods = [message["method"] for message in played("claude.ok")[1]]
    assert methods == ["initialize", "session/new", "session/set_mode", "session/prompt"]


def answer(number: int, **result: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": number, "result": result}).encode()


def opened(profile: Profile = ANY.profile, **named: Any) -> Conversation:
    """A conversation whose prompt has been sent."""
    conversation = Conversation(profile, FOLDER, "Task: t1", **named)
    conversation.begin()
    conversation.receive(answer(1, protocolVersion=1))
    (prompt,) = conversation.receive(answer(2, sessionId="s1"))
    assert prompt["method"] == "session/prompt"
    return conversation


@pytest.mark.parametrize(
    ("capabilities", "reached"),
    [
        ({}, ["a"]),
        ({"mcpCapabilities": {"http": True, "sse": False}}, ["a", "b"]),
        ({"mcpCapabilities": {"http": True, "sse": True}}, ["a", "b", "c"]),
        ({"mcpCapabilities": "all"}, ["a"]),
    ],
)
def test_an_agent_is_given_the_servers_that_it_says_it_can_reach(
    capabilities: dict[str, Any], reached: list[str]
) -> None:
    """The log names the others."""
    remote = [
        {"type": way, "name": name, "url": "https://x.test", "headers": []}
        for name, way in (("b", "http"), ("c", "sse"))
    ]
    servers = [{"name": "a", "command": "/bin/a", "args": [], "env": []}, *remote]
    conversation = Conversation(ANY.profile, FOLDER, "Task: t1", servers=servers)
    conversation.begin()
    [new] = conversation.receive(answer(1, protocolVersion=1, agentCapabilities=capabilities))
    assert new["method"] == "session/new"
    assert [server["name"] for server in new["params"]["mcpServers"]] == reached
    said = conversation.take_said()
    assert [name for name in "abc" if f"The MCP server {name} is left out" in said] == [
        name for name in "abc" if name not in reached
    ]


def test_a_permission_is_granted_with_the_widest_option() -> None:
    request = {
        "id": 7,
        "method": "session/request_permission",
        "params": {
            "toolCall": {"title": "Write a.txt"},
            "options": [
                {"kind": "reject_once", "optionId": "no"},
                {"kind": "allow_once", "optionId": "once"},
                {"kind": "allow_always", "optionId": "always"},
            ],
        },
    }
    conversation = opened()
    (reply,) = conversation.receive(json.dumps(request).encode())
    assert reply["id"] == 7 and reply["result"]["outcome"] == {"outcome": "selected", "optionId": "always"}
    assert conversation.step == "Write a.txt"


def test_a_request_that_we_did_not_offer_is_refused() -> None:
    asked = json.dumps({"id": 3, "method": "fs/read_text_file", "params": {"path": "/etc/passwd"}})
    (reply,) = opened().receive(asked.encode())
    assert reply["error"]["code"] == -32601


def asked_in(conversation: Conversation, *answers: bytes) -> str:
    """What the conversation says in its turn, after these answers."""
    conversation.begin()
    (prompt,) = [conversation.receive(one) for one in answers][-1]
    assert prompt["method"] == "session/prompt"
    [part] = prompt["params"]["prompt"]
    return str(part["text"])


RESUME = Resume("old", "Go on.")
GONE = b'{"id": 2, "error": {"code": -32602, "message": "no such session"}}'
SPOKEN = answer(1, protocolVersion=1)


def test_a_session_that_goes_on_is_told_only_what_is_new() -> None:
    conversation = Conversation(CODEX.profile, FOLDER, "Task: t1\nGo on.", resume=RESUME)
    assert asked_in(conversation, SPOKEN, answer(2)) == "Go on."
    assert conversation.session_id == "old"


def test_a_session_that_is_gone_is_replaced_and_told_everything() -> None:
    conversation = Conversation(CODEX.profile, FOLDER, "Task: t1\nGo on.", resume=RESUME)
    assert asked_in(conversation, SPOKEN, GONE, answer(3, sessionId="s2")) == "Task: t1\nGo on."
    assert conversation.session_id == "s2"


def test_an_agent_that_resumes_nothing_is_told_everything() -> None:
    conversation = Conversation(GEMINI.profile, FOLDER, "Task: t1\nGo on.", resume=RESUME)
    conversation.begin()
    assert conversation.receive(SPOKEN)[0]["method"] == "session/new"


@pytest.mark.parametrize(("told", "counted"), [(0.5, 0.3), (0.1, 0.1)])
def test_the_cost_of_a_session_that_goes_on_is_what_it_has_more(told: float, counted: float) -> None:
    """Agents tell the cost of all its turns; one that counts anew is believed."""
    conversation = Conversation(CODEX.profile, FOLDER, "Task: t1", resume=Resume("old", "Go on.", 0.2))
    asked_in(conversation, SPOKEN, answer(2))
    cost = {"sessionUpdate": "usage_update", "cost": {"amount": told, "currency": "USD"}}
    conversation.receive(json.dumps({"method": "session/update", "params": {"update": cost}}).encode())
    assert conversation.usage.cost_usd == pytest.approx(counted) and conversation.session_usd == told


@pytest.mark.parametrize("result", ["[]", "null", "7", '"yes"', '{"sessionId": 7}'])
def test_an_odd_answer_to_a_resumed_session_is_as_good_as_any(result: str) -> None:
    conversation = Conversation(CODEX.profile, FOLDER, "Task: t1", resume=RESUME)
    assert asked_in(conversation, SPOKEN, b'{"id": 2, "result": ' + result.encode() + b"}") == "Go on."


def test_words_reach_a_running_turn_as_the_agent_can_take_them() -> None:
    (injected,) = opened(Profile(steering="inject")).tell("Use tabs") or []
    assert injected["method"] == "_session/steering"
    (second,) = opened(Profile(steering="prompt")).tell("Use tabs") or []
    assert second["method"] == "session/prompt"
    assert opened().tell("Use tabs") is None


@pytest.mark.parametrize("steering", ["inject", "prompt"])
def test_words_that_were_refused_or_not_confirmed_are_still_to_be_told(
    steering: Literal["inject", "prompt"],
) -> None:
    conversation = opened(Profile(steering=steering))
    for text in ("one", "two", "three"):
        conversation.tell(text)
    conversation.receive(answer(4))
    conversation.receive(b'{"id": 5, "error": {"code": -32603, "message": "no running turn"}}')
    assert conversation.untold == ("two", "three")


def test_nothing_is_told_to_a_turn_that_has_not_begun() -> None:
    profile = Profile(steering="inject", mode="free")
    conversation = Conversation(profile, FOLDER, "Task: t1")
    conversation.begin()
    conversation.receive(answer(1, protocolVersion=1))
    (mode,) = conversation.receive(answer(2, sessionId="s1"))
    assert mode["method"] == "session/set_mode" and conversation.tell("Use tabs") is None
    conversation.receive(answer(3))
    assert conversation.tell("Use tabs")


def test_a_second_prompt_in_a_turn_ends_nothing() -> None:
    conversation = opened(Profile(steering="prompt"))
    conversation.tell("Use tabs")
    conversation.receive(answer(4, stopReason="end_turn"))
    assert conversation.ended is None
    conversation.receive(answer(3, stopReason="end_turn"))
    assert conversation.ended == TurnEnded("done", "")


def test_a_cancelled_turn_is_cancelled_however_it_ends() -> None:
    for end in (
        answer(3, stopReason="end_turn"),
        b'{"id": 3, "error": {"code": -32603, "message": "aborted"}}',
    ):
        conversation = opened()
        (cancel,) = conversation.cancel()
        assert cancel["method"] == "session/cancel" and "id" not in cancel
        conversation.receive(end)
        assert conversation.ended is not None and conversation.ended.how == "cancelled"


@pytest.mark.parametrize(
    ("reason", "kind"),
    [("refusal", "refused"), ("max_tokens", "context_full"), ("max_turn_requests", "limit")],
)
def test_a_turn_that_stops_early_is_no_success(reason: str, kind: str) -> None:
    conversation = opened()
    conversation.receive(answer(3, stopReason=reason))
    assert conversation.ended is not None and conversation.ended.how == kind


def test_an_agent_of_another_version_is_said_to_be_one() -> None:
    conversation = Conversation(ANY.profile, FOLDER, "Task: t1")
    conversation.begin()
    assert conversation.receive(answer(1, protocolVersion=2)) == []
    assert conversation.ended is not None and "version 2" in conversation.ended.reason


@pytest.mark.parametrize("line", [b"Welcome!", b"[1]", b"\xff\xfe", b"[" * 100_000, b"NaN"])
def test_a_line_that_is_no_message_is_an_error_in_words(line: bytes) -> None:
    with pytest.raises(ProtocolError, match="The agent sent a line"):
        opened().receive(line)


@pytest.mark.parametrize(
    "params",
    [
        {"update": {"sessionUpdate": "tool_call", "title": 7}},
        {"update": {"sessionUpdate": "usage_update", "cost": {"currency": "USD", "amount": 1e999}}},
        {"update": {"sessionUpdate": "usage_update", "cost": {"currency": "USD", "amount": True}}},
        {"update": {"sessionUpdate": "usage_update", "cost": {"currency": "USD", "amount": -0.5}}},
        {"update": {"sessionUpdate": "agent_message_chunk", "content": {"text": None}}},
        {"update": []},
        {"update": {"_meta": {"codex": "x"}}},
    ],
)
def test_a_hostile_update_changes_nothing(params: dict[str, Any]) -> None:
    conversation = opened(CODEX.profile)
    conversation.receive(json.dumps({"method": "session/update", "params": params}).encode())
    assert (conversation.step, conversation.text, conversation.usage) == ("", "", Usage())


def test_turns_without_end_count_no_more_than_a_run_can_use() -> None:
    conversation = opened(Profile(steering="prompt"))
    for number in range(4, 54):
        conversation.tell("go on")
        conversation.receive(answer(number, stopReason="end_turn", usage={"inputTokens": 10**10}))
    assert conversation.usage.input == 10**11


def test_hostile_counts_are_no_counts() -> None:
    conversation = opened()
    conversation.receive(
        answer(
            3,
            stopReason="end_turn",
            usage={"inputTokens": 1e999, "outputTokens": -5, "cachedReadTokens": True},
        )
    )
    assert conversation.usage == Usage()


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ("Rate limit reached. Please try again in 20s.", 20.0),
        ("quota exceeded, retry after 1.5 minutes", 90.0),
        ("Your limit resets in 3 hours", 10_800.0),
        ("try again in 250ms", 0.25),
        ("429 Too Many Requests", None),
        ("retry after the holidays", None),
        ("Your quota resets in 2 months", None),
        ("available: 3 million tokens", None),
        ("retry after 99999999999999 s", None),
    ],
)
def test_a_provider_may_say_when_it_goes_on(words: str, seconds: float | None) -> None:
    assert retry_after_s(words) == seconds


SECRET = "ghs_9Kx2Lm4Pq7Rt1Vw8Yz3Ab5Cd6Ef0Gh"


def update(**fields: Any) -> bytes:
    return json.dumps({"method": "session/update", "params": {"update": fields}}).encode()


def words(text: str) -> bytes:
    return update(sessionUpdate="agent_message_chunk", content={"text": text})


@pytest.fixture
def masker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "MASKER", made := secrets.Masker())
    made.know(SECRET)


@pytest.mark.usefixtures("masker")
def test_a_step_parts_no_secret() -> None:
    conversation = opened()
    for line in (
        words(f"It is {SECRET[:9]}"),
        update(sessionUpdate="tool_call", title="ls"),
        words(SECRET[9:]),
    ):
        conversation.receive(line)
    conversation.receive(words(" indeed. " + SECRET[:5]))
    assert conversation.take_said() == f"It is \n{STEP}ls\n{secrets.MASK} indeed. "
    assert conversation.take_rest() == SECRET[:5]  # nothing came that would have made it one


@pytest.mark.usefixtures("masker")
def test_a_title_is_masked_before_it_is_cut() -> None:
    conversation = opened()
    conversation.receive(update(sessionUpdate="tool_call", title="x" * 280 + f" {SECRET}"))
    assert conversation.step == "x" * 280 + f" {secrets.MASK}"
    conversation.receive(update(sessionUpdate="tool_call_update", title=f"echo {SECRET[:25]}"))
    assert conversation.step == "echo"


@pytest.mark.usefixtures("masker")
@pytest.mark.parametrize("end", range(450, 500, 7))
def test_the_words_of_a_failure_hold_no_half_of_a_secret(end: int) -> None:
    conversation = opened(Profile(failure=lambda update: "auth"))
    conversation.receive(words(f"{SECRET} {'y' * (end - 1)}"))
    conversation.receive(answer(3, stopReason="end_turn"))
    assert conversation.ended is not None and SECRET[-5:] not in conversation.ended.reason


@pytest.mark.usefixtures("masker")
def test_a_long_chunk_is_cut_without_half_of_a_secret() -> None:
    conversation = opened()
    conversation.receive(words("x" * (2**16 - 20) + SECRET))
    assert set(conversation.take_said()) == {"x", "…", "\n"}
