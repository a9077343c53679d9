"""The egress proxy of one run: a process outside the sandbox, the agent's only way to the network.

`python -P -m shell.agent.egress.proxy` in the run's private folder, its rules as a line of JSON on standard
input; when that closes it ends. It listens on the unix socket `SOCKET` there for one message: the listening
sockets that were made inside the sandbox. On the first of them it is an HTTP proxy; each other one leads to
one host that the operator named. Each refusal is a line of JSON on standard output, the counts are the last.
"""

import gc

if __name__ == "__main__":
    gc.disable()  # see shell/garbage.py

import asyncio
import contextlib
import ipaddress
import json
import os
import socket
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import h11

from shell.agent.egress.addresses import Address, is_of_this_machine, is_public
from shell.agent.egress.handshake import Hello, NoHandshake
from shell.agent.egress.hosts import OWN, Pair, Rules
from shell.agent.egress.request import Malformed, Target, target_of, to_client, to_host
from shell.garbage import keep_what_is_loaded

SOCKET = "egress.sock"
MOST_CONNECTIONS = 128
"""At the same time; further ones wait, in the queue of the socket."""
MOST_NOTED = 200
HEAD_BYTES = 32 * 1024
CHUNK = 64 * 1024


@dataclass(frozen=True)
class Times:
    """How long the proxy waits, in seconds."""

    head: float = 10.0
    """For a request's head, and for the first message of TLS in a tunnel."""
    connect: float = 10.0
    """For a name to be looked up, and for one address to answer."""
    idle: float = 15 * 60.0
    """For a byte in either direction; a model may think for minutes."""


class NotAllowed(Exception):
    """The rules do not allow it; the text says why."""


class NotReached(Exception):
    """It is allowed, but the host does not answer."""


@dataclass
class Counts:
    """What the run did on the network."""

    connections: int = 0
    sent: int = 0
    received: int = 0
    broken: int = 0
    refused: Counter[str] = field(default_factory=Counter)


Tell = Callable[[dict[str, Any]], None]


class Proxy:
    """The proxy's state."""

    def __init__(self, rules: Rules, tell: Tell, times: Times = Times()) -> None:
        self.rules, self.tell, self.times = rules, tell, times
        self.counts = Counts()
        self.open: set[asyncio.Task[None]] = set()
        self.free = asyncio.Semaphore(MOST_CONNECTIONS)

    async def listen(self, listeners: list[socket.socket], mirrored: list[Pair]) -> None:
        """Serve for ever: the first is the proxy, each other one leads to one of `mirrored`."""
        proxy, *others = listeners
        async with asyncio.TaskGroup() as group:
            group.create_task(self._accept(proxy, self._serve))
            for listener, (host, port) in zip(others, mirrored, strict=True):
                group.create_task(self._accept(listener, _leading_to(self, Target(host, port, None))))

    async def _accept(
        self, listener: socket.socket, serve: Callable[[socket.socket], Awaitable[None]]
    ) -> None:
        listener.setblocking(False)
        while True:
            await self.free.acquire()
            client, _ = await asyncio.get_running_loop().sock_accept(listener)
            client.setblocking(False)
            task = asyncio.create_task(self._attend(client, serve))
            self.open.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self.open.discard(task)
        self.free.release()

    async def _attend(self, client: socket.socket, serve: Callable[[socket.socket], Awaitable[None]]) -> None:
        self.counts.connections += 1
        with client:
            try:
                await serve(client)
            except* (OSError, TimeoutError, h11.ProtocolError):
                self.counts.broken += 1  # one side went away, was silent for too long, or speaks no HTTP

    # One request

    async def _serve(self, client: socket.socket) -> None:
        """One connection is one request: a second one, to another host, is never read."""
        http = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_BYTES)
        try:
            async with asyncio.timeout(self.times.head):
                request = await _request(client, http)
        except h11.RemoteProtocolError as error:
            self._refused("a request", str(error))
            await _answer(client, error.error_status_hint, "Bad Request", str(error))
            return
        if request is None:
            return
        try:
            target = target_of(request)
            async with self._connected(target) as host:
                if target.path is None:
                    await self._tunnel(client, host, target, http.trailing_data[0])
                else:
                    await self._forward(client, http, host, to_host(request, target))
        except Malformed as error:
            self._refused("a request", str(error))
            await _answer(client, 400, "Bad Request", str(error))
        except NotAllowed as error:
            self._refused(target.at, str(error))
            await _answer(client, 403, "Not Allowed By Caloron Egress Rules", str(error))
        except NotReached as error:
            await _answer(client, 502, "Bad Gateway", str(error))

    @contextlib.asynccontextmanager
    async def _connected(self, target: Target) -> AsyncIterator[socket.socket]:
        """A connection to the very address that was checked."""
        with await self._connect(await self.addresses(target), target) as host:
            host.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            yield host

    async def addresses(self, target: Target) -> list[Address]:
        """The addresses of a target that the rules allow; NotAllowed if there is none."""
        if reason := self.rules.refusal(target.host, target.port):
            raise NotAllowed(reason)
        found = await self._looked_up(target.host)
        if not found:
            raise NotReached(f"{target.host} was not found")
        if await self._is_of_the_bot(found, target.port):
            raise NotAllowed(OWN.format(at=target.at))
        if self.rules.is_named(target.host, target.port):
            return found
        public = [address for address in found if is_public(address) and not is_of_this_machine(address)]
        if not public:
            raise NotAllowed(
                f"{target.host} leads to {found[0]}, which is no public address; only the operator can allow "
                f"that, by {target.at} in CALORON_EGRESS"
            )
        return public

    async def _is_of_the_bot(self, found: list[Address], port: int) -> bool:
        """Whether one of these addresses, at this port, is a part of the bot, whatever it was called."""
        hosts = [host for host, number in self.rules.operator.never if number == port]
        own = {address for host in hosts for address in await self._looked_up(host)}
        here = port in self.rules.operator.own_ports or any(map(is_of_this_machine, own))
        return any(address in own or (here and is_of_this_machine(address)) for address in found)

    async def _looked_up(self, host: str) -> list[Address]:
        try:
            return [ipaddress.ip_address(host)]
        except ValueError:
            pass_on = asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
        try:
            async with asyncio.timeout(self.times.connect):
                found = await pass_on
        except (OSError, UnicodeError, TimeoutError):
            return []
        return list(
            dict.fromkeys(ipaddress.ip_address(str(place[0]).partition("%")[0]) for *_, place in found)
        )

    async def _connect(self, addresses: list[Address], target: Target) -> socket.socket:
        reason = ""
        for address in addresses[:4]:
            family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
            trial = socket.socket(family, socket.SOCK_STREAM)
            trial.setblocking(False)
            try:
                async with asyncio.timeout(self.times.connect):
                    await asyncio.get_running_loop().sock_connect(trial, (str(address), target.port))
                return trial
            except (OSError, TimeoutError) as error:
                trial.close()
                reason = str(error) or "no answer"
        raise NotReached(f"{target.at} does not answer: {reason}")

    # Tunnels

    async def _tunnel(self, client: socket.socket, host: socket.socket, target: Target, begun: bytes) -> None:
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(client, b"HTTP/1.1 200 Connection established\r\n\r\n")
        if not self.rules.is_named(target.host, target.port):
            try:
                begun = await self._greeting(client, target, begun)
            except NotAllowed as error:
                self._refused(target.at, str(error))
                return
        if begun:
            self.counts.sent += len(begun)
            await loop.sock_sendall(host, begun)
        await self._both_ways(client, host)

    async def _greeting(self, client: socket.socket, target: Target, begun: bytes) -> bytes:
        """The first bytes of a tunnel: TLS to the host that the tunnel is for, or else NotAllowed."""
        hello = Hello()
        try:
            async with asyncio.timeout(self.times.head):
                while not hello.feed(begun):
                    begun = await asyncio.get_running_loop().sock_recv(client, CHUNK)
                    if not begun:
                        raise NoHandshake("it was closed")
        except (NoHandshake, TimeoutError) as error:
            raise NotAllowed(
                f"only TLS may go through a tunnel ({error or 'nothing was sent'}); for anything else the "
                f"operator names {target.at} in CALORON_EGRESS"
            ) from None
        if hello.name != target.host:
            raise NotAllowed(f"the tunnel is for {target.host}, but TLS in it asks for {_shown(hello.name)}")
        return hello.read

    async def _both_ways(self, client: socket.socket, host: socket.socket) -> None:
        moved = [time.monotonic()]
        async with asyncio.TaskGroup() as group:
            group.create_task(self._pump(client, host, "sent", moved))
            group.create_task(self._pump(host, client, "received", moved))

    async def _pump(self, source: socket.socket, sink: socket.socket, way: str, moved: list[float]) -> None:
        """Carry bytes until the source ends; silence counts only if the other direction is silent too."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                async with asyncio.timeout_at(loop.time() + self.times.idle):
                    data = await loop.sock_recv(source, CHUNK)
            except TimeoutError:
                if time.monotonic() - moved[0] < self.times.idle:
                    continue
                raise
            if not data:
                with contextlib.suppress(OSError):
                    sink.shutdown(socket.SHUT_WR)
                return
            moved[0] = time.monotonic()
            self._count(way, len(data))
            await loop.sock_sendall(sink, data)

    def _count(self, way: str, length: int) -> None:
        setattr(self.counts, way, getattr(self.counts, way) + length)

    # Plain HTTP

    async def _forward(
        self, client: socket.socket, http: h11.Connection, host: socket.socket, request: h11.Request
    ) -> None:
        upstream = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_BYTES)
        await self._send(host, upstream, request)
        body = asyncio.create_task(self._request_body(client, http, host, upstream))
        try:
            await self._response(client, http, host, upstream)
        except h11.RemoteProtocolError:
            if http.our_state is not h11.SEND_RESPONSE:
                raise
            await _answer(client, 502, "Bad Gateway", "the host does not speak HTTP")
        finally:
            body.cancel()
            await asyncio.gather(body, return_exceptions=True)

    async def _request_body(
        self, client: socket.socket, http: h11.Connection, host: socket.socket, upstream: h11.Connection
    ) -> None:
        if http.they_are_waiting_for_100_continue:
            go_on = http.send(h11.InformationalResponse(status_code=100, headers=[], reason="Continue"))
            await asyncio.get_running_loop().sock_sendall(client, go_on or b"")
        while True:
            match await self._event(client, http):
                case h11.Data() as part:
                    await self._send(host, upstream, h11.Data(data=bytes(part.data)))
                case h11.EndOfMessage():
                    await self._send(host, upstream, h11.EndOfMessage())
                    return
                case _:
                    return

    async def _response(
        self, client: socket.socket, http: h11.Connection, host: socket.socket, upstream: h11.Connection
    ) -> None:
        loop = asyncio.get_running_loop()
        while True:
            event = await self._event(host, upstream)
            match event:
                case h11.InformationalResponse():
                    continue
                case h11.Response():
                    event = to_client(event)
                case h11.Data():
                    event = h11.Data(data=bytes(event.data))
                    self.counts.received += len(event.data)
                case h11.EndOfMessage():
                    pass
                case _:
                    return
            await loop.sock_sendall(client, http.send(event) or b"")
            if isinstance(event, h11.EndOfMessage):
                return

    async def _send(self, host: socket.socket, upstream: h11.Connection, event: h11.Event) -> None:
        data = upstream.send(event) or b""
        self.counts.sent += len(data)
        await asyncio.get_running_loop().sock_sendall(host, data)

    async def _event(self, source: socket.socket, http: h11.Connection) -> Any:
        async with asyncio.timeout(self.times.idle):
            return await _next(source, http)

    # What is said of it

    def _refused(self, what: str, why: str) -> None:
        """Tell each refusal once, and count all of them."""
        name = what if what in self.counts.refused or len(self.counts.refused) < MOST_NOTED else "others"
        self.counts.refused[name] += 1
        if self.counts.refused[name] == 1:
            self.tell({"refused": name, "reason": why[:500]})


def _leading_to(proxy: Proxy, target: Target) -> Callable[[socket.socket], Awaitable[None]]:
    """Serves a listener that leads to one host, with no HTTP before it."""

    async def serve(client: socket.socket) -> None:
        try:
            async with proxy._connected(target) as host:
                await proxy._both_ways(client, host)
        except NotAllowed as error:
            proxy._refused(target.at, str(error))
        except NotReached as error:
            proxy.tell({"refused": target.at, "reason": str(error)})

    return serve


async def _request(client: socket.socket, http: h11.Connection) -> h11.Request | None:
    """The head of the request; None if the client went away instead."""
    event = await _next(client, http)
    return event if isinstance(event, h11.Request) else None


async def _next(source: socket.socket, http: h11.Connection) -> Any:
    """The next event of this side, reading what it needs."""
    while (event := http.next_event()) is h11.NEED_DATA:
        http.receive_data(await asyncio.get_running_loop().sock_recv(source, CHUNK))
    return event


async def _answer(client: socket.socket, status: int, reason: str, words: str) -> None:
    """An answer of the proxy's own, in words that an agent may read."""
    body = f"{words}\n".encode("ascii", "replace")
    head = (
        f"HTTP/1.1 {status} {reason}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n"
        "Connection: close\r\n\r\n"
    )
    await asyncio.get_running_loop().sock_sendall(client, head.encode() + body)


def _shown(name: str | None) -> str:
    return repr(name[:100]) if name else "no host"


async def _listeners(server: socket.socket, number: int) -> list[socket.socket]:
    """The listening sockets that were made inside, handed over in one message; then nobody can come again."""
    loop = asyncio.get_running_loop()
    server.setblocking(False)
    inside, _ = await loop.sock_accept(server)
    with inside:
        inside.settimeout(10)
        _, handed, _, _ = socket.recv_fds(inside, 1, number + 1)
        listeners = [socket.socket(fileno=one) for one in handed]
        if len(listeners) != number or not all(map(_listens, listeners)):
            raise OSError(f"{len(listeners)} sockets were handed over, not {number} listening ones")
        server.close()
        os.unlink(SOCKET)
        inside.sendall(b"+")
    return listeners


def _listens(one: socket.socket) -> bool:
    return bool(one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))


async def _until_closed() -> None:
    """Until nobody holds the other end of standard input: our parent wants us to end, or is dead."""
    loop = asyncio.get_running_loop()
    closed = asyncio.Event()
    loop.add_reader(0, lambda: None if os.read(0, 4096) else closed.set())
    await closed.wait()
    loop.remove_reader(0)


async def _run(proxy: Proxy, server: socket.socket, mirrored: list[Pair]) -> None:
    async def serve() -> None:
        await proxy.listen(await _listeners(server, 1 + len(mirrored)), mirrored)

    serving, closed = asyncio.create_task(serve()), asyncio.create_task(_until_closed())
    await asyncio.wait((serving, closed), return_when=asyncio.FIRST_COMPLETED)
    if serving.done():
        serving.result()
    for task in (serving, closed, *proxy.open):
        task.cancel()
    await asyncio.gather(serving, closed, *proxy.open, return_exceptions=True)


def main() -> None:
    """The process."""
    given = json.loads(sys.stdin.buffer.readline())
    proxy = Proxy(Rules.of(given["rules"]), _say)
    os.umask(0o177)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(SOCKET)
        server.listen(1)
        _say({"ready": True})
        keep_what_is_loaded()
        asyncio.run(_run(proxy, server, [(host, port) for host, port in given["mirrored"]]))
    counts = proxy.counts
    told = {"connections": counts.connections, "sent": counts.sent, "received": counts.received}
    _say({"counts": told | {"refused": dict(counts.refused)}})


def _say(line: dict[str, Any]) -> None:
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
