"""Inside the sandbox: makes the listening sockets, hands them to the proxy outside, then becomes the agent.

Runs alone, by file name: `python -I -S inside.py SOCKET host:port… -- COMMAND…`. A listening socket belongs
to the network in which it was made, so the proxy outside accepts what connects in here, and no process of
ours and no way to the proxy but these sockets is left inside.
"""

import os
import socket
import sys


def main(arguments: "list[str]") -> None:
    """Does not return."""
    split = arguments.index("--")
    (path, *places), command = arguments[:split], arguments[split + 1 :]
    listeners = [_listening(place) for place in places]
    with socket.socket(socket.AF_UNIX) as proxy:
        proxy.settimeout(10)
        _connect(proxy, path)
        socket.send_fds(proxy, [b"+"], [one.fileno() for one in listeners])
        if proxy.recv(1) != b"+":
            raise OSError("the proxy did not take the sockets")
    for one in listeners:
        one.close()
    os.execvp(command[0], command)


def _connect(proxy: socket.socket, path: str) -> None:
    """By its name alone, from its folder: a socket's path has 107 bytes at most."""
    here = os.open(".", os.O_RDONLY)
    folder, name = os.path.split(path)
    os.chdir(folder)
    proxy.connect(name)
    os.fchdir(here)
    os.close(here)


def _listening(place: str) -> socket.socket:
    host, _, port = place.rpartition(":")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    one = socket.socket(family, socket.SOCK_STREAM)
    one.bind((host.strip("[]"), int(port)))
    one.listen(64)
    return one


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except OSError as error:
        sys.exit(f"The network of this run cannot be set up: {error}.")
