"""The protocols in which agents talk to their models: what is asked, and how an answer is written.

Messages (Anthropic), Responses and Chat Completions (OpenAI) and Gemini, each whole or as a stream.
"""

import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

Body = Mapping[str, Any]
Json = dict[str, Any]
Tools = dict[str, list[str]]
"""The tools that a request offers: name → parameters."""
READ, WRITTEN, CACHED = 100, 20, 40
"""The tokens that each answer counts. Some protocols count the cached ones among those read."""
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Text:
    """An answer in words: it ends the turn."""

    words: str


@dataclass(frozen=True)
class Call:
    """An answer that calls a tool."""

    tool: str
    given: Mapping[str, Any] | str
    """Its parameters; the text itself for a tool that takes free text."""


Reply = Text | Call


class Wire(Protocol):
    """One protocol."""

    name: str

    def tools(self, body: Body) -> Tools: ...

    def steps(self, body: Body) -> int:
        """How many results of tools the conversation holds."""

    def streams(self, body: Body, path: str) -> bool: ...

    def whole(self, body: Body, reply: Reply) -> Json: ...

    def stream(self, body: Body, reply: Reply) -> Iterator[str]: ...

    def fault(self, status: int, words: str) -> Json: ...


def wire_of(path: str) -> Wire | None:
    """The protocol that is spoken at a path, if it asks for an answer."""
    place = path.partition("?")[0]
    found = (wire for ending, wire in _WIRES.items() if re.search(ending, place))
    return next(found, None)


def _event(data: Json, name: str = "") -> str:
    return (f"event: {name}\n" if name else "") + f"data: {json.dumps(data)}\n\n"


def _parameters(schema: Any) -> list[str]:
    return list((schema or {}).get("properties") or {})


def _number(kind: str) -> str:
    return f"{kind}_{next(_numbers)}"


class Messages:
    """Anthropic's."""

    name = "messages"

    def tools(self, body: Body) -> Tools:
        return {
            tool["name"]: _parameters(tool.get("input_schema"))
            for tool in body.get("tools") or []
            if "name" in tool
        }

    def steps(self, body: Body) -> int:
        parts = (message["content"] for message in body["messages"] if isinstance(message["content"], list))
        return sum(part.get("type") == "tool_result" for part in itertools.chain.from_iterable(parts))

    def streams(self, body: Body, path: str) -> bool:
        return bool(body.get("stream"))

    def whole(self, body: Body, reply: Reply) -> Json:
        about = {"id": _number("msg"), "type": "message", "role": "assistant", "model": body.get("model")}
        return {
            **about,
            "content": [self._block(reply)],
            "stop_reason": "end_turn" if isinstance(reply, Text) else "tool_use",
            "stop_sequence": None,
            "usage": {
                "input_tokens": READ,
                "output_tokens": WRITTEN,
                "cache_read_input_tokens": CACHED,
                "cache_creation_input_tokens": 0,
            },
        }

    def stream(self, body: Body, reply: Reply) -> Iterator[str]:
        said = self.whole(body, reply)
        block = said["content"][0]
        if isinstance(reply, Text):
            empty, delta = {**block, "text": ""}, {"type": "text_delta", "text": reply.words}
        else:
            given = json.dumps(block["input"])
            empty, delta = {**block, "input": {}}, {"type": "input_json_delta", "partial_json": given}
        begun = {**said, "content": [], "stop_reason": None}
        ended = {"stop_reason": said["stop_reason"], "stop_sequence": None}
        for event in (
            {"type": "message_start", "message": begun},
            {"type": "content_block_start", "index": 0, "content_block": empty},
            {"type": "content_block_delta", "index": 0, "delta": delta},
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": ended, "usage": {"output_tokens": WRITTEN}},
            {"type": "message_stop"},
        ):
            yield _event(event, str(event["type"]))

    def fault(self, status: int, words: str) -> Json:
        kinds = {401: "authentication_error", 429: "rate_limit_error", 529: "overloaded_error"}
        return {"type": "error", "error": {"type": kinds.get(status, "api_error"), "message": words}}

    def _block(self, reply: Reply) -> Json:
        if isinstance(reply, Text):
            return {"type": "text", "text": reply.words}
        return {"type": "tool_use", "id": _number("toolu"), "name": reply.tool, "input": reply.given}


class Responses:
    """OpenAI's newer one; Codex offers one tool there, in its input, which takes a program."""

    name = "responses"

    def tools(self, body: Body) -> Tools:
        offered: list[Json] = list(body.get("tools") or [])
        for item in self._items(body, "additional_tools"):
            offered += item.get("tools") or []
        flat = itertools.chain.from_iterable(tool.get("tools") or [tool] for tool in offered)
        return {tool["name"]: _parameters(tool.get("parameters")) for tool in flat if "name" in tool}

    def steps(self, body: Body) -> int:
        return len(list(self._items(body, "function_call_output", "custom_tool_call_output")))

    def streams(self, body: Body, path: str) -> bool:
        return bool(body.get("stream"))

    def whole(self, body: Body, reply: Reply) -> Json:
        return {
            "id": _number("resp"),
            "object": "response",
            "created_at": 0,
            "status": "completed",
            "model": body.get("model"),
            "output": [self._item(reply)],
            "usage": {
                "input_tokens": READ,
                "input_tokens_details": {"cached_tokens": CACHED},
                "output_tokens": WRITTEN,
                "output_tokens_details": {"reasoning_tokens": 0},
                "total_tokens": READ + WRITTEN,
            },
            "error": None,
            "incomplete_details": None,
            "metadata": {},
        }

    def stream(self, body: Body, reply: Reply) -> Iterator[str]:
        said = self.whole(body, reply)
        item = said["output"][0]
        at = {"output_index": 0, "item_id": item["id"]}
        begun = {**said, "status": "in_progress", "output": [], "usage": None}
        empty = {**item, "status": "in_progress"}
        events: list[Json] = [{"type": "response.created", "response": begun}]
        if isinstance(reply, Text):
            part = {**at, "content_index": 0}
            events += [
                {"type": "response.output_item.added", "output_index": 0, "item": {**empty, "content": []}},
                {
                    "type": "response.content_part.added",
                    **part,
                    "part": {"type": "output_text", "text": "", "annotations": []},
                },
                {"type": "response.output_text.delta", **part, "delta": reply.words},
                {"type": "response.output_text.done", **part, "text": reply.words},
            ]
        else:
            events.append({"type": "response.output_item.added", "output_index": 0, "item": empty})
        events += [
            {"type": "response.output_item.done", "output_index": 0, "item": item},
            {"type": "response.completed", "response": said},
        ]
        for number, event in enumerate(events):
            yield _event({**event, "sequence_number": number}, event["type"])

    def fault(self, status: int, words: str) -> Json:
        codes = {401: "invalid_api_key", 429: "insufficient_quota", 529: "server_is_overloaded"}
        kinds = {401: "invalid_request_error", 429: "insufficient_quota", 529: "server_error"}
        kind = kinds.get(status, "server_error")
        return {"error": {"message": words, "type": kind, "code": codes.get(status)}}

    def _items(self, body: Body, *kinds: str) -> Iterable[Json]:
        items = body.get("input")
        return (item for item in (items if isinstance(items, list) else []) if item.get("type") in kinds)

    def _item(self, reply: Reply) -> Json:
        if isinstance(reply, Text):
            content = [{"type": "output_text", "text": reply.words, "annotations": []}]
            return {
                "type": "message",
                "id": _number("msg"),
                "role": "assistant",
                "status": "completed",
                "content": content,
            }
        called = {"call_id": _number("call"), "name": reply.tool, "status": "completed"}
        if isinstance(reply.given, str):
            return {"type": "custom_tool_call", "id": _number("ctc"), **called, "input": reply.given}
        return {"type": "function_call", "id": _number("fc"), **called, "arguments": json.dumps(reply.given)}


class Chat:
    """OpenAI's older one, which many other servers speak."""

    name = "chat"

    def tools(self, body: Body) -> Tools:
        offered = [tool["function"] for tool in body.get("tools") or [] if "function" in tool]
        return {tool["name"]: _parameters(tool.get("parameters")) for tool in offered}

    def steps(self, body: Body) -> int:
        return sum(message.get("role") == "tool" for message in body["messages"])

    def streams(self, body: Body, path: str) -> bool:
        return bool(body.get("stream"))

    def whole(self, body: Body, reply: Reply) -> Json:
        choice = {"index": 0, "message": self._message(reply), "finish_reason": self._reason(reply)}
        return {**self._about(body, "chat.completion"), "choices": [choice], "usage": self._usage()}

    def stream(self, body: Body, reply: Reply) -> Iterator[str]:
        about = self._about(body, "chat.completion.chunk")
        first = {"index": 0, "delta": self._message(reply), "finish_reason": None}
        last = {"index": 0, "delta": {}, "finish_reason": self._reason(reply)}
        yield _event({**about, "choices": [first]})
        yield _event({**about, "choices": [last]})
        yield _event({**about, "choices": [], "usage": self._usage()})
        yield "data: [DONE]\n\n"

    def fault(self, status: int, words: str) -> Json:
        return Responses().fault(status, words)

    def _about(self, body: Body, kind: str) -> Json:
        return {"id": _number("chat"), "object": kind, "created": 0, "model": body.get("model")}

    def _reason(self, reply: Reply) -> str:
        return "stop" if isinstance(reply, Text) else "tool_calls"

    def _message(self, reply: Reply) -> Json:
        if isinstance(reply, Text):
            return {"role": "assistant", "content": reply.words}
        function = {"name": reply.tool, "arguments": json.dumps(reply.given)}
        call = {"index": 0, "id": _number("call"), "type": "function", "function": function}
        return {"role": "assistant", "content": None, "tool_calls": [call]}

    def _usage(self) -> Json:
        counts = {"prompt_tokens": READ, "completion_tokens": WRITTEN, "total_tokens": READ + WRITTEN}
        return {**counts, "prompt_tokens_details": {"cached_tokens": CACHED}}


class Gemini:
    """Google's: whether it streams stands in the path."""

    name = "gemini"

    def tools(self, body: Body) -> Tools:
        rows = (tool.get("functionDeclarations") or [] for tool in body.get("tools") or [])
        offered = list(itertools.chain.from_iterable(rows))
        return {
            tool["name"]: _parameters(tool.get("parametersJsonSchema") or tool.get("parameters"))
            for tool in offered
        }

    def steps(self, body: Body) -> int:
        parts = (content.get("parts") or [] for content in body.get("contents") or [])
        return sum("functionResponse" in part for part in itertools.chain.from_iterable(parts))

    def streams(self, body: Body, path: str) -> bool:
        return ":streamGenerateContent" in path

    def whole(self, body: Body, reply: Reply) -> Json:
        content = {"role": "model", "parts": [self._part(body, reply)]}
        return {
            "candidates": [{"content": content, "finishReason": "STOP", "index": 0}],
            "usageMetadata": {
                "promptTokenCount": READ,
                "candidatesTokenCount": WRITTEN,
                "cachedContentTokenCount": CACHED,
                "totalTokenCount": READ + WRITTEN,
            },
            "modelVersion": "stub",
            "responseId": _number("r"),
        }

    def stream(self, body: Body, reply: Reply) -> Iterator[str]:
        yield _event(self.whole(body, reply))

    def fault(self, status: int, words: str) -> Json:
        named = {401: "UNAUTHENTICATED", 429: "RESOURCE_EXHAUSTED"}
        return {"error": {"code": status, "message": words, "status": named.get(status, "UNAVAILABLE")}}

    def _part(self, body: Body, reply: Reply) -> Json:
        if isinstance(reply, Call):
            return {"functionCall": {"name": reply.tool, "args": reply.given, "id": _number("f")}}
        wanted = (body.get("generationConfig") or {}).get("responseJsonSchema")
        return {"text": json.dumps(_fitting(wanted)) if wanted else reply.words}


def _fitting(schema: Json) -> Any:
    """Something that a JSON Schema allows, for questions that an agent asks beside its work."""
    if options := schema.get("enum"):
        return options[0]
    match str(schema.get("type", "")).lower():
        case "object":
            return {name: _fitting(one) for name, one in (schema.get("properties") or {}).items()}
        case "array":
            return []
        case "integer" | "number":
            return 1
        case "boolean":
            return True
    return "none"


_WIRES: dict[str, Wire] = {
    r"/messages$": Messages(),
    r"/responses$": Responses(),
    r"/chat/completions$": Chat(),
    r":(streamG|g)enerateContent$": Gemini(),
}
