"""The file of a stateful tick: written whole, read back, put aside when unreadable, never elsewhere."""

import json
from pathlib import Path

import pytest

from shell import tick_file

NOW = "2026-11-21T09:00:05.000Z"
KEPT = {"state": {"tasks": {"api": {"status": "Done"}}}, "interventions": {"a": 1}, "since": NOW}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CALORON_KV_DIR", str(tmp_path / "kv"))
    return tmp_path / "kv"


def test_what_was_written_is_read_back() -> None:
    assert tick_file.read("s-1", NOW) == {}
    tick_file.write("s-1", KEPT)
    assert tick_file.read("s-1", NOW) == KEPT


def test_nothing_but_the_file_is_left_behind(folder: Path) -> None:
    tick_file.write("s-1", KEPT)
    tick_file.write("s-1", KEPT)
    assert [path.name for path in folder.iterdir()] == ["s-1.json"]


def test_a_write_that_fails_leaves_the_last_one(folder: Path) -> None:
    tick_file.write("s-1", KEPT)
    with pytest.raises(TypeError):
        tick_file.write("s-1", {"state": object()})
    assert tick_file.read("s-1", NOW) == KEPT
    assert [path.name for path in folder.iterdir()] == ["s-1.json"]


@pytest.mark.parametrize("broken", ["", "{", "[]", '{"state": []}', '{"since": 5}', '"text"', "\ufffe"])
def test_a_file_that_cannot_be_read_is_put_aside(folder: Path, broken: str) -> None:
    folder.mkdir()
    (folder / "s-1.json").write_text(broken, encoding="utf-8")
    assert tick_file.read("s-1", NOW) == {}
    [aside] = folder.iterdir()
    assert aside.name == "s-1.json.corrupt-20261121T090005000Z"
    assert aside.read_text(encoding="utf-8") == broken


def test_a_file_that_is_no_text_is_put_aside(folder: Path) -> None:
    folder.mkdir()
    (folder / "s-1.json").write_bytes(b"\xff\xfe\x00")
    assert tick_file.read("s-1", NOW) == {}
    assert [path.name for path in folder.iterdir()] == ["s-1.json.corrupt-20261121T090005000Z"]


def test_the_counters_of_both_forms_are_read(folder: Path) -> None:
    folder.mkdir()
    kept = {"state": {"tasks": {}}, "interventions": {"a": 1, "b": {"count": 1}}, "since": ""}
    (folder / "s-1.json").write_text(json.dumps(kept), encoding="utf-8")
    assert tick_file.read("s-1", NOW)["interventions"] == {"a": 1, "b": {"count": 1}}


@pytest.mark.parametrize("sprint_id", ["../escaped", "", "a/b", "A", "x" * 65, ".", None])
def test_a_sprint_id_leads_nowhere_else(sprint_id: str) -> None:
    for act in (lambda: tick_file.read(sprint_id, NOW), lambda: tick_file.write(sprint_id, KEPT)):
        with pytest.raises(ValueError, match="sprint_id"):
            act()


def test_without_a_folder_of_its_own_it_lies_at_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CALORON_KV_DIR")
    monkeypatch.setenv("CALORON_HOME", str(tmp_path))
    assert tick_file.path_of("s-1") == tmp_path / "kv" / "s-1.json"
