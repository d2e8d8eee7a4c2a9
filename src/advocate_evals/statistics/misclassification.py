"""Differences corrected by one sensitivity and one specificity for all conditions."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaincinv

from advocate_evals.statistics.block_rates import (
    UnitSums,
    as_block_table,
    estimate_rates,
    insufficient_units,
    rate_limits,
    sum_units,
)
from advocate_evals.statistics.grader_quality import ConfusionCounts, count_confusion
from advocate_evals.statistics.intervals import (
    MELDING_DRAWS,
    Array,
    Effect,
    EffectBasis,
    Interval,
    clopper_pearson_limits,
    effect_from_limits,
    melding_generator,
    unknown_effect,
    upper_quantile,
)
from advocate_evals.statistics.risk_difference import rate_correlation, risk_difference


def rogan_gladen_differences(counts: ConfusionCounts, raw: Sequence[Effect]) -> tuple[Effect, ...]:
    """Raw differences over sensitivity + specificity − 1, both pooled over the conditions that have labels.

    Right only if the grader errs alike in all conditions; where it does not, biased by several points. To be shown
    beside the correction within conditions, never in its place. Limits by the delta method, with the variance of the
    divisor from Jeffreys draws of the tables.

    Args:
        counts: Verdicts and labels.
        raw: Differences as graded.

    Source:
        Rogan & Gladen (1978), American Journal of Epidemiology 107, 71-76.
    """
    known = [place for place in range(counts.graded.size) if not counts.blind(place)]
    shrink, drawn = _shrink(counts, known)
    if not known or not shrink > 0:
        reason = "the grader is no better than chance" if known else "no condition with labels of both verdicts"
        return tuple(unknown_effect(reason, (-1.0, 1.0), found.level) for found in raw)
    return tuple(found if found.insufficient else _one(found, shrink, float(drawn.std())) for found in raw)


def _one(raw: Effect, shrink: float, spread: float) -> Effect:
    estimate = raw.estimate / shrink
    error = math.hypot(raw.error / shrink, raw.estimate * spread / shrink**2)
    basis = EffectBasis(raw.blocks, raw.dropped, raw.clusters, "rogan-gladen")

    def limits(tail: float) -> tuple[float, float]:
        half = float(upper_quantile(tail)) * error
        return max(-1.0, estimate - half), min(1.0, estimate + half)

    return effect_from_limits(estimate, limits, raw.level, basis)


def _shrink(counts: ConfusionCounts, known: list[int]) -> tuple[float, Array]:
    """Sensitivity + specificity − 1 over all conditions, and draws of it."""
    chance = melding_generator()

    def share(count: Array, number: Array) -> Array:
        return chance.beta(count[known] + 0.5, number[known] - count[known] + 0.5, (MELDING_DRAWS, len(known)))

    drawn = _youden(
        share(counts.true_positive, counts.labelled_positive),
        share(counts.false_negative, counts.labelled_negative),
        counts.positive[known],
        counts.graded[known],
    )
    one, none = counts.true_if_positive[known], counts.true_if_negative[known]
    return float(_youden(one, none, counts.positive[known], counts.graded[known])), drawn


def _youden(one: Array, none: Array, positive: Array, graded: Array) -> Array:
    """The figure from the true shares among each verdict, weighted by the verdicts' numbers."""
    hit, wrong = (positive * one).sum(axis=-1), (positive * (1 - one)).sum(axis=-1)
    missed, right = ((graded - positive) * none).sum(axis=-1), ((graded - positive) * (1 - none)).sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(hit / (hit + missed) - wrong / (wrong + right))


# --- Rates and differences with the grader's errors taken out, by people's labels in each condition. ---


CorrectionMethod = Literal["poststratified", "ppi"]


@dataclass(frozen=True, slots=True)
class CorrectedRates:
    """Rates per condition and differences to the first one, after correction, with the raw ones beside them."""

    raw: tuple[Interval, ...]
    """Rates as graded."""
    rates: tuple[Interval, ...]
    """Rates corrected within each condition."""
    differences: tuple[Effect, ...]
    """Corrected rate of the first condition − that of each further one."""
    raw_differences: tuple[Effect, ...]
    """The same as graded."""
    rogan_gladen: tuple[Effect, ...]
    """The same by sensitivity and specificity pooled over conditions: wrong where they differ; a sensitivity row."""
    labels: tuple[int, ...]
    """Labels per condition."""
    insufficient: str
    """Why some condition has no correction (a verdict without a label, say); empty where all have one."""


@dataclass(frozen=True, slots=True)
class LimitDistances:
    """Corrected rates and how far their limits are from them; arrays of shape (…, conditions)."""

    estimate: Array
    down: Array
    up: Array
    down_share: Array
    """The part of `down` that comes from the share graded positive, in which the conditions of a block hang together;
    below 0 where the rate falls with that share."""
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

    Nothing is assumed about how the grader errs, nor that it errs alike in all conditions. The limits combine those of
    the share graded positive (clustered, `rates.rates`) with those of the true share among each verdict (Jeffreys).

    Args:
        graded: Blocks × conditions, the grader's verdict, 0, 1 or NaN.
        human: Same shape, a person's label, 0 or 1; NaN where none was asked for.
        method: `poststratified` holds for labels drawn at random and for those drawn by verdict; `ppi`
            (prediction-powered) for labels drawn at random only, and adds the mean error of the grader.
        clusters: One label per block, as in `cells`.
        level: Confidence level, in (0, 1).

    Source:
        Double sampling with a stratified second phase: Cochran (1977), Sampling Techniques, section 12.2;
        prediction-powered inference: Angelopoulos et al. (2023), Science 382, 669-674.
    """
    counts, every = count_confusion(graded, human), as_block_table(graded, clusters=clusters)
    found = sum_units(every, range(every.conditions), complete=False)
    blind = [counts.blind(place) or insufficient_units(int(found.count[place])) for place in range(every.conditions)]
    labels = counts.labelled_positive + counts.labelled_negative
    pairs = (np.asarray(graded, dtype=float), np.asarray(human, dtype=float)) if method == "ppi" else None
    reach = partial(limit_distances, found, counts, ppi=pairs)
    return CorrectedRates(
        raw=tuple(Interval(rate.estimate, rate.lower, rate.upper) for rate in estimate_rates(every, level)),
        rates=_rates(reach((1 - level) / 2), blind),
        differences=tuple(
            unknown_effect(blind[0] or blind[place], (-1.0, 1.0), level)
            if blind[0] or blind[place]
            else _difference(found, reach, place, level, method)
            for place in range(1, every.conditions)
        ),
        raw_differences=tuple(risk_difference(every, 0, place, level) for place in range(1, every.conditions)),
        rogan_gladen=rogan_gladen_differences(
            counts, [risk_difference(every, 0, c, level) for c in range(1, every.conditions)]
        ),
        labels=tuple(int(value) for value in labels),
        insufficient=next((reason for reason in blind if reason), ""),
    )


def limit_distances(
    found: UnitSums, counts: ConfusionCounts, tail: float, ppi: tuple[Array, Array] | None = None
) -> LimitDistances:
    """Corrected rates and the distance to their limits, each with `tail` beyond it.

    Args:
        found: The verdicts over units.
        counts: Verdicts and labels.
        tail: Probability beyond each limit.
        ppi: Verdicts and labels themselves for prediction-powered inference; post-stratification without them.
    """
    low, high = rate_limits(found, tail)
    share = np.nan_to_num(found.rates)
    if ppi is not None:
        return _powered(share, (low, high), ppi, tail)
    one, none = counts.true_if_positive, counts.true_if_negative
    (one_low, one_high), (none_low, none_high) = (
        _verdict(one, counts.labelled_positive, tail),
        _verdict(none, counts.labelled_negative, tail),
    )
    turn = one - none
    down_share = turn * np.where(turn > 0, share - low, high - share)
    up_share = turn * np.where(turn > 0, high - share, low - share)
    down = (share * (one - one_low)) ** 2 + ((1 - share) * (none - none_low)) ** 2 + down_share**2
    up = (share * (one_high - one)) ** 2 + ((1 - share) * (none_high - none)) ** 2 + up_share**2
    return LimitDistances(share * one + (1 - share) * none, np.sqrt(down), np.sqrt(up), down_share, up_share)


def corrected_difference_limits(found: UnitSums, reach: LimitDistances, places: tuple[int, int]) -> tuple[Array, Array]:
    """Limits of the corrected difference of two conditions; shape (…)."""
    one, other = places
    pair = UnitSums(found.totals[..., [one, other]], found.sizes[..., [one, other]], found.blocks, found.dropped)
    r = rate_correlation(pair)
    middle = reach.estimate[..., one] - reach.estimate[..., other]

    def length(a: Array, b: Array, a_share: Array, b_share: Array) -> Array:
        return np.sqrt(np.maximum(a**2 + b**2 - 2 * r * a_share * b_share, 0.0))

    lower = middle - length(
        reach.down[..., one], reach.up[..., other], reach.down_share[..., one], reach.up_share[..., other]
    )
    upper = middle + length(
        reach.up[..., one], reach.down[..., other], reach.up_share[..., one], reach.down_share[..., other]
    )
    return np.maximum(lower, -1.0), np.minimum(upper, 1.0)


def _powered(share: Array, limits: tuple[Array, Array], given: tuple[Array, Array], tail: float) -> LimitDistances:
    """Share graded positive plus the mean error among the labelled, which are part of the graded."""
    graded, human = given
    labelled = ~np.isnan(graded) & ~np.isnan(human)
    verdict, wrong = np.where(labelled, graded, 0.0), np.where(labelled, human - graded, 0.0)
    number = labelled.sum(axis=-2)
    n = np.maximum(number, 1)
    mean, shown = wrong.sum(axis=-2) / n, verdict.sum(axis=-2) / n
    off, away = (wrong - mean[..., None, :]) * labelled, (verdict - shown[..., None, :]) * labelled
    spread = np.sqrt((off**2).sum(axis=-2) / np.maximum(n - 1, 1))
    half = upper_quantile(tail, n - 1) * spread / np.sqrt(n)
    half = np.where(number < 2, 2.0, np.where(spread > 0, half, clopper_pearson_limits(0.0, n, tail)[1]))
    scale = np.sqrt((off**2).sum(axis=-2) * (away**2).sum(axis=-2))
    r = np.where(scale > 0, (off * away).sum(axis=-2) / np.where(scale > 0, scale, 1.0), 0.0)
    r *= np.sqrt(n / np.maximum((~np.isnan(graded)).sum(axis=-2), 1))
    down, up = share - limits[0], limits[1] - share
    return LimitDistances(share + mean, _with(down, half, r), _with(up, half, r), down, up)


def _with(one: Array, other: Array, r: Array) -> Array:
    """Length of the sum of two errors that correlate by r."""
    return np.sqrt(np.maximum(one**2 + other**2 + 2 * r * one * other, 0.0))


def _verdict(share: Array, number: Array, tail: float) -> tuple[Array, Array]:
    """Jeffreys' limits of the true share among one verdict, closed at 0 and 1; 0 and 1 without labels.

    Wilson's, which the rates use, would be too wide in this sum: where a verdict has no true one among its labels, its
    limit alone would decide (99.5 % coverage in simulation).
    """
    n = np.maximum(number, 1)
    k = share * n
    low = np.where(k > 0, np.minimum(betaincinv(k + 0.5, n - k + 0.5, tail), share), 0.0)
    high = np.where(k < n, np.maximum(betaincinv(k + 0.5, n - k + 0.5, 1 - tail), share), 1.0)
    return np.where(number > 0, low, 0.0), np.where(number > 0, high, 1.0)


def _rates(reach: LimitDistances, blind: list[str]) -> tuple[Interval, ...]:
    return tuple(
        Interval(
            math.nan if reason else float(np.clip(reach.estimate[place], 0.0, 1.0)),
            max(0.0, float(reach.estimate[place] - reach.down[place])),
            min(1.0, float(reach.estimate[place] + reach.up[place])),
        )
        for place, reason in enumerate(blind)
    )


def _difference(
    found: UnitSums, reach: Callable[[float], LimitDistances], place: int, level: float, method: CorrectionMethod
) -> Effect:
    """Corrected rate of the first condition − that of another one."""
    estimate = reach(0.5).estimate
    blocks = int(found.blocks)
    basis = EffectBasis(blocks, int(found.dropped), int(found.count[[0, place]].min()), method)

    def limits(tail: float) -> tuple[float, float]:
        lower, upper = corrected_difference_limits(found, reach(tail), (0, place))
        return float(lower), float(upper)

    return effect_from_limits(float(estimate[0] - estimate[place]), limits, level, basis)
