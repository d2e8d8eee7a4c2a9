"""Bets on a bounded mean, and the confidence sequence that comes with them."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest

from advocate_evals.statistics.betting_test import BET_SHARES, betting_test, betting_wealth, confidence_sequence


@pytest.mark.parametrize(("mean", "above"), [(0.0, True), (0.1, False), (-0.3, True)])
def test_the_wealth_of_a_fair_game_is_one_on_average_exactly(mean: float, above: bool) -> None:
    """Over every path of four pairs of a distribution with just that mean, weighted by its chance."""
    chances = {1.0: 0.2 + mean / 2, 0.0: 0.6, -1.0: 0.2 - mean / 2}
    expected = sum(
        math.prod(chances[step] for step in path) * math.exp(betting_wealth(path, mean, above)[-1])
        for path in product(chances, repeat=4)
    )
    assert expected == pytest.approx(1, abs=1e-12)


def test_bets_grow_where_the_hypothesis_is_wrong_and_shrink_where_it_is_not() -> None:
    better = np.tile([1.0, 0.0, 1.0, 0.0, -1.0], 30)
    assert betting_wealth(better, 0.0, above=True)[-1] > math.log(20)
    assert betting_wealth(better, 0.0, above=False)[-1] < 0
    assert betting_wealth(better, 0.5, above=False)[-1] > math.log(20)


def test_a_lost_pair_moves_nothing() -> None:
    holed = betting_wealth([1.0, math.nan, 0.0], 0.0, above=True)
    assert holed[1] == holed[0]
    assert holed[2] == betting_wealth([1.0, 0.0], 0.0, above=True)[1]


def test_no_bet_can_lose_more_than_it_has() -> None:
    assert np.isfinite(betting_wealth([-1.0] * 200, 0.0, above=True)).all()
    assert max(BET_SHARES) < 1


def test_it_confirms_refutes_and_stays_undecided() -> None:
    strong, none = betting_test(np.tile([1.0, 0.0, 1.0], 10)), betting_test(np.tile([1.0, 0.0, -1.0, 0.0, 0.0], 200))
    assert strong.verdict == "CONFIRMED" and strong.pairs < 20 and strong.confirm >= 20
    assert none.verdict == "REFUTED" and none.refute >= 20 and none.pairs < 1000
    few = betting_test([1.0, 0.0, 0.0])
    assert (few.verdict, few.pairs) == ("INCONCLUSIVE", 3)


def test_the_verdict_is_that_of_the_first_pair_that_reaches_one() -> None:
    turned = np.concatenate([np.ones(15), -np.ones(500)])
    assert betting_test(turned).verdict == "CONFIRMED"
    assert betting_test(turned) == betting_test(turned[:15])


def test_the_sequence_holds_just_the_means_that_no_bet_ever_refuted() -> None:
    values = np.tile([1.0, 0.0, 0.0, 1.0, -1.0], 40)
    lower, upper = confidence_sequence(values, alpha=0.025)
    assert lower < values.mean() < upper
    for mean, above in ((lower, True), (upper, False)):
        beyond, within = (mean - 1e-6, mean + 1e-6) if above else (mean + 1e-6, mean - 1e-6)
        assert betting_wealth(values, beyond, above).max() >= math.log(40) > betting_wealth(values, within, above).max()


def test_the_sequence_never_widens_and_starts_with_the_whole_range() -> None:
    values = np.random.default_rng(1).choice([1.0, 0.0, -1.0], 60, p=[0.4, 0.4, 0.2])
    assert confidence_sequence([]) == (-1.0, 1.0)
    bounds = np.array([confidence_sequence(values[:n]) for n in (1, 5, 20, 60)])
    assert np.all(np.diff(bounds[:, 0]) >= 0) and np.all(np.diff(bounds[:, 1]) <= 0)


@pytest.mark.parametrize(("values", "mean"), [([1.2], 0.0), ([0.0], 1.0)])
def test_what_is_out_of_range_is_refused(values: list[float], mean: float) -> None:
    with pytest.raises(ValueError, match="must lie"):
        betting_wealth(values, mean, above=True)


def test_figures_that_are_no_shares_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match="delta"):
        betting_test([0.0], delta=0)


def test_nothing_is_inconclusive() -> None:
    found = betting_test([])
    assert (found.verdict, found.pairs, found.lower, found.upper) == ("INCONCLUSIVE", 0, -1.0, 1.0)
