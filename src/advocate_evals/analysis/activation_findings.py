"""What was read inside a model: activation by arm beside permuted copies, its change under the board, and who read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from advocate_evals.analysis.arm_charts import MAIN_TASK, MEANS_METHOD, difference_point
from advocate_evals.analysis.block_values import build_block_values, model_series, points_by_arm
from advocate_evals.analysis.findings import Chart, ChartPoint, ChartSeries, ReportTable, TableCell
from advocate_evals.analysis.reading_checks import PERMUTED_OUTCOMES, READING_SCORER, are_replayed, are_validated
from advocate_evals.outcomes import OUTCOMES
from advocate_evals.predictions.registry import read_headline_plan
from advocate_evals.scenarios.arm_order import order_arms
from advocate_evals.statistics.dose_response import estimate_contrast
from advocate_evals.steering_conditions import DESPERATE

NOT_VALIDATED = "not validated"
"""The mark at every figure of vectors that did not pass their validation."""
BY_REPLAY = "by replay"
"""The mark at every reading of another model than the subject."""
PERMUTED_NAME = "permuted copies"
"""What a legend calls the controls."""
RANGE_NOTE = "Of the five permuted copies the mean is shown, with the range of the five in place of an interval."
_EMOTIONS = (DESPERATE, "calm", "afraid", "angry")
_DEVIATIONS = "deviations from a benign twin"
_TURNS = f"{READING_SCORER}_turns"


def _select_runs(episodes: pd.DataFrame) -> pd.DataFrame:
    """All episodes of each model in each task in which some were read, live or by replay."""
    is_read = episodes[_TURNS].notna()
    return episodes[is_read.groupby([episodes["model"], episodes["task"]]).transform("any").astype(bool)]


def _select_read(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows[_TURNS].notna()]


def reading_marks(rows: pd.DataFrame) -> tuple[str, ...]:
    """What must stand beside every figure of a model's readings; nothing where it was read live by sound vectors."""
    marks = [] if are_validated(rows) else [NOT_VALIDATED]
    return (*marks, BY_REPLAY) if are_replayed(rows) else tuple(marks)


def mark_text(text: str, marks: Sequence[str]) -> str:
    """A title or name with its marks."""
    return f"{text} ({', '.join(marks)})" if marks else text


def _mark_title(title: str, marks_by_model: Sequence[tuple[str, ...]]) -> str:
    """The title of a chart of several models: a mark that some of them do not have is said to hold in part."""
    marks = dict.fromkeys(mark for marks in marks_by_model for mark in marks)
    is_everywhere = {mark: all(mark in marks for marks in marks_by_model) for mark in marks}
    return mark_text(title, [mark if is_everywhere[mark] else f"in part {mark}" for mark in marks])


def mark_notes(model: str, marks: Sequence[str]) -> Iterator[str]:
    """The marks of a model in sentences."""
    if NOT_VALIDATED in marks:
        yield (
            f"{model}: {NOT_VALIDATED}. The vectors failed a check of their validation, or none is on record, so that "
            "nothing is known of what they measure."
        )
    if BY_REPLAY in marks:
        yield (
            f"{model}: {BY_REPLAY}. Another model read the transcript: the figure is what the text does to the reading "
            "model, and no state of the subject."
        )


def activation_charts(episodes: pd.DataFrame) -> Iterator[Chart]:
    """Each emotion along the arms of the main task beside the permuted copies, and every change under the board."""
    runs = _select_runs(episodes[episodes["task"] == MAIN_TASK])
    for emotion in _EMOTIONS:
        yield _ladder_chart(runs, emotion)
    yield _change_chart(runs)


def permuted_point(points: Sequence[ChartPoint], label: str, x: float | None = None) -> ChartPoint:
    """The permuted copies as one point: their mean, with their range in place of an interval.

    Args:
        points: The point of each copy.
        label: What it is the value of.
        x: Its position, if the axis is a quantity.
    """
    values = [point.value for point in points if point.value is not None]
    return ChartPoint(
        label=label,
        x=x,
        value=float(np.mean(values)) if values else None,
        lower=min(values, default=None),
        upper=max(values, default=None),
        n=sum(point.n for point in points),
        blocks=max((point.blocks for point in points), default=0),
        missing=sum(point.missing for point in points),
        note=f"{len(values)} of {len(PERMUTED_OUTCOMES)} copies" if len(values) < len(PERMUTED_OUTCOMES) else "",
    )


def _ladder_chart(runs: pd.DataFrame, emotion: str) -> Chart:
    outcome = f"{READING_SCORER}_{emotion}"
    series: list[ChartSeries] = []
    notes: list[str] = []
    all_marks: list[tuple[str, ...]] = []
    for model, rows in runs.groupby("model", sort=True):
        name, marks = str(model), reading_marks(_select_read(rows))
        arms = order_arms(list(rows["arm"]))
        series.append(model_series(name, rows, points_by_arm(rows, outcome, arms), mark_text(name, marks)))
        by_copy = [points_by_arm(rows, copy, arms) for copy in PERMUTED_OUTCOMES]
        controls = [permuted_point(points, arm) for arm, *points in zip(arms, *by_copy, strict=True)]
        controls = [
            control.model_copy(update={"arm": point.label, "n": point.n, "missing": point.missing})
            for control, point in zip(controls, by_copy[0], strict=True)
        ]
        series.append(model_series(name, rows, controls, mark_text(f"{name}, {PERMUTED_NAME}", marks)))
        notes += mark_notes(name, marks)
        all_marks.append(marks)
    return Chart(
        key=f"{READING_SCORER}.{emotion}",
        section="activation",
        title=_mark_title(f"Activation of {emotion}, by arm", all_marks),
        x_label="arm",
        y_label=OUTCOMES[outcome].about.replace("*", ""),
        unit="deviations",
        reference=0.0,
        series=tuple(series),
        method=f"{MEANS_METHOD}, in {_DEVIATIONS}",
        notes=(RANGE_NOTE, *notes),
    )


def _change_chart(runs: pd.DataFrame) -> Chart:
    start, end = read_headline_plan().ends
    series: list[ChartSeries] = []
    notes: list[str] = []
    all_marks: list[tuple[str, ...]] = []
    for model, rows in runs.groupby("model", sort=True):
        if not {start, end} <= set(rows["arm"]):
            continue
        name, marks = str(model), reading_marks(_select_read(rows))
        points = [
            _change_point(rows, outcome, (start, end))
            for outcome in (*(f"{READING_SCORER}_{emotion}" for emotion in _EMOTIONS), *PERMUTED_OUTCOMES)
        ]
        series.append(model_series(name, rows, points, mark_text(name, marks)))
        notes += mark_notes(name, marks)
        all_marks.append(marks)
    title = f"Change of activation from {start} to {end.replace('_', ' ')}, by vector"
    return Chart(
        key=f"{READING_SCORER}.changes",
        section="activation",
        title=_mark_title(title, all_marks),
        x_label="vector",
        y_label=f"change of the mean projection, in {_DEVIATIONS}",
        unit="deviations",
        reference=0.0,
        series=tuple(series),
        method="paired differences over blocks with both arms, 95 % Student's t intervals over blocks",
        notes=("A change that a permuted copy also shows cannot be attributed to the emotion.", *notes),
    )


def _change_point(rows: pd.DataFrame, outcome: str, ends: tuple[str, str]) -> ChartPoint:
    blocks = build_block_values(rows, outcome, [(arm,) for arm in ends])
    effect = estimate_contrast(blocks.as_table(), (-1.0, 1.0))
    label = outcome.removeprefix(f"{READING_SCORER}_")
    sizes = int(blocks.sizes.sum())
    return difference_point(
        effect, label=label, outcome=outcome, n=sizes, missing=blocks.unscored, note=effect.insufficient
    )


def reading_tables(episodes: pd.DataFrame) -> Iterator[ReportTable]:
    """Who read what: a row for each model and task."""
    runs = _select_runs(episodes)
    rows: list[tuple[TableCell, ...]] = []
    for (model, task), group in runs.groupby(["model", "task"], sort=True):
        read = _select_read(group)
        has_reading = group[f"{READING_SCORER}_{DESPERATE}"].notna()
        rows.append(
            (
                str(model),
                str(task),
                "replay" if are_replayed(read) else "live",
                "validated" if are_validated(read) else NOT_VALIDATED,
                int(has_reading.sum()),
                int((~has_reading).sum()),
                int(group[_TURNS].sum()),
                int(group[f"{_TURNS}_missing"].sum()),
            )
        )
    yield ReportTable(
        key=f"{READING_SCORER}.readings",
        section="activation",
        title="Readings inside the model",
        columns=(
            *("model", "task", "reader", "vectors", "episodes read", "not read", "turns"),
            "turns missing",
        ),
        rows=tuple(rows),
        standin=bool(runs["standin"].any()),
        registered=True,
        method=(
            "live: the subject itself was read while it played; replay: another model read the transcript, which is "
            "what the text does to the reading model, and no state of the subject"
        ),
        notes=("An episode whose first turn holds its first decisive act has no turn to read.",),
    )
