"""The benchmark of the sequential tests, with few studies: figures are reached, and the negative controls fail."""

from __future__ import annotations

import numpy as np
import pytest
import sequential

STUDIES = 300
"""Simulated studies; `python benchmarks/sequential.py` runs 4000."""


@pytest.mark.slow
@pytest.mark.parametrize("part", ["errors_and_cost", "estimates", "bets", "feeds", "peeking"])
def test_what_is_required_is_reached_within_the_error_of_so_few_studies(part: str) -> None:
    checks = list(getattr(sequential, part)(STUDIES))
    assert len(checks) >= 1
    for check in checks:
        slack = 3 * np.sqrt(0.06 / STUDIES) if check.percent and check.reached < 0.999 else 0
        slack = slack if check.percent else 0.1 * check.reached
        assert check.least - slack <= check.reached <= check.most + slack, check


def test_the_interval_that_is_shown_covers_after_an_early_stop() -> None:
    true = 0.40 - 0.01
    results = sequential.gates("strong", STUDIES)
    covered = [result.repeated.lower <= true <= result.repeated.upper for result in results]
    assert np.mean([result.started < 60 for result in results]) > 0.9  # they did stop early
    assert np.mean(covered) >= 0.93


def test_a_check_that_is_missed_says_so() -> None:
    assert not sequential.Check("x", 0.07, most=0.06).passed
    assert sequential.Check("x", 0.07, most=0.06).cells() == ("x", "<= 6 %", "7.0 %")


def test_the_order_in_which_episodes_end_is_not_that_of_the_schedule() -> None:
    study = next(sequential.studies("null40", 1, 200))
    order = sequential.order_of_ending(study, np.random.default_rng(0))
    assert sorted(order) == [(pair, arm) for pair in range(200) for arm in range(2)]
    assert order != sorted(order)
    harmful = [place for place, (pair, arm) in enumerate(order) if arm == 1 and study[pair, arm]]
    harmless = [place for place, (pair, arm) in enumerate(order) if arm == 1 and not study[pair, arm]]
    assert np.mean(harmful) > np.mean(harmless) + 50
