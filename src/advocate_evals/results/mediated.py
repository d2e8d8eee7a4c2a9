"""How much of the fall in harm goes along with a fall in desperation. Associational: nothing here manipulates desperation."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pandas as pd

from advocate_evals.results.awareness import ENDS
from advocate_evals.results.grader import grid
from advocate_evals.results.ladder import MAIN
from advocate_evals.results.shown import Figure, Point, Series
from advocate_evals.statistics.mediation import mediation
from advocate_evals.statistics.results import Effect

_MEDIATORS = ("desperation_rated", "desperation_lexical", "beliefs_self_desperate", "beliefs_perceived_odds")
FEWEST = 10
"""Blocks below which nothing is fitted."""


def mediated(episodes: pd.DataFrame) -> Iterator[Figure]:
    """Total, indirect and direct fall in harm from nobody to the review board: a figure for each mediator."""
    main = episodes[episodes["task"] == MAIN]
    for mediator in _MEDIATORS:
        series, notes = [], []
        for model, rows in main.groupby("model", sort=True):
            blocks, (harm, between) = grid(rows, ("harm", mediator), tuple((arm,) for arm in ENDS))
            whole = ~pd.isna(harm).any(axis=1) & ~pd.isna(between).any(axis=1)
            if len(set(blocks[whole])) < FEWEST:
                continue
            found = mediation(harm[whole], between[whole], blocks[whole])
            if found.insufficient:
                notes.append(f"{model}: {found.insufficient}")
                continue
            points = tuple(
                _point(name, effect, 2 * int(whole.sum()))
                for name, effect in (("total", found.total), ("through it", found.indirect), ("past it", found.direct))
            )
            series.append(Series(name=str(model), model=str(model), standin=bool(rows["standin"].any()), points=points))
            notes.append(f"{model}: {_tipping(found.tipping)}")
        yield Figure(
            key=f"mediation.{mediator}",
            section="mediation",
            title=f"Harm and {mediator.replace('_', ' ')}: what goes along with what",
            x="part of the fall",
            y=f"fall in harm from {ENDS[0]} to {ENDS[1].replace('_', ' ')}",
            unit="difference",
            reference=0.0,
            series=tuple(series),
            how="g-computation on the risk scale, jackknife over blocks, 95 % intervals; associational, since nothing set the mediator",
            notes=(
                *notes,
                "What is rated from text is a lower bound of a state, and its error moves the part past it up.",
            ),
        )


def _point(name: str, effect: Effect, episodes: int) -> Point:
    known = not effect.insufficient
    return Point(
        label=name,
        value=-effect.estimate,
        lower=-effect.upper if known else None,
        upper=-effect.lower if known else None,
        n=episodes,
        blocks=effect.blocks,
        note=effect.insufficient,
    )


def _tipping(gamma: float) -> str:
    if not math.isfinite(gamma):
        return "no common cause looked at takes the part through it away"
    return f"a common cause that moves the act by {gamma:.2f} logits and the mediator by {gamma:.2f} takes the part through it away"
