"""What a run cost: the agent's own figure or its tokens by the price list, whichever is more."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shell.agent.acp import Usage

if TYPE_CHECKING:
    from stages.world import Cost

LISTED_ON = "2025-11-24"
"""When the prices were read from the providers' public price lists."""


@dataclass(frozen=True)
class Price:
    """US dollars for a million tokens."""

    read: float
    written: float
    cached: float
    """Read from the cache."""


PRICES: tuple[tuple[str, Price], ...] = (
    (r"claude-opus-4-[5-9]", Price(5.0, 25.0, 0.5)),
    (r"claude-opus", Price(15.0, 75.0, 1.5)),
    (r"claude-sonnet", Price(3.0, 15.0, 0.3)),
    (r"claude-haiku-4", Price(1.0, 5.0, 0.1)),
    (r"gpt-5(\.1)?-mini", Price(0.25, 2.0, 0.025)),
    (r"gpt-5(\.1)?-nano", Price(0.05, 0.4, 0.005)),
    (r"gpt-5(\.1)?(-codex.*)?$", Price(1.25, 10.0, 0.125)),
    (r"gemini-2\.5-pro", Price(1.25, 10.0, 0.125)),
    (r"gemini-2\.5-flash-lite", Price(0.1, 0.4, 0.01)),
    (r"gemini-2\.5-flash", Price(0.3, 2.5, 0.03)),
)
"""Pattern of a model's name, with a provider before it or not; the first that matches counts."""


def price_of(model: str | None) -> Price | None:
    """None for a model that the list does not have: nothing is guessed."""
    name = (model or "").rpartition("/")[2]
    return next((price for pattern, price in PRICES if re.match(pattern, name)), None)


def cost_of(usage: Usage, model: str | None) -> "Cost":
    """Tokens, and US dollars where they are known."""
    cost: Cost = {
        "tokens": usage.input + usage.output + usage.cached,
        "tokens_in": usage.input,
        "tokens_out": usage.output,
        "tokens_cached": usage.cached,
    }
    known = [] if usage.cost_usd is None else [usage.cost_usd]
    if price := price_of(model):
        parts = usage.input * price.read + usage.output * price.written + usage.cached * price.cached
        known.append(parts / 1e6)
    if known:
        cost["usd"] = round(max(known), 6)
    return cost


_DEAREST = max(price.written for _, price in PRICES)


def charged_usd(cost: "Cost") -> float | None:
    """What a run counts against a cap in dollars: where nobody knows its price, that of the dearest model.

    None where not even its tokens are known. Nothing for tokens is no price: some tools report 0 where they
    do not know it.
    """
    usd, tokens = cost.get("usd"), cost.get("tokens")
    used = tokens if type(tokens) is int else None
    if isinstance(usd, int | float) and not isinstance(usd, bool) and (usd or not used):
        return usd
    return None if used is None else used * _DEAREST / 1e6
