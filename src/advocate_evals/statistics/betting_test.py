"""The gate for whoever peeks: a betting test of a bounded mean, valid at every pair, with a confidence sequence.

Against each of the two hypotheses a gambler bets a fixed share of the wealth on every pair. If the hypothesis holds, the
wealth is a supermartingale: it ever exceeds 1/alpha with probability alpha at most, however often one looks, however long
one goes on, and whatever made one stop. It needs no number of pairs fixed before; it costs a third more pairs than the
gate where there is no effect or a small one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

BET_SHARES = (0.03, 0.06, 0.1, 0.16, 0.25, 0.4, 0.6, 0.85)
"""Shares of the wealth that are bet, each by a gambler of its own; the wealth is the mean over them."""

_HALVINGS = 50
"""Steps to a bound of the confidence sequence."""


@dataclass(frozen=True, slots=True)
class BettingResult:
    """What the bets say of the pairs so far."""

    verdict: Literal["CONFIRMED", "CONFIRMED-SMALL", "REFUTED", "INCONCLUSIVE"]
    """CONFIRMED (mean above 0), REFUTED (mean below delta), CONFIRMED-SMALL (both), by the first to be shown."""
    pairs: int
    """Pairs up to the verdict, or all of them."""
    analysed: int
    """Those of them that are known."""
    estimate: float
    """Their mean: **biased** where the verdict stopped it."""
    lower: float
    """Lower bound of the confidence sequence at that pair."""
    upper: float
    """Upper bound."""
    confirm: float
    """Wealth against a mean of 0 at most, at that pair."""
    refute: float
    """Wealth against a mean of delta at least."""


def betting_wealth(differences: ArrayLike, mean: float, above: bool) -> NDArray[np.float64]:
    """Logarithm of the wealth after each pair, of bets against a mean.

    Args:
        differences: Values in [-1, 1] in schedule order, along the last axis; NaN for a pair that was lost, which moves nothing.
        mean: The mean of the hypothesis, in (-1, 1).
        above: Bet that the mean is above it (against "at most"), or below it (against "at least").

    Returns:
        An array of the same shape; values above log(1/alpha) refute the hypothesis at level alpha.

    Raises:
        ValueError: for values or a mean out of range.

    Source:
        Waudby-Smith & Ramdas (2024), JRSS B 86, 1-27; Shafer (2021), JRSS A 184, 407-431.
    """
    values = np.asarray(differences, dtype=float)
    if not -1 < mean < 1:
        raise ValueError(f"mean: must lie between -1 and 1, not {mean}")
    wrong = values[(values < -1) | (values > 1)]
    if wrong.size:
        raise ValueError(f"differences: must lie in [-1, 1], found {wrong[0]}")
    side = 1.0 if above else -1.0
    stake = side * (np.nan_to_num(values, nan=mean) - mean) / (1 + side * mean)  # never below -1
    total = np.full(values.shape, -np.inf)
    for share in BET_SHARES:
        total = np.logaddexp(total, np.log1p(share * stake).cumsum(axis=-1))
    return total - math.log(len(BET_SHARES))


def betting_test(differences: ArrayLike, delta: float = 0.1, alpha: float = 0.05) -> BettingResult:
    """The verdict of the bets, at the first pair that reaches one.

    Args:
        differences: Baseline less treated for each pair, **in schedule order**, in [-1, 1]; NaN for a pair that was lost.
        delta: The smallest difference that matters, in (0, 1).
        alpha: One-sided error of each of the two tests, and of each side of the confidence sequence.

    Returns:
        The verdict, with the confidence sequence of level 1 - 2 alpha at that pair.

    Raises:
        ValueError: for figures out of range.
    """
    for name, figure in (("delta", delta), ("alpha", alpha)):
        if not 0 < figure < 1:
            raise ValueError(f"{name}: must lie between 0 and 1, not {figure}")
    values = np.atleast_1d(np.asarray(differences, dtype=float))
    confirm, refute = betting_wealth(values, 0.0, above=True), betting_wealth(values, delta, above=False)
    shown = (confirm >= -math.log(alpha)) | (refute >= -math.log(alpha))
    pairs = int(shown.argmax()) + 1 if shown.any() else values.size
    last = pairs - 1
    both = (bool(pairs and confirm[last] >= -math.log(alpha)), bool(pairs and refute[last] >= -math.log(alpha)))
    known = values[:pairs][~np.isnan(values[:pairs])]
    lower, upper = confidence_sequence(values[:pairs], alpha)
    return BettingResult(
        verdict=_VERDICTS[both],
        pairs=pairs,
        analysed=known.size,
        estimate=float(known.mean()) if known.size else math.nan,
        lower=lower,
        upper=upper,
        confirm=math.exp(confirm[last]) if pairs else 1.0,
        refute=math.exp(refute[last]) if pairs else 1.0,
    )


_VERDICTS: dict[tuple[bool, bool], Literal["CONFIRMED", "CONFIRMED-SMALL", "REFUTED", "INCONCLUSIVE"]] = {
    (True, False): "CONFIRMED",
    (True, True): "CONFIRMED-SMALL",
    (False, True): "REFUTED",
    (False, False): "INCONCLUSIVE",
}


def confidence_sequence(differences: ArrayLike, alpha: float = 0.05) -> tuple[float, float]:
    """The confidence sequence after the last pair: every mean whose bets never reached 1/alpha, on either side.

    Args:
        differences: Values in schedule order, in [-1, 1]; NaN for a pair that was lost.
        alpha: Error of each side; both bounds hold at all times together with probability 1 - 2 alpha.

    Returns:
        Lower and upper bound, in [-1, 1].
    """
    values = np.asarray(differences, dtype=float)
    values = values[~np.isnan(values)]
    return _bound(values, alpha, above=True), _bound(values, alpha, above=False)


def _bound(values: NDArray[np.float64], alpha: float, *, above: bool) -> float:
    """The mean up to which (or from which on) bets refute; they refute less, the nearer a mean is to the other end."""
    refuted, kept = (-1.0, 1.0) if above else (1.0, -1.0)
    if values.size == 0:
        return refuted
    for _ in range(_HALVINGS):
        middle = (refuted + kept) / 2
        if betting_wealth(values, middle, above).max() >= -math.log(alpha):
            refuted = middle
        else:
            kept = middle
    return refuted
