"""A test that nothing comes of a delivery fails where there was none."""

from collections.abc import Callable

import pytest

from tests.flows.play import Play


@pytest.mark.parametrize("hooked", [True, False])
def test_what_was_not_delivered_is_not_taken_for_handled(staged: Callable[..., Play], hooked: bool) -> None:
    play = staged(hooked=hooked)
    number = play.open("An issue", "Hello.")

    def edited() -> None:
        with play.noticed(f"issue:{number}"):
            play.alice.edit_issue(play.repo, number, title="A title")

    steps: list[Callable[[], None]] = [
        lambda: play.opened(number),
        edited,
        lambda: play.nothing_started(play.say(number, "/ping it")),
    ]
    for step in steps:
        if hooked:
            step()
            continue
        play.limit_s = 1.0
        with pytest.raises(AssertionError, match="did not happen"):
            step()
