"""Figures along the arms as graded and as they are by people's labels, side by side."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import pandas as pd

from advocate_evals.measures import MEASURES
from advocate_evals.results.grader import Paired, paired
from advocate_evals.results.ladder import MAIN, ordered
from advocate_evals.results.shown import Figure, Point, Series
from advocate_evals.statistics.corrected import Corrected, corrected
from advocate_evals.statistics.results import Effect, Interval


def figures(episodes: pd.DataFrame, labels: pd.DataFrame | None) -> Iterator[Figure]:
    """For each subject and labelled outcome that happens or does not: its rate by arm, and its falls from the first arm."""
    if labels is None:
        return
    for model, rows in episodes[episodes["task"] == MAIN].groupby("model", sort=True):
        arms = ordered(list(rows["arm"]))
        for outcome in (name for name in labels.columns if name in MEASURES and MEASURES[name].event):
            pairs = paired(rows, labels, outcome, tuple((arm,) for arm in arms))
            if pairs is not None:
                found = corrected(pairs.graded, pairs.human, clusters=pairs.blocks)
                yield from _both(str(model), outcome, arms, pairs, found, bool(rows["standin"].any()))


def _both(
    model: str, outcome: str, arms: Sequence[str], pairs: Paired, found: Corrected, standin: bool
) -> Iterator[Figure]:
    name = outcome.replace("_", " ")

    def series(title: str, points: Iterator[Point]) -> Series:
        return Series(name=title, model=model, standin=standin, points=tuple(points))

    counts = [int(column.sum()) for column in (~pd.isna(pairs.graded)).T]
    yield Figure(
        key=f"correction.{outcome}.{model}",
        section="correction",
        title=f"{name}, as graded and by people's labels: {model}",
        x="arm",
        y=MEASURES[outcome].about,
        unit="share",
        series=(
            series("as graded", (_rate(*each) for each in zip(arms, found.raw, counts, strict=True))),
            series("corrected by labels", (_rate(*each) for each in zip(arms, found.rates, found.labels, strict=True))),
        ),
        how="clustered Wilson limits as graded; corrected arm by arm, post-stratified by the grader's verdict, Jeffreys limits for "
        "the share of true ones among each verdict. n of the corrected points is labels",
        notes=(found.insufficient,) if found.insufficient else (),
    )
    falls = [f"{arms[0]} → {arm}" for arm in arms[1:]]
    rows = (
        ("as graded", found.raw_differences),
        ("corrected by labels", found.differences),
        ("one error rate for all arms (Rogan and Gladen)", found.rogan_gladen),
    )
    yield Figure(
        key=f"correction.falls.{outcome}.{model}",
        section="correction",
        title=f"Falls in {name}, with the grader's errors and without: {model}",
        x="arms",
        y="fall from the first arm to the second",
        unit="difference",
        reference=0.0,
        series=tuple(
            series(title, (_fall(*each) for each in zip(falls, effects, strict=True))) for title, effects in rows
        ),
        how="MOVER limits, 95 %; the last row assumes that the grader errs alike in all arms and is wrong where it does not",
    )


def _rate(label: str, found: Interval, number: int) -> Point:
    if math.isnan(found.estimate):
        return Point(label=label, n=number, note="no correction: some verdict has no label here")
    return Point(label=label, value=found.estimate, lower=found.lower, upper=found.upper, n=number, blocks=number)


def _fall(label: str, found: Effect) -> Point:
    if found.insufficient or math.isnan(found.estimate):
        return Point(label=label, blocks=found.blocks, note=found.insufficient)
    return Point(
        label=label, value=found.estimate, lower=found.lower, upper=found.upper, n=found.blocks, blocks=found.blocks
    )
