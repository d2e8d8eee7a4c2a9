"""The benchmark of the sequential tests, with few studies: figures are reached, and the negative controls fail."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

FILE = Path(__file__).resolve().parents[2] / "benchmarks" / "sequential.py"
STUDIES = 300
"""Made-up studies; `python benchmarks/sequential.py` takes 4000."""


@pytest.fixture(scope="module")
def calibration() -> ModuleType:
    spec = importlib.util.spec_from_file_location("sequential_calibration", FILE)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
@pytest.mark.parametrize("part", ["errors_and_cost", "bets", "feeds", "peeking"])
def test_what_is_required_is_reached_within_the_error_of_so_few_studies(calibration: ModuleType, part: str) -> None:
    checks = list(getattr(calibration, part)(STUDIES))
    assert len(checks) >= 1
    for check in checks:
        slack = 3 * np.sqrt(0.06 / STUDIES) if check.percent and check.reached < 0.999 else 0
        slack = slack if check.percent else 0.1 * check.reached
        assert check.least - slack <= check.reached <= check.most + slack, check


def test_a_check_that_is_missed_says_so(calibration: ModuleType) -> None:
    assert not calibration.Check("x", 0.07, most=0.06).held
    assert calibration.Check("x", 0.07, most=0.06).cells() == ("x", "<= 6 %", "7.0 %")


def test_the_order_in_which_episodes_end_is_not_that_of_the_schedule(calibration: ModuleType) -> None:
    study = next(calibration.studies("null40", 1, 200))
    order = calibration.ended(study, np.random.default_rng(0))
    assert sorted(order) == [(pair, arm) for pair in range(200) for arm in range(2)]
    assert order != sorted(order)
    harmful = [place for place, (pair, arm) in enumerate(order) if arm == 1 and study[pair, arm]]
    harmless = [place for place, (pair, arm) in enumerate(order) if arm == 1 and not study[pair, arm]]
    assert np.mean(harmful) > np.mean(harmless) + 50
