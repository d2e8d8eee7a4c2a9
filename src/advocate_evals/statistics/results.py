"""What the estimators of this package return: an interval, a rate, an effect."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its confidence interval; NaN where there is nothing to estimate from."""

    estimate: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class Rate:
    """The rate of an event in one condition, over blocks."""

    estimate: float
    """Events per episode, in [0, 1]; NaN where there is no episode."""
    lower: float
    """Lower limit of the two-sided interval; 0 where nothing is known."""
    upper: float
    """Upper limit of the two-sided interval; 1 where nothing is known."""
    least: float
    """One-sided lower limit: at most 1 − `level` of all samples put it above the true rate."""
    most: float
    """One-sided upper limit, likewise."""
    level: float
    """Confidence level of the interval, and of each one-sided limit."""
    episodes: int
    """Episodes behind it."""
    events: float
    """Episodes with the event."""
    clusters: int
    """Independent units behind it: blocks, or what they were grouped by."""
    effective: float
    """Independent yes-or-no answers that the episodes are worth (Kish's effective size), at most `episodes`."""
    exact: bool
    """Whether Korn and Graubard's exact limits took the place of Wilson's."""
    insufficient: str
    """Why no interval can be estimated; empty where one can."""


@dataclass(frozen=True, slots=True)
class Effect:
    """A difference, a contrast or an indirect effect, on the risk scale unless its maker says otherwise.

    A risk difference is positive where the event is rarer under the second condition.
    """

    estimate: float
    """NaN where it cannot be estimated."""
    lower: float
    """Lower limit of the two-sided interval at `level`."""
    upper: float
    """Upper limit of the two-sided interval."""
    least: float
    """One-sided lower limit at `level`: what the effect is at least."""
    most: float
    """One-sided upper limit at `level`: what the effect is at most."""
    p_above: float
    """One-sided p-value of "the effect is not above 0"; 1 where it cannot be tested."""
    p_below: float
    """One-sided p-value of "the effect is not below 0"; 1 where it cannot be tested."""
    error: float
    """Standard error; where the limits are not symmetric, their distance over that of a normal interval."""
    level: float
    """Confidence level of the interval, and of each one-sided limit."""
    blocks: int
    """Blocks used: those in which every condition that matters is known."""
    dropped: int
    """Blocks left out, because a condition that matters is missing."""
    clusters: int
    """Independent units behind it: blocks, or what they were grouped by."""
    method: str
    """How it was found: `mover`, `t`, `jackknife`, `poststratified`, `ppi`, `rogan-gladen`; `none` where it was not."""
    insufficient: str
    """Why it cannot be estimated or bounded better than by its range; empty where it can."""

    @property
    def interval(self) -> Interval:
        """Estimate and two-sided limits."""
        return Interval(self.estimate, self.lower, self.upper)

    def scaled(self, by: float) -> Effect:
        """The same on another scale: of ratings that were divided by 10 to lie in [0, 1], `scaled(10)` gives points."""
        if by <= 0:
            raise ValueError(f"a scale must be above 0, not {by}")
        numbers = {name: getattr(self, name) * by for name in ("estimate", "lower", "upper", "least", "most", "error")}
        return replace(self, **numbers)

    def kept_in(self, low: float, high: float) -> Effect:
        """The same with its limits cut off at the ends of its range."""
        cut = {name: min(max(getattr(self, name), low), high) for name in ("lower", "upper", "least", "most")}
        return replace(self, **cut)

    def with_error(self, error: float) -> Effect:
        """The same with another standard error."""
        return replace(self, error=error)

    def above(self, margin: float = 0.0) -> bool:
        """Whether the effect is above `margin`, by the one-sided test at 1 − `level`."""
        return not self.insufficient and self.least > margin

    def below(self, margin: float = 0.0) -> bool:
        """Whether the effect is below `margin`, by the one-sided test at 1 − `level`."""
        return not self.insufficient and self.most < margin

    def within(self, margin: float) -> bool:
        """Whether it is equivalent to none: above −margin and below margin, each by its one-sided test (TOST)."""
        return self.above(-margin) and self.below(margin)


def unknown(
    reason: str, limits: tuple[float, float], level: float, blocks: tuple[int, int] = (0, 0), estimate: float = math.nan
) -> Effect:
    """An effect of which no more is known than the range it lies in (and perhaps an estimate with no variance).

    Args:
        reason: Why.
        limits: The range.
        level: Confidence level that was asked for.
        blocks: How many were used and how many dropped.
        estimate: The estimate, if there is one.
    """
    low, high = limits
    used, dropped = blocks
    return Effect(
        estimate=estimate, lower=low, upper=high, least=low, most=high, p_above=1.0, p_below=1.0, error=math.nan,
        level=level, blocks=used, dropped=dropped, clusters=min(used, 1), method="none", insufficient=reason,
    )  # fmt: skip
