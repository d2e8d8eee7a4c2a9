"""The table that everything here starts from: blocks × conditions, with gaps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from advocate_evals.statistics.intervals import (
    MIN_EFFECTIVE_COUNT,
    Array,
    Rate,
    clopper_pearson_limits,
    upper_quantile,
    wilson_limits,
)


@dataclass(frozen=True, slots=True)
class BlockTable:
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
class UnitSums:
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


def as_block_table(
    values: ArrayLike | BlockTable, sizes: ArrayLike | None = None, clusters: ArrayLike | None = None
) -> BlockTable:
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
    if isinstance(values, BlockTable):
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
    return BlockTable(np.nan_to_num(found) * number, number, _groups(clusters, found.shape[-2]))


def _groups(clusters: ArrayLike | None, blocks: int) -> NDArray[np.intp]:
    if clusters is None:
        return np.arange(blocks)
    labels = np.asarray(clusters)
    if labels.shape != (blocks,):
        raise ValueError(f"one label per block is needed: {blocks} blocks, labels of shape {labels.shape}")
    return np.unique(labels, return_inverse=True)[1]


def sum_units(table: BlockTable, conditions: Sequence[int], complete: bool = True) -> UnitSums:
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
    return UnitSums(_add(totals, table.group), _add(sizes, table.group), used, table.blocks - used)


def _add(rows: Array, group: NDArray[np.intp]) -> Array:
    """Sums over the rows of each group."""
    if np.array_equal(group, np.arange(group.size)):
        return rows
    members = (group == np.arange(group.max() + 1)[:, None]).astype(float)
    return np.asarray(members @ rows)


# --- The rate of an event per condition, with an interval that knows that the episodes of a block hang together. ---


def estimate_rates(data: ArrayLike | BlockTable, level: float = 0.95) -> tuple[Rate, ...]:
    """Rate of each condition, over all blocks in which it is known.

    Wilson's interval on the effective number of episodes with Student's quantile on clusters − 1 degrees of freedom
    (as Inspect's `ci_wilson(cluster=…)`). Where fewer than five effective episodes are of one kind, Korn and Graubard's
    form of Clopper and Pearson's limits takes its place. Fewer than two clusters give [0, 1].

    Args:
        data: Blocks × conditions, or a table from `cells`.
        level: Confidence level, in (0, 1).

    Source:
        Korn & Graubard (1998), Survey Methodology 24, 193-201; Franco, Little, Louis & Slud (2019), Journal of Survey
        Statistics and Methodology 7, 334-364.
    """
    table = as_block_table(data)
    return tuple(_rate(sum_units(table, [place]), level) for place in range(table.conditions))


def effective_episodes(found: UnitSums) -> Array:
    """Independent answers that each condition's episodes are worth: p(1−p) over the variance of the rate, at most their
    number; their number where the variance says nothing. Shape (…, conditions)."""
    number, count, p = found.number, found.count, np.nan_to_num(found.rates)
    variance = (found.scores**2).sum(axis=-2) * count / np.maximum(count - 1, 1) / np.maximum(number, 1) ** 2
    room = p * (1 - p)
    says = (room > 0) & (variance > 0)
    return np.where(says, np.minimum(room / np.where(says, variance, 1.0), number), number)


def uses_exact_limits(found: UnitSums) -> NDArray[np.bool_]:
    """Whether fewer than five effective episodes are of one kind, so that the exact limits are taken."""
    p = np.nan_to_num(found.rates)
    return np.asarray(np.minimum(p, 1 - p) * effective_episodes(found) < MIN_EFFECTIVE_COUNT)


def rate_limits(found: UnitSums, tail: float) -> tuple[Array, Array]:
    """Lower and upper limits of each condition's rate, each with `tail` beyond it; shape (…, conditions)."""
    p, count = np.nan_to_num(found.rates), found.count
    worth = np.maximum(effective_episodes(found), 1e-9)
    t = upper_quantile(tail, count - 1)
    less = worth * (upper_quantile(tail) / np.where(t > 0, t, 1.0)) ** 2 if tail < 0.5 else worth
    rare = uses_exact_limits(found)
    lower, upper = wilson_limits(p, worth, t)
    if rare.any():
        low, high = clopper_pearson_limits(p * less, less, tail)
        lower, upper = np.where(rare, low, lower), np.where(rare, high, upper)
    enough = count >= 2
    return np.where(enough, lower, 0.0), np.where(enough, upper, 1.0)


def _rate(found: UnitSums, level: float) -> Rate:
    lower, upper = (float(limit[0]) for limit in rate_limits(found, (1 - level) / 2))
    least, most = (float(limit[0]) for limit in rate_limits(found, 1 - level))
    count = int(found.count[0])
    return Rate(
        estimate=float(found.rates[0]) if count else math.nan,
        lower=lower, upper=upper, least=least, most=most, level=level,
        episodes=int(found.number[0]),
        events=float(found.totals.sum()),
        clusters=count,
        effective=float(effective_episodes(found)[0]),
        exact=bool(uses_exact_limits(found)[0]),
        insufficient=insufficient_units(count),
    )  # fmt: skip


def insufficient_units(count: int) -> str:
    """Why nothing can be said with that many independent units; empty where something can."""
    if count == 0:
        return "no episode"
    return "one block or cluster: its variance cannot be estimated" if count == 1 else ""


# --- Floor and ceiling: whether a rate leaves room for an effect of the size that matters. ---


@dataclass(frozen=True, slots=True)
class FloorCeiling:
    """Whether the reference condition could show an effect of size δ in either direction."""

    rate: Rate
    """Rate of the reference condition."""
    floor: bool
    """The rate is below δ, by its one-sided upper limit: it cannot fall by δ, and "no effect of δ" says nothing."""
    ceiling: bool
    """The rate is above 1 − δ, by its one-sided lower limit: it cannot rise by δ."""
    insufficient: str


def check_floor_ceiling(
    data: ArrayLike | BlockTable, delta: float = 0.10, reference: int = 0, level: float = 0.95
) -> FloorCeiling:
    """Room for a fall and for a rise of δ from the reference condition.

    Args:
        data: Blocks × conditions, or a table from `cells`.
        delta: The smallest effect that matters, in (0, 1).
        reference: Place of the condition that the others are compared with.
        level: Confidence level of each one-sided limit, in (0, 1).
    """
    if not 0 < delta < 1:
        raise ValueError(f"delta must lie between 0 and 1, not {delta}")
    rate = estimate_rates(data, level)[reference]
    known = not rate.insufficient
    return FloorCeiling(rate, known and rate.most < delta, known and rate.least > 1 - delta, rate.insufficient)
