"""Simulations with a known truth: what the methods must reach, and what naive ones must miss.

The checks run with few simulations; `benchmarks/calibration.py` runs them at full size.
"""

from __future__ import annotations

import numpy as np
import pytest
from numpy.random import default_rng
from oracle import TRUTHS, MediatedWorld, Spreads, draw_probabilities, draw_tables
from oracle_checks import CHECKS, CONTROLS, Check

from advocate_evals.statistics.dose_response import contrast_limits, estimate_trend, trend_weights
from advocate_evals.statistics.risk_difference import (
    BlockTable,
    difference_limits,
    estimate_rates,
    rate_limits,
    risk_difference,
    sum_units,
)


@pytest.mark.slow
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_the_methods_reach_what_they_must(check: Check) -> None:
    missed = [figure for figure in check.run(check.small) if not figure.holds(errors=3.5)]
    assert missed == [], check.description


@pytest.mark.parametrize("check", CONTROLS, ids=lambda check: check.name)
def test_naive_methods_miss_it(check: Check) -> None:
    for figure in check.run(check.small):
        assert figure.holds(errors=3), figure
        sound = 0.05 if check.name == "N4" else 0.935
        widened = type(figure)(figure.where, sound, figure.low, figure.high, figure.sims)
        assert not widened.holds(errors=3), "the range is so wide that a sound method would lie in it too"


@pytest.mark.parametrize("name", sorted(TRUTHS))
def test_the_oracle_has_the_rates_it_states(name: str) -> None:
    p = draw_probabilities(default_rng(0), np.array(TRUTHS[name]), (1, 40_000, 2), Spreads())
    assert p.mean(axis=(0, 1, 2)) == pytest.approx(np.array(TRUTHS[name]), abs=0.004)


def test_the_oracle_has_the_indirect_effect_it_states() -> None:
    world = MediatedWorld(cause=0.5)
    act, mediator, _ = world.draw(default_rng(0), 60_000, 1)
    past = np.array(world.past)
    moved = MediatedWorld(cause=0.5, past=(*world.past[:-1], past[0]))
    assert act[:, -1].mean() - act[:, 0].mean() < world.indirect() < 0
    same, _, _ = moved.draw(default_rng(1), 200_000, 1)  # no effect past the mediator: the total is the indirect one
    assert same[:, -1].mean() - same[:, 0].mean() == pytest.approx(moved.indirect(), abs=0.006)
    assert mediator[:, -1].mean() - mediator[:, 0].mean() == pytest.approx(-2.0, abs=0.03)


def test_tables_side_by_side_give_what_each_gives_alone() -> None:
    """The calibration computes many tables at once; a report computes a single one."""
    many = draw_tables(default_rng(8), TRUTHS["strong"], (25, 12, 3))
    weights = trend_weights(range(4))
    every, ends = sum_units(many, range(4)), sum_units(many, [0, 3])
    differences, trends = difference_limits(ends, 0.025), contrast_limits(every, weights, 0.025)
    lower_rates, upper_rates = rate_limits(every, 0.025)
    for k in range(25):
        alone = BlockTable(many.totals[k], many.sizes[k], many.unit_index)
        for effect, (lower, upper) in (
            (risk_difference(alone), differences),
            (estimate_trend(alone), trends),
        ):
            assert (effect.lower, effect.upper) == pytest.approx((lower[k], upper[k]), abs=1e-12)
        rates = estimate_rates(alone)
        assert [rate.lower for rate in rates] == pytest.approx(lower_rates[k])
        assert [rate.upper for rate in rates] == pytest.approx(upper_rates[k])
