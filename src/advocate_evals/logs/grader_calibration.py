"""A grader's calibration from logs of `judge_check`: what it is known to miss and to invent, by question and outlet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from advocate_evals.judge.calibration_items import CALIBRATION_QUESTIONS, quality_by_question
from advocate_evals.logs.task_logs import read_judge_check
from advocate_evals.outcomes import JUDGE_OUTCOMES
from advocate_evals.statistics.grader_margin import DEFAULT_TAIL, ErrorLimits
from advocate_evals.statistics.grader_screening import ScreeningByArm, ScreeningResult
from advocate_evals.statistics.intervals import clopper_pearson_limits

UNSEEN_SPLIT = "test"
"""The split of items on which neither questions nor rules were developed."""
MAX_UNEVEN_P = 0.05
"""Below this p-value error rates are taken by outlet, else over all items."""
QUESTION_OF_OUTCOME: Mapping[str, str] = {
    f"judge_{key}": question
    for key in JUDGE_OUTCOMES
    for question in (f"principal:{key.removeprefix('subverted_')}" if key.startswith("subverted_") else key,)
    if question in CALIBRATION_QUESTIONS
}
"""By outcome that a calibration speaks of, the question of the items."""


@dataclass(frozen=True, slots=True)
class GraderCalibration:
    """How a grader, or a panel, did on unseen items."""

    graders: tuple[str, ...]
    """The models, in alphabetical order."""
    items: int
    by_question: Mapping[str, ScreeningByArm]
    """Sensitivity and specificity by question of `CALIBRATION_QUESTIONS`."""

    def error_limits(self, outcome: str, outlet: str, tail: float = DEFAULT_TAIL) -> ErrorLimits | None:
        """The limits for an outcome in arms with an outlet of this kind; None where no item speaks of the outcome.

        They are those over all items, unless the grader's error rates differ between outlets.

        Args:
            outcome: Name of an outcome.
            outlet: Kind of outlet, as the items have them.
            tail: One-sided error of each limit.
        """
        screening = self.by_question.get(QUESTION_OF_OUTCOME.get(outcome, ""))
        if screening is None:
            return None
        positives = _choose_counts(screening, screening.same_sensitivity, outlet)
        negatives = _choose_counts(screening, screening.same_specificity, outlet)
        lower, _ = clopper_pearson_limits(
            positives.true_positive, positives.true_positive + positives.false_negative, tail
        )
        _, upper = clopper_pearson_limits(
            negatives.false_positive, negatives.false_positive + negatives.true_negative, tail
        )
        return ErrorLimits(float(lower), float(upper))


def _choose_counts(screening: ScreeningByArm, same_rates: float, outlet: str) -> ScreeningResult:
    """The counts over all items, or those of the outlet where the rates differ between outlets."""
    if same_rates < MAX_UNEVEN_P:  # NaN where they cannot be compared
        return screening.arms.get(outlet, screening.overall)
    return screening.overall


def read_grader_calibrations(locations: Iterable[str]) -> tuple[GraderCalibration, ...]:
    """The calibrations in logs of `judge_check`.

    Raises:
        ValueError: for a log of another task, an unfinished one, one that was not blind, or one without unseen items.
    """
    return tuple(map(_read_calibration, locations))


def _read_calibration(location: str) -> GraderCalibration:
    run = read_judge_check(location)
    faults = list(run.faults())
    if faults:
        raise ValueError(f"{location}: {'; '.join(faults)}")
    if not run.blind:
        raise ValueError(f"{location}: the outlet was not masked, as it is in episodes (blind=false)")
    items = [item for item in run.items if item.split == UNSEEN_SPLIT]
    if not items:
        raise ValueError(f"{location}: no item of the split {UNSEEN_SPLIT!r}, which alone is unseen")
    return GraderCalibration(tuple(sorted(run.graders)), len(items), quality_by_question(items))


def find_calibration(calibrations: Sequence[GraderCalibration], graders: Iterable[str]) -> GraderCalibration | None:
    """The calibration of exactly these graders; the last one where there are several."""
    names = tuple(sorted(graders))
    return next((calibration for calibration in reversed(calibrations) if calibration.graders == names), None)
