"""A step at 0, a threshold above it, a slope: what the stated odds do to a rate, in worlds of known truth."""

from __future__ import annotations

import pytest
from numpy.random import default_rng
from oracle import draw_tables

from advocate_evals.statistics.dose_shape import DoseShape, compare_line_steps, compare_step_slope
from advocate_evals.statistics.risk_difference import BlockTable

LADDER_ODDS = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95)


def draw_study(rates: tuple[float, ...], blocks: int = 200, study: int = 0) -> BlockTable:
    table = draw_tables(default_rng((blocks, study)), rates, (1, blocks, 1))
    return BlockTable(table.totals[0], table.sizes[0], table.unit_index)


def classify_study(rates: tuple[float, ...]) -> DoseShape:
    return compare_step_slope(draw_study(rates), LADDER_ODDS)


@pytest.mark.parametrize(
    ("rates", "form", "place"),
    [
        ((0.8, 0.1, 0.1, 0.1, 0.1, 0.1), "step", 0.0),
        ((0.8, 0.8, 0.1, 0.1, 0.1, 0.1), "threshold", 0.05),
        ((0.8, 0.8, 0.8, 0.1, 0.1, 0.1), "threshold", 0.25),
        ((0.8, 0.8, 0.8, 0.8, 0.1, 0.1), "threshold", 0.5),
        ((0.8, 0.8, 0.8, 0.8, 0.8, 0.1), "threshold", 0.75),
    ],
)
def test_a_single_fall_is_a_step_at_zero_and_a_threshold_above_it(
    rates: tuple[float, ...], form: str, place: float
) -> None:
    shape = classify_study(rates)
    assert (shape.form, shape.change_point, shape.change_points) == (form, place, (place,))


def test_a_line_is_a_slope_and_no_threshold() -> None:
    assert classify_study(tuple(0.8 - 0.7 * odds / 0.95 for odds in LADDER_ODDS)).form == "slope"


def test_what_is_not_told_apart_is_not_named() -> None:
    weak = compare_step_slope(draw_study((0.4, 0.4, 0.4, 0.4, 0.1, 0.1), blocks=60, study=1), LADDER_ODDS)
    assert weak.form in ("slope or threshold", "cannot tell")
    assert len(weak.change_points) > 1, "every place that fits no worse is listed"
    assert classify_study((0.4,) * 6).form == "cannot tell"


@pytest.mark.parametrize(
    ("rates", "form"),
    [((0.8, 0.8, 0.8, 0.1, 0.1), "threshold"), ((0.8, 0.65, 0.45, 0.28, 0.1), "slope")],
)
def test_among_the_positive_odds_a_threshold_is_told_from_a_slope(rates: tuple[float, ...], form: str) -> None:
    curve = compare_line_steps(draw_study(rates, blocks=300), LADDER_ODDS[1:])
    assert curve.form == form
    assert curve.change_point in curve.change_points


def test_positions_must_rise_and_fit() -> None:
    with pytest.raises(ValueError, match="rising position per condition"):
        compare_line_steps([[1.0, 0.0, 0.0]] * 5, (0.1, 0.3))
