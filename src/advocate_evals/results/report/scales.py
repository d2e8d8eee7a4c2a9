"""From values to places on paper: axes with round ticks, places as fractions of the axis."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from advocate_evals.results.report import words
from advocate_evals.results.shown import Unit

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_BOUNDED: tuple[Unit, ...] = ("share", "difference", "correlation")
"""Units whose values lie within −1 and 1; an interval that does not is drawn to the end."""
_TICKS = 5
"""Ticks an axis has about; more do not fit a phone."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis."""

    at: float
    """Its place, 0 to 1."""
    text: str
    """What stands at it."""


@dataclass(frozen=True, slots=True)
class Axis:
    """A stretch of numbers."""

    low: float
    """Its lower end."""
    high: float
    """Its upper end, above the lower."""
    ticks: tuple[Tick, ...]
    """Its marks, from low to high."""

    def at(self, value: float | None) -> float | None:
        """The place of a value, 0 to 1; what lies outside stands at the end; None for no value."""
        if value is None:
            return None
        return min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)


def axis(values: Iterable[float | None], unit: Unit, reference: float | None = None) -> Axis:
    """An axis that holds all values.

    Shares begin at 0 and end at 1, or at the next round number where all of them lie below a half. Differences and
    correlations hold 0 and end at −1 and 1 at most; other units begin at 0 where nothing is negative.

    Args:
        values: Estimates and bounds; None is passed over.
        unit: Their unit.
        reference: A further value to hold.
    """
    known = [value for value in (*values, reference, 0.0) if value is not None and math.isfinite(value)]
    if unit in _BOUNDED:
        known = [min(max(value, -1.0), 1.0) for value in known]  # a limit may lie where no value can
    low, high = min(known), max(known)
    if unit == "share" and high > 0.5:
        low, high = 0.0, 1.0
    if high <= low:
        high = low + 1.0
    step = _step(high - low)
    low, high = math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step
    if unit in _BOUNDED:
        low, high = max(low, -1.0), min(high, 1.0)
    count = round((high - low) / step)
    made = [low + (high - low) * n / count for n in range(count + 1)]
    return Axis(low, high, tuple(Tick((value - low) / (high - low), _text(value, unit)) for value in made))


def _step(width: float) -> float:
    """The round step by which about `_TICKS` of them cover a width."""
    rough = width / _TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * step for step in _STEPS if power * step >= rough * 0.8 - 1e-12)


def _text(value: float, unit: Unit) -> str:
    if unit == "share":
        return f"{value * 100:.3g} %"
    if unit == "difference":
        return words.number(value, unit).removesuffix(" pp")
    return f"{value:.3g}".replace("-", "−")
