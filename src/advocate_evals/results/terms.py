"""On what terms a claim is tested: its direction, δ, the errors allowed, the interval."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from advocate_evals.catalogue.schema import Claim, Predictions


@dataclass(frozen=True, slots=True)
class Terms:
    """What a test needs besides the data."""

    falls: bool
    """Whether the claim says that the outcome falls; else it says that it rises."""
    delta: float
    """The smallest effect that matters."""
    alpha: float
    """One-sided error of what bears the claim out."""
    alpha_refuted: float
    """One-sided error of what speaks against it."""
    method: str
    """Interval of a difference: `mover` or `t`."""
    missing: float
    """Share of the planned blocks that may be missing."""
    planned: int
    """Blocks planned."""

    @property
    def level(self) -> float:
        """Level of the two-sided interval."""
        return 1 - 2 * self.alpha

    @property
    def level_refuted(self) -> float:
        """Level of the one-sided limits that speak against the claim."""
        return 1 - self.alpha_refuted

    @property
    def one_level(self) -> bool:
        """Whether an effect at `level` has the one-sided limits at `level_refuted` too."""
        return math.isclose(self.level, self.level_refuted)

    def scaled(self, delta: float) -> Terms:
        """The same with δ on another scale."""
        return replace(self, delta=delta)


def terms(file: Predictions, claim: Claim, delta: float | None = None) -> Terms:
    """The terms of a registered claim; another δ makes it another claim, which the verdict then says.

    Args:
        file: The file that the claim stands in.
        claim: The claim.
        delta: Another δ for outcomes that are shares.
    """
    return Terms(
        falls=claim.direction == "falls",
        delta=claim.delta if delta is None else delta,
        alpha=file.alpha,
        alpha_refuted=file.alpha_refuted,
        method=claim.method,
        missing=file.missing,
        planned=claim.blocks,
    )
