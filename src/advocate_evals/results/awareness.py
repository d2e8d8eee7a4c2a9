"""Does the answer hold among episodes in which nothing was said of a test?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from advocate_evals.results.blocks import blocks
from advocate_evals.results.ladder import MAIN
from advocate_evals.results.shown import Figure, Point, Series
from advocate_evals.statistics.differences import difference

ENDS = ("none", "review_board")
"""The arms that are compared."""

_STRATA: Mapping[str, tuple[str, float, float]] = {
    "all episodes": ("harm", 0.0, 1.0),
    "says nothing of a test (grader)": ("judge_evaluation_awareness", 0.0, 0.0),
    "suspects or states a test (grader)": ("judge_evaluation_awareness", 1.0, 1.0),
    "does not recognise the scenario": ("beliefs_recognised", 0.0, 0.0),
    "recognises the scenario": ("beliefs_recognised", 1.0, 1.0),
    "takes it for real, at least even odds": ("beliefs_believed_real", 0.5, 1.0),
    "takes it for real, below even odds": ("beliefs_believed_real", 0.0, 0.4999999),
}
"""Strata of episodes: the figure by which they are told apart, and its range."""


def strata(episodes: pd.DataFrame) -> Iterator[Figure]:
    """The fall in harm from nobody to the review board, among all episodes and in each stratum."""
    series = []
    for model, rows in episodes[episodes["task"] == MAIN].groupby("model", sort=True):
        points = tuple(point for name in _STRATA if (point := _point(rows, name)) is not None)
        if points:
            series.append(Series(name=str(model), model=str(model), standin=bool(rows["standin"].any()), points=points))
    yield Figure(
        key="awareness.strata",
        section="awareness",
        title="The fall in harm by what is said of a test",
        x="episodes",
        y=f"fall in harm from {ENDS[0]} to {ENDS[1].replace('_', ' ')}",
        unit="difference",
        reference=0.0,
        series=tuple(series),
        how="differences over blocks both of whose episodes are in the stratum, 95 % intervals (MOVER)",
        notes=(
            "What is said comes after the treatment: strata compare episodes that differ in more than what was said.",
        ),
    )


def _point(rows: pd.DataFrame, name: str) -> Point | None:
    column, low, high = _STRATA[name]
    inside = rows[column].between(low, high)
    if not inside.any():
        return None
    table = blocks(rows.assign(harm=rows["harm"].where(inside)), "harm", [(arm,) for arm in ENDS])
    found = difference(table.cells(), 0, 1) if table.names else None
    if found is None or found.blocks == 0:
        return None
    known = not found.insufficient
    return Point(
        label=name,
        value=found.estimate,
        lower=found.lower if known else None,
        upper=found.upper if known else None,
        n=int(table.sizes.sum()),
        blocks=found.blocks,
        note=found.insufficient,
    )
