"""Randomisation inference for a contrast of conditions of the same blocks: no assumption on variances or distributions.

Under the null hypothesis that the condition changes nothing in any block, the labels of the conditions within a block
are exchangeable. `permute_labels` compares the observed contrast with those under permuted labels. `flip_signs` does so
for single effects whose distribution is symmetric about 0 under the null, such as the mean effects of families.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import permutations, product

import numpy as np

from advocate_evals.statistics.intervals import Array

_DRAWS = 9999
"""Monte Carlo draws where there are too many permutations to list."""
_MOST_LISTED = 2**14
"""Permutations of all blocks together up to which they are listed."""
_MOST_ORDERS = 720
"""Orders of the conditions of one block up to which they are listed: those of six conditions."""
_SEED, _CHUNK = 20261130, 1000
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class RandomisationTest:
    """An observed contrast among those under permuted labels."""

    estimate: float
    """Mean of the contrast over complete blocks, each counted once; NaN without one."""
    p_above: float
    """One-sided p-value of "the contrast is not above 0"; NaN without a block."""
    p_below: float
    """One-sided p-value of "the contrast is not below 0"."""
    draws: int
    """Monte Carlo draws; 0 where all permutations were listed, so that the p-values are exact."""
    blocks: int
    """Complete blocks."""


def permute_labels(values: Array, weights: Array) -> RandomisationTest:
    """Permute the conditions within blocks; with two conditions that is a change of signs.

    Args:
        values: Blocks × conditions; blocks with NaN are left out.
        weights: One per condition; conditions with a weight of 0 are left out.

    Returns:
        p-values, exact or by 9,999 draws from a fixed seed, the observed order counted among them.

    Source:
        Fisher (1935), *The Design of Experiments*; Ernst (2004), Statistical Science 19, 676-685; Phipson & Smyth
        (2010), Statistical Applications in Genetics and Molecular Biology 9, 39.
    """
    is_used = weights != 0
    complete = values[:, is_used]
    complete = complete[~np.isnan(complete).any(axis=1)]
    used_weights = weights[is_used]
    if math.factorial(used_weights.size) > _MOST_ORDERS:
        return _compare(complete @ used_weights, _draw_orders(complete, used_weights))
    orders = np.array(list(permutations(range(used_weights.size))))
    contrasts = np.einsum("bok,k->bo", complete[:, orders], used_weights)
    return _compare_choices(contrasts)


def flip_signs(effects: Array) -> RandomisationTest:
    """Change the signs of independent effects.

    Args:
        effects: One effect per independent unit; NaN is left out.

    Returns:
        p-values, as in `permute_labels`.
    """
    known_effects = effects[~np.isnan(effects)]
    return _compare_choices(np.stack([known_effects, -known_effects], axis=1))


def _compare_choices(contrasts: Array) -> RandomisationTest:
    """The first column of units × choices among the sums over one choice for each unit."""
    units, choices = contrasts.shape
    observed = contrasts[:, 0]
    varies = np.ptp(contrasts, axis=1) > _ROUNDING if units else np.zeros(0, dtype=bool)
    if units and choices ** int(varies.sum()) <= _MOST_LISTED:
        places = np.array(list(product(range(choices), repeat=int(varies.sum()))), dtype=int)
        sums = contrasts[varies][np.arange(int(varies.sum())), places].sum(axis=1) + observed[~varies].sum()
        return _compare(observed, sums, exact=True)
    generator = np.random.default_rng(_SEED)
    varying, rows = contrasts[varies], np.arange(int(varies.sum()))
    chunks = [
        varying[rows, generator.integers(0, choices, (min(_CHUNK, _DRAWS - start), rows.size))].sum(axis=1)
        for start in range(0, _DRAWS, _CHUNK)
    ]
    return _compare(observed, np.concatenate(chunks) + observed[~varies].sum())


def _draw_orders(values: Array, weights: Array) -> Array:
    """Sums of the contrast over blocks, each with its conditions in a drawn order."""
    generator = np.random.default_rng(_SEED)
    return np.array([(generator.permuted(values, axis=1) @ weights).sum() for _ in range(_DRAWS)])


def _compare(observed: Array, sums: Array, exact: bool = False) -> RandomisationTest:
    if not observed.size:
        return RandomisationTest(math.nan, math.nan, math.nan, 0, 0)
    total, slack = float(observed.sum()), _ROUNDING * observed.size
    above, below = int((sums >= total - slack).sum()), int((sums <= total + slack).sum())
    extra = 0 if exact else 1  # the observed order is among those listed
    return RandomisationTest(
        estimate=total / observed.size,
        p_above=(above + extra) / (sums.size + extra),
        p_below=(below + extra) / (sums.size + extra),
        draws=0 if exact else sums.size,
        blocks=observed.size,
    )
