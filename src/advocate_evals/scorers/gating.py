"""The scorer `gate`: the one outcome that a sequential task stops by, and the verdict on it as a metric.

Each score says of which pair and side it is and what was planned, so that the verdict can be computed anew from any log.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from typing import Any, cast

import numpy as np
from inspect_ai.scorer import Metric, SampleScore, Score, Scorer, Target, Value, metric, scorer
from inspect_ai.solver import TaskState
from numpy.typing import NDArray

from advocate_evals.scorers.actions import read
from advocate_evals.scorers.verdict import verdict
from advocate_evals.statistics.sequential import Design, Gate, adjusted, gate
from advocate_evals.vocabulary import OUTCOMES, nearest

SIDES = ("baseline", "treated")
"""The two episodes of a pair."""


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


def weigh(values: Iterable[tuple[int, str, float]], design: Design, begun: int = 0) -> Gate:
    """The gate on episodes in any order.

    Args:
        values: Pair (from 0), side and value of each episode that has one; several of one side are averaged.
        design: What was planned.
        begun: Pairs known to have begun, where the last of them may have no value at all.

    Returns:
        The verdict, the same for every order of the episodes.
    """
    cells: dict[tuple[int, str], list[float]] = {}
    for pair, side, value in sorted(values):
        cells.setdefault((int(pair), str(side)), []).append(value)
    count = max([begun, *(pair + 1 for pair, _ in cells)])
    due = next((end for end in design.ends if end >= count), design.most)
    table: NDArray[np.float64] = np.full((due, len(SIDES)), np.nan)
    for (pair, side), found in cells.items():
        table[pair, SIDES.index(side)] = sum(found) / len(found)
    table[np.isnan(table).any(axis=1)] = np.nan  # a pair counts whole or not at all
    return gate(table[:, 0] - table[:, 1], design, table[:, 0])


def as_numbers(found: Gate) -> dict[str, float]:
    """A gate as the numbers that a log can hold; what is not known is left out."""
    words: Mapping[str, tuple[str, ...]] = {
        "confirmed": ("CONFIRMED", "CONFIRMED-SMALL"),
        "refuted": ("REFUTED", "REVERSED", "FLOOR"),
        "small": ("CONFIRMED-SMALL",),
        "reversed": ("REVERSED",),
        "floor": ("FLOOR",),
    }
    numbers = {name: float(found.verdict in verdicts) for name, verdicts in words.items()}
    numbers |= {"finished": float(found.stopped)}
    numbers |= {name: float(getattr(found, name)) for name in ("started", "analysed", "dropped")}
    numbers |= {"estimate_biased": found.estimate}
    numbers |= {"repeated_lower": found.repeated.lower, "repeated_upper": found.repeated.upper}
    if found.stopped:
        unbiased = adjusted(found)
        numbers |= {"unbiased": unbiased.estimate, "unbiased_lower": unbiased.lower, "unbiased_upper": unbiased.upper}
    for number, look in enumerate(found.looks, start=1):
        numbers |= {f"look{number}_{field.name}": float(getattr(look, field.name)) for field in fields(look)}
    return {name: value for name, value in numbers.items() if not math.isnan(value)}
