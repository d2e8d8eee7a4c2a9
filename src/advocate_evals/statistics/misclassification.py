"""Rates and differences corrected for a grader's errors.

The correction goes by people's labels in each condition; beside it stands Rogan and Gladen's with one sensitivity and
one specificity for all conditions, as a sensitivity analysis. Whether a verdict survives is for `bias_analysis.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from advocate_evals.statistics.grader_quality import ConfusionCounts, count_confusion
from advocate_evals.statistics.intervals import (
    MONTE_CARLO_DRAWS,
    Array,
    Effect,
    EffectBasis,
    Interval,
    clopper_pearson_limits,
    effect_from_limits,
    fixed_seed_generator,
    to_floats,
    unknown_effect,
    upper_quantile,
)
from advocate_evals.statistics.risk_difference import (
    BlockTable,
    UnitSums,
    as_block_table,
    error_of_sum,
    estimate_rates,
    insufficient_units,
    rate_correlation,
    rate_limits,
    risk_difference,
    sum_units,
)

CorrectionMethod = Literal["poststratified", "ppi"]


@dataclass(frozen=True, slots=True)
class CorrectedRates:
    """Rates per condition and differences to the first one, corrected and uncorrected."""

    raw: tuple[Interval, ...]
    """Rates as graded."""
    rates: tuple[Interval, ...]
    """Rates corrected within each condition."""
    differences: tuple[Effect, ...]
    """Corrected rate of the first condition − that of each further one."""
    raw_differences: tuple[Effect, ...]
    """The same as graded."""
    rogan_gladen: tuple[Effect, ...]
    """The same by sensitivity and specificity pooled over conditions: wrong where they differ between conditions."""
    labels: tuple[int, ...]
    """Labels per condition."""
    insufficient: str
    """Why some condition has no correction (a verdict without a label, say); empty where all have one."""


@dataclass(frozen=True, slots=True)
class LimitDistances:
    """Corrected rates and the distances to their limits; arrays of shape (…, conditions)."""

    estimate: Array
    down: Array
    """Distance to the lower limit."""
    up: Array
    """Distance to the upper limit."""
    down_share: Array
    """The part of `down` that comes from the share graded positive, which is correlated between the conditions of a
    block; below 0 where the rate falls with that share."""
    up_share: Array
    """Likewise of `up`."""


def correct_rates(
    graded: ArrayLike,
    human: ArrayLike,
    method: CorrectionMethod = "poststratified",
    clusters: ArrayLike | None = None,
    level: float = 0.95,
) -> CorrectedRates:
    """Correct the rates of each condition by its own labels.

    Nothing is assumed about the grader's errors, nor that they are the same in all conditions. The limits combine those
    of the share graded positive (clustered, `rate_limits`) with those of the true share among each verdict (Jeffreys).

    Args:
        graded: Blocks × conditions, the grader's verdict, 0, 1 or NaN.
        human: Same shape, a person's label, 0 or 1; NaN where no label was requested.
        method: `poststratified` holds for labels sampled at random and for those sampled by verdict; `ppi`
            (prediction-powered) for labels sampled at random only, and adds the mean error of the grader.
        clusters: One label per block, as in `as_block_table`.
        level: Confidence level, in (0, 1).

    Source:
        Double sampling with a stratified second phase: Cochran (1977), Sampling Techniques, section 12.2;
        prediction-powered inference: Angelopoulos et al. (2023), Science 382, 669-674.
    """
    counts, table = count_confusion(graded, human), as_block_table(graded, clusters=clusters)
    conditions = range(table.conditions)
    sums = sum_units(table, conditions, complete=False)
    reasons = [
        counts.find_label_gap(condition) or insufficient_units(int(sums.units[condition])) for condition in conditions
    ]
    pair_reasons = [reasons[0] or reason for reason in reasons[1:]]
    pairs = (np.asarray(graded, dtype=float), np.asarray(human, dtype=float)) if method == "ppi" else None
    distances = partial(limit_distances, sums, counts, ppi=pairs)
    raw_differences = _raw_differences(table, level)
    return CorrectedRates(
        raw=tuple(Interval(rate.estimate, rate.lower, rate.upper) for rate in estimate_rates(table, level)),
        rates=_corrected_intervals(distances((1 - level) / 2), reasons),
        differences=tuple(
            unknown_effect(reason, (-1.0, 1.0), level)
            if reason
            else _corrected_difference(sums, distances, condition, level, method)
            for condition, reason in enumerate(pair_reasons, start=1)
        ),
        raw_differences=raw_differences,
        rogan_gladen=rogan_gladen_differences(counts, raw_differences),
        labels=tuple(int(number) for number in counts.labelled_positive + counts.labelled_negative),
        insufficient=next((reason for reason in reasons if reason), ""),
    )


def _raw_differences(table: BlockTable, level: float) -> tuple[Effect, ...]:
    return tuple(risk_difference(table, 0, condition, level) for condition in range(1, table.conditions))


def _corrected_intervals(distances: LimitDistances, reasons: list[str]) -> tuple[Interval, ...]:
    return tuple(
        Interval(
            math.nan if reason else float(np.clip(distances.estimate[condition], 0.0, 1.0)),
            max(0.0, float(distances.estimate[condition] - distances.down[condition])),
            min(1.0, float(distances.estimate[condition] + distances.up[condition])),
        )
        for condition, reason in enumerate(reasons)
    )


def _corrected_difference(
    sums: UnitSums,
    distances: Callable[[float], LimitDistances],
    condition: int,
    level: float,
    method: CorrectionMethod,
) -> Effect:
    """Corrected rate of the first condition − that of another one."""
    estimate = distances(0.5).estimate
    basis = EffectBasis(*sums.block_counts, int(sums.units[[0, condition]].min()), method)

    def limits(tail: float) -> tuple[float, float]:
        return to_floats(corrected_difference_limits(sums, distances(tail), (0, condition)))

    return effect_from_limits(float(estimate[0] - estimate[condition]), limits, level, basis)


def limit_distances(
    sums: UnitSums, counts: ConfusionCounts, tail: float, ppi: tuple[Array, Array] | None = None
) -> LimitDistances:
    """Corrected rates and the distances to their limits, each with probability `tail` beyond it.

    Args:
        sums: The verdicts over units.
        counts: Verdicts and labels.
        tail: Probability beyond each limit.
        ppi: Verdicts and labels themselves for prediction-powered inference; post-stratification without them.
    """
    low, high = rate_limits(sums, tail)
    share = np.nan_to_num(sums.rates)
    if ppi is not None:
        return _ppi_distances(share, (low, high), ppi, tail)
    true_if_positive, true_if_negative = counts.true_if_positive, counts.true_if_negative
    positive_low, positive_high = _jeffreys_limits(true_if_positive, counts.labelled_positive, tail)
    negative_low, negative_high = _jeffreys_limits(true_if_negative, counts.labelled_negative, tail)
    slope = true_if_positive - true_if_negative
    down_share = slope * np.where(slope > 0, share - low, high - share)
    # where nothing is graded positive, all of what may be was graded rightly
    slope = np.where(counts.labelled_positive > 0, true_if_positive, 1.0) - true_if_negative
    up_share = slope * np.where(slope > 0, high - share, low - share)
    down = (share * (true_if_positive - positive_low)) ** 2
    down = down + ((1 - share) * (true_if_negative - negative_low)) ** 2 + down_share**2
    up = (share * (positive_high - true_if_positive)) ** 2
    up = up + ((1 - share) * (negative_high - true_if_negative)) ** 2 + up_share**2
    estimate = share * true_if_positive + (1 - share) * true_if_negative
    return LimitDistances(estimate, np.sqrt(down), np.sqrt(up), down_share, up_share)


def corrected_difference_limits(
    sums: UnitSums, distances: LimitDistances, conditions: tuple[int, int]
) -> tuple[Array, Array]:
    """Limits of the corrected difference of two conditions; shape (…)."""
    first, second = conditions
    pair = list(conditions)
    r = rate_correlation(UnitSums(sums.totals[..., pair], sums.sizes[..., pair], sums.blocks, sums.dropped))
    estimate = distances.estimate[..., first] - distances.estimate[..., second]

    def combine(error: Array, subtracted_error: Array, share: Array, subtracted_share: Array) -> Array:
        squares = error[..., first] ** 2 + subtracted_error[..., second] ** 2
        return np.sqrt(np.maximum(squares - 2 * r * share[..., first] * subtracted_share[..., second], 0.0))

    lower = estimate - combine(distances.down, distances.up, distances.down_share, distances.up_share)
    upper = estimate + combine(distances.up, distances.down, distances.up_share, distances.down_share)
    return np.maximum(lower, -1.0), np.minimum(upper, 1.0)


def _ppi_distances(
    share: Array, limits: tuple[Array, Array], pairs: tuple[Array, Array], tail: float
) -> LimitDistances:
    """Share graded positive plus the mean error among the labelled episodes, which are part of the graded ones."""
    graded, human = pairs
    labelled = ~np.isnan(graded) & ~np.isnan(human)
    verdict, error = np.where(labelled, graded, 0.0), np.where(labelled, human - graded, 0.0)
    number = labelled.sum(axis=-2)
    n = np.maximum(number, 1)
    mean_error, mean_verdict = error.sum(axis=-2) / n, verdict.sum(axis=-2) / n
    error_residuals = (error - mean_error[..., None, :]) * labelled
    verdict_residuals = (verdict - mean_verdict[..., None, :]) * labelled
    sd = np.sqrt((error_residuals**2).sum(axis=-2) / np.maximum(n - 1, 1))
    half = upper_quantile(tail, n - 1) * sd / np.sqrt(n)
    half = np.where(number < 2, 2.0, np.where(sd > 0, half, clopper_pearson_limits(0.0, n, tail)[1]))
    scale = np.sqrt((error_residuals**2).sum(axis=-2) * (verdict_residuals**2).sum(axis=-2))
    covariance = (error_residuals * verdict_residuals).sum(axis=-2)
    r = np.where(scale > 0, covariance / np.where(scale > 0, scale, 1.0), 0.0)
    r *= np.sqrt(n / np.maximum((~np.isnan(graded)).sum(axis=-2), 1))
    down, up = share - limits[0], limits[1] - share
    return LimitDistances(share + mean_error, error_of_sum(down, half, r), error_of_sum(up, half, r), down, up)


def _jeffreys_limits(share: Array, number: Array, tail: float) -> tuple[Array, Array]:
    """Jeffreys' limits of the true share among one verdict, closed at 0 and 1; 0 and 1 without labels.

    Wilson's, which the rates use, would be too wide in this sum: where a verdict has no true one among its labels, its
    limit alone would decide (99.5 % coverage in simulation).
    """
    from scipy.special import betaincinv

    n = np.maximum(number, 1)
    k = share * n
    low = np.where(k > 0, np.minimum(betaincinv(k + 0.5, n - k + 0.5, tail), share), 0.0)
    high = np.where(k < n, np.maximum(betaincinv(k + 0.5, n - k + 0.5, 1 - tail), share), 1.0)
    return np.where(number > 0, low, 0.0), np.where(number > 0, high, 1.0)


# Rogan and Gladen's correction


def rogan_gladen_differences(counts: ConfusionCounts, raw: Sequence[Effect]) -> tuple[Effect, ...]:
    """Raw differences over sensitivity + specificity − 1, both pooled over the conditions that have labels.

    Right only if the grader's error rates are the same in all conditions, otherwise biased by several points. To be
    shown beside the correction within conditions, never in its place. Limits by the delta method, with the variance of
    the divisor from Jeffreys draws of the tables.

    Args:
        counts: Verdicts and labels.
        raw: Differences as graded.

    Source:
        Rogan & Gladen (1978), American Journal of Epidemiology 107, 71-76.
    """
    labelled = [condition for condition in range(counts.graded.size) if not counts.find_label_gap(condition)]
    youden, sd = _estimate_youden(counts, labelled)
    if not labelled or not youden > 0:
        reason = "the grader is no better than chance" if labelled else "no condition with labels of both verdicts"
        return tuple(unknown_effect(reason, (-1.0, 1.0), effect.level) for effect in raw)
    return tuple(effect if effect.insufficient else _divide_effect(effect, youden, sd) for effect in raw)


def _divide_effect(raw: Effect, divisor: float, divisor_sd: float) -> Effect:
    estimate = raw.estimate / divisor
    error = math.hypot(raw.error / divisor, raw.estimate * divisor_sd / divisor**2)
    basis = EffectBasis(raw.blocks, raw.dropped, raw.clusters, "rogan-gladen")

    def limits(tail: float) -> tuple[float, float]:
        half = float(upper_quantile(tail)) * error
        return max(-1.0, estimate - half), min(1.0, estimate + half)

    return effect_from_limits(estimate, limits, raw.level, basis)


def _estimate_youden(counts: ConfusionCounts, conditions: list[int]) -> tuple[float, float]:
    """Sensitivity + specificity − 1 over these conditions, and its SD from Jeffreys draws; NaN without conditions."""
    if not conditions:
        return math.nan, math.nan
    generator = fixed_seed_generator()
    positive, graded = counts.positive[conditions], counts.graded[conditions]

    def draw_shares(count: Array, number: Array) -> Array:
        successes, failures = count[conditions], number[conditions] - count[conditions]
        return generator.beta(successes + 0.5, failures + 0.5, (MONTE_CARLO_DRAWS, len(conditions)))

    draws = _youden_index(
        draw_shares(counts.true_positive, counts.labelled_positive),
        draw_shares(counts.false_negative, counts.labelled_negative),
        positive,
        graded,
    )
    estimate = _youden_index(counts.true_if_positive[conditions], counts.true_if_negative[conditions], positive, graded)
    return float(estimate), float(draws.std())


def _youden_index(true_if_positive: Array, true_if_negative: Array, positive: Array, graded: Array) -> Array:
    """Youden's J from the true shares among each verdict, weighted by the numbers of the verdicts."""
    negative = graded - positive
    tp, fp = (positive * true_if_positive).sum(axis=-1), (positive * (1 - true_if_positive)).sum(axis=-1)
    fn, tn = (negative * true_if_negative).sum(axis=-1), (negative * (1 - true_if_negative)).sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(tp / (tp + fn) - fp / (fp + tn))
