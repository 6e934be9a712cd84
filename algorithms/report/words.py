"""Numbers and names as people read them."""

from __future__ import annotations

from algorithms.compare_config import CompareConfig

CURRENCY_NAMES = {
    "flops": "FLOPs",
    "env_steps": "environment steps",
    "seconds": "seconds",
    "evaluations": "network evaluations",
    "samples": "training samples",
}
"""Currencies of the budget, in the order in which tables show them."""


def signed(value: float) -> str:
    """A whole number with a proper minus sign."""
    return f"{round(value)}".replace("-", "−")


def plural(count: int, word: str) -> str:
    """A count with its noun: 1 game, 1,200 games."""
    return f"{count:,} {word}" + ("" if count == 1 else "s")


def percent(rate: float | None, unit: str = " %") -> str:
    """A share of one as per cent; a dash for None."""
    return "–" if rate is None else f"{100 * rate:.1f}{unit}"


def amount(value: float | None) -> str:
    """A count that people can read: 48,200 or 2.4 × 10¹³; a dash for None."""
    if value is None:
        return "–"
    if abs(value) < 1e6:
        return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.1f}"
    digits, exponent = f"{value:.1e}".split("e")
    power = str(int(exponent)).translate(str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻"))
    return f"{digits} × 10{power}"


def budget_text(config: CompareConfig) -> str:
    """The limits of the budget: 2.0 × 10¹² FLOPs or 600 seconds."""
    limits = config.budget.limits().items()
    return " or ".join(f"{amount(value)} {CURRENCY_NAMES[name]}" for name, value in limits)
