"""Which hosts, addresses and requests the egress proxy takes, and which it refuses."""

import ipaddress
import ssl

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shell.agent.egress.addresses import is_of_this_machine, is_public
from shell.agent.egress.handshake import Hello, NoHandshake
from shell.agent.egress.hosts import (
    Operator,
    Rules,
    host_of,
    named_pair,
    pair,
    place_of,
    public_names,
    rules_of,
)
from shell.agent.egress.request import Malformed, Target, passed_on, target_of, to_host


@pytest.mark.parametrize("name", ["api.example.org", "*.example.org", "xn--bcher-kva.ch", "a-b.c1.io"])
def test_a_public_name_is_taken(name: str) -> None:
    assert public_names(name) == public_names(name.upper()) == name


@pytest.mark.parametrize(
    "name",
    [
        *("localhost", "intranet", "10.0.0.1", "169.254.169.254", "[::1]", "2130706433", "0x7f.1", "1.2.3"),
        *("*", "*.org", "*.*.example.org", "a.*.example.org", "*example.org", "example.org.", ".example.org"),
        *("example.org:443", "https://example.org", "example.org/x", "a@example.org", "exa mple.org", ""),
        *("bücher.ch", "аpi.example.org", "example.org\n", "example.org\0.evil.net", "-a.example.org"),
        *("metadata.google.internal", "printer.local", "db.home.arpa", "a.localhost", "x.test", "x.onion"),
        *("a" * 64 + ".org", "a." * 130 + "org"),
    ],
)
def test_no_other_name_is_public(name: str) -> None:
    with pytest.raises(ValueError, match="public"):
        public_names(name)


def test_a_name_is_text() -> None:
    with pytest.raises(ValueError, match="name of a host"):
        public_names(443)


@pytest.mark.parametrize(
    ("text", "usual"),
    [
        ("Localhost:11434", "localhost:11434"),
        ("10.1.2.3:8000", "10.1.2.3:8000"),
        ("[0:0::1]:80", "[::1]:80"),
        ("my_model:1", "my_model:1"),
        ("model.lan:65535", "model.lan:65535"),
    ],
)
def test_the_operator_names_an_exact_host_and_port(text: str, usual: str) -> None:
    assert named_pair(text) == usual
    host, port = pair(usual)
    assert Rules((), Operator(named=((host, port),))).refusal(host, port) is None


@pytest.mark.parametrize(
    "text",
    [
        *(
            "localhost",
            "localhost:",
            ":80",
            "localhost:0",
            "localhost:65536",
            "localhost:08",
            "localhost:80x",
        ),
        *(
            "*:80",
            "*.lan:80",
            "http://localhost:80",
            "localhost:80/x",
            "10.0.0.0/8:80",
            "::1:80",
            "0x7f.1:80",
        ),
        *("[::ffff:10.0.0.1]:80", "[fe80::1%eth0]:80", "010.0.0.1:80", "2130706433:80", "a..b:80", "ü:80"),
    ],
)
def test_the_operator_names_nothing_else(text: str) -> None:
    with pytest.raises(ValueError, match="has "):
        named_pair(text)


RULES = rules_of(
    ["api.anthropic.com"],
    ["https://models.example.org:8443/v1"],
    ["*.example.net", "one.example.com"],
    Operator((("127.0.0.1", 11434), ("pypi.org", 8080)), (("store.example.org", 6379),), (8080,)),
)


@pytest.mark.parametrize(
    ("host", "port"),
    [
        *(("api.anthropic.com", 443), ("pypi.org", 443), ("deb.debian.org", 80), ("a.example.net", 443)),
        *(("a.b.example.net", 443), ("one.example.com", 443), ("models.example.org", 8443)),
        *(("127.0.0.1", 11434), ("pypi.org", 8080)),
    ],
)
def test_what_a_run_may_reach(host: str, port: int) -> None:
    assert RULES.refusal(host, port) is None
    assert Rules.of(RULES.to_json()) == RULES


@pytest.mark.parametrize(
    ("host", "port", "words"),
    [
        ("example.net", 443, "not among"),
        ("evilexample.net", 443, "not among"),
        ("api.anthropic.com.evil.org", 443, "not among"),
        ("evil-api.anthropic.com", 443, "not among"),
        ("api.anthropic.com", 80, "only on port 443"),
        ("pypi.org", 22, "only on port 443"),
        ("deb.debian.org", 22, "only on port 80 or 443"),
        ("models.example.org", 443, "only on port 8443"),
        ("127.0.0.1", 11435, "not among"),
        ("127.0.0.2", 11434, "not among"),
        ("store.example.org", 6379, "belongs to the bot"),
    ],
)
def test_what_a_run_may_not_reach(host: str, port: int, words: str) -> None:
    reason = RULES.refusal(host, port)
    assert reason and words in reason and host in reason


def test_a_refusal_says_what_to_do() -> None:
    reason = RULES.refusal("api.evil.org", 443)
    assert reason and "`agents.network`" in reason and "CALORON_EGRESS" in reason


@pytest.mark.parametrize(
    "url", ["ftp://a.example.org", "localhost:11434", "https://", "https://a b.example.org"]
)
def test_a_base_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="is not an address"):
        place_of(url)


def test_a_base_url_without_a_port_has_that_of_its_kind() -> None:
    assert place_of("http://[::1]/v1") == ("::1", 80) and place_of("https://A.example.org") == (
        "a.example.org",
        443,
    )


PRIVATE = """0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 100.100.100.200 127.0.0.1 127.9.9.9 168.63.129.16
169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.192 192.0.2.1 192.88.99.1 192.168.1.1
198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 :: ::1
::ffff:127.0.0.1 ::ffff:8.8.8.8 ::127.0.0.1 64:ff9b::7f00:1 64:ff9b::808:808 64:ff9b:1::1
100::1 2001::1 2001:db8::1 2002:7f00:1::1 2002:808:808::1 3fff::1 5f00::1 fc00::1 fd00:ec2::254
fe80::1 fec0::1 ff02::1""".split()


@pytest.mark.parametrize("text", PRIVATE)
def test_no_such_address_is_public(text: str) -> None:
    assert not is_public(ipaddress.ip_address(text))


@pytest.mark.parametrize(
    "text", ["1.1.1.1", "8.8.8.8", "100.63.0.1", "172.32.0.1", "2606:4700::1111", "2a00::1"]
)
def test_such_an_address_is_public(text: str) -> None:
    assert is_public(ipaddress.ip_address(text))


@given(st.ip_addresses())
def test_what_python_knows_not_to_be_global_is_not_public(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    assert (address.is_global and not address.is_multicast) or not is_public(address)


def test_the_addresses_of_this_machine_are_known() -> None:
    own = ("127.0.0.1", "127.1.2.3", "::1", "0.0.0.0")
    assert all(is_of_this_machine(ipaddress.ip_address(text)) for text in own)
    assert not is_of_this_machine(ipaddress.ip_address("8.8.8.8"))


@pytest.mark.parametrize(
    "text",
    ["127.1", "0177.0.0.1", "0x7f000001", "2130706433", "127.0.0.1.", "::1", "[127.0.0.1]", "1.2.3.4.5", ""],
)
def test_an_address_has_one_spelling(text: str) -> None:
    assert host_of(text) is None


def asked(method: str, target: str, *headers: tuple[str, str]) -> h11.Request:
    return h11.Request(method=method, target=target, headers=[("Host", "whatever.test"), *headers])


@pytest.mark.parametrize(
    ("method", "target", "place"),
    [
        ("CONNECT", "PyPI.org:443", Target("pypi.org", 443, None)),
        ("CONNECT", "[::1]:8080", Target("::1", 8080, None)),
        ("GET", "http://deb.debian.org/a?b", Target("deb.debian.org", 80, b"/a?b")),
        ("POST", "HTTP://10.0.0.1:81", Target("10.0.0.1", 81, b"/")),
        ("GET", "http://a.test?x", Target("a.test", 80, b"/?x")),
    ],
)
def test_what_a_request_asks_for(method: str, target: str, place: Target) -> None:
    assert target_of(asked(method, target)) == place


@pytest.mark.parametrize(
    ("method", "target"),
    [
        *(
            ("CONNECT", one)
            for one in ("pypi.org", "pypi.org:0", "pypi.org:99999", "pypi.org:+443", "/x", "*")
        ),
        *(
            ("CONNECT", one)
            for one in ("a@pypi.org:443", "pypi.org:443@evil.test:443", "pypi.org%00.evil:443")
        ),
        *(
            ("CONNECT", one)
            for one in ("http://pypi.org:443", "pypi.org.:443", "127.1:80", "0x7f.0.0.1:80", "::1:80")
        ),
        *(
            ("GET", one)
            for one in ("/", "*", "https://pypi.org/", "ftp://pypi.org/", "//pypi.org/", "pypi.org:80")
        ),
        *(
            ("GET", one)
            for one in ("http://a@pypi.org/", "http://pypi.org\\@evil.test/", "http:///x", "http://a#b/")
        ),
    ],
)
def test_a_malformed_target_is_refused(method: str, target: str) -> None:
    with pytest.raises(Malformed):
        target_of(asked(method, target))


def test_the_host_gets_its_own_name_and_no_header_of_the_proxy() -> None:
    request = asked(
        "GET",
        "http://deb.debian.org/a",
        ("Proxy-Authorization", "Basic c2VjcmV0"),
        ("Proxy-Connection", "keep-alive"),
        ("Connection", "keep-alive, X-Own, transfer-encoding"),
        ("X-Own", "1"),
        ("Upgrade", "websocket"),
        ("Authorization", "Bearer 1"),
    )
    sent = to_host(request, target_of(request))
    assert sent.target == b"/a"
    assert list(sent.headers) == [
        (b"host", b"deb.debian.org"),
        (b"authorization", b"Bearer 1"),
        (b"connection", b"close"),
    ]


def test_of_two_lengths_only_the_chunks_count() -> None:
    both = [(b"content-length", b"3"), (b"transfer-encoding", b"chunked")]
    assert passed_on(both) == [(b"transfer-encoding", b"chunked")]


def hello(name: str | None) -> bytes:
    """The first bytes of a TLS client that asks for this host."""
    context = ssl.create_default_context()
    context.check_hostname = False
    written = ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), written, server_hostname=name).do_handshake()
    return written.read()


@pytest.mark.parametrize("name", ["pypi.org", None])
@pytest.mark.parametrize("step", [1, 100, 5000])
def test_the_host_of_a_handshake_is_read_in_any_pieces(name: str | None, step: int) -> None:
    data, one = hello(name), Hello()
    said = [one.feed(data[start : start + step]) for start in range(0, len(data), step)]
    assert said == [False] * (len(said) - 1) + [True]
    assert (one.name, one.read) == (name, data)


@pytest.mark.parametrize(
    "data", [b"SSH-2.0-OpenSSH\r\n", b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\xff\xff" + b"a" * 9]
)
def test_what_is_no_handshake_is_refused(data: bytes) -> None:
    with pytest.raises(NoHandshake):
        Hello().feed(data)


def test_an_endless_handshake_is_refused() -> None:
    one = Hello()
    record = b"\x16\x03\x01\x40\x00\x01\x10\x00\x00" + b"a" * (0x4000 - 4)
    with pytest.raises(NoHandshake):
        for _ in range(8):
            one.feed(record)
