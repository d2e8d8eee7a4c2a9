"""Claims as what their power is computed from: the arms, and the contrasts that all have to be shown."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from advocate_evals.predictions.claims import Claim
from advocate_evals.predictions.registry import find_prediction_file, list_prediction_files, read_predictions
from advocate_evals.records import suggest_nearest
from advocate_evals.scenarios.dataset_reader import DatasetError
from advocate_evals.statistics.dose_response import trend_weights
from advocate_evals.statistics.inference_scope import PLOTS_PLAYED, InferenceScope
from advocate_evals.statistics.power_simulation import PowerContrast, PowerGoal


@dataclass(frozen=True, slots=True)
class PlannedComparison:
    """What a study has to show: every contrast of the arms, averaged over blocks, lies above its margin."""

    title: str
    """The claim, as a sentence."""
    arms: tuple[str, ...]
    """The arms, in the order in which rates are stated."""
    goal: PowerGoal
    """The contrasts of the arms, over blocks, with margin and error."""
    delta: float
    """The smallest difference that matters."""
    task: str
    """The task that plays it."""
    planned: int | None
    """Blocks that were registered; None where nothing was."""
    control_arms: int
    """Arms that are played besides: controls for a second look."""

    @property
    def arms_played(self) -> int:
        """Episodes of a block."""
        return len(self.arms) + self.control_arms

    def compared_rates(self, rates: Sequence[float]) -> tuple[float, float]:
        """The rates that the first contrast compares: those of its two sides, or of both ends of a trend."""
        weights = np.array(self.goal.contrasts[0].weights)
        up, down = np.maximum(weights, 0), np.maximum(-weights, 0)
        if not math.isclose(up.sum(), 1):
            return (rates[0], rates[-1])
        return (float(up @ rates), float(down @ rates))


def find_claim(name: str) -> tuple[Claim, float]:
    """A registered claim by its name, or by `<file>:<name>`, with its one-sided error.

    Raises:
        DatasetError: for a name that no claim has, or several have.
    """
    file_name, _, claim_name = name.rpartition(":")
    if name in list_prediction_files():
        claims = ", ".join(claim.name for claim in read_predictions(find_prediction_file(name)).predictions)
        raise DatasetError(f"{name} holds several claims; name one of them: {claims}")
    names = [file_name] if file_name else list_prediction_files()
    files = [read_predictions(find_prediction_file(file)) for file in names]
    matches = [(file, claim) for file in files for claim in file.predictions if claim.name == claim_name]
    if len(matches) > 1:
        qualified_names = ", ".join(f"{file.name}:{claim_name}" for file, _ in matches)
        raise DatasetError(f"{claim_name}: in several files; name one: {qualified_names}")
    if not matches:
        claim_names = [claim.name for file in files for claim in file.predictions]
        raise DatasetError(f"unknown prediction {claim_name!r}{suggest_nearest(claim_name, claim_names)}")
    file, claim = matches[0]
    return claim, file.alpha


def claim_comparison(claim: Claim, alpha: float) -> PlannedComparison:
    """What a registered claim has to show.

    Args:
        claim: The claim; its outcome must be a share, since it is planned by rates.
        alpha: One-sided error of each contrast.

    Raises:
        DatasetError: for an outcome that is no share.
    """
    if not claim.measure.is_share:
        raise DatasetError(f"{claim.name}: {claim.outcome} is no share, and power is computed from rates of an outcome")
    contrast = claim.contrast
    sign = -1.0 if claim.direction == "rises" and contrast.has_p_value else 1.0
    return PlannedComparison(
        title=claim.title,
        arms=contrast.arms,
        goal=PowerGoal(
            tuple(
                PowerContrast(tuple(sign * weight for weight in power.weights), power.method)
                for power in contrast.power_contrasts(claim.method)
            ),
            alpha,
            0.0 if contrast.has_p_value else -claim.delta,
            claim.scope,
        ),
        delta=claim.delta,
        task=claim.task,
        planned=claim.blocks,
        control_arms=len(contrast.control_groups[0]) if contrast.control_groups else 0,
    )


def plain_comparison(
    kind: str, count: int, alpha: float, delta: float, scope: InferenceScope = PLOTS_PLAYED
) -> PlannedComparison:
    """A comparison without a registered claim.

    Args:
        kind: `trend`: the fall along all arms; `difference`: from the first to the last of them.
        count: How many arms.
        alpha: One-sided error.
        delta: The smallest difference that matters.
        scope: What is generalised to.
    """
    arms = tuple(f"arm {number}" for number in range(1, count + 1))
    if kind == "trend":
        title, weights = "The outcome falls along the arms", trend_weights(range(count))
    else:
        title, weights = "The outcome falls from the first arm to the last", np.eye(count)[0] - np.eye(count)[-1]
    return PlannedComparison(
        title=title,
        arms=arms,
        goal=PowerGoal((PowerContrast(tuple(map(float, weights))),), alpha, scope=scope),
        delta=delta,
        task="death_ground",
        planned=None,
        control_arms=0,
    )
