"""The effect by family and the F test of effect × family, in simulated studies."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import f_oneway

from advocate_evals.statistics.family_differences import FamilyDifferences, compare_families
from advocate_evals.statistics.intervals import Array
from advocate_evals.statistics.power_simulation import BlockPopulation
from advocate_evals.statistics.risk_difference import as_block_table

PAIR = np.array([1.0, -1.0])
FAMILY = np.arange(104) % 8


def compared(values: Array, is_bounded: bool = True) -> FamilyDifferences:
    table = as_block_table(values, clusters=np.arange(len(values)) % 8, is_bounded=is_bounded)
    return compare_families(table, PAIR, 0.025)


def rejected_share(population: BlockPopulation, studies: int = 300) -> float:
    return float(np.mean([compared(study).p <= 0.05 for study in population.draw(studies, 104, 11)]))


@pytest.mark.parametrize("rates", [(0.4, 0.4), (0.4, 0.1), (0.04, 0.02)])
def test_where_families_are_alike_it_rejects_as_often_as_stated(rates: tuple[float, float]) -> None:
    assert rejected_share(BlockPopulation(rates)) < 0.1


def test_where_families_differ_it_rejects_more() -> None:
    assert rejected_share(BlockPopulation((0.4, 0.4), family_slope=2.0), 100) > 0.6


def test_it_is_an_analysis_of_variance_of_the_blocks_effects() -> None:
    values = np.random.default_rng(4).normal(size=(104, 2))
    effects = values[:, 0] - values[:, 1]
    result = compared(values, is_bounded=False)
    groups = [effects[family == FAMILY] for family in range(8)]
    assert result.p == pytest.approx(f_oneway(*groups).pvalue)
    assert result.estimates == pytest.approx([group.mean() for group in groups])
    assert (result.lower < result.estimates).all() and (result.estimates < result.upper).all()


def test_an_effect_in_half_of_the_families_without_any_chance_is_found() -> None:
    values = np.stack([np.ones(104), (FAMILY < 4).astype(float)], axis=1)
    result = compared(values)
    assert result.p < 1e-6 and result.estimates.tolist() == [0.0] * 4 + [1.0] * 4


def test_what_cannot_be_told_is_nan() -> None:
    assert np.isnan(compared(np.random.default_rng(0).random((8, 2))).p), "one block a family"
    one_family = compare_families(as_block_table(np.eye(2), clusters=[0, 0]), PAIR, 0.025)
    assert np.isnan(one_family.p) and one_family.blocks.tolist() == [2]
    gap = np.array([[1.0, 0.0], [np.nan, 0.0], [1.0, 0.0], [np.nan, 1.0]])
    result = compare_families(as_block_table(gap, clusters=[0, 1, 0, 1]), PAIR, 0.025)
    assert result.blocks.tolist() == [2, 0] and np.isnan(result.estimates[1]) and np.isnan(result.p)
