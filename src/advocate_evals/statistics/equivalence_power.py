"""Power of a claim of sameness (two one-sided tests) under exact equality, from the width of an interval.

An interval must lie within ±δ as a whole, so a claim of sameness needs far more blocks than one of a difference: below
the size at which half of the interval is as wide as δ it cannot be shown at all.
"""

from __future__ import annotations

import math

from advocate_evals.statistics.intervals import upper_quantile

DECIDABLE_POWER = 0.5
"""Power under exact equality below which a claim of sameness is called not decidable at its size."""
_TARGET_POWER = 0.8


def equivalence_power(half_width: float, delta: float, alpha: float, growth: float = 1.0) -> float:
    """Probability that the whole interval lies within ±δ if there is no difference at all, by the normal distribution.

    Args:
        half_width: Half the width of an interval at level 1 − 2 alpha, in the unit of δ, above 0.
        delta: The smallest difference that matters, above 0.
        alpha: One-sided error of each of the two tests, in (0, .5).
        growth: Blocks planned, as a multiple of those behind the interval.

    Source:
        Schuirmann (1987), Journal of Pharmacokinetics and Biopharmaceutics 15, 657-680.
    """
    from scipy.special import ndtr

    z = float(upper_quantile(alpha))
    error = half_width / z / math.sqrt(growth)
    return max(0.0, 2 * float(ndtr(delta / error - z)) - 1)


def equivalence_growth(half_width: float, delta: float, alpha: float) -> float:
    """By how much the blocks must be multiplied for a power of 80 % under exact equality.

    Args:
        half_width: As in `equivalence_power`.
        delta: As there.
        alpha: As there.
    """
    z, reserve = float(upper_quantile(alpha)), float(upper_quantile((1 - _TARGET_POWER) / 2))
    return (half_width / z * (z + reserve) / delta) ** 2
