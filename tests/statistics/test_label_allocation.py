"""Labels go where they cut the interval of a contrast most."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from numpy.random import default_rng
from oracle import draw_acts

from advocate_evals.statistics.label_allocation import ExpectedErrors, allocate_labels, expected_half_width
from advocate_evals.statistics.risk_difference import as_block_table

ERRORS = ExpectedErrors(0.9, 0.03)


def test_expected_shares_are_those_of_bayes() -> None:
    positive = 0.9 * 0.4 + 0.03 * 0.6
    hits, misses = ERRORS.true_shares([positive])
    assert hits[0] == pytest.approx(0.9 * 0.4 / positive)
    assert misses[0] == pytest.approx(0.1 * 0.4 / (1 - positive))


def test_no_other_whole_numbers_give_a_smaller_variance() -> None:
    available = np.array([[12, 8], [17, 3]])
    best = allocate_labels(available, [[1.0, -1.0]], 12, ERRORS)
    shares = available / available.sum(axis=1, keepdims=True)
    hits, misses = ERRORS.true_shares(shares[:, 1])
    truth = np.clip(np.column_stack([misses, hits]), 0.02, 0.98)

    def variance(labels: np.ndarray) -> float:  # type: ignore[type-arg]
        return float((shares**2 * truth * (1 - truth) / labels).sum())

    cells = (range(2, int(cell) + 1) for cell in available.ravel())
    every = (np.array(numbers).reshape(2, 2) for numbers in product(*cells) if sum(numbers) == 12)
    assert best.sum() == 12
    assert variance(best) == pytest.approx(min(map(variance, every)))


def test_arms_without_a_weight_get_none_and_no_more_are_drawn_than_there_are() -> None:
    labels = allocate_labels([[5, 5], [40, 60], [3, 0]], [[1.0, 0.0, -1.0]], 100, ERRORS)
    assert labels.tolist() == [[5, 5], [0, 0], [3, 0]]


def test_more_labels_narrow_the_interval_and_allocated_ones_no_less_than_halves() -> None:
    verdicts = draw_acts(default_rng(2), (0.4, 0.1), (1, 104, 1))[0, :, 0, :]
    table, weights = as_block_table(verdicts), [[1.0, -1.0]]
    positive = verdicts.sum(axis=0).astype(int)
    available = np.column_stack([104 - positive, positive])
    widths = []
    for per_arm in (20, 50, 100):
        allocated = allocate_labels(available, weights, 2 * per_arm, ERRORS)
        widths.append(expected_half_width(table, allocated, weights, ERRORS))
        few = np.minimum(positive, per_arm // 2)
        halves = np.column_stack([np.minimum(104 - positive, per_arm - few), few])
        assert widths[-1] <= expected_half_width(table, halves, weights, ERRORS) + 0.003
    assert widths == sorted(widths, reverse=True) and widths[0] > widths[-1] + 0.02


def test_a_verdict_without_labels_has_no_forecast_and_impossible_errors_are_refused() -> None:
    table = as_block_table(np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]))
    assert np.isnan(expected_half_width(table, [[0, 2], [1, 1]], [[1.0, -1.0]], ERRORS))
    with pytest.raises(ValueError, match="false_positive < sensitivity"):
        ExpectedErrors(0.3, 0.4)
