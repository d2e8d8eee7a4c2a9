"""Limits of a single share, for arrays: Wilson's, and Clopper and Pearson's for counts that need not be whole."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator, default_rng
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import stdtr

Array = NDArray[np.float64]


def upper_quantile(tail: float, df: ArrayLike = np.inf) -> Array:
    """Upper quantile of Student's t, of the normal where `df` is infinite; `df` below 1 counts as 1."""
    from scipy.special import stdtrit  # a fifth of a second that no start-up should pay

    return np.asarray(-stdtrit(np.maximum(df, 1.0), tail), dtype=float)


def wilson_limits(share: ArrayLike, number: ArrayLike, critical: ArrayLike) -> tuple[Array, Array]:
    """Wilson's limits of a share of `number` answers, at a critical value (a quantile of the normal or of Student's t).

    Source:
        Wilson (1927), JASA 22, 209-212.
    """
    p, n, z = (np.asarray(value, dtype=float) for value in (share, number, critical))
    middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return np.maximum(middle - half, 0.0), np.minimum(middle + half, 1.0)


def clopper_pearson_limits(count: ArrayLike, number: ArrayLike, tail: float) -> tuple[Array, Array]:
    """Clopper and Pearson's limits, each with `tail` beyond it; the counts need not be whole.

    Source:
        Clopper & Pearson (1934), Biometrika 26, 404-413; as a ratio of beta variables, Korn & Graubard (1998), Survey
        Methodology 24, 193-201.
    """
    from scipy.special import betaincinv

    k, n = np.broadcast_arrays(np.asarray(count, dtype=float), np.asarray(number, dtype=float))
    some, not_all = k > 0, k < n
    lower = np.where(some, betaincinv(np.where(some, k, 1.0), np.where(some, n - k, 0.0) + 1, tail), 0.0)
    upper = np.where(not_all, betaincinv(np.where(not_all, k, 0.0) + 1, np.where(not_all, n - k, 1.0), 1 - tail), 1.0)
    return lower, upper


# --- Limits of functions of several shares, by melding the exact limits of each. ---


MELDING_DRAWS = 20_000
"""Draws per limit: an error of a third of a percentage point in the tail probability at most."""

_SEED = 20_260_401
"""Limits are a function of the counts alone."""


@dataclass(frozen=True, slots=True)
class ConfidenceDistribution:
    """Draws of the two ends of a share, or of a function of shares."""

    low: Array
    high: Array

    def limits(self, tail: float) -> tuple[float, float]:
        """Lower and upper limit, each with `tail` beyond it."""
        return float(np.quantile(self.low, tail)), float(np.quantile(self.high, 1 - tail))

    def complement(self) -> ConfidenceDistribution:
        """Of 1 − the share."""
        return ConfidenceDistribution(1 - self.high, 1 - self.low)

    def minus(self, other: ConfidenceDistribution) -> ConfidenceDistribution:
        """Of the difference of two independent ones."""
        return ConfidenceDistribution(self.low - other.high, self.high - other.low)

    def p_zero(self) -> float:
        """Two-sided p-value that a difference is nil."""
        return min(1.0, 2 * min(float((self.low <= 0).mean()), float((self.high >= 0).mean())))


def melding_generator() -> Generator:
    """The stream that the draws of one figure come from."""
    return default_rng(_SEED)


def share_distribution(count: float, number: float, chance: Generator) -> ConfidenceDistribution:
    """Draws of the ends of a share with `count` of `number`; 0 and 1 where there is no number."""
    rest = number - count
    low = chance.beta(count, rest + 1, MELDING_DRAWS) if count > 0 else np.zeros(MELDING_DRAWS)
    high = chance.beta(count + 1, rest, MELDING_DRAWS) if rest > 0 else np.ones(MELDING_DRAWS)
    return ConfidenceDistribution(low, high)


def predictive_value_distribution(
    one: ConfidenceDistribution, share: ConfidenceDistribution, other: ConfidenceDistribution
) -> ConfidenceDistribution:
    """Of share·one / (share·one + (1 − share)·other): it rises in `share` and `one`, and falls in `other`."""
    return ConfidenceDistribution(
        _portion(share.low * one.low, (1 - share.low) * other.high, 0.0),
        _portion(share.high * one.high, (1 - share.high) * other.low, 1.0),
    )


def _portion(part: Array, rest: Array, empty: float) -> Array:
    whole = part + rest
    return np.where(whole > 0, part / np.where(whole > 0, whole, 1.0), empty)


# --- What the estimators of this package return: an interval, a rate, an effect. ---


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


def unknown_effect(
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


# --- The mean of a quantity that cannot leave a range, with an interval that holds at the ends of the range too. ---


_ROUNDING = 1e-12
"""Spread, in parts of the mean, that is no spread."""


def t_interval(values: ArrayLike, level: float = 0.95) -> Interval:
    """Mean of independent values with Student's interval.

    Args:
        values: One value per independent unit, none of them NaN.
        level: Confidence level, in (0, 1).

    Returns:
        Mean and bounds; the bounds are NaN where the variance cannot be estimated (fewer than two values, or all equal).
    """
    found = np.asarray(values, dtype=float)
    if found.size == 0:
        return Interval(math.nan, math.nan, math.nan)
    middle, spread = float(found.mean()), float(found.std(ddof=1)) if found.size > 1 else 0.0
    if spread <= _ROUNDING * abs(middle):  # equal but for how they were added up
        return Interval(middle, math.nan, math.nan)
    half = float(upper_quantile((1 - level) / 2, found.size - 1)) * spread / math.sqrt(found.size)
    return Interval(middle, middle - half, middle + half)


def mean_interval(values: ArrayLike, top: float, level: float = 0.95, parts: int = 1) -> Interval:
    """Mean of independent values in [0, top], with an interval on the effective sample size.

    The values are scaled to [0, 1] and read as shares. A share of variance s² is worth n·p(1−p)/s² yes-or-no answers:
    never fewer than n (a bounded variable varies most when it sits at both ends), and counted as at most `parts` times
    n, so that a handful of equal values does not claim to be exact. At p = 0 or 1, where s² says nothing, each value
    counts as one answer. The effective size is shrunk by (z/t)² with n − 1 degrees of freedom. Where fewer than five
    effective answers are of one kind, Clopper and Pearson's exact interval is used instead of Wilson's.

    Args:
        values: One value per independent unit, in [0, top].
        top: The largest value there can be, above 0.
        level: Confidence level, in (0, 1).
        parts: How many yes-or-no answers one value is made of, at least 1.

    Returns:
        Mean and bounds, on the scale of the values. One value gives [0, top], none gives NaN.

    Raises:
        ValueError: for values outside the range, NaN among them, or a level outside (0, 1).

    Source:
        Korn & Graubard (1998), Survey Methodology 24, 193-201, for the effective size and the exact interval; Wilson
        (1927), JASA 22, 209-212.
    """
    found = np.asarray(values, dtype=float)
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, not {level}")
    if found.size and not (np.all(found >= 0) and np.all(found <= top)):
        raise ValueError(f"values must lie in [0, {top}], found {found[~((found >= 0) & (found <= top))][0]}")
    if found.size == 0:
        return Interval(math.nan, math.nan, math.nan)
    if found.size == 1:
        return Interval(float(found[0]), 0.0, float(top))
    lower, upper = _share_interval(found / top, level, parts)
    return Interval(float(found.mean()), max(0.0, lower) * top, min(1.0, upper) * top)


def _share_interval(share: NDArray[np.float64], level: float, parts: int) -> tuple[float, float]:
    """Bounds of a mean of shares, on their effective number."""
    p, n, tail = float(share.mean()), int(share.size), (1 - level) / 2
    t, z = float(upper_quantile(tail, n - 1)), float(upper_quantile(tail))
    room, variance = p * (1 - p), float(share.var(ddof=1))
    effective = float(n) if room <= 0 else parts * n if variance <= 0 else min(parts * n, max(n, n * room / variance))
    effective *= (z / t) ** 2
    few = min(p, 1 - p) * effective < MIN_EFFECTIVE_COUNT
    lower, upper = clopper_pearson_limits(p * effective, effective, tail) if few else wilson_limits(p, effective, z)
    return float(lower), float(upper)


MIN_EFFECTIVE_COUNT = 5
"""Effective counts below which the exact interval takes the place of Wilson's."""


# --- From limits at any confidence to an effect: interval, one-sided limits and p-values that agree with them. ---


LimitFunction = Callable[[float], tuple[float, float]]
"""Lower and upper limit, each with the given probability beyond it."""


@dataclass(frozen=True, slots=True)
class EffectBasis:
    """What an effect rests on."""

    blocks: int
    dropped: int
    clusters: int
    method: str
    insufficient: str = ""


def effect_from_limits(
    estimate: float, limits: LimitFunction, level: float, basis: EffectBasis, null: float = 0.0
) -> Effect:
    """An effect from its limits as a function of the tail beyond them; the p-values invert that function.

    Args:
        estimate: The estimate.
        limits: Its limits; they must move outwards as the tail shrinks.
        level: Confidence level, in (0, 1).
        basis: What it rests on.
        null: The value of no effect.
    """
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, not {level}")
    lower, upper = limits((1 - level) / 2)
    least, most = limits(1 - level)
    return Effect(
        estimate=estimate, lower=lower, upper=upper, least=least, most=most,
        p_above=_inverted(lambda tail: limits(tail)[0] - null),
        p_below=_inverted(lambda tail: null - limits(tail)[1]),
        error=(upper - lower) / (2 * float(upper_quantile((1 - level) / 2))),
        level=level,
        blocks=basis.blocks, dropped=basis.dropped, clusters=basis.clusters,
        method=basis.method, insufficient=basis.insufficient,
    )  # fmt: skip


def student_effect(estimate: float, error: float, level: float, basis: EffectBasis) -> Effect:
    """An effect with Student's limits on clusters − 1 degrees of freedom.

    Args:
        estimate: The estimate.
        error: Its standard error, above 0.
        level: Confidence level, in (0, 1).
        basis: What it rests on.
    """
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, not {level}")
    df = basis.clusters - 1
    two, one = (float(upper_quantile(tail, df)) * error for tail in ((1 - level) / 2, 1 - level))
    below = float(stdtr(df, estimate / error))
    return Effect(
        estimate=estimate, lower=estimate - two, upper=estimate + two, least=estimate - one, most=estimate + one,
        p_above=float(stdtr(df, -estimate / error)), p_below=below, error=error, level=level,
        blocks=basis.blocks, dropped=basis.dropped, clusters=basis.clusters,
        method=basis.method, insufficient=basis.insufficient,
    )  # fmt: skip


def _inverted(inside: Callable[[float], float]) -> float:
    """The smallest tail at which a one-sided limit leaves the null out, to 1e-6 of itself; 1 if none below one half.

    Args:
        inside: How far the limit is beyond the null (above 0 if it leaves it out), given the tail.
    """
    most, least = math.log(0.499), math.log(1e-15)
    if not inside(0.499) > 0:
        return 1.0
    if inside(1e-15) > 0:
        return 1e-15
    return math.exp(brentq(lambda tail: inside(math.exp(tail)), least, most, xtol=1e-6))
