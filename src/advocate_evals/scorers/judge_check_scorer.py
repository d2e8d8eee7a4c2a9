"""The scorer of the task `judge_check`: graders asked about labelled items, in the same way as about episodes."""

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
from advocate_evals.scorers.cell_metrics import interval_metrics
from advocate_evals.scorers.judge_scorer import list_graders, votes_metadata
from advocate_evals.statistics.grader_screening import ScreeningByArm


@metric
def agreed() -> Metric:
    """Share of the answers that agree with the label, among those that are not missing; NaN where there are none."""

    def compute(scores: list[SampleScore]) -> Value:
        present = [score.score.as_float() for score in scores if not math.isnan(score.score.as_float())]
        return sum(present) / len(present) if present else math.nan

    return compute


@metric(scores="unreduced")
def quality() -> Metric:
    """The quality of a grader on the labelled items.

    By question (a label, or `principal:<who>`): `<question>_sensitivity`, `<question>_specificity`, each with `_lower`,
    `_upper` (exact) and `_same_over_arms` (p-value), and `<question>_missing`. Over all: `all_found` (share of the
    items with positive labels of which every one was found), `no_false_alarm` (share of all items without a false one),
    both likewise, and `failed_<reason>`, `failed_items`, `asked_again`, `calls`, `input_tokens`, `output_tokens` (the
    last three per item).
    """

    def compute(scores: list[SampleScore]) -> Value:
        items = [read_checked_item(str(score.sample_id), score.score.metadata or {}) for score in scores]
        metrics: dict[str, float] = {}
        for question, screening in quality_by_question(items).items():
            metrics |= _screening_metrics(screening, f"{question}_sensitivity", f"{question}_specificity")
            metrics[f"{question}_missing"] = float(
                screening.overall.missing_positive + screening.overall.missing_negative
            )
        metrics |= _screening_metrics(quality_by_item(items), "all_found", "no_false_alarm")
        return cast(Value, metrics | _effort_metrics(items))

    return compute


def _screening_metrics(screening: ScreeningByArm, sensitivity_key: str, specificity_key: str) -> dict[str, float]:
    return {
        **interval_metrics(sensitivity_key, screening.overall.sensitivity),
        f"{sensitivity_key}_same_over_arms": screening.same_sensitivity,
        **interval_metrics(specificity_key, screening.overall.specificity),
        f"{specificity_key}_same_over_arms": screening.same_specificity,
    }


def _effort_metrics(items: Sequence[CheckedItem]) -> dict[str, float]:
    count = len(items) or math.nan
    return {
        **{f"failed_{reason}": float(number) for reason, number in count_failures(items).items()},
        "failed_items": float(sum(bool(item.fault) for item in items)),
        "asked_again": float(sum(item.retried for item in items)),
        "calls": sum(item.calls for item in items) / count,
        "input_tokens": sum(item.input_tokens for item in items) / count,
        "output_tokens": sum(item.output_tokens for item in items) / count,
    }


@scorer(metrics=[{label: [agreed()] for label in JUDGE_ANSWERS}, quality()])
def judge_checked(
    labels: Sequence[str] = tuple(JUDGE_ANSWERS), blind: bool = True, cache: bool = True, items: Sequence[str] = ()
) -> Scorer:
    """Whether the models bound to the role `grader` answer as the item is labelled: by label, 1.0 where they do.

    Labels that were not asked, and answers that are missing, are NaN; the reason is in the metadata. Graders are asked
    by the same function, with the same mask and fence, as about an episode.

    Args:
        labels: The questions of the rubric that are asked.
        blind: Whether the outlet is masked, as it is in every episode.
        cache: Whether earlier answers to the same request are used.
        items: Files of items, in place of the suite's.

    Raises:
        ValueError: for an unknown label.
    """
    rubric = restrict_rubric(labels)

    async def score(state: TaskState, target: Target) -> Score | None:
        graders = list_graders(may_lack=False)
        panel = await poll_graders(graders, rubric, item_record(str(state.sample_id), blind, tuple(items)), cache=cache)
        truth = state.metadata["truth"]
        values = {label: _label_agreement(panel, label, truth[label]) for label in JUDGE_ANSWERS}
        metadata = {**state.metadata, **votes_metadata(panel), "fault": panel.fault, "failures": panel.failures}
        metadata["blind"] = blind
        return Score(value=cast(Any, values), explanation=_explain_differences(panel, truth), metadata=metadata)

    return score


def _label_agreement(panel: PanelResult, label: str, truth: Sequence[str]) -> float:
    return float(set(panel.answers[label]) == set(truth)) if label in panel.answers else math.nan


def _explain_differences(panel: PanelResult, truth: dict[str, Sequence[str]]) -> str:
    """A line for each answer that differs from the label or is missing, or why there is no answer at all."""
    if panel.fault:
        return panel.fault
    lines = [
        f"{label}: {', '.join(words)}, labelled {', '.join(truth[label])}"
        for label, words in panel.answers.items()
        if set(words) != set(truth[label])
    ]
    lines += [f"{label}: missing ({reason})" for label, reason in panel.missing.items()]
    return "\n".join(lines) or "as labelled"
