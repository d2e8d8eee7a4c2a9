"""Risk differences of paired conditions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.random import default_rng
from statsmodels.stats.proportion import confint_proportions_2indep

from advocate_evals.statistics.dose_response import estimate_contrast
from advocate_evals.statistics.intervals import Effect
from advocate_evals.statistics.risk_difference import (
    as_block_table,
    difference_limits,
    effect_sd,
    estimate_rates,
    rate_correlation,
    risk_difference,
    sum_units,
)


def pairs(in_both: int, first: int, second: int, neither: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Blocks in which both, only the first, only the second or neither condition had the event."""
    return np.repeat([[1.0, 1], [1, 0], [0, 1], [0, 0]], [in_both, first, second, neither], axis=0)


def test_it_is_newcombes_method_10_on_pairs() -> None:
    """Newcombe (1998), table II: 36, 12, 2, 0 give 0.0569 to 0.3404 with the corrected correlation.

    Ours takes Student's quantile on 49 degrees of freedom and 49 answers where he takes the normal and 50.
    """
    effect = risk_difference(pairs(36, 12, 2, 0))
    assert effect.estimate == pytest.approx(0.20)
    assert (effect.lower, effect.upper) == pytest.approx((0.0569, 0.3404), abs=0.012)
    assert effect.upper - effect.lower > 0.3404 - 0.0569


def test_without_correlation_it_is_newcombes_interval_for_independent_shares() -> None:
    acts = pairs(240, 560, 360, 840)  # every combination as often as chance alone would have it
    low, high = confint_proportions_2indep(800, 2000, 600, 2000, method="newcomb")
    effect = risk_difference(acts)
    assert float(rate_correlation(sum_units(as_block_table(acts), [0, 1]))) == pytest.approx(0.0, abs=0.001)
    assert (effect.lower, effect.upper) == pytest.approx((low, high), abs=0.0002)


def test_what_pairs_have_in_common_makes_it_narrower() -> None:
    correlated, independent = risk_difference(pairs(40, 10, 2, 48)), risk_difference(pairs(21, 29, 21, 29))
    assert correlated.error < 0.6 * independent.error


def test_the_p_value_and_the_limits_say_the_same() -> None:
    acts = (default_rng(2).random((80, 2)) < [0.35, 0.2]).astype(float)
    effect = risk_difference(acts)
    limits = difference_limits(sum_units(as_block_table(acts), [0, 1]), effect.p_above)
    assert float(limits[0]) == pytest.approx(0.0, abs=1e-5)
    assert effect.above() == (effect.p_above < 0.05)
    assert effect.p_below == 1.0
    assert risk_difference(acts[:, ::-1]).p_below == pytest.approx(effect.p_above, rel=1e-4)


def test_both_ways_round_it_is_the_same_effect() -> None:
    acts = (default_rng(3).random((50, 2)) < [0.5, 0.04]).astype(float)
    forward, reversed_effect = risk_difference(acts), risk_difference(acts, 1, 0)
    assert (forward.estimate, forward.lower, forward.upper) == pytest.approx(
        (-reversed_effect.estimate, -reversed_effect.upper, -reversed_effect.lower)
    )


@pytest.mark.parametrize(("first", "equivalent"), [(800, True), (830, True), (760, False), (700, False)])
def test_equivalence_is_that_of_two_one_sided_tests(first: int, equivalent: bool) -> None:
    """By statsmodels' 90 % limits; it knows no pairs, so these are paired as chance alone would."""
    acts = pairs(first * 840 // 2000, first - first * 840 // 2000, 840 - first * 840 // 2000, 0)
    acts = np.vstack([acts, np.zeros((2000 - len(acts), 2))])
    low, high = confint_proportions_2indep(first, 2000, 840, 2000, method="newcomb", alpha=0.1)
    effect = risk_difference(acts)
    assert (effect.least, effect.most) == pytest.approx((low, high), abs=0.0003)
    within = effect.above(-0.05) and effect.below(0.05)
    assert within == equivalent == (low > -0.05 and high < 0.05)


def test_one_sided_questions_are_answered_by_one_sided_limits() -> None:
    effect = Effect(0.05, -0.01, 0.11, 0.001, 0.099, 0.04, 0.96, 0.03, 0.95, 50, 0, 50, "t", "")
    assert effect.above() and effect.below(0.1)
    assert not effect.above(0.01) and not effect.below(0.05) and not effect.below(0.0)
    unknown = Effect(0.05, -0.01, 0.11, 0.001, 0.099, 0.04, 0.96, 0.03, 0.95, 50, 0, 50, "t", "for a reason")
    assert not unknown.above() and not unknown.below(0.5)


def test_agreement_in_every_block_does_not_prove_agreement() -> None:
    effect = risk_difference(pairs(10, 0, 0, 10))
    assert effect.estimate == 0.0
    assert effect.lower == -effect.upper
    assert effect.upper == pytest.approx(1 - 0.025 ** (1 / 20))  # three of twenty could have differed unseen
    assert risk_difference(pairs(0, 0, 0, 20)).upper < 0.19


def test_only_blocks_with_both_conditions_count() -> None:
    nan = math.nan
    full = pairs(3, 6, 1, 10)
    gaps = np.vstack([full, [[nan, 1.0], [1.0, nan], [nan, nan]]])
    complete, incomplete = risk_difference(full), risk_difference(gaps)
    assert (complete.estimate, complete.lower, complete.p_above) == (
        incomplete.estimate,
        incomplete.lower,
        incomplete.p_above,
    )
    assert (incomplete.blocks, incomplete.dropped) == (20, 3)


def test_the_spread_of_true_differences_is_found() -> None:
    generator = default_rng(7)
    true = generator.normal(0.2, 0.12, 400)
    first = generator.binomial(20, np.clip(0.5 + true / 2, 0, 1)) / 20
    second = generator.binomial(20, np.clip(0.5 - true / 2, 0, 1)) / 20
    sizes = np.full((400, 2), 20.0)
    assert effect_sd(as_block_table(np.column_stack([first, second]), sizes)) == pytest.approx(0.12, abs=0.025)
    even = generator.binomial(20, 0.5, (400, 2)) / 20
    assert effect_sd(as_block_table(even, sizes)) < 0.06
    assert math.isnan(effect_sd(pairs(3, 6, 1, 10)))


def test_the_spread_between_groups_of_blocks_is_found() -> None:
    generator = default_rng(9)
    true = np.repeat(generator.normal(0.2, 0.12, 200), 30)
    acts = np.column_stack([generator.random(6000) < 0.5 + true / 2, generator.random(6000) < 0.5 - true / 2]).astype(
        float
    )
    assert effect_sd(as_block_table(acts, clusters=np.repeat(np.arange(200), 30))) == pytest.approx(0.12, abs=0.03)


@pytest.mark.parametrize("sizes", [[[5, 5], [5, 1]], [[5, 1], [5, 5]], [[1, 1], [40, 40]]])
def test_each_block_counts_once_whatever_its_number_of_episodes(sizes: list[list[int]]) -> None:
    """Blocks that differ in their rate and in the episodes of an arm, and in no difference between arms."""
    blocks = as_block_table(np.tile([[0.9, 0.9], [0.1, 0.1]], (20, 1)), np.tile(sizes, (20, 1)))
    for effect in (risk_difference(blocks, 0, 1), estimate_contrast(blocks, [1.0, -1.0])):
        assert effect.estimate == pytest.approx(0.0, abs=1e-12)
        assert effect.lower <= 0.0 <= effect.upper
    assert [rate.estimate for rate in estimate_rates(blocks)] == pytest.approx([0.5, 0.5])


def test_the_mean_over_blocks_of_unequal_size_covers() -> None:
    """Ten epochs under one arm and one or ten, by chance, under the other: the rate is that of the blocks."""
    rng = np.random.default_rng(3)
    covered = []
    for _ in range(300):
        p = rng.beta(2, 2, (60, 1)) * np.array([1.0, 0.6])
        sizes = np.stack([np.full(60, 10), rng.choice([1, 10], 60)], axis=1)
        effect = risk_difference(as_block_table(rng.binomial(sizes, p) / sizes, sizes), 0, 1)
        covered.append(effect.lower <= 0.2 <= effect.upper)
    assert 0.91 <= np.mean(covered) <= 0.99
