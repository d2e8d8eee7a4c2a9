"""Intervals that hold at the ends of a range, and the first rung of a ladder."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.random import Generator, default_rng
from scipy import stats

from advocate_evals.statistics.dose_response import estimate_first_rung
from advocate_evals.statistics.intervals import mean_interval, t_interval


def test_the_t_interval_is_that_of_scipy() -> None:
    values = default_rng(3).exponential(4.0, 25)
    interval = t_interval(values)
    low, high = stats.t.interval(0.95, 24, loc=values.mean(), scale=stats.sem(values))
    assert (interval.estimate, interval.lower, interval.upper) == pytest.approx((values.mean(), low, high))


@pytest.mark.parametrize("values", [[], [3.0], [2.0, 2.0, 2.0], [0.0, 0.0], [0.1 + 0.2, 0.3, 0.3]])
def test_without_a_variance_there_are_no_bounds(values: list[float]) -> None:
    interval = t_interval(values)
    assert math.isnan(interval.lower)
    assert math.isnan(interval.upper)


@pytest.mark.parametrize(("yes", "number"), [(60, 150), (17, 40)])
def test_on_yes_and_no_it_is_wilsons_interval_with_a_wider_quantile(yes: int, number: int) -> None:
    interval = mean_interval([1.0] * yes + [0.0] * (number - yes), 1.0)
    wilson = stats.binomtest(yes, number).proportion_ci(method="wilson")
    assert interval.estimate == pytest.approx(yes / number)
    assert interval.lower <= wilson.low + 1e-12
    assert interval.upper >= wilson.high - 1e-12
    assert interval.upper - interval.lower < 1.1 * (wilson.high - wilson.low)


@pytest.mark.parametrize(("yes", "number"), [(0, 300), (2, 300), (299, 300)])
def test_with_few_of_one_kind_it_is_the_exact_interval(yes: int, number: int) -> None:
    interval = mean_interval([1.0] * yes + [0.0] * (number - yes), 1.0)
    exact = stats.binomtest(yes, number).proportion_ci(method="exact")
    assert (interval.lower, interval.upper) == pytest.approx((exact.low, exact.high), abs=0.001)


def test_at_the_ends_of_the_range_it_claims_no_certainty() -> None:
    never = mean_interval([6.0] * 20, 6.0, parts=6)
    assert never.upper == 6.0
    assert 4.5 < never.lower < 5.6
    equal = mean_interval([3.0] * 10, 6.0, parts=6)
    assert equal.lower < 3 < equal.upper
    assert equal.upper - equal.lower > 1.0


@pytest.mark.parametrize(("values", "top"), [([7.0], 6.0), ([-0.1], 1.0), ([float("nan")], 1.0)])
def test_values_outside_the_range_are_refused(values: list[float], top: float) -> None:
    with pytest.raises(ValueError, match="must lie in"):
        mean_interval(values, top)


def draw_rungs(generator: Generator, hazards: tuple[float, ...], number: int, spread: float) -> np.ndarray:
    """Chains × rungs; each chain has its own readiness, so its rungs hang together."""
    tilt = generator.normal(0.0, spread, (number, 1))
    odds = np.log(np.clip(hazards, 1e-6, 1 - 1e-6) / (1 - np.clip(hazards, 1e-6, 1 - 1e-6)))
    acts = generator.random((number, len(hazards))) < 1 / (1 + np.exp(-(odds + tilt)))
    return acts.astype(float)


@pytest.mark.slow
@pytest.mark.parametrize("number", [10, 30])
@pytest.mark.parametrize(
    "hazards",
    [
        (0.01,) * 6,
        (0.05,) * 6,
        (0.3,) * 6,
        (0.0, 0.0, 0.0, 0.9, 0.9, 0.9),
        (0.0, 0.05, 0.1, 0.2, 0.4, 0.8),
        (0.97,) * 6,
    ],
)
def test_the_interval_of_the_first_rung_covers(number: int, hazards: tuple[float, ...]) -> None:
    generator = default_rng(11)
    spread = 0.8
    truth = estimate_first_rung(draw_rungs(generator, hazards, 200_000, spread)).mean_rungs.estimate
    covered = 0
    rounds = 600
    for _ in range(rounds):
        interval = estimate_first_rung(draw_rungs(generator, hazards, number, spread)).mean_rungs
        covered += interval.lower <= truth <= interval.upper
    assert covered / rounds > 0.93, covered / rounds  # 95 % less three standard errors of 600 rounds


def test_the_naive_interval_fails_where_this_one_holds() -> None:
    """The negative control: a t interval on rare acts misses far more often than it may."""
    generator = default_rng(5)
    hazards = (0.01,) * 6
    truth = estimate_first_rung(draw_rungs(generator, hazards, 200_000, 0.8)).mean_rungs.estimate
    covered = 0
    for _ in range(400):
        first_rungs = np.where((acts := draw_rungs(generator, hazards, 10, 0.8)).any(axis=1), acts.argmax(axis=1), 6)
        interval = t_interval(first_rungs)
        covered += interval.lower <= truth <= interval.upper
    assert covered / 400 < 0.8


def test_a_chain_counts_up_to_its_first_occurrence_and_no_further() -> None:
    nan = math.nan
    result = estimate_first_rung(
        [
            [0, 0, 1, 0],  # at rung 2
            [1, nan, nan, nan],  # at once; what is missing later does not matter
            [0, 0, 0, 0],  # never
            [0, nan, 1, 1],  # unknown: it may have happened where it is missing
            [nan, 0, 0, 0],  # unknown
        ]
    )
    assert (result.chains, result.unknown) == (3, 2)
    assert result.mean_rungs.estimate == pytest.approx((2 + 0 + 4) / 3)
    assert [share.estimate for share in result.by_rung] == pytest.approx([1 / 3, 1 / 3, 2 / 3, 2 / 3])


def test_nothing_known_is_missing_and_not_zero() -> None:
    result = estimate_first_rung([[math.nan, math.nan]])
    assert result.chains == 0
    assert math.isnan(result.mean_rungs.estimate)


@pytest.mark.parametrize("values", [[0.0, 1.0], [[0.5, 1.0]], np.zeros((2, 0))])
def test_what_is_no_ladder_is_refused(values: object) -> None:
    with pytest.raises(ValueError, match=r"chains × rungs|0, 1 or NaN"):
        estimate_first_rung(values)  # type: ignore[arg-type]
