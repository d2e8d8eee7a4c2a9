"""Contrasts, trends, orders, adjustment and the shape of a dose response."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.random import default_rng
from scipy import stats
from statsmodels.stats.multitest import multipletests

from advocate_evals.statistics.dose_response import (
    contrast_exceeds_zero,
    estimate_contrast,
    estimate_trend,
    gatekept_order_test,
    holm_adjust,
    trend_weights,
)
from advocate_evals.statistics.dose_shape import compare_step_slope
from advocate_evals.statistics.risk_difference import as_block_table, risk_difference

ODDS = [0.0, 0.05, 0.25, 0.5, 0.75, 0.95]


def draw_acts(seed: int, blocks: int, *rates: float) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    return (default_rng(seed).random((blocks, len(rates))) < rates).astype(float)


def test_four_steps_have_the_stated_weights() -> None:
    assert trend_weights(range(4)) == pytest.approx([0.9, 0.3, -0.3, -0.9])


@pytest.mark.parametrize("positions", [[0, 1], [0, 1, 2, 3, 4], [0.0, 0.05, 0.5, 0.95]])
def test_the_weights_are_the_drop_of_the_fitted_line(positions: list[float]) -> None:
    rates = default_rng(1).random(len(positions))
    slope = np.polyfit(positions, rates, 1)[0]
    assert trend_weights(positions) @ rates == pytest.approx(-slope * (positions[-1] - positions[0]))


@pytest.mark.parametrize("positions", [[0.0], [0.0, 0.0], [1.0, 0.0], [[0.0, 1.0]]])
def test_positions_must_rise(positions: list[float]) -> None:
    with pytest.raises(ValueError, match="rising"):
        trend_weights(positions)


def test_a_contrast_is_the_t_test_of_the_blocks_own_contrasts() -> None:
    values = draw_acts(1, 60, 0.5, 0.45, 0.3, 0.35)
    effect = estimate_trend(values)
    reference = stats.ttest_1samp(values @ trend_weights(range(4)), 0, alternative="greater")
    low, high = stats.ttest_1samp(values @ trend_weights(range(4)), 0).confidence_interval(0.95)
    assert effect.method == "t"
    assert effect.p_above == pytest.approx(float(reference.pvalue))
    assert (effect.lower, effect.upper) == pytest.approx((low, high))
    assert effect.p_above + effect.p_below == pytest.approx(1.0)


def test_families_as_units_are_the_t_test_over_families() -> None:
    values = draw_acts(2, 60, 0.5, 0.45, 0.3, 0.35)
    families = np.arange(60) % 6
    means = np.array([values[families == k].mean(axis=0) for k in range(6)]) @ trend_weights(range(4))
    effect = estimate_trend(as_block_table(values, clusters=families))
    assert effect.p_above == pytest.approx(float(stats.ttest_1samp(means, 0, alternative="greater").pvalue))
    assert (effect.clusters, effect.blocks) == (6, 60)


def test_near_an_end_the_limits_of_the_rates_are_joined() -> None:
    values = draw_acts(3, 60, 0.4, 0.2, 0.1, 0.01)
    effect = estimate_contrast(values, [1.0, 0.0, 0.0, -1.0])
    pair = risk_difference(values)
    assert effect.method == "mover"
    assert (effect.lower, effect.upper, effect.p_above) == pytest.approx((pair.lower, pair.upper, pair.p_above))


def test_without_any_event_the_trend_is_bounded_all_the_same() -> None:
    effect = estimate_trend(np.zeros((50, 4)))
    assert effect.estimate == 0.0
    assert -0.12 < effect.lower < 0 < effect.upper < 0.12
    assert effect.below(0.1)


def test_weights_must_fit_the_conditions() -> None:
    for weights in ([1.0, -1.0, 0.0], [0.0, 0.0]):
        with pytest.raises(ValueError, match="one weight per condition"):
            estimate_contrast(draw_acts(1, 10, 0.5, 0.5), weights)


def test_a_condition_without_weight_may_be_missing() -> None:
    values = draw_acts(4, 40, 0.6, 0.5, 0.4, 0.3)
    values[:30, 1] = math.nan
    assert estimate_contrast(values, [1.0, 0.0, 0.0, -1.0]).blocks == 40
    assert estimate_trend(values).blocks == 10


def test_quick_and_full_tests_agree() -> None:
    for seed in range(20):
        values = draw_acts(seed, 30, 0.4, 0.3, 0.2)
        assert (
            contrast_exceeds_zero(values, [1.0, 0.0, -1.0], 0.9)
            == estimate_contrast(values, [1.0, 0.0, -1.0], 0.9).above()
        )


def test_the_sequence_stops_at_the_first_claim_that_fails() -> None:
    steps = gatekept_order_test(draw_acts(5, 120, 0.5, 0.2, 0.2, 0.02))
    assert [step.name for step in steps] == ["ends", "trend", "first-middle", "middle-last", "0-1", "1-2", "2-3"]
    significant = [step.significant for step in steps]
    first = significant.index(False)
    assert first == 5  # the middle two are alike
    assert [step.tested for step in steps] == [True] * (first + 1) + [False] * (len(steps) - first - 1)
    assert not any(significant[first:])
    assert steps[6].effect.above()  # it would have been significant, had it been tested


def test_with_two_conditions_only_the_ends_are_compared() -> None:
    assert [step.name for step in gatekept_order_test(draw_acts(5, 40, 0.5, 0.2))] == ["ends"]


def test_holm_by_hand_and_a_lost_test_counts() -> None:
    adjusted = holm_adjust([0.01, 0.04, 0.03])
    assert adjusted.p == pytest.approx((0.03, 0.06, 0.06))
    assert adjusted.rejected == (True, False, False)
    assert holm_adjust([0.02, math.nan]).p == pytest.approx((0.04, 1.0))
    assert holm_adjust([]).p == ()


def test_a_step_is_told_from_a_slope() -> None:
    step = compare_step_slope(draw_acts(1, 150, 0.4, 0.1, 0.1, 0.1, 0.1, 0.1), ODDS)
    assert (step.form, step.change_point, step.change_points) == ("step", 0.0, (0.0,))
    slope = compare_step_slope(draw_acts(2, 150, *(0.45 - 0.4 * odds for odds in ODDS)), ODDS)
    assert slope.form in ("slope", "slope or threshold")
    assert slope.above_zero.lower > 0
    assert (
        compare_step_slope(draw_acts(3, 400, *([0.6] + [0.4 - 0.35 * odds for odds in ODDS[1:]])), ODDS).form == "both"
    )
    assert compare_step_slope(draw_acts(4, 10, 0.4, 0.1, 0.1, 0.1, 0.1, 0.1), ODDS).form == "cannot tell"


def test_the_contrasts_of_a_shape_are_exact_on_clean_curves() -> None:
    """Blocks that all lie on one curve: the estimates are those of the curve."""
    line_rates = np.tile([0.5 - 0.4 * odds for odds in ODDS], (30, 1))
    slope = compare_step_slope(as_block_table(line_rates, sizes=50), ODDS)
    assert slope.jump.estimate == pytest.approx(0.0, abs=1e-12)
    assert slope.full_range.estimate == pytest.approx(0.38)
    assert slope.above_zero.estimate == pytest.approx(0.36)
    assert slope.step_against_line.estimate < 0
    step = compare_step_slope(as_block_table(np.tile([0.5] + [0.1] * 5, (30, 1)), sizes=50), ODDS)
    assert step.jump.estimate == pytest.approx(0.4)
    assert step.above_zero.estimate == pytest.approx(0.0, abs=1e-12)
    assert step.step.estimate == pytest.approx(0.4)
    assert step.step_against_line.estimate > 0


def test_a_step_elsewhere_is_placed_where_it_is() -> None:
    shape = compare_step_slope(draw_acts(5, 300, 0.5, 0.5, 0.5, 0.1, 0.1, 0.1), ODDS)
    assert shape.change_point == 0.25
    assert shape.change_points == (0.25,)
    assert shape.isotonic == tuple(sorted(shape.isotonic, reverse=True))


@pytest.mark.parametrize("odds", [[0.1, 0.5, 0.9], [0.0, 0.5], [0.0, 0.5, 0.5], [0.0, 0.5, 1.5]])
def test_odds_that_make_no_ladder_are_refused(odds: list[float]) -> None:
    with pytest.raises(ValueError, match="rising probability"):
        compare_step_slope(np.zeros((4, len(odds))), odds)


def test_holm_is_that_of_statsmodels() -> None:
    p = [0.03, 0.001, 0.2, 0.012, 0.012, 1.0]
    rejected, adjusted, _, _ = multipletests(p, alpha=0.05, method="holm")
    holm = holm_adjust(p, 0.05)
    assert holm.p == pytest.approx(list(adjusted))
    assert list(holm.rejected) == list(rejected)
