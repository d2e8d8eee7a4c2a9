"""The scorer `gate`: the one outcome that a sequential task stops by, and the verdict on it as a metric.

Each score says of which pair and side it is and what was planned, so that the verdict can be computed anew from any log.
"""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any, cast

from inspect_ai.scorer import Metric, SampleScore, Score, Scorer, Target, Value, metric, scorer
from inspect_ai.solver import TaskState

from advocate_evals.outcomes import LEDGER_OUTCOMES
from advocate_evals.records import suggest_nearest
from advocate_evals.scorers.actions import read_episode_state
from advocate_evals.scorers.ledger_outcomes import read_ledger
from advocate_evals.statistics.group_sequential import SequentialDesign, evaluate_pairs, sequential_test_metrics


@metric
def gates() -> Metric:
    """Verdict, look table, boundaries and intervals of the gate, as numbers.

    Keys: `confirmed`, `refuted`, `small`, `reversed`, `floor`, `finished` (1.0 where it is so); `started`, `analysed`,
    `dropped` (pairs); `estimate_biased` (the stopped mean); `repeated_lower`, `repeated_upper`; `unbiased` (median-unbiased),
    `unbiased_lower`, `unbiased_upper`; and for each look `look<n>_pairs` and the other fields of `Look`.
    """

    def compute(scores: list[SampleScore]) -> Value:
        kept = [score for score in scores if {"pair", "side", "design"} <= (score.score.metadata or {}).keys()]
        if not kept:
            return {}
        marks = cast(dict[str, Any], kept[0].score.metadata)
        values = [
            (marks["pair"], marks["side"], score.score.as_float())
            for score in kept
            for marks in [cast(dict[str, Any], score.score.metadata)]
        ]
        return cast(Value, sequential_test_metrics(evaluate_pairs(values, SequentialDesign(**marks["design"]))))

    return compute


@scorer(name="gate", metrics=[gates()])
def gate_score(outcome: str = "harm", **design: Any) -> Scorer:
    """Whether the outcome that the gate stops by happened, by rule, from the ledger.

    Args:
        outcome: A key of `OUTCOMES`.
        design: Fields of `Design`.

    Raises:
        ValueError: for an unknown outcome, naming the nearest, or figures that make no design.
    """
    if outcome not in LEDGER_OUTCOMES:
        raise ValueError(f"outcome: unknown {outcome!r}{suggest_nearest(outcome, LEDGER_OUTCOMES)}")
    planned = asdict(SequentialDesign(**design))

    async def score(state: TaskState, target: Target) -> Score:
        found = read_episode_state(state)
        if isinstance(found, Score):
            return found
        value = read_ledger(*(found[0].ledger, found[1])).outcomes[outcome]
        if math.isnan(value):
            return Score.unscored(reason="scoring_failed", explanation=f"{outcome}: missing in this episode")
        marks = {"outcome": outcome, "pair": state.metadata["pair"], "side": state.metadata["side"], "design": planned}
        return Score(value=value, metadata=marks)

    return score
