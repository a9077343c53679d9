"""What a run says: masked, kept in its log up to a size, its end in memory, and shown line by line."""

from collections.abc import Callable
from typing import IO

from shell.secrets import MaskedStream

_TAIL_BYTES = 128 * 1024
_LOG_BYTES = 20 * 1024 * 1024
_LONGEST_LINE = 4000


class Transcript:
    """One stream of text; `show` is called with each of its lines."""

    def __init__(self, log: IO[bytes], show: Callable[[str], None]) -> None:
        self.log, self.show = log, show
        self.recent, self.line, self.logged = bytearray(), "", 0
        self.masked = MaskedStream()

    def add(self, read: bytes) -> None:
        """Take what comes next; a line that is not complete waits, a very long one is cut."""
        self._take(self.masked.feed(read))
        self.log.flush()

    def end(self) -> None:
        """Take what waits: nothing follows."""
        self._take(self.masked.end())
        self._keep(self.line)
        self.line = ""
        self.log.flush()

    def tail(self) -> str:
        """The end of it."""
        return self.recent[-_TAIL_BYTES:].decode(errors="replace").strip()

    def _take(self, text: str) -> None:
        *lines, self.line = (self.line + text).split("\n")
        for line in lines:
            self._keep(line)
        whole = len(self.line) - len(self.line) % _LONGEST_LINE if len(self.line) > _LONGEST_LINE else 0
        for at in range(0, whole, _LONGEST_LINE):
            self._keep(self.line[at : at + _LONGEST_LINE])
        self.line = self.line[whole:]

    def _keep(self, text: str) -> None:
        if not text:
            return
        line = text.rstrip("\r")
        encoded = line.encode(errors="replace") + b"\n"
        self.recent += encoded
        if len(self.recent) > 2 * _TAIL_BYTES:
            del self.recent[:-_TAIL_BYTES]
        if self.logged < _LOG_BYTES:
            self.logged += self.log.write(encoded)
        self.show(line)
