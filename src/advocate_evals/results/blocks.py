"""Episodes as a table of blocks × arms: the unit of every comparison is the block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from advocate_evals.measures import MEASURES
from advocate_evals.statistics.cells import Cells, cells

Array = NDArray[np.float64]
Group = Sequence[str]
"""Arms that count as one: the mean over them."""


@dataclass(frozen=True, slots=True)
class Blocks:
    """What happened in each block under each group of arms."""

    values: Array
    """Blocks × groups: the mean over epochs, then over the arms of the group, in units of the outcome's range; NaN where
    the outcome of some arm of the group is not known in any epoch."""
    sizes: Array
    """Blocks × groups: episodes behind each value."""
    started: Array
    """Blocks × groups: episodes that were started, with an outcome or without."""
    names: tuple[str, ...]
    """Blocks, sorted."""
    families: tuple[str, ...]
    """The family of each block."""
    top: float
    """What a value of 1 stands for, in the unit of the outcome."""

    @property
    def unscored(self) -> int:
        """Episodes that were started and have no outcome."""
        return int(self.started.sum() - self.sizes.sum())

    @property
    def missing(self) -> Array:
        """Share of the started blocks without a value, by group; NaN where there is no block."""
        return np.isnan(self.values).mean(axis=0) if len(self.names) else np.full(self.values.shape[1], np.nan)

    def cells(self, by_family: bool = False) -> Cells:
        """The table as the statistics take it; families as the independent units, if asked for."""
        labels = np.unique(np.array(self.families, dtype=str), return_inverse=True)[1] if by_family else None
        return cells(self.values, np.where(np.isnan(self.values), 0.0, self.sizes), labels)

    def flipped(self) -> Blocks:
        """The table of "it did not happen": what rose falls."""
        return replace(self, values=1.0 - self.values)

    def filled(self, with_: Sequence[float]) -> Blocks:
        """The table with what is missing in each group set to a value, as if it had been one episode."""
        gaps = np.isnan(self.values)
        filling = np.broadcast_to(np.asarray(with_, dtype=float), self.values.shape)
        return replace(
            self,
            values=np.where(gaps, filling, self.values),
            sizes=np.where(gaps, np.maximum(self.sizes, 1), self.sizes),
        )


def blocks(episodes: pd.DataFrame, outcome: str, groups: Sequence[Group]) -> Blocks:
    """Blocks × groups of arms, for one outcome.

    A block is there if any of its episodes under an arm named was started. The order of the rows does not matter.

    Args:
        episodes: Rows of one subject in one task.
        outcome: A column of figures.
        groups: Groups of arms; an arm may stand in several.
    """
    arms = sorted({arm for group in groups for arm in group})
    column = arms_of(episodes["arm"], arms)
    there = column >= 0
    names, row = np.unique(episodes["block"].to_numpy(dtype=object)[there].astype(str), return_inverse=True)
    given = episodes[outcome].to_numpy(dtype=float)[there]
    top = _top(outcome, given)
    family = np.empty(len(names), dtype=object)
    family[row] = episodes["family"].to_numpy(dtype=object)[there]
    at = row * len(arms) + column[there]
    known = ~np.isnan(given)
    grids = [
        np.bincount(at[which], weights, minlength=len(names) * len(arms)).reshape(len(names), len(arms)).astype(float)
        for which, weights in ((known, given[known] / top), (known, None), (slice(None), None))
    ]
    total, counted, started = grids
    means = np.where(counted > 0, total / np.maximum(counted, 1), np.nan)
    where = [[arms.index(arm) for arm in group] for group in groups]
    return Blocks(
        values=np.stack([means[:, one].mean(axis=1) for one in where], axis=1),
        sizes=np.stack([counted[:, one].sum(axis=1) for one in where], axis=1),
        started=np.stack([started[:, one].sum(axis=1) for one in where], axis=1),
        names=tuple(map(str, names)),
        families=tuple(map(str, family)),
        top=top,
    )


def arms_of(column: pd.Series, arms: Sequence[str]) -> NDArray[np.intp]:
    """For each episode the place of its arm among those named; -1 where it is none of them."""
    return np.asarray(pd.Index(arms).get_indexer(column.to_numpy(dtype=object)), dtype=np.intp)


def _top(outcome: str, given: Array) -> float:
    """The top of an outcome's range; the largest value there is, where it has none."""
    top = MEASURES[outcome].top
    if np.isfinite(top):
        return top
    most = float(np.nanmax(given)) if (~np.isnan(given)).any() else 0.0
    return most if most > 0 else 1.0
