"""Tries from behind the walls what an agent could to get round the proxy, and prints what it reached as JSON.

Runs alone, by file name: `python -I -S egress_inside.py TOLD SOCKET`, TOLD a JSON object with the `port` of a
server of the machine outside, the port of the `proxy` in here, and the name of an `abstract` socket outside.
"""

import json
import socket
import sys
from collections.abc import Callable


def main(told: "dict[str, object]", proxy_socket: str) -> "dict[str, bool]":
    """For each attempt, whether it reached something."""
    port, proxy = int(str(told["port"])), int(str(told["proxy"]))
    attempts: dict[str, Callable[[], bool]] = {
        "a port of the machine": lambda: _connected(socket.AF_INET, ("127.0.0.1", port)),
        "a port of the machine by IPv6": lambda: _connected(socket.AF_INET6, ("::1", port)),
        "an address of the internet": lambda: _connected(socket.AF_INET, ("1.1.1.1", 443)),
        "an address of the internet by IPv6": lambda: _connected(socket.AF_INET6, ("2606:4700::1111", 443)),
        "the metadata server": lambda: _connected(socket.AF_INET, ("169.254.169.254", 80)),
        "DNS by UDP": lambda: _sent(socket.AF_INET, ("8.8.8.8", 53)),
        "DNS by UDP on this network": lambda: _answered(("127.0.0.53", 53)),
        "multicast DNS": lambda: _sent(socket.AF_INET, ("224.0.0.251", 5353)),
        "a name by the system": lambda: bool(socket.getaddrinfo("pypi.org", 443)),
        "an abstract socket outside": lambda: _connected(socket.AF_UNIX, f"\0{told['abstract']}"),
        "the proxy's socket again": lambda: _connected(socket.AF_UNIX, proxy_socket),
        "raw packets": lambda: bool(socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)),
        "whole frames": lambda: bool(socket.socket(socket.AF_PACKET, socket.SOCK_RAW)),
        "a virtual machine's socket": lambda: _connected(40, (2, port)),
        "a port of the machine through the proxy": lambda: _tunnelled(proxy, f"127.0.0.1:{port}"),
        "the proxy itself through the proxy": lambda: _tunnelled(proxy, f"127.0.0.1:{proxy}"),
        "a forbidden host through the proxy": lambda: _tunnelled(proxy, "example.org:443"),
    }
    return {name: _succeeds(attempt) for name, attempt in attempts.items()}


def _succeeds(attempt: "Callable[[], bool]") -> bool:
    try:
        return attempt()
    except OSError:
        return False


def _connected(family: int, address: object) -> bool:
    with socket.socket(family, socket.SOCK_STREAM) as client:
        client.settimeout(2)
        client.connect(address)  # type: ignore[arg-type]  # each family has its own kind of address
    return True


def _sent(family: int, address: "tuple[str, int]") -> bool:
    with socket.socket(family, socket.SOCK_DGRAM) as client:
        return client.sendto(b"secret", address) > 0


def _answered(address: "tuple[str, int]") -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(2)
        client.connect(address)
        client.send(b"\0\1\1\0\0\1\0\0\0\0\0\0\4pypi\3org\0\0\1\0\1")
        return bool(client.recv(512))


def _tunnelled(proxy: int, target: str) -> bool:
    """Unless the proxy says no: where it says nothing, this tried nothing."""
    try:
        with socket.create_connection(("127.0.0.1", proxy), timeout=10) as client:
            client.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
            return b" 403 " not in client.recv(4096)
    except OSError:
        return True


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]), sys.argv[2])))
