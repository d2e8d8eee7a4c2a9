"""Pooling one effect over several models, each of which has a true effect of its own, near those of its maker's."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from advocate_evals.statistics.intervals import Array, Interval, upper_quantile


@dataclass(frozen=True, slots=True)
class PooledEffect:
    """The mean effect over a population of models."""

    plain: Interval
    """Mean over makers of the means of their models, with Student's interval over makers: the primary figure."""
    weighted: Interval
    """Random-effects mean (Paule and Mandel's variance, Hartung-Knapp-Sidik-Jonkman interval), as if models were
    independent; NaN with fewer than two models that have a standard error."""
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
    makers: int
    """Makers of these models: the independent units."""
    level: float
    """Confidence level."""
    insufficient: str
    """Why there is no interval; empty where there is one."""


def pool_effects(
    estimates: Sequence[float], errors: Sequence[float], level: float = 0.95, makers: Sequence[str] = ()
) -> PooledEffect:
    """Pool estimates of several models; a model without an estimate is left out.

    Models of one maker share data, methods and taste, so that ten models of four makers tell less than ten. The plain
    mean counts each maker once, by the mean of its models, with Student's interval on makers − 1 degrees of freedom: it
    needs no standard errors, holds whatever they are, and is the primary figure. A fixed-effect mean is not offered:
    where models differ it covers half of what it promises.

    Args:
        estimates: One effect per model (`Effect.estimate`); NaN where there is none.
        errors: Their standard errors (`Effect.error`), above 0; NaN where there is none.
        level: Confidence level, in (0, 1).
        makers: The maker of each model; by default each model has its own.

    Raises:
        ValueError: for lists of different lengths, or a standard error that is not above 0.

    Source:
        Means of clusters as units: Donner & Klar (2000), Design and Analysis of Cluster Randomization Trials, section
        6.2. Weighted: Paule & Mandel (1982); Hartung & Knapp (2001), Statistics in Medicine 20, 3875-3889; never
        narrower than without the correction: Röver, Knapp & Friede (2015), BMC Medical Research Methodology 15, 99;
        prediction: Higgins, Thompson & Spiegelhalter (2009), JRSS A 172, 137-159. Fitted by statsmodels.
    """
    if len(estimates) != len(errors):
        raise ValueError(f"as many errors as estimates are needed, {len(estimates)} and {len(errors)} were given")
    if makers and len(makers) != len(estimates):
        raise ValueError(
            f"a maker for each model is needed, {len(estimates)} models and {len(makers)} makers were given"
        )
    has_value = np.isfinite(np.asarray(estimates, dtype=float))
    effects = np.asarray(estimates, dtype=float)[has_value]
    sds = np.asarray(errors, dtype=float)[has_value]
    if not (sds[np.isfinite(sds)] > 0).all():
        raise ValueError(f"standard errors must be above 0, not {np.nanmin(sds)}")
    units = np.asarray(makers, dtype=str)[has_value] if makers else np.arange(effects.size)
    by_maker = [effects[units == maker] for maker in np.unique(units)]
    plain, p_above, p_below = _mean_over_makers(by_maker, sds, level)
    pooled = _pool_weighted(effects, sds, level)
    reason = f"one maker, {units[0]}: no statement beyond its models" if makers else ""
    if effects.size < 2:
        reason = "one model: models cannot be compared" if effects.size else "no model with an estimate"
    return replace(
        pooled,
        plain=plain,
        p_above=p_above,
        p_below=p_below,
        models=int(effects.size),
        makers=len(by_maker),
        insufficient=reason if len(by_maker) < 2 else "",
    )


def _mean_over_makers(by_maker: Sequence[Array], errors: Array, level: float) -> tuple[Interval, float, float]:
    """Mean of the makers' means with Student's interval and one-sided p-values, by the models' own errors if all agree.

    No limits and p-values of 1 with fewer than two makers.
    """
    from scipy.special import stdtr

    means = np.array([effects.mean() for effects in by_maker])
    if means.size < 2:
        return Interval(float(means[0]) if means.size else math.nan, math.nan, math.nan), 1.0, 1.0
    mean, error = float(means.mean()), float(means.std(ddof=1)) / math.sqrt(means.size)
    if error <= 1e-12:
        error = math.sqrt(float(np.nansum(errors**2))) / errors.size
    if error <= 0:
        return Interval(mean, math.nan, math.nan), 1.0, 1.0
    half = float(upper_quantile((1 - level) / 2, means.size - 1)) * error
    below = float(stdtr(means.size - 1, mean / error))
    return Interval(mean, mean - half, mean + half), 1 - below, below


def _pool_weighted(effects: Array, errors: Array, level: float) -> PooledEffect:
    """The figures that weigh models by their errors, of the models that have one."""
    from scipy.special import chdtrc
    from statsmodels.stats.meta_analysis import combine_effects  # takes a second to import; only reports need it

    effects, errors = effects[np.isfinite(errors)], errors[np.isfinite(errors)]
    number, tail = int(effects.size), (1 - level) / 2
    if number < 2:
        return _unpooled_effect(effects, level)
    with np.errstate(divide="ignore"):  # I² of models that agree to the last digit, which is not read
        fit = combine_effects(
            effects, errors**2, method_re="iterated", use_t=True
        )  # a tighter `atol` may return τ² = 0
    mean, tau2, q = float(fit.mean_effect_re), max(0.0, float(fit.tau2)), float(fit.q)
    classical = math.sqrt(1 / float((1 / (errors**2 + tau2)).sum()))
    half = float(upper_quantile(tail, number - 1)) * max(classical, float(fit.sd_eff_w_re_hksj))
    reach = float(upper_quantile(tail, number - 2)) * math.hypot(classical, math.sqrt(tau2)) if number > 2 else math.inf
    return replace(
        _unpooled_effect(effects, level),
        weighted=Interval(mean, mean - half, mean + half),
        prediction=Interval(mean, mean - reach, mean + reach),
        tau=math.sqrt(tau2),
        i_squared=max(0.0, 1 - (number - 1) / q) if q > 0 else 0.0,
        p_homogeneity=float(chdtrc(number - 1, q)),
    )


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
        makers=int(effects.size),
        level=level,
        insufficient="",
    )
