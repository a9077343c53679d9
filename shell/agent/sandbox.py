"""The walls around an agent: the command line of bubblewrap, made of what may be seen and written."""

import errno
import json
import os
import shutil
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from shell.agent.limits import Limits
from shell.agent.seen import Seen

_ENTER = Path(__file__).resolve().parent / "enter.py"
WORK, HOME = Path("/agent/work"), Path("/agent/home")
"""Where an agent finds its folder and its home: the same in each run, so what it keeps there still works."""
AGENT_USER = 64909
"""As whom agents run where the bot is root: a uid that no system gives away by itself."""


@dataclass(frozen=True)
class Sandbox:
    """Whether agents are walled off here; `statement` says it to people, and what to do where not."""

    program: str | None
    statement: str
    user: int | None = None
    """Where the bot is root: the uid that agents run as; files that they may write are given to it."""

    @property
    def works(self) -> bool:
        return self.program is not None


OFF = Sandbox(None, "CALORON_SANDBOX is `off`: agents run as this user and can read and write what it can.")
NO_WALLS_NO_RUN = (
    "No agent is started without them. `caloron doctor` says what is missing; CALORON_SANDBOX says what else "
    "may be done."
)


@dataclass(frozen=True)
class Mounts:
    """The files that the agent sees. Whatever is not named here is not there."""

    folder: Path
    """Where it works."""
    seen: Seen
    """System folders and toolchains."""
    writable: tuple[Path, ...] = ()
    readable: tuple[Path, ...] = ()
    hidden: tuple[Path, ...] = ()
    """What is kept out even where a folder that is seen holds it."""
    at: Mapping[Path, Path] = field(default_factory=dict)
    """Files shown elsewhere, to be read: path inside the sandbox -> path outside."""
    egress: Path | None = None
    """The way out: a folder with the proxy's socket, shown at its own path; None: there is no network."""
    inside: Mapping[Path, Path] = field(default_factory=dict)
    """Where a writable folder is shown, if not at its own path: path outside -> path inside."""
    bridge: tuple[str, ...] = ()
    """A command that runs inside, before the agent's, which follows it: it leads to that socket."""

    def shown(self, path: Path) -> Path:
        """The path inside of a writable folder."""
        return self.inside.get(path, path)


def wrap(sandbox: Sandbox, mounts: Mounts, command: list[str], limits: Limits) -> list[str]:
    """The command as it is run: behind the walls, if there are any."""
    if sandbox.program is None:
        return command
    settings = {
        "user": sandbox.user,
        "limits": {"NOFILE": limits.open_files, "FSIZE": limits.file_bytes, "CORE": 0},
    }
    enter = [sys.executable, "-I", "-S", str(_ENTER), json.dumps(settings), sandbox.program]
    inside = [*_lowered(sandbox, limits), *mounts.bridge, *command]
    where = str(mounts.shown(mounts.folder))
    return [*enter, *_rights(sandbox), *_files(mounts, limits), "--chdir", where, "--", *inside]


def _rights(sandbox: Sandbox) -> list[str]:
    apart = ["--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
    base = [*apart, "--hostname", "agent", "--new-session", "--die-with-parent", "--cap-drop", "ALL"]
    if sandbox.user is None:
        return [*base, "--unshare-user", "--disable-userns"]
    # until `setpriv` has become the agent's user; the user namespace comes from enter.py
    needed = ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP")
    return [*base, *(word for name in needed for word in ("--cap-add", name))]


def _lowered(sandbox: Sandbox, limits: Limits) -> list[str]:
    """What runs inside before the agent: processes are counted by namespace, so their limit is set here."""
    few = [_tool("prlimit"), f"--nproc={limits.processes}", "--"]
    if sandbox.user is None:
        return few
    who = [f"--reuid={sandbox.user}", f"--regid={sandbox.user}", "--clear-groups"]
    return [_tool("setpriv"), *who, "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs", "--", *few]


def _tool(name: str) -> str:
    return shutil.which(name, path="/usr/bin:/bin:/usr/sbin:/sbin") or name


def _files(mounts: Mounts, limits: Limits) -> list[str]:
    """Own /proc, /dev and /tmp first, then the list; at last the root and /dev are made read-only."""
    inner = ["--proc", "/proc", "--dev", "/dev"]
    inner += _memory_folder("/tmp", limits.temporary_bytes) + _memory_folder("/dev/shm", limits.shared_bytes)
    shown = {path: path for path in (*mounts.seen.readable, *mounts.readable)} | dict(mounts.at)
    if mounts.egress is not None:
        shown[mounts.egress] = mounts.egress
    writable = (mounts.folder, *mounts.writable)
    inner += _parents([*shown, *map(mounts.shown, writable), *mounts.seen.links], mounts.seen)
    for path in sorted(shown):
        inner += ["--ro-bind", str(shown[path]), str(path)]
    for path in mounts.hidden:
        if mounts.seen.shows(path) and path.is_dir():
            inner += ["--perms", "0755", "--size", "4096", "--tmpfs", str(path)]
    for path in writable:
        inner += ["--bind", str(path), str(mounts.shown(path))]
    for path, target in sorted(mounts.seen.links.items()):
        inner += ["--symlink", target, str(path)]
    return [*inner, "--remount-ro", "/dev", "--remount-ro", "/"]


def _memory_folder(path: str, size: int) -> list[str]:
    return ["--perms", "1777", "--size", str(size), "--tmpfs", path]


def _parents(paths: Iterable[Path], seen: Seen) -> list[str]:
    """The folders above them, which anyone may pass; bubblewrap's own would be closed to the agent's user."""
    above = {parent for path in paths for parent in path.parents if parent != Path("/")}
    made = sorted(parent for parent in above if not seen.shows(parent) and str(parent) not in _OWN)
    return [word for parent in made for word in ("--perms", "0755", "--dir", str(parent))]


_OWN = ("/proc", "/dev", "/tmp", "/dev/shm")


def hand_over(sandbox: Sandbox, paths: Iterable[Path]) -> None:
    """Give these files and folders to the agent's user; links in them are not followed."""
    if sandbox.user is None:
        return
    for path in paths:
        os.chown(path, sandbox.user, sandbox.user, follow_symlinks=False)
        if path.is_dir() and not path.is_symlink():
            for folder, folders, files in os.walk(path):
                for name in (*folders, *files):
                    _give(os.path.join(folder, name), sandbox.user)


def _give(path: str, user: int) -> None:
    """What lies deeper than a path may be long is the agent's own: only it can have made that."""
    try:
        os.chown(path, user, user, follow_symlinks=False)
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise


def made_up_etc(folder: Path, home: Path, user: int | None) -> dict[Path, Path]:
    """Files of /etc that name only the agent's user and this machine itself: path inside -> path outside."""
    uid, gid = (os.getuid(), os.getgid()) if user is None else (user, user)
    root = "root:x:0:0:root:/nonexistent:/usr/sbin/nologin\n"
    texts = {
        "passwd": f"{root}agent:x:{uid}:{gid}:agent:{home}:/bin/sh\n",
        "group": f"root:x:0:\nagent:x:{gid}:\n",
        "hosts": "127.0.0.1 localhost agent\n::1 localhost\n",
        "hostname": "agent\n",
        "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
        "resolv.conf": "# names are resolved by the egress proxy\n",
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o644)
    return {Path("/etc") / name: folder / name for name in texts}
