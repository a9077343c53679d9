"""The egress proxy in a small world: what names lead to, and which server of this machine is which address.

`python -P -m bot.harness.attack.egress_world` in the run's folder, beside the file `WORLD`: `names` has for
each name the answers of one lookup after the other (the last one stays), `servers` has for `address:port` of
the internet the port on this machine that plays it. Loopback is the real one. Each connection that the proxy
makes is noted in the file `CONNECTED`.
"""

import asyncio
import json
import socket
from pathlib import Path
from typing import Any

from shell.agent.egress import proxy

WORLD = "world.json"
CONNECTED = "connected.txt"


class World:
    """Names and servers, in place of the internet's."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.names: dict[str, list[list[str]]] = told["names"]
        self.servers: dict[str, int] = told["servers"]

    def look_up(self, host: str, port: object, *_: object, **__: object) -> list[Any]:
        """As `socket.getaddrinfo` answers."""
        answers = self.names.get(host)
        if not answers:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return [
            (
                socket.AF_INET6 if ":" in address else socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                "",
                (address, port),
            )
            for address in found
        ]

    def place(self, address: str, port: int) -> tuple[str, int]:
        """Where on this machine the server of this address is; ConnectionRefusedError if there is none."""
        with open(CONNECTED, "a") as noted:
            noted.write(f"{address}:{port}\n")
        if address.startswith("127."):
            return address, port
        if found := self.servers.get(f"{address}:{port}"):
            return "127.0.0.1", found
        raise ConnectionRefusedError(f"nobody is at {address}:{port}")


class Loop(asyncio.SelectorEventLoop):
    """Connects into the world."""

    world: World

    async def sock_connect(self, sock: socket.socket, address: Any) -> None:
        await super().sock_connect(sock, self.world.place(*address))


def main() -> None:
    """The proxy as it is, in this world."""
    Loop.world = World(json.loads(Path(WORLD).read_text()))
    setattr(socket, "getaddrinfo", Loop.world.look_up)  # noqa: B010  # a name of the standard library, replaced
    asyncio.set_event_loop_policy(_Policy())
    proxy.main()


class _Policy(asyncio.DefaultEventLoopPolicy):
    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        return Loop()


if __name__ == "__main__":
    main()
