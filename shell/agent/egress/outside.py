"""The way out of one run, seen from the bot: starts its proxy, writes what it refuses into the run's log."""

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import shell
from shell.agent.egress.hosts import Pair, Rules, at
from shell.agent.egress.proxy import SOCKET
from shell.parent import hold

INSIDE = Path(__file__).resolve().parent / "inside.py"
PROGRAM = ("-m", "shell.agent.egress.proxy")
_PORT = 3128
_LOCAL = "localhost,127.0.0.1,::1"
_SHOWN = 5


class EgressError(Exception):
    """The run's proxy could not be started; the text says why."""


@dataclass
class Egress:
    """A running proxy. Its `folder` and its `readable` must be seen in the sandbox, at their own paths."""

    folder: Path
    mirrored: tuple[Pair, ...]
    """Addresses of loopback that the operator named: they are there inside, too."""
    pid: int
    log: IO[bytes] = field(repr=False)
    mask: Callable[[str], str] = field(repr=False)
    refused: dict[str, str] = field(default_factory=dict)
    """Whatever was refused: what, and why."""
    counts: dict[str, Any] = field(default_factory=dict)
    """Connections, bytes, refusals of each; empty until the proxy has ended."""

    readable = (INSIDE,)

    @property
    def port(self) -> int:
        """Where the proxy listens inside; no mirrored port is taken from it."""
        taken = {port for _, port in self.mirrored}
        return next(port for port in range(_PORT, 65536) if port not in taken)

    @property
    def bridge(self) -> tuple[str, ...]:
        """What runs first inside, the agent's command after it: it makes the sockets and hands them over."""
        places = [at("127.0.0.1", self.port), *(at(*_inside(*one)) for one in self.mirrored)]
        return (sys.executable, "-I", "-S", str(INSIDE), str(self.folder / SOCKET), *places, "--")

    def environment(self) -> dict[str, str]:
        """The variables by which programs find the proxy; what listens inside is reached without it."""
        url = f"http://127.0.0.1:{self.port}"
        java = f"-Dhttp.proxyHost=127.0.0.1 -Dhttp.proxyPort={self.port} -Dhttps.proxyHost=127.0.0.1 " + (
            f"-Dhttps.proxyPort={self.port} -Dhttp.nonProxyHosts=localhost|127.*|[::1]"
        )
        common = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
        found = {name: url for one in common for name in (one, one.lower())}
        found |= dict.fromkeys(("NO_PROXY", "no_proxy", "npm_config_noproxy"), _LOCAL)
        found |= dict.fromkeys(("npm_config_proxy", "npm_config_https_proxy"), url)
        found |= dict.fromkeys(("YARN_HTTP_PROXY", "YARN_HTTPS_PROXY"), url)
        return found | {"NODE_USE_ENV_PROXY": "1", "MAVEN_OPTS": java, "GRADLE_OPTS": java}

    def words(self) -> str:
        """What was refused, in one sentence for whoever reads why the run failed; empty if nothing was."""
        shown = ", ".join([*self.refused][:_SHOWN])
        more = f" and {len(self.refused) - _SHOWN} more" if len(self.refused) > _SHOWN else ""
        return f"The network refused {shown}{more}; the run's log says why and what to do." if shown else ""

    def take(self, line: Mapping[str, Any]) -> None:
        """One line of the proxy's output."""
        if "refused" in line:
            what, why = self.mask(line["refused"]), self.mask(line["reason"])
            self.refused[what] = why
            self.note(f"refused {what}: {why}")
        elif "counts" in line:
            self.counts = line["counts"]
            refused = sum(self.counts["refused"].values())
            if refused or self.counts["connections"]:
                self.note(
                    f"{self.counts['connections']} connections, {self.counts['sent']} bytes sent, "
                    f"{self.counts['received']} received, {refused} refused"
                )

    def note(self, text: str) -> None:
        """Write a line into the run's log."""
        self.log.write(f"[network] {text}\n".encode(errors="replace"))
        self.log.flush()


def mirrored(rules: Rules) -> tuple[Pair, ...]:
    """What the operator named on loopback: it gets a listener inside, at the same address.

    The agent's user may not listen on ports below 1024; those are reached through the proxy only.
    """
    places = {_inside(*one): one for one in rules.operator.named if one[1] >= 1024}
    return tuple(one for (host, _), one in places.items() if host == "::1" or host.startswith("127."))


def _inside(host: str, port: int) -> Pair:
    return "127.0.0.1" if host == "localhost" else host, port


@contextlib.contextmanager
def way_out(
    rules: Rules,
    folder: Path,
    log: Path,
    mask: Callable[[str], str] = lambda text: text,
    program: Sequence[str] = PROGRAM,
) -> Iterator[Egress]:
    """A proxy by these rules, its socket in `folder`, which is the run's own; it ends with this context."""
    with open(log, "ab") as writing, _started(folder, program) as process:
        egress = Egress(folder, mirrored(rules), process.pid, writing, mask)
        reading = threading.Thread(target=_read, args=(process, egress), name="egress")
        try:
            _say_rules(process, rules, egress.mirrored)
            reading.start()
            yield egress
        finally:
            _end(process, egress, reading)


def _started(folder: Path, program: Sequence[str]) -> "subprocess.Popen[bytes]":
    """The process gets no variable of ours but the way to its code: it needs no secret."""
    (folder / SOCKET).unlink(missing_ok=True)
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
    return subprocess.Popen(
        [sys.executable, "-P", *program],
        cwd=folder,
        env=kept | {"PYTHONPATH": str(Path(shell.__path__[0]).parent)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
        pass_fds=hold(),
    )


def _say_rules(process: "subprocess.Popen[bytes]", rules: Rules, places: tuple[Pair, ...]) -> None:
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(json.dumps({"rules": rules.to_json(), "mirrored": places}).encode() + b"\n")
    process.stdin.flush()
    if b"ready" not in process.stdout.readline():
        raise EgressError("The egress proxy of this run did not start; the log of the process says why.")


def _read(process: "subprocess.Popen[bytes]", egress: Egress) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        egress.take(json.loads(line))


def _end(process: "subprocess.Popen[bytes]", egress: Egress, reading: threading.Thread) -> None:
    assert process.stdin is not None
    process.stdin.close()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if reading.ident is not None:
        reading.join()
    if process.returncode:
        egress.note("the egress proxy ended unexpectedly; from then on the run had no network")
