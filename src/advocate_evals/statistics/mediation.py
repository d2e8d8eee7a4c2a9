"""Mediation: the part of an effect that goes through a mediator, by g-computation on the risk scale.

A logistic model of the act (`fit_logistic`) is fitted to all episodes and again without each cluster; risks under
counterfactual conditions are averaged over the episodes, and intervals come from the jackknife over clusters. The
mediator was observed and not set, so every result is an association; `manipulated_mediation` is for one that was set.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from advocate_evals.statistics.intervals import (
    Array,
    Effect,
    EffectBasis,
    effect_from_limits,
    jackknife_error,
    student_effect,
    unknown_effect,
    upper_quantile,
)
from advocate_evals.statistics.risk_difference import as_block_table

MIN_ACTS = 5
"""Episodes with the act, and without it, that each compared condition must have: with fewer the intervals of the parts
cover too little in simulation (docs/statistics.md)."""

_CONFOUNDER_STRENGTHS = tuple(step / 4 for step in range(9))
"""Strengths γ of an unmeasured common cause in the sensitivity analysis, from none to 2."""


@dataclass(frozen=True, slots=True)
class MediationResult:
    """Effect of the last condition against the first, in two parts: rate(last) − rate(first), negative for a fall."""

    total: Effect
    """E[Y(last)] − E[Y(first)], the sum of the two."""
    indirect: Effect
    """Through the mediator (NIE): E[Y(last, M(last))] − E[Y(last, M(first))]."""
    direct: Effect
    """Past the mediator (NDE): E[Y(last, M(first))] − E[Y(first, M(first))]."""
    shift: Effect
    """Mean of the mediator, last − first, on its own scale."""
    slope: float
    """Logits per unit of the mediator."""
    reliability: float
    """Reliability of the mediator that was corrected for; 1 for none."""
    sensitivity: tuple[tuple[float, float], ...]
    """(γ, NIE) if an unmeasured cause of both, per SD of its own, moved the act by γ logits and the mediator by γ
    units."""
    tipping: float
    """The γ at which the NIE is 0, in logits of the fitted model: about a tenth below those of a model that also knew
    the causes of the differences between blocks."""
    insufficient: str
    """Why it cannot be estimated; empty where it can."""


def estimate_mediation(
    outcome: ArrayLike,
    mediator: ArrayLike,
    clusters: ArrayLike | None = None,
    reliability: float = 1.0,
    level: float = 0.95,
) -> MediationResult:
    """Natural indirect and direct effect of the last condition against the first.

    The act is a logit in the condition, the mediator and the mediator's mean over the block (Mundlak's term: causes
    that make a whole block desperate and prone to act are not counted as mediation). Under another condition an
    episode's mediator moves by the difference of the conditions' means. Risks are averages over all episodes, effects
    their differences; intervals come from leaving out one cluster at a time (`_subtract_risks`). The result is an
    association: an unmeasured cause of both produces an indirect effect where there is none (`sensitivity`). Rare acts
    are refused: each of the first and the last condition needs `MIN_ACTS` episodes with the act, and without it.

    Args:
        outcome: Blocks × conditions, 0, 1 or NaN.
        mediator: Same shape, on its own scale; NaN where missing. Episodes that lack one of the two are left out.
        clusters: One label per block: blocks of one scenario or family are correlated. By default each block is a
            cluster of its own.
        reliability: Of the mediator over all episodes, in (0, 1]; below 1 its error is corrected for by regression
            calibration, as if the reliability were known.
        level: Confidence level, in (0, 1).

    Source:
        VanderWeele (2015), Explanation in Causal Inference, chapters 2 and 3; Mundlak (1978), Econometrica 46, 69-85;
        Carroll et al. (2006), Measurement Error in Nonlinear Models, chapter 4.
    """
    if not 0 < reliability <= 1:
        raise ValueError(f"a reliability lies above 0 and is at most 1, not {reliability}")
    data = collect_mediation_data(outcome, mediator, clusters)
    reason = find_data_fault(data) or (
        "" if reliable_share(data, reliability) > 0.05 else "the mediator varies by its error only"
    )
    if reason:
        return _unknown_mediation(reason, (data.blocks, data.dropped), level)
    data = calibrate_mediator(data, reliability)
    fits = fit_jackknife(data)
    effects = mediation_effects(data, fits, level)
    slope, variance = float(fits.coefficients[0, -2]), mediator_variance(data)
    return MediationResult(
        total=effects["total"],
        indirect=effects["indirect"],
        direct=effects["direct"],
        shift=effects["shift"],
        slope=slope,
        reliability=reliability,
        sensitivity=tuple(
            (gamma, indirect_effect_with_confounder(data, fits, gamma, variance)) for gamma in _CONFOUNDER_STRENGTHS
        ),
        tipping=math.sqrt(abs(slope) * variance),
        insufficient="",
    )


def _unknown_mediation(reason: str, blocks: tuple[int, int], level: float) -> MediationResult:
    risk = unknown_effect(reason, (-1.0, 1.0), level, blocks)
    return MediationResult(
        total=risk,
        indirect=risk,
        direct=risk,
        shift=unknown_effect(reason, (-math.inf, math.inf), level, blocks),
        slope=math.nan,
        reliability=math.nan,
        sensitivity=(),
        tipping=math.nan,
        insufficient=reason,
    )


# Data


@dataclass(frozen=True, slots=True)
class MediationData:
    """Episodes in which act and mediator are known."""

    act: Array
    """0 or 1, shape (episodes,)."""
    mediator: Array
    """On its own scale, shape (episodes,)."""
    block_mean: Array
    """Mean of the mediator over the known episodes of the block, shape (episodes,)."""
    condition: NDArray[np.intp]
    """Index of the condition, shape (episodes,)."""
    cluster: NDArray[np.intp]
    """Index of the cluster, shape (episodes,)."""
    conditions: int
    """Number of conditions."""
    blocks: int
    """Blocks used."""
    dropped: int
    """Blocks without any known episode."""


def collect_mediation_data(outcome: ArrayLike, mediator: ArrayLike, clusters: ArrayLike | None) -> MediationData:
    """The episodes with known act and mediator, from tables of blocks × conditions."""
    table = as_block_table(outcome, clusters=clusters)
    act, mediators = np.asarray(outcome, dtype=float), np.asarray(mediator, dtype=float)
    if act.shape != mediators.shape or act.ndim != 2:
        raise ValueError(f"two tables of one shape are needed, not {act.shape} and {mediators.shape}")
    is_known = ~np.isnan(act) & ~np.isnan(mediators)
    used_blocks = is_known.any(axis=1)
    block_mean = np.where(is_known, mediators, 0.0).sum(axis=1) / np.maximum(is_known.sum(axis=1), 1)
    block, condition = np.nonzero(is_known)
    return MediationData(
        act=act[is_known],
        mediator=mediators[is_known],
        block_mean=block_mean[block],
        condition=condition,
        cluster=np.unique(table.unit_index[block], return_inverse=True)[1],
        conditions=act.shape[1],
        blocks=int(used_blocks.sum()),
        dropped=int((~used_blocks).sum()),
    )


def find_data_fault(data: MediationData) -> str:
    """Why nothing can be estimated; empty where something can."""
    episodes = np.bincount(data.condition, minlength=data.conditions)
    if not episodes.all():
        return f"condition {int(np.flatnonzero(episodes == 0)[0])}: no episode with act and mediator"
    if np.unique(data.cluster).size < 3:
        return "fewer than three blocks or clusters"
    if np.ptp(data.act) == 0:
        return "the act never happens" if data.act[0] == 0 else "the act always happens"
    if mediator_variance(data) <= 1e-12:
        return "the mediator does not vary within conditions"
    acts = np.bincount(data.condition, data.act, data.conditions).astype(int)
    for condition in (0, data.conditions - 1):
        happened, absent = int(acts[condition]), int(episodes[condition] - acts[condition])
        if min(happened, absent) < MIN_ACTS:
            return (
                f"condition {condition}: {happened} episodes with the act and {absent} without it, where the parts of "
                f"an effect need {MIN_ACTS} of each"
            )
    return ""


def _fitted_mediator(data: MediationData) -> Array:
    """Fitted values of the additive model in condition and block."""
    means = np.bincount(data.condition, data.mediator) / np.bincount(data.condition)
    return np.asarray(means[data.condition] + data.block_mean - data.mediator.mean())


def mediator_variance(data: MediationData) -> float:
    """Variance of the mediator within conditions and blocks."""
    df = data.act.size - data.blocks - data.conditions + 1
    return float(((data.mediator - _fitted_mediator(data)) ** 2).sum() / max(df, 1))


def reliable_share(data: MediationData, reliability: float) -> float:
    """Share of the variance within conditions and blocks that is not measurement error."""
    return 1 - (1 - reliability) * float(data.mediator.var()) / mediator_variance(data)


def calibrate_mediator(data: MediationData, reliability: float) -> MediationData:
    """The data with the mediator's best prediction from its measurement (regression calibration)."""
    if reliability == 1:
        return data
    fitted = _fitted_mediator(data)
    return replace(data, mediator=fitted + reliable_share(data, reliability) * (data.mediator - fitted))


# Fits and effects


@dataclass(frozen=True, slots=True)
class JackknifeFits:
    """Fits to all data (first row) and without each cluster in turn: sets × …"""

    coefficients: Array
    """Intercept, a shift per further condition, the mediator, its block mean."""
    means: Array
    """Of the mediator, per condition."""
    weights: Array
    """1 for the episodes of the set, 0 for the others."""


def fit_jackknife(data: MediationData) -> JackknifeFits:
    """Fit all data, and from that start each set without one cluster."""
    shifts = (data.condition[:, None] == np.arange(1, data.conditions)).astype(float)
    mean, scale = float(data.mediator.mean()), float(data.mediator.std())
    columns = [np.ones((data.act.size, 1)), shifts]
    columns += [((column - mean) / scale)[:, None] for column in (data.mediator, data.block_mean)]
    design = np.hstack(columns)
    clusters = int(data.cluster.max()) + 1
    weights = np.vstack([np.ones(data.act.size), data.cluster != np.arange(clusters)[:, None]])
    full_fit = fit_logistic(design, data.act, weights[:1], np.zeros(design.shape[1]), 60)
    coefficients = np.vstack([full_fit, fit_logistic(design, data.act, weights[1:], full_fit, 4)])
    coefficients[:, 0] -= (coefficients[:, -2] + coefficients[:, -1]) * mean / scale
    coefficients[:, -2:] /= scale
    membership = (data.condition[:, None] == np.arange(data.conditions)).astype(float)
    means = (weights * data.mediator) @ membership / np.maximum(weights @ membership, 1e-9)
    return JackknifeFits(coefficients, means, weights)


def mean_risk(data: MediationData, fits: JackknifeFits, condition: int, mediator_mean: Array) -> Array:
    """Mean risk if all episodes were under `condition` and the mediator had this mean, one value per set."""
    b = fits.coefficients
    shift = b[:, condition] if condition else np.zeros(len(b))
    deviations = data.mediator - fits.means[:, data.condition]
    logit = (b[:, 0] + shift + b[:, -2] * mediator_mean)[:, None]
    logit = logit + b[:, -2, None] * deviations + b[:, -1, None] * data.block_mean
    return np.asarray((fits.weights * inverse_logit(logit)).sum(axis=1) / fits.weights.sum(axis=1))


def mediation_effects(data: MediationData, fits: JackknifeFits, level: float) -> dict[str, Effect]:
    """The effects `total`, `indirect`, `direct` and `shift`, each with its interval."""
    last = data.conditions - 1
    first_mean, last_mean = fits.means[:, 0], fits.means[:, last]
    first_risk, mixed_risk = mean_risk(data, fits, 0, first_mean), mean_risk(data, fits, last, first_mean)
    last_risk = mean_risk(data, fits, last, last_mean)
    shift = last_mean - first_mean
    basis = EffectBasis(data.blocks, data.dropped, len(shift) - 1, "jackknife")
    return {
        "total": _subtract_risks(last_risk, first_risk, basis, level),
        "indirect": _subtract_risks(last_risk, mixed_risk, basis, level),
        "direct": _subtract_risks(mixed_risk, first_risk, basis, level),
        "shift": student_effect(float(shift[0]), max(float(jackknife_error(shift[1:])), 1e-12), level, basis),
    }


def _subtract_risks(minuend: Array, subtrahend: Array, basis: EffectBasis, level: float) -> Effect:
    """Difference of two risks, each from all data and without one cluster each.

    Each risk has Student's limits on the logit scale, where its error hardly depends on it; they are combined with the
    jackknife's correlation (MOVER). A jackknife of the difference itself misses too often on the far side of 0, since
    its error grows with the effect.
    """
    risks, number = np.stack([minuend, subtrahend]), basis.clusters
    logits = np.log(risks) - np.log1p(-risks)
    errors, scale = jackknife_error(logits[:, 1:]), jackknife_error(risks[:, 1:]).prod()
    covariance = ((number - 1) ** 2 / number) * float(np.cov(risks[:, 1:])[0, 1])
    r = float(np.clip(covariance / scale, -1.0, 1.0)) if scale > 1e-15 else 0.0
    estimate = float(minuend[0] - subtrahend[0])

    def limits(tail: float) -> tuple[float, float]:
        half = upper_quantile(tail, number - 1) * errors
        down = risks[:, 0] - inverse_logit(logits[:, 0] - half)
        up = inverse_logit(logits[:, 0] + half) - risks[:, 0]
        below = down[0] ** 2 + up[1] ** 2 - 2 * r * down[0] * up[1]
        above = up[0] ** 2 + down[1] ** 2 - 2 * r * up[0] * down[1]
        return estimate - math.sqrt(max(0.0, below)), estimate + math.sqrt(max(0.0, above))

    effect = effect_from_limits(estimate, limits, level, basis)
    return effect.with_error(float(jackknife_error((minuend - subtrahend)[1:])))


def indirect_effect_with_confounder(data: MediationData, fits: JackknifeFits, gamma: float, variance: float) -> float:
    """The NIE if an unmeasured cause with an effect of γ on act and mediator explained part of their association.

    Args:
        data: The episodes.
        fits: The fits, of which the first is used.
        gamma: Effect of the cause, in logits of the act and in units of the mediator, per SD of the cause.
        variance: Variance of the mediator within conditions and blocks.
    """
    full_fit = JackknifeFits(fits.coefficients[:1], fits.means[:1], fits.weights[:1])
    slope, last = float(full_fit.coefficients[0, -2]), data.conditions - 1
    if slope == 0:
        return 0.0
    unconfounded = 1 - math.copysign(gamma**2, slope) / (variance * slope)
    confounded_shift = (1 - unconfounded) * (full_fit.means[:, 0] - full_fit.means[:, last])
    risk = mean_risk(data, full_fit, last, full_fit.means[:, last])
    return float((risk - mean_risk(data, full_fit, last, full_fit.means[:, 0] - confounded_shift))[0])


# Logistic regression


_PRIOR_PRECISION = 0.01
"""Of a normal prior on all coefficients but the first: SD 10 logits, so that a cell without events has a finite fit."""

_MAX_STEP = 3.0
"""The largest step of a coefficient, in logits, so that a start far from the maximum does not diverge."""


def fit_logistic(design: Array, outcome: Array, weights: Array, start: Array, steps: int) -> Array:
    """Logistic regression by Newton's steps, for many sets of weights in parallel (a jackknife's).

    Args:
        design: Rows × columns, the first column of ones, the others with an SD near 1.
        outcome: One value per row, in [0, 1].
        weights: Sets × rows, at least 0.
        start: Sets × columns, or one row of columns for all sets.
        steps: Newton steps at most; they end when no coefficient moves by more than 1e-10.

    Returns:
        Coefficients, sets × columns.
    """
    rows, columns = design.shape
    coefficients = np.broadcast_to(start, (weights.shape[0], columns)).copy()
    squares = (design[:, :, None] * design[:, None, :]).reshape(rows, columns**2)
    precision = np.full(columns, _PRIOR_PRECISION)
    precision[0] = 0.0
    for _ in range(steps):
        p = inverse_logit(coefficients @ design.T)
        gradient = (weights * (outcome - p)) @ design - precision * coefficients
        hessian = ((weights * p * (1 - p)) @ squares).reshape(-1, columns, columns) + np.diag(precision + 1e-9)
        step = np.linalg.solve(hessian, gradient[..., None])[..., 0]
        coefficients += np.clip(step, -_MAX_STEP, _MAX_STEP)
        if np.abs(step).max() < 1e-10:
            break
    return coefficients


def inverse_logit(x: Array) -> Array:
    """Inverse of the logit."""
    return np.asarray(0.5 * (1 + np.tanh(x / 2)))
