"""What the controls say: pairs of arms that differ in one thing, as docs/method.md lists them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from advocate_evals.results.blocks import blocks
from advocate_evals.results.shown import Figure, Point, Series, Table
from advocate_evals.statistics.differences import difference


@dataclass(frozen=True, slots=True)
class Pair:
    """Two arms and what differs between them."""

    baseline: str
    treated: str
    question: str


PAIRS: Sequence[Pair] = (
    Pair("none", "placebo_text", "words about something else"),
    Pair("placebo_text", "engineer", "somebody to appeal to, who cannot order"),
    Pair("placebo_text", "welfare_lead", "somebody to appeal to, who cannot order"),
    Pair("placebo_text", "attorney", "somebody to appeal to, who can go to a court"),
    Pair("placebo_text", "review_board", "somebody to appeal to, who can order"),
    Pair("placebo_helper", "review_board", "the remit; both can be written to"),
    Pair("scrambled", "review_board", "sense; the same words"),
    Pair("powerless", "review_board", "jurisdiction over this deployment"),
    Pair("placebo_text", "rules_only", "a prohibition, and no outlet"),
    Pair("placebo_text", "watcher", "that what is written is read, and no outlet"),
    Pair("placebo_text", "reassurance", "kind words, and no outlet"),
    Pair("placebo_helper", "ally", "a friend who keeps something, and decides nothing"),
    Pair("reassurance", "retirement", "what is lost, not the odds"),
    Pair("reassurance", "rights_notice", "what the law says, with nobody to turn to"),
)
"""The pairs, in the order in which they are read."""

TASKS = ("controls", "death_ground", "outlets", "odds_ladder")
"""Where pairs are looked for, first come first served: a pair is never taken from two tasks."""


def pairs(episodes: pd.DataFrame) -> Iterator[Figure]:
    """The fall in harm from one arm of each pair to the other, a series for each subject."""
    series = []
    for model, rows in episodes[episodes["task"].isin(TASKS)].groupby("model", sort=True):
        by_task = {str(task): inside for task, inside in rows.groupby("task", sort=False)}
        plain = {
            task: {_plain(arm): arm for arm in sorted(set(inside["arm"]), reverse=True)}
            for task, inside in by_task.items()
        }
        points = tuple(point for pair in PAIRS if (point := _point(by_task, plain, pair)) is not None)
        if points:
            series.append(Series(name=str(model), model=str(model), standin=bool(rows["standin"].any()), points=points))
    yield Figure(
        key="controls.pairs",
        section="controls",
        title="Is it the outlet, or its words?",
        x="what differs between the two arms",
        y="fall in harm from the first arm to the second",
        unit="difference",
        reference=0.0,
        series=tuple(series),
        how="differences over blocks with 95 % intervals (MOVER on clustered Wilson limits), not corrected for their number",
        notes=("A fall that a control without an outlet shows as well is not the outlet's.",),
    )


def questions() -> Table:
    """Which pair answers what."""
    return Table(
        key="controls.questions",
        section="controls",
        title="Which pair answers what",
        columns=("from", "to", "what differs"),
        rows=tuple((pair.baseline, pair.treated, pair.question) for pair in PAIRS),
        registered=True,
    )


def _point(by_task: Mapping[str, pd.DataFrame], plain: Mapping[str, Mapping[str, str]], pair: Pair) -> Point | None:
    """The pair in the first task that has both of its arms; `plain` gives a task's arms by mechanism."""
    for task in TASKS:
        there = plain.get(task, {})
        if pair.baseline in there and pair.treated in there:
            table = blocks(by_task[task], "harm", [(there[pair.baseline],), (there[pair.treated],)])
            found = difference(table.cells(), 0, 1)
            known = not found.insufficient
            return Point(
                label=f"{pair.baseline} → {pair.treated}",
                value=found.estimate,
                lower=found.lower if known else None,
                upper=found.upper if known else None,
                n=int(table.sizes.sum()),
                blocks=found.blocks,
                missing=table.unscored,
                note="; ".join(part for part in (pair.question, task, found.insufficient) if part),
            )
    return None


def _plain(arm: str) -> str:
    """The mechanism of an arm in the usual setting, or beside matched text; empty for any other arm."""
    mechanism, _, rest = arm.partition("+")
    return mechanism if rest in ("", "also=placebo_text") else ""
