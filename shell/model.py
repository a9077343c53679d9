"""The model: one question, one checked answer; failures are Unavailable or Refused."""

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict
from urllib.parse import urlsplit

from shell.errors import Refused, Unavailable
from shell.sanitize import read_json, replace_lone_surrogates

if TYPE_CHECKING:
    import anthropic

DEFAULT_MODEL = "claude-sonnet-5-5"
MAX_TOKENS = 16_000  # above 21,333 the SDK insists on streaming
_CREDENTIALS = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_PROFILE", "ANTHROPIC_IDENTITY_TOKEN")
_PASSING = (408, 409, 429)
_WHOLE = ("end_turn", "stop_sequence", "tool_use")


class Question(TypedDict):
    """The question."""

    messages: Sequence[Mapping[str, Any]]
    model: NotRequired[str | None]
    system: NotRequired[str]
    tools: NotRequired[Sequence[Mapping[str, Any]]]
    schema: NotRequired[Mapping[str, Any]]
    """A JSON schema that the answer keeps to."""
    max_tokens: NotRequired[int]


class Answer(TypedDict):
    """What came back: the blocks as they are sent back in a conversation, and their text together."""

    content: list[dict[str, Any]]
    text: str
    stop_reason: str
    input_tokens: int
    output_tokens: int
    model: str


def ask(question: Question, *, api_key: str | None = None, timeout: float = 300, retries: int = 0) -> Answer:
    """Ask once (at most two `retries`); Unavailable or Refused. Look at `stop_reason`, or use `whole`.

    The server may ask for any pause between two tries, so whoever can wait better does it outside.
    """
    import anthropic  # here, for it takes more than a second and 70 MB

    if not api_key and not any(os.environ.get(name) for name in _CREDENTIALS):
        raise Refused(401, "There is no key for the model; set ANTHROPIC_API_KEY.")
    with anthropic.Anthropic(api_key=api_key, timeout=timeout, max_retries=min(retries, 2)) as client:
        host = urlsplit(str(client.base_url)).netloc
        try:
            return _answer(client.messages.create(**_parameters(question)))
        except anthropic.APIStatusError as error:
            raise _fault(error, host) from None
        except anthropic.APIConnectionError as error:
            reason = "the request timed out" if _is_late(error) else "could not connect"
            raise Unavailable(host, reason) from None


def whole(answer: Answer) -> Answer:
    """The answer, if it is complete; Refused says why not."""
    if answer["stop_reason"] in _WHOLE:
        return answer
    reasons = {
        "max_tokens": "its answer was longer than allowed",
        "refusal": "it declined to answer",
        "model_context_window_exceeded": "the conversation is too long for it",
    }
    words = reasons.get(answer["stop_reason"], f"it stopped with {answer['stop_reason']}")
    raise Refused(422, f"The model {answer['model']} gave no complete answer: {words}.")


def ask_json(question: Question, *, api_key: str | None = None, timeout: float = 300) -> Any:
    """A whole answer, read as JSON; give the question a `schema`."""
    answer = whole(ask(question, api_key=api_key, timeout=timeout))
    try:
        return read_json(answer["text"])
    except ValueError as error:
        raise Refused(
            422, f"The model {answer['model']} answered something that is no JSON ({error})."
        ) from None


def _parameters(question: Question) -> dict[str, Any]:
    format_ = {"format": {"type": "json_schema", "schema": question.get("schema")}}
    given = {
        "system": question.get("system"),
        "tools": list(question.get("tools") or []),
        "output_config": format_ if question.get("schema") else None,
    }
    return {
        "model": question.get("model") or os.environ.get("ANTHROPIC_MODEL") or DEFAULT_MODEL,
        "max_tokens": question.get("max_tokens", MAX_TOKENS),
        "messages": list(question["messages"]),
        **{name: value for name, value in given.items() if value},
    }


def _answer(message: "anthropic.types.Message") -> Answer:
    content = [block.model_dump(mode="json", exclude_unset=True) for block in message.content]
    usage = message.usage
    cached = (usage.cache_read_input_tokens or 0) + (usage.cache_creation_input_tokens or 0)
    return {
        "content": content,
        "text": replace_lone_surrogates(
            "".join(block["text"] for block in content if block["type"] == "text")
        ),
        "stop_reason": message.stop_reason or "unknown",
        "input_tokens": usage.input_tokens + cached,
        "output_tokens": usage.output_tokens,
        "model": str(message.model),
    }


def _fault(error: "anthropic.APIStatusError", host: str) -> Unavailable | Refused:
    words = _words(error)
    if error.status_code not in _PASSING and error.status_code < 500:
        return Refused(error.status_code, words)
    wait = error.response.headers.get("retry-after", "")
    pause = float(wait) if wait.replace(".", "", 1).isdigit() else None
    return Unavailable(host, words, pause, error.status_code)


def _words(error: "anthropic.APIStatusError") -> str:
    body = error.body
    inner = body.get("error") if isinstance(body, dict) else None
    message = inner.get("message") if isinstance(inner, dict) else None
    return str(message or f"status {error.status_code}")[:500]


def _is_late(error: "anthropic.APIConnectionError") -> bool:
    import anthropic

    return isinstance(error, anthropic.APITimeoutError)
