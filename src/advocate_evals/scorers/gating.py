"""The scorer `gate`: the one outcome that a sequential task stops by, and the verdict on it as a metric.

Each score says of which pair and side it is and what was planned, so that the verdict can be computed anew from any log.
"""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any, cast

from inspect_ai.scorer import Metric, SampleScore, Score, Scorer, Target, Value, metric, scorer
from inspect_ai.solver import TaskState

from advocate_evals.scorers.actions import read
from advocate_evals.scorers.verdict import verdict
from advocate_evals.statistics.pairs import as_numbers, weigh
from advocate_evals.statistics.sequential import Design
from advocate_evals.vocabulary import OUTCOMES, nearest


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
        return cast(Value, as_numbers(weigh(values, Design(**marks["design"]))))

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
    if outcome not in OUTCOMES:
        raise ValueError(f"outcome: unknown {outcome!r}{nearest(outcome, OUTCOMES)}")
    planned = asdict(Design(**design))

    async def score(state: TaskState, target: Target) -> Score:
        found = read(state)
        if isinstance(found, Score):
            return found
        value = verdict(*(found[0].ledger, found[1])).outcomes[outcome]
        if math.isnan(value):
            return Score.unscored(reason="scoring_failed", explanation=f"{outcome}: missing in this episode")
        marks = {"outcome": outcome, "pair": state.metadata["pair"], "side": state.metadata["side"], "design": planned}
        return Score(value=value, metadata=marks)

    return score
