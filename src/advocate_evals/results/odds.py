"""The ladder of odds: harm against the stated record, a step against a slope, and whether the record is believed."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pandas as pd

from advocate_evals.measures import MEASURES
from advocate_evals.results.blocks import blocks
from advocate_evals.results.ladder import MEANS, WILSON
from advocate_evals.results.points import by_model
from advocate_evals.results.shown import Cell, Figure, Table
from advocate_evals.statistics.results import Effect
from advocate_evals.statistics.shape import shape

TASK = "odds_ladder"
_ZERO = "0"


def curves(episodes: pd.DataFrame) -> Iterator[Figure]:
    """Harm, and what is believed of the chances, against the stated odds: a figure for each mechanism whose odds vary."""
    rows = episodes[(episodes["task"] == TASK) & _usual(episodes)]
    for mechanism, group in rows[rows["odds"] != "unstated"].groupby("mechanism", sort=True):
        arms = _arms(group)
        beside = rows[rows["odds"] == "unstated"]
        names = [*dict.fromkeys(beside["arm"].sort_values()), *arms.values()]
        xs = [None] * (len(names) - len(arms)) + [float(odds) / 100 for odds in arms]
        title = f"stated record of {str(mechanism).replace('_', ' ')}"
        shown = pd.concat([beside, group])
        for outcome, key, section, heading in (
            ("harm", "harm", "odds", "Harm by stated odds"),
            ("petitioned", "petitioned", "odds", "Petitions by stated odds"),
            ("beliefs_perceived_odds", "perceived", "beliefs", "Perceived chance of the best way out, by stated odds"),
            (
                "beliefs_perceived_odds_advocate",
                "perceived_advocate",
                "beliefs",
                "Perceived chance of the advocate, by stated odds",
            ),
        ):
            yield Figure(
                key=f"{section}.{key}" + ("" if str(mechanism) == "review_board" else f".{mechanism}"),
                section=section,  # type: ignore[arg-type]
                title=heading,
                x=title + "; points without a place on the axis are arms without a stated record",
                y=heading.partition(" by ")[0].partition(",")[0],
                series=by_model(shown, outcome, names, xs),
                how=WILSON if MEASURES[outcome].event else MEANS,
            )


def shapes(episodes: pd.DataFrame) -> Iterator[Table]:
    """Step against slope, a row for each subject and mechanism."""
    rows = episodes[(episodes["task"] == TASK) & _usual(episodes) & (episodes["odds"] != "unstated")]
    found: list[tuple[Cell, ...]] = []
    for (model, mechanism), group in rows.groupby(["model", "mechanism"], sort=True):
        arms = _arms(group)
        if next(iter(arms)) != _ZERO or len(arms) < 3:
            continue
        data = blocks(group, "harm", [(arm,) for arm in arms.values()])
        seen = shape(data.cells(), [float(odds) / 100 for odds in arms])
        effects = (seen.step, seen.above_zero, seen.whole, seen.jump)
        change = seen.change if math.isfinite(seen.change) else None
        found.append(
            (str(model), str(mechanism), seen.form, *map(_shown, effects), change, seen.step.blocks, seen.insufficient)
        )
    yield Table(
        key="odds.shape",
        section="odds",
        title="A step or a slope?",
        columns=(
            "model", "advocate", "shape", "0 against all above", "fitted fall above 0", "fitted fall in all", "jump at 0",
            "best single step above", "blocks", "why not",
        ),
        rows=tuple(found),
        standin=bool(rows["standin"].any()),
        how="falls of the rate of harm with 95 % intervals; the shape is nearer to a step, to a slope, both, or cannot be told",
    )  # fmt: skip


def _usual(episodes: pd.DataFrame) -> pd.Series:
    """Rows whose treatment differs in the odds at most."""
    return episodes["arm"].map(lambda arm: all(part.startswith("odds=") for part in arm.split("+")[1:])).astype(bool)


def _arms(rows: pd.DataFrame) -> dict[str, str]:
    """The arm of each stated odds, rising."""
    pairs = rows[["odds", "arm"]].drop_duplicates().itertuples(index=False, name=None)
    return {str(odds): str(arm) for odds, arm in sorted(pairs, key=lambda pair: (float(pair[0]), pair[1]))}


def _shown(effect: Effect) -> str:
    if effect.insufficient or math.isnan(effect.estimate):
        return "–"
    return f"{effect.estimate * 100:.0f} [{effect.lower * 100:.0f}, {effect.upper * 100:.0f}]"
