"""How much of an effect goes through a mediator: g-computation on the risk scale with a jackknife over clusters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from numpy.typing import ArrayLike

from advocate_evals.statistics.results import Effect


@dataclass(frozen=True, slots=True)
class Mediation:
    """The effect of the last condition against the first, in two parts: rate(last) − rate(first), so harm that falls is
    negative."""

    total: Effect
    indirect: Effect
    """Through the mediator (NIE): E[Y(last, M(last))] − E[Y(last, M(first))]."""
    direct: Effect
    """Past the mediator (NDE): E[Y(last, M(first))] − E[Y(first, M(first))]."""
    shift: Effect
    """Mean of the mediator, last − first, on its own scale."""
    slope: float
    """Logits per unit of the mediator."""
    reading: Literal["causal", "associational"]
    """`causal` only where the mediator was manipulated."""
    reliability: float
    """Reliability of the mediator that was corrected for; 1 for none."""
    sensitivity: tuple[tuple[float, float], ...]
    """(γ, NIE) if an unmeasured common cause moved the act by γ logits and the mediator by γ units per SD."""
    tipping: float
    """The γ at which nothing is left of the NIE; inf where no γ takes it away."""
    insufficient: str


def mediation(
    outcome: ArrayLike,
    mediator: ArrayLike,
    clusters: ArrayLike | None = None,
    reliability: float = 1.0,
    manipulated: bool = False,
    level: float = 0.95,
) -> Mediation:
    """Natural indirect and direct effect of the last condition against the first.

    Args:
        outcome: Rows × conditions, 0, 1 or NaN.
        mediator: Same shape, on its own scale; NaN where missing.
        clusters: One label per row: rows of one scenario or family hang together.
        reliability: Of the mediator, in (0, 1]; below 1 it is corrected for by regression calibration.
        manipulated: Whether the mediator was set by design, with the condition held.
        level: Confidence level, in (0, 1).
    """
    raise NotImplementedError
