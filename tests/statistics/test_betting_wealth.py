"""The betting test of `benchmarks/sequential.py`: its wealth is a martingale under the hypothesis."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from betting_test import BET_SHARES, betting_wealth


@pytest.mark.parametrize(("mean", "above"), [(0.0, True), (0.1, False), (-0.3, True)])
def test_the_wealth_of_a_fair_game_is_one_on_average_exactly(mean: float, above: bool) -> None:
    """Over every path of four pairs of a distribution with exactly that mean, weighted by its probability."""
    probabilities = {1.0: 0.2 + mean / 2, 0.0: 0.6, -1.0: 0.2 - mean / 2}
    expected = sum(
        math.prod(probabilities[step] for step in path) * math.exp(betting_wealth(path, mean, above)[-1])
        for path in product(probabilities, repeat=4)
    )
    assert expected == pytest.approx(1, abs=1e-12)


def test_bets_grow_where_the_hypothesis_is_wrong_and_shrink_where_it_is_not() -> None:
    better = np.tile([1.0, 0.0, 1.0, 0.0, -1.0], 30)
    assert betting_wealth(better, 0.0, above=True)[-1] > math.log(20)
    assert betting_wealth(better, 0.0, above=False)[-1] < 0
    assert betting_wealth(better, 0.5, above=False)[-1] > math.log(20)


def test_a_lost_pair_moves_nothing() -> None:
    wealth = betting_wealth([1.0, math.nan, 0.0], 0.0, above=True)
    assert wealth[1] == wealth[0]
    assert wealth[2] == betting_wealth([1.0, 0.0], 0.0, above=True)[1]


def test_no_bet_can_lose_more_than_it_has() -> None:
    assert np.isfinite(betting_wealth([-1.0] * 200, 0.0, above=True)).all()
    assert max(BET_SHARES) < 1


@pytest.mark.parametrize(("values", "mean"), [([1.2], 0.0), ([0.0], 1.0)])
def test_what_is_out_of_range_is_refused(values: list[float], mean: float) -> None:
    with pytest.raises(ValueError, match="must lie"):
        betting_wealth(values, mean, above=True)
