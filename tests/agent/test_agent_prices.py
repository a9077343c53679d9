"""What a run cost: the agent's own figure first, then the price list, and nothing where neither knows."""

import pytest

from shell.agent.acp import Usage
from shell.agent.prices import cost_of


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


def test_what_the_agent_says_counts_before_the_list() -> None:
    assert cost_of(Usage(10, 10, 0, 0.5), "claude-sonnet-4-5")["usd"] == 0.5
