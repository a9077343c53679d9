"""The id of an installation is random, and stays the same where the store is lost."""

from pathlib import Path

from shell.installation_id import keep_installation, new_installation, read_installation


def test_the_id_is_kept_for_a_lost_store(tmp_path: Path) -> None:
    assert read_installation(tmp_path) is None
    name = new_installation()
    keep_installation(tmp_path, name)
    assert read_installation(tmp_path) == name != new_installation()


def test_what_is_no_id_is_not_taken_for_one_and_a_missing_home_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "installation").write_text("@ada\n")
    assert read_installation(tmp_path) is None
    keep_installation(tmp_path / "nowhere", new_installation())
