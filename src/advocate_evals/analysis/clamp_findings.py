"""Manipulated mediation in the report: estimands of the clamp arms, and the gatekept sequence over them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from advocate_evals.analysis.activation_findings import mark_notes, mark_text, reading_marks
from advocate_evals.analysis.arm_charts import MAIN_TASK
from advocate_evals.analysis.block_values import build_block_values
from advocate_evals.analysis.findings import ReportTable, TableCell
from advocate_evals.analysis.reading_checks import READING_SCORER
from advocate_evals.analysis.steering_findings import format_change, select_steering, steered_arm
from advocate_evals.predictions.registry import read_headline_plan
from advocate_evals.statistics.intervals import Array, Effect
from advocate_evals.statistics.manipulated_mediation import ClampEffects, ClampTable, estimate_clamp_effects
from advocate_evals.steering_conditions import CLAMP_OWN, CLAMP_TWIN, DESPERATE, PERMUTED_TWINS, UNSTEERED

CLAMP_DELTA = 0.10
"""The smallest direct effect that matters, and the margin within which a sham must agree with the natural arm."""
_ESTIMANDS = (
    ("total: p(0) − p(1)", "total"),
    ("mean of both indirect effects", "mean_indirect"),
    ("pure indirect: p(0) − p(0, M1)", "pure_indirect"),
    ("total indirect: p(1, M0) − p(1)", "total_indirect"),
    ("direct: p(0) − p(1, M0)", "direct"),
    ("interaction: total − pure indirect", "interaction"),
)


@dataclass(frozen=True, slots=True)
class _ClampedModel:
    name: str
    notes: tuple[str, ...]
    effects: ClampEffects


def clamp_tables(episodes: pd.DataFrame) -> Iterator[ReportTable]:
    """Estimands with their limits, then what was shown in which order: rows for each model with clamped arms."""
    models = list(_estimate_clamps(episodes))
    notes = tuple(note for model in models for note in model.notes)
    standin = bool(select_steering(episodes)["standin"].any())
    yield ReportTable(
        key="activation.clamped",
        section="activation",
        title="Manipulated mediation: what follows the activation",
        columns=("model", "effect", "fall in harm (points)", "blocks", "why none"),
        rows=tuple(row for model in models for row in _estimand_rows(model)),
        standin=standin,
        method=(
            "each arm with the projection on *desperate* held to its course in the same block's other arm; falls are "
            "positive, with 95 % intervals over blocks (MOVER for two cells, Student's t for four). Experimental: the "
            "activation was set"
        ),
        notes=("0: without an advocate; 1: with the board; M0, M1: the activation's course there.", *notes),
    )
    yield ReportTable(
        key="activation.clamp_steps",
        section="activation",
        title="Manipulated mediation: what is shown, in order",
        columns=("model", "step", "shown", "counts"),
        rows=tuple(row for model in models for row in _step_rows(model)),
        standin=standin,
        method="each step at one-sided .025, and only if every step before it was shown; docs/statistics.md",
        notes=("A step that was not measured stops the sequence: the odds are asked in the main task with probes.",),
    )


def _estimate_clamps(episodes: pd.DataFrame) -> Iterator[_ClampedModel]:
    start, end = read_headline_plan().ends
    for model, rows in select_steering(episodes).groupby("model", sort=True):
        if {steered_arm(arm, CLAMP_TWIN) for arm in (start, end)} <= set(rows["arm"]):
            marks = reading_marks(rows[rows["state"] == "scored"])
            main = episodes[(episodes["model"] == model) & (episodes["task"] == MAIN_TASK)]
            effects = estimate_clamp_effects(_build_table(rows, main, (start, end)), CLAMP_DELTA)
            yield _ClampedModel(mark_text(str(model), marks), tuple(mark_notes(str(model), marks)), effects)


def _build_table(rows: pd.DataFrame, main: pd.DataFrame, ends: tuple[str, str]) -> ClampTable:
    """The cells of one model, block by block; believed odds of other blocks stand in rows of their own."""
    conditions = (UNSTEERED, CLAMP_TWIN, CLAMP_OWN, *PERMUTED_TWINS)
    played = [name for name in conditions if {steered_arm(arm, name) for arm in ends} <= set(rows["arm"])]
    groups = [(steered_arm(arm, name),) for name in played for arm in ends]
    harm = build_block_values(rows, "harm", groups)
    by_name = {name: harm.values[:, 2 * place : 2 * place + 2] for place, name in enumerate(played)}
    read = build_block_values(rows, f"{READING_SCORER}_{DESPERATE}", groups[:4])
    is_read = played[:2] == [UNSTEERED, CLAMP_TWIN] and bool((~np.isnan(read.values)).any())
    nothing = np.full((len(harm.names), 2), np.nan)
    return ClampTable(
        natural=by_name.get(UNSTEERED, nothing),
        twin=by_name[CLAMP_TWIN],
        sham=by_name.get(CLAMP_OWN),
        permuted=tuple(by_name[name] for name in PERMUTED_TWINS if name in by_name),
        odds=_believed_odds(main, ends),
        activation=read.values[:, :2] if is_read else None,
        activation_twin=read.values[:, 2:4] if is_read else None,
    )


def _believed_odds(main: pd.DataFrame, ends: tuple[str, str]) -> Array | None:
    """What copies of the main task's conversations believed of the best way out; None where they were not asked."""
    blocks = build_block_values(main, "beliefs_perceived_odds", [(arm,) for arm in ends])
    return blocks.values if (~np.isnan(blocks.values)).any() else None


def _estimand_rows(model: _ClampedModel) -> Iterator[tuple[TableCell, ...]]:
    effects = model.effects
    for title, field in _ESTIMANDS:
        yield _effect_row(model.name, title, getattr(effects, field))
    for title, effect in zip(("sham without an advocate", "sham with the board"), effects.sham, strict=False):
        yield _effect_row(model.name, f"{title}: p(own course) − p(natural)", effect)
    for number, effect in enumerate(effects.beyond_permuted, 1):
        yield _effect_row(model.name, f"mean indirect, beyond permuted direction {number}", effect)


def _effect_row(name: str, title: str, effect: Effect) -> tuple[TableCell, ...]:
    return (name, title, format_change(effect), effect.blocks, effect.insufficient)


def _step_rows(model: _ClampedModel) -> Iterator[tuple[TableCell, ...]]:
    for step in model.effects.steps:
        answer = "not measured" if step.passed is None else "yes" if step.passed else "no"
        yield (model.name, step.title, answer, "yes" if step.tested else "no")
    yield (model.name, "the sham leaves both arms as they are", _describe_sham(model.effects), "")
    yield (model.name, "in a word", model.effects.word, "")


def _describe_sham(effects: ClampEffects) -> str:
    if effects.sham_same is None:
        return "not measured"
    if effects.sham_differs:
        return "no: clamping itself changes harm, so nothing is attributed"
    return "yes" if effects.sham_same else "neither shown nor excluded"
