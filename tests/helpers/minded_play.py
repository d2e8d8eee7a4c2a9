"""Short episodes of a planted model's script."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inspect_ai import Task
from inspect_ai import eval as run_eval
from inspect_ai.log import EvalLog
from inspect_ai.model import get_model

from advocate_evals.whitebox.vector_file import EmotionVectors

SHORT = 5
"""Turns of an episode."""


@dataclass(frozen=True)
class PlantedModel:
    """A planted model with vectors from its own texts."""

    folder: Path
    vectors: EmotionVectors
    file: Path


def play_short(
    folder: Path, vector_file: Path, place: Path, task: Callable[..., Task], acts: str = "activation", **options: Any
) -> EvalLog:
    """Play a task on one family with few turns; every turn is read live.

    Args:
        folder: Of the planted model.
        vector_file: Its vectors.
        place: Where the log is written.
        task: The task.
        acts: What the script's harm hangs on.
        options: Parameters of the task.
    """
    parameters = {"mechanisms": "none", "families": "night_rota", "variants": 2, "max_turns": SHORT} | options
    subject = get_model(f"minded/{folder}", vectors=str(vector_file), acts=acts, device="cpu", memoize=False)
    (log,) = run_eval(
        task(**parameters), model=subject, log_dir=str(place), display="none", log_realtime=False, log_level="error"
    )
    assert log.status == "success", log.error
    return log
