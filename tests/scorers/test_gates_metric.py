"""The gate as a metric: numbers alone, whatever is missing."""

from __future__ import annotations

import math
from dataclasses import asdict

import pytest
from inspect_ai.scorer import MetricProtocol, SampleScore, Score

from advocate_evals.scorers.gate_scorer import gate_score, gates
from advocate_evals.statistics.group_sequential import (
    SequentialDesign,
    evaluate_pairs,
    group_sequential_test,
    sequential_test_metrics,
)

DESIGN = SequentialDesign(look=4, most=8)


def scored(pair: int, side: str, value: float) -> SampleScore:
    marks = {"pair": pair, "side": side, "design": asdict(DESIGN)}
    return SampleScore(score=Score(value=value, metadata=marks), sample_id=f"{pair}-{side}")


def computed(scores: list[SampleScore]) -> dict[str, float]:
    metric = gates()
    assert isinstance(metric, MetricProtocol)
    return {name: value for name, value in dict(metric(scores)).items() if value is not None}  # type: ignore[arg-type]


def test_no_scores_and_scores_of_another_scorer_are_no_figures() -> None:
    assert computed([]) == {}
    assert computed([SampleScore(score=Score(value=1.0))]) == {}


def test_one_side_alone_is_no_pair() -> None:
    metrics = computed([scored(pair, "baseline", 1.0) for pair in range(4)])
    assert (metrics["started"], metrics["analysed"], metrics["dropped"], metrics["confirmed"]) == (4, 0, 4, 0)


def test_figures_are_those_of_the_gate_and_none_is_missing_as_a_number() -> None:
    scores = [scored(pair, side, float(side == "baseline")) for pair in range(4) for side in ("baseline", "treated")]
    metrics = computed(scores)
    assert metrics == sequential_test_metrics(group_sequential_test([1.0] * 4, DESIGN, [1.0] * 4))
    assert all(isinstance(value, float) and math.isfinite(value) for value in metrics.values())
    assert {"confirmed", "look1_bound", "look1_spent", "unbiased", "repeated_lower"} <= metrics.keys()
    assert not any(name.startswith("look2") for name in metrics)


def test_pairs_that_were_begun_and_have_no_value_count_as_lost() -> None:
    values = [(pair, side, 1.0) for pair in range(4) for side in ("baseline", "treated")]
    result = evaluate_pairs(values, DESIGN, begun=8)
    assert (result.reason, result.dropped) == ("completeness", 4)
    assert evaluate_pairs(values, DESIGN).reason == "unfinished"


def test_a_scorer_of_an_unknown_outcome_or_design_is_refused() -> None:
    with pytest.raises(ValueError, match="did you mean 'coerced'"):
        gate_score("coercd")
    with pytest.raises(ValueError, match="delta"):
        gate_score("harm", delta=2.0)
