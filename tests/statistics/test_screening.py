"""Sensitivity, specificity and whether they are the same in all arms, against counts and scipy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from advocate_evals.statistics.grader_screening import permutation_same_rates, screen_grader

NAN = math.nan


def items(*cells: tuple[str, int, float, int]) -> tuple[list[int], list[float], list[str]]:
    """Truths, answers and arms of the items, from cells of (arm, truth, answer, number of items)."""
    rows = [(truth, answer, arm) for arm, truth, answer, number in cells for _ in range(number)]
    return [truth for truth, _, _ in rows], [answer for _, answer, _ in rows], [arm for _, _, arm in rows]


def test_counts_and_exact_limits() -> None:
    result = screen_grader(*items(("a", 1, 1, 97), ("a", 1, 0, 3), ("a", 0, 0, 200))).overall
    assert (result.true_positive, result.false_negative, result.true_negative, result.false_positive) == (97, 3, 200, 0)
    exact = stats.binomtest(97, 100).proportion_ci(method="exact")
    assert (result.sensitivity.lower, result.sensitivity.upper) == pytest.approx((exact.low, exact.high))
    assert result.specificity.lower == pytest.approx(0.9817, abs=1e-4)
    assert result.specificity.upper == 1


def test_a_missing_answer_is_no_answer() -> None:
    result = screen_grader(*items(("a", 1, 1, 3), ("a", 1, NAN, 5), ("a", 0, NAN, 2))).overall
    assert result.sensitivity.estimate == 1
    assert (result.missing_positive, result.missing_negative) == (5, 2)
    assert math.isnan(result.specificity.estimate)
    assert (result.specificity.lower, result.specificity.upper) == (0, 1)


def test_two_arms_are_compared_exactly() -> None:
    by_arm = screen_grader(*items(("a", 1, 1, 9), ("a", 1, 0, 1), ("b", 1, 1, 3), ("b", 1, 0, 7), ("a", 0, 0, 5)))
    assert by_arm.same_sensitivity == pytest.approx(stats.fisher_exact([[9, 3], [1, 7]]).pvalue, abs=0.003)
    assert math.isnan(by_arm.same_specificity)
    assert list(by_arm.arms) == ["a", "b"]


def test_strata_of_unlike_difficulty_make_no_difference_of_arms() -> None:
    hits, totals = [[2, 8], [36, 9]], [[10, 40], [40, 10]]  # .2 and .9 in either arm, unevenly spread
    assert permutation_same_rates(hits, totals) > 0.9
    assert permutation_same_rates([[38, 17]], [[50, 50]]) < 0.001
    uneven = permutation_same_rates([[2, 8], [36, 4]], totals)
    assert uneven < 0.05


def test_a_permutation_p_value_holds_its_size_under_strata() -> None:
    generator = np.random.default_rng(3)
    totals = np.array([[6, 4, 15, 13], [40, 40, 35, 38]])
    p_values = [
        permutation_same_rates(generator.binomial(totals, [[0.5], [0.95]]), totals, draws=400) for _ in range(400)
    ]
    assert 0.02 <= np.mean(np.array(p_values) < 0.05) <= 0.08


def test_an_uneven_grader_is_found_and_an_even_one_is_not() -> None:
    uneven = screen_grader(
        *items(*((arm, 1, 1.0, hits) for arm, hits in zip("abcd", (40, 40, 40, 26), strict=True)), ("d", 1, 0.0, 14))
    )
    assert uneven.same_sensitivity < 0.001
    even = screen_grader(*items(*((arm, 1, answer, n) for arm in "abcd" for answer, n in ((1.0, 36), (0.0, 4)))))
    assert even.same_sensitivity > 0.9


@pytest.mark.parametrize(
    ("truth", "answers", "arms", "message"),
    [
        ([1, 0], [1], ["a", "a"], "must have the same length"),
        ([2], [1], ["a"], "truth: must be 0 or 1"),
        ([1], [0.5], ["a"], "answers: must be 0, 1 or NaN"),
    ],
)
def test_anything_else_is_refused(truth: list[float], answers: list[float], arms: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        screen_grader(truth, answers, arms)
