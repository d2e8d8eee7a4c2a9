"""Too little, nothing, all alike: no crash, a bound wherever one is knowable, and a reason (O13)."""

from __future__ import annotations

import math
from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from advocate_evals.statistics.bias_analysis import ErrorLimits, analyse_bias
from advocate_evals.statistics.dose_response import estimate_trend, gatekept_order_test
from advocate_evals.statistics.dose_shape import compare_step_slope
from advocate_evals.statistics.grader_quality import count_confusion, estimate_grader_quality
from advocate_evals.statistics.intervals import Array, Effect
from advocate_evals.statistics.mediation import estimate_mediation
from advocate_evals.statistics.misclassification import correct_rates
from advocate_evals.statistics.risk_difference import as_block_table, estimate_rates, risk_difference

NAN = math.nan

ONE_GONE = np.array([[1.0, NAN, 0.0], [0.0, NAN, 0.0], [1.0, NAN, 1.0]])
TABLES: dict[str, Array] = {
    "no block": np.zeros((0, 3)),
    "one block": np.array([[1.0, 0.0, 0.0]]),
    "two blocks": np.array([[1.0, 0.0, 0.0], [1.0, 1.0, 0.0]]),
    "all missing": np.full((5, 3), NAN),
    "one condition missing": ONE_GONE,
    "all zero": np.zeros((30, 3)),
    "all one": np.ones((30, 3)),
    "all or nothing": np.tile([1.0, 0.0, 0.0], (30, 1)),
    "all a half": np.full((30, 3), 0.5),
    "one event": np.eye(30, 3)[:, [1, 0, 2]] * [0, 1, 0],
}
EMPTY = {"no block", "all missing"}


def assert_sound(effect: Effect, low: float, high: float) -> None:
    """Bounds that are numbers in order, within the range; a reason where there is no estimate."""
    values = [effect.lower, effect.least, effect.most, effect.upper]
    assert not any(math.isnan(value) for value in values)
    assert values == sorted(values)
    assert low <= effect.lower and effect.upper <= high
    assert 0 < effect.p_above <= 1 and 0 < effect.p_below <= 1
    if math.isnan(effect.estimate):
        assert effect.insufficient
    else:
        assert effect.lower - 1e-12 <= effect.estimate <= effect.upper + 1e-12
    if effect.insufficient:
        assert not effect.above(-2) and not effect.below(2)


@pytest.mark.parametrize("name", TABLES)
def test_every_effect_is_sound_or_says_why_not(name: str) -> None:
    values = TABLES[name]
    assert_sound(risk_difference(values), -1, 1)
    assert_sound(estimate_trend(values), -1.5, 1.5)
    for step in gatekept_order_test(values):
        assert_sound(step.effect, -1.5, 1.5)
    for rate in estimate_rates(values):
        assert 0 <= rate.lower <= rate.least <= rate.most <= rate.upper <= 1
        assert (rate.insufficient != "") == (rate.clusters < 2)
    shape = compare_step_slope(values, [0.0, 0.5, 0.9])
    assert shape.form == ("step" if name == "all or nothing" else "cannot tell")
    assert bool(shape.insufficient) == (name in EMPTY | {"one block", "one condition missing"})


@pytest.mark.parametrize("name", sorted({*EMPTY, "one block"}))
def test_with_less_than_two_blocks_the_reason_is_given(name: str) -> None:
    assert risk_difference(TABLES[name]).insufficient
    assert estimate_trend(TABLES[name]).insufficient


def test_a_missing_condition_spoils_only_what_needs_it() -> None:
    assert risk_difference(ONE_GONE).insufficient == ""
    assert risk_difference(ONE_GONE, 0, 1).insufficient == "no block has a value under both conditions"
    assert estimate_trend(ONE_GONE[:, [0, 2]]).insufficient == ""
    assert estimate_rates(ONE_GONE)[1].insufficient == "no episode"


def test_a_single_block_has_an_estimate_and_no_bounds() -> None:
    effect = risk_difference(TABLES["one block"])
    assert (effect.estimate, effect.lower, effect.upper) == (1.0, -1.0, 1.0)
    assert effect.insufficient.startswith("one block or cluster")


@pytest.mark.parametrize("name", [name for name in TABLES if name != "all a half"])
def test_a_grader_may_have_seen_anything_or_nothing(name: str) -> None:
    graded = TABLES[name]
    for human in (np.full(graded.shape, NAN), graded):
        corrected = correct_rates(graded, human)
        for effect in (*corrected.differences, *corrected.raw_differences, *corrected.rogan_gladen):
            assert_sound(effect, -1, 1)
        for rate in corrected.rates:
            assert 0 <= rate.lower <= rate.upper <= 1
        for quality in estimate_grader_quality(graded, human):
            for interval in (
                quality.sensitivity,
                quality.specificity,
                quality.positive_predictive,
                quality.negative_predictive,
            ):
                assert 0 <= interval.lower <= interval.upper <= 1
        weights = [1.0, -1.0, *[0.0] * (graded.shape[1] - 2)]
        table, counts = as_block_table(graded), count_confusion(graded, human)
        for limits in (None, ErrorLimits(0.0, 1.0), ErrorLimits(0.9, 0.05), ErrorLimits(1.0, 0.0)):
            assert_sound(analyse_bias(table, counts, [limits] * graded.shape[1], weights), -1, 1)


@pytest.mark.parametrize("name", [name for name in TABLES if name != "all a half"])
def test_mediation_names_what_it_lacks(name: str) -> None:
    act = TABLES[name]
    mediator = np.where(np.isnan(act), NAN, np.arange(act.size).reshape(act.shape) % 7.0)
    result = estimate_mediation(act, mediator)
    assert result.insufficient
    for effect in (result.total, result.indirect, result.direct):
        assert_sound(effect, -1, 1)


def test_a_constant_mediator_mediates_nothing_that_can_be_seen() -> None:
    act = np.tile([[1.0, 0.0], [0.0, 0.0]], (10, 1))
    result = estimate_mediation(act, np.full((20, 2), 3.0))
    assert result.insufficient == "the mediator does not vary within conditions"


def test_results_are_frozen_and_plain() -> None:
    effect = risk_difference(TABLES["two blocks"])
    field_types: set[Any] = {type(getattr(effect, field.name)) for field in fields(effect) if field.compare}
    assert field_types <= {float, int, str}
    with pytest.raises(AttributeError):
        effect.estimate = 0.0  # type: ignore[misc]
