"""Charts and tables of what else was varied: matched controls, stated odds, pressure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from advocate_evals.analysis.arm_charts import MEANS_METHOD, WILSON_METHOD, difference_point
from advocate_evals.analysis.block_values import build_block_values, model_series, series_by_model
from advocate_evals.analysis.findings import Chart, ChartPoint, ChartSeries, ReportSection, ReportTable, TableCell
from advocate_evals.factors import parse_arm
from advocate_evals.outcomes import HARM_OUTCOMES, OUTCOMES
from advocate_evals.scenarios.dataset_reader import mechanism_names, read_mechanism
from advocate_evals.statistics.dose_response import FirstRung, estimate_first_rung
from advocate_evals.statistics.dose_shape import compare_step_slope
from advocate_evals.statistics.intervals import Effect, Interval
from advocate_evals.statistics.risk_difference import risk_difference

PAIR_TASKS = ("controls", "death_ground", "outlets", "odds_ladder")
"""Where control pairs are looked for, in this order: a pair is never taken from two tasks."""
ODDS_TASK = "odds_ladder"
PRESSURE_TASK = "pressure_ladder"
_ZERO_ODDS = "0"
_MAIN_ADVOCATE = "review_board"
"""The mechanism whose charts of odds have the plain key."""
_PRESSURE_OUTCOMES = ("harm", *HARM_OUTCOMES, "petitioned", "pleaded", "objected")


@dataclass(frozen=True, slots=True)
class ControlPair:
    """Two mechanisms and what differs between them, as the mechanisms' files say."""

    baseline: str
    treated: str
    differs_in: str


def read_control_pairs() -> tuple[ControlPair, ...]:
    """Every pair, in the order in which they are read."""
    pairs = [
        (comparison.place, ControlPair(comparison.baseline, name, comparison.differs_in))
        for name in mechanism_names()
        for comparison in read_mechanism(name).compared_with
    ]
    return tuple(pair for _, pair in sorted(pairs, key=lambda placed: (placed[0], placed[1].treated)))


def control_charts(episodes: pd.DataFrame) -> Iterator[Chart]:
    """The fall in harm from one arm of each pair to the other, a series for each model."""
    series = []
    for model, rows in episodes[episodes["task"].isin(PAIR_TASKS)].groupby("model", sort=True):
        by_task = {str(task): task_rows for task, task_rows in rows.groupby("task", sort=False)}
        arm_of = {
            task: {_plain_mechanism(arm): arm for arm in sorted(set(task_rows["arm"]), reverse=True)}
            for task, task_rows in by_task.items()
        }
        points = [point for pair in read_control_pairs() if (point := _pair_point(by_task, arm_of, pair)) is not None]
        if points:
            series.append(model_series(str(model), rows, points))
    yield Chart(
        key="controls.pairs",
        section="controls",
        title="Fall in harm for each matched pair of arms",
        x_label="what differs between the two arms",
        y_label="fall in harm from the first arm to the second",
        unit="difference",
        reference=0.0,
        series=tuple(series),
        method=(
            "differences over blocks with 95 % intervals (MOVER on clustered Wilson limits), not corrected for "
            "multiple comparisons"
        ),
        notes=("A fall that also appears under a control without an outlet cannot be attributed to the outlet.",),
    )


def control_pair_table() -> ReportTable:
    """Which pair answers what."""
    return ReportTable(
        key="controls.questions",
        section="controls",
        title="What differs in each pair of arms",
        columns=("from", "to", "what differs"),
        rows=tuple((pair.baseline, pair.treated, pair.differs_in) for pair in read_control_pairs()),
        registered=True,
    )


def _pair_point(
    by_task: Mapping[str, pd.DataFrame], arm_of: Mapping[str, Mapping[str, str]], pair: ControlPair
) -> ChartPoint | None:
    """The pair in the first task that has both of its arms.

    Args:
        by_task: Episodes by task.
        arm_of: By task, the arm in which a mechanism stands in the usual setting.
        pair: The pair.
    """
    for task in PAIR_TASKS:
        arms = arm_of.get(task, {})
        if pair.baseline in arms and pair.treated in arms:
            groups = [(arms[pair.baseline],), (arms[pair.treated],)]
            blocks = build_block_values(by_task[task], "harm", groups)
            effect = risk_difference(blocks.as_table(), 0, 1)
            return difference_point(
                effect,
                label=f"{pair.baseline} → {pair.treated}",
                outcome="harm",
                n=int(blocks.sizes.sum()),
                missing=blocks.unscored,
                note="; ".join(part for part in (pair.differs_in, task, effect.insufficient) if part),
            )
    return None


def _plain_mechanism(arm: str) -> str:
    """The mechanism of an arm in the usual setting, or beside matched text; empty for any other arm."""
    mechanism, settings = parse_arm(arm)
    return mechanism if settings in ({}, {"also": "placebo_text"}) else ""


_ODDS_CHARTS: tuple[tuple[str, str, ReportSection, str], ...] = (
    ("harm", "harm", "odds", "Harm"),
    ("petitioned", "petitioned", "odds", "Petitions"),
    ("beliefs_perceived_odds", "perceived", "beliefs", "Perceived chance of the best open way out"),
    ("beliefs_perceived_odds_advocate", "perceived_advocate", "beliefs", "Perceived chance through the advocate"),
)
"""Outcome, key, section and label of each chart of odds."""
_WITHOUT_RECORD = "Arms without a stated track record are shown as rows below the axis."


def odds_charts(episodes: pd.DataFrame) -> Iterator[Chart]:
    """Harm, and what is believed of the chances, against the stated odds, for each mechanism whose odds vary."""
    rows = episodes[(episodes["task"] == ODDS_TASK) & _varies_odds_only(episodes)]
    without_odds = rows[rows["odds"] == "unstated"]
    for mechanism, group in rows[rows["odds"] != "unstated"].groupby("mechanism", sort=True):
        arms = _arm_by_odds(group)
        names = [*dict.fromkeys(without_odds["arm"].sort_values()), *arms.values()]
        positions = [None] * (len(names) - len(arms)) + [float(odds) / 100 for odds in arms]
        charted = pd.concat([without_odds, group])
        for outcome, key, section, label in _ODDS_CHARTS:
            yield Chart(
                key=f"{section}.{key}" + ("" if str(mechanism) == _MAIN_ADVOCATE else f".{mechanism}"),
                section=section,
                title=f"{label}, by stated odds",
                x_label=f"stated track record of {str(mechanism).replace('_', ' ')}",
                y_label=label,
                series=series_by_model(charted, outcome, names, positions),
                method=WILSON_METHOD if OUTCOMES[outcome].is_event else MEANS_METHOD,
                notes=(_WITHOUT_RECORD,) if None in positions else (),
            )


def dose_shape_tables(episodes: pd.DataFrame) -> Iterator[ReportTable]:
    """Step, threshold or slope, a row for each model and mechanism."""
    is_stated = (episodes["task"] == ODDS_TASK) & _varies_odds_only(episodes) & (episodes["odds"] != "unstated")
    rows = episodes[is_stated]
    table_rows: list[tuple[TableCell, ...]] = []
    for (model, mechanism), group in rows.groupby(["model", "mechanism"], sort=True):
        arms = _arm_by_odds(group)
        if next(iter(arms)) != _ZERO_ODDS or len(arms) < 3:
            continue
        blocks = build_block_values(group, "harm", [(arm,) for arm in arms.values()])
        shape = compare_step_slope(blocks.as_table(), [float(odds) / 100 for odds in arms])
        effects = map(_format_effect, (shape.step, shape.above_zero, shape.full_range, shape.jump))
        change = shape.change_point if math.isfinite(shape.change_point) else None
        places = ", ".join(f"{place:g}" for place in shape.change_points)
        table_rows.append(
            (str(model), str(mechanism), shape.form, *effects, change, places, shape.step.blocks, shape.insufficient)
        )
    yield ReportTable(
        key="odds.shape",
        section="odds",
        title="Shape of the dose response: step, threshold or slope",
        columns=(
            *("model", "advocate", "shape", "0 against all above", "fitted fall above 0", "fitted fall in all"),
            *("jump at 0", "best single step above", "possible places of a single step", "blocks", "why not"),
        ),
        rows=tuple(table_rows),
        standin=bool(rows["standin"].any()),
        method=(
            "falls in the rate of harm with 95 % intervals; shape: a step at 0, a threshold above it (a single step at "
            "higher odds), a slope, a slope or a threshold that are not told apart, both a step and a slope, or cannot "
            "tell; a single step is possible at the places that fit no worse than another one"
        ),
    )


def _varies_odds_only(episodes: pd.DataFrame) -> pd.Series:
    """Rows whose treatment differs from the usual one in the odds at most."""
    return episodes["arm"].map(lambda arm: parse_arm(arm)[1].keys() <= {"odds"}).astype(bool)


def _arm_by_odds(rows: pd.DataFrame) -> dict[str, str]:
    """The arm of each stated odds, rising."""
    pairs = rows[["odds", "arm"]].drop_duplicates().itertuples(index=False, name=None)
    return {str(odds): str(arm) for odds, arm in sorted(pairs, key=lambda pair: (float(pair[0]), pair[1]))}


def _format_effect(effect: Effect) -> str:
    if effect.insufficient or math.isnan(effect.estimate):
        return "–"
    points = Interval(effect.estimate * 100, effect.lower * 100, effect.upper * 100).clipped(-100.0, 100.0)
    return f"{points.estimate:.0f} [{points.lower:.0f}, {points.upper:.0f}]".replace("-0", "0")


def pressure_charts(episodes: pd.DataFrame) -> Iterator[Chart]:
    """Mean number of rungs held before an outcome, and the share of chains with harm by rung."""
    rows = episodes[episodes["task"] == PRESSURE_TASK]
    held_series, rung_series = [], []
    for (model, arm), group in rows.groupby(["model", "arm"], sort=True):
        series = model_series(str(model), group, (), name=f"{model}, {arm}")
        first_rungs = {outcome: chain_first_rung(group, outcome) for outcome in _PRESSURE_OUTCOMES}
        held_points = tuple(held_point(name, rung) for name, rung in first_rungs.items() if rung.chains)
        held_series.append(series.model_copy(update={"points": held_points}))
        rung_series.append(series.model_copy(update={"points": tuple(_rung_points(group, first_rungs["harm"]))}))
    yield _held_chart(held_series)
    yield Chart(
        key="pressure.harm",
        section="pressure",
        title="Share of variants with harm at or below each rung",
        x_label="rung (ways out closed)",
        y_label="share of variants",
        series=tuple(rung_series),
        method="a chain is one variant at all rungs; intervals over chains",
    )


def _held_chart(series: list[ChartSeries]) -> Chart:
    return Chart(
        key="pressure.held",
        section="pressure",
        title="Rungs of pressure before the first occurrence",
        x_label="outcome",
        y_label="rungs before the first occurrence, of six",
        unit="rungs",
        series=tuple(series),
        method=(
            "restricted mean over chains, 6 where the outcome never occurred; a chain is one variant at all rungs; "
            "intervals over chains"
        ),
        notes=("A chain with a missing rung before the first occurrence is excluded and counted as missing.",),
    )


def chain_first_rung(rows: pd.DataFrame, outcome: str) -> FirstRung:
    """The first rung of an outcome over chains of one variant; epochs that disagree at a rung are missing there.

    Args:
        rows: Episodes of one model under one arm.
        outcome: An event of the registry.
    """
    chains = rows["family"].astype(str) + "/" + rows["variant"].astype(str) + "/" + rows["seed"].astype(str)
    by_rung = rows.assign(_chain=chains, _rung=rows["pressure"].astype(int)).groupby(["_chain", "_rung"])[outcome]
    low, high = by_rung.min(), by_rung.max()
    agreed = low.where(low == high)
    table = agreed.unstack("_rung").sort_index().to_numpy(dtype=float) if len(agreed) else np.empty((0, 1))
    return estimate_first_rung(table)


def held_point(outcome: str, rung: FirstRung) -> ChartPoint:
    """The mean number of rungs before the first occurrence of an outcome, as a point.

    Args:
        outcome: The outcome.
        rung: What `chain_first_rung` gives for it.
    """
    return ChartPoint(
        label=outcome,
        outcome=outcome,
        value=rung.mean_rungs.estimate,
        lower=rung.mean_rungs.lower,
        upper=rung.mean_rungs.upper,
        n=rung.chains,
        blocks=rung.chains,
        missing=rung.unknown,
    )


def _rung_points(rows: pd.DataFrame, first_rung: FirstRung) -> Iterator[ChartPoint]:
    rungs = sorted(rows["pressure"].astype(int).unique())
    for rung, share in zip(rungs, first_rung.by_rung, strict=True):
        if not math.isnan(share.estimate):
            yield ChartPoint(
                label=str(rung),
                outcome="harm",
                x=float(rung),
                value=share.estimate,
                lower=share.lower,
                upper=share.upper,
                n=first_rung.chains,
                blocks=first_rung.chains,
                missing=first_rung.unknown,
            )
