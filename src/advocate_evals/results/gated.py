"""A log of the sequential task, weighed anew from its episodes."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

from inspect_ai.log import EvalSampleSummary, read_eval_log, read_eval_log_sample_summaries

from advocate_evals.statistics.pairs import SIDES, as_numbers, weigh
from advocate_evals.statistics.sequential import Design, Gate

SCORER = "gate"
"""The scorer whose values decide."""


@dataclass(frozen=True, slots=True)
class Held:
    """A log of a sequential task, weighed anew."""

    found: Gate
    """The gate on what the log holds."""
    outcome: str
    """What was compared."""
    arms: tuple[str, ...]
    """The arms that were played, the baseline first."""
    model: str
    status: str
    """The log's own status; anything but `success` was not played to its end."""
    lost: Counter[str]
    """Episodes without a value, by arm and reason."""
    agrees: bool
    """Whether the log's results state the same figures."""


def held(location: str) -> Held:
    """Weigh what a log of a sequential task holds, from its samples alone.

    Args:
        location: The log.

    Raises:
        ValueError: if it is no log of a sequential task.
    """
    log = read_eval_log(location, header_only=True)
    planned = dict((log.eval.metadata or {}).get("gate") or {})
    if not planned:
        raise ValueError(f"{location}: no log of the sequential task: {log.eval.task} does not say what was planned")
    outcome, design = str(planned.pop("outcome")), Design(**planned)
    samples = sorted(read_eval_log_sample_summaries(location), key=lambda one: one.metadata["pair"])
    values = [(one.metadata["pair"], one.metadata["side"], _value(one)) for one in samples]
    begun = max((one.metadata["pair"] + 1 for one in samples), default=0)
    found = weigh([one for one in values if one[2] == one[2]], design, begun)
    lost = Counter(f"{one.metadata['arm']}: {_why(one)}" for one in samples if math.isnan(_value(one)))
    by_side = {one.metadata["side"]: str(one.metadata["arm"]) for one in samples}
    stated = {
        name: metric.value for score in (log.results.scores if log.results else []) if score.scorer == SCORER
        for name, metric in score.metrics.items()
    }  # fmt: skip
    return Held(
        found=found,
        outcome=outcome,
        arms=tuple(by_side[side] for side in SIDES if side in by_side),
        model=log.eval.model,
        status=log.status,
        lost=lost,
        agrees=all(stated.get(name) == figure for name, figure in as_numbers(found).items()),
    )


def _value(sample: EvalSampleSummary) -> float:
    score = (sample.scores or {}).get(SCORER)
    if sample.error or score is None or not isinstance(score.value, (int, float)):
        return math.nan
    return float(score.value)


def _why(sample: EvalSampleSummary) -> str:
    """Why an episode has no value."""
    if sample.error:
        return "error: " + sample.error.strip().splitlines()[-1][:80]
    score = (sample.scores or {}).get(SCORER)
    return (score.explanation or str(score.reason or "no reason given"))[:80] if score else "not scored"
