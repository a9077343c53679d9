"""Every stage file keeps the rules, and each rule catches the stage that breaks it."""

import gc
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from compositions.examples import SHARED, documents_of, expand, read
from compositions.layout import format_document
from compositions.purity_guard import guarded
from tests.stages.format_stages import example_files
from tests.stages.stage_rules import FOLDER, TAIL, faults_of, name_of, stage_files


@pytest.mark.parametrize("path", stage_files(), ids=name_of)
def test_a_stage_keeps_the_rules(path: Path) -> None:
    assert faults_of(path) == []


SOUND = '''"""Say hello."""

import datetime
from typing import Any, TypedDict


class Input(TypedDict):
    who: Any


class Output(TypedDict):
    words: str


def execute(input: Input) -> Output:
    return {"words": f"Hello {input['who']}"}


'''
EXAMPLE: dict[str, object] = {
    "name": "A guest is greeted",
    "input": {"who": ["Ada"]},
    "output": {"words": "Hello ['Ada']"},
}
BODY = """    return {"words": f"Hello {input['who']}"}
"""


def planted(tmp_path: Path, source: str, examples: list[dict[str, object]] | None = None) -> list[str]:
    path = tmp_path / "group" / "planted.py"
    path.parent.mkdir()
    path.write_text(source, encoding="utf-8")
    if examples is None:
        examples = [EXAMPLE]
    path.with_suffix(".json").write_text(json.dumps({"examples": examples}), encoding="utf-8")
    return faults_of(path)


def doing(line: str) -> str:
    return SOUND.replace(BODY, f"    {line}\n{BODY}") + TAIL


def declaring(effects: list[str]) -> str:
    return SOUND.replace("class Input", f"EFFECTS = {effects}\n\n\nclass Input") + TAIL


def test_a_sound_stage_has_no_faults(tmp_path: Path) -> None:
    assert planted(tmp_path, SOUND + TAIL) == []


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("datetime.datetime.now(datetime.UTC)", "it uses the clock"),
        ("datetime.date.today()", "it uses the clock"),
        ("__import__('time').time()", "it uses the clock"),
        ("open('/etc/hostname')", "it uses a file"),
        ("__import__('pathlib').Path('/etc/hostname').read_text()", "it uses a file"),
        ("__import__('os').environ['HOME']", "it uses the environment"),
        ("__import__('os').environ.get('HOME')", "it uses the environment"),
        ("__import__('os').getenv('HOME')", "it uses the environment"),
        ("__import__('random').random()", "it uses randomness"),
        ("__import__('uuid').uuid4()", "it uses randomness"),
        ("__import__('socket').create_connection(('localhost', 9))", "it uses a socket"),
        ("__import__('subprocess').run(['true'])", "it uses a process"),
        ("input['who'].append('Eve')", "“A guest is greeted” changes its input"),
        ("global n; n = globals().get('n', 0) + 1; return {'words': n}", "“A guest is greeted” answers"),
        ("datetime.datetime.fromtimestamp(0)", "it uses the local time zone"),
        ("datetime.date.fromtimestamp(0)", "it uses the local time zone"),
        ("datetime.datetime(2026, 1, 1).astimezone()", "it uses the local time zone"),
        ("datetime.datetime(2026, 1, 1).timestamp()", "it uses the local time zone"),
        ("hash('abc')", "it uses hash(), whose result differs between processes"),
        ("id(input)", "it uses id(), whose result differs between processes"),
        ("print('x')", "it uses the terminal"),
        *((f"__import__('random').{call}", "it uses randomness") for call in (
            "uniform(0, 1)", "Random()", "SystemRandom()", "sample([1, 2], 1)", "choices([1, 2])",
            "getrandbits(9)", "seed()",
        )),
        ("__import__('secrets').token_hex(4)", "it uses randomness"),
        ("__import__('uuid').uuid1()", "it uses randomness"),
        *((f"__import__('time').{call}", "it uses the clock") for call in (
            "strftime('%Y')", "ctime()", "clock_gettime(0)", "process_time()", "thread_time()",
            "monotonic_ns()", "perf_counter_ns()",
        )),
        *((f"__import__('os').{call}", "it uses a file") for call in (
            "scandir('/')", "mkdir('/nowhere/x')", "remove('/nowhere/x')", "rename('/nowhere', '/x/y')",
            "getcwd()", "path.exists('/etc')", "readlink('/nowhere')", "walk('/').__next__()",
        )),
        ("__import__('os').environb[b'HOME']", "it uses the environment"),
        ("__import__('os').putenv('CALORON_X', 'y')", "it uses the environment"),
        ("__import__('os').getpid()", "it uses a process"),
        ("__import__('os').posix_spawn('/bin/true', ['true'], {})", "it uses a process"),
        ("__import__('os').execv('/bin/true', ['true'])", "it uses a process"),
        ("__import__('posix').open('/etc/hostname', 0)", "it uses a file"),
        ("__import__('io').FileIO('/etc/hostname')", "it uses a file"),
        ("__import__('sqlite3').connect(':memory:')", "it uses a file"),
        ("__import__('socket').getaddrinfo('localhost', 9)", "it uses a socket"),
        ("__import__('socket').gethostname()", "it uses a socket"),
        ("__import__('_socket').socket()", "it uses a socket"),
        ("__import__('ctypes').CDLL(None)", "it uses the machine"),
        ("datetime.sys.modules['os'].scandir('/')", "it uses a file"),
        ("__import__('_datetime').datetime.now()", "it uses __import__"),
        ("__builtins__", "it uses __builtins__"),
        ("__spec__", "it uses __spec__"),
        ("eval('1')", "it calls eval"),
        ("exec('1')", "it calls exec"),
        ("import importlib", "it imports importlib"),
        ("import time", "it imports time"),
        ("import stages.dag.validate", "it imports stages.dag.validate"),
        ("from shell import clock", "it imports shell"),
        ("try: open('/etc/hostname')\n    except Exception: pass", "it uses a file"),
    ],
)  # fmt: skip
def test_what_a_pure_stage_must_not_do_is_caught(tmp_path: Path, line: str, fault: str) -> None:
    assert any(found.startswith(fault) for found in planted(tmp_path, doing(line)))


WORLDS = [{"PYTHONHASHSEED": "1", "TZ": "EAST-13"}, {"PYTHONHASHSEED": "2", "TZ": "WEST+11"}]
"""Processes in which the order of a set and the local time are different ones."""

PROVE = """
import sys
from pathlib import Path
from compositions.rules import effects_of, purity_faults
for path in map(Path, sys.argv[1:]):
    if not effects_of(path):
        for fault in purity_faults(path):
            print(f"{path.stem}: {fault}")
"""


def faults_elsewhere(world: dict[str, str], *paths: Path) -> list[str]:
    prove = [sys.executable, "-c", PROVE, *map(str, paths)]
    root = Path(__file__).parents[2]
    done = subprocess.run(prove, cwd=root, env=os.environ | world, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


@pytest.mark.parametrize("world", WORLDS, ids=str)
def test_the_examples_hold_whatever_the_process(world: dict[str, str]) -> None:
    assert faults_elsewhere(world, *stage_files()) == []


@pytest.mark.parametrize(
    "answer", ["''.join({*'abcdefgh'})", "datetime.sys.modules['time'].tzname[0]"], ids=["order", "zone"]
)
def test_what_is_another_in_another_process_is_caught(tmp_path: Path, answer: str) -> None:
    source = SOUND.replace(BODY, f"    return {{'words': {answer}}}\n")
    path = tmp_path / "planted.py"
    path.write_text(source, encoding="utf-8")
    given = {"name": "Some words come out", "input": {}, "output": {"words": "ahgcbedf"}}
    path.with_suffix(".json").write_text(json.dumps({"examples": [given]}), encoding="utf-8")
    assert any("does not hold" in found for world in WORLDS for found in faults_elsewhere(world, path))


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        (SOUND + TAIL.replace("sys.exit(str(error))", "raise"), "its last lines are not the common tail"),
        (SOUND + TAIL + "\n", "its last lines are not the common tail"),
        (SOUND.replace("Say hello.", "Hello. I am.") + TAIL, "its docstring does not begin with one"),
        (SOUND.replace("(input: Input)", "(input)") + TAIL, "it has no `def execute"),
        (SOUND.replace("Output(TypedDict)", "Output(dict)") + TAIL, "Output is no TypedDict"),
        (SOUND.replace("import datetime\n", "import datetime  # sys.stdin\n") + TAIL, "a line at the margin"),
        (declaring(["Network"]), "it declares effects but uses nothing of shell"),
        (declaring(["Magic"]), "it declares the unknown effect Magic"),
        (declaring(["Network", "Fallible"]), "its effects are not in order"),
    ],
)  # fmt: skip
def test_what_no_stage_may_be_is_caught(tmp_path: Path, source: str, fault: str) -> None:
    assert any(found.startswith(fault) for found in planted(tmp_path, source))


@pytest.mark.parametrize(
    ("examples", "fault"),
    [
        ([], "it has no example"),
        ([EXAMPLE, EXAMPLE], "two examples are called"),
        ([EXAMPLE | {"name": "greeting"}], "“greeting” is no sentence"),
        ([EXAMPLE, {"name": "Nothing comes out", "input": {}}], "“Nothing comes out” must have"),
    ],
)  # fmt: skip
def test_what_examples_may_not_be_is_caught(
    tmp_path: Path, examples: list[dict[str, object]], fault: str
) -> None:
    assert any(found.startswith(fault) for found in planted(tmp_path, SOUND + TAIL, examples))


def test_stages_are_formatted_down_to_their_tail(tmp_path: Path) -> None:
    for path in stage_files():
        copy = tmp_path / path.relative_to(FOLDER)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(path.read_text(encoding="utf-8").removesuffix(TAIL).rstrip() + "\n", encoding="utf-8")
    check = [
        sys.executable,
        "-m",
        "ruff",
        "format",
        "--check",
        "--output-format",
        "concise",
        "--line-length",
        "110",
        str(tmp_path),
    ]
    found = subprocess.run(check, capture_output=True, text=True, check=False)
    unformatted = [line.split(":")[0] for line in found.stdout.splitlines() if ": unformatted:" in line]
    assert (found.returncode == 0) == (unformatted == []), found.stderr
    assert unformatted == [], "run: python -m tests.stages.format_stages"


def test_examples_are_formatted() -> None:
    unformatted = [
        str(file.relative_to(FOLDER))
        for file in example_files()
        if file.read_text(encoding="utf-8") != format_document(read(file))
    ]
    assert unformatted == [], "run: python -m tests.stages.format_stages"


def test_all_examples_together_can_be_read() -> None:
    lines = sum(len(file.read_text(encoding="utf-8").splitlines()) for file in example_files())
    assert lines < 20_000, "say what differs from a base: `caloron stages record` does"


def test_what_the_stages_share_is_used() -> None:
    shared = read(SHARED)
    for path in stage_files():
        for document in documents_of(path, shared):
            expand(document)
    assert shared.unused() == []


def test_what_others_left_is_not_collected_while_a_stage_is_checked(tmp_path: Path) -> None:
    """Its end may need a file, which the stage may not use."""

    class Left:
        def __init__(self) -> None:
            self.itself = self

        def __del__(self) -> None:
            (tmp_path / "ended").write_text("well")

    Left()
    with guarded():
        assert not gc.isenabled()
        assert len([[n] for n in range(10_000)]) == 10_000
    assert gc.isenabled()
    gc.collect()
    assert (tmp_path / "ended").read_text() == "well"
