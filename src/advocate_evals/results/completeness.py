"""Whether what is missing could have turned a verdict."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from advocate_evals.results.answers import Check, Word
from advocate_evals.results.blocks import Blocks
from advocate_evals.results.examining import Contrast, examine
from advocate_evals.results.terms import Terms
from advocate_evals.results.words import agree, word
from advocate_evals.statistics.contrasts import trend_weights

UNEVEN = 0.05
"""Arms whose shares of missing blocks differ by more than this: what is missing may hang on the arm."""


def uneven(table: Blocks) -> bool:
    """Whether some arm misses clearly more of its blocks than another."""
    return bool(len(table.names)) and float(np.ptp(table.missing)) > UNEVEN


def too_few(analysed: int, terms: Terms) -> bool:
    """Whether so many of the planned blocks are missing that nothing is decided."""
    return analysed < math.ceil((1 - terms.missing) * terms.planned - 1e-9)


def extremes(contrast: Contrast, table: Blocks, terms: Terms, given: Word) -> tuple[Check, ...]:
    """The verdict if everything missing had spoken against the claim, and if it had all spoken for it.

    Only cells of blocks that were started are filled; blocks that were never started are a matter of their number.
    Empty where nothing is missing, and where no block is complete.
    """
    gaps = np.isnan(table.values)
    if not gaps.any() or gaps.any(axis=1).all():
        return ()
    first = _first(contrast, table.values.shape[1])
    found = []
    for key, title, for_ in (
        ("worst_case", "all that is missing spoke against the claim", False),
        ("best_case", "all that is missing spoke for it", True),
    ):
        high = first if for_ else ~first
        filled = table.filled([float(one) for one in (high if terms.falls else ~high)])
        test = examine(contrast, filled, terms)
        by_this = word(test, terms)[0]
        found.append(
            Check(
                key=key,
                title=title,
                value=test.value,
                lower=test.lower,
                upper=test.upper,
                word=by_this,
                agrees=agree(by_this, given),
                note=f"{int(gaps.sum())} cells of started blocks filled",
            )
        )
    return tuple(found)


def _first(contrast: Contrast, number: int) -> NDArray[np.bool_]:
    """Which groups stand on the side that the claim starts from."""
    start = [True] + [False] * (number - 1)
    if contrast.kind == "most":
        start = [True] * (number - 1) + [False]
    elif contrast.kind in ("trend", "order"):
        at = getattr(contrast, "at", ()) or range(number)
        start = [float(weight) > 0 for weight in trend_weights(at)]
    return np.array(start)
