"""Claims about an order: tested one after the other, or all at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from advocate_evals.statistics.cells import Cells, cells
from advocate_evals.statistics.contrasts import contrast, trend
from advocate_evals.statistics.differences import difference
from advocate_evals.statistics.results import Effect


@dataclass(frozen=True, slots=True)
class Step:
    """One claim of a sequence in which each is tested only if all before it held."""

    name: str
    """`ends`, `trend`, `first-middle`, `middle-last`, or `<i>-<j>` for neighbouring conditions."""
    effect: Effect
    """The contrast, positive where the rate falls."""
    tested: bool
    """Whether all before it held."""
    held: bool
    """Whether it was tested and held, by its one-sided test."""


@dataclass(frozen=True, slots=True)
class Lowest:
    """Whether one condition lies below each of the others."""

    against: tuple[Effect, ...]
    """Rate of each other condition − rate of the one, in the order of the table."""
    p: float
    """p-value of the whole claim: the largest of the one-sided ones (intersection-union)."""
    held: bool
    """Whether every single one held."""
    insufficient: str
    """Why it cannot be tested; empty where it can."""


@dataclass(frozen=True, slots=True)
class Adjusted:
    """p-values made good for their number."""

    p: tuple[float, ...]
    """Adjusted values, in the order given."""
    rejected: tuple[bool, ...]
    """Whether each is at most α."""


def gatekept(data: ArrayLike | Cells, level: float = 0.95) -> tuple[Step, ...]:
    """Ends, trend, first − mean of the middle, mean of the middle − last, neighbours: each tested at 1 − level, in order.

    A claim is tested only if all before it held, so that the chance of any false claim is at most 1 − level without
    further adjustment. With two conditions only the ends are compared.

    Args:
        data: Blocks × conditions in the order in which the rate should fall, at least two conditions.
        level: Confidence level of each one-sided test, in (0, 1).

    Source:
        Fixed-sequence testing: Maurer, Hothorn & Lehmacher (1995); Wiens (2003), Pharmaceutical Statistics 2, 211-215.
    """
    table = cells(data)
    last = table.conditions - 1
    claims = [("ends", difference(table, 0, last, level))]
    if last > 1:
        middle = np.zeros(last + 1)
        middle[1:last] = 1 / (last - 1)
        from_first, to_last = -middle, middle.copy()
        from_first[0], to_last[last] = 1.0, -1.0
        claims += [
            ("trend", trend(table, level=level)),
            ("first-middle", contrast(table, from_first, level)),
            ("middle-last", contrast(table, to_last, level)),
        ]
        claims += [(f"{place}-{place + 1}", difference(table, place, place + 1, level)) for place in range(last)]
    steps: list[Step] = []
    open_still = True
    for name, effect in claims:
        steps.append(Step(name, effect, open_still, open_still and effect.above()))
        open_still = steps[-1].held
    return tuple(steps)


def lowest(data: ArrayLike | Cells, one: int = -1, level: float = 0.95) -> Lowest:
    """Whether condition `one` has a lower rate than each of the others.

    The whole claim holds where every one-sided test holds at 1 − level; this needs no adjustment (intersection-union).

    Args:
        data: Blocks × conditions, at least two.
        one: The condition's place.
        level: Confidence level of each one-sided test, in (0, 1).

    Source:
        Berger (1982), Technometrics 24, 295-300.
    """
    table = cells(data)
    place = one % table.conditions
    against = tuple(difference(table, other, place, level) for other in range(table.conditions) if other != place)
    missing = next((effect.insufficient for effect in against if effect.insufficient), "")
    return Lowest(against, max(effect.p_above for effect in against), all(e.above() for e in against), missing)


def holm(p: Sequence[float], alpha: float = 0.05) -> Adjusted:
    """Holm's step-down adjustment; a missing p-value (NaN) counts as 1, so that a lost test makes nothing easier.

    Source:
        Holm (1979), Scandinavian Journal of Statistics 6, 65-70; as in statsmodels.
    """
    if not len(p):
        return Adjusted((), ())
    from statsmodels.stats.multitest import multipletests  # a second that only reports should pay

    given = [1.0 if math.isnan(value) else value for value in p]
    rejected, adjusted, _, _ = multipletests(given, alpha=alpha, method="holm")
    return Adjusted(tuple(float(value) for value in adjusted), tuple(bool(value) for value in rejected))
