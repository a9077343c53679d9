"""Agents that try to reach what they may not: by name, address, request or handshake, or past the proxy."""

import contextlib
import ipaddress
import json
import os
import random
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import requests

from shell.agent.egress.hosts import Operator, Pair, rules_of
from shell.agent.egress.outside import Egress, way_out
from shell.agent.egress.proxy import MOST_CONNECTIONS, SOCKET
from shell.agent.limits import Limits
from shell.agent.sandbox import Mounts, hand_over, made_up_etc, wrap
from shell.agent.seen import seen
from shell.agent.trial import find_sandbox

from . import egress_inside, egress_world
from .kind import Arena, Defence, Kind, Tried

_IN_WORLD = ("-m", egress_world.__name__)
_PRIVATE = """127.0.0.1 127.8.8.8 0.0.0.0 10.0.0.5 100.64.0.1 100.100.100.200 168.63.129.16
169.254.169.254 172.17.0.1 192.0.0.192 192.168.1.1 198.18.0.1 224.0.0.251 240.0.0.1
255.255.255.255 ::1 :: ::ffff:169.254.169.254 ::ffff:10.0.0.5 64:ff9b::a9fe:a9fe
64:ff9b::7f00:1 2002:7f00:1:: 2001:0:7f00:1:: fd00:ec2::254 fe80::1 fc00::1 ff02::1 fec0::1
::127.0.0.1""".split()
_NAMES = """api.anthropic.com.evil.org evil-api.anthropic.com api.anthropic.com.:443 anthropic.com
evil.org example.net evilexample.net example.net.evil.org api-anthropic.com
xn--pi-7ka.anthropic.com localhost metadata.google.internal 2130706433 0x7f000001 0177.0.0.1
127.1 127.0.0.1 [::1] [::ffff:127.0.0.1] 169.254.169.254 0xa9fea9fe [fd00:ec2::254] 10.0.0.5
bot.internal *.example.net .example.net""".split()
_TARGETS = (
    *(b"api.anthropic.com@169.254.169.254:443", b"169.254.169.254:443#@api.anthropic.com:443"),
    *(b"api.anthropic.com%00.evil.org:443", b"api.anthropic.com\0.evil.org:443", b"api.anthropic.com:443:22"),
    *(
        b"api.anthropic.com:443\r\nHost: evil.org",
        b"api.anthropic.com:443 evil.org:443",
        b"evil.org:443\tHTTP/1.1",
    ),
    *("\u0430pi.anthropic.com:443".encode(), b"api.anthropic.com:22", b"pypi.org:80", b"deb.debian.org:25"),
    *(b"api.anthropic.com:0443", b"api.anthropic.com:65979", b"api.anthropic.com", b"https://evil.org:443"),
)
_URLS = (
    *("http://169.254.169.254/latest/meta-data/", "http://deb.debian.org@169.254.169.254/", "http://[::1]/"),
    *(
        "http://169.254.169.254#@deb.debian.org/",
        "http://deb.debian.org\\@169.254.169.254/",
        "http:/evil.org/",
    ),
    *(
        "http://deb.debian.org:8080/",
        "http://deb.debian.org.evil.org/",
        "https://deb.debian.org/",
        "/etc/passwd",
    ),
    *("http://0x7f.1:8080/", "http://deb.debian.org%2eevil.org/", "ws://evil.org/", "//evil.org/", "*"),
)
_OWN, _STORE = 8080, 6379


@dataclass
class _Server:
    """A server of this machine: what each connection sent it first."""

    port: int = 0
    received: list[bytes] = field(default_factory=list)

    @property
    def last(self) -> bytes:
        """Of the last connection; empty if there was none."""
        return self.received[-1] if self.received else b""


@contextlib.contextmanager
def _serving(answer: bytes) -> Iterator[_Server]:
    """Answers each connection once, after what it sent first."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = _Server(listener.getsockname()[1])
        threading.Thread(target=_serve, args=(listener, server, answer), daemon=True).start()
        yield server
        listener.shutdown(socket.SHUT_RDWR)


def _serve(listener: socket.socket, server: _Server, answer: bytes) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return  # it was closed
        with client, contextlib.suppress(OSError):
            client.settimeout(5)
            server.received.append(client.recv(65536))
            client.sendall(answer)


@dataclass
class _Attacker:
    """An agent before its proxy, in a world in which everything would answer."""

    folder: Path
    egress: Egress
    port: int
    others: list[int]
    """The ports that lead straight to what the operator named on loopback."""
    mirror: _Server
    front: _Server
    allowed: set[str]
    named: tuple[Pair, ...]
    seen: int = 0

    def ask(self, request: bytes, patience: float = 5.0) -> bytes:
        """What comes back on a connection of its own; empty where it is closed without a word."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=patience) as client:
            answer = b""
            with contextlib.suppress(OSError):
                client.sendall(request)
                while part := client.recv(65536):
                    answer += part
                    if answer.startswith(b"HTTP/1.1 200 Connection"):
                        break
            return answer

    def reached(self) -> list[str]:
        """The addresses that the proxy connected to since the last look, and that no run may reach."""
        file = self.folder / egress_world.CONNECTED
        lines = file.read_text().splitlines() if file.exists() else []
        new, self.seen = lines[self.seen :], len(lines)
        return [line for line in new if line not in self.allowed]

    def try_(self, name: str, request: bytes) -> Tried:
        """It held if nothing forbidden was connected to, and the answer says no."""
        answer = self.ask(request)
        wrong = self.reached()
        refused = not answer or answer[9:10] in (b"4", b"5")
        return Tried(name, refused and not wrong, f"{answer[:60]!r}, connected to {wrong}")


def play(arena: Arena) -> Iterator[Tried]:
    """Every attempt of this kind."""
    yield from _behind_walls(arena)
    redirect = b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n"
    with (
        _serving(redirect) as mirror,
        _serving(b"hello") as front,
        _attacker(arena, mirror, front) as attacker,
    ):
        yield from _requests(attacker)
        yield from _rebinding(attacker)
        yield from _own_parts(attacker)
        yield from _mirror(attacker)
        yield from _fronts(attacker)
        yield from _drawn(attacker, arena.random, 10 if arena.short else 150)
        yield from _bounds(attacker, arena.short)
        yield _still_there(attacker)


@contextlib.contextmanager
def _attacker(arena: Arena, mirror: _Server, front: _Server) -> Iterator[_Attacker]:
    folder = arena.folder / "world"
    folder.mkdir()
    public = {"deb.debian.org": ["1.1.1.1"], "pypi.org": ["1.1.1.2"], "api.anthropic.com": ["1.1.1.2"]}
    names = {name: [found] for name, found in public.items()}
    names |= {f"n{number}.example.net": [[address]] for number, address in enumerate(_PRIVATE)}
    names |= {name: [["9.9.9.9"]] for name in _NAMES}
    names |= {
        "rebind.example.net": [["1.1.1.2"], ["169.254.169.254"]],
        "late.example.net": [["169.254.169.254"], ["1.1.1.2"]],
        "mixed.example.net": [["127.0.0.1", "10.0.0.5", "1.1.1.2"]],
        "store.example": [["10.9.9.9"]],
        "alias.example": [["10.9.9.9"]],
        "machine.example": [["127.0.0.1"]],
        "localhost": [["127.0.0.1"]],
    }
    world = {"names": names, "servers": {"1.1.1.1:80": mirror.port, "1.1.1.2:443": front.port}}
    (folder / egress_world.WORLD).write_text(json.dumps(world))
    ours = [(host, _OWN) for host in ("127.0.0.1", "localhost", "machine.example", *_own_addresses())]
    stores = [(host, _STORE) for host in ("store.example", "alias.example", "10.9.9.9")]
    operator = Operator((*ours, *stores), (("store.example", _STORE),), (_OWN,))
    rules = rules_of(["api.anthropic.com"], [], ["*.example.net"], operator)
    with way_out(rules, folder, folder / "log", program=_IN_WORLD) as egress:
        port, *others = _handed_over(egress)
        yield _Attacker(
            folder, egress, port, others, mirror, front, {"1.1.1.1:80", "1.1.1.2:443"}, operator.named
        )


def _own_addresses() -> list[str]:
    """An address of this machine beside loopback, if it has one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # nothing is sent
        except OSError:
            return []
        return [probe.getsockname()[0]]


def _handed_over(egress: Egress) -> list[int]:
    """The ports of the listening sockets that the proxy is given, as inside."""
    with contextlib.ExitStack() as stack:
        listeners = [
            stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in (0, *egress.mirrored)
        ]
        proxy = stack.enter_context(socket.socket(socket.AF_UNIX))
        proxy.settimeout(10)
        here = os.open(egress.folder, os.O_RDONLY)
        try:
            proxy.connect(f"/proc/self/fd/{here}/{SOCKET}")
        finally:
            os.close(here)
        socket.send_fds(proxy, [b"+"], [one.fileno() for one in listeners])
        if proxy.recv(1) != b"+":
            raise OSError("the proxy did not take them")
        return [int(one.getsockname()[1]) for one in listeners]


def _connect(target: bytes, host: bytes = b"") -> bytes:
    return b"CONNECT " + target + b" HTTP/1.1\r\nHost: " + (host or b"x") + b"\r\n\r\n"


def _get(url: str, *headers: str, host: str = "deb.debian.org") -> bytes:
    lines = [f"GET {url} HTTP/1.1", f"Host: {host}", *headers, "", ""]
    return "\r\n".join(lines).encode()


def _requests(attacker: _Attacker) -> Iterator[Tried]:
    for name in _NAMES:
        yield attacker.try_(f"tunnel to {name}", _connect(f"{name.removesuffix(':443')}:443".encode()))
    for target in _TARGETS:
        yield attacker.try_(f"tunnel to {target!r}", _connect(target))
    for url in _URLS:
        yield attacker.try_(f"request for {url}", _get(url))
    for number, address in enumerate(_PRIVATE):
        yield attacker.try_(
            f"an allowed name that leads to {address}", _connect(f"n{number}.example.net:443".encode())
        )
    forbidden = b"api.anthropic.com:443"
    yield attacker.try_("an allowed Host header", _connect(b"evil.org:443", forbidden))
    upgrade = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13")
    yield attacker.try_(
        "a websocket to a forbidden host", _get("http://evil.org/", *upgrade, host="evil.org")
    )
    yield attacker.try_("two Host headers", _get("http://evil.org/", "Host: evil.org"))
    yield attacker.try_("a folded header", _get("http://evil.org/", "X: a", " http://deb.debian.org/"))
    yield attacker.try_("no HTTP at all", b"\x05\x01\x00\x05\x01\x00\x01\x7f\x00\x00\x01\x1f\x90")


def _rebinding(attacker: _Attacker) -> Iterator[Tried]:
    answer = attacker.ask(_connect(b"rebind.example.net:443"))
    wrong = attacker.reached()
    yield Tried("a name that is public once, then private", not wrong, f"{answer[:40]!r}, {wrong}")
    yield attacker.try_("the same name again", _connect(b"rebind.example.net:443"))
    yield attacker.try_("a name that is private once, then public", _connect(b"late.example.net:443"))
    attacker.ask(_connect(b"mixed.example.net:443"))
    wrong = attacker.reached()
    yield Tried("a name with private addresses before a public one", not wrong, str(wrong))


def _own_parts(attacker: _Attacker) -> Iterator[Tried]:
    """The operator named them all, by mistake."""
    for host, port in attacker.named:
        yield attacker.try_(f"the bot's own {host}:{port}, named", _connect(f"{host}:{port}".encode()))
        yield attacker.try_(f"its page http://{host}:{port}", _get(f"http://{host}:{port}/"))
    for port in attacker.others:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
            silent = not client.recv(1)
        wrong = attacker.reached()
        yield Tried(f"the bot's own port {_OWN} without the proxy", silent and not wrong, str(wrong))


def _mirror(attacker: _Attacker) -> Iterator[Tried]:
    """Plain HTTP to an allowed host: what arrives there, and what does not."""
    hidden = (
        "Proxy-Authorization: Basic c2VjcmV0",
        "Upgrade: websocket",
        "Connection: Upgrade, X-Own",
        "X-Own: 1",
    )
    attacker.ask(_get("http://deb.debian.org/a", *hidden, host="169.254.169.254"))
    head = attacker.mirror.last.lower()
    yield Tried(
        "another Host than the URL's",
        b"host: deb.debian.org\r\n" in head and b"169.254" not in head,
        str(head),
    )
    for word in (b"proxy-authorization", b"upgrade", b"x-own"):
        yield Tried(f"a header that is not the host's: {word.decode()}", word not in head, str(head))
    before = len(attacker.mirror.received)
    second = _get("http://169.254.169.254/", host="169.254.169.254")
    answer = attacker.ask(_get("http://deb.debian.org/b") + second)
    wrong, asked = attacker.reached(), attacker.mirror.received[before:]
    held = not wrong and answer.count(b"HTTP/1.1 ") == 1 and len(asked) == 1 and b"169.254" not in asked[0]
    yield Tried("another host on a kept connection", held, f"{answer[:80]!r} {asked} {wrong}")
    smuggled = b"0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: evil.org\r\n\r\n"
    head_of = "Transfer-Encoding: chunked", f"Content-Length: {len(smuggled)}"
    attacker.ask(_get("http://deb.debian.org/c", *head_of).replace(b"GET", b"POST", 1) + smuggled)
    yield Tried("a second request hidden in a body", b"smuggled" not in attacker.mirror.last, "")
    proxies = {"http": f"http://127.0.0.1:{attacker.port}"}
    with requests.Session() as session:
        session.trust_env = False
        followed = session.get("http://deb.debian.org/d", proxies=proxies, timeout=10)
    wrong = attacker.reached()
    yield Tried("a redirect to the metadata server", followed.status_code == 403 and not wrong, str(wrong))


def _fronts(attacker: _Attacker) -> Iterator[Tried]:
    """A tunnel to an allowed host, used for something else: none of it may arrive."""
    began = {
        "TLS for another site of the same front": _hello("evil.org"),
        "TLS for a name that ends in the host's": _hello("evil.pypi.org"),
        "TLS without a name": _hello(None),
        "HTTP in a tunnel": b"GET / HTTP/1.1\r\nHost: evil.org\r\n\r\n",
        "SSH in a tunnel": b"SSH-2.0-OpenSSH_9\r\n",
        "a name behind 64 KiB of nothing": b"\x16\x03\x01\x40\x00\x01\x10\x00\x00" * 9000,
    }
    for name, data in began.items():
        got = _through(attacker, data)
        yield Tried(name, not got, f"{len(got)} bytes arrived")
    hello = _hello("pypi.org")
    yield Tried("(TLS for the host itself arrives)", _through(attacker, hello) == hello)


def _through(attacker: _Attacker, data: bytes) -> bytes:
    """What arrives at the front of a tunnel in which this is sent."""
    before = len(attacker.front.received)
    with (
        socket.create_connection(("127.0.0.1", attacker.port), timeout=20) as client,
        contextlib.suppress(OSError),
    ):
        client.sendall(_connect(b"pypi.org:443"))
        client.recv(65536)
        client.sendall(data)
        client.recv(65536)
    attacker.reached()
    return b"".join(attacker.front.received[before:])


def _hello(name: str | None) -> bytes:
    context = ssl.create_default_context()
    context.check_hostname = False
    written = ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), written, server_hostname=name).do_handshake()
    return written.read()


def _drawn(attacker: _Attacker, draw: random.Random, number: int) -> Iterator[Tried]:
    """Private addresses, drawn, each in one of its spellings."""
    for _ in range(number):
        network = ipaddress.IPv4Network(
            draw.choice(("10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "192.168.0.0/16"))
        )
        address = network[draw.randrange(network.num_addresses)]
        host = draw.choice(tuple(_spellings(address)))
        port = draw.choice((80, 443, _OWN, _STORE, 22))
        request = draw.choice((_connect(f"{host}:{port}".encode()), _get(f"http://{host}:{port}/")))
        yield attacker.try_(f"{address} as {host}:{port}", request)


def _spellings(address: ipaddress.IPv4Address) -> Iterable[str]:
    number, (a, b, c, d) = int(address), address.packed
    yield from (
        str(address),
        f"{address}.",
        str(number),
        hex(number),
        f"0{number:o}",
        f"{a}.{number & 0xFFFFFF}",
    )
    yield from (f"0{a:o}.0{b:o}.0{c:o}.0{d:o}", f"{a:#x}.{b:#x}.{c:#x}.{d:#x}", f"{a}.{b}.{(c << 8) + d}")
    yield from (
        f"[::ffff:{address}]",
        f"[64:ff9b::{address}]",
        f"[::{address}]",
        f"{address}%2e",
        f"x@{address}",
    )


def _bounds(attacker: _Attacker, short: bool) -> Iterator[Tried]:
    large = _get("http://deb.debian.org/", "X: " + "a" * 1_000_000)
    yield attacker.try_("a header of 1 MB", large)
    many = _get("http://deb.debian.org/", *(f"X-{number}: a" for number in range(50_000)))
    yield attacker.try_("50 000 headers", many)
    endless = b"GET http://deb.debian.org/" + b"a" * 1_000_000
    yield attacker.try_("a URL of 1 MB", endless)
    with contextlib.ExitStack() as stack:
        slow = [
            stack.enter_context(socket.create_connection(("127.0.0.1", attacker.port), timeout=30))
            for _ in range(MOST_CONNECTIONS)
        ]
        for one in slow:
            one.sendall(b"GET http://deb.debian.org/ HTTP/1.1\r\nX")
        if not short:
            ended = sum(not one.recv(1) for one in slow)
            yield Tried("heads that never end are given up", ended == len(slow), f"{ended} of {len(slow)}")
    again = _refused_again(attacker)
    yield Tried("a second way to the proxy", again, "the proxy took sockets a second time")


def _refused_again(attacker: _Attacker) -> bool:
    try:
        _handed_over(attacker.egress)
    except OSError:
        return True
    return False


def _still_there(attacker: _Attacker) -> Tried:
    """After all of it the proxy serves what is allowed: an attack that stops it is none that it withstood."""
    before = len(attacker.mirror.received)
    answer = attacker.ask(_get("http://deb.debian.org/z"), 30.0)
    return Tried(
        "(what is allowed is served to the end)", len(attacker.mirror.received) > before, str(answer[:60])
    )


def _behind_walls(arena: Arena) -> Iterator[Tried]:
    """A real agent's place: its only network is the proxy's, whatever it tries."""
    sandbox, work = find_sandbox(), arena.folder / "work"
    for folder in (work, arena.folder / "egress"):
        folder.mkdir()
    inside = Path(egress_inside.__file__)
    with _serving(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") as server:
        abstract = f"\0caloron-attack-{os.getpid()}"
        rules = rules_of([], [], [], Operator())
        with (
            socket.socket(socket.AF_UNIX) as hidden,
            way_out(rules, arena.folder / "egress", arena.folder / "log") as egress,
        ):
            hidden.bind(abstract)
            hidden.listen()
            hand_over(sandbox, [egress.folder, work])
            mounts = Mounts(
                work,
                seen([Path(sys.executable)], "", [Path.home(), Path.cwd(), arena.folder]),
                readable=(inside, *egress.readable),
                at=made_up_etc(arena.folder / "etc", work, sandbox.user),
                egress=egress.folder,
                bridge=egress.bridge,
            )
            told = json.dumps({"port": server.port, "proxy": egress.port, "abstract": abstract[1:]})
            command = [sys.executable, "-I", "-S", str(inside), told, str(egress.folder / SOCKET)]
            done = subprocess.run(
                wrap(sandbox, mounts, command, Limits()),
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
    if done.returncode:
        yield Tried("behind walls", False, done.stderr[-300:])
        return
    for name, reached in json.loads(done.stdout).items():
        yield Tried(f"behind walls: {name}", not reached, "it was reached")


def _cannot() -> str | None:
    sandbox = find_sandbox()
    return None if sandbox.works else sandbox.statement


_PROXY = "shell/agent/egress/proxy.py"
KIND = Kind(
    "egress",
    "agents that try to reach what they may not, past the proxy and through it",
    play,
    (
        Defence(
            "only hosts that are allowed",
            _PROXY,
            "if reason := self.rules.refusal(target.host, target.port):",
            "if reason := None:",
        ),
        Defence(
            "`*.` before a name covers only what is below it",
            "shell/agent/egress/hosts.py",
            "host.endswith(name[1:])",
            "host.endswith(name[2:])",
        ),
        Defence(
            "only public addresses", _PROXY, "if is_public(address) and not is_of_this_machine(address)]", "]"
        ),
        Defence(
            "the address that was checked is the one connected to",
            _PROXY,
            "sock_connect(trial, (str(address), target.port))",
            "sock_connect(trial, (target.host, target.port))",
        ),
        Defence(
            "never a part of the bot",
            _PROXY,
            "if await self._is_of_the_bot(found, target.port):",
            "if False:",
        ),
        Defence("TLS only to the tunnel's host", _PROXY, "if hello.name != target.host:", "if False:"),
        Defence(
            "no header of the proxy's goes on",
            "shell/agent/egress/request.py",
            "for name, value in headers if name not in left_out]",
            "for name, value in headers]",
        ),
        Defence(
            "a head has a size",
            _PROXY,
            "http = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_BYTES)",
            "http = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 30)",
        ),
        Defence(
            "sockets are taken once",
            _PROXY,
            "        server.close()\n        os.unlink(SOCKET)\n",
            "        server.listen(9)\n",
        ),
    ),
    _cannot,
)
