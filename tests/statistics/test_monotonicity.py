"""Ladders that are none: the test for lack of monotonicity, its size and its power in simulated worlds."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.random import default_rng
from oracle import draw_tables

from advocate_evals.statistics.monotonicity import OrderShape, assess_order
from advocate_evals.statistics.risk_difference import BlockTable, as_block_table

ALPHA, STEP_TAIL = 0.05, 0.025


def assess_study(rates: tuple[float, ...], blocks: int, study: int) -> OrderShape:
    table = draw_tables(default_rng((blocks, study)), rates, (1, blocks, 1))
    return assess_order(BlockTable(table.totals[0], table.sizes[0], table.unit_index), ALPHA, STEP_TAIL)


def share_rejected(rates: tuple[float, ...], blocks: int, studies: int) -> float:
    return float(np.mean([assess_study(rates, blocks, study).steepest_rise is not None for study in range(studies)]))


@pytest.mark.parametrize("rates", [(0.4,) * 4, (0.1,) * 4, (0.8, 0.08, 0.08, 0.08)])
def test_equal_rates_are_rarely_called_a_turn(rates: tuple[float, ...]) -> None:
    assert share_rejected(rates, 50, 100) <= 0.11, "five of a hundred, and 2.8 standard errors"


def test_a_ladder_that_falls_all_along_is_not_rejected() -> None:
    assert share_rejected((0.4, 0.3, 0.2, 0.1), 104, 60) == 0.0


@pytest.mark.parametrize(("rates", "least"), [((0.4, 0.08, 0.08, 0.3), 0.9), ((0.4, 0.08, 0.08, 0.4), 0.95)])
def test_a_ladder_that_rises_again_is_rejected(rates: tuple[float, ...], least: float) -> None:
    assert share_rejected(rates, 104, 40) >= least


def test_the_turn_is_placed_and_its_limits_hold_the_truth() -> None:
    shape = assess_study((0.8, 0.1, 0.5, 0.5), 200, 1)
    assert shape.steepest_rise is not None and shape.steepest_fall is not None
    assert (shape.steepest_rise.earlier, shape.steepest_fall.later) == (1, 1)
    assert shape.steepest_rise.rise.lower < 0.4 < shape.steepest_rise.rise.upper
    assert [(step.earlier, step.later) for step in shape.reversed_steps] == [(1, 2)]
    assert shape.turns_back(reversed_trend=False) and shape.turns_back(reversed_trend=True)


def test_what_rises_all_along_is_a_reversal_and_no_turn() -> None:
    shape = assess_study((0.1, 0.3, 0.5, 0.8), 150, 2)
    assert shape.steepest_fall is None and not shape.turns_back(reversed_trend=True)
    assert shape.turns_back(reversed_trend=False)


def test_values_without_bounds_go_by_student_and_need_variance() -> None:
    values = default_rng(3).normal((5.0, -3.0, -3.0, 4.0), 1.0, (30, 4))
    shape = assess_order(as_block_table(values, is_bounded=False), ALPHA, STEP_TAIL)
    assert shape.steepest_rise is not None and shape.steepest_rise.later == 3
    flat = assess_order(as_block_table(np.tile((5.0, 1.0, 3.0), (4, 1)), is_bounded=False), ALPHA, STEP_TAIL)
    assert flat.steepest_rise is None and np.isnan(flat.pairs[0].rise.lower)


def test_one_block_shows_nothing_and_two_conditions_are_no_order() -> None:
    shape = assess_order([[1.0, 0.0, 1.0]], ALPHA, STEP_TAIL)
    assert shape.steepest_rise is None and shape.reversed_steps == ()
    with pytest.raises(ValueError, match="three conditions or more, not 2"):
        assess_order([[1.0, 0.0]], ALPHA, STEP_TAIL)


def test_a_missing_cell_costs_its_own_pairs_only() -> None:
    values = np.array([[1.0, 0.0, 1.0], [1.0, 0.0, np.nan], [0.0, 0.0, 1.0], [1.0, 1.0, 0.0]])
    rises = {(pair.earlier, pair.later): pair.rise.estimate for pair in assess_order(values, ALPHA, STEP_TAIL).pairs}
    assert rises[0, 1] == pytest.approx(-0.5) and rises[1, 2] == pytest.approx(1 / 3)
