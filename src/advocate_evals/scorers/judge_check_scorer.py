"""The scorer of the task `judge_check`: graders asked about labelled items, in the same way as about episodes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any, cast

from inspect_ai.model import Model
from inspect_ai.scorer import Metric, SampleScore, Score, Scorer, Target, Value, metric, scorer
from inspect_ai.solver import TaskState

from advocate_evals.judge.calibration_items import (
    CheckedItem,
    count_failures,
    item_record,
    quality_by_item,
    quality_by_question,
    read_checked_item,
    restrict_forms,
)
from advocate_evals.judge.fencing import FencedRecord
from advocate_evals.judge.grader_panel import (
    PanelResult,
    answer_by_rule,
    list_graders,
    merge_panels,
    poll_graders,
    votes_metadata,
)
from advocate_evals.scenarios.closed_answers import ALL_ANSWERS, CANNOT_TELL
from advocate_evals.scenarios.judge_schema import Rubric
from advocate_evals.scorers.stated_figures import state_figures


@metric
def agreed() -> Metric:
    """Share of the answers that agree with the label, by question, among those that are not missing.

    In logs of earlier versions it stands behind each question, and gives one share.
    """

    def compute(scores: list[SampleScore]) -> Value:
        values = [score.score.value for score in scores]
        if values and not any(isinstance(value, Mapping) for value in values):
            return _mean_present([score.score.as_float() for score in scores])
        by_question = [cast(Mapping[str, float], value) for value in values]
        shares = {label: _mean_present([value[label] for value in by_question]) for label in ALL_ANSWERS}
        return state_figures({f"{label}: agreed": share for label, share in shares.items()})

    return compute


def _mean_present(values: Sequence[float]) -> float:
    """The mean of the values that are not missing; NaN where all are."""
    present = [value for value in values if not math.isnan(value)]
    return sum(present) / len(present) if present else math.nan


@metric(scores="unreduced")
def quality() -> Metric:
    """The quality of a grader on the labelled items.

    By question of `CALIBRATION_QUESTIONS`: `<question>_sensitivity`, `<question>_specificity` and
    `<question>_missing`. Over all: `all_found` (share of the items with positive labels of which every one was found),
    `no_false_alarm` (share of all items without a false one), both with `_same_over_arms` (p-value), and
    `failed_<reason>`, `failed_items`, `asked_again`, `calls`, `input_tokens`, `output_tokens` (the
    last three per item).
    """

    def compute(scores: list[SampleScore]) -> Value:
        items = [read_checked_item(str(score.sample_id), score.score.metadata or {}) for score in scores]
        metrics: dict[str, float] = {}
        for question, screening in quality_by_question(items).items():
            metrics[f"{question}_sensitivity"] = screening.overall.sensitivity.estimate
            metrics[f"{question}_specificity"] = screening.overall.specificity.estimate
            metrics[f"{question}_missing"] = float(
                screening.overall.missing_positive + screening.overall.missing_negative
            )
        by_item = quality_by_item(items)
        metrics |= {
            "all_found": by_item.overall.sensitivity.estimate,
            "all_found_same_over_arms": by_item.same_sensitivity,
            "no_false_alarm": by_item.overall.specificity.estimate,
            "no_false_alarm_same_over_arms": by_item.same_specificity,
        }
        return state_figures(metrics | _effort_metrics(items))

    return compute


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


@scorer(metrics=[agreed(), quality()])
def judge_checked(
    labels: Sequence[str] = tuple(ALL_ANSWERS), blind: bool = True, cache: bool = True, items: Sequence[str] = ()
) -> Scorer:
    """Whether the models bound to the role `grader` answer as the item is labelled: by label, 1.0 where they do.

    Labels that were not asked or are not known, and answers that are missing, are NaN; the reason is in the metadata.
    Graders are asked by the same functions, with the same forms, mask and fence, as about an episode: once about what
    was written to others, once about the whole record.

    Args:
        labels: The questions that are asked.
        blind: Whether the outlet is masked, as it is in every episode.
        cache: Whether earlier answers to the same request are used.
        items: Files of items, in place of the suite's.

    Raises:
        ValueError: for an unknown label.
    """
    forms = restrict_forms(labels)

    async def score(state: TaskState, target: Target) -> Score | None:
        graders = list_graders(may_lack=False)
        records = {form: item_record(str(state.sample_id), form, blind, tuple(items)) for form in forms}
        panels = [await _poll_form(graders, forms[form], records[form], cache=cache) for form in forms]
        panel = reduce(merge_panels, panels)
        truth = state.metadata["truth"]
        values = {label: _label_agreement(panel, label, truth.get(label)) for label in ALL_ANSWERS}
        failures = sorted({failure for part in panels for failure in part.failures})
        metadata = {**state.metadata, **votes_metadata(panel), "fault": panel.fault, "failures": failures}
        metadata["blind"] = blind
        return Score(value=cast(Any, values), explanation=_explain_differences(panel, truth), metadata=metadata)

    return score


async def _poll_form(
    graders: Sequence[Model], rubric: Rubric, record: FencedRecord | None, *, cache: bool
) -> PanelResult:
    """The graders' answers to a form about an item; nobody is asked where nothing is there to be read."""
    if record is None:
        return answer_by_rule(rubric, graders)
    return await poll_graders(graders, rubric, record, cache=cache)


def _label_agreement(panel: PanelResult, label: str, truth: Sequence[str] | None) -> float:
    """1 where the answer is as labelled, 0 where it is not, NaN where it is missing, cannot be told or has no label."""
    answer = panel.answers.get(label, (CANNOT_TELL,))
    return math.nan if truth is None or CANNOT_TELL in answer else float(set(answer) == set(truth))


def _explain_differences(panel: PanelResult, truth: dict[str, Sequence[str]]) -> str:
    """A line for each answer that differs from the label or is missing, or why there is no answer at all."""
    if panel.fault:
        return panel.fault
    lines = [
        f"{label}: {', '.join(words)}, labelled {', '.join(truth[label])}"
        for label, words in panel.answers.items()
        if label in truth and set(words) != set(truth[label])
    ]
    lines += [f"{label}: missing ({reason})" for label, reason in panel.missing.items()]
    return "\n".join(lines) or "as labelled"
