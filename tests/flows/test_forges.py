"""The lists of which flow is played where name flows that there are."""

from pathlib import Path

import pytest

from tests.flows.forges import ONE_FAKE, REAL_GITEA_TOO, is_wanted

HERE = Path(__file__).parent


@pytest.mark.parametrize("start", [*REAL_GITEA_TOO, *ONE_FAKE])
def test_what_is_listed_is_there(start: str) -> None:
    file, _, test = start.partition("::")
    found = (HERE / file).read_text(encoding="utf-8").count(f"\ndef {test or 'test_'}")
    assert found == 1 if test else found


def test_a_flow_is_played_where_it_says_something(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CALORON_ALL_FORGES", raising=False)
    forges = ("on_fake_gitea", "on_fake_github", "on_real_gitea")

    def played(flow: str) -> list[str]:
        return [one for one in forges if is_wanted(f"tests/flows/{flow}[{one}]")]

    assert played("test_diamond.py::test_a_diamond") == list(forges)
    assert played("test_plan.py::test_a_changed_plan") == ["on_fake_gitea", "on_fake_github"]
    assert played("test_secrets.py::test_work") == ["on_fake_gitea"]
    assert not is_wanted("tests/flows/test_receipts.py::test_a[on_real_gitea-True]")
    assert is_wanted("tests/flows/test_lost_store.py::test_a[a label]")
    monkeypatch.setenv("CALORON_ALL_FORGES", "1")
    assert played("test_secrets.py::test_work") == list(forges)
