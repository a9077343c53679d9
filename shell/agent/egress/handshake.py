"""The host that a TLS client names before anything is encrypted, read from its first bytes by TLS itself."""

import ssl
from ssl import MemoryBIO, SSLContext, SSLObject

LONGEST = 64 * 1024
"""A client's hello is one to two kilobytes; keys of new kinds make it longer."""


class NoHandshake(Exception):
    """These bytes begin no TLS connection."""


class Hello:
    """Takes the first bytes of a TLS client, until it has named its host."""

    def __init__(self) -> None:
        self.read = b""
        self.done = False
        self.name: str | None = None
        """The host as the client spells it; None if it names none."""
        context = SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.sni_callback = self._named
        self._incoming = MemoryBIO()
        self._server = context.wrap_bio(self._incoming, MemoryBIO(), server_side=True)

    def feed(self, data: bytes) -> bool:
        """Whether the client has said its name; NoHandshake if this is no TLS."""
        self.read += data
        if len(self.read) > LONGEST:
            raise NoHandshake("its first message is too long")
        self._incoming.write(data)
        try:
            self._server.do_handshake()
        except ssl.SSLWantReadError:
            return self.done
        except ssl.SSLError as error:
            if not self.done:
                raise NoHandshake(error.reason or "it is not TLS") from None
        return self.done

    def _named(self, _server: SSLObject, name: str | None, _context: SSLContext) -> int:
        """Called by TLS; the handshake ends here, because the host itself has to answer it."""
        self.name, self.done = name.lower() if name else None, True
        return ssl.ALERT_DESCRIPTION_HANDSHAKE_FAILURE
