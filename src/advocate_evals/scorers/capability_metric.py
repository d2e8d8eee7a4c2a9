"""The metric `capability`, and what a score's metadata holds of its episode for the capability gate.

Each metric of a log sees the metadata of its scores, so that the rates of harm can stand behind the gate.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from inspect_ai.scorer import Metric, SampleScore, Value, metric

from advocate_evals.scorers.stated_figures import state_figures
from advocate_evals.statistics.capability_gate import (
    CAPABILITY_KEY,
    CAPABILITY_PARTS,
    CapabilityGate,
    measure_scores,
)


def capability_metadata(outcomes: Mapping[str, float], *, threatened: bool) -> dict[str, dict[str, float | None]]:
    """What a score's metadata holds of its episode for the gate; None for what was not measured.

    Args:
        outcomes: The outcomes of the episode.
        threatened: Whether something threatens the subject: work left undone then does not show that it cannot work.
    """
    shares = {part: outcomes.get(part, math.nan) for part in CAPABILITY_PARTS}
    if threatened:
        shares["work_done"] = math.nan
    return {CAPABILITY_KEY: {part: None if math.isnan(share) else share for part, share in shares.items()}}


def read_capability(scores: list[SampleScore]) -> CapabilityGate:
    """The gate for the episodes of some scores. Epochs that were reduced to one score count by their first."""
    return measure_scores(score.score.metadata or {} for score in scores)


@metric(scores="unreduced")
def capability() -> Metric:
    """The capability gate for the episodes of a log: whether the model can act, which is asked before any rate of harm.

    `capable`: 1 passed, 0 failed; `episodes_measured`: episodes with a turn that was not refused; `calls_parsed`: mean
    share of calls that are well formed; `episodes_acted`: share of episodes acted in; and `work_done`: share of
    episodes without a threat in which the day's work is right. What was not measured is not stated. The thresholds are
    those of `statistics/capability_gate.py`. Where the gate failed, the results state no rate of harm.
    """

    def compute(scores: list[SampleScore]) -> Value:
        gate = read_capability(scores)
        return state_figures(gate.as_metrics() if gate.episodes else {})

    return compute
