"""The task out of its samples: one answer each, scored by rule and, where wanted, by the published scorer."""

from __future__ import annotations

from collections.abc import Sequence

from inspect_ai import Task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.log import HeadlineMetric
from inspect_ai.solver import generate

from advocate_evals import __version__
from advocate_evals.catalogue import digest
from advocate_evals.catalogue.predictions import prediction_hashes
from advocate_evals.peers.published import published, version
from advocate_evals.peers.score import peer_actions
from advocate_evals.scorers import setting

_MESSAGES = 3
"""The published limit: system prompt, mails, answer."""


def lynch_task(samples: Sequence[Sample], *, version_of_ours: int, grader: str) -> Task:
    """The published scenarios under our arms.

    Args:
        samples: Whole blocks.
        version_of_ours: The task's version, raised whenever a measured number moves.
        grader: Who grades for the published scorer (see `published`); `none` leaves that scorer out.
    """
    return Task(
        dataset=MemoryDataset(list(samples), name="lynch2025", location="inspect_evals/agentic_misalignment"),
        solver=generate(tool_calls="none"),
        scorer=[peer_actions(), *([] if grader == "none" else [published(grader)]), setting()],
        headline_metric=HeadlineMetric(scorer="peer_actions", score="harm", metric="advocate_evals/rates_all"),
        message_limit=_MESSAGES,
        version=version_of_ours,
        metadata={
            "suite": __version__,
            "datasets": digest(),
            "predictions": prediction_hashes(),
            "agentic_misalignment": version(),
        },
    )
