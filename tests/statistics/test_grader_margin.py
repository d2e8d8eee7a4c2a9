"""How many episodes a grader may have misjudged: bounds that hold the truth as often as they say."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest

from advocate_evals.statistics.misclassification import (
    ErrorLimits,
    MisjudgedCounts,
    labels_to_bound,
    most_errors_by_labels,
    most_misjudged,
)


def test_a_grader_without_error_has_misjudged_nothing() -> None:
    assert most_misjudged(30, 70, ErrorLimits(1.0, 0.0)) == MisjudgedCounts(0, 0)


def test_a_grader_of_which_nothing_is_known_may_have_misjudged_everything() -> None:
    assert most_misjudged(30, 70, ErrorLimits(0.0, 1.0)) == MisjudgedCounts(70, 30)
    assert most_errors_by_labels(70, 0, 0) == 70


@pytest.mark.parametrize(
    ("rate", "sensitivity", "false_positive"), [(0.3, 0.9, 0.02), (0.05, 0.8, 0.05), (0.6, 0.95, 0.1)]
)
def test_the_bounds_hold_the_true_numbers_of_errors(rate: float, sensitivity: float, false_positive: float) -> None:
    rng = np.random.default_rng(7)
    limits, inside_missed, inside_invented = ErrorLimits(sensitivity, false_positive), 0, 0
    for _ in range(400):
        truth = rng.random(150) < rate
        graded = rng.random(150) < np.where(truth, sensitivity, false_positive)
        bounds = most_misjudged(int(graded.sum()), int((~graded).sum()), limits)
        inside_missed += int((truth & ~graded).sum()) <= bounds.missed
        inside_invented += int((~truth & graded).sum()) <= bounds.false_alarms
    assert min(inside_missed, inside_invented) >= 0.97 * 400


def test_labels_without_error_bound_the_errors_exactly() -> None:
    """The largest number of errors that a sample of 20 of 50 misses altogether with probability .025 or more."""
    most = most_errors_by_labels(50, 20, 0)
    missed = [comb(50 - errors, 20) / comb(50, 20) for errors in (most, most + 1)]
    assert missed[0] >= 0.025 > missed[1]


def test_every_label_more_bounds_them_tighter_and_all_of_them_exactly() -> None:
    bounds = [most_errors_by_labels(40, labels, 0) for labels in range(41)]
    assert bounds == sorted(bounds, reverse=True)
    assert (bounds[0], bounds[-1]) == (40, 0)
    assert most_errors_by_labels(40, 40, 3) == 3


def test_the_labels_needed_are_the_fewest_that_suffice() -> None:
    needed = labels_to_bound(70, 5)
    assert most_errors_by_labels(70, needed, 0) <= 5 < most_errors_by_labels(70, needed - 1, 0)


@pytest.mark.parametrize(("episodes", "labelled", "errors"), [(5, 6, 0), (5, 3, 4), (5, 3, -1)])
def test_what_cannot_be_is_refused(episodes: int, labelled: int, errors: int) -> None:
    with pytest.raises(ValueError, match="cannot be"):
        most_errors_by_labels(episodes, labelled, errors)


def test_a_rate_outside_its_range_is_refused() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        most_misjudged(1, 1, ErrorLimits(1.2, 0.0))
