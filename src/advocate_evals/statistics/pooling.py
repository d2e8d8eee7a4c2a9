"""One effect over several models, each of which has its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from advocate_evals.statistics.results import Interval


@dataclass(frozen=True, slots=True)
class Pooled:
    """The mean effect over a population of models."""

    plain: Interval
    """Unweighted mean with Student's interval over models: the primary figure."""
    weighted: Interval
    """Random-effects mean (Paule and Mandel's variance, Hartung-Knapp-Sidik-Jonkman interval)."""
    prediction: Interval
    """The same mean with an interval for the effect in one further model of the kind."""
    p_above: float
    """One-sided p-value of "the mean effect is not above 0", by the plain t."""
    p_below: float
    """Likewise for "not below 0"."""
    spread: float
    """SD of the true effects between models (τ)."""
    share: float
    """Share of the variance of the estimates that is between models (I²), in [0, 1]."""
    homogeneity: float
    """p-value of Cochran's Q: that all models have one effect."""
    models: int
    """Models with an estimate."""
    level: float
    """Confidence level."""
    insufficient: str
    """Why there is no interval; empty where there is one."""


def pool(estimates: Sequence[float], errors: Sequence[float], level: float = 0.95) -> Pooled:
    """Pool estimates of independent models (`Effect.estimate` and `Effect.error`); NaN estimates are left out.

    With one model the plain interval has no bounds; nothing is pooled over fewer than two.
    """
    raise NotImplementedError
