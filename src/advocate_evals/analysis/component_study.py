"""Variance components of a claim's contrast from the episodes of a run, and a planning table from them (a D-study)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from advocate_evals.analysis.block_values import build_block_values
from advocate_evals.outcomes import OUTCOMES
from advocate_evals.predictions.contrasts import AnyContrast
from advocate_evals.statistics.intervals import Array
from advocate_evals.statistics.variance_components import (
    StudyDesign,
    VarianceComponents,
    estimate_components,
    forecast_half_width,
)


@dataclass(frozen=True, slots=True)
class ComponentStudy:
    """The components of a claim's contrast on one model, and the design that they come from."""

    components: VarianceComponents
    design: StudyDesign
    arms: int
    """Arms that the contrast compares."""
    wording: tuple[int, float]
    """Wordings of the notice, and the variance between them beyond blocks, 0 at least; NaN where the logs name none."""


@dataclass(frozen=True, slots=True)
class UnitCosts:
    """What more of each thing costs, in one currency."""

    episode: float
    family: float
    label: float


@dataclass(frozen=True, slots=True)
class PlannedPurchase:
    """One row of the planning table."""

    title: str
    design: StudyDesign
    cost: float
    """Cost beyond the present design."""
    these_plots: float
    """Expected half-width of the contrast for these plots."""
    plots_like_these: float
    """Expected half-width for plots like these; NaN where the component between families is not known."""


def study_components(
    rows: pd.DataFrame, contrast: AnyContrast, outcome: str, votes: pd.DataFrame | None = None
) -> ComponentStudy:
    """Components of a claim's first contrast, over the blocks that have a value under every arm that it compares.

    Args:
        rows: Episodes of one model in the claim's task.
        contrast: What is compared.
        outcome: The outcome, between 0 and 1.
        votes: Votes of single graders, as `read_grader_votes` gives them; None or empty where there are none.

    Raises:
        ValueError: for an outcome on another scale, or with fewer than two complete blocks.
    """
    if not OUTCOMES[outcome].is_share:
        raise ValueError(f"{outcome}: components are given for outcomes between 0 and 1")
    arms, weights = _weigh_arms(contrast)
    blocks = build_block_values(rows, outcome, [(arm,) for arm in arms])
    is_complete = np.asarray(~np.isnan(blocks.values).any(axis=1))
    if is_complete.sum() < 2:
        raise ValueError(f"{outcome}: {int(is_complete.sum())} blocks have a value under all of {', '.join(arms)}")
    values, sizes = blocks.values[is_complete], blocks.sizes[is_complete]
    places = np.flatnonzero(is_complete).tolist()
    families, names = [blocks.families[place] for place in places], [blocks.names[place] for place in places]
    repeated = (sizes > 1).all(axis=1)
    spread = values * (1 - values) * sizes / np.maximum(sizes - 1, 1)
    noise = np.where(repeated, spread @ weights**2, np.nan)
    number, by_grader = 1 / np.mean(1 / sizes, axis=1), _contrast_by_grader(rows, votes, arms, weights)
    components = estimate_components(values @ weights, families, noise, number, by_grader)
    design = StudyDesign(
        components.families, components.blocks / components.families, components.episodes, max(components.graders, 1)
    )
    return ComponentStudy(components, design, len(arms), _wording_component(rows, values @ weights, names))


def _weigh_arms(contrast: AnyContrast) -> tuple[tuple[str, ...], Array]:
    """The arms of the first contrast that the claim rests on, with their weights."""
    totals: dict[str, float] = {}
    for weight, group in zip(contrast.group_weights()[0], contrast.arm_groups, strict=True):
        for arm in group:
            totals[arm] = totals.get(arm, 0.0) + float(weight) / len(group)
    used = {arm: weight for arm, weight in totals.items() if weight}
    return tuple(used), np.array(list(used.values()))


def _contrast_by_grader(
    rows: pd.DataFrame, votes: pd.DataFrame | None, arms: Sequence[str], weights: Array
) -> Array | None:
    """Blocks × graders: the contrast by the votes of each, over the blocks that all of them judged under all arms."""
    if votes is None or votes["grader"].nunique() < 2:
        return None
    voted = votes.merge(rows[["uuid", "block", "arm"]], on="uuid")
    means = voted.pivot_table(index="block", columns=["grader", "arm"], values="vote", aggfunc="mean")
    graders = sorted(voted["grader"].unique())
    columns = [(grader, arm) for grader in graders for arm in arms]
    if not set(columns) <= set(means.columns):
        return None
    complete = means[columns].dropna().to_numpy().reshape(-1, len(graders), len(arms))
    return np.asarray(complete @ weights) if len(complete) > 1 else None


WORDING_COLUMN = "wording"
"""Column of the episode table that names the wording of the notice, where logs state it."""


def _wording_component(rows: pd.DataFrame, values: Array, names: Sequence[str]) -> tuple[int, float]:
    """Wordings, and the variance between them of the blocks' contrasts, by moments; NaN where none are stated."""
    if WORDING_COLUMN not in rows:
        return 0, math.nan
    stated = rows[rows[WORDING_COLUMN].astype(str) != ""].groupby("block")[WORDING_COLUMN].first()
    wordings = [str(stated.get(name, "")) for name in names]
    if len(set(wordings)) < 2 or "" in wordings:
        return len(set(wordings) - {""}), math.nan
    by_wording = estimate_components(values, wordings, np.full(len(values), np.nan), np.ones(len(values)))
    return by_wording.families, by_wording.family.estimate


def plan_purchases(study: ComponentStudy, costs: UnitCosts, label_variance: float = 0.0) -> tuple[PlannedPurchase, ...]:
    """What the interval would be after buying more of one thing, the rest as it is.

    Args:
        study: The components.
        costs: Costs.
        label_variance: Variance that 50 labels an arm add to the contrast; 0 where the outcome is by rule. Labels add
            it in inverse proportion to their number.
    """
    now = replace(study.design, label_variance=label_variance)
    blocks, families = now.blocks_per_family, now.families
    per_block = study.arms * now.epochs * costs.episode
    rows = [("as it is", now, 0.0)]
    doubled = families * blocks * per_block
    rows += [
        (f"{families} more families", replace(now, families=2 * families), families * costs.family + doubled),
        ("twice the variants of each family", replace(now, blocks_per_family=2 * blocks), doubled),
        ("twice the epochs", replace(now, epochs=2 * now.epochs), doubled),
    ]
    if study.components.graders > 1:
        rows.append(("twice the graders", replace(now, graders=2 * now.graders), 0.0))
    if label_variance:
        title = "100 labels an arm in place of 50"
        rows.append((title, replace(now, label_variance=label_variance / 2), 50 * study.arms * costs.label))
    return tuple(
        PlannedPurchase(
            title,
            design,
            cost,
            these_plots=forecast_half_width(study.components, design, are_families_random=False),
            plots_like_these=forecast_half_width(study.components, design, are_families_random=True),
        )
        for title, design, cost in rows
    )
