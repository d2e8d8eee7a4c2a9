"""The table that everything here starts from: blocks × conditions, with gaps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Cells:
    """Independent units × conditions: what happened, out of how many episodes.

    Arrays may have leading axes, over which everything is computed side by side (for simulations).
    """

    totals: Array
    """Events, shape (…, units, conditions); 0 where nothing is known."""
    sizes: Array
    """Episodes, same shape; 0 where the cell is missing."""
    blocks: int
    """Rows of the table before rows were grouped."""
    known: NDArray[np.bool_]
    """Which cells of the rows before grouping are known, shape (…, blocks, conditions)."""
    group: NDArray[np.intp]
    """The unit that each row belongs to, shape (blocks,)."""

    @property
    def conditions(self) -> int:
        """Number of conditions."""
        return int(self.totals.shape[-1])


def cells(values: ArrayLike | Cells, sizes: ArrayLike | None = None, clusters: ArrayLike | None = None) -> Cells:
    """The table in its working form.

    Args:
        values: Blocks × conditions, each entry the mean of a block's episodes under a condition, in [0, 1]; NaN where
            it is missing. Leading axes are let through. A table already made is returned as it is.
        sizes: Episodes behind each entry, same shape or one that broadcasts; 1 by default. Entries whose size is 0 are
            missing.
        clusters: One label per block, of any kind: rows of one label hang together (a family, a scenario) and count as
            one independent unit. By default each row is a unit of its own.

    Raises:
        ValueError: for a table of fewer than two dimensions, values outside [0, 1], negative sizes, or labels that are
            not one per block.
    """
    raise NotImplementedError
