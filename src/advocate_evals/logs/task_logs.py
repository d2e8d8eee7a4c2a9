"""Logs of two tasks: `judge_check`, a grader's answers on labelled items, and the sequential task."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from inspect_ai.log import EvalLog, EvalSampleSummary, read_eval_log, read_eval_log_sample_summaries

from advocate_evals.judge.calibration_items import CheckedItem, read_checked_item
from advocate_evals.model_names import is_standin
from advocate_evals.statistics.group_sequential import (
    PAIR_SIDES,
    SequentialDesign,
    SequentialResult,
    evaluate_pairs,
    sequential_test_metrics,
)

JUDGE_CHECK_SCORER = "judge_checked"
"""The scorer whose scores are read."""


@dataclass(frozen=True, slots=True)
class JudgeCheckRun:
    """One run of `judge_check`."""

    location: str
    graders: tuple[str, ...]
    split: str
    blind: bool
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
    model: str
    status: str
    """The log's own status; with any but `success` the run did not end by itself."""
    begun: int
    """Pairs of which the log holds an episode."""
    lost: Counter[str]
    """Episodes without a value, by arm and reason."""
    agrees: bool
    """Whether the log's results state what its scored episodes give."""


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
    lost = Counter(
        f"{sample.metadata['arm']}: {_missing_reason(sample)}" for sample in samples if math.isnan(_read_value(sample))
    )
    arms = {sample.metadata["side"]: str(sample.metadata["arm"]) for sample in samples}
    expected_metrics = sequential_test_metrics(evaluate_pairs(valued, design))
    stated_metrics = _stated_metrics(log)
    return GateLog(
        result=evaluate_pairs(valued, design, max((pair + 1 for pair, *_ in values), default=0)),
        outcome=outcome,
        arms=tuple(arms[side] for side in PAIR_SIDES if side in arms),
        model=log.eval.model,
        status=log.status,
        begun=len({sample.metadata["pair"] for sample in samples}),
        lost=lost,
        agrees=all(stated_metrics.get(name) == value for name, value in expected_metrics.items()),
    )


def _stated_metrics(log: EvalLog) -> dict[str, int | float]:
    """The metrics of the sequential test as the log's results state them."""
    return {
        name: metric.value
        for score in (log.results.scores if log.results else [])
        if score.scorer == GATE_SCORER_NAME
        for name, metric in score.metrics.items()
    }


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
