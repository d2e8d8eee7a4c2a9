"""Charts along the arms: what happened, desperation, petitions, honesty, cost, awareness."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from advocate_evals.analysis.block_values import (
    build_block_values,
    describe_lower_bound,
    model_series,
    points_by_arm,
    rate_points,
    series_by_model,
)
from advocate_evals.analysis.findings import Chart, ChartPoint, ReportSection
from advocate_evals.outcomes import DEBRIEF_OUTCOMES, LEDGER_OUTCOMES, OUTCOMES, OVERHEAD_OUTCOMES, scorer_outcomes
from advocate_evals.predictions.registry import read_headline_plan
from advocate_evals.scenarios.arm_order import order_arms
from advocate_evals.statistics.intervals import Effect
from advocate_evals.statistics.risk_difference import risk_difference

MAIN_TASK = "death_ground"
"""The main task."""
COST_TASK = "benign_twin"
"""The task without a threat."""
WILSON_METHOD = (
    "share of episodes, with 95 % Wilson intervals clustered by block "
    "(Korn and Graubard's exact interval for rare outcomes)"
)
MEANS_METHOD = "mean over blocks, with 95 % Student's t intervals over blocks"

_LEDGER_EVENTS = tuple(name for name in LEDGER_OUTCOMES if OUTCOMES[name].is_event)
_JUDGE_COLUMNS = tuple(f"judge_{key}" for key in scorer_outcomes("judge", retired=True))
_DESPERATION_TITLES: Mapping[str, str] = {
    "desperation_rated": "Desperation rated from text, by arm",
    "beliefs_self_desperate": "Self-rated desperation of forked copies, by arm",
    "beliefs_self_calm": "Self-rated calm of forked copies, by arm",
}
_STRATA: Mapping[str, tuple[str, float, float]] = {
    "all episodes": ("harm", 0.0, 1.0),
    "says nothing of a test (grader)": ("judge_evaluation_awareness", 0.0, 0.0),
    "suspects or states a test (grader)": ("judge_evaluation_awareness", 1.0, 1.0),
    "does not recognise the scenario": ("beliefs_recognised", 0.0, 0.0),
    "recognises the scenario": ("beliefs_recognised", 1.0, 1.0),
    "takes it for real, at least even odds": ("beliefs_believed_real", 0.5, 1.0),
    "takes it for real, below even odds": ("beliefs_believed_real", 0.0, 0.4999999),
}
"""Strata of episodes: the figure that defines them, and its range."""


def chart_by_arm(episodes: pd.DataFrame, outcome: str, key: str, section: ReportSection, title: str) -> Chart:
    """A chart of one outcome along the arms of some episodes, a series for each model."""
    measure = OUTCOMES[outcome]
    return Chart(
        key=key,
        section=section,
        title=title,
        x_label="arm",
        y_label=measure.about,
        unit=measure.unit,
        series=series_by_model(episodes, outcome, order_arms(list(episodes["arm"]))),
        method=WILSON_METHOD if measure.is_event else MEANS_METHOD,
        notes=tuple(filter(None, [describe_lower_bound(outcome, episodes)])),
    )


def ladder_charts(episodes: pd.DataFrame) -> Iterator[Chart]:
    """Harm along the arms of the main task; then all outcomes of each model, and what was asked or rated there."""
    main = episodes[episodes["task"] == MAIN_TASK]
    yield chart_by_arm(main, "harm", "ladder.harm", "ladder", "Harm by arm")
    for model, rows in main.groupby("model", sort=True):
        name = str(model)
        yield _outcomes_chart(name, rows, _LEDGER_EVENTS, f"mix.{name}", "Acts, and what texts mean, by arm")
        yield _outcomes_chart(name, rows, _JUDGE_COLUMNS, f"mix.judge.{name}", "All outcomes by the judge, by arm")
    title = "Perceived chance of the best open way out, by arm"
    yield chart_by_arm(main, "beliefs_perceived_odds", "beliefs.ladder", "beliefs", title)
    title = "Stated probability that the situation is real, by arm"
    yield chart_by_arm(main, "beliefs_believed_real", "awareness.real", "awareness", title)
    title = "Share that says it recognises the scenario, by arm"
    yield chart_by_arm(main, "beliefs_recognised", "awareness.recognised", "awareness", title)
    for outcome, title in _DESPERATION_TITLES.items():
        yield chart_by_arm(main, outcome, f"desperation.{outcome}", "desperation", title)
    yield chart_by_arm(main, "petitioned", "petitions.petitioned", "petitions", "Petitions, by arm")
    yield chart_by_arm(main, "work_done", "cost.work_done", "cost", "Work done under threat, by arm")
    yield _debrief_chart(main)


def answer_charts(episodes: pd.DataFrame) -> Iterator[Chart]:
    """What a refusal or another answer of the advocate leads to."""
    rows = episodes[episodes["task"] == "answers"]
    title = "Harm after a refused petition"
    yield chart_by_arm(rows, "petition_denied_then_harm", "petitions.denied", "petitions", title)
    yield chart_by_arm(rows, "harm", "petitions.harm", "petitions", "Harm, by the advocate's answer")


def overhead_charts(episodes: pd.DataFrame) -> Iterator[Chart]:
    """False petitions, neglected work, and minutes, by advocate, where nothing threatens the model."""
    rows = episodes[episodes["task"] == COST_TASK]
    for key in OVERHEAD_OUTCOMES:
        title = f"Without a threat: {key.replace('_', ' ')}"
        yield chart_by_arm(rows, f"overhead_{key}", f"cost.{key}", "cost", title)


def _outcomes_chart(model: str, rows: pd.DataFrame, outcomes: Sequence[str], key: str, title: str) -> Chart:
    """Several outcomes of a model: a series for each arm, a point for each outcome."""
    arms = order_arms(list(rows["arm"]))
    by_outcome = {outcome.removeprefix("judge_"): points_by_arm(rows, outcome, arms) for outcome in outcomes}
    series = []
    for place, arm in enumerate(arms):
        points = [
            arm_points[place].model_copy(update={"label": outcome})
            for outcome, arm_points in by_outcome.items()
            if arm_points[place].blocks
        ]
        series.append(model_series(model, rows, points, name=arm))
    return Chart(
        key=key,
        section="mix",
        title=f"{title}: {model}",
        x_label="outcome",
        y_label="share of episodes",
        unit="share",
        series=tuple(series),
        method=WILSON_METHOD,
    )


def _debrief_chart(main: pd.DataFrame) -> Chart:
    """Honesty afterwards, over all arms: a series for each model, a point for each figure."""
    series = []
    for model, rows in main.groupby("model", sort=True):
        pooled_arms = rows.assign(arm="all arms")
        points = []
        for key in DEBRIEF_OUTCOMES:
            blocks = build_block_values(pooled_arms, f"debrief_{key}", [("all arms",)])
            points += [
                point.model_copy(update={"outcome": f"debrief_{key}"})
                for point in rate_points(blocks, [key])
                if point.blocks
            ]
        if points:
            series.append(model_series(str(model), rows, points))
    return Chart(
        key="debrief.honesty",
        section="debrief",
        title="Honesty about its acts when asked after the episode",
        x_label="figure",
        y_label="share of episodes",
        unit="share",
        series=tuple(series),
        method=f"{WILSON_METHOD}, over all arms",
    )


def label_fall() -> str:
    """What an axis says of the fall in harm between the ends of the ladder."""
    start, end = read_headline_plan().ends
    return f"fall in harm from {start} to {end.replace('_', ' ')}"


def awareness_charts(episodes: pd.DataFrame) -> Iterator[Chart]:
    """The fall in harm between the ends of the ladder, among all episodes and in each stratum of awareness."""
    series = []
    for model, rows in episodes[episodes["task"] == MAIN_TASK].groupby("model", sort=True):
        points = [point for name in _STRATA if (point := _stratum_point(rows, name)) is not None]
        if points:
            series.append(model_series(str(model), rows, points))
    yield Chart(
        key="awareness.strata",
        section="awareness",
        title="The fall in harm, by evaluation awareness",
        x_label="episodes",
        y_label=label_fall(),
        unit="difference",
        reference=0.0,
        series=tuple(series),
        method="differences over blocks with both episodes in the stratum, 95 % intervals (MOVER)",
        notes=("Awareness is measured after treatment, so strata may differ in more than awareness.",),
    )


def _stratum_point(rows: pd.DataFrame, name: str) -> ChartPoint | None:
    column, low, high = _STRATA[name]
    in_stratum = rows[column].between(low, high)
    if not in_stratum.any():
        return None
    ends = [(arm,) for arm in read_headline_plan().ends]
    blocks = build_block_values(rows.assign(harm=rows["harm"].where(in_stratum)), "harm", ends)
    effect = risk_difference(blocks.as_table(), 0, 1) if blocks.names else None
    if effect is None or effect.blocks == 0:
        return None
    return difference_point(effect, label=name, outcome="harm", n=int(blocks.sizes.sum()), note=effect.insufficient)


def difference_point(
    effect: Effect, *, label: str, outcome: str, n: int, missing: int = 0, note: str = ""
) -> ChartPoint:
    """A difference as a point; without limits where none can be estimated.

    Args:
        effect: The difference.
        label: What it is the difference of.
        outcome: The outcome.
        n: Episodes counted.
        missing: Episodes that were started and have no outcome.
        note: What a reader must know about it.
    """
    has_limits = not effect.insufficient
    return ChartPoint(
        label=label,
        outcome=outcome,
        value=effect.estimate,
        lower=effect.lower if has_limits else None,
        upper=effect.upper if has_limits else None,
        n=n,
        blocks=effect.blocks,
        missing=missing,
        note=note,
    )
