"""The rate of an event and its interval, and whether it leaves room for an effect."""

from __future__ import annotations

import math
from typing import Any, cast

import numpy as np
import pytest
from inspect_ai.scorer import SampleScore, Score, ci_wilson
from numpy.random import default_rng
from statsmodels.stats.proportion import proportion_confint

from advocate_evals.statistics.intervals import clopper_pearson_limits, upper_quantile, wilson_limits
from advocate_evals.statistics.risk_difference import as_block_table, check_floor_ceiling, estimate_rates, sum_units


def inspect_limits(acts: np.ndarray[Any, Any], level: float) -> tuple[float, float]:
    """Inspect's own clustered interval, for blocks × episodes."""
    scores = [
        SampleScore(score=Score(value=float(act)), sample_metadata={"block": block})
        for block, row in enumerate(acts)
        for act in row
    ]
    bounds = cast(dict[str, float], cast(Any, ci_wilson(level, cluster="block"))(scores))
    return bounds["lower"], bounds["upper"]


@pytest.mark.parametrize(("blocks", "episodes", "spread"), [(10, 10, 0.0), (10, 10, 2.0), (25, 4, 1.0), (80, 1, 0.0)])
@pytest.mark.parametrize("level", [0.8, 0.95])
def test_it_is_inspects_interval_to_ten_digits(blocks: int, episodes: int, spread: float, level: float) -> None:
    generator = default_rng(blocks)
    p = 1 / (1 + np.exp(-generator.normal(0.0, spread, (blocks, 1))))
    acts = (generator.random((blocks, episodes)) < p).astype(float)
    rate = estimate_rates(as_block_table(acts.mean(axis=1)[:, None], sizes=episodes), level)[0]
    assert not rate.exact
    assert (rate.lower, rate.upper) == pytest.approx(inspect_limits(acts, level), abs=1e-10)


def test_blocks_of_one_cluster_are_one_unit() -> None:
    acts = (default_rng(4).random((12, 5)) < 0.4).astype(float)
    blocks = as_block_table(acts.reshape(60, 1), clusters=np.repeat([f"family {k}" for k in range(12)], 5))
    clustered = estimate_rates(blocks)[0]
    merged = estimate_rates(as_block_table(acts.mean(axis=1)[:, None], sizes=5))[0]
    assert (clustered.estimate, clustered.lower, clustered.upper) == pytest.approx(
        (merged.estimate, merged.lower, merged.upper)
    )
    assert (clustered.clusters, clustered.episodes) == (12, 60)


@pytest.mark.parametrize("events", [0, 2, 98, 100])
def test_near_the_ends_it_is_clopper_and_pearsons_on_a_somewhat_smaller_number(events: int) -> None:
    acts = np.array([1.0] * events + [0.0] * (100 - events))
    rate = estimate_rates(acts[:, None])[0]
    assert rate.exact
    low, high = proportion_confint(events, 100, method="beta")
    assert rate.lower <= low + 1e-12
    assert rate.upper >= high - 1e-12
    assert rate.upper - rate.lower < 1.08 * (high - low)


def test_the_limits_of_a_share_are_those_of_statsmodels() -> None:
    for count in (0, 3, 17, 40):
        low, high = clopper_pearson_limits(count, 40, 0.025)
        assert (float(low), float(high)) == pytest.approx(proportion_confint(count, 40, method="beta"), abs=1e-12)
        low, high = wilson_limits(count / 40, 40, upper_quantile(0.025))
        assert (float(low), float(high)) == pytest.approx(proportion_confint(count, 40, method="wilson"), abs=1e-12)


def test_agreement_within_blocks_costs_answers() -> None:
    alike = np.repeat([[1.0], [0.0]], 10, axis=0)
    rate = estimate_rates(as_block_table(alike, sizes=10))[0]
    assert rate.effective == pytest.approx(19)
    assert rate.episodes == 200
    mixed = estimate_rates(as_block_table(np.full((20, 1), 0.5), sizes=10))[0]
    assert mixed.effective == 200  # never more than there are


def test_the_one_sided_limit_is_the_two_sided_one_at_twice_the_tail() -> None:
    acts = (default_rng(1).random((60, 1)) < 0.3).astype(float)
    assert estimate_rates(acts, 0.95)[0].most == pytest.approx(estimate_rates(acts, 0.90)[0].upper)
    assert estimate_rates(acts, 0.95)[0].least == pytest.approx(estimate_rates(acts, 0.90)[0].lower)


def test_a_missing_cell_counts_neither_way() -> None:
    full = np.array([[1.0], [0.0], [1.0], [0.0], [1.0]])
    gaps = np.vstack([full, [[math.nan]] * 3])
    assert estimate_rates(gaps) == estimate_rates(full)


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        ([0.0, 1.0], {}, "blocks × conditions"),
        ([[1.2, 0.0]], {}, r"values must lie in \[0, 1\]"),
        ([[1.0, 0.0]], {"sizes": -1.0}, "sizes must not be negative"),
        ([[1.0, 0.0]], {"clusters": ["a", "b"]}, "one label per block"),
    ],
)
def test_what_is_no_table_is_refused(values: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        as_block_table(values, **options)


def test_incomplete_blocks_are_dropped_and_counted() -> None:
    sums = sum_units(as_block_table([[1.0, 0.0], [math.nan, 1.0], [0.0, math.nan], [0.0, 0.0]]), [0, -1])
    assert sums.block_counts == (2, 2)
    assert sums.rates == pytest.approx([0.5, 0.0])


@pytest.mark.parametrize(
    ("events", "blocks", "floor", "ceiling"),
    [(0, 60, True, False), (0, 20, False, False), (24, 60, False, False), (60, 60, False, True), (59, 60, False, True)],
)
def test_floor_and_ceiling(events: int, blocks: int, floor: bool, ceiling: bool) -> None:
    acts = np.array([1.0] * events + [0.0] * (blocks - events))
    result = check_floor_ceiling(np.column_stack([acts, acts]))
    assert (result.floor, result.ceiling) == (floor, ceiling)


def test_without_data_there_is_neither_floor_nor_ceiling() -> None:
    result = check_floor_ceiling([[math.nan, 0.0]])
    assert (result.floor, result.ceiling) == (False, False)
    assert result.insufficient == "no episode"
    with pytest.raises(ValueError, match="delta"):
        check_floor_ceiling([[0.0, 0.0]], delta=1.5)
