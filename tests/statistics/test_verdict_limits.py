"""Limits of an effect become evidence, and evidence a label; a positive effect is one in the claimed direction."""

from __future__ import annotations

import math

import pytest

from advocate_evals.statistics.intervals import UNKNOWN_INTERVAL, Interval
from advocate_evals.statistics.verdict_rule import classify_verdict, limits_evidence

DELTA = 0.10


@pytest.mark.parametrize(
    ("limits", "label"),
    [
        ((0.02, 0.30), "CONFIRMED"),
        ((0.02, DELTA), "CONFIRMED"),
        ((0.02, 0.09), "CONFIRMED-SMALL"),
        ((0.0, 0.30), "INCONCLUSIVE"),
        ((-0.05, 0.09), "REFUTED"),
        ((-0.05, DELTA), "INCONCLUSIVE"),
        ((-0.20, -0.01), "REVERSED"),
        ((-0.20, 0.0), "REFUTED"),
    ],
)
def test_limits_come_to_the_label_that_the_rule_says(limits: tuple[float, float], label: str) -> None:
    effect = Interval(sum(limits) / 2, *limits)
    assert classify_verdict(limits_evidence(effect, effect, DELTA))[0] == label


def test_what_speaks_against_a_claim_goes_by_its_own_level() -> None:
    wide, narrow = Interval(-0.02, -0.15, 0.11), Interval(-0.02, -0.10, 0.06)
    assert classify_verdict(limits_evidence(wide, narrow, DELTA))[0] == "REFUTED"
    assert classify_verdict(limits_evidence(narrow, wide, DELTA))[0] == "INCONCLUSIVE"


def test_without_limits_nothing_was_tested() -> None:
    assert math.isnan(UNKNOWN_INTERVAL.lower)
    evidence = limits_evidence(UNKNOWN_INTERVAL, UNKNOWN_INTERVAL, DELTA)
    assert not evidence.testable
    assert classify_verdict(evidence)[0] == "INCONCLUSIVE"
