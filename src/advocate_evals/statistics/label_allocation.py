"""Where labels by people cut the interval of a corrected contrast most, and how wide it is expected to be.

The corrected rate of an arm is the share graded positive times the share of true ones among them, plus the same of
those graded negative. Labels estimate these two shares, so each arm and verdict is a stratum, and Neyman's allocation
gives it labels in proportion to its weight in the contrast, its share of the arm, and the spread of truth within it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from advocate_evals.statistics.bias_analysis import bound_rates, bounded_contrast_limits
from advocate_evals.statistics.grader_quality import ConfusionCounts
from advocate_evals.statistics.intervals import Array
from advocate_evals.statistics.risk_difference import BlockTable, sum_units

MIN_LABELS = 2
"""Labels that every arm and verdict gets at least, as far as there are episodes: without any there is no correction."""
_LEAST_SPREAD = 0.02
"""Share of errors that is reckoned with at least in a stratum: an expected share of 0 would get no label."""


@dataclass(frozen=True, slots=True)
class ExpectedErrors:
    """What is expected of a grader before anything is labelled."""

    sensitivity: float = 0.90
    """Share of true ones that it finds."""
    false_positive: float = 0.03
    """Share of false ones that it calls true."""

    def __post_init__(self) -> None:
        """Check the range.

        Raises:
            ValueError: unless 0 ≤ false positives < sensitivity ≤ 1.
        """
        if not 0 <= self.false_positive < self.sensitivity <= 1:
            raise ValueError(
                f"expected errors: 0 <= false_positive < sensitivity <= 1 is needed, not {self.false_positive:g} and "
                f"{self.sensitivity:g}"
            )

    def true_shares(self, positive_share: ArrayLike) -> tuple[Array, Array]:
        """Share of true ones expected among those graded positive, and among those graded negative.

        Args:
            positive_share: Share graded positive, in [0, 1], by arm.
        """
        share = np.asarray(positive_share, dtype=float)
        rate = np.clip((share - self.false_positive) / (self.sensitivity - self.false_positive), 0.0, 1.0)
        graded_positive = self.sensitivity * rate + self.false_positive * (1 - rate)
        hits = self.sensitivity * rate / np.where(graded_positive > 0, graded_positive, 1.0)
        misses = (1 - self.sensitivity) * rate / np.where(graded_positive < 1, 1 - graded_positive, 1.0)
        return np.where(graded_positive > 0, hits, 0.0), np.where(graded_positive < 1, misses, 1.0)


def allocate_labels(
    available: ArrayLike, weights: Sequence[ArrayLike], labels: int, errors: ExpectedErrors
) -> NDArray[np.int_]:
    """How many episodes of each arm and verdict to label.

    One label after another goes where it lowers the variance of the contrast most, which is Neyman's allocation with
    whole numbers and limits. Arms without a weight get none.

    Args:
        available: Arms × (graded negative, graded positive): episodes.
        weights: Weights of the arms, one sequence for each contrast of the claim; their mean square counts.
        labels: Labels in all.
        errors: What is expected of the grader.

    Returns:
        Arms × (graded negative, graded positive): labels; all that are available where there are too few.

    Source:
        Neyman (1934), JRSS 97, 558-625; whole numbers as in Wright (2012), The American Statistician 66, 217-224.
    """
    episodes = np.asarray(available, dtype=float)
    total = episodes.sum(axis=1, keepdims=True)
    shares = episodes / np.where(total > 0, total, 1.0)
    hits, misses = errors.true_shares(shares[:, 1])
    truth = np.clip(np.column_stack([misses, hits]), _LEAST_SPREAD, 1 - _LEAST_SPREAD)
    squares = np.mean([np.asarray(weight, dtype=float) ** 2 for weight in weights], axis=0)
    variance = squares[:, None] * shares**2 * truth * (1 - truth)
    allocated = np.where(variance > 0, np.minimum(episodes, MIN_LABELS), 0.0)
    for _ in range(max(0, labels - int(allocated.sum()))):
        gain = np.where(allocated < episodes, variance / (np.maximum(allocated, 1) * (allocated + 1)), 0.0)
        if not gain.any():
            break
        allocated[np.unravel_index(int(gain.argmax()), gain.shape)] += 1
    return allocated.astype(int)


def expected_half_width(
    table: BlockTable,
    allocated: ArrayLike,
    weights: Sequence[ArrayLike],
    errors: ExpectedErrors,
    level: float = 0.95,
) -> float:
    """Half the width of the widest of a claim's corrected contrasts, if labels turn out as expected.

    Args:
        table: Blocks × arms, as graded.
        allocated: Arms × (graded negative, graded positive): labels.
        weights: Weights of the arms, one sequence for each contrast.
        errors: What is expected of the grader.
        level: Confidence level, in (0, 1).

    Returns:
        The half-width; NaN where a verdict of some arm with a weight has no label.
    """
    labels = np.asarray(allocated, dtype=float)
    graded = np.asarray(table.sizes.sum(axis=-2), dtype=float)
    positive = np.round(table.totals.sum(axis=-2))
    hits, misses = errors.true_shares(positive / np.maximum(graded, 1))
    counts = ConfusionCounts(
        true_positive=labels[:, 1] * hits,
        false_positive=labels[:, 1] * (1 - hits),
        false_negative=labels[:, 0] * misses,
        true_negative=labels[:, 0] * (1 - misses),
        graded=graded,
        positive=positive,
    )
    widths = []
    for weight in (np.asarray(weight, dtype=float) for weight in weights):
        used = np.flatnonzero(weight).tolist()
        if any(counts.find_label_gap(arm) for arm in used):
            return math.nan
        sums = sum_units(table, used)
        bounds = bound_rates(sums, counts.select_conditions(used), [None] * len(used), (1 - level) / 2)
        lower, upper = bounded_contrast_limits(sums, bounds, weight[used])
        widths.append(float(upper - lower) / 2)
    return max(widths)
