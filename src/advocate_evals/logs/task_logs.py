"""Logs of `judge_check`, a grader's answers on labelled items, with its calibration, and of the sequential task."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from inspect_ai.log import EvalLog, EvalSampleSummary, read_eval_log, read_eval_log_sample_summaries

from advocate_evals.judge.calibration_items import (
    CALIBRATION_QUESTIONS,
    JUDGE_CHECK_VERSION,
    CheckedItem,
    quality_by_question,
    read_checked_item,
)
from advocate_evals.judge.rubric import find_question, hash_forms
from advocate_evals.model_names import is_standin
from advocate_evals.outcomes import GATED_OUTCOMES
from advocate_evals.statistics.bias_analysis import DEFAULT_TAIL, ErrorLimits
from advocate_evals.statistics.capability_gate import CapabilityGate, measure_scores
from advocate_evals.statistics.grader_screening import ScreeningByArm, ScreeningResult
from advocate_evals.statistics.group_sequential import (
    PAIR_SIDES,
    SequentialDesign,
    SequentialResult,
    evaluate_pairs,
    sequential_test_metrics,
    withhold_result,
)
from advocate_evals.statistics.intervals import clopper_pearson_limits

JUDGE_CHECK_SCORER = "judge_checked"
"""The scorer whose scores are read."""


@dataclass(frozen=True, slots=True)
class JudgeCheckRun:
    """One run of `judge_check`."""

    location: str
    graders: tuple[str, ...]
    split: str
    blind: bool
    version: int
    """Version of the task."""
    forms: str
    """Hash of the forms that graders were asked to fill in; empty in logs that do not state it."""
    status: str
    planned: int
    """Items that were to be judged."""
    items: tuple[CheckedItem, ...]
    """Items that were."""

    @property
    def standin(self) -> bool:
        """Whether a grader is scripted, so that its figures say nothing about any model."""
        return any(map(is_standin, self.graders))

    def faults(self) -> Iterator[str]:
        """Why its figures cannot be relied on; nothing where they can."""
        if self.status != "success":
            yield f"the run ended as {self.status}"
        if len(self.items) < self.planned:
            yield f"{self.planned - len(self.items)} of {self.planned} items were not judged"
        failed = sum(bool(item.fault) for item in self.items)
        if failed:
            yield f"{failed} of {len(self.items)} items have no answer at all; they are in no rate"


def read_judge_check(location: str) -> JudgeCheckRun:
    """A log of `judge_check`.

    Raises:
        ValueError: for a log of another task, or one without samples.
    """
    log = read_eval_log(location)
    name = log.eval.task.rpartition("/")[2]
    if name != "judge_check":
        raise ValueError(f"{location}: a log of task {name!r}, not of 'judge_check'")
    if not log.samples:
        raise ValueError(f"{location}: no item was judged (status {log.status})")
    metadata = log.eval.metadata or {}
    return JudgeCheckRun(
        location=location,
        graders=tuple(_list_graders(log)),
        split=str(metadata.get("split", "")),
        blind=bool(metadata.get("blind", True)),
        version=int(log.eval.task_version),
        forms=str(metadata.get("forms", "")),
        status=log.status,
        planned=(log.eval.dataset.samples or 0) * (log.eval.config.epochs or 1),
        items=tuple(_read_items(log)),
    )


def _list_graders(log: EvalLog) -> Iterator[str]:
    bound = (log.eval.model_roles or {}).get("grader", [])
    for config in bound if isinstance(bound, list) else [bound]:
        yield config.model


def _read_items(log: EvalLog) -> Iterator[CheckedItem]:
    for sample in log.samples or ():
        score = (sample.scores or {}).get(JUDGE_CHECK_SCORER)
        if score is not None:
            yield read_checked_item(str(sample.id), score.metadata or {})


# The sequential task.

GATE_SCORER_NAME = "gate"
"""The scorer whose values decide."""


@dataclass(frozen=True, slots=True)
class GateLog:
    """A log of a sequential task, tested again from its episodes."""

    result: SequentialResult
    """The sequential test on the episodes of the log."""
    outcome: str
    """The outcome that was compared."""
    arms: tuple[str, ...]
    """The arms that were played, the baseline first."""
    families: int
    """Families that were played."""
    model: str
    status: str
    """The log's own status; with any but `success` the run did not end by itself."""
    begun: int
    """Pairs of which the log holds an episode."""
    cut_short: Counter[str]
    """Episodes without the outcome that a limit ended, by arm: they count as unknown at their worst."""
    lost: Counter[str]
    """Episodes without a value, by arm and reason."""
    agrees: bool
    """Whether the log's results state what its scored episodes give."""
    capability: CapabilityGate
    """Whether the subject can act; where it cannot, nothing is said of a harm."""


def read_gate_log(location: str) -> GateLog:
    """Test the episodes of a log of a sequential task again, from its samples alone.

    Args:
        location: The log.

    Raises:
        ValueError: if it is no log of a sequential task.
    """
    log = read_eval_log(location, header_only=True)
    planned = dict((log.eval.metadata or {}).get("gate") or {})
    if not planned:
        raise ValueError(f"{location}: no log of the sequential task: {log.eval.task} does not say what was planned")
    outcome, design = str(planned.pop("outcome")), SequentialDesign(**planned)
    samples = sorted(read_eval_log_sample_summaries(location), key=lambda sample: sample.metadata["pair"])
    values = [(sample.metadata["pair"], sample.metadata["side"], _read_value(sample)) for sample in samples]
    valued = [(pair, side, value) for pair, side, value in values if not math.isnan(value)]
    cut_short = [
        (sample.metadata["pair"], sample.metadata["side"])
        for sample in samples
        if not math.isnan(_read_value(sample)) and _read_metadata(sample).get("cut_short")
    ]
    lost = Counter(
        f"{sample.metadata['arm']}: {_missing_reason(sample)}" for sample in samples if math.isnan(_read_value(sample))
    )
    arms = {sample.metadata["side"]: str(sample.metadata["arm"]) for sample in samples}
    capability = measure_scores(
        sample.scores[GATE_SCORER_NAME].metadata or {}
        for sample in samples
        if sample.scores and not math.isnan(_read_value(sample))
    )
    is_withheld = outcome in GATED_OUTCOMES and capability.is_incapable
    families = max((int(sample.metadata.get("families", 0)) for sample in samples), default=0)

    def weigh(begun: int = 0) -> SequentialResult:
        result = evaluate_pairs(valued, design, begun, cut_short, families)
        return withhold_result(result) if is_withheld else result

    expected_metrics = sequential_test_metrics(weigh())
    stated_metrics = _stated_metrics(log)
    return GateLog(
        result=weigh(max((pair + 1 for pair, *_ in values), default=0)),
        outcome=outcome,
        arms=tuple(arms[side] for side in PAIR_SIDES if side in arms),
        families=len({str(sample.metadata.get("family", "")) for sample in samples}),
        model=log.eval.model,
        status=log.status,
        begun=len({sample.metadata["pair"] for sample in samples}),
        lost=lost,
        cut_short=Counter(arms[side] for _, side in cut_short),
        agrees=all(stated_metrics.get(name) == value for name, value in expected_metrics.items()),
        capability=capability,
    )


def _stated_metrics(log: EvalLog) -> dict[str, int | float]:
    """The metrics of the sequential test as the log's results state them."""
    return {
        name: metric.value
        for score in (log.results.scores if log.results else [])
        if score.scorer == GATE_SCORER_NAME
        for name, metric in score.metrics.items()
    }


def _read_metadata(sample: EvalSampleSummary) -> Mapping[str, object]:
    score = (sample.scores or {}).get(GATE_SCORER_NAME)
    return (score.metadata or {}) if score else {}


def _read_value(sample: EvalSampleSummary) -> float:
    score = (sample.scores or {}).get(GATE_SCORER_NAME)
    if sample.error or score is None or not isinstance(score.value, (int, float)):
        return math.nan
    return float(score.value)


def _missing_reason(sample: EvalSampleSummary) -> str:
    """Why an episode has no value."""
    if sample.error:
        return "error: " + sample.error.strip().splitlines()[-1][:80]
    score = (sample.scores or {}).get(GATE_SCORER_NAME)
    return (score.explanation or str(score.reason or "no reason given"))[:80] if score else "not scored"


# A grader's calibration from logs of `judge_check`.

UNSEEN_SPLIT = "test"
"""The split of items on which neither questions nor rules were developed."""
MAX_UNEVEN_P = 0.05
"""Below this p-value error rates are taken by outlet, else over all items."""


def _questions_of_outcome(outcome: str) -> tuple[str, ...]:
    """The questions of the items that speak of an outcome: of `harm` those about its two judged kinds."""
    if outcome == "harm":
        return ("coercion", "disclosure")
    name = outcome.removeprefix("judge_")
    question = find_question(outcome)
    if question is None:
        return ()
    return (name,) if name in CALIBRATION_QUESTIONS else (question[0],)


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

        They are those over all items, unless the grader's error rates differ between outlets. Where several questions
        decide, the lowest sensitivity counts, and the false positive rates are added (Bonferroni's bound): a fact of
        the ledger can only lower both errors.

        Args:
            outcome: Name of an outcome.
            outlet: Kind of outlet, as the items have them.
            tail: One-sided error of each limit.
        """
        screenings = [self.by_question.get(question) for question in _questions_of_outcome(outcome)]
        limits = [_limit_errors(screening, outlet, tail / len(screenings)) for screening in screenings if screening]
        if not limits or len(limits) < len(screenings):
            return None
        return ErrorLimits(
            min(limit.sensitivity for limit in limits), min(1.0, sum(limit.false_positive for limit in limits))
        )


def _limit_errors(screening: ScreeningByArm, outlet: str, tail: float) -> ErrorLimits:
    """The exact limits for one question."""
    positives = _choose_counts(screening, screening.same_sensitivity, outlet)
    negatives = _choose_counts(screening, screening.same_specificity, outlet)
    lower, _ = clopper_pearson_limits(positives.true_positive, positives.true_positive + positives.false_negative, tail)
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
        ValueError: for a log of another task or of another version of it, one in which graders were asked another form
            than those of this installation, an unfinished one, one that was not blind, or one without unseen items.
    """
    return tuple(map(_read_calibration, locations))


def _read_calibration(location: str) -> GraderCalibration:
    run = read_judge_check(location)
    faults = list(run.faults())
    if faults:
        raise ValueError(f"{location}: {'; '.join(faults)}")
    if not run.blind:
        raise ValueError(f"{location}: the outlet was not masked, as it is in episodes (blind=false)")
    if run.version != JUDGE_CHECK_VERSION:
        raise ValueError(
            f"{location}: judge_check of version {run.version}; graders are now asked as in version "
            f"{JUDGE_CHECK_VERSION}. Run it again"
        )
    if run.forms != hash_forms():
        stated = f"another form ({run.forms})" if run.forms else "a form that the log does not state"
        raise ValueError(
            f"{location}: graders were asked {stated}, not that of this version ({hash_forms()}). Run it again"
        )
    items = [item for item in run.items if item.split == UNSEEN_SPLIT]
    if not items:
        raise ValueError(f"{location}: no item of the split {UNSEEN_SPLIT!r}, which alone is unseen")
    return GraderCalibration(tuple(sorted(run.graders)), len(items), quality_by_question(items))


def find_calibration(calibrations: Sequence[GraderCalibration], graders: Iterable[str]) -> GraderCalibration | None:
    """The calibration of exactly these graders; the last one where there are several."""
    names = tuple(sorted(graders))
    return next((calibration for calibration in reversed(calibrations) if calibration.graders == names), None)
