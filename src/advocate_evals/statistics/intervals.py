"""Confidence limits, and the records that the estimators of this package return.

First the records (`Interval`, `Rate`, `Effect`), then limits of a share, limits of a mean in a bounded range, effects
built from a limit function or a standard error, and melded limits of functions of several shares. scipy is imported
inside the functions that need it, because scorers import this module at start-up.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.random import Generator, default_rng
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

MIN_EFFECTIVE_COUNT = 5
"""Effective counts below which the exact interval replaces Wilson's."""

MONTE_CARLO_DRAWS = 20_000
"""Draws per limit: an error of a third of a percentage point in the tail probability at most."""

_SEED = 20_260_401
"""Fixed, so that every limit and p-value is a function of the counts alone."""

_ROUNDING = 1e-12
"""Standard deviation, in parts of the mean, that counts as rounding error."""


# Records


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its confidence interval; NaN where there is nothing to estimate from."""

    estimate: float
    lower: float
    upper: float

    def clipped(self, low: float, high: float) -> Interval:
        """The same with estimate and limits cut off at the ends of their range; NaN stays NaN."""
        return Interval(*(float(value) for value in np.clip((self.estimate, self.lower, self.upper), low, high)))


UNKNOWN_INTERVAL = Interval(math.nan, math.nan, math.nan)
"""No estimate and no limits."""


@dataclass(frozen=True, slots=True)
class Rate:
    """The rate of an event in one condition, over blocks."""

    estimate: float
    """Mean over blocks of the share of episodes with the event, in [0, 1]; NaN where there is no episode."""
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
    """Number of episodes."""
    events: float
    """Episodes with the event."""
    clusters: int
    """Number of independent units: blocks, or the clusters they were grouped by."""
    effective: float
    """Number of independent yes-or-no answers with the same variance (Kish's effective size), at most `episodes`."""
    exact: bool
    """Whether Korn and Graubard's exact limits replaced Wilson's."""
    insufficient: str
    """Why no interval can be estimated; empty where one can."""


@dataclass(frozen=True, slots=True)
class Effect:
    """A difference, a contrast or an indirect effect, on the risk scale unless its estimator says otherwise.

    A risk difference is positive where the event is rarer under the second condition.
    """

    estimate: float
    """NaN where it cannot be estimated."""
    lower: float
    """Lower limit of the two-sided interval at `level`."""
    upper: float
    """Upper limit of the two-sided interval."""
    least: float
    """One-sided lower limit at `level`."""
    most: float
    """One-sided upper limit at `level`."""
    p_above: float
    """One-sided p-value of "the effect is not above 0"; 1 where it cannot be tested."""
    p_below: float
    """One-sided p-value of "the effect is not below 0"; 1 where it cannot be tested."""
    error: float
    """Standard error; for asymmetric limits, their distance divided by that of a standard normal interval."""
    level: float
    """Confidence level of the interval, and of each one-sided limit."""
    blocks: int
    """Blocks used: those in which every condition that matters is known."""
    dropped: int
    """Blocks left out, because a condition that matters is missing."""
    clusters: int
    """Number of independent units: blocks, or the clusters they were grouped by."""
    method: str
    """`mover`, `t`, `jackknife`, `poststratified`, `ppi`, `rogan-gladen` or `bias analysis`; `none` where nothing was
    estimated."""
    insufficient: str
    """Why it cannot be estimated or bounded better than by its range; empty where it can."""
    limits: LimitFunction | None = field(default=None, compare=False, repr=False)
    """Its limits as a function of the tail beyond them; None where nothing but its range is known."""

    def clipped(self, low: float, high: float) -> Effect:
        """The same effect with its limits cut off at the ends of its range."""
        limits = {name: min(max(getattr(self, name), low), high) for name in ("lower", "upper", "least", "most")}
        return replace(self, **limits)

    def with_error(self, error: float) -> Effect:
        """The same effect with another standard error."""
        return replace(self, error=error)

    def above(self, margin: float = 0.0) -> bool:
        """Whether the effect is above `margin`, by the one-sided test at 1 − `level`."""
        return not self.insufficient and self.least > margin

    def below(self, margin: float = 0.0) -> bool:
        """Whether the effect is below `margin`, by the one-sided test at 1 − `level`."""
        return not self.insufficient and self.most < margin

    def p_above_margin(self, margin: float) -> float:
        """One-sided p-value of "the effect is not above `margin`"; 1 where it cannot be tested, and above one half."""
        limits = self.limits
        return 1.0 if self.insufficient or limits is None else _invert_limit(lambda tail: limits(tail)[0] - margin)

    def p_below_margin(self, margin: float) -> float:
        """Likewise of "the effect is not below `margin`"."""
        limits = self.limits
        return 1.0 if self.insufficient or limits is None else _invert_limit(lambda tail: margin - limits(tail)[1])


def unknown_effect(
    reason: str, limits: tuple[float, float], level: float, blocks: tuple[int, int] = (0, 0), estimate: float = math.nan
) -> Effect:
    """An effect of which only the range is known (and perhaps an estimate without a variance).

    Args:
        reason: Why.
        limits: The range.
        level: Confidence level that was requested.
        blocks: Number of blocks used and dropped.
        estimate: The estimate, if there is one.
    """
    low, high = limits
    used, dropped = blocks
    return Effect(
        estimate=estimate,
        lower=low,
        upper=high,
        least=low,
        most=high,
        p_above=1.0,
        p_below=1.0,
        error=math.nan,
        level=level,
        blocks=used,
        dropped=dropped,
        clusters=min(used, 1),
        method="none",
        insufficient=reason,
    )


# Limits of a share


def upper_quantile(tail: float, df: ArrayLike = np.inf) -> Array:
    """Upper quantile of Student's t, of the normal where `df` is infinite; `df` below 1 counts as 1."""
    from scipy.special import stdtrit

    return np.asarray(-stdtrit(np.maximum(df, 1.0), tail), dtype=float)


def wilson_limits(share: ArrayLike, number: ArrayLike, critical: ArrayLike) -> tuple[Array, Array]:
    """Wilson's limits of a share of `number` answers, at a critical value (a quantile of the normal or of Student's t).

    Own code, since statsmodels (`proportion_confint`, equal to the digit) takes a level and no quantile of Student's t,
    and its import takes three seconds or more where SciPy's special functions take one.

    Source:
        Wilson (1927), JASA 22, 209-212.
    """
    p, n, z = (np.asarray(value, dtype=float) for value in (share, number, critical))
    middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return np.maximum(middle - half, 0.0), np.minimum(middle + half, 1.0)


def clopper_pearson_limits(count: ArrayLike, number: ArrayLike, tail: float) -> tuple[Array, Array]:
    """Clopper and Pearson's limits, each with probability `tail` beyond it; the counts need not be integers.

    Own code, two calls of SciPy's beta quantile: `binomtest` takes one pair of whole numbers, and effective numbers of
    answers are not whole.

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


# Limits of a mean


def t_interval(values: ArrayLike, level: float = 0.95) -> Interval:
    """Mean of independent values with Student's interval.

    Args:
        values: One value per independent unit, none of them NaN.
        level: Confidence level, in (0, 1).

    Returns:
        Mean and limits; the limits are NaN where the variance cannot be estimated (fewer than two values, or all
        equal).
    """
    sample = np.asarray(values, dtype=float)
    if sample.size == 0:
        return UNKNOWN_INTERVAL
    mean, sd = float(sample.mean()), float(sample.std(ddof=1)) if sample.size > 1 else 0.0
    if sd <= _ROUNDING * abs(mean):  # equal up to rounding
        return Interval(mean, math.nan, math.nan)
    half = float(upper_quantile((1 - level) / 2, sample.size - 1)) * sd / math.sqrt(sample.size)
    return Interval(mean, mean - half, mean + half)


def mean_interval(values: ArrayLike, top: float, level: float = 0.95, parts: int = 1) -> Interval:
    """Mean of independent values in [0, top], with an interval on the effective sample size.

    The values are scaled to [0, 1] and read as shares. A share of variance s² is worth n·p(1−p)/s² yes-or-no answers:
    never fewer than n (a bounded variable varies most when it sits at both ends), and counted as at most `parts` times
    n, so that a few equal values do not give an exact mean. At p = 0 or 1, where s² says nothing, each value counts as
    one answer. The effective size is shrunk by (z/t)² with n − 1 degrees of freedom. Where fewer than five effective
    answers are of one kind, Clopper and Pearson's exact interval is used instead of Wilson's.

    Args:
        values: One value per independent unit, in [0, top].
        top: The largest possible value, above 0.
        level: Confidence level, in (0, 1).
        parts: How many yes-or-no answers one value consists of, at least 1.

    Returns:
        Mean and limits, on the scale of the values. One value gives [0, top], none gives NaN.

    Raises:
        ValueError: for values outside the range, NaN among them, or a level outside (0, 1).

    Source:
        Korn & Graubard (1998), Survey Methodology 24, 193-201, for the effective size and the exact interval; Wilson
        (1927), JASA 22, 209-212.
    """
    sample = np.asarray(values, dtype=float)
    _check_level(level)
    if sample.size and not (np.all(sample >= 0) and np.all(sample <= top)):
        raise ValueError(f"values must lie in [0, {top}], found {sample[~((sample >= 0) & (sample <= top))][0]}")
    if sample.size == 0:
        return UNKNOWN_INTERVAL
    if sample.size == 1:
        return Interval(float(sample[0]), 0.0, float(top))
    lower, upper = _mean_share_limits(sample / top, level, parts)
    return Interval(float(sample.mean()), max(0.0, lower) * top, min(1.0, upper) * top)


def _mean_share_limits(shares: Array, level: float, parts: int) -> tuple[float, float]:
    """Limits of a mean of shares, on their effective number."""
    p, n, tail = float(shares.mean()), int(shares.size), (1 - level) / 2
    t, z = float(upper_quantile(tail, n - 1)), float(upper_quantile(tail))
    binomial, variance = p * (1 - p), float(shares.var(ddof=1))
    if binomial <= 0:
        effective = float(n)
    elif variance <= 0:
        effective = parts * n
    else:
        effective = min(parts * n, max(n, n * binomial / variance))
    effective *= (z / t) ** 2
    exact = min(p, 1 - p) * effective < MIN_EFFECTIVE_COUNT
    lower, upper = clopper_pearson_limits(p * effective, effective, tail) if exact else wilson_limits(p, effective, z)
    return float(lower), float(upper)


# Effects


LimitFunction = Callable[[float], tuple[float, float]]
"""Lower and upper limit, each with the stated probability beyond it."""


@dataclass(frozen=True, slots=True)
class EffectBasis:
    """The data behind an effect, and the method."""

    blocks: int
    dropped: int
    clusters: int
    method: str


def effect_from_limits(estimate: float, limits: LimitFunction, level: float, basis: EffectBasis) -> Effect:
    """An effect from its limits as a function of the tail beyond them; the p-values invert that function.

    Args:
        estimate: The estimate.
        limits: Its limits; they must move outwards as the tail shrinks.
        level: Confidence level, in (0, 1).
        basis: Blocks, clusters and method.
    """
    _check_level(level)
    lower, upper = limits((1 - level) / 2)
    least, most = limits(1 - level)
    return Effect(
        estimate=estimate,
        lower=lower,
        upper=upper,
        least=least,
        most=most,
        p_above=_invert_limit(lambda tail: limits(tail)[0]),
        p_below=_invert_limit(lambda tail: -limits(tail)[1]),
        error=(upper - lower) / (2 * float(upper_quantile((1 - level) / 2))),
        level=level,
        blocks=basis.blocks,
        dropped=basis.dropped,
        clusters=basis.clusters,
        method=basis.method,
        insufficient="",
        limits=limits,
    )


def student_effect(estimate: float, error: float, level: float, basis: EffectBasis) -> Effect:
    """An effect with Student's limits on clusters − 1 degrees of freedom.

    Args:
        estimate: The estimate.
        error: Its standard error, above 0.
        level: Confidence level, in (0, 1).
        basis: Blocks, clusters and method.
    """
    from scipy.special import stdtr

    _check_level(level)
    df = basis.clusters - 1

    def limits(tail: float) -> tuple[float, float]:
        half = float(upper_quantile(tail, df)) * error
        return estimate - half, estimate + half

    (lower, upper), (least, most) = limits((1 - level) / 2), limits(1 - level)
    return Effect(
        estimate=estimate,
        lower=lower,
        upper=upper,
        least=least,
        most=most,
        p_above=float(stdtr(df, -estimate / error)),
        p_below=float(stdtr(df, estimate / error)),
        error=error,
        level=level,
        blocks=basis.blocks,
        dropped=basis.dropped,
        clusters=basis.clusters,
        method=basis.method,
        insufficient="",
        limits=limits,
    )


def jackknife_error(leave_one_out: Array) -> Array:
    """Standard error from the estimates that leave out one cluster each, over the last axis."""
    number = leave_one_out.shape[-1]
    deviations = leave_one_out - leave_one_out.mean(axis=-1, keepdims=True)
    return np.asarray(np.sqrt((number - 1) / number * (deviations**2).sum(axis=-1)))


def to_floats(limits: tuple[Array, Array]) -> tuple[float, float]:
    """A pair of limits without axes as numbers."""
    return float(limits[0]), float(limits[1])


def _check_level(level: float) -> None:
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, not {level}")


def _invert_limit(distance: Callable[[float], float]) -> float:
    """The smallest tail at which a one-sided limit excludes 0, to 1e-6 of itself; 1 if none below one half does.

    Args:
        distance: How far the limit is beyond 0 (positive if it excludes 0), as a function of the tail.
    """
    from scipy.optimize import brentq

    if not distance(0.499) > 0:
        return 1.0
    if distance(1e-15) > 0:
        return 1e-15
    return math.exp(brentq(lambda log_tail: distance(math.exp(log_tail)), math.log(1e-15), math.log(0.499), xtol=1e-6))


# Limits of functions of several shares, by melding the exact limits of each


@dataclass(frozen=True, slots=True)
class ConfidenceDistribution:
    """Draws of the lower and of the upper confidence limit of a share, or of a function of shares.

    Clopper and Pearson's limits of a share at all confidence levels are the quantiles of two beta distributions, one
    for the lower and one for the upper limit. For a function that rises or falls in each share, the matching limits are
    drawn together, and a quantile of the function is its limit. With one share this is Clopper and Pearson's limit
    itself.

    Source:
        Fay, Proschan & Brittain (2015), Biometrics 71, 146-156.
    """

    low: Array
    high: Array

    def limits(self, tail: float) -> tuple[float, float]:
        """Lower and upper limit, each with probability `tail` beyond it."""
        return float(np.quantile(self.low, tail)), float(np.quantile(self.high, 1 - tail))


def fixed_seed_generator() -> Generator:
    """A new generator with the seed of this package."""
    return default_rng(_SEED)


def share_distribution(count: float, number: float, generator: Generator) -> ConfidenceDistribution:
    """Confidence distribution of a share with `count` of `number`; limits 0 and 1 where `number` is 0."""
    failures = number - count
    low = generator.beta(count, failures + 1, MONTE_CARLO_DRAWS) if count > 0 else np.zeros(MONTE_CARLO_DRAWS)
    high = generator.beta(count + 1, failures, MONTE_CARLO_DRAWS) if failures > 0 else np.ones(MONTE_CARLO_DRAWS)
    return ConfidenceDistribution(low, high)


def positive_rate_distribution(
    class_if_positive: ConfidenceDistribution,
    positive_share: ConfidenceDistribution,
    class_if_negative: ConfidenceDistribution,
) -> ConfidenceDistribution:
    """Confidence distribution of P(graded positive | class), by Bayes' rule: a sensitivity or a false positive rate.

    It rises in the first two and falls in the third.

    Args:
        class_if_positive: Share of the class among the episodes graded positive.
        positive_share: Share graded positive.
        class_if_negative: Share of the class among the episodes graded negative.
    """
    p, q, r = class_if_positive, positive_share, class_if_negative
    return ConfidenceDistribution(
        _share_of_sum(q.low * p.low, (1 - q.low) * r.high, 0.0),
        _share_of_sum(q.high * p.high, (1 - q.high) * r.low, 1.0),
    )


def _share_of_sum(part: Array, remainder: Array, empty: float) -> Array:
    total = part + remainder
    return np.where(total > 0, part / np.where(total > 0, total, 1.0), empty)
