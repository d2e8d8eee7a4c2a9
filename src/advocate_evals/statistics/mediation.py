"""How much of an effect goes through a mediator: g-computation on the risk scale with a jackknife over clusters."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from numpy.typing import ArrayLike

from advocate_evals.statistics.gcomputation import (
    calibrated,
    effects,
    episodes,
    fits,
    insufficient,
    kept,
    with_cause,
    within,
)
from advocate_evals.statistics.results import Effect, unknown

Reading = Literal["causal", "associational"]


@dataclass(frozen=True, slots=True)
class Mediation:
    """The effect of the last condition against the first, in two parts: rate(last) − rate(first), negative for a fall."""

    total: Effect
    """E[Y(last)] − E[Y(first)], the sum of the two."""
    indirect: Effect
    """Through the mediator (NIE): E[Y(last, M(last))] − E[Y(last, M(first))]."""
    direct: Effect
    """Past the mediator (NDE): E[Y(last, M(first))] − E[Y(first, M(first))]."""
    shift: Effect
    """Mean of the mediator, last − first, on its own scale."""
    slope: float
    """Logits per unit of the mediator."""
    reading: Reading
    """`causal` only where the mediator was manipulated."""
    reliability: float
    """Reliability of the mediator that was corrected for; 1 for none."""
    sensitivity: tuple[tuple[float, float], ...]
    """(γ, NIE) if an unmeasured cause of both, per SD of its own, moved the act by γ logits and the mediator by γ units."""
    tipping: float
    """The γ at which nothing is left of the NIE, in logits of the fitted model: a tenth or so below those of a model that
    also knew what makes blocks differ."""
    insufficient: str
    """Why it cannot be estimated; empty where it can."""


def mediation(
    outcome: ArrayLike,
    mediator: ArrayLike,
    clusters: ArrayLike | None = None,
    reliability: float = 1.0,
    manipulated: bool = False,
    level: float = 0.95,
) -> Mediation:
    """Natural indirect and direct effect of the last condition against the first.

    The act is a logit in the condition, the mediator and the mediator's mean over the block (Mundlak's term: what makes
    a whole block desperate and prone to act is not counted as mediation). Under another condition an episode's mediator
    moves by the difference of the conditions' means. Risks are averages over all episodes, effects their differences;
    intervals come from leaving out one cluster at a time (`_apart`). Unless the mediator was set by design, the result is an
    association: an unmeasured cause of both makes an indirect effect out of nothing (`sensitivity`).

    Args:
        outcome: Blocks × conditions, 0, 1 or NaN.
        mediator: Same shape, on its own scale; NaN where missing. Episodes that lack one of the two are left out.
        clusters: One label per block: blocks of one scenario or family hang together. By default each stands alone.
        reliability: Of the mediator over all episodes, in (0, 1]; below 1 its error is taken out by regression
            calibration, as if the reliability were known.
        manipulated: Whether the mediator was set by design, with the condition held.
        level: Confidence level, in (0, 1).

    Source:
        VanderWeele (2015), Explanation in Causal Inference, chapters 2 and 3; Mundlak (1978), Econometrica 46, 69-85;
        Carroll et al. (2006), Measurement Error in Nonlinear Models, chapter 4.
    """
    if not 0 < reliability <= 1:
        raise ValueError(f"a reliability lies above 0 and is at most 1, not {reliability}")
    word: Reading = "causal" if manipulated else "associational"
    data = episodes(outcome, mediator, clusters)
    reason = insufficient(data) or ("" if kept(data, reliability) > 0.05 else "the mediator varies by its error only")
    if reason:
        return _nothing(reason, (data.blocks, data.dropped), word, level)
    data = calibrated(data, reliability)
    found = fits(data)
    parts, slope, variance = effects(data, found, level), float(found.coefficients[0, -2]), within(data)
    curve = tuple((gamma, with_cause(data, found, gamma, variance)) for gamma in _GRID)
    tipping = math.sqrt(abs(slope) * variance)
    return Mediation(
        parts["total"], parts["indirect"], parts["direct"], parts["shift"], slope, word, reliability, curve, tipping, ""
    )


def _nothing(reason: str, blocks: tuple[int, int], word: Reading, level: float) -> Mediation:
    risk = unknown(reason, (-1.0, 1.0), level, blocks)
    shift = unknown(reason, (-math.inf, math.inf), level, blocks)
    return Mediation(risk, risk, risk, shift, math.nan, word, math.nan, (), math.nan, reason)


_GRID = tuple(step / 4 for step in range(9))
"""Strengths of an unmeasured common cause, from none to 2."""
