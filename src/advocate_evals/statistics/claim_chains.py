"""Holm's correction over claims of which each may be tested on several hypotheses, one after the other."""

from __future__ import annotations

import math
from collections.abc import Sequence


def adjust_chains(chains: Sequence[Sequence[float]]) -> tuple[tuple[float, ...], ...]:
    """Adjusted p-values of chains of hypotheses, with one error for all of them.

    The hypotheses of a chain are tested in their order, each only if the one before was rejected. A chain counts among
    the claims of Holm's correction until its last hypothesis is rejected: with chains of one hypothesis each this is
    Holm's correction. The chance of any false rejection, in any chain, is at most the level that the adjusted values
    are held against.

    Args:
        chains: p-values in [0, 1], in the order in which a chain's hypotheses are tested; a missing one (NaN) counts
            as 1, so that it does not help the others.

    Returns:
        The adjusted values in the same places; along a chain they never fall.

    Source:
        Holm (1979), Scandinavian Journal of Statistics 6, 65-70; as a graph whose weight goes along a chain and from
        its end to the other chains: Bretz, Maurer, Brannath & Posch (2009), Statistics in Medicine 28, 586-604.
    """
    raw = [[1.0 if math.isnan(p) else p for p in chain] for chain in chains]
    adjusted: list[list[float]] = [[] for _ in chains]
    open_chains = {place for place, chain in enumerate(raw) if chain}
    reached = 0.0
    while open_chains:
        place = min(open_chains, key=lambda chain: (raw[chain][len(adjusted[chain])], chain))
        step = len(adjusted[place])
        reached = max(reached, min(1.0, len(open_chains) * raw[place][step]))
        adjusted[place].append(reached)
        if step + 1 == len(raw[place]):
            open_chains.remove(place)
    return tuple(map(tuple, adjusted))
