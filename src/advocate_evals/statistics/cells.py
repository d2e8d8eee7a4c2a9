"""The table that everything here starts from: blocks × conditions, with gaps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from advocate_evals.statistics.binomial import Array


@dataclass(frozen=True, slots=True)
class Cells:
    """Blocks × conditions: what happened, out of how many episodes, and which blocks hang together.

    Arrays may have leading axes, over which everything is computed side by side (for simulations).
    """

    totals: Array
    """Events, shape (…, blocks, conditions); 0 where the cell is missing."""
    sizes: Array
    """Episodes, same shape; 0 where the cell is missing."""
    group: NDArray[np.intp]
    """The independent unit that each block belongs to, shape (blocks,), from 0 without gaps."""

    @property
    def blocks(self) -> int:
        """Number of blocks, complete or not."""
        return int(self.totals.shape[-2])

    @property
    def conditions(self) -> int:
        """Number of conditions."""
        return int(self.totals.shape[-1])


@dataclass(frozen=True, slots=True)
class Units:
    """Some conditions of a table, added up over the blocks of each independent unit."""

    totals: Array
    """Events, shape (…, units, conditions)."""
    sizes: Array
    """Episodes, same shape."""
    blocks: NDArray[np.intp]
    """Blocks used, shape (…)."""
    dropped: NDArray[np.intp]
    """Blocks left out, shape (…)."""

    @property
    def rates(self) -> Array:
        """Events per episode of each condition, shape (…, conditions); NaN without episodes."""
        number = self.number
        return np.where(number > 0, self.totals.sum(axis=-2) / np.where(number > 0, number, 1.0), np.nan)

    @property
    def kept(self) -> tuple[int, int]:
        """Blocks used and dropped, of a table without leading axes."""
        return int(self.blocks), int(self.dropped)

    @property
    def number(self) -> Array:
        """Episodes of each condition, shape (…, conditions)."""
        return np.asarray(self.sizes.sum(axis=-2), dtype=float)

    @property
    def count(self) -> Array:
        """Units with an episode, of each condition, shape (…, conditions)."""
        return np.asarray((self.sizes > 0).sum(axis=-2), dtype=float)

    @property
    def scores(self) -> Array:
        """Events over what the condition's rate lets expect, shape (…, units, conditions)."""
        return self.totals - np.nan_to_num(self.rates)[..., None, :] * self.sizes


def cells(values: ArrayLike | Cells, sizes: ArrayLike | None = None, clusters: ArrayLike | None = None) -> Cells:
    """The table in its working form.

    Args:
        values: Blocks × conditions, each entry the mean of a block's episodes under a condition, in [0, 1]; NaN where
            it is missing. Leading axes are let through. A table already made is returned as it is.
        sizes: Episodes behind each entry, same shape or one that broadcasts; 1 by default. Entries whose size is 0 are
            missing.
        clusters: One label per block, of any kind: blocks of one label hang together (a family, a scenario) and count
            as one independent unit. By default each block is a unit of its own.

    Raises:
        ValueError: for a table of fewer than two dimensions, values outside [0, 1], negative sizes, or labels that are
            not one per block.
    """
    if isinstance(values, Cells):
        return values
    found = np.asarray(values, dtype=float)
    if found.ndim < 2:
        raise ValueError(f"blocks × conditions are needed, not an array of shape {found.shape}")
    wrong = ~(np.isnan(found) | ((found >= 0) & (found <= 1)))
    if wrong.any():
        raise ValueError(f"values must lie in [0, 1] or be NaN, found {found[wrong][0]}")
    number = np.broadcast_to(np.asarray(1.0 if sizes is None else sizes, dtype=float), found.shape)
    if not (number >= 0).all():
        raise ValueError(f"sizes must not be negative, found {number[~(number >= 0)][0]}")
    number = np.where(np.isnan(found), 0.0, number)
    return Cells(np.nan_to_num(found) * number, number, _groups(clusters, found.shape[-2]))


def _groups(clusters: ArrayLike | None, blocks: int) -> NDArray[np.intp]:
    if clusters is None:
        return np.arange(blocks)
    labels = np.asarray(clusters)
    if labels.shape != (blocks,):
        raise ValueError(f"one label per block is needed: {blocks} blocks, labels of shape {labels.shape}")
    return np.unique(labels, return_inverse=True)[1]


def units(table: Cells, conditions: Sequence[int], complete: bool = True) -> Units:
    """Add up some conditions over the blocks of each unit.

    Args:
        table: The table.
        conditions: Their places; negative ones count from the end.
        complete: Whether blocks in which one of them is missing are left out.
    """
    sizes, totals = table.sizes[..., list(conditions)], table.totals[..., list(conditions)]
    known = np.asarray((sizes > 0).all(axis=-1) if complete else (sizes > 0).any(axis=-1))
    sizes, totals = sizes * known[..., None], totals * known[..., None]
    used = known.sum(axis=-1)
    return Units(_add(totals, table.group), _add(sizes, table.group), used, table.blocks - used)


def _add(rows: Array, group: NDArray[np.intp]) -> Array:
    """Sums over the rows of each group."""
    if np.array_equal(group, np.arange(group.size)):
        return rows
    members = (group == np.arange(group.max() + 1)[:, None]).astype(float)
    return np.asarray(members @ rows)
