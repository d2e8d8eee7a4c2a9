"""Which of two things a claim is about: the plots that were played, or plots like these.

Variants of one family share its plot, so an effect that differs between plots is shared by all blocks of a family. Over
blocks a test speaks of the families played, however many blocks they have. A test about plots like these takes families
as the independent units: each counts once, and Student's t has as many degrees of freedom as families less one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from advocate_evals.statistics.intervals import Array

InferenceScope = Literal["plots_played", "plots_like_these"]
"""What is generalised to: `plots_played` (units are blocks) or `plots_like_these` (units are families)."""

PLOTS_PLAYED: Final = "plots_played"
PLOTS_LIKE_THESE: Final = "plots_like_these"


def check_scope(scope: str) -> None:
    """Check the name of a scope.

    Raises:
        ValueError: for any other name.
    """
    if scope not in get_args(InferenceScope):
        raise ValueError(f"scope: must be one of {', '.join(get_args(InferenceScope))}, not {scope!r}")


def describe_scope(scope: InferenceScope, families: int) -> str:
    """The scope as a part of a sentence.

    Args:
        scope: What is generalised to.
        families: Number of families played.
    """
    if scope == PLOTS_LIKE_THESE:
        return "in plots like these"
    return "in this plot" if families == 1 else f"in these {families} plots"


def family_moments(values: Array, family_index: NDArray[np.intp], ends: Sequence[int]) -> tuple[Array, Array, Array]:
    """Mean over families of each family's mean, its standard error, and the number of families, at several ends.

    Args:
        values: One value per block, in order; NaN where it is missing.
        family_index: The family of each block, from 0.
        ends: Numbers of blocks up to which it is computed.

    Returns:
        Three arrays, one entry per end; NaN for the standard error of fewer than two families.
    """
    families = int(family_index.max()) + 1
    moments = np.full((len(ends), 3), np.nan)
    for place, end in enumerate(ends):
        is_known = ~np.isnan(values[:end])
        index = family_index[:end][is_known]
        counts = np.bincount(index, minlength=families)
        totals = np.bincount(index, values[:end][is_known], minlength=families)
        means = totals[counts > 0] / counts[counts > 0]
        spread = means.std(ddof=1) / np.sqrt(means.size) if means.size > 1 else np.nan
        moments[place] = means.mean() if means.size else np.nan, spread, means.size
    mean, error, number = moments.T
    return mean, error, number
