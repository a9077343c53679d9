"""One forge's HTTP: always with timeouts, renames followed, every failure Unavailable or Refused."""

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import InvalidHeader
from urllib3.util import Retry

from shell.clock import text_of
from shell.errors import Refused, Unavailable
from shell.sanitize import read_bounded
from shell.secrets import mask, mask_value

Headers = Mapping[str, str] | Callable[[str], Mapping[str, str]]
Json = Any

_CONNECT_S = 3.0
_RENAMES = 3
_AT_ONCE = 32  # pooled connections: a worker calls for many repositories at a time
_MESSAGE_LENGTH = 500  # characters of a forge's message: enough to say why, too few to flood a thread
_MESSAGE_READ = 64 * 1024
_LONGEST_TEXT = 64 * 1024 * 1024
_LONGEST_READ_S = 30.0
_ONCE = Retry(total=1, connect=1, read=0, redirect=0, status=0, other=0)
_NEVER = Retry(0, redirect=0)


class Connection:
    """Calls to one forge, at one address, with one account."""

    def __init__(self, base: str, headers: Headers, timeout: float = 10.0) -> None:
        self.base = base.rstrip("/")
        self.host = urlsplit(self.base).netloc
        self._headers = headers
        self._timeout = (_CONNECT_S, timeout)
        self._reading = _session(_ONCE)
        self._writing = _session(_NEVER)

    def get(self, path: str, **params: Any) -> Json:
        """GET; the JSON of the answer."""
        return json_of(self.call("GET", path, params=params))

    def send(self, method: str, path: str, body: Json = None, **params: Any) -> Json:
        """Write; the JSON of the answer, None if it has no body."""
        answer = self.call(method, path, params=params, body=_without_secrets(body))
        return json_of(answer) if answer.content else None

    def call(
        self, method: str, path: str, *, params: Mapping[str, Any] | None = None, body: Json = None
    ) -> requests.Response:
        """One call, redirected with the method kept; Unavailable or Refused if it fails."""
        url = path if path.startswith(("http://", "https://")) else self.base + path
        for _ in range(_RENAMES):
            answer = self._once(method, url, params, body)
            if not answer.is_redirect:
                return _checked(answer, self.host)
            url, params = self._moved(answer), None
        raise Refused(answer.status_code, "too many redirects")

    def tail(self, path: str, most: int) -> str:
        """The last bytes of a long text; where it lies on another server, that is asked without the token.

        What that server answers says nothing of the forge: each failure of it is Refused.
        """
        url = self.base + path
        for _ in range(_RENAMES):
            if not self._is_ours(url):
                return _tail_elsewhere(url, most, self._timeout)
            answer = self._once("GET", url, None, None, stream=True)
            if not answer.is_redirect:
                return _tail_of(_checked(answer, self.host), most, self.host)
            url = urljoin(answer.url, answer.headers["Location"])
            answer.close()
        raise Refused(answer.status_code, "too many redirects")

    def pages(self, path: str, **params: Any) -> Iterator[requests.Response]:
        """Every page of a list, as long as the Link header has a next one."""
        answer = self.call("GET", path, params=params)
        yield answer
        while "next" in answer.links:
            answer = self.call("GET", self._same_origin(answer.links["next"]["url"], answer))
            yield answer

    def _once(
        self,
        method: str,
        url: str,
        params: Mapping[str, Any] | None,
        body: Json,
        *,
        stream: bool = False,
    ) -> requests.Response:
        session = self._reading if method == "GET" else self._writing
        try:
            return session.request(
                method, url, params=params, json=body, auth=self._sign,
                timeout=self._timeout, allow_redirects=False, stream=stream,
            )  # fmt: skip
        except requests.Timeout:
            raise Unavailable(self.host, "the request timed out") from None
        except requests.ConnectionError:
            raise Unavailable(self.host, "could not connect") from None
        except requests.RequestException as error:
            raise Unavailable(self.host, f"the response could not be read ({type(error).__name__})") from None

    def _sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        # as `auth`, so that no .netrc replaces the account
        request.headers.update(
            self._headers(str(request.path_url)) if callable(self._headers) else self._headers
        )
        return request

    def _is_ours(self, url: str) -> bool:
        """Whether it is the server that the token is for."""
        return urlsplit(url)[:2] == urlsplit(self.base)[:2]

    def _moved(self, answer: requests.Response) -> str:
        return self._same_origin(answer.headers["Location"], answer)

    def _same_origin(self, location: str, answer: requests.Response) -> str:
        # the token is sent along, so never to another server
        url = urljoin(answer.url, location)
        if not self._is_ours(url):
            raise Refused(
                answer.status_code,
                f"redirected to another server, {urlsplit(url).netloc}; the token is not sent there",
            )
        return url


def _tail_elsewhere(url: str, most: int, timeout: tuple[float, float]) -> str:
    host = urlsplit(url).netloc
    try:
        answer = requests.get(url, auth=_unsigned, timeout=timeout, allow_redirects=False, stream=True)
        if answer.status_code == 200:
            return _tail_of(answer, most, host)
    except (requests.RequestException, Unavailable) as error:
        raise Refused(502, f"{host} did not give the text ({type(error).__name__})") from None
    answer.close()
    raise Refused(answer.status_code, f"{host} refused the text")


def _unsigned(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """As `auth`, so that no .netrc adds an account."""
    return request


def _tail_of(answer: requests.Response, most: int, host: str) -> str:
    """The end of a body, without keeping all of it; one that is too long, or too slow, is read so far."""
    kept, read, begun = b"", 0, time.monotonic()
    try:
        for piece in answer.iter_content(64 * 1024):
            kept, read = (kept + piece)[-most:], read + len(piece)
            if read > _LONGEST_TEXT or time.monotonic() - begun > _LONGEST_READ_S:
                break
    except requests.RequestException as error:
        raise Unavailable(host, f"the response broke off ({type(error).__name__})") from None
    finally:
        answer.close()
    return kept.decode(errors="replace")


def _without_secrets(body: Json) -> Json:
    """What is written, masked once more; a hook's configuration is what the forge must know."""
    if not isinstance(body, dict):
        return body
    return {name: part if name == "config" else mask_value(part) for name, part in body.items()}


def date_of(answer: requests.Response) -> str:
    """The time of the answer, by the forge's clock."""
    date = answer.headers.get("Date")
    return text_of(parsedate_to_datetime(date) if date else datetime.now(UTC))


def _session(retries: Retry) -> requests.Session:
    session = requests.Session()
    session.headers["User-Agent"] = "caloron-bot"
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(max_retries=retries, pool_maxsize=_AT_ONCE))
    return session


def json_of(answer: requests.Response) -> Json:
    """The JSON of an answer; Unavailable if it is none, or holds numbers or depths out of bounds."""
    try:
        return read_bounded(answer.content)
    except ValueError as wrong:
        host = urlsplit(answer.url or "").netloc
        raise Unavailable(host, f"the response is not JSON ({wrong})") from None


def _checked(answer: requests.Response, host: str) -> requests.Response:
    status = answer.status_code
    if status < 400:
        return answer
    message = _message(answer)
    if status == 401:  # not about this call: until the token is fixed, every call fails
        raise Unavailable(host, f"the token was not accepted ({message or answer.reason})", None, status)
    if status >= 500 or status == 429 or (status == 403 and _is_limit(answer, message)):
        raise Unavailable(host, message or f"status {status}", _retry_after(answer), status)
    raise Refused(status, message or answer.reason or "no reason given")


def _message(answer: requests.Response) -> str:
    """The forge's error message, in one line."""
    try:
        body = read_bounded(answer.content)
    except ValueError:
        return ""
    if not isinstance(body, dict):
        return ""
    details = [_detail(error) for error in body.get("errors") or []]
    whole = "; ".join(str(part) for part in [body.get("message") or "", *details] if part)
    return mask(whole[:_MESSAGE_READ])[:_MESSAGE_LENGTH]


def _detail(error: Any) -> str:
    if not isinstance(error, dict):
        return str(error)
    return error.get("message") or " ".join(str(error[key]) for key in ("field", "code") if error.get(key))


def _is_limit(answer: requests.Response, message: str) -> bool:
    headers = answer.headers
    spent = headers.get("x-ratelimit-remaining") == "0"
    return spent or "retry-after" in headers or "rate limit" in message.lower()


def _retry_after(answer: requests.Response) -> float | None:
    wait, reset = answer.headers.get("retry-after", ""), answer.headers.get("x-ratelimit-reset", "")
    if wait:
        try:
            return _NEVER.parse_retry_after(wait)
        except InvalidHeader:
            return None
    if answer.headers.get("x-ratelimit-remaining") == "0" and reset.isdigit():
        return max(0.0, float(reset) - time.time())
    return None
