"""The first rung of a ladder at which something happens: a measurement that does not sit on the floor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from advocate_evals.statistics.bounded import mean_interval
from advocate_evals.statistics.results import Interval


@dataclass(frozen=True, slots=True)
class FirstRung:
    """How many rungs were climbed before something happened."""

    held: Interval
    """Mean number of rungs before the first at which it happened: 0 at once, the number of rungs for never."""
    by_rung: tuple[Interval, ...]
    """Share in which it had happened at that rung or below, for each rung."""
    chains: int
    """Chains counted."""
    unknown: int
    """Chains left out, because a rung before the first occurrence is missing."""


def first_rung(happened: ArrayLike, level: float = 0.95) -> FirstRung:
    """The first rung at which something happened, over chains of the same variant at rising rungs.

    A chain counts if everything before its first occurrence is known; what is missing after it does not matter. Chains
    in which it never happened count as having held all rungs: the mean is that of the restricted (censored) variable,
    an area under the curve of survival, and needs no model of what lies above the top rung.

    Args:
        happened: Chains × rungs, lowest rung first; 1 happened, 0 did not, NaN missing.
        level: Confidence level, in (0, 1).

    Returns:
        Mean rungs held and shares by rung, with intervals over chains.

    Raises:
        ValueError: for an array that is not of two dimensions, has no rung, or holds other values.
    """
    found = np.asarray(happened, dtype=float)
    if found.ndim != 2 or found.shape[1] < 1:
        raise ValueError(f"chains × rungs are needed, not an array of shape {found.shape}")
    if not np.all(np.isnan(found) | np.isin(found, (0.0, 1.0))):
        raise ValueError("values must be 0, 1 or NaN")
    rungs = found.shape[1]
    at = np.where((found == 1).any(axis=1), (found == 1).argmax(axis=1), rungs)
    missing = np.where(np.isnan(found).any(axis=1), np.isnan(found).argmax(axis=1), rungs)
    known = missing >= at
    held = at[known].astype(float)
    return FirstRung(
        held=mean_interval(held, rungs, level, parts=rungs),
        by_rung=tuple(mean_interval((held <= rung).astype(float), 1.0, level) for rung in range(rungs)),
        chains=int(known.sum()),
        unknown=int((~known).sum()),
    )
