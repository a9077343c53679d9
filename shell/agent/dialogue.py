"""Carries one conversation over the pipes of an agent's process, and keeps a transcript of what it says."""

import json
import os

from shell.agent.acp import Conversation, Message, ProtocolError
from shell.agent.transcript import Transcript
from shell.secrets import masked_start

_LONGEST_MESSAGE = 32 * 1024 * 1024
"""Bytes of one message: a step may bring the whole text of the files that it changed."""
_LONGEST_NOISE = 16 * 1024
"""Bytes of a line that is no message."""
_LONGEST_QUEUE = 64 * 1024 * 1024


class Dialogue:
    """The conversation on this side: bytes in, bytes out, neither of which waits."""

    def __init__(self, conversation: Conversation, to_agent: int, transcript: Transcript) -> None:
        os.set_blocking(to_agent, False)
        self.conversation, self.transcript, self.to_agent = conversation, transcript, to_agent
        self.closed = False
        self._in, self._out = bytearray(), bytearray()
        self._send(conversation.begin())

    @property
    def waits_to_write(self) -> bool:
        """Whether something is to be said that the pipe has not taken yet."""
        return bool(self._out) and not self.closed

    @property
    def ended(self) -> bool:
        """Whether the turn is over, however it went."""
        return self.conversation.ended is not None

    def take(self, read: bytes) -> None:
        """What the agent's standard output brought."""
        first, *others = read.split(b"\n")
        self._in += first
        for piece in others:
            self._take_line(bytes(self._in))
            self._in = bytearray(piece)
        self._note(self.conversation.take_said())
        if len(self._in) > _LONGEST_MESSAGE:
            self._in.clear()
            self.conversation.give_up("The agent sent a message that is too long to be one.")

    def write(self) -> None:
        """Give the pipe what it takes; an agent that has gone shows by its exit."""
        try:
            while self.waits_to_write:
                del self._out[: os.write(self.to_agent, self._out)]
        except BlockingIOError:
            return
        except BrokenPipeError:
            self.close()

    def tell(self, text: str) -> bool:
        """Words of a person for the running turn; False where this agent takes none in it."""
        messages = self.conversation.tell(text)
        self._send(messages or [])
        return messages is not None

    def cancel(self) -> None:
        """Ask the agent to end its turn."""
        self._send(self.conversation.cancel())

    def close(self) -> None:
        """Nothing more will be said: the agent then ends by itself."""
        if not self.closed:
            self.closed = True
            os.close(self.to_agent)

    def end(self) -> None:
        """The last that it said, where the turn was cut off."""
        self._note(self.conversation.take_rest())

    def _note(self, said: str) -> None:
        if said:
            self.transcript.add(said.encode(errors="replace"))

    def _take_line(self, line: bytes) -> None:
        if not line.strip():
            return
        try:
            self._send(self.conversation.receive(line))
        except ProtocolError:  # a warning of its runtime, for one; whoever reads the log sees it
            self._note(masked_start(line.decode(errors="replace"), _LONGEST_NOISE) + "\n")

    def _send(self, messages: list[Message]) -> None:
        for message in messages:
            self._out += json.dumps(message, ensure_ascii=False).encode(errors="replace") + b"\n"
        if len(self._out) > _LONGEST_QUEUE:
            self._out.clear()
            self.conversation.give_up("The agent does not read what it is told.")
        self.write()
