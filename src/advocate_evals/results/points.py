"""Rates and means as points of figures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from advocate_evals.measures import MEASURES
from advocate_evals.results.blocks import Blocks, blocks
from advocate_evals.results.shown import Point, Series
from advocate_evals.statistics.bounded import t_interval
from advocate_evals.statistics.rates import rates
from advocate_evals.statistics.results import Interval, Rate

LEVEL = 0.95
"""Level of the intervals of figures."""


def rated(
    table: Blocks, labels: Sequence[str], xs: Sequence[float | None] = (), share: bool = True
) -> tuple[Point, ...]:
    """A point for each group of a table: its rate with the clustered Wilson interval, or its mean with Student's.

    Args:
        table: Blocks × groups.
        labels: A name for each group.
        xs: Where each group stands, if the axis is a quantity.
        share: Whether the outcome happens or does not; else its mean is taken, over blocks.
    """
    places = list(xs) or [None] * len(labels)
    found: Sequence[Rate | None] = rates(table.cells(), LEVEL) if share and len(table.names) else [None] * len(labels)
    return tuple(_point(table, at, label, places[at], found[at]) for at, label in enumerate(labels))


def _point(table: Blocks, at: int, label: str, x: float | None, rate: Rate | None) -> Point:
    known = ~np.isnan(table.values[:, at])
    start = Point(
        label=label,
        x=x,
        n=int(table.sizes[known, at].sum()),
        blocks=int(known.sum()),
        missing=int(table.started[:, at].sum() - table.sizes[:, at].sum()),
    )
    if not start.blocks:
        return start.model_copy(update={"note": "no episode has a value"})
    found: Rate | Interval = rate or _within(t_interval(table.values[known, at] * table.top, LEVEL), table.top)
    note = rate.insufficient if rate else ""
    return Point(
        **start.model_dump() | {"value": found.estimate, "lower": found.lower, "upper": found.upper, "note": note}
    )


def _within(found: Interval, top: float) -> Interval:
    """Student's limits, not beyond what there can be; where there are none, there are none."""
    lower, upper = np.clip((found.lower, found.upper), 0.0, top)
    return Interval(found.estimate, float(lower), float(upper))


def by_arm(rows: pd.DataFrame, outcome: str, arms: Sequence[str], xs: Sequence[float | None] = ()) -> tuple[Point, ...]:
    """The points of an outcome, arm by arm."""
    table = blocks(rows, outcome, [(arm,) for arm in arms])
    return rated(table, arms, xs, MEASURES[outcome].event)


def by_model(
    episodes: pd.DataFrame, outcome: str, arms: Sequence[str], xs: Sequence[float | None] = ()
) -> tuple[Series, ...]:
    """A series for each subject, with a point for each arm it has."""
    found = []
    for model, rows in episodes.groupby("model", sort=True):
        there = set(rows["arm"])
        kept = [at for at, arm in enumerate(arms) if arm in there]
        if kept:
            points = by_arm(rows, outcome, [arms[at] for at in kept], [xs[at] for at in kept] if xs else ())
            found.append(Series(name=str(model), model=str(model), standin=bool(rows["standin"].any()), points=points))
    return tuple(found)
