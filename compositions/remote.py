"""Asking a stage that is served elsewhere, the way such a server wants to be asked."""

import json
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

TIMEOUT_S = 30


def ask(url: str, given: Any) -> Any:
    """The output for this input; an answer that is not `ok` raises with the server's words."""
    if not url.startswith(("http://", "https://")):
        raise ValueError("its address must begin with http:// or https://")
    body = json.dumps({"input": given}).encode()
    request = Request(url, body, {"Content-Type": "application/json"}, method="POST")
    try:
        with urlopen(request, timeout=TIMEOUT_S) as response:
            answer = json.load(response)
    except URLError as error:
        raise OSError(f"error sending request for url ({url})") from error
    if not isinstance(answer, dict) or not answer.get("ok") or "output" not in (answer.get("data") or {}):
        raise ValueError(f"it answered {json.dumps(answer)[:200]}")
    return answer["data"]["output"]
