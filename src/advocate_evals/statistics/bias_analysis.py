"""Whether a contrast of graded rates survives every error rate that people's labels, or a calibration, allow.

Two sources bound a grader's errors, arm by arm. Labels of the run estimate them in the arm itself; the rate is
corrected, and its limits carry the uncertainty of that correction. A calibration on other items gives limits of the
error rates only; the rate is then taken at the error rates within these limits that make it smallest, and at those that
make it largest. The error rates of two arms are never assumed to be alike, so that a grader that errs more in one arm
than in another cannot make a contrast by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from advocate_evals.statistics.grader_quality import ConfusionCounts
from advocate_evals.statistics.intervals import (
    Array,
    Effect,
    EffectBasis,
    effect_from_limits,
    to_floats,
    unknown_effect,
)
from advocate_evals.statistics.misclassification import limit_distances
from advocate_evals.statistics.risk_difference import (
    BlockTable,
    UnitSums,
    insufficient_units,
    rate_correlations,
    rate_limits,
    sum_units,
)

DEFAULT_TAIL = 0.025
"""One-sided error of each limit of a calibration."""


@dataclass(frozen=True, slots=True)
class ErrorLimits:
    """What a calibration says at worst of a grader's errors."""

    sensitivity: float
    """Lower limit of the share of true ones that it finds."""
    false_positive: float
    """Upper limit of the share of false ones that it calls true."""

    def __post_init__(self) -> None:
        """Check the range.

        Raises:
            ValueError: for a rate outside 0 to 1.
        """
        if not (0 <= self.sensitivity <= 1 and 0 <= self.false_positive <= 1):
            raise ValueError(f"rates lie between 0 and 1, not {self}")


@dataclass(frozen=True, slots=True)
class BoundedRates:
    """True rates by arm under the error rates allowed, with the distances to their limits; shape (…, arms)."""

    low: Array
    """The rate at the error rates that make it smallest; the corrected rate where labels estimate them."""
    high: Array
    """The rate at the error rates that make it largest; the same where labels estimate them."""
    down: Array
    """Distance from `low` to its lower limit."""
    up: Array
    """Distance from `high` to its upper limit."""
    down_share: Array
    """The part of `down` that comes from the share graded positive, correlated between the arms of a block."""
    up_share: Array
    """Likewise of `up`."""


def bound_rates(
    sums: UnitSums, counts: ConfusionCounts, limits: Sequence[ErrorLimits | None], tail: float
) -> BoundedRates:
    """The true rates of some arms under the error rates allowed, with limits of probability `tail` beyond each.

    Args:
        sums: The grader's verdicts over units, by arm.
        counts: Verdicts and labels of the same arms.
        limits: By arm, limits of the error rates from a calibration, which then takes the place of labels; None where
            labels of the run are to be used.
        tail: Probability beyond each limit, in (0, 1).

    Source:
        With labels: double sampling with a stratified second phase, Cochran (1977), Sampling Techniques, section 12.2.
        With a calibration: the correction of Rogan & Gladen (1978), American Journal of Epidemiology 107, 71-76, at the
        corners of the region of error rates, as in Lash, Fox & Fink (2009), Applying Quantitative Bias Analysis, ch. 6.
    """
    distances = limit_distances(sums, counts, tail)
    share, (lower, upper) = np.nan_to_num(sums.rates), rate_limits(sums, tail)
    calibrated = np.array([limit is not None for limit in limits], dtype=bool)
    false_positive = np.array([limit.false_positive if limit else 0.0 for limit in limits])
    sensitivity = np.array([limit.sensitivity if limit else 1.0 for limit in limits])

    def lowest(rate: Array) -> Array:
        room = np.where(false_positive < 1, 1 - false_positive, 1.0)
        return np.where(false_positive < 1, np.maximum(rate - false_positive, 0.0) / room, 0.0)

    def highest(rate: Array) -> Array:
        return np.where(sensitivity > rate, rate / np.where(sensitivity > 0, sensitivity, 1.0), 1.0)

    down, up = lowest(share) - lowest(lower), highest(upper) - highest(share)
    return BoundedRates(
        low=np.where(calibrated, lowest(share), distances.estimate),
        high=np.where(calibrated, highest(share), distances.estimate),
        down=np.where(calibrated, down, distances.down),
        up=np.where(calibrated, up, distances.up),
        down_share=np.where(calibrated, down, distances.down_share),
        up_share=np.where(calibrated, up, distances.up_share),
    )


def bounded_contrast_limits(sums: UnitSums, rates: BoundedRates, weights: ArrayLike) -> tuple[Array, Array]:
    """Limits of a weighted sum of true rates; shape (…).

    The weighted sum at the worst error rates allowed in each arm, and beyond it the sampling error: the distances of
    the single rates joined with the correlations of the arms' verdicts over units (MOVER).

    Args:
        sums: The grader's verdicts over units, by arm.
        rates: What `bound_rates` makes of them.
        weights: One per arm.

    Source:
        Zou & Donner (2008), Statistics in Medicine 27, 1693-1702.
    """
    weight = np.asarray(weights, dtype=float)
    correlations = rate_correlations(sums)
    rises = weight > 0

    def combine(error: Array, share: Array) -> Array:
        scaled, scaled_share = weight * error, weight * share
        shared = np.einsum("...i,...ij,...j->...", scaled_share, correlations, scaled_share)
        return np.asarray(np.sqrt(np.maximum((scaled**2 - scaled_share**2).sum(axis=-1) + shared, 0.0)))

    below = combine(np.where(rises, rates.down, rates.up), np.where(rises, rates.down_share, rates.up_share))
    above = combine(np.where(rises, rates.up, rates.down), np.where(rises, rates.up_share, rates.down_share))
    smallest = np.where(rises, rates.low, rates.high) @ weight
    largest = np.where(rises, rates.high, rates.low) @ weight
    least, most = float(np.minimum(weight, 0).sum()), float(np.maximum(weight, 0).sum())
    return np.maximum(smallest - below, least), np.minimum(largest + above, most)


def analyse_bias(
    table: BlockTable,
    counts: ConfusionCounts,
    limits: Sequence[ErrorLimits | None],
    weights: ArrayLike,
    level: float = 0.95,
) -> Effect:
    """A weighted sum of true rates, with limits that hold under every error rate allowed.

    A claim that holds by these limits holds whatever the grader's errors are, within what labels or calibration say of
    them. In an arm with labels the estimate is the corrected rate, else the rate as graded.

    Args:
        table: Blocks × arms, the share of a block's episodes graded positive.
        counts: Verdicts and labels by arm.
        limits: By arm, a calibration's limits, used where the arm has no labels of both verdicts; None where there is
            no calibration.
        weights: One per arm.
        level: Confidence level, in (0, 1).

    Returns:
        The effect; `insufficient` where an arm has neither labels of both verdicts nor a calibration, and says so.
    """
    weight = np.asarray(weights, dtype=float)
    used = np.flatnonzero(weight).tolist()
    sums, weight = sum_units(table, used), weight[used]
    gaps = [counts.find_label_gap(arm) for arm in used]
    bounds = [limits[arm] if gap else None for arm, gap in zip(used, gaps, strict=True)]
    uncovered = (gap for gap, bound in zip(gaps, bounds, strict=True) if gap and bound is None)
    reason = insufficient_units(int(sums.units[0])) or next(uncovered, "")
    ends = float(np.minimum(weight, 0).sum()), float(np.maximum(weight, 0).sum())
    if reason:
        return unknown_effect(reason, ends, level, sums.block_counts)
    selected = counts.select_conditions(used)
    corrected = selected.positive_share * selected.true_if_positive
    corrected = corrected + (1 - selected.positive_share) * selected.true_if_negative
    estimate = np.where([bound is not None for bound in bounds], np.nan_to_num(sums.rates), corrected) @ weight

    def find_limits(tail: float) -> tuple[float, float]:
        return to_floats(bounded_contrast_limits(sums, bound_rates(sums, selected, bounds, tail), weight))

    basis = EffectBasis(*sums.block_counts, int(sums.units.min()), "bias analysis")
    return effect_from_limits(float(estimate), find_limits, level, basis)


def project_counts(counts: ConfusionCounts, labels: int) -> ConfusionCounts:
    """The counts that so many labels in each condition would give, half of them of each verdict, errors staying alike.

    Where one verdict has too few episodes, all of them are labelled and more of the other. A verdict without a label so
    far is taken to be right.

    Args:
        counts: Verdicts and labels so far.
        labels: Labels per condition.
    """
    negative = counts.graded - counts.positive
    of_positive = np.minimum(counts.positive, np.maximum(labels / 2, labels - negative))
    of_negative = np.minimum(negative, labels - of_positive)
    hits = np.where(counts.labelled_positive > 0, counts.true_if_positive, 1.0)
    misses = np.where(counts.labelled_negative > 0, counts.true_if_negative, 0.0)
    return replace(
        counts,
        true_positive=of_positive * hits,
        false_positive=of_positive * (1 - hits),
        false_negative=of_negative * misses,
        true_negative=of_negative * (1 - misses),
    )
