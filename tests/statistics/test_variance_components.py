"""Components of a simulated study are recovered, their limits cover them, and a forecast is what a study then shows."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.random import Generator, default_rng

from advocate_evals.statistics.intervals import Array
from advocate_evals.statistics.variance_components import (
    StudyDesign,
    VarianceComponents,
    estimate_components,
    forecast_half_width,
)

FAMILY_SD, BLOCK_SD = 0.10, 0.10
RATE, FALL = 0.6, 0.3
EPISODE = RATE * (1 - RATE) + FALL * (1 - FALL) - FAMILY_SD**2 - BLOCK_SD**2
"""Variance of the difference of two single episodes, on average: the second rate varies around .3."""


def study(generator: Generator, families: int, blocks: int, epochs: int) -> tuple[Array, list[str], Array, Array]:
    """Differences of two arms by block; the fall varies between families and between blocks of a family."""
    fall = FALL + generator.normal(0, FAMILY_SD, (families, 1)) + generator.normal(0, BLOCK_SD, (families, blocks))
    treated = np.clip(RATE - fall, 0, 1)
    p = np.stack([np.full_like(treated, RATE), treated], axis=-1).reshape(-1, 2)
    acts = (generator.random((epochs, *p.shape)) < p).astype(float)
    means = acts.mean(axis=0)
    noise = acts.var(axis=0, ddof=1).sum(axis=1) if epochs > 1 else np.full(len(p), math.nan)
    names = [f"family {number}" for number in range(families) for _ in range(blocks)]
    return means[:, 0] - means[:, 1], names, noise, np.full(len(p), float(epochs))


def components(generator: Generator, families: int = 8, blocks: int = 13, epochs: int = 2) -> VarianceComponents:
    return estimate_components(*study(generator, families, blocks, epochs))


def test_components_are_recovered_and_covered() -> None:
    generator, studies = default_rng(3), 300
    results = [components(generator, families=12) for _ in range(studies)]
    truth = {"family": FAMILY_SD**2, "block": BLOCK_SD**2, "episode": EPISODE}
    for name, value in truth.items():
        intervals = [getattr(result, name) for result in results]
        estimates = np.array([interval.estimate for interval in intervals])
        assert abs(float(np.median(estimates)) - value) < max(0.15 * value, 0.006), name
        covered = np.mean([interval.lower <= value <= interval.upper for interval in intervals])
        assert covered >= 0.89, (name, covered)


def test_without_repeats_blocks_and_episodes_are_one_component() -> None:
    result = components(default_rng(1), epochs=1, families=60)
    assert not result.is_block_pure and math.isnan(result.episode.estimate)
    assert result.block.estimate == pytest.approx(BLOCK_SD**2 + EPISODE, rel=0.15)
    assert math.isnan(forecast_half_width(result, StudyDesign(8, 13, epochs=2), are_families_random=False))


def test_a_forecast_is_the_width_that_a_study_of_that_size_shows() -> None:
    generator = default_rng(5)
    pilot = components(generator, families=60, blocks=20, epochs=2)
    forecast = forecast_half_width(pilot, StudyDesign(16, 6, epochs=1), are_families_random=True)
    means = []
    for _ in range(1500):
        values, *_ = study(generator, 16, 6, 1)
        means.append(values.mean())
    t_quantile = 2.131  # of 15 degrees of freedom
    assert forecast == pytest.approx(t_quantile * float(np.std(means)), rel=0.1)


def test_graders_that_see_the_contrast_differently_are_a_component() -> None:
    generator = default_rng(2)
    values, names, noise, sizes = study(generator, 8, 13, 2)
    shifts = np.array([-0.1, 0.0, 0.1])
    by_grader = values[:, None] + shifts + generator.normal(0, 0.05, (len(values), 3))
    result = estimate_components(values, names, noise, sizes, by_grader)
    assert result.grader.estimate == pytest.approx(0.01, abs=0.004)
    assert result.grader.lower <= 0.01 <= result.grader.upper
    alike = estimate_components(values, names, noise, sizes, np.repeat(values[:, None], 3, axis=1))
    assert alike.grader.estimate == 0.0


def test_blocks_that_are_all_equal_say_nothing_of_their_variance() -> None:
    result = estimate_components([0.5] * 4, ["a", "a", "b", "b"], [math.nan] * 4, [1.0] * 4)
    assert math.isnan(result.block.estimate)
    assert math.isnan(forecast_half_width(result, StudyDesign(2, 2), are_families_random=False))


def test_one_family_has_no_component_and_bad_input_is_refused() -> None:
    values, _, noise, sizes = study(default_rng(1), 1, 10, 2)
    result = estimate_components(values, ["a"] * 10, noise, sizes)
    assert math.isnan(result.family.estimate)
    assert math.isnan(forecast_half_width(result, StudyDesign(2, 5), are_families_random=True))
    with pytest.raises(ValueError, match="per block"):
        estimate_components(values, ["a"] * 9, noise, sizes)
