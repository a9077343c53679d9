"""An amount that agents may use in a day: tokens, or US dollars."""

import re
from typing import Literal, NamedTuple

_TOKENS = re.compile(r"([0-9]{1,15})\s*([kM]?)\s*(?:tokens)?")
_DOLLARS = re.compile(r"\$\s*([0-9]{1,9}(?:\.[0-9]{1,2})?)|([0-9]{1,9}(?:\.[0-9]{1,2})?)\s*(?:USD|\$)")
MICRO = 1_000_000


class Budget(NamedTuple):
    """The amount is counted in tokens, or in millionths of a dollar."""

    amount: int
    unit: Literal["tokens", "usd"]

    def __str__(self) -> str:
        if self.unit == "usd":
            return f"${self.amount / MICRO:,.2f}"
        return f"{self.amount:,} tokens"


def budget_of(text: str) -> Budget:
    """What a person wrote: `500k`, `5M tokens`, `$20` or `12.50 USD`; ValueError in words."""
    if found := _TOKENS.fullmatch(text.strip()):
        budget = Budget(int(found[1]) * {"": 1, "k": 1_000, "M": 1_000_000}[found[2]], "tokens")
    elif found := _DOLLARS.fullmatch(text.strip()):
        budget = Budget(round(float(found[1] or found[2]) * MICRO), "usd")
    else:
        raise ValueError(f"is {text!r}; write tokens, such as 500k or 5M, or dollars, such as $20")
    if budget.amount < 1:
        raise ValueError(f"is {text!r}; write more than nothing")
    return budget
