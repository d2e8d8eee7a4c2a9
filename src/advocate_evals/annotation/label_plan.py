"""Labels put where they cut the interval of a claim most, and the interval expected by their number."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from advocate_evals.statistics.label_allocation import ExpectedErrors, allocate_labels, expected_half_width
from advocate_evals.statistics.risk_difference import BlockTable, as_block_table

PLANNED_NUMBERS = (10, 20, 30, 40, 50, 75, 100, 150, 200, 300, 500)
"""Labels per arm, on average, whose interval is forecast."""
LabelNumbers = Mapping[tuple[str, str, float], int]
"""Episodes to draw, by model, arm and verdict of the grader."""


@dataclass(frozen=True, slots=True)
class ClaimWeights:
    """The arms of a claim and their weights, one sequence for each contrast that it rests on."""

    arms: tuple[str, ...]
    weights: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class LabelForecast:
    """The expected half-width of the corrected contrast with so many labels."""

    per_arm: int
    """Labels per arm, on average."""
    allocated: float
    """Half-width with labels where they cut it most; NaN where it cannot be corrected."""
    by_halves: float
    """Half-width with half of each arm's labels from those graded positive."""


def allocate_claim_labels(
    graded: pd.DataFrame, figure: str, claim: ClaimWeights, per_arm: int, errors: ExpectedErrors
) -> dict[tuple[str, float], int]:
    """Labels by arm and verdict of the grader (0.0 or 1.0), `per_arm` for each arm of the claim on average.

    Args:
        graded: Episodes of one model that have the figure.
        figure: A column that is 0 or 1.
        claim: Arms and weights.
        per_arm: Labels per arm, on average.
        errors: What is expected of the grader.

    Raises:
        ValueError: where an arm of the claim has no graded episode.
    """
    available = _count_available(graded, figure, claim)
    labels = allocate_labels(available, claim.weights, per_arm * len(claim.arms), errors)
    return {
        (arm, float(verdict)): int(labels[place, verdict]) for place, arm in enumerate(claim.arms) for verdict in (0, 1)
    }


def forecast_labels(
    graded: pd.DataFrame, figure: str, claim: ClaimWeights, errors: ExpectedErrors, level: float = 0.95
) -> tuple[LabelForecast, ...]:
    """The interval expected by the number of labels, as far as there are episodes to label.

    Args:
        graded: Episodes of one model that have the figure.
        figure: A column that is 0 or 1.
        claim: Arms and weights.
        errors: What is expected of the grader.
        level: Confidence level, in (0, 1).

    Raises:
        ValueError: where an arm of the claim has no graded episode.
    """
    available, table = _count_available(graded, figure, claim), _block_table(graded, figure, claim.arms)
    most = math.ceil(available.sum() / len(claim.arms))
    forecasts = []
    for per_arm in (*(number for number in PLANNED_NUMBERS if number < most), most):
        allocated = allocate_labels(available, claim.weights, per_arm * len(claim.arms), errors)
        halves = _allocate_halves(available, per_arm)
        widths = (expected_half_width(table, labels, claim.weights, errors, level) for labels in (allocated, halves))
        forecasts.append(LabelForecast(per_arm, *widths))
    return tuple(forecasts)


def _count_available(graded: pd.DataFrame, figure: str, claim: ClaimWeights) -> NDArray[np.int_]:
    """Arms × (graded negative, graded positive)."""
    is_positive = graded[figure] == 1.0
    counts = [
        [int((is_arm & ~is_positive).sum()), int((is_arm & is_positive).sum())]
        for is_arm in (graded["arm"] == arm for arm in claim.arms)
    ]
    for arm, row in zip(claim.arms, counts, strict=True):
        if not sum(row):
            raise ValueError(f"{arm}: no episode has {figure!r}, and the claim compares this arm")
    return np.array(counts)


def _allocate_halves(available: NDArray[np.int_], per_arm: int) -> NDArray[np.int_]:
    """Half of each arm's labels from those graded positive; more of the other half where there are too few."""
    positive = np.minimum(available[:, 1], np.maximum(per_arm // 2, per_arm - available[:, 0]))
    return np.column_stack([np.minimum(available[:, 0], per_arm - positive), positive])


def _block_table(graded: pd.DataFrame, figure: str, arms: Sequence[str]) -> BlockTable:
    rows = graded[graded["arm"].isin(arms)]
    cells = rows.pivot_table(index="block", columns="arm", values=figure, aggfunc=["mean", "count"])
    return as_block_table(cells["mean"][list(arms)].to_numpy(), np.nan_to_num(cells["count"][list(arms)].to_numpy()))
