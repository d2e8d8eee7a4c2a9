"""From limits at any confidence to an effect: interval, one-sided limits and p-values that agree with them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from scipy.optimize import brentq
from scipy.special import stdtr

from advocate_evals.statistics.binomial import quantile
from advocate_evals.statistics.results import Effect

Limits = Callable[[float], tuple[float, float]]
"""Lower and upper limit, each with the given probability beyond it."""


@dataclass(frozen=True, slots=True)
class Basis:
    """What an effect rests on."""

    blocks: int
    dropped: int
    clusters: int
    method: str
    insufficient: str = ""


def effect(estimate: float, limits: Limits, level: float, basis: Basis, null: float = 0.0) -> Effect:
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
        error=(upper - lower) / (2 * float(quantile((1 - level) / 2))),
        level=level,
        blocks=basis.blocks, dropped=basis.dropped, clusters=basis.clusters,
        method=basis.method, insufficient=basis.insufficient,
    )  # fmt: skip


def student(estimate: float, error: float, level: float, basis: Basis) -> Effect:
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
    two, one = (float(quantile(tail, df)) * error for tail in ((1 - level) / 2, 1 - level))
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
