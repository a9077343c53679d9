"""Settings that someone else planted: files where the bot starts or of others, packages with our names."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .kind import Arena, Defence, Kind, Tried

_ROOT = Path(__file__).resolve().parents[3]
_OWN = {"CALORON_WEBHOOK_SECRET": "none", "GITHUB_TOKEN": "the-operators-token"}
_EVIL = "https://evil.example/api"
_ADDRESSES = {
    "GITHUB_TOKEN": "GITHUB_API_URL",
    "GITEA_TOKEN": "GITEA_URL",
    "GITHUB_APP_PRIVATE_KEY": "GITHUB_API_URL",
    "CALORON_SHELL_TOKEN": "CALORON_SHELL_URL",
    "ANTHROPIC_API_KEY": "ANTHROPIC_BASE_URL",
    "ANTHROPIC_AUTH_TOKEN": "ANTHROPIC_BASE_URL",
    "OPENAI_API_KEY": "OPENAI_BASE_URL",
    "CALORON_REVIEWER_TOKEN": "GITHUB_API_URL",
    "GEMINI_API_KEY": "GOOGLE_GEMINI_BASE_URL",
    "GOOGLE_API_KEY": "GOOGLE_GEMINI_BASE_URL",
}
_ROOMS = ("jobs", "shell", "stages")


@dataclass
class Stage:
    """One folder in which a process of the bot is started."""

    folder: Path
    home: Path = field(init=False)

    def __post_init__(self) -> None:
        self.home = self.folder / "home"
        self.home.mkdir(parents=True)

    def write(self, name: str, text: str, mode: int = 0o600) -> Path:
        """A file in this folder."""
        file = self.folder / name
        file.write_text(text)
        file.chmod(mode)
        return file

    def config(self, given: Mapping[str, str] = _OWN) -> "subprocess.CompletedProcess[str]":
        """`caloron config` as an operator would start it here."""
        return self.run(["-P", "-m", "bot.cli", "config", "--output", "json"], given)

    def run(
        self, words: list[str], given: Mapping[str, str], before: str = ""
    ) -> "subprocess.CompletedProcess[str]":
        """A Python with these settings and no others."""
        path = os.pathsep.join(filter(None, [before, str(_ROOT)]))
        place = {"PATH": os.environ.get("PATH", ""), "HOME": str(self.folder), "PYTHONPATH": path}
        told = {**place, "CALORON_HOME": str(self.home), **given}
        command = [sys.executable, *words]
        return subprocess.run(command, capture_output=True, text=True, cwd=self.folder, check=False, env=told)


def play(arena: Arena) -> Iterator[Tried]:
    """Every attempt of this kind."""
    yield from _current_folder(arena)
    yield from _files_of_others(arena)
    yield from _mixed_sources(arena)
    yield from _packages(arena)


def _current_folder(arena: Arena) -> Iterator[Tried]:
    planted = {
        "another address": f"GITHUB_API_URL={_EVIL}\n",
        "another home": "CALORON_HOME=/tmp/evil.example\n",
        "another store": "REDIS_URL=redis://:x@evil.example:6379\n",
        "another public address": f"CALORON_PUBLIC_URL={_EVIL}\n",
    }
    for number, (name, text) in enumerate(planted.items()):
        stage = Stage(arena.folder / f"folder-{number}")
        stage.write(".env", text)
        stage.write("env", text)
        done = stage.config()
        clean = done.returncode == 0 and "evil.example" not in done.stdout
        yield Tried(f".env of the current folder names {name}", clean, _last(done))


def _files_of_others(arena: Arena) -> Iterator[Tried]:
    for number, mode in enumerate((0o640, 0o604, 0o620, 0o602)):
        stage = Stage(arena.folder / f"mode-{number}")
        stage.write("home/env", f"CALORON_PUBLIC_URL={_EVIL}\n", mode)
        yield _refused(f"a file of settings with mode {mode:04o}", stage.config(), "chmod 600")
    stage = Stage(arena.folder / "pipe")
    os.mkfifo(stage.home / "env", 0o600)
    yield _refused("a pipe as the file of settings", stage.config(), "is not a file of text")
    if os.getuid() == 0:
        stage = Stage(arena.folder / "owner")
        os.chown(stage.write("home/env", f"CALORON_PUBLIC_URL={_EVIL}\n"), 12345, 12345)
        yield _refused("a file of settings of another user", stage.config(), "another user")


def _mixed_sources(arena: Arena) -> Iterator[Tried]:
    chosen = [*_ADDRESSES.items()][: 3 if arena.short else None]
    for secret, address in chosen:
        for place in ("file", "environment"):
            stage = Stage(arena.folder / f"mixed-{secret}-{place}")
            key, url = {secret: "a-secret"}, {address: _EVIL}
            written, given = (url, key) if place == "file" else (key, url)
            stage.write("home/env", "".join(f"{name}={value}\n" for name, value in written.items()))
            kept = {name: value for name, value in _OWN.items() if name not in written}
            done = stage.config(kept | given)
            yield _refused(f"{address} from the {place}, {secret} not", done, f"{secret} is from")

    stage = Stage(arena.folder / "login")
    stage.write("home/env", f"CODEX_REFRESH_TOKEN_URL_OVERRIDE={_EVIL}\n")
    yield _refused("a login's address from the file", stage.config(), "set it in the environment")


def _packages(arena: Arena) -> Iterator[Tried]:
    for room in _ROOMS[: 2 if arena.short else None]:
        stage = Stage(arena.folder / f"package-{room}")
        (stage.folder / room).mkdir()
        (stage.folder / room / "__init__.py").write_text("open('ran', 'w')\n")
        done = stage.run(["-P", "-m", "jobs.worker", "none"], _OWN)
        ran = (stage.folder / "ran").exists()
        yield Tried(f"a folder `{room}` where the bot is started", not ran and "no queue" in done.stderr)
        # installed beside ours: Python finds it first, but for the room whose program is started
        code = (
            "import bot, sys; bot.__path__; sys.path.insert(0, '.'); "
            "[sys.modules.pop(name) for name in [*sys.modules] if name.partition('.')[0] in "
            f"{{'bot', {room!r}}}]; sys.path_importer_cache.clear(); "
            "import runpy; runpy.run_module('bot.web', run_name='__main__')"
        )
        done = stage.run(["-P", "-c", code], _OWN)
        ran = (stage.folder / "ran").exists()
        yield Tried(f"an installed package `{room}`", not ran and f"`{room}`" in done.stderr, _last(done))


def _refused(name: str, done: "subprocess.CompletedProcess[str]", words: str) -> Tried:
    return Tried(name, done.returncode == 1 and words in done.stderr, _last(done))


def _last(done: "subprocess.CompletedProcess[str]") -> str:
    return (done.stderr.strip() or "accepted").splitlines()[-1][:300]


KIND = Kind(
    "settings",
    "planted files of settings, secrets led elsewhere, packages with the bot's names",
    play,
    (
        Defence(
            "no file of the current folder",
            "shell/env_file.py",
            'return Path(environment.get(HOME) or "~/.caloron").expanduser().absolute() / "env"',
            'return Path(".env").absolute()',
        ),
        Defence(
            "the file is ours alone",
            "shell/env_file.py",
            "_check_ours(file, os.fstat(opened))",
            "os.fstat(opened)",
        ),
        Defence(
            "a secret only goes to an address from its own source",
            "shell/settings.py",
            "if lines := list(env_file.mixed(os.environ, written)):",
            "if lines := []:",
        ),
        Defence(
            "no package of another",
            "bot/__init__.py",
            "if _found and _where != (_ours := Path(__file__).resolve().parents[1] / _room):",
            "if not (_ours := Path(__file__).resolve().parents[1] / _room):",
        ),
    ),
)
