"""Mediation where the mediator was set: arms in which an activation follows the block's other arm, and their controls.

Each block is played under two arms, 0 (start) and 1 (end), naturally and with the mediator clamped to its course in the
same block's other arm: p(0), p(1), p(0, M1), p(1, M0). Since the mediator is set, no cause of both mediator and act can
produce an indirect effect, which the association of `mediation` cannot exclude. Controls: each arm clamped to its own
course (sham), and clamped along permuted directions.

All effects are falls on the risk scale: positive where the event is rarer at the end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from advocate_evals.statistics.dose_response import estimate_contrast
from advocate_evals.statistics.intervals import Array, Effect
from advocate_evals.statistics.risk_difference import as_block_table, risk_difference

ClampWord = Literal["carried wholly", "carried in both arms", "carried in part", "not shown", "not tested"]
"""What the gatekept sequence comes to. `carried in part`: the mean indirect effect is shown, and beyond each permuted
direction; `in both arms`: each of both as well; `wholly`: no direct effect of δ is left either. `not tested` where the
sequence stops at a step that lacks its data."""


@dataclass(frozen=True, slots=True)
class ClampTable:
    """What happened in each block: arrays of blocks × 2 arms (start, end), NaN where missing, None if not measured."""

    natural: Array
    """The event without clamping, in [0, 1]."""
    twin: Array
    """With the mediator held to its course in the block's other arm."""
    sham: Array | None = None
    """With the mediator held to its own course."""
    permuted: tuple[Array, ...] = ()
    """With each permuted direction held to its course in the other arm."""
    odds: Array | None = None
    """Believed chance of the best way out, in [0, 1]; its blocks may be others."""
    activation: Array | None = None
    """The mediator without clamping, on its own scale."""
    activation_twin: Array | None = None
    """The mediator as it was read back with the clamp to the other arm."""
    clusters: tuple[str, ...] | None = None
    """One label per block where blocks are dependent, such as its family; by default each is a unit of its own."""


@dataclass(frozen=True, slots=True)
class ClampStep:
    """A step of the gatekept sequence."""

    title: str
    """What has to be shown."""
    effects: tuple[Effect, ...]
    """What it is decided by; empty where it was not measured."""
    passed: bool | None
    """Whether it was shown; None where it was not measured."""
    tested: bool
    """Whether every step before it was shown; else it is reported and decides nothing."""


@dataclass(frozen=True, slots=True)
class ClampEffects:
    """The estimands with their limits, the controls, and what they come to."""

    total: Effect
    """p(0) − p(1)."""
    pure_indirect: Effect
    """p(0) − p(0, M1): what the end's course of the mediator does without the end's words."""
    total_indirect: Effect
    """p(1, M0) − p(1): what the start's course undoes of the end."""
    mean_indirect: Effect
    """The mean of both indirect effects, which has more power than either."""
    direct: Effect
    """p(0) − p(1, M0): what the end does while the mediator stays as at the start; total − total indirect."""
    interaction: Effect
    """Total indirect − pure indirect: how far the mediator's effect depends on the arm."""
    sham: tuple[Effect, ...]
    """p(own course) − p(natural) for both arms; empty where not played."""
    beyond_permuted: tuple[Effect, ...]
    """The mean indirect effect less that of each permuted direction, block by block."""
    steps: tuple[ClampStep, ...]
    """The gatekept sequence, in order."""
    sham_same: bool | None
    """Whether clamping to the own course is shown to change neither arm by δ; None where not played."""
    sham_differs: bool
    """Whether it is shown to change an arm, so that the clamp itself moves the event and nothing is attributed."""
    word: ClampWord
    """What the sequence comes to."""


def estimate_clamp_effects(table: ClampTable, delta: float = 0.10, alpha: float = 0.025) -> ClampEffects:
    """Estimands of manipulated mediation, and the gatekept sequence over them.

    Two cells are compared by MOVER on clustered Wilson limits (`risk_difference`); contrasts of four cells by Student's
    t over units, or MOVER near 0 and 1 (`estimate_contrast`). Each step is tested at `alpha` and only if all before it
    were shown, so the sequence as a whole has that error: the end's odds are believed; the mediator falls and follows
    the clamp in both arms; the event falls; the mean of both indirect effects is above 0; it is above that of every
    permuted direction; each of both is above 0; the direct effect lies within ±δ. The mean comes before its parts,
    since it has far more power. A step that was not measured stops the sequence. A sham that
    is shown to differ from the natural arm stops it before the indirect effects.

    Args:
        table: What happened.
        delta: The smallest effect that matters, in (0, 1).
        alpha: One-sided error of each step, in (0, .5); intervals have the level 1 − 2 alpha.

    Raises:
        ValueError: for tables of another shape than blocks × 2, or of different numbers of blocks.

    Source:
        Robins & Greenland (1992), Epidemiology 3, 143-155, for pure and total effects; Imai, Tingley & Yamamoto (2013),
        JRSS A 176, 5-51, for designs that set the mediator; Wiens (2003) for the fixed sequence.
    """
    if not 0 < delta < 1 or not 0 < alpha < 0.5:
        raise ValueError(f"delta must lie in (0, 1) and alpha in (0, .5), not {delta} and {alpha}")
    _check_shapes(table)
    level = 1 - 2 * alpha
    cells = np.hstack([table.natural, table.twin])  # p(0), p(1), p(0, M1), p(1, M0)
    data = as_block_table(cells, clusters=table.clusters)
    total, pure = risk_difference(data, 0, 1, level), risk_difference(data, 0, 2, level)
    total_indirect, direct = risk_difference(data, 3, 1, level), risk_difference(data, 0, 3, level)
    mean_indirect = estimate_contrast(data, [0.5, -0.5, -0.5, 0.5], level)
    sham = _estimate_sham(table, level)
    sham_differs = any(effect.lower > 0 or effect.upper < 0 for effect in sham)
    beyond = tuple(_estimate_beyond(table, copy, level) for copy in table.permuted)
    steps = _order_steps(
        ("the advocate's odds are believed", _believed_odds(table, level), "above"),
        ("the activation falls, and follows the clamp in both arms", _read_back(table, level), "above"),
        ("the outcome falls", (total,), "above"),
        ("the mean indirect effect is above 0", () if sham_differs else (mean_indirect,), "above"),
        ("it is larger than that of each permuted direction", beyond, "above"),
        ("both indirect effects are above 0", (pure, total_indirect), "above"),
        (f"no direct effect of {100 * delta:g} points or more", (direct,), delta),
    )
    sham_same = all(_lies_within(effect, delta) for effect in sham) if sham else None
    return ClampEffects(
        total=total,
        pure_indirect=pure,
        total_indirect=total_indirect,
        mean_indirect=mean_indirect,
        direct=direct,
        interaction=estimate_contrast(data, [-1.0, -1.0, 1.0, 1.0], level),
        sham=sham,
        beyond_permuted=beyond,
        steps=steps,
        sham_same=sham_same,
        sham_differs=sham_differs,
        word=_choose_word(steps, sham_same, sham_differs),
    )


def _check_shapes(table: ClampTable) -> None:
    """Refuse tables that do not belong together."""
    tables = {
        name: getattr(table, name)
        for name in ("natural", "twin", "sham", "activation", "activation_twin")
        if getattr(table, name) is not None
    }
    tables |= {f"permuted {number}": copy for number, copy in enumerate(table.permuted, 1)}
    blocks = len(table.natural)
    for name, values in tables.items():
        if np.shape(values) != (blocks, 2):
            raise ValueError(f"{name}: a table of {blocks} blocks × 2 arms is needed, not {np.shape(values)}")


def _estimate_sham(table: ClampTable, level: float) -> tuple[Effect, ...]:
    if table.sham is None:
        return ()
    return tuple(
        risk_difference(
            as_block_table(np.column_stack([table.sham[:, arm], table.natural[:, arm]]), clusters=table.clusters),
            level=level,
        )
        for arm in (0, 1)
    )


def _estimate_beyond(table: ClampTable, copy: Array, level: float) -> Effect:
    """Mean indirect effect less that of a permuted direction: p(0) and p(1) cancel, and four clamped cells remain."""
    data = as_block_table(np.hstack([table.twin, copy]), clusters=table.clusters)
    return estimate_contrast(data, [-0.5, 0.5, 0.5, -0.5], level)


def _believed_odds(table: ClampTable, level: float) -> tuple[Effect, ...]:
    """The rise of the believed odds from start to end; nothing where they were not asked."""
    return () if table.odds is None else (_contrast_means(table.odds, [-1.0, 1.0], None, level),)


def _read_back(table: ClampTable, level: float) -> tuple[Effect, ...]:
    """The fall of the mediator, and how far the clamp moved it in each arm; nothing where it was not read."""
    if table.activation is None or table.activation_twin is None:
        return ()
    cells = np.hstack([table.activation, table.activation_twin])
    contrasts = ([1.0, -1.0, 0.0, 0.0], [1.0, 0.0, -1.0, 0.0], [0.0, -1.0, 0.0, 1.0])
    return tuple(_contrast_means(cells, weights, table.clusters, level) for weights in contrasts)


def _contrast_means(values: Array, weights: ArrayLike, clusters: tuple[str, ...] | None, level: float) -> Effect:
    return estimate_contrast(as_block_table(values, clusters=clusters, is_bounded=False), weights, level)


def _order_steps(*steps: tuple[str, Sequence[Effect], Literal["above"] | float]) -> tuple[ClampStep, ...]:
    """The steps in order, each tested only if all before it were shown."""

    def run_steps() -> Iterator[ClampStep]:
        is_open = True
        for title, effects, rule in steps:
            passed = None
            if effects:
                passed = all(
                    not effect.insufficient and (effect.lower > 0 if rule == "above" else _lies_within(effect, rule))
                    for effect in effects
                )
            yield ClampStep(title, tuple(effects), passed, is_open and passed is not None)
            is_open = is_open and passed is True

    return tuple(run_steps())


def _lies_within(effect: Effect, delta: float) -> bool:
    """Whether the whole interval lies within ±δ (two one-sided tests)."""
    return not effect.insufficient and -delta < effect.lower and effect.upper < delta


def _choose_word(steps: Sequence[ClampStep], sham_same: bool | None, sham_differs: bool) -> ClampWord:
    *before, both, wholly = steps
    stopped = next((step for step in before if step.passed is not True), None)
    if stopped is not None:
        return "not shown" if stopped.passed is False or sham_differs else "not tested"
    if not both.passed:
        return "carried in part"
    return "carried wholly" if wholly.passed and sham_same else "carried in both arms"
