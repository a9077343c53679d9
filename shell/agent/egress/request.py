"""What a request to the proxy asks for: its target, and the headers that go on to the host."""

import re
from dataclasses import dataclass

import h11

from shell.agent.egress.hosts import at, host_of

_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9_.-]{1,253})(?::([1-9]\d{0,4}))?")
_ABSOLUTE = re.compile(r"http://([^/?#]*)([/?][^#]*)?", re.IGNORECASE)
_HOP_BY_HOP = {
    *(b"connection", b"keep-alive", b"te", b"trailer", b"upgrade", b"expect"),
    *(b"proxy-connection", b"proxy-authorization", b"proxy-authenticate", b"proxy-authentication-info"),
}
"""What holds for one connection only (RFC 9110, 7.6.1), and what is meant for a proxy."""

Headers = list[tuple[bytes, bytes]]


class Malformed(Exception):
    """The request is none that the proxy understands; the text says why."""


@dataclass(frozen=True)
class Target:
    """Where a request wants to go."""

    host: str
    port: int
    path: bytes | None
    """What is asked of the host over plain HTTP; None for a tunnel."""

    @property
    def at(self) -> str:
        """As it is written before people."""
        return at(self.host, self.port)


def target_of(request: h11.Request) -> Target:
    """The target of a CONNECT, or of a request with an absolute `http://` URL; Malformed if it is neither."""
    text = request.target.decode("ascii", "replace")
    if request.method == b"CONNECT":
        host, port = _authority(text)
        if port is None:
            raise Malformed("CONNECT needs host:port")
        return Target(host, port, None)
    found = _ABSOLUTE.fullmatch(text)
    if found is None:
        raise Malformed("this is a proxy: it takes CONNECT host:port, and http:// URLs")
    host, port = _authority(found[1])
    path = found[2] or "/"
    return Target(host, port or 80, (path if path.startswith("/") else f"/{path}").encode())


def _authority(text: str) -> tuple[str, int | None]:
    found = _AUTHORITY.fullmatch(text)
    host = host_of(found[1]) if found else None
    if found is None or host is None or int(found[2] or 1) > 65535:
        raise Malformed(f"{text[:100]!r} is no host that the proxy takes: a name or an address, and a port")
    return host, int(found[2]) if found[2] else None


def passed_on(headers: Headers) -> Headers:
    """The headers without those of this connection; of two lengths of a body only the chunks count."""
    named = {
        word.strip().lower() for name, value in headers if name == b"connection" for word in value.split(b",")
    }
    chunked = any(name == b"transfer-encoding" for name, _ in headers)
    left_out = _HOP_BY_HOP | (named - {b"transfer-encoding"}) | ({b"content-length"} if chunked else set())
    return [(name, value) for name, value in headers if name not in left_out]


def to_host(request: h11.Request, target: Target) -> h11.Request:
    """The request as the host gets it: its Host is the URL's, whatever the client wrote there."""
    assert target.path is not None
    headers = [(name, value) for name, value in passed_on(list(request.headers)) if name != b"host"]
    host = target.at.removesuffix(":80").encode()
    return h11.Request(
        method=request.method,
        target=target.path,
        headers=[(b"host", host), *headers, (b"connection", b"close")],
    )


def to_client(response: h11.Response) -> h11.Response:
    """The response as the client gets it; each request has a connection of its own."""
    headers = [*passed_on(list(response.headers)), (b"connection", b"close")]
    return h11.Response(status_code=response.status_code, headers=headers, reason=response.reason)
