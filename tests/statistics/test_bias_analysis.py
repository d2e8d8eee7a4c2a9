"""The bias analysis passes a good grader and is not taken in by one whose errors differ between arms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.random import default_rng
from oracle import Grader, draw_acts, draw_labels

from advocate_evals.statistics.bias_analysis import (
    ErrorLimits,
    analyse_bias,
    bound_rates,
    bounded_contrast_limits,
    project_counts,
)
from advocate_evals.statistics.grader_quality import count_confusion, labels_to_reach
from advocate_evals.statistics.intervals import Array, clopper_pearson_limits
from advocate_evals.statistics.risk_difference import as_block_table, difference_limits, risk_difference, sum_units

BLOCKS, TAIL = 104, 0.025
GOOD, LENIENT_AT_BASELINE, BLIND_AT_BOARD = (
    Grader((0.05, 0.05), (0.0, 0.0)),
    Grader((0.1, 0.1), (0.10, 0.03)),
    Grader((0.05, 0.30), (0.02, 0.02)),
)


def graded_studies(grader: Grader, rates: tuple[float, float], sims: int) -> tuple[Array, Array]:
    """Acts and verdicts of studies of two arms."""
    generator = default_rng(1)
    true = draw_acts(generator, rates, (sims, BLOCKS, 1))[:, :, 0, :]
    return true, grader.grade(generator, true)


def share_passing(grader: Grader, rates: tuple[float, float], labels: int, sims: int = 600) -> tuple[float, float]:
    """Share of studies whose fall is significant as graded, and whose fall is so under every error rate allowed."""
    true, verdicts = graded_studies(grader, rates, sims)
    human = draw_labels(default_rng(9), true, verdicts, labels, balanced=True)
    sums = sum_units(as_block_table(verdicts), [0, 1])
    bounds = bound_rates(sums, count_confusion(verdicts, human), [None, None], TAIL)
    passes = bounded_contrast_limits(sums, bounds, [1, -1])[0] > 0
    as_graded = difference_limits(sums, TAIL)[0] > 0
    return float(as_graded.mean()), float((passes & as_graded).mean())


def test_a_good_grader_passes_with_fifty_labels_an_arm() -> None:
    assert share_passing(GOOD, (0.4, 0.1), 50)[1] >= 0.95
    assert share_passing(GOOD, (0.4, 0.1), 25)[1] >= 0.80


@pytest.mark.parametrize(
    ("grader", "rate"), [(LENIENT_AT_BASELINE, 0.1), (BLIND_AT_BOARD, 0.4)], ids=["false positives", "sensitivity"]
)
@pytest.mark.parametrize("labels", [25, 50, 104])
def test_unequal_errors_do_not_confirm_a_null(grader: Grader, rate: float, labels: int) -> None:
    as_graded, passes = share_passing(grader, (rate, rate), labels)
    assert as_graded > 0.2, "what the verdicts alone would say"
    assert passes <= TAIL + 3 * math.sqrt(TAIL * (1 - TAIL) / 600)


def test_a_calibration_alone_passes_a_good_grader_and_holds_its_errors_against_it() -> None:
    """Limits of a calibration on 60 positives and 340 negatives, drawn anew for each study."""
    generator = default_rng(4)
    for grader, rates, least, most in ((GOOD, (0.4, 0.1), 0.8, 1.0), (BLIND_AT_BOARD, (0.4, 0.4), 0.0, 0.045)):
        _, verdicts = graded_studies(grader, rates, 200)
        passes = 0
        for study in range(200):
            limits = []
            for arm in (0, 1):
                hits = generator.binomial(60, 1 - grader.false_negative[arm])
                alarms = generator.binomial(340, grader.false_positive[arm])
                limits.append(
                    ErrorLimits(
                        float(clopper_pearson_limits(hits, 60, TAIL)[0]),
                        float(clopper_pearson_limits(alarms, 340, TAIL)[1]),
                    )
                )
            sums = sum_units(as_block_table(verdicts[study]), [0, 1])
            counts = count_confusion(verdicts[study], np.full(verdicts[study].shape, np.nan))
            passes += bool(bounded_contrast_limits(sums, bound_rates(sums, counts, limits, TAIL), [1, -1])[0] > 0)
        assert least <= passes / 200 <= most


def test_without_errors_allowed_it_is_the_risk_difference() -> None:
    _, verdicts = graded_studies(GOOD, (0.4, 0.1), 1)
    table = as_block_table(verdicts[0])
    counts = count_confusion(verdicts[0], np.full(verdicts[0].shape, np.nan))
    effect = analyse_bias(table, counts, [ErrorLimits(1.0, 0.0)] * 2, [1.0, -1.0])
    plain = risk_difference(table)
    assert (effect.estimate, effect.lower, effect.upper) == pytest.approx((plain.estimate, plain.lower, plain.upper))


def test_the_region_of_error_rates_moves_each_limit_by_its_worst_corner() -> None:
    verdicts = np.column_stack([np.repeat([1.0, 0.0], [50, 50]), np.repeat([1.0, 0.0], [20, 80])])
    sums = sum_units(as_block_table(verdicts), [0, 1])
    counts = count_confusion(verdicts, np.full(verdicts.shape, np.nan))
    bounds = bound_rates(sums, counts, [ErrorLimits(0.8, 0.1)] * 2, TAIL)
    assert bounds.low == pytest.approx([(0.5 - 0.1) / 0.9, (0.2 - 0.1) / 0.9])
    assert bounds.high == pytest.approx([0.5 / 0.8, 0.2 / 0.8])


def test_an_arm_without_labels_of_a_verdict_says_what_would_do() -> None:
    verdicts = np.column_stack([np.repeat([1.0, 0.0], [4, 96]), np.repeat([1.0, 0.0], [20, 80])])
    human = verdicts.copy()
    human[:4, 0] = np.nan
    effect = analyse_bias(as_block_table(verdicts), count_confusion(verdicts, human), [None, None], [1.0, -1.0])
    assert "condition 0: no label among the 4 graded positive" in effect.insufficient
    assert "drawn by arm and verdict 1 would do" in effect.insufficient
    assert labels_to_reach(100, 4) == 52  # by C(48, 4) / C(100, 4)
    assert labels_to_reach(10, 10) == 1


def test_projected_labels_keep_the_errors_and_take_what_there_is() -> None:
    verdicts = np.repeat([1.0, 0.0], [10, 90])[:, None]
    human = np.full(verdicts.shape, np.nan)
    human[:4, 0], human[10:20, 0] = [1, 1, 1, 0], 0.0
    counts = project_counts(count_confusion(verdicts, human), 60)
    assert float(counts.labelled_positive[0]) == 10 and float(counts.labelled_negative[0]) == 50
    assert float(counts.true_if_positive[0]) == pytest.approx(0.75)


def test_rates_outside_their_range_are_refused() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        ErrorLimits(1.2, 0.0)
