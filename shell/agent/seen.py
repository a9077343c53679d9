"""What an agent sees of this machine: system folders, and the toolchains found on PATH with their homes."""

import functools
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store", "/gnu/store")
_NOT_OF_USR = {"src", "home", "tmp", "obj", "etc", "var", "local"}
_NOT_OF_LOCAL = {"src", "etc", "var"}
_ETC = (
    *("alternatives", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "timezone", "os-release"),
    *("ssl/certs", "ssl/openssl.cnf", "ssl/cert.pem", "ca-certificates", "ca-certificates.conf"),
    *("pki/tls/certs", "pki/tls/cert.pem", "pki/tls/openssl.cnf", "pki/ca-trust", "crypto-policies"),
    *("mime.types", "magic", "terminfo", "services", "protocols", "debian_version", "fonts", "perl"),
    *("inputrc", "bash.bashrc", "default/locale", "locale.alias", "locale.conf", "xml", "sgml"),
)
_JAVA = ("java-*", "java")
_LONGEST_LIST = 3000
_LINKS = 40  # as many as the kernel follows


@dataclass
class Seen:
    """What is shown beside the task's own folders: everything read-only, each thing at its own path."""

    readable: set[Path] = field(default_factory=set)
    links: dict[Path, str] = field(default_factory=dict)
    """Symbolic links on the way to them, which are made again inside: path -> target."""
    variables: dict[str, str] = field(default_factory=dict)
    """What a toolchain needs to know because HOME is the task's own."""

    def shows(self, path: Path) -> bool:
        return path in self.readable or not self.readable.isdisjoint(path.parents)


def system() -> Seen:
    """The system's programs, libraries and the harmless part of /etc: no key, no password, no /usr/src."""
    found = Seen()
    for name in _SYSTEM:
        folder = Path(name)
        if folder.is_symlink():
            found.links[folder] = os.readlink(folder)
        elif name == "/usr":
            found.readable |= set(_children(folder, _NOT_OF_USR))
            found.readable |= set(_children(folder / "local", _NOT_OF_LOCAL))
        elif folder.is_dir():
            found.readable.add(folder)
    etc = Path("/etc")
    wanted = [etc / name for name in _ETC] + [path for name in _JAVA for path in etc.glob(name)]
    found.readable |= {path for path in wanted if path.exists() and not path.is_symlink()}
    links = [path for path in wanted if path.is_symlink()]
    found.links |= {path: os.readlink(path) for path in links}
    return found


def _children(folder: Path, without: set[str]) -> Iterator[Path]:
    for child in sorted(folder.iterdir()) if folder.is_dir() else []:
        if child.name not in without and child.is_dir() and not child.is_symlink():
            yield child


def seen(programs: Iterable[Path], path: str, private: Iterable[Path]) -> Seen:
    """The system, the folders of `path` (a PATH) and these programs, with what each of them needs.

    Nothing that holds one of the `private` folders (the operator's home, CALORON_HOME, the current folder)
    is shown, whatever lies on PATH.
    """
    look = _Look(system(), tuple(private))
    for program in programs:
        look.program(program)
    for name in dict.fromkeys(path.split(os.pathsep)):
        if os.path.isabs(name) and os.path.isdir(name):
            look.folder(Path(name))
    inner = {link: to for link, to in look.found.links.items() if not look.found.shows(link)}
    return replace(look.found, links=inner)


class _Look:
    """Collects what is shown."""

    def __init__(self, found: Seen, private: tuple[Path, ...]) -> None:
        self.found = found
        real = [folder.resolve() for folder in private]
        self.broad = {above for folder in real for above in (folder, *folder.parents)}
        self.broad |= {folder / below for folder in real for below in _OF_A_HOME}
        self.done: set[Path] = set()
        self.plain: set[str] = set()

    def folder(self, folder: Path) -> None:
        """A folder of PATH: the toolchain that it is part of, else it alone, and what its names lead to."""
        real = self._show(folder)
        if real is None or self._is_system(real):
            return
        self._toolchain(real / "program")
        self._rustup(real)
        for name in sorted(os.listdir(real))[:_LONGEST_LIST]:
            self.program(real / name)

    def program(self, program: Path) -> None:
        """A program: its file, its toolchain, and the interpreter that its first line names."""
        if program in self.done:
            return
        self.done.add(program)
        links, real = _followed(program, self.plain)
        if self.found.shows(program) and self.found.shows(real) and self._is_system(real):
            return
        if not real.is_file():
            return
        self._links(links)
        homes = [self._toolchain(step) for step in (*links, real)]
        if not any(homes) and not self.found.shows(real):
            self._add(real)
        if interpreter := _interpreter(real):
            self.program(interpreter)

    def _is_system(self, path: Path) -> bool:
        return str(path).startswith(tuple(f"{name}/" for name in _SYSTEM))

    def _toolchain(self, program: Path) -> bool:
        """Show the toolchain that this real file belongs to; False if it belongs to none."""
        if "node_modules" in program.parts:
            parts = program.parts
            self._add(Path(*parts[: parts.index("node_modules") + 1]))
        for home in program.parents:
            if self._too_broad(home):
                return False
            if home in self.done:
                return True
            if _is_toolchain(home):
                self.done.add(home)
                self._add(home)
                self._variables(home)
                for needed in _of_venv(home):
                    self.program(needed)
                return True
        return False

    def _rustup(self, folder: Path) -> None:
        """Cargo and rustc are rustup's: they find their toolchains by a variable."""
        home = Path(os.environ.get("RUSTUP_HOME") or folder.parent.parent / ".rustup")
        if (folder / "rustup").exists() and (home / "toolchains").is_dir():
            self._add(home)
            self.found.variables["RUSTUP_HOME"] = str(home)

    def _variables(self, home: Path) -> None:
        for name, sign in _ROOTS.items():
            if (home / sign).exists():
                self.found.variables[name] = str(home)

    def _show(self, folder: Path) -> Path | None:
        """Show a folder and the links that lead to it; its real path, None where it may not be shown."""
        links, real = _followed(folder, self.plain)
        if self._too_broad(real):
            return None
        self._links(links)
        self._add(real)
        return real

    def _links(self, links: Mapping[Path, str]) -> None:
        for path, target in links.items():
            if not self.found.shows(path):
                self.found.links[path] = target

    def _add(self, path: Path) -> None:
        if not self.found.shows(path) and not self._too_broad(path):
            self.found.readable.add(path)

    def _too_broad(self, path: Path) -> bool:
        """Whether it is a place where more than programs lies, or holds a private folder."""
        return str(path) in _BROAD or path in self.broad


_BROAD = {
    *("/etc", "/var", "/run", "/tmp", "/var/tmp", "/home", "/root", "/opt", "/srv", "/mnt", "/media"),
    *("/proc", "/sys", "/dev", "/boot", "/usr", "/usr/local", "/nix", "/gnu", "/snap", "/data"),
}
_OF_A_HOME = (".local", ".local/share", ".local/state", ".local/lib", ".config", ".cache", ".ssh")
_ROOTS = {"PYENV_ROOT": "libexec/pyenv", "RBENV_ROOT": "libexec/rbenv"}
_TOOLCHAINS = (
    *(("pyvenv.cfg",), ("conda-meta",), ("bin/node", "include/node"), ("bin/python3", "lib/python3*")),
    *(
        ("bin/go", "VERSION"),
        ("bin/java", "release"),
        ("lib/rustlib",),
        ("Cellar",),
        ("lib/ruby", "bin/ruby"),
    ),
    *((sign,) for sign in _ROOTS.values()),
)
"""What a toolchain's home holds, each row one kind."""


@functools.lru_cache(maxsize=4096)
def _is_toolchain(home: Path) -> bool:
    return any(all(_holds(home, sign) for sign in signs) for signs in _TOOLCHAINS)


def _holds(home: Path, sign: str) -> bool:
    if "*" not in sign:
        return (home / sign).exists()
    return next(home.glob(sign), None) is not None


def _of_venv(home: Path) -> list[Path]:
    """The interpreters of a virtual environment, which lie in the home that its `pyvenv.cfg` names."""
    config = home / "pyvenv.cfg"
    if not config.is_file():
        return []
    named = re.search(r"^home\s*=\s*(.+)$", config.read_text(errors="replace"), re.MULTILINE)
    base = [Path(named[1].strip()) / "python3"] if named else []
    return [*(path for path in (home / "bin").glob("python*") if path.is_symlink()), *base]


def _followed(path: Path, plain: set[str]) -> tuple[dict[Path, str], Path]:
    """Every symbolic link on the way along this path, and where it ends; `plain` remembers what is none."""
    links: dict[Path, str] = {}
    at, waiting = "", list(path.absolute().parts[1:])
    while waiting:
        part = waiting.pop(0)
        if part == "..":
            at = at.rpartition("/")[0]
            continue
        step = f"{at}/{part}"
        if step in plain or len(links) >= _LINKS:
            at = step
            continue
        if not os.path.islink(step):
            plain.add(step)
            at = step
            continue
        target = Path(links.setdefault(Path(step), os.readlink(step)))
        at = "" if target.is_absolute() else at
        waiting = [*(target.parts[1:] if target.is_absolute() else target.parts), *waiting]
    return links, Path(at or "/")


def _interpreter(program: Path) -> Path | None:
    """The interpreter in its first line; None for a binary, and for `env`, which looks on PATH."""
    try:
        with open(program, "rb") as file:
            first = file.readline(256)
    except OSError:
        return None
    words = first[2:].split() if first.startswith(b"#!") else []
    return Path(os.fsdecode(words[0])) if words and os.path.isabs(words[0]) else None
