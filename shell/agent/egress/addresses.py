"""Which addresses are public: agents are connected to no other, whatever name leads there."""

import errno
import ipaddress
import socket

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NOT_PUBLIC = tuple(
    ipaddress.ip_network(text)
    for text in """
    0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 168.63.129.16/32 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24
    192.0.2.0/24 192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 192.175.48.0/24 198.18.0.0/15
    198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4
    2001::/23 2001:db8::/32 2002::/16 2620:4f:8000::/48 3fff::/20
    """.split()
)
"""IANA's special-purpose registries for IPv4 and IPv6; 168.63.129.16 is Azure's metadata server."""
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
"""No other IPv6 address is public: loopback, link-local, private, multicast, and those that hold an IPv4
address (::ffff:0:0/96, 64:ff9b::/96) are outside; 6to4 and Teredo, inside it, are in the list."""


def is_public(address: Address) -> bool:
    """Whether it is an address of the public internet."""
    if address.version == 6 and address not in _GLOBAL_UNICAST:
        return False
    return not any(address in network for network in _NOT_PUBLIC if network.version == address.version)


def is_of_this_machine(address: Address) -> bool:
    """Whether this machine itself has the address: then one of its sockets can be bound to it."""
    if address.is_loopback or address.is_unspecified:
        return True
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as trial:
            trial.bind((str(address), 0))
    except OSError as error:
        # where it cannot be told, it counts as ours, so that it is refused
        return error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EINVAL)
    return True
