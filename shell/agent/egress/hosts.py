"""The hosts that agents may reach: the model's and the package registries', and what people add to them."""

import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

REGISTRIES: dict[str, tuple[tuple[str, int], ...]] = {
    "PyPI": (("pypi.org", 443), ("files.pythonhosted.org", 443)),
    "npm": (("registry.npmjs.org", 443), ("registry.yarnpkg.com", 443)),
    "crates.io": (("crates.io", 443), ("static.crates.io", 443), ("index.crates.io", 443)),
    "Go": (("proxy.golang.org", 443), ("sum.golang.org", 443)),
    "Maven Central": (("repo.maven.apache.org", 443), ("repo1.maven.org", 443)),
    "Debian": (
        *(("deb.debian.org", 443), ("deb.debian.org", 80)),
        *(("security.debian.org", 443), ("security.debian.org", 80)),
    ),
}
"""The package registries, each with its hosts and ports. Debian's mirrors sign what they serve over HTTP."""

_PART = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_LAST = r"[a-z][a-z0-9-]{0,61}[a-z0-9]"
PUBLIC_NAME = rf"(?:{_PART}\.)+{_LAST}"
"""A host's name with at least one dot; its last part begins with a letter, so that no number is one."""
PUBLIC_NAMES = rf"(?:\*\.)?{PUBLIC_NAME}"
"""The same, or `*.` before a name of at least two parts: all that is below it, but not the name itself."""
_OWN_NAME = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]{0,251}[a-z0-9_])?")
_LONGEST = 253
_NOT_PUBLIC = (
    *("alt", "arpa", "corp", "example", "home", "internal", "intranet", "invalid", "lan", "local"),
    *("localdomain", "localhost", "onion", "private", "test"),
)
"""Last parts of names that no public server has (RFC 6761, 6762, 7686, 8375, 9476), or used inside."""

Pair = tuple[str, int]
"""A host, as a name or an address in its usual spelling, and a port."""


def public_names(text: Any) -> str:
    """A host of `agents.network`; ValueError in words."""
    if not isinstance(text, str):
        raise ValueError("should be the name of a host, such as `api.example.org` or `*.example.org`")
    name = text.lower()
    if len(name) > _LONGEST or not re.fullmatch(PUBLIC_NAMES, name):
        raise ValueError(
            f"{text[:80]!r} is not the name of a public host; write `api.example.org`, or `*.example.org` "
            "for all below it: no address, no port, no path"
        )
    if name.rpartition(".")[2] in _NOT_PUBLIC:
        raise ValueError(f"{text[:80]!r} is not a public name; the operator can allow it by CALORON_EGRESS")
    return name


def named_pair(text: str) -> str:
    """An entry of CALORON_EGRESS, `host:port`, in its usual spelling; ValueError in words."""
    host, colon, port = text.rpartition(":")
    found = host_of(host) if colon else None
    if found is None or not re.fullmatch(r"[1-9]\d{0,4}", port) or int(port) > 65535:
        raise ValueError(
            f"has {text!r}; write each as host:port, comma-separated: a name or an address (IPv6 in "
            "brackets), and one port"
        )
    if _is_mapped(found):
        raise ValueError(f"has {text!r}; write the IPv4 address itself")
    return f"[{found}]:{port}" if ":" in found else f"{found}:{port}"


def _is_mapped(host: str) -> bool:
    return ":" in host and ipaddress.IPv6Address(host).ipv4_mapped is not None


def pair(text: str) -> Pair:
    """The two parts of what `named_pair` returned."""
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


def host_of(text: str) -> str | None:
    """The host as a request or a setting spells it: a name, or an address in its usual spelling, else None.

    Names are ASCII without a dot at the end. An address is four decimal numbers, or IPv6 in brackets: other
    spellings of a number (octal, hexadecimal, one number) are neither.
    """
    if text.startswith("[") and text.endswith("]"):
        return _address(text[1:-1]) if ":" in text else None
    name = text.lower() if text.isascii() else ""
    if _OWN_NAME.fullmatch(name) and re.match(r"[a-z]|_", name.rpartition(".")[2]) and ".." not in name:
        return name
    return _address(text) if ":" not in text else None


def is_address(host: str) -> bool:
    """Whether it is an address, or a name that only this machine or its network knows."""
    return _address(host) is not None or "." not in host


def _address(text: str) -> str | None:
    try:
        return str(ipaddress.ip_address(text)) if text.isascii() and "%" not in text else None
    except ValueError:
        return None


@dataclass(frozen=True)
class Operator:
    """What the operator lets agents reach beside the defaults, and what of the bot they never reach."""

    named: tuple[Pair, ...] = ()
    """CALORON_EGRESS."""
    never: tuple[Pair, ...] = ()
    """The bot's own addresses elsewhere: its public address, a store on another machine."""
    own_ports: tuple[int, ...] = ()
    """The bot's ports on this machine, whatever address of it is used."""


@dataclass(frozen=True)
class Rules:
    """What one run may reach."""

    allowed: tuple[Pair, ...]
    """Public hosts; `*.` before a name stands for all below it."""
    operator: Operator = Operator()

    def is_named(self, host: str, port: int) -> bool:
        """Whether the operator named it, so that its address may be a private one."""
        return (host, port) in self.operator.named

    def refusal(self, host: str, port: int) -> str | None:
        """Why the run may not reach this host, as far as its name tells."""
        if (host, port) in self.operator.never:
            return OWN.format(at=at(host, port))
        if self.is_named(host, port):
            return None
        ports = sorted({number for name, number in self.allowed if _covers(name, host)})
        if not ports:
            return f"{at(host, port)} is not among the hosts that agents may reach. {ADD}"
        if port not in ports:
            one_of = " or ".join(map(str, ports))
            return (
                f"agents may reach {host} only on port {one_of}; the operator can allow {at(host, port)} by "
                "CALORON_EGRESS"
            )
        return None

    def to_json(self) -> dict[str, Any]:
        """As the proxy's process gets it."""
        named = {"named": self.operator.named, "never": self.operator.never}
        return {"allowed": self.allowed, **named, "own_ports": self.operator.own_ports}

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> "Rules":
        """From what `to_json` returned."""
        named, never = _pairs(given["named"]), _pairs(given["never"])
        return cls(_pairs(given["allowed"]), Operator(named, never, tuple(given["own_ports"])))


ADD = "Add a public name to `agents.network` in .caloron.yml; any other the operator names in CALORON_EGRESS."
OWN = "{at} belongs to the bot itself; agents never reach it"


def _pairs(given: Iterable[Iterable[Any]]) -> tuple[Pair, ...]:
    return tuple((str(host), int(port)) for host, port in given)


def _covers(name: str, host: str) -> bool:
    return host.endswith(name[1:]) if name.startswith("*.") else host == name


def at(host: str, port: int) -> str:
    """As it is written before people."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def rules_of(
    hosts: Iterable[str], base_urls: Iterable[str], network: Iterable[str], operator: Operator
) -> Rules:
    """The rules of a run: its framework's hosts, its model's addresses, the registries, what people add."""
    added = ((public_names(name), 443) for name in network)
    models = [(host, 443) for host in hosts] + [place_of(url) for url in base_urls]
    registries = (one for row in REGISTRIES.values() for one in row)
    return Rules(tuple(dict.fromkeys((*models, *registries, *added))), operator)


def place_of(url: str) -> Pair:
    """The host and port of a model's base URL; ValueError if it is none."""
    parts = urlsplit(url)
    named = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    host = host_of(named)
    if parts.scheme not in ("http", "https") or host is None:
        raise ValueError(f"{url!r} is not an address; write it as https://host[:port][/path]")
    return host, parts.port or (443 if parts.scheme == "https" else 80)
