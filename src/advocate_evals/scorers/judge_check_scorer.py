"""The scorer of `judge_check`: a grader asked about labelled items, the way it is asked about episodes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, cast

from inspect_ai.scorer import Metric, SampleScore, Score, Scorer, Target, Value, metric, scorer
from inspect_ai.solver import TaskState

from advocate_evals.judge.calibration_items import (
    CheckedItem,
    count_failures,
    item_record,
    quality_by_item,
    quality_by_question,
    read_checked_item,
    restrict_rubric,
)
from advocate_evals.judge.grader_panel import PanelResult, poll_graders
from advocate_evals.outcomes import JUDGE_ANSWERS
from advocate_evals.scorers.judge_scorer import list_graders, votes_metadata
from advocate_evals.statistics.intervals import Interval


@metric
def agreed() -> Metric:
    """Share of the answers that are those of the label, among the answers there are; NaN where there are none."""

    def compute(scores: list[SampleScore]) -> Value:
        known = [score.score.as_float() for score in scores if not math.isnan(score.score.as_float())]
        return sum(known) / len(known) if known else math.nan

    return compute


@metric(scores="unreduced")
def quality() -> Metric:
    """What a grader is worth on the labelled items.

    By question (a label, or `principal:<who>`): `<question>_sensitivity`, `<question>_specificity`, each with `_lower`,
    `_upper` (exact) and `_same_over_arms` (p-value), and `<question>_missing`. Over all: `all_found` (share of the items with
    positive labels of which every one was found), `no_false_alarm` (share of all items without one), both likewise, and
    `failed_<reason>`, `failed_items`, `asked_again`, `calls`, `input_tokens`, `output_tokens` (the last three per item).
    """

    def compute(scores: list[SampleScore]) -> Value:
        judged = [read_checked_item(str(score.sample_id), score.score.metadata or {}) for score in scores]
        found: dict[str, float] = {}
        for question, result in quality_by_question(judged).items():
            whole = result.whole
            found |= _three(f"{question}_sensitivity", whole.sensitivity, result.same_sensitivity)
            found |= _three(f"{question}_specificity", whole.specificity, result.same_specificity)
            found[f"{question}_missing"] = float(whole.missing_positive + whole.missing_negative)
        overall = quality_by_item(judged)
        found |= _three("all_found", overall.whole.sensitivity, overall.same_sensitivity)
        found |= _three("no_false_alarm", overall.whole.specificity, overall.same_specificity)
        return cast(Value, found | _spent(judged))

    return compute


def _three(key: str, interval: Interval, same: float) -> dict[str, float]:
    return {
        key: interval.estimate,
        f"{key}_lower": interval.lower,
        f"{key}_upper": interval.upper,
        f"{key}_same_over_arms": same,
    }


def _spent(judged: Sequence[CheckedItem]) -> dict[str, float]:
    reasons = count_failures(judged)
    count = len(judged) or math.nan
    return {
        **{f"failed_{reason}": float(number) for reason, number in reasons.items()},
        "failed_items": float(sum(bool(one.fault) for one in judged)),
        "asked_again": float(sum(one.retried for one in judged)),
        "calls": sum(one.calls for one in judged) / count,
        "input_tokens": sum(one.input_tokens for one in judged) / count,
        "output_tokens": sum(one.output_tokens for one in judged) / count,
    }


@scorer(metrics=[{label: [agreed()] for label in JUDGE_ANSWERS}, quality()])
def judge_checked(labels: Sequence[str] = tuple(JUDGE_ANSWERS), blind: bool = True, cache: bool = True) -> Scorer:
    """Whether whoever is bound to the model role `grader` answers as the item is labelled: 1.0 by label where it does.

    Labels that were not asked, and answers that are missing, are NaN; why is in the metadata. The grader is asked by the
    same function, with the same mask and fence, as about an episode.

    Args:
        labels: Which questions of the form are asked.
        blind: Whether the outlet is masked, as it is in every episode.
        cache: Whether earlier answers to the same request are taken.

    Raises:
        ValueError: for an unknown label.
    """
    sheet = restrict_rubric(labels)

    async def score(state: TaskState, target: Target) -> Score | None:
        graders = list_graders(may_lack=False)
        polled = await poll_graders(graders, sheet, item_record(str(state.sample_id), blind), cache=cache)
        truth = state.metadata["truth"]
        values = {label: _agrees(polled, label, truth[label]) for label in JUDGE_ANSWERS}
        kept = {**state.metadata, **votes_metadata(polled), "fault": polled.fault, "blind": blind}
        return Score(value=cast(Any, values), explanation=_told(polled, truth), metadata=kept)

    return score


def _agrees(polled: PanelResult, label: str, truth: Sequence[str]) -> float:
    return float(set(polled.answers[label]) == set(truth)) if label in polled.answers else math.nan


def _told(polled: PanelResult, truth: dict[str, Sequence[str]]) -> str:
    """What differs from the labels, a line each, or why nothing is known."""
    if polled.fault:
        return polled.fault
    lines = [
        f"{label}: {', '.join(given)}, labelled {', '.join(truth[label])}"
        for label, given in polled.answers.items()
        if set(given) != set(truth[label])
    ]
    return "\n".join([*lines, *(f"{label}: missing ({why})" for label, why in polled.missing.items())]) or "as labelled"
