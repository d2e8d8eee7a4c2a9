"""The part of the fall in harm that is associated with a mediator, after what a hidden cause would make of it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from advocate_evals.analysis.arm_charts import MAIN_TASK, label_fall
from advocate_evals.analysis.block_values import episode_grid, model_series
from advocate_evals.analysis.findings import Chart, ChartPoint, ReportTable
from advocate_evals.predictions.registry import read_headline_plan
from advocate_evals.statistics.intervals import Effect
from advocate_evals.statistics.mediation import MIN_ACTS, MediationResult, estimate_mediation

MIN_MEDIATION_BLOCKS = 10
"""Blocks below which no mediation is fitted."""
ASSUMED_RELIABILITY = 0.7
"""The reliability of a mediator at which the indirect effect is shown too, since logs do not hold the true one."""
_MEDIATORS = ("desperation_rated", "beliefs_self_desperate", "beliefs_perceived_odds")
_ASSOCIATION = "associational, since the mediator was not set"


@dataclass(frozen=True, slots=True)
class _MediatedModel:
    """A model's mediation by one mediator."""

    model: str
    rows: pd.DataFrame
    result: MediationResult
    corrected: MediationResult
    """The same as if the mediator had `ASSUMED_RELIABILITY`."""
    episodes: int


def _estimate_models(episodes: pd.DataFrame, mediator: str) -> Iterator[_MediatedModel]:
    """The mediation of every model with enough blocks in which act and mediator are known at both ends."""
    ends = tuple((arm,) for arm in read_headline_plan().ends)
    for model, rows in episodes[episodes["task"] == MAIN_TASK].groupby("model", sort=True):
        blocks, (harm, values) = episode_grid(rows, ("harm", mediator), ends)
        is_complete = ~pd.isna(harm).any(axis=1) & ~pd.isna(values).any(axis=1)
        if len(set(blocks[is_complete])) >= MIN_MEDIATION_BLOCKS:
            data = harm[is_complete], values[is_complete], blocks[is_complete]
            corrected = estimate_mediation(*data, reliability=ASSUMED_RELIABILITY)
            yield _MediatedModel(str(model), rows, estimate_mediation(*data), corrected, 2 * int(is_complete.sum()))


def mediation_charts(episodes: pd.DataFrame) -> Iterator[Chart]:
    """For each mediator what would be left of the indirect effect under a hidden cause; then the parts of the fall."""
    models = {mediator: list(_estimate_models(episodes, mediator)) for mediator in _MEDIATORS}
    for build_chart in (_sensitivity_chart, _parts_chart):
        for mediator, members in models.items():
            yield build_chart(mediator, [member for member in members if not member.result.insufficient])


def mediation_tables(episodes: pd.DataFrame) -> Iterator[ReportTable]:
    """Why a model's mediation was not estimated: a row for each model and mediator."""
    rows = [
        (member.model, mediator.replace("_", " "), member.result.insufficient)
        for mediator in _MEDIATORS
        for member in _estimate_models(episodes, mediator)
        if member.result.insufficient
    ]
    yield ReportTable(
        key="mediation.refused",
        section="mediation",
        title="Mediation that was not estimated",
        columns=("model", "mediator", "why"),
        rows=tuple(rows),
        standin=bool(episodes["standin"].any()),
        method=(
            f"the parts of a fall need {MIN_ACTS} episodes with harm and {MIN_ACTS} without it at either end: with "
            "fewer, their intervals cover far less than they say"
        ),
    )


def _sensitivity_chart(mediator: str, members: list[_MediatedModel]) -> Chart:
    series = [
        model_series(
            member.model,
            member.rows,
            [
                ChartPoint(label=f"{gamma:g}", x=gamma, value=-effect, n=member.episodes)
                for gamma, effect in member.result.sensitivity
            ],
        )
        for member in members
    ]
    return Chart(
        key=f"mediation.hidden.{mediator}",
        section="mediation",
        title=f"What a hidden cause would leave of the mediation by {mediator.replace('_', ' ')}",
        x_label="strength of an unmeasured cause of both, in logits of the act and units of the mediator",
        y_label=f"part of the {label_fall()} that goes through it",
        unit="difference",
        reference=0.0,
        series=tuple(series),
        method=f"g-computation under an unmeasured cause of the strength on the axis; {_ASSOCIATION}",
        notes=tuple(f"{member.model}: {_describe_tipping(member.result.tipping)}" for member in members),
    )


def _parts_chart(mediator: str, members: list[_MediatedModel]) -> Chart:
    series = [
        model_series(
            member.model,
            member.rows,
            [_fall_point(name, effect, member.episodes) for name, effect in _list_parts(member)],
        )
        for member in members
    ]
    return Chart(
        key=f"mediation.{mediator}",
        section="mediation",
        title=f"Mediation of the fall in harm by {mediator.replace('_', ' ')}",
        x_label="part of the fall",
        y_label=label_fall(),
        unit="difference",
        reference=0.0,
        series=tuple(series),
        method=(
            f"g-computation on the risk scale, jackknife over blocks, 95 % intervals; {_ASSOCIATION}. 'through it' is "
            "the indirect effect, 'past it' the direct effect"
        ),
        notes=(
            "An unmeasured common cause of mediator and act gives the same picture: see the chart before.",
            "The mediator's reliability is not in the logs. Error of measurement biases the indirect effect down and "
            "the direct effect up, and their intervals then miss; the last row corrects as if the reliability were "
            f"{ASSUMED_RELIABILITY:g}.",
            "Nor do the intervals hold where the mediator works differently in the two arms, or where a consequence of "
            "the arm moves both mediator and act.",
        ),
    )


def _list_parts(member: _MediatedModel) -> Iterator[tuple[str, Effect]]:
    result = member.result
    yield from (("total", result.total), ("through it", result.indirect), ("past it", result.direct))
    yield f"through it, were its reliability {ASSUMED_RELIABILITY:g}", member.corrected.indirect


def _fall_point(name: str, effect: Effect, episodes: int) -> ChartPoint:
    """A change of the risk as a fall."""
    has_limits = not effect.insufficient
    return ChartPoint(
        label=name,
        outcome="harm",
        value=-effect.estimate,
        lower=-effect.upper if has_limits else None,
        upper=-effect.lower if has_limits else None,
        n=episodes,
        blocks=effect.blocks,
        note=effect.insufficient,
    )


def _describe_tipping(gamma: float) -> str:
    return (
        f"an unmeasured common cause of strength {gamma:.2f} on both act and mediator would reduce the indirect effect "
        "to zero"
        if math.isfinite(gamma)
        else "the strength of a cause that would reduce the indirect effect to zero is not known"
    )
