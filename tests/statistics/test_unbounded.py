"""Values without bounds: contrasts by Student's t, no rates; and the share of one effect that another one is."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from advocate_evals.statistics.dose_response import estimate_contrast, estimate_trend, gatekept_order_test
from advocate_evals.statistics.ratio_interval import estimate_effect_share
from advocate_evals.statistics.risk_difference import as_block_table, effect_sd, estimate_rates, risk_difference

Z = np.random.default_rng(5).normal([2.0, 0.5, -1.5], 1.0, size=(30, 3))


def test_a_contrast_of_values_without_bounds_is_the_t_test_of_its_differences() -> None:
    effect = estimate_contrast(as_block_table(Z, is_bounded=False), [1.0, 0.0, -1.0])
    low, high = stats.ttest_1samp(Z[:, 0] - Z[:, 2], 0).confidence_interval(0.95)
    assert effect.method == "t" and effect.estimate > 3.0
    assert (effect.lower, effect.upper) == (pytest.approx(low), pytest.approx(high))
    moved = estimate_trend(as_block_table(Z - 100, is_bounded=False))
    assert moved.estimate == pytest.approx(estimate_trend(as_block_table(Z, is_bounded=False)).estimate)


def test_few_blocks_without_bounds_go_by_t_too() -> None:
    effect = estimate_contrast(as_block_table(Z[:4], is_bounded=False), [1.0, 0.0, -1.0])
    low, high = stats.ttest_1samp(Z[:4, 0] - Z[:4, 2], 0).confidence_interval(0.95)
    assert (effect.lower, effect.upper) == (pytest.approx(low), pytest.approx(high))


def test_what_needs_bounds_is_refused_and_what_cannot_be_told_is_said() -> None:
    table = as_block_table(Z, is_bounded=False)
    for refused in (estimate_rates, risk_difference, gatekept_order_test):
        with pytest.raises(ValueError, match="values without bounds have no rates"):
            refused(table)
    with pytest.raises(ValueError, match="values must lie in"):
        as_block_table(Z)
    with pytest.raises(ValueError, match="values must be finite"):
        as_block_table([[math.inf, 0.0], [1.0, 2.0]], is_bounded=False)
    alike = estimate_contrast(as_block_table([[3.0, 1.0]] * 5, is_bounded=False), [1.0, -1.0])
    assert "do not vary" in alike.insufficient and (alike.lower, alike.upper) == (-math.inf, math.inf)
    assert math.isnan(effect_sd(as_block_table(Z, np.full(Z.shape, 3), is_bounded=False)))


@pytest.mark.parametrize(("share", "spread"), [(0.0, 1.0), (0.5, 1.0), (1.0, 0.3), (1.4, 1.0)])
def test_fiellers_limits_cover_the_share_that_was_put_in(share: float, spread: float) -> None:
    rng, covered, runs = np.random.default_rng(int(10 * share)), 0, 2000
    for _ in range(runs):
        both = rng.normal(0, 0.5, 30)
        total = 1.0 + both + rng.normal(0, 0.5, 30)
        limits = estimate_effect_share(share + both + rng.normal(0, spread, 30), total).share
        covered += limits.lower <= share <= limits.upper
    assert covered / runs == pytest.approx(0.95, abs=3 * math.sqrt(0.95 * 0.05 / runs))


def test_a_share_is_that_of_the_blocks_with_both_and_none_of_an_effect_that_is_not_shown() -> None:
    part, total = np.array([0.5, 0.4, 0.6, math.nan, 9.0]), np.array([1.0, 0.9, 1.1, 5.0, math.nan])
    result = estimate_effect_share(part, total)
    assert (result.blocks, result.share.estimate, result.insufficient) == (3, pytest.approx(0.5), "")
    assert result.share.lower < 0.5 < result.share.upper
    for empty in (([], []), ([1.0], [1.0])):
        assert "fewer than two blocks" in estimate_effect_share(*empty).insufficient
    for weak in ([1.0, -1.0, 0.5, -0.4], [-1.0, -0.9, -1.1, -1.0]):
        nothing = estimate_effect_share([0.1, 0.2, 0.3, 0.4], weak)
        assert "is not shown" in nothing.insufficient and math.isnan(nothing.share.estimate)


def test_nothing_is_a_share_of_rounding_error() -> None:
    result = estimate_effect_share([0.5] * 8, [1e-17] * 8)
    assert math.isnan(result.share.estimate) and "not shown" in result.insufficient
