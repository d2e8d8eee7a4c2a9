"""A grader on items whose answer is known, and the agreement between raters where none is.

Sensitivity, specificity and whether they are the same in all arms; Krippendorff's α and Cohen's κ with intervals.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from advocate_evals.statistics.intervals import (
    MONTE_CARLO_DRAWS,
    UNKNOWN_INTERVAL,
    Array,
    Interval,
    clopper_pearson_limits,
    fixed_seed_generator,
    jackknife_error,
    upper_quantile,
)


@dataclass(frozen=True, slots=True)
class ScreeningResult:
    """How a yes-or-no grader did on items whose answer is known. Missing answers are counted, and are no answer."""

    true_positive: int
    false_negative: int
    false_positive: int
    true_negative: int
    missing_positive: int
    """Positive items without an answer."""
    missing_negative: int
    """Negative items without an answer."""
    sensitivity: Interval
    """Share of the answered positive items called positive; NaN, with limits 0 and 1, where there are none."""
    specificity: Interval
    """Share of the answered negative items called negative, likewise."""


@dataclass(frozen=True, slots=True)
class ScreeningByArm:
    """The same over all items and by arm."""

    overall: ScreeningResult
    arms: dict[str, ScreeningResult]
    """By arm, in order of first appearance."""
    same_sensitivity: float
    """p-value of "sensitivity is the same in all arms"; NaN with fewer than two arms that have answered positives."""
    same_specificity: float
    """Likewise of specificity."""


def screen_grader(
    truth: ArrayLike, answers: ArrayLike, arms: Sequence[str], strata: Sequence[object] = (), level: float = 0.95
) -> ScreeningByArm:
    """Compare a grader's answers with the truth.

    Limits are Clopper and Pearson's; arms are compared by `permutation_same_rates`. Items count as independent.

    Args:
        truth: One per item, 1 for positive and 0 for negative.
        answers: The grader's answer to each item, 1 or 0; NaN where it gave none.
        arms: The arm of each item.
        strata: The stratum of each item, within which arms are compared; a single stratum where empty.
        level: Confidence level, in (0, 1).

    Raises:
        ValueError: where they differ in length, or hold anything else.
    """
    truths, replies = _check_items(truth, answers, arms, strata)
    masks = {name: np.array([arm == name for arm in arms], dtype=bool) for name in dict.fromkeys(arms)}
    return ScreeningByArm(
        overall=_count_answers(truths, replies, level),
        arms={name: _count_answers(truths[mask], replies[mask], level) for name, mask in masks.items()},
        same_sensitivity=_compare_arms(truths == 1, replies, arms, strata),
        same_specificity=_compare_arms(truths == 0, 1 - replies, arms, strata),
    )


def permutation_same_rates(hits: ArrayLike, totals: ArrayLike, draws: int = MONTE_CARLO_DRAWS) -> float:
    """p-value of "all arms have the same hit rate within each stratum": a permutation test of squared deviations.

    Arms are permuted within each stratum, so that strata which differ in difficulty and in how they are distributed
    over arms do not look like a difference between arms. Random tables come from a fixed stream.

    Args:
        hits: Strata × arms, how many of the items were hits.
        totals: Strata × arms, how many items there are.
        draws: How many random tables.

    Returns:
        The p-value; 1 where all or none are hits in every stratum, NaN with fewer than two arms that have items.

    Source:
        Mantel & Haenszel's conditional margins (1959), JNCI 22, 719-748; p-value by Monte Carlo as in Phipson & Smyth
        (2010), Statistical Applications in Genetics and Molecular Biology 9, article 39.
    """
    observed, number = np.atleast_2d(np.asarray(hits, dtype=int)), np.atleast_2d(np.asarray(totals, dtype=int))
    if (number.sum(axis=0) > 0).sum() < 2:
        return math.nan
    stratum_items, stratum_hits = number.sum(axis=1), observed.sum(axis=1)
    rate = stratum_hits / np.maximum(stratum_items, 1)
    finite_correction = stratum_items / np.maximum(stratum_items - 1, 1)
    expected = (number * rate[:, None]).sum(axis=0)
    arm_share = number / np.maximum(stratum_items, 1)[:, None]
    variance = (number * (1 - arm_share) * (rate * (1 - rate) * finite_correction)[:, None]).sum(axis=0)
    varies = variance > 0
    if not varies.any():
        return 1.0

    def chi_square(arm_hits: NDArray[np.int_]) -> Array:
        return np.asarray(((arm_hits - expected)[..., varies] ** 2 / variance[varies]).sum(axis=-1))

    generator = fixed_seed_generator()
    permuted = sum(
        generator.multivariate_hypergeometric(row, int(count), size=draws)
        for row, count in zip(number, stratum_hits, strict=True)
    )
    threshold = chi_square(observed.sum(axis=0)) - 1e-9
    return float((1 + (chi_square(np.asarray(permuted)) >= threshold).sum()) / (1 + draws))


def _check_items(
    truth: ArrayLike, answers: ArrayLike, arms: Sequence[str], strata: Sequence[object]
) -> tuple[Array, Array]:
    truths, replies = np.asarray(truth, dtype=float).reshape(-1), np.asarray(answers, dtype=float).reshape(-1)
    lengths = [len(truths), len(replies), len(arms), *([len(strata)] if strata else [])]
    if len(set(lengths)) > 1:
        raise ValueError(f"truth, answers, arms and strata must have the same length, not {lengths}")
    if not np.isin(truths, (0, 1)).all():
        raise ValueError("truth: must be 0 or 1")
    if not (np.isin(replies, (0, 1)) | np.isnan(replies)).all():
        raise ValueError("answers: must be 0, 1 or NaN")
    return truths, replies


def _count_answers(truths: Array, answers: Array, level: float) -> ScreeningResult:
    def count(truth: float, answer: float) -> int:
        matches = np.isnan(answers) if math.isnan(answer) else answers == answer
        return int(((truths == truth) & matches).sum())

    tp, fn, fp, tn = count(1, 1), count(1, 0), count(0, 1), count(0, 0)
    return ScreeningResult(
        true_positive=tp,
        false_negative=fn,
        false_positive=fp,
        true_negative=tn,
        missing_positive=count(1, math.nan),
        missing_negative=count(0, math.nan),
        sensitivity=_share_interval(tp, tp + fn, level),
        specificity=_share_interval(tn, tn + fp, level),
    )


def _share_interval(hits: int, total: int, level: float) -> Interval:
    if not total:
        return Interval(math.nan, 0.0, 1.0)
    lower, upper = clopper_pearson_limits(hits, total, (1 - level) / 2)
    return Interval(hits / total, float(lower), float(upper))


def _compare_arms(selected: NDArray[np.bool_], is_hit: Array, arms: Sequence[str], strata: Sequence[object]) -> float:
    """p-value of "the hit rate is the same in all arms", among the selected items that have an answer."""
    arm_index = {arm: index for index, arm in enumerate(dict.fromkeys(arms))}
    stratum_index = {stratum: index for index, stratum in enumerate(dict.fromkeys(strata or ("",)))}
    shape = (len(stratum_index), len(arm_index))
    hits, totals = np.zeros(shape, dtype=int), np.zeros(shape, dtype=int)
    for item in np.flatnonzero(selected & ~np.isnan(is_hit)).tolist():
        cell = stratum_index[strata[item] if strata else ""], arm_index[arms[item]]
        totals[cell] += 1
        hits[cell] += int(is_hit[item])
    return permutation_same_rates(hits, totals)


def krippendorff_interval(
    ratings: ArrayLike, scale: Literal["nominal", "interval"] = "nominal", level: float = 0.95
) -> Interval:
    """Krippendorff's α, with a jackknife interval over units.

    Own code: Inspect's `krippendorff_alpha`, equal to the digit, gives no interval, and leaving units out one by one
    takes sums that it does not return; this package imports nothing of Inspect.

    Args:
        ratings: Units × raters, numbers (codes of labels, or points on a scale), NaN where a rater is missing. Units
            with fewer than two ratings are left out.
        scale: `nominal` for labels, `interval` for points.
        level: Confidence level, in (0, 1).

    Returns:
        α and its limits: 1 (without limits) where all ratings are the same, NaN where no unit has two ratings.

    Raises:
        ValueError: for an array that is not of two dimensions.

    Source:
        Krippendorff (2011), Computing Krippendorff's alpha-reliability; as Inspect's `krippendorff_alpha`.
    """
    table = np.asarray(ratings, dtype=float)
    if table.ndim != 2:
        raise ValueError(f"units × raters are needed, not an array of shape {table.shape}")
    table = table[(~np.isnan(table)).sum(axis=1) >= 2]
    units = len(table)
    if not units:
        return UNKNOWN_INTERVAL
    labels = np.unique(table[~np.isnan(table)])
    counts = (table[:, :, None] == labels).sum(axis=1).astype(float)
    within = _sum_disagreement(counts, labels, scale) / (counts.sum(axis=1) - 1)
    total = counts.sum(axis=0)
    estimate = float(_alpha_from_sums(within.sum(), _sum_disagreement(total, labels, scale), total.sum()))
    if units < 3 or len(labels) == 1:
        return Interval(estimate, math.nan, math.nan)
    remaining = total - counts
    leave_one_out = _alpha_from_sums(
        within.sum() - within, _sum_disagreement(remaining, labels, scale), remaining.sum(axis=1)
    )
    half = float(upper_quantile((1 - level) / 2, units - 1)) * float(jackknife_error(leave_one_out))
    return Interval(estimate, max(-1.0, estimate - half), min(1.0, estimate + half))


def _alpha_from_sums(within: Array, overall: Array, number: Array) -> Array:
    """1 − observed / expected disagreement, from sums over ordered pairs within units and over all `number` ratings."""
    expected = overall / (number * (number - 1))
    return np.where(expected > 0, 1 - within / number / np.where(expected > 0, expected, 1.0), 1.0)


def _sum_disagreement(counts: Array, labels: Array, scale: str) -> Array:
    """Sum of the disagreement over all ordered pairs, from the number of ratings with each label (last axis)."""
    number = counts.sum(axis=-1)
    if scale == "interval":
        return np.asarray(2 * (number * (counts @ labels**2) - (counts @ labels) ** 2))
    return np.asarray(number**2 - (counts**2).sum(axis=-1))


def cohen_kappa_interval(table: ArrayLike, level: float = 0.95) -> Interval:
    """Cohen's κ of a square table of counts (rows one rater, columns the other), with its large-sample interval.

    NaN where the table is empty, or where both raters used one label only.

    Raises:
        ValueError: for a table that is not square.

    Source:
        Cohen (1960), Educational and Psychological Measurement 20, 37-46; variance of Fleiss, Cohen & Everitt (1969),
        as in statsmodels.
    """
    counts = np.asarray(table, dtype=float)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1]:
        raise ValueError(f"a square table is needed, not one of shape {counts.shape}")
    number = counts.sum()
    by_chance = float((counts.sum(axis=0) * counts.sum(axis=1)).sum()) / number**2 if number else 1.0
    if by_chance >= 1:
        return UNKNOWN_INTERVAL
    from statsmodels.stats.inter_rater import cohens_kappa  # takes a second to import; only reports need it

    with np.errstate(invalid="ignore"):  # if a rater used one label, the variance is 0 and may be rounded below 0
        fit = cohens_kappa(counts)
    kappa = float(fit.kappa)
    half = float(upper_quantile((1 - level) / 2)) * math.sqrt(max(0.0, float(fit.var_kappa)))
    return Interval(kappa, max(-1.0, kappa - half), min(1.0, kappa + half))
