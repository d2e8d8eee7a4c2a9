"""Power of a claim of sameness from the width of an interval."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from advocate_evals.statistics.equivalence_power import equivalence_growth, equivalence_power


def test_power_is_that_of_two_one_sided_tests_in_simulation() -> None:
    estimates = np.random.default_rng(0).normal(0, 0.03, 200_000)
    half = float(stats.norm.isf(0.025)) * 0.03
    simulated = np.mean(np.abs(estimates) + half < 0.1)
    assert equivalence_power(half, 0.1, 0.025) == pytest.approx(simulated, abs=0.005)


def test_an_interval_wider_than_delta_can_show_nothing_until_the_blocks_grow() -> None:
    assert equivalence_power(0.11, 0.1, 0.025) == 0.0
    growth = equivalence_growth(0.11, 0.1, 0.025)
    assert equivalence_power(0.11, 0.1, 0.025, growth) == pytest.approx(0.8, abs=1e-6)
    assert 1 < growth < 4


def test_the_width_alone_nearly_gives_the_power_that_studies_have() -> None:
    """The registered sizes at 40 %: none at 104 blocks, and 426 blocks in simulation for 80 %."""
    half = float(stats.norm.isf(0.025)) * math.sqrt(0.40 / 104)  # the SD of a pair's difference is about .63
    assert equivalence_power(half, 0.1, 0.025) == 0.0
    assert 104 * equivalence_growth(half, 0.1, 0.025) == pytest.approx(426, rel=0.1)
