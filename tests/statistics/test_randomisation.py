"""Randomisation tests against scipy's, by hand, and their size."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import permutation_test

from advocate_evals.statistics.dose_response import trend_weights
from advocate_evals.statistics.power_simulation import BlockPopulation
from advocate_evals.statistics.randomisation_test import flip_signs, permute_labels

PAIR = np.array([1.0, -1.0])


def test_signs_of_pairs_are_flipped_as_scipy_does() -> None:
    values = np.random.default_rng(1).random((10, 2)) + np.array([0.2, 0.0])
    ours = permute_labels(values, PAIR)
    theirs = permutation_test(
        (values[:, 0] - values[:, 1],), np.mean, permutation_type="samples", n_resamples=2**10, alternative="greater"
    )
    assert ours.draws == 0 and ours.blocks == 10
    assert ours.p_above == pytest.approx(theirs.pvalue)
    assert ours.estimate == pytest.approx((values[:, 0] - values[:, 1]).mean())


def test_labels_of_a_trend_are_permuted_as_scipy_does() -> None:
    weights = np.array(trend_weights(range(4)))
    values = np.random.default_rng(2).random((3, 4)) + np.array([0.6, 0.2, 0.1, 0.0])
    ours = permute_labels(values, weights)

    def trend(*arms: np.ndarray, axis: int = -1) -> np.ndarray:
        return np.asarray(sum(weight * arm.sum(axis=axis) for weight, arm in zip(weights, arms, strict=True)))

    theirs = permutation_test(
        tuple(values.T), trend, permutation_type="samples", n_resamples=24**3, alternative="greater", vectorized=True
    )
    assert ours.draws == 0 and ours.p_above == pytest.approx(theirs.pvalue)


def test_many_blocks_are_drawn_from_a_fixed_seed_and_come_near_the_exact_p() -> None:
    values = BlockPopulation((0.4, 0.2)).draw(1, 60, 3)[0]
    first, second = permute_labels(values, PAIR), permute_labels(values, PAIR)
    assert first == second and first.draws == 9999
    differs = values[:, 0] != values[:, 1]
    fewer = permute_labels(values[differs][:14], PAIR)
    assert fewer.draws == 0
    from scipy.stats import binomtest

    exact = binomtest(int((values[differs][:, 0] == 1).sum()), int(differs.sum()), alternative="greater").pvalue
    assert first.p_above == pytest.approx(exact, abs=0.01), "McNemar's exact test"


def test_a_p_is_never_0_and_blocks_with_gaps_are_left_out() -> None:
    values = np.tile([1.0, 0.0], (50, 1))
    values[0, 1] = np.nan
    result = permute_labels(values, PAIR)
    assert result.p_above == pytest.approx(1e-4) and result.p_below == 1.0 and result.blocks == 49
    nothing = permute_labels(np.full((3, 2), np.nan), PAIR)
    assert nothing.blocks == 0 and np.isnan(nothing.p_above)
    level = permute_labels(np.ones((20, 2)), PAIR)
    assert level.p_above == level.p_below == 1.0


def test_more_than_six_conditions_are_drawn_one_by_one() -> None:
    values = np.random.default_rng(5).random((6, 7)) + np.linspace(0.6, 0, 7)
    result = permute_labels(values, np.array(trend_weights(range(7))))
    assert result.draws == 9999 and result.p_above < 0.05


def test_eight_families_have_256_signs() -> None:
    result = flip_signs(np.full(8, 0.2))
    assert result.draws == 0 and result.p_above == pytest.approx(1 / 256)


def test_the_error_is_that_stated_whatever_blocks_differ_by() -> None:
    null = BlockPopulation((0.3, 0.3, 0.3, 0.3), spread=2.0)
    weights = np.array(trend_weights(range(4)))
    rejected = [permute_labels(study, weights).p_above <= 0.05 for study in null.draw(100, 24, 7)]
    assert np.mean(rejected) < 0.13
