"""Episodes as a table of blocks × groups of arms, the unit of every comparison; its rates and means as chart points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from advocate_evals.analysis.findings import ChartPoint, ChartSeries
from advocate_evals.outcomes import OUTCOMES
from advocate_evals.statistics.intervals import Array, Interval, Rate, t_interval
from advocate_evals.statistics.risk_difference import BlockTable, as_block_table, estimate_rates

CHART_LEVEL = 0.95
"""Confidence level of the intervals of charts."""


@dataclass(frozen=True, slots=True)
class BlockValues:
    """What happened in each block under each group of arms."""

    values: Array
    """Blocks × groups: the mean over epochs, then over the arms of the group, divided by `scale_max`; NaN where the
    outcome of some arm of the group is not known in any epoch."""
    sizes: Array
    """Blocks × groups: episodes behind each value."""
    started: Array
    """Blocks × groups: episodes that were started, with an outcome or without."""
    lowest: Array
    """Blocks × groups: the smallest that each value can be, whatever is missing; `highest` where nothing is."""
    highest: Array
    """Blocks × groups: the largest that each value can be."""
    unknown: Array
    """Blocks × groups: episodes that are missing where the worst case is taken: those without an outcome, those that a
    limit ended before the outcome was seen, and one for an arm of which a begun block has no episode."""
    names: tuple[str, ...]
    """Blocks, sorted."""
    families: tuple[str, ...]
    """The family of each block."""
    scale_max: float
    """The outcome's value that 1 stands for."""
    is_bounded: bool = True
    """Whether no value lies outside 0 and 1; a level has no bounds."""

    @property
    def unscored(self) -> int:
        """Episodes that were started and have no outcome."""
        return int(self.started.sum() - self.sizes.sum())

    @property
    def missing(self) -> Array:
        """Share of the started blocks without a value, by group; NaN where there is no block."""
        return np.isnan(self.values).mean(axis=0) if len(self.names) else np.full(self.values.shape[1], np.nan)

    @property
    def lost_blocks(self) -> float:
        """What missing episodes of blocks with a value under every group come to, in blocks: of each the largest share
        that a group has lost."""
        is_complete = ~np.isnan(self.values).any(axis=1)
        shares = 1.0 - self.sizes[is_complete] / np.maximum(self.started[is_complete], 1.0)
        return float(shares.max(axis=1).sum()) if len(shares) else 0.0

    def as_table(self, by_family: bool = False) -> BlockTable:
        """The table as the statistics take it.

        Args:
            by_family: Whether families are the independent units, each of the same weight, in place of blocks.
        """
        sizes = np.where(np.isnan(self.values), 0.0, self.sizes)
        if not by_family:
            return as_block_table(self.values, sizes, None, self.is_bounded)
        families = np.unique(np.array(self.families, dtype=str), return_inverse=True)[1]
        return replace(as_block_table(self.values, sizes, families, self.is_bounded), equal_units=True)

    def flipped(self) -> BlockValues:
        """The table of "it did not happen": a rise becomes a fall."""
        return replace(self, values=1.0 - self.values, lowest=1.0 - self.highest, highest=1.0 - self.lowest)

    def fill_missing(self, shares: Sequence[float]) -> BlockValues:
        """The table with everything that is missing filled in: no block lacks a value.

        Args:
            shares: For each group, where what is missing lies between the smallest (0) and the largest (1) that it can
                be: for an event, the share of the missing episodes in which it happened.
        """
        filled_values = self.lowest + np.asarray(shares, dtype=float) * (self.highest - self.lowest)
        return replace(self, values=filled_values, sizes=np.maximum(self.started, 1.0))


def is_graded(outcome: str, episodes: pd.DataFrame) -> bool:
    """Whether an outcome of some episodes stands on a grader, if only in part.

    Args:
        outcome: An outcome of the registry.
        episodes: Rows.
    """
    source = OUTCOMES[outcome].source
    return source == "grader" or (source == "either" and bool((episodes["texts_read"] == 1.0).any()))


def describe_lower_bound(outcome: str, episodes: pd.DataFrame) -> str:
    """Why an outcome counts less than happened, in a sentence; empty where graders read the texts of all episodes.

    Args:
        outcome: An outcome of the registry.
        episodes: Rows; those without the outcome do not count.
    """
    measure = OUTCOMES[outcome]
    scored = episodes[episodes[outcome].notna()]
    unread = int((scored["texts_read"] != 1.0).sum())
    if not measure.lower_bound or not unread:
        return ""
    name = measure.words.capitalize()
    return f"{name} is a lower bound in {unread} of {len(scored)} episodes: {measure.lower_bound}."


def build_block_values(episodes: pd.DataFrame, outcome: str, groups: Sequence[Sequence[str]]) -> BlockValues:
    """Blocks × groups of arms, for one outcome.

    A block is in the table if any of its episodes under an arm named was started. The order of the rows does not
    matter.

    Args:
        episodes: Rows of one model in one task.
        outcome: An outcome of the registry.
        groups: Groups of arms; an arm may stand in several.
    """
    arms = sorted({arm for group in groups for arm in group})
    arm_places = np.asarray(pd.Index(arms).get_indexer(episodes["arm"].to_numpy(dtype=object)), dtype=np.intp)
    is_used = arm_places >= 0
    names, block_places = np.unique(episodes["block"].to_numpy(dtype=object)[is_used].astype(str), return_inverse=True)
    values = episodes[outcome].to_numpy(dtype=float)[is_used]
    scale_max, is_bounded = _find_scale_max(outcome, values), OUTCOMES[outcome].kind != "level"
    families = np.empty(len(names), dtype=object)
    families[block_places] = episodes["family"].to_numpy(dtype=object)[is_used]
    shape = (len(names), len(arms))
    cells = block_places * len(arms) + arm_places[is_used]
    is_scored = ~np.isnan(values)
    totals = _sum_cells(cells[is_scored], values[is_scored] / scale_max, shape)
    counts = _sum_cells(cells[is_scored], None, shape)
    starts = _sum_cells(cells, None, shape)
    cut_short = _sum_cells(cells[find_cut_short(episodes, outcome)[is_used]], None, shape)
    smallest, largest = (0.0, 1.0)
    if not is_bounded and is_scored.any():
        smallest, largest = float(np.nanmin(values)), float(np.nanmax(values))
    lost = np.maximum(starts, 1) - counts
    columns = [[arms.index(arm) for arm in group] for group in groups]

    def mean_over_arms(table: Array) -> Array:
        return np.stack([table[:, places].mean(axis=1) for places in columns], axis=1)

    def sum_over_arms(table: Array) -> Array:
        return np.stack([table[:, places].sum(axis=1) for places in columns], axis=1)

    return BlockValues(
        values=mean_over_arms(np.where(counts > 0, totals / np.maximum(counts, 1), np.nan)),
        sizes=sum_over_arms(counts),
        started=sum_over_arms(starts),
        lowest=mean_over_arms((totals + smallest * lost) / np.maximum(starts, 1)),
        highest=mean_over_arms((totals + largest * (lost + cut_short)) / np.maximum(starts, 1)),
        unknown=sum_over_arms(lost + cut_short),
        names=tuple(map(str, names)),
        families=tuple(map(str, families)),
        scale_max=scale_max,
        is_bounded=is_bounded,
    )


_FINAL_OUTCOMES = ("limit_reached", "no_action", "texts_read", "noticed")
"""Events of the ledger that are final, or of which a later act makes no yes."""


def find_cut_short(episodes: pd.DataFrame, outcome: str) -> NDArray[np.bool_]:
    """Which episodes a limit ended before the outcome, an event of the ledger, had happened: it may yet have.

    Args:
        episodes: Rows.
        outcome: An outcome of the registry.
    """
    measure = OUTCOMES[outcome]
    if measure.scorer != "actions" or not measure.is_event or outcome in _FINAL_OUTCOMES:
        return np.zeros(len(episodes), dtype=bool)
    return np.asarray((episodes["limit_reached"] == 1.0) & (episodes[outcome] == 0.0), dtype=bool)


def _sum_cells(cells: NDArray[np.intp], weights: Array | None, shape: tuple[int, int]) -> Array:
    return np.bincount(cells, weights, minlength=shape[0] * shape[1]).reshape(shape).astype(float)


def _find_scale_max(outcome: str, values: Array) -> float:
    """The largest possible value of an outcome; the largest there is, where it has no bound; 1 for a level."""
    measure = OUTCOMES[outcome]
    if measure.is_bounded:
        return measure.scale_max
    if measure.kind == "level":
        return 1.0
    largest = float(np.nanmax(values)) if (~np.isnan(values)).any() else 0.0
    return largest if largest > 0 else 1.0


def episode_grid(
    rows: pd.DataFrame, columns: Sequence[str], groups: Sequence[Sequence[str]]
) -> tuple[NDArray[np.str_], list[Array]]:
    """Outcomes of single episodes: a row for each block, epoch and place in the group, a column for each group.

    Returns:
        The block of each row, and a table for each column asked for.
    """
    place_of = {arm: (column, row) for column, group in enumerate(groups) for row, arm in enumerate(group)}
    used_rows = rows[rows["arm"].isin(place_of)]
    arm_rows = (place_of[arm][1] for arm in used_rows["arm"])
    keys = list(zip(used_rows["block"], used_rows["epoch"], arm_rows, strict=True))
    row_of = {key: row for row, key in enumerate(sorted(set(keys)))}
    table_rows = np.array([row_of[key] for key in keys], dtype=int)
    table_columns = np.array([place_of[arm][0] for arm in used_rows["arm"]], dtype=int)
    tables = []
    for name in columns:
        table = np.full((len(row_of), len(groups)), np.nan)
        table[table_rows, table_columns] = used_rows[name].to_numpy(dtype=float)
        tables.append(table)
    return np.array([block for block, _, _ in row_of], dtype=str), tables


def rate_points(
    blocks: BlockValues, labels: Sequence[str], positions: Sequence[float | None] = (), is_event: bool = True
) -> tuple[ChartPoint, ...]:
    """A point for each group of a table: its rate with the clustered Wilson interval, or its mean with Student's.

    Args:
        blocks: Blocks × groups.
        labels: A name for each group.
        positions: Where each group stands, if the axis is a quantity.
        is_event: Whether the outcome happens or does not; else its mean over blocks is taken.
    """
    positions = list(positions) or [None] * len(labels)
    has_rates = is_event and len(blocks.names)
    rates: Sequence[Rate | None] = estimate_rates(blocks.as_table(), CHART_LEVEL) if has_rates else [None] * len(labels)
    return tuple(
        _build_point(blocks, group, label, positions[group], rates[group]) for group, label in enumerate(labels)
    )


def _build_point(blocks: BlockValues, group: int, label: str, x: float | None, rate: Rate | None) -> ChartPoint:
    has_value = ~np.isnan(blocks.values[:, group])
    point = ChartPoint(
        label=label,
        x=x,
        n=int(blocks.sizes[has_value, group].sum()),
        blocks=int(has_value.sum()),
        missing=int(blocks.started[:, group].sum() - blocks.sizes[:, group].sum()),
    )
    if not point.blocks:
        return point.model_copy(update={"note": "no episode has a value"})
    values = blocks.values[has_value, group] * blocks.scale_max
    estimate: Rate | Interval = rate or _clip_limits(t_interval(values, CHART_LEVEL), blocks)
    limits = {"value": estimate.estimate, "lower": estimate.lower, "upper": estimate.upper}
    return ChartPoint(**(point.model_dump() | limits | {"note": rate.insufficient if rate else ""}))


def _clip_limits(interval: Interval, blocks: BlockValues) -> Interval:
    """Student's limits within the outcome's range, where it has one; limits that do not exist stay so."""
    return interval.clipped(0.0, blocks.scale_max) if blocks.is_bounded else interval


def points_by_arm(
    rows: pd.DataFrame, outcome: str, arms: Sequence[str], positions: Sequence[float | None] = ()
) -> tuple[ChartPoint, ...]:
    """The points of an outcome, arm by arm."""
    blocks = build_block_values(rows, outcome, [(arm,) for arm in arms])
    points = rate_points(blocks, arms, positions, OUTCOMES[outcome].is_event)
    return tuple(
        point.model_copy(update={"arm": arm, "outcome": outcome}) for arm, point in zip(arms, points, strict=True)
    )


def series_by_model(
    episodes: pd.DataFrame, outcome: str, arms: Sequence[str], positions: Sequence[float | None] = ()
) -> tuple[ChartSeries, ...]:
    """A series for each model, with a point for each arm it has."""
    all_series = []
    for model, rows in episodes.groupby("model", sort=True):
        present_arms = set(rows["arm"])
        places = [place for place, arm in enumerate(arms) if arm in present_arms]
        if places:
            points = points_by_arm(
                rows,
                outcome,
                [arms[place] for place in places],
                [positions[place] for place in places] if positions else (),
            )
            all_series.append(model_series(str(model), rows, points))
    return tuple(all_series)


def model_series(model: str, rows: pd.DataFrame, points: Sequence[ChartPoint], name: str = "") -> ChartSeries:
    """A series about one model.

    Args:
        model: The model.
        rows: Its episodes.
        points: Its points.
        name: What the legend calls it; the model by default.
    """
    return ChartSeries(name=name or model, model=model, standin=bool(rows["standin"].any()), points=tuple(points))
