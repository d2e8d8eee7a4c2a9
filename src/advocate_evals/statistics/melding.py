"""Limits of functions of several shares, by melding the exact limits of each.

Clopper and Pearson's limits of a share at all confidence levels make two beta distributions, one for the lower and one
for the upper limit. For a function that rises or falls in each share, the matching ends are drawn together and the
quantile of the function is its limit. With one share this is Clopper and Pearson's limit itself; for the difference of
two, the test agrees with Fisher's.

Source:
    Fay, Proschan & Brittain (2015), Biometrics 71, 146-156.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator, default_rng

from advocate_evals.statistics.binomial import Array

DRAWS = 20_000
"""Draws per limit: an error of a third of a percentage point in the tail probability at most."""

_SEED = 20_260_401
"""Limits are a function of the counts alone."""


@dataclass(frozen=True, slots=True)
class Ends:
    """Draws of the two ends of a share, or of a function of shares."""

    low: Array
    high: Array

    def limits(self, tail: float) -> tuple[float, float]:
        """Lower and upper limit, each with `tail` beyond it."""
        return float(np.quantile(self.low, tail)), float(np.quantile(self.high, 1 - tail))

    def complement(self) -> Ends:
        """Of 1 − the share."""
        return Ends(1 - self.high, 1 - self.low)

    def minus(self, other: Ends) -> Ends:
        """Of the difference of two independent ones."""
        return Ends(self.low - other.high, self.high - other.low)

    def p_zero(self) -> float:
        """Two-sided p-value that a difference is nil."""
        return min(1.0, 2 * min(float((self.low <= 0).mean()), float((self.high >= 0).mean())))


def generator() -> Generator:
    """The stream that the draws of one figure come from."""
    return default_rng(_SEED)


def ends(count: float, number: float, chance: Generator) -> Ends:
    """Draws of the ends of a share with `count` of `number`; 0 and 1 where there is no number."""
    rest = number - count
    low = chance.beta(count, rest + 1, DRAWS) if count > 0 else np.zeros(DRAWS)
    high = chance.beta(count + 1, rest, DRAWS) if rest > 0 else np.ones(DRAWS)
    return Ends(low, high)


def portion(one: Ends, share: Ends, other: Ends) -> Ends:
    """Of share·one / (share·one + (1 − share)·other): it rises in `share` and `one`, and falls in `other`."""
    return Ends(
        _portion(share.low * one.low, (1 - share.low) * other.high, 0.0),
        _portion(share.high * one.high, (1 - share.high) * other.low, 1.0),
    )


def _portion(part: Array, rest: Array, empty: float) -> Array:
    whole = part + rest
    return np.where(whole > 0, part / np.where(whole > 0, whole, 1.0), empty)
