"""Worlds of known truth: what the methods must reach, what naive ones must miss. Small; `benchmarks/calibration.py` is
the whole of it."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.random import default_rng
from oracle import TRUTHS, Mediated, Spreads, chances, tables
from oracle_checks import CHECKS, CONTROLS, Check

from advocate_evals.statistics.block_rates import BlockTable, estimate_rates, rate_limits, sum_units
from advocate_evals.statistics.contrasts import contrast_limits, estimate_trend, trend_weights
from advocate_evals.statistics.risk_difference import difference_limits, ratio_limits, risk_difference, risk_ratio


@pytest.mark.slow
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_the_methods_reach_what_they_must(check: Check) -> None:
    missed = [figure for figure in check.run(check.small) if not figure.holds(errors=3.5)]
    assert missed == [], check.says


@pytest.mark.parametrize("check", CONTROLS, ids=lambda check: check.name)
def test_naive_methods_miss_it(check: Check) -> None:
    for figure in check.run(check.small):
        assert figure.holds(errors=3), figure
        sound = 0.05 if check.name == "N4" else 0.935
        widened = type(figure)(figure.where, sound, figure.low, figure.high, figure.sims)
        assert not widened.holds(errors=3), "the range is so wide that a sound method would lie in it too"


@pytest.mark.parametrize("name", sorted(TRUTHS))
def test_the_oracle_has_the_rates_it_states(name: str) -> None:
    p = chances(default_rng(0), np.array(TRUTHS[name]), (1, 40_000, 2), Spreads())
    assert p.mean(axis=(0, 1, 2)) == pytest.approx(np.array(TRUTHS[name]), abs=0.004)


def test_the_oracle_has_the_indirect_effect_it_states() -> None:
    world = Mediated(cause=0.5)
    act, middle, _ = world.draw(default_rng(0), 60_000, 1)
    past = np.array(world.past)
    moved = Mediated(cause=0.5, past=(*world.past[:-1], past[0]))
    assert act[:, -1].mean() - act[:, 0].mean() < world.indirect() < 0
    same, _, _ = moved.draw(default_rng(1), 200_000, 1)  # no effect past the mediator: the total is the indirect one
    assert same[:, -1].mean() - same[:, 0].mean() == pytest.approx(moved.indirect(), abs=0.006)
    assert middle[:, -1].mean() - middle[:, 0].mean() == pytest.approx(-2.0, abs=0.03)


def test_tables_side_by_side_give_what_each_gives_alone() -> None:
    """The calibration reckons many tables at once; a report reckons one."""
    many = tables(default_rng(8), TRUTHS["strong"], (25, 12, 3))
    weights = trend_weights(range(4))
    every, ends = sum_units(many, range(4)), sum_units(many, [0, 3])
    rds, rrs = difference_limits(ends, 0.025), ratio_limits(ends, 0.025)
    trends, single = contrast_limits(every, weights, 0.025), rate_limits(every, 0.025)
    for k in range(25):
        alone = BlockTable(many.totals[k], many.sizes[k], many.group)
        for effect, (lower, upper) in (
            (risk_difference(alone), rds),
            (risk_ratio(alone), rrs),
            (estimate_trend(alone), trends),
        ):
            assert (effect.lower, effect.upper) == pytest.approx((lower[k], upper[k]), abs=1e-12)
        found = estimate_rates(alone)
        assert [rate.lower for rate in found] == pytest.approx(single[0][k])
        assert [rate.upper for rate in found] == pytest.approx(single[1][k])
