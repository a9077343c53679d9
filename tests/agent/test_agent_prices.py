"""What a run cost: the agent's own figure or the price list, and nothing where neither knows."""

import pytest

from shell.agent.acp import Usage
from shell.agent.prices import charged_usd, cost_of


@pytest.mark.parametrize(
    ("model", "usd"),
    [
        ("claude-sonnet-4-5", 3 + 1.5 + 0.6),
        ("anthropic/claude-sonnet-4-5-20250929", 3 + 1.5 + 0.6),
        ("gpt-5-mini", 0.25 + 0.2 + 0.05),
        ("some-model-of-tomorrow", None),
        (None, None),
    ],
)
def test_tokens_are_priced_by_their_model(model: str | None, usd: float | None) -> None:
    cost = cost_of(Usage(1_000_000, 100_000, 2_000_000), model)
    assert cost["tokens"] == 3_100_000 and cost["tokens_cached"] == 2_000_000
    assert cost.get("usd") == (None if usd is None else pytest.approx(usd))


@pytest.mark.parametrize(("said", "usd"), [(0.5, 0.5), (0.0, 0.00018), (None, 0.00018)])
def test_the_larger_figure_counts(said: float | None, usd: float) -> None:
    assert cost_of(Usage(10, 10, 0, said), "claude-sonnet-4-5")["usd"] == pytest.approx(usd)


def test_a_cap_in_dollars_counts_a_run_of_unknown_price_as_the_dearest() -> None:
    assert charged_usd({"usd": 0.5, "tokens": 1_000_000}) == 0.5
    assert charged_usd({"tokens": 1_000_000}) == 75.0
    assert charged_usd({"seconds": 3}) is None


def test_nothing_for_tokens_is_no_price() -> None:
    assert charged_usd(cost_of(Usage(900_000, 100_000, 0, 0.0), "some-model-of-tomorrow")) == 75.0
    assert charged_usd({"usd": 0}) == charged_usd({"usd": 0.0, "tokens": 0}) == 0
