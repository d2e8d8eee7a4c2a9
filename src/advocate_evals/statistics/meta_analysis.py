"""Pooling one effect over several models, each of which has a true effect of its own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from advocate_evals.statistics.intervals import Array, Interval, upper_quantile


@dataclass(frozen=True, slots=True)
class PooledEffect:
    """The mean effect over a population of models."""

    plain: Interval
    """Unweighted mean with Student's interval over models: the primary figure."""
    weighted: Interval
    """Random-effects mean (Paule and Mandel's variance, Hartung-Knapp-Sidik-Jonkman interval)."""
    prediction: Interval
    """The same mean with a prediction interval for the effect in one further model."""
    p_above: float
    """One-sided p-value of "the mean effect is not above 0", by the plain t."""
    p_below: float
    """Likewise for "not below 0"."""
    tau: float
    """SD of the true effects between models (τ)."""
    i_squared: float
    """Share of the variance of the estimates that is between models (I²), in [0, 1]."""
    p_homogeneity: float
    """p-value of Cochran's Q: that all models have the same effect."""
    models: int
    """Models with an estimate."""
    level: float
    """Confidence level."""
    insufficient: str
    """Why there is no interval; empty where there is one."""


def pool_effects(estimates: Sequence[float], errors: Sequence[float], level: float = 0.95) -> PooledEffect:
    """Pool estimates of independent models; a model without an estimate or a standard error is left out.

    The plain mean with Student's interval over models needs no standard errors and holds whatever they are; it is the
    primary figure. A fixed-effect mean is not offered: where models differ it covers half of what it promises.

    Args:
        estimates: One effect per model (`Effect.estimate`).
        errors: Their standard errors (`Effect.error`), above 0.
        level: Confidence level, in (0, 1).

    Raises:
        ValueError: for lists of different lengths, or a standard error that is not above 0.

    Source:
        Paule & Mandel (1982); Hartung & Knapp (2001), Statistics in Medicine 20, 3875-3889; never narrower than without
        the correction: Röver, Knapp & Friede (2015), BMC Medical Research Methodology 15, 99; prediction: Higgins,
        Thompson & Spiegelhalter (2009), JRSS A 172, 137-159. Fitted by statsmodels.
    """
    if len(estimates) != len(errors):
        raise ValueError(f"as many errors as estimates are needed, {len(estimates)} and {len(errors)} were given")
    is_known = np.isfinite(estimates) & np.isfinite(errors)
    effects, sds = np.asarray(estimates, dtype=float)[is_known], np.asarray(errors, dtype=float)[is_known]
    if not (sds > 0).all():
        raise ValueError(f"standard errors must be above 0, not {sds.min()}")
    if effects.size < 2:
        return _unpooled_effect(effects, level)
    return _pool_models(effects, sds, level)


def _unpooled_effect(effects: Array, level: float) -> PooledEffect:
    """The record of no model, or of a single one."""
    single = Interval(float(effects[0]) if effects.size else math.nan, math.nan, math.nan)
    return PooledEffect(
        plain=single,
        weighted=single,
        prediction=single,
        p_above=1.0,
        p_below=1.0,
        tau=math.nan,
        i_squared=math.nan,
        p_homogeneity=math.nan,
        models=int(effects.size),
        level=level,
        insufficient="one model: models cannot be compared" if effects.size else "no model with an estimate",
    )


def _pool_models(effects: Array, errors: Array, level: float) -> PooledEffect:
    from scipy.special import chdtrc
    from statsmodels.stats.meta_analysis import combine_effects  # takes a second to import; only reports need it

    number, tail = int(effects.size), (1 - level) / 2
    with np.errstate(divide="ignore"):  # I² of models that agree to the last digit, which is not read
        fit = combine_effects(
            effects, errors**2, method_re="iterated", use_t=True
        )  # a tighter `atol` may return τ² = 0
    mean, tau2, q = float(fit.mean_effect_re), max(0.0, float(fit.tau2)), float(fit.q)
    classical = math.sqrt(1 / float((1 / (errors**2 + tau2)).sum()))
    half = float(upper_quantile(tail, number - 1)) * max(classical, float(fit.sd_eff_w_re_hksj))
    reach = float(upper_quantile(tail, number - 2)) * math.hypot(classical, math.sqrt(tau2)) if number > 2 else math.inf
    plain, p_above, p_below = _plain_mean(effects, errors, level)
    return PooledEffect(
        plain=plain,
        weighted=Interval(mean, mean - half, mean + half),
        prediction=Interval(mean, mean - reach, mean + reach),
        p_above=p_above,
        p_below=p_below,
        tau=math.sqrt(tau2),
        i_squared=max(0.0, 1 - (number - 1) / q) if q > 0 else 0.0,
        p_homogeneity=float(chdtrc(number - 1, q)),
        models=number,
        level=level,
        insufficient="",
    )


def _plain_mean(effects: Array, errors: Array, level: float) -> tuple[Interval, float, float]:
    """Mean over models with Student's interval and one-sided p-values; by the models' own errors if all are equal."""
    from scipy.special import stdtr

    mean, error = float(effects.mean()), float(effects.std(ddof=1)) / math.sqrt(effects.size)
    error = error if error > 1e-12 else math.sqrt(float((errors**2).sum())) / effects.size
    half = float(upper_quantile((1 - level) / 2, effects.size - 1)) * error
    below = float(stdtr(effects.size - 1, mean / error))
    return Interval(mean, mean - half, mean + half), 1 - below, below
