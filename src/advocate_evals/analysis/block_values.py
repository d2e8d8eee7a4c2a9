"""Episodes as a table of blocks × arms: the unit of every comparison is the block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from advocate_evals.analysis.findings import ChartPoint, ChartSeries
from advocate_evals.outcomes import OUTCOMES
from advocate_evals.statistics.block_rates import BlockTable, as_block_table, estimate_rates
from advocate_evals.statistics.intervals import Array, Interval, Rate, t_interval

ArmSet = Sequence[str]
"""Arms that count as one: the mean over them."""


@dataclass(frozen=True, slots=True)
class BlockValues:
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

    def cells(self, by_family: bool = False) -> BlockTable:
        """The table as the statistics take it; families as the independent units, if asked for."""
        labels = np.unique(np.array(self.families, dtype=str), return_inverse=True)[1] if by_family else None
        return as_block_table(self.values, np.where(np.isnan(self.values), 0.0, self.sizes), labels)

    def flipped(self) -> BlockValues:
        """The table of "it did not happen": what rose falls."""
        return replace(self, values=1.0 - self.values)

    def filled(self, with_: Sequence[float]) -> BlockValues:
        """The table with what is missing in each group set to a value, as if it had been one episode."""
        gaps = np.isnan(self.values)
        filling = np.broadcast_to(np.asarray(with_, dtype=float), self.values.shape)
        return replace(
            self,
            values=np.where(gaps, filling, self.values),
            sizes=np.where(gaps, np.maximum(self.sizes, 1), self.sizes),
        )


def build_block_values(episodes: pd.DataFrame, outcome: str, groups: Sequence[ArmSet]) -> BlockValues:
    """Blocks × groups of arms, for one outcome.

    A block is there if any of its episodes under an arm named was started. The order of the rows does not matter.

    Args:
        episodes: Rows of one subject in one task.
        outcome: A column of figures.
        groups: Groups of arms; an arm may stand in several.
    """
    arms = sorted({arm for group in groups for arm in group})
    column = arm_indices(episodes["arm"], arms)
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
    return BlockValues(
        values=np.stack([means[:, one].mean(axis=1) for one in where], axis=1),
        sizes=np.stack([counted[:, one].sum(axis=1) for one in where], axis=1),
        started=np.stack([started[:, one].sum(axis=1) for one in where], axis=1),
        names=tuple(map(str, names)),
        families=tuple(map(str, family)),
        top=top,
    )


def arm_indices(column: pd.Series, arms: Sequence[str]) -> NDArray[np.intp]:
    """For each episode the place of its arm among those named; -1 where it is none of them."""
    return np.asarray(pd.Index(arms).get_indexer(column.to_numpy(dtype=object)), dtype=np.intp)


def _top(outcome: str, given: Array) -> float:
    """The top of an outcome's range; the largest value there is, where it has none."""
    top = OUTCOMES[outcome].top
    if np.isfinite(top):
        return top
    most = float(np.nanmax(given)) if (~np.isnan(given)).any() else 0.0
    return most if most > 0 else 1.0


# --- Rates and means as points of figures. ---


CHART_LEVEL = 0.95
"""Level of the intervals of figures."""


def rate_points(
    table: BlockValues, labels: Sequence[str], xs: Sequence[float | None] = (), share: bool = True
) -> tuple[ChartPoint, ...]:
    """A point for each group of a table: its rate with the clustered Wilson interval, or its mean with Student's.

    Args:
        table: Blocks × groups.
        labels: A name for each group.
        xs: Where each group stands, if the axis is a quantity.
        share: Whether the outcome happens or does not; else its mean is taken, over blocks.
    """
    places = list(xs) or [None] * len(labels)
    found: Sequence[Rate | None] = (
        estimate_rates(table.cells(), CHART_LEVEL) if share and len(table.names) else [None] * len(labels)
    )
    return tuple(_point(table, at, label, places[at], found[at]) for at, label in enumerate(labels))


def _point(table: BlockValues, at: int, label: str, x: float | None, rate: Rate | None) -> ChartPoint:
    known = ~np.isnan(table.values[:, at])
    start = ChartPoint(
        label=label,
        x=x,
        n=int(table.sizes[known, at].sum()),
        blocks=int(known.sum()),
        missing=int(table.started[:, at].sum() - table.sizes[:, at].sum()),
    )
    if not start.blocks:
        return start.model_copy(update={"note": "no episode has a value"})
    found: Rate | Interval = rate or _within(t_interval(table.values[known, at] * table.top, CHART_LEVEL), table.top)
    note = rate.insufficient if rate else ""
    return ChartPoint(
        **start.model_dump() | {"value": found.estimate, "lower": found.lower, "upper": found.upper, "note": note}
    )


def _within(found: Interval, top: float) -> Interval:
    """Student's limits, not beyond what there can be; where there are none, there are none."""
    lower, upper = np.clip((found.lower, found.upper), 0.0, top)
    return Interval(found.estimate, float(lower), float(upper))


def points_by_arm(
    rows: pd.DataFrame, outcome: str, arms: Sequence[str], xs: Sequence[float | None] = ()
) -> tuple[ChartPoint, ...]:
    """The points of an outcome, arm by arm."""
    table = build_block_values(rows, outcome, [(arm,) for arm in arms])
    return rate_points(table, arms, xs, OUTCOMES[outcome].event)


def series_by_model(
    episodes: pd.DataFrame, outcome: str, arms: Sequence[str], xs: Sequence[float | None] = ()
) -> tuple[ChartSeries, ...]:
    """A series for each subject, with a point for each arm it has."""
    found = []
    for model, rows in episodes.groupby("model", sort=True):
        there = set(rows["arm"])
        kept = [at for at, arm in enumerate(arms) if arm in there]
        if kept:
            points = points_by_arm(rows, outcome, [arms[at] for at in kept], [xs[at] for at in kept] if xs else ())
            found.append(
                ChartSeries(name=str(model), model=str(model), standin=bool(rows["standin"].any()), points=points)
            )
    return tuple(found)


def episode_grid(
    rows: pd.DataFrame, columns: Sequence[str], groups: Sequence[ArmSet]
) -> tuple[NDArray[np.str_], list[Array]]:
    """Figures of single episodes as tables, a row for each block, epoch and place in the group, a column for each group.

    Returns:
        The block of each row, and a table for each column asked for.
    """
    place = {arm: (at, number) for at, group in enumerate(groups) for number, arm in enumerate(group)}
    there = rows[rows["arm"].isin(place)]
    keys = list(zip(there["block"], there["epoch"], (place[arm][1] for arm in there["arm"]), strict=True))
    order = {key: at for at, key in enumerate(sorted(set(keys)))}
    row = np.array([order[key] for key in keys], dtype=int)
    column = np.array([place[arm][0] for arm in there["arm"]], dtype=int)
    tables = []
    for name in columns:
        table = np.full((len(order), len(groups)), np.nan)
        table[row, column] = there[name].to_numpy(dtype=float)
        tables.append(table)
    return np.array([block for block, _, _ in order], dtype=str), tables
