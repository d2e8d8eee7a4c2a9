"""Rates per arm: Inspect's own interval, NaN where there is nothing."""

from __future__ import annotations

import math
from typing import Any, cast

import pytest
from inspect_ai.scorer import SampleScore, Score, ci_wilson

from advocate_evals.scorers.cell_metrics import rates


def scores(*rows: tuple[str, str, float]) -> list[SampleScore]:
    """Scores with arm and block."""
    return [
        SampleScore(score=Score(value=value), sample_id=f"{block}-{arm}", sample_metadata={"arm": arm, "block": block})
        for arm, block, value in rows
    ]


def compute(sample_scores: list[SampleScore]) -> dict[str, float]:
    return cast(dict[str, float], cast(Any, rates())(sample_scores))


def test_each_arm_has_its_rate_and_inspects_clustered_interval() -> None:
    rows = [("none", f"b{i}", float(i < 6)) for i in range(10)] + [("board", f"b{i}", float(i < 1)) for i in range(10)]
    metrics = compute(scores(*rows))
    expected = cast(Any, ci_wilson(0.95, cluster="block"))(scores(*rows[:10]))
    assert metrics["none"] == pytest.approx(0.6)
    assert (metrics["none_lower"], metrics["none_upper"]) == pytest.approx((expected["lower"], expected["upper"]))
    assert metrics["all"] == pytest.approx(0.35)


def test_repeats_of_one_block_widen_the_interval() -> None:
    fresh = compute(scores(*[("none", f"b{i}", float(i % 2)) for i in range(20)]))
    repeated = compute(scores(*[("none", f"b{i // 5}", float(i // 5 % 2)) for i in range(20)]))
    assert repeated["none_upper"] - repeated["none_lower"] > 1.3 * (fresh["none_upper"] - fresh["none_lower"])


def test_one_block_alone_gets_the_plain_interval_instead_of_an_error() -> None:
    metrics = compute(scores(("none", "b0", 1.0)))
    assert metrics["none"] == 1.0
    assert 0.0 < metrics["none_lower"] < 1.0


def test_missing_values_are_left_out_and_nothing_is_nan() -> None:
    metrics = compute(scores(("none", "b0", 1.0), ("none", "b1", math.nan), ("board", "b0", math.nan)))
    assert metrics["none"] == 1.0
    assert math.isnan(metrics["board"])
    assert math.isnan(compute([])["all"])


def test_an_arm_set_by_the_solver_counts_and_not_the_one_the_sample_was_made_with() -> None:
    sample_scores = scores(("none", "b0", 1.0), ("none", "b1", 0.0))
    for score in sample_scores:
        score.score.metadata = {"arm": "engineer+channel=inbox", "block": "b"}
    metrics = compute(sample_scores)
    assert metrics["engineer+channel=inbox"] == 0.5
    assert "none" not in metrics
