"""One conversation with a coding agent over the Agent Client Protocol (version 1): what to say, what it did.

It reads and writes no pipe itself: `begin`, `receive`, `tell` and `cancel` return the messages to send, each
one JSON object for a line (JSON-RPC 2.0, https://agentclientprotocol.com).
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

from shell.agent.acp_failures import FailureKind, kind_of_error, kind_of_text
from shell.run_bounds import within
from shell.secrets import MaskedStream, mask, masked_start

Message = dict[str, Any]
"""A JSON-RPC message as it goes over the wire; its fields differ by method, so it has no type of its own."""

Steering = Literal["inject", "prompt", "next-turn"]
"""How words reach a running turn: `_session/steering`, a second prompt, or only the next turn."""

STEP = "» "
"""Begins the line of a step in what `take_said` gives."""

_VERSION = 1
_METHOD_NOT_FOUND = -32601
_LONGEST_TITLE, _LONGEST_TEXT = 300, 64 * 1024
_MOST_TOKENS, _MOST_USD = 10**11, 10**6
_LONGEST_FAILURE = 500
"""Characters at the end of what an agent said that tell why its turn failed."""
_CAPABILITIES = {"fs": {"readTextFile": False, "writeTextFile": False}, "terminal": False}
"""None: the agent reads, writes and runs everything itself, inside the walls."""


class ProtocolError(Exception):
    """The agent said something that is no message of the protocol; the text quotes its beginning."""


@dataclass(frozen=True)
class Profile:
    """How one agent differs from the others that speak the protocol."""

    mode: str | None = None
    """The mode in which it does not ask before each step; None: it has none, or a variable sets it."""
    careful_mode: str | None = None
    """The mode for a run without walls, where some refuse the other; what it asks for is granted too."""
    model: Literal["option", "variable"] = "option"
    """Whether the model is set by `session/set_config_option`, or by a variable of its environment."""
    steering: Steering = "next-turn"
    resumes: bool = False
    """Whether a session goes on in a fresh process with the same home."""
    session_meta: Mapping[str, Any] = field(default_factory=dict)
    failure: Callable[[Message], FailureKind | None] = lambda update: None
    """Reads a failure out of an update, for agents whose failed turns end as good ones do."""
    noise: tuple[str, ...] = ()
    """Texts that the agent mixes into its words; they are left out."""


@dataclass(frozen=True)
class Usage:
    """Tokens and cost; `cost_usd` is None where the agent does not say it."""

    input: int = 0
    output: int = 0
    cached: int = 0
    cost_usd: float | None = None


def total(used: Iterable[Usage]) -> Usage:
    """Of several turns; dollars only where each of them says what it cost."""
    rows = list(used)
    costs = [row.cost_usd for row in rows if row.cost_usd is not None]
    return Usage(
        sum(row.input for row in rows),
        sum(row.output for row in rows),
        sum(row.cached for row in rows),
        sum(costs) if len(costs) == len(rows) else None,
    )


@dataclass(frozen=True)
class TurnEnded:
    """How a turn ended: `done`, `cancelled`, or the kind of failure, with the agent's own words."""

    how: Literal["done", "cancelled"] | FailureKind
    reason: str = ""


@dataclass(frozen=True)
class Resume:
    """A session to go on with, and what to say in it instead of the whole prompt."""

    session: str
    words: str
    cost_usd: float = 0.0
    """What the session had cost before: agents tell the cost of all its turns."""


@dataclass
class Conversation:
    """The state of one session: what was asked, what the agent does now, and how its turn ended."""

    profile: Profile
    folder: Path
    prompt: str
    model: str | None = None
    resume: Resume | None = None
    """Used where the profile says that it can be; a session that is gone gets the whole prompt."""
    servers: Sequence[Mapping[str, Any]] = ()
    """The MCP servers that it is given, as far as it can reach them."""

    session_id: str | None = None
    session_usd: float = 0.0
    """What all turns of the session have cost, as the agent tells it."""
    step: str = ""
    """What the agent does now, in its own words (a tool's title)."""
    text: str = ""
    """What it said in this turn, with the end kept."""
    usage: Usage = field(default_factory=Usage)
    ended: TurnEnded | None = None

    _said: list[str] = field(default_factory=list)
    _words: MaskedStream = field(default_factory=MaskedStream)
    """Of the words alone: a step between two of them does not part a secret."""
    _next_id: int = 0
    _waiting: dict[int, Callable[[Message], list[Message]]] = field(default_factory=dict)
    _failure: FailureKind | None = None
    _cancelled: bool = False
    _asked: bool = False
    """Whether the turn has begun."""
    _unconfirmed: list[str] = field(default_factory=list)
    _before_usd: float = 0.0

    def begin(self) -> list[Message]:
        """The first message."""
        client = {"name": "caloron", "version": "1"}
        params = {"protocolVersion": _VERSION, "clientCapabilities": _CAPABILITIES, "clientInfo": client}
        return [self._request("initialize", params, self._initialized)]

    def receive(self, line: bytes) -> list[Message]:
        """Take one line of the agent's output; ProtocolError if it is no message."""
        message = parse(line)
        if "method" not in message:
            return self._answered(message)
        params = message.get("params")
        params = params if isinstance(params, dict) else {}
        if "id" in message:
            return [self._reply(message, params)]
        self._notified(str(message["method"]), params)
        return []

    def tell(self, text: str) -> list[Message] | None:
        """Words for the running turn; None if this agent takes them only in its next one."""
        if not self._asked or self.ended is not None:
            return None
        match self.profile.steering:
            case "inject":
                return [self._steer("_session/steering", text)]
            case "prompt":
                return [self._steer("session/prompt", text)]
            case "next-turn":
                return None

    @property
    def untold(self) -> tuple[str, ...]:
        """What was told to the turn, and the agent has refused or not confirmed."""
        return tuple(self._unconfirmed)

    def cancel(self) -> list[Message]:
        """Ask the agent to end its turn; it does so within a second or so."""
        self._cancelled = True
        if self.session_id is None or self.ended is not None:
            return []
        return [{"jsonrpc": "2.0", "method": "session/cancel", "params": {"sessionId": self.session_id}}]

    def give_up(self, reason: str) -> None:
        """End the turn from this side: what the agent says makes no sense."""
        self._end("crashed", reason)

    def take_said(self) -> str:
        """What is new for those who follow: the agent's words, and each step in a line of its own; masked."""
        said, self._said = "".join(self._said), []
        return said

    def take_rest(self) -> str:
        """The same after its last word: nothing follows that a secret could go on in."""
        return self.take_said() + self._words.end()

    # Requests of ours, one after the other

    def _initialized(self, answer: Message) -> list[Message]:
        result = self._result(answer)
        if result is None:
            return []
        if result.get("protocolVersion") != _VERSION:
            self._end(
                "crashed", f"The agent speaks version {result.get('protocolVersion')} of the protocol, not 1."
            )
            return []
        params: Message = {"cwd": str(self.folder), "mcpServers": self._reachable(result)}
        if self.profile.session_meta:
            params["_meta"] = dict(self.profile.session_meta)
        if self.resume and self.profile.resumes:
            resumed, words = params | {"sessionId": self.resume.session}, self.resume
            handler = partial(self._resumed, params, words)
            return [self._request("session/resume", resumed, handler)]
        return [self._request("session/new", params, self._opened)]

    def _reachable(self, result: Message) -> list[Mapping[str, Any]]:
        """The servers without those of a kind that the agent does not know; the log names these."""
        capabilities = result.get("agentCapabilities")
        known = capabilities.get("mcpCapabilities") if isinstance(capabilities, dict) else None
        ways = {"stdio", *(way for way in ("http", "sse") if isinstance(known, dict) and known.get(way))}
        for server in self.servers:
            if (way := server.get("type", "stdio")) not in ways:
                self._said.append(
                    f"\n{STEP}The MCP server {server['name']} is left out: this agent reaches none by {way}\n"
                )
        return [server for server in self.servers if server.get("type", "stdio") in ways]

    def _resumed(self, params: Message, resume: Resume, answer: Message) -> list[Message]:
        """A session that is gone is replaced by a new one: the prompt holds all that the agent needs."""
        if "error" in answer:
            return [self._request("session/new", params, self._opened)]
        self.prompt, self.session_usd = resume.words, resume.cost_usd
        self._before_usd = resume.cost_usd
        return self._opened({"result": {"sessionId": resume.session}})

    def _opened(self, answer: Message) -> list[Message]:
        result = self._result(answer)
        if result is None:
            return []
        if not isinstance(session := result.get("sessionId"), str):
            self._end("crashed", "The agent opened no session.")
            return []
        self.session_id = session
        return self._configure([*self._options()])

    def _options(self) -> Iterable[tuple[str, Message]]:
        session = {"sessionId": self.session_id}
        if self.profile.mode:
            yield "session/set_mode", session | {"modeId": self.profile.mode}
        if self.model and self.profile.model == "option":
            yield "session/set_config_option", session | {"configId": "model", "value": self.model}

    def _configure(self, options: list[tuple[str, Message]]) -> list[Message]:
        """Set what is left of the options, and then ask."""
        if not options:
            return [self._prompt(self.prompt)]
        (method, params), *others = options

        def answered(answer: Message) -> list[Message]:
            return [] if self._result(answer) is None else self._configure(others)

        return [self._request(method, params, answered)]

    def _prompt(self, text: str) -> Message:
        self._asked = True
        return self._request("session/prompt", self._saying(text), self._turn_ended)

    def _steer(self, method: str, text: str) -> Message:
        self._unconfirmed.append(text)
        return self._request(method, self._saying(text), partial(self._steered, text))

    def _saying(self, text: str) -> Message:
        return {"sessionId": self.session_id, "prompt": [{"type": "text", "text": text}]}

    def _turn_ended(self, answer: Message) -> list[Message]:
        result = self._result(answer)
        if result is None:
            return []
        self._count(result)
        reason = result.get("stopReason")
        if self._cancelled or reason == "cancelled":
            self._end("cancelled", "The turn was cancelled.")
        elif self._failure:
            words = mask(self.text)[-_LONGEST_FAILURE:]  # what it said before is its work, not its failure
            self._end(kind_of_text(words) if self._failure == "failed" else self._failure, words)
        elif reason == "end_turn":
            self._end("done", self.text)
        else:
            kinds: dict[Any, FailureKind] = {"refusal": "refused", "max_tokens": "context_full"}
            kind = kinds.get(reason, "limit") if isinstance(reason, str) else "failed"
            self._end(kind, f"The agent stopped: {_short(reason)}.")
        return []

    def _steered(self, text: str, answer: Message) -> list[Message]:
        """The answer to words for the running turn: it ends nothing, but what it used is counted."""
        if isinstance(result := answer.get("result"), dict):
            self._count(result)
        if "error" not in answer:
            self._unconfirmed.remove(text)
        return []

    def _result(self, answer: Message) -> Message | None:
        """The result of a request; an error ends the turn, with its kind."""
        if "error" in answer:
            error = answer["error"] if isinstance(answer["error"], dict) else {}
            self._end("cancelled" if self._cancelled else kind_of_error(error), _short(error.get("message")))
            return None
        result = answer.get("result")
        return result if isinstance(result, dict) else {}

    def _end(self, how: Literal["done", "cancelled"] | FailureKind, reason: str) -> None:
        """The first ending counts."""
        if self.ended is None:
            self._said.append(self._words.end() + "\n")
            self.ended = TurnEnded(how, reason)

    # What comes in

    def _answered(self, message: Message) -> list[Message]:
        handler = self._waiting.pop(message.get("id", -1), None) if _is_id(message.get("id")) else None
        return handler(message) if handler else []

    def _reply(self, message: Message, params: Message) -> Message:
        answer: Message = {"jsonrpc": "2.0", "id": message["id"]}
        if message["method"] != "session/request_permission":
            return answer | {"error": {"code": _METHOD_NOT_FOUND, "message": "not supported"}}
        self._note_tool(params.get("toolCall"))
        if self._cancelled or (option := _allowing(params.get("options"))) is None:
            return answer | {"result": {"outcome": {"outcome": "cancelled"}}}
        return answer | {"result": {"outcome": {"outcome": "selected", "optionId": option}}}

    def _notified(self, method: str, params: Message) -> None:
        self._failure = self.profile.failure({"method": method, **params}) or self._failure
        update = params.get("update")
        if method != "session/update" or not isinstance(update, dict):
            return
        match update.get("sessionUpdate"):
            case "agent_message_chunk":
                self._note_text(update.get("content"))
            case "tool_call" | "tool_call_update":
                self._note_tool(update)
            case "usage_update":
                self._note_cost(update.get("cost"))

    def _note_text(self, content: Any) -> None:
        if isinstance(content, dict) and isinstance(text := content.get("text"), str):
            if any(text.startswith(noise) for noise in self.profile.noise):
                return
            self.text = (self.text + text[-_LONGEST_TEXT:])[-_LONGEST_TEXT:]
            self._said.append(self._words.feed(_bounded(text).encode(errors="replace")))

    def _note_tool(self, call: Any) -> None:
        """The newest title; a finished step keeps it until the next one begins."""
        if isinstance(call, dict) and isinstance(title := call.get("title"), str) and title.strip():
            # it may come again, and longer: its end can be half a secret
            masked = masked_start(title, _LONGEST_TEXT, goes_on=True)
            step = " ".join(masked.split())[:_LONGEST_TITLE]
            if step != self.step:
                self._said.append(f"\n{STEP}{step}\n")
            self.step = step

    def _note_cost(self, cost: Any) -> None:
        if isinstance(cost, dict) and cost.get("currency") == "USD":
            amount = cost.get("amount")
            if within(amount, _MOST_USD):
                if amount < self._before_usd:  # it counts this process alone
                    self._before_usd = 0.0
                self.session_usd = float(amount)
                self.usage = replace(self.usage, cost_usd=float(amount) - self._before_usd)

    def _count(self, result: Message) -> None:
        """Add a turn's tokens, as the agent's own shapes tell them."""
        usage = result.get("usage")
        counts = usage if isinstance(usage, dict) else _quota(result)
        self.usage = replace(
            self.usage,
            input=_sum(self.usage.input, counts, "inputTokens", "input_tokens"),
            output=_sum(self.usage.output, counts, "outputTokens", "output_tokens"),
            cached=_sum(self.usage.cached, counts, "cachedReadTokens", "cached_tokens"),
        )

    def _request(self, method: str, params: Message, handler: Callable[[Message], list[Message]]) -> Message:
        self._next_id += 1
        self._waiting[self._next_id] = handler
        return {"jsonrpc": "2.0", "id": self._next_id, "method": method, "params": params}


def parse(line: bytes) -> Message:
    """One line as a message; ProtocolError if it is none."""
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        raise ProtocolError(f"The agent sent a line that is no JSON: {line[:200]!r}") from None
    if not isinstance(message, dict):
        raise ProtocolError(f"The agent sent a line that is no message: {line[:200]!r}")
    return message


def _is_id(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _allowing(options: Any) -> str | None:
    """The option that allows this for the whole session, or else once."""
    found = {
        str(option.get("kind")): option.get("optionId")
        for option in (options if isinstance(options, list) else [])
        if isinstance(option, dict)
    }
    option = found.get("allow_always") or found.get("allow_once")
    return option if isinstance(option, str) else None


def _quota(result: Message) -> Message:
    """Gemini's counts, which stand in `_meta`."""
    meta = result.get("_meta")
    quota = meta.get("quota") if isinstance(meta, dict) else None
    counts = quota.get("token_count") if isinstance(quota, dict) else None
    return counts if isinstance(counts, dict) else {}


def _sum(before: int, counts: Message, *names: str) -> int:
    """With the first of these counts that is one; never more than a run can use."""
    found = (value for name in names if within(value := counts.get(name), _MOST_TOKENS))
    return min(before + int(next(found, 0)), _MOST_TOKENS)


def _bounded(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else masked_start(text, _LONGEST_TEXT, goes_on=True) + "…\n"


def _short(value: Any) -> str:
    return mask(str(value or "no reason given"))[:2000]
