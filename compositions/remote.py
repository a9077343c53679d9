"""Asking a stage that is served elsewhere, the way such a server wants to be asked."""

import json
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

TIMEOUT_S = 30


def ask(url: str, given: Any) -> Any:
    """The output for this input, or why there is none, in the engine's words."""
    address = urlsplit(url)
    if not address.scheme:
        raise ValueError("builder error")
    if address.scheme not in ("http", "https") or not address.netloc:
        raise ValueError(f"builder error for url ({url})")
    body = json.dumps({"input": given}).encode()
    request = Request(url, body, {"Content-Type": "application/json"}, method="POST")
    try:
        answer = json.loads(sent(request))
    except URLError as error:
        raise OSError(f"error sending request for url ({url})") from error
    except ValueError as error:
        raise ValueError("invalid JSON response: error decoding response body") from error
    return output_of(answer)


def sent(request: Request) -> bytes:
    """What the server answers, whatever the status."""
    try:
        with urlopen(request, timeout=TIMEOUT_S) as response:
            answer: bytes = response.read()
    except HTTPError as error:
        with error:
            return error.read()
    return answer


def output_of(answer: Any) -> Any:
    """Only a plain `ok: false` is a refusal; what counts otherwise is that there is an output."""
    whole = answer if isinstance(answer, dict) else {}
    if whole.get("ok") is False:
        words = whole.get("error")
        raise ValueError(
            words if isinstance(words, str) else "remote reported ok=false without error message"
        )
    data = whole.get("data")
    if not isinstance(data, dict) or "output" not in data:
        raise ValueError("response missing data.output field")
    return data["output"]
