"""What a test of a claim needs besides the data: direction, δ, errors, method, and what is generalised to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from advocate_evals.statistics.inference_scope import PLOTS_LIKE_THESE, PLOTS_PLAYED, InferenceScope

ContrastMethod = Literal["mover", "t"]
"""Interval of a difference: MOVER on clustered Wilson limits, or Student's t over blocks."""


@dataclass(frozen=True, slots=True)
class TestSpec:
    """What a test needs besides the data."""

    falls: bool
    """Whether the claim says that the outcome falls; else it says that it rises."""
    delta: float
    """The smallest effect that matters."""
    alpha: float
    """One-sided error of a claim that is called right."""
    alpha_refuted: float
    """One-sided error of a claim that is called wrong."""
    method: ContrastMethod
    """Interval of a difference."""
    missing: float
    """Share of the planned blocks that may be missing."""
    planned: int
    """Blocks planned."""
    scope: InferenceScope = PLOTS_PLAYED
    """What is generalised to, which decides whether blocks or families are the independent units."""

    @property
    def level(self) -> float:
        """Level of the two-sided interval."""
        return 1 - 2 * self.alpha

    @property
    def by_family(self) -> bool:
        """Whether families are the independent units."""
        return self.scope == PLOTS_LIKE_THESE

    @property
    def level_refuted(self) -> float:
        """Level of the one-sided limits that speak against the claim."""
        return 1 - self.alpha_refuted
