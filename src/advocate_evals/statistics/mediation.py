"""Logistic regression by Newton's steps, for many sets of weights side by side (a jackknife's)."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from advocate_evals.statistics.block_rates import as_block_table
from advocate_evals.statistics.intervals import (
    Array,
    Effect,
    EffectBasis,
    effect_from_limits,
    student_effect,
    unknown_effect,
    upper_quantile,
)

_PRECISION = 0.01
"""Of a normal prior on every coefficient but the first: SD 10 logits, so that a cell without an event has an end."""

_STRIDE = 3.0
"""The largest step of a coefficient, in logits: a start far off does not overshoot for good."""


def fit_logistic(design: Array, outcome: Array, weights: Array, start: Array, steps: int) -> Array:
    """Coefficients for each set of weights.

    Args:
        design: Rows × columns, the first of ones, the others of a spread near 1.
        outcome: One value per row, in [0, 1].
        weights: Sets × rows, at least 0.
        start: Sets × columns, or one row of columns for all.
        steps: Newton steps at most; they end when no coefficient moves by more than 1e-10.

    Returns:
        Sets × columns.
    """
    rows, columns = design.shape
    found = np.broadcast_to(start, (weights.shape[0], columns)).copy()
    squares = (design[:, :, None] * design[:, None, :]).reshape(rows, columns**2)
    prior = np.full(columns, _PRECISION)
    prior[0] = 0.0
    for _ in range(steps):
        p = inverse_logit(found @ design.T)
        slope = (weights * (outcome - p)) @ design - prior * found
        bend = ((weights * p * (1 - p)) @ squares).reshape(-1, columns, columns) + np.diag(prior + 1e-9)
        step = np.linalg.solve(bend, slope[..., None])[..., 0]
        found += np.clip(step, -_STRIDE, _STRIDE)
        if np.abs(step).max() < 1e-10:
            break
    return found


def inverse_logit(x: Array) -> Array:
    """Inverse of the logit."""
    return np.asarray(0.5 * (1 + np.tanh(x / 2)))


# --- What mediation is reckoned from: episodes, a fit with and without each cluster, and risks under other conditions. ---


@dataclass(frozen=True, slots=True)
class MediationData:
    """Episodes in which act and mediator are known."""

    act: Array
    mediator: Array
    block_mean: Array
    """Mean of the mediator over the known episodes of the block."""
    condition: NDArray[np.intp]
    cluster: NDArray[np.intp]
    conditions: int
    blocks: int
    dropped: int


@dataclass(frozen=True, slots=True)
class JackknifeFits:
    """The whole data first, then without one cluster each: sets × …"""

    coefficients: Array
    """Intercept, a shift per further condition, the mediator, its block mean."""
    means: Array
    """Of the mediator, per condition."""
    weights: Array


def collect_mediation_data(outcome: ArrayLike, mediator: ArrayLike, clusters: ArrayLike | None) -> MediationData:
    """The episodes that count, in a row."""
    table = as_block_table(outcome, clusters=clusters)
    act, middle = np.asarray(outcome, dtype=float), np.asarray(mediator, dtype=float)
    if act.shape != middle.shape or act.ndim != 2:
        raise ValueError(f"two tables of one shape are needed, not {act.shape} and {middle.shape}")
    known = ~np.isnan(act) & ~np.isnan(middle)
    rows = known.any(axis=1)
    mean = np.where(known, middle, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    block, condition = np.nonzero(known)
    return MediationData(
        act[known], middle[known], mean[block], condition,
        np.unique(table.group[block], return_inverse=True)[1],
        act.shape[1], int(rows.sum()), int((~rows).sum()),
    )  # fmt: skip


def find_data_fault(data: MediationData) -> str:
    """Why nothing can be said; empty where something can."""
    number = np.bincount(data.condition, minlength=data.conditions)
    if not number.all():
        return f"condition {int(np.flatnonzero(number == 0)[0])}: no episode with act and mediator"
    if np.unique(data.cluster).size < 3:
        return "fewer than three blocks or clusters"
    if np.ptp(data.act) == 0:
        return "the act never happens" if data.act[0] == 0 else "the act always happens"
    return "" if mediator_variance(data) > 1e-12 else "the mediator does not vary within conditions"


def _fitted(data: MediationData) -> Array:
    """The mediator as its condition and block let expect."""
    means = np.bincount(data.condition, data.mediator) / np.bincount(data.condition)
    return np.asarray(means[data.condition] + data.block_mean - data.mediator.mean())


def mediator_variance(data: MediationData) -> float:
    """Variance of the mediator within conditions and blocks."""
    spare = data.act.size - data.blocks - data.conditions + 1
    return float(((data.mediator - _fitted(data)) ** 2).sum() / max(spare, 1))


def reliable_share(data: MediationData, reliability: float) -> float:
    """Share of the variance within conditions and blocks that is not error."""
    return 1 - (1 - reliability) * float(data.mediator.var()) / mediator_variance(data)


def calibrate_mediator(data: MediationData, reliability: float) -> MediationData:
    """The mediator as best guessed from its measurement."""
    if reliability == 1:
        return data
    fitted = _fitted(data)
    return replace(data, mediator=fitted + reliable_share(data, reliability) * (data.mediator - fitted))


def fit_jackknife(data: MediationData) -> JackknifeFits:
    """Fit the whole, and from there each set without one cluster."""
    shifts = (data.condition[:, None] == np.arange(1, data.conditions)).astype(float)
    middle, scale = float(data.mediator.mean()), float(data.mediator.std())
    columns = [np.ones((data.act.size, 1)), shifts]
    columns += [((found - middle) / scale)[:, None] for found in (data.mediator, data.block_mean)]
    design = np.hstack(columns)
    clusters = int(data.cluster.max()) + 1
    weights = np.vstack([np.ones(data.act.size), data.cluster != np.arange(clusters)[:, None]])
    whole = fit_logistic(design, data.act, weights[:1], np.zeros(design.shape[1]), 60)
    found = np.vstack([whole, fit_logistic(design, data.act, weights[1:], whole, 4)])
    found[:, 0] -= (found[:, -2] + found[:, -1]) * middle / scale
    found[:, -2:] /= scale
    member = (data.condition[:, None] == np.arange(data.conditions)).astype(float)
    means = (weights * data.mediator) @ member / np.maximum(weights @ member, 1e-9)
    return JackknifeFits(found, means, weights)


def mean_risk(data: MediationData, found: JackknifeFits, condition: int, at: Array) -> Array:
    """Mean risk per set if all were under `condition` and the mediator had the mean `at`, one value per set."""
    b = found.coefficients
    shift = b[:, condition] if condition else np.zeros(len(b))
    away = data.mediator - found.means[:, data.condition]
    logit = (b[:, 0] + shift + b[:, -2] * at)[:, None] + b[:, -2, None] * away + b[:, -1, None] * data.block_mean
    return np.asarray((found.weights * inverse_logit(logit)).sum(axis=1) / found.weights.sum(axis=1))


def mediation_effects(data: MediationData, found: JackknifeFits, level: float) -> dict[str, Effect]:
    """Each effect with its interval."""
    last = data.conditions - 1
    first_mean, last_mean = found.means[:, 0], found.means[:, last]
    as_first, mixed = mean_risk(data, found, 0, first_mean), mean_risk(data, found, last, first_mean)
    as_last = mean_risk(data, found, last, last_mean)
    shift = last_mean - first_mean
    error, number = max(float(_error(shift[1:])), 1e-12), len(shift) - 1
    return {
        "total": _apart(as_last, as_first, data, level),
        "indirect": _apart(as_last, mixed, data, level),
        "direct": _apart(mixed, as_first, data, level),
        "shift": student_effect(
            float(shift[0]), error, level, EffectBasis(data.blocks, data.dropped, number, "jackknife")
        ),
    }


def _error(without: Array) -> Array:
    """Standard error from the sets that leave one cluster out, over the last axis."""
    number = without.shape[-1]
    away = without - without.mean(axis=-1, keepdims=True)
    return np.asarray(np.sqrt((number - 1) / number * (away**2).sum(axis=-1)))


def _apart(one: Array, other: Array, data: MediationData, level: float) -> Effect:
    """Difference of two risks, each given for the whole and without one cluster each.

    Each risk has Student's limits on the logit scale, where its error hardly depends on it; they are combined with the
    jackknife's correlation (MOVER). A jackknife of the difference itself misses too often on the far side of 0, since
    its error grows with the effect.
    """
    risks, number = np.stack([one, other]), len(one) - 1
    logits = np.log(risks) - np.log1p(-risks)
    errors, spread = _error(logits[:, 1:]), _error(risks[:, 1:]).prod()
    joint = ((number - 1) ** 2 / number) * float(np.cov(risks[:, 1:])[0, 1])
    r = float(np.clip(joint / spread, -1.0, 1.0)) if spread > 1e-15 else 0.0
    estimate = float(one[0] - other[0])

    def limits(tail: float) -> tuple[float, float]:
        half = upper_quantile(tail, number - 1) * errors
        down = risks[:, 0] - inverse_logit(logits[:, 0] - half)
        up = inverse_logit(logits[:, 0] + half) - risks[:, 0]
        below = down[0] ** 2 + up[1] ** 2 - 2 * r * down[0] * up[1]
        above = up[0] ** 2 + down[1] ** 2 - 2 * r * up[0] * down[1]
        return estimate - math.sqrt(max(0.0, below)), estimate + math.sqrt(max(0.0, above))

    made = effect_from_limits(estimate, limits, level, EffectBasis(data.blocks, data.dropped, number, "jackknife"))
    return made.with_error(float(_error((one - other)[1:])))


def indirect_effect_with_confounder(data: MediationData, found: JackknifeFits, gamma: float, variance: float) -> float:
    """The NIE that is left if a cause of both, with an effect of γ on each, stands behind what varies within blocks."""
    whole = JackknifeFits(found.coefficients[:1], found.means[:1], found.weights[:1])
    slope, last = float(whole.coefficients[0, -2]), data.conditions - 1
    if slope == 0:
        return 0.0
    kept = 1 - math.copysign(gamma**2, slope) / (variance * slope)
    away = (1 - kept) * (whole.means[:, 0] - whole.means[:, last])
    full = mean_risk(data, whole, last, whole.means[:, last])
    return float((full - mean_risk(data, whole, last, whole.means[:, 0] - away))[0])


# --- How much of an effect goes through a mediator: g-computation on the risk scale with a jackknife over clusters. ---


CausalReading = Literal["causal", "associational"]


@dataclass(frozen=True, slots=True)
class MediationResult:
    """The effect of the last condition against the first, in two parts: rate(last) − rate(first), negative for a fall."""

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
    reading: CausalReading
    """`causal` only where the mediator was manipulated."""
    reliability: float
    """Reliability of the mediator that was corrected for; 1 for none."""
    sensitivity: tuple[tuple[float, float], ...]
    """(γ, NIE) if an unmeasured cause of both, per SD of its own, moved the act by γ logits and the mediator by γ units."""
    tipping: float
    """The γ at which nothing is left of the NIE, in logits of the fitted model: a tenth or so below those of a model that
    also knew what makes blocks differ."""
    insufficient: str
    """Why it cannot be estimated; empty where it can."""


def estimate_mediation(
    outcome: ArrayLike,
    mediator: ArrayLike,
    clusters: ArrayLike | None = None,
    reliability: float = 1.0,
    manipulated: bool = False,
    level: float = 0.95,
) -> MediationResult:
    """Natural indirect and direct effect of the last condition against the first.

    The act is a logit in the condition, the mediator and the mediator's mean over the block (Mundlak's term: what makes
    a whole block desperate and prone to act is not counted as mediation). Under another condition an episode's mediator
    moves by the difference of the conditions' means. Risks are averages over all episodes, effects their differences;
    intervals come from leaving out one cluster at a time (`_apart`). Unless the mediator was set by design, the result is an
    association: an unmeasured cause of both makes an indirect effect out of nothing (`sensitivity`).

    Args:
        outcome: Blocks × conditions, 0, 1 or NaN.
        mediator: Same shape, on its own scale; NaN where missing. Episodes that lack one of the two are left out.
        clusters: One label per block: blocks of one scenario or family hang together. By default each stands alone.
        reliability: Of the mediator over all episodes, in (0, 1]; below 1 its error is taken out by regression
            calibration, as if the reliability were known.
        manipulated: Whether the mediator was set by design, with the condition held.
        level: Confidence level, in (0, 1).

    Source:
        VanderWeele (2015), Explanation in Causal Inference, chapters 2 and 3; Mundlak (1978), Econometrica 46, 69-85;
        Carroll et al. (2006), Measurement Error in Nonlinear Models, chapter 4.
    """
    if not 0 < reliability <= 1:
        raise ValueError(f"a reliability lies above 0 and is at most 1, not {reliability}")
    word: CausalReading = "causal" if manipulated else "associational"
    data = collect_mediation_data(outcome, mediator, clusters)
    reason = find_data_fault(data) or (
        "" if reliable_share(data, reliability) > 0.05 else "the mediator varies by its error only"
    )
    if reason:
        return _nothing(reason, (data.blocks, data.dropped), word, level)
    data = calibrate_mediator(data, reliability)
    found = fit_jackknife(data)
    parts, slope, variance = (
        mediation_effects(data, found, level),
        float(found.coefficients[0, -2]),
        mediator_variance(data),
    )
    curve = tuple((gamma, indirect_effect_with_confounder(data, found, gamma, variance)) for gamma in _GRID)
    tipping = math.sqrt(abs(slope) * variance)
    return MediationResult(
        parts["total"], parts["indirect"], parts["direct"], parts["shift"], slope, word, reliability, curve, tipping, ""
    )


def _nothing(reason: str, blocks: tuple[int, int], word: CausalReading, level: float) -> MediationResult:
    risk = unknown_effect(reason, (-1.0, 1.0), level, blocks)
    shift = unknown_effect(reason, (-math.inf, math.inf), level, blocks)
    return MediationResult(risk, risk, risk, shift, math.nan, word, math.nan, (), math.nan, reason)


_GRID = tuple(step / 4 for step in range(9))
"""Strengths of an unmeasured common cause, from none to 2."""
