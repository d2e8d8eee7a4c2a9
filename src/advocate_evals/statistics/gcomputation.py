"""What mediation is reckoned from: episodes, a fit with and without each cluster, and risks under other conditions."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from advocate_evals.statistics.binomial import Array, quantile
from advocate_evals.statistics.cells import cells
from advocate_evals.statistics.inference import Basis, effect, student
from advocate_evals.statistics.logistic import expit, fit
from advocate_evals.statistics.results import Effect


@dataclass(frozen=True, slots=True)
class Episodes:
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
class Fits:
    """The whole data first, then without one cluster each: sets × …"""

    coefficients: Array
    """Intercept, a shift per further condition, the mediator, its block mean."""
    means: Array
    """Of the mediator, per condition."""
    weights: Array


def episodes(outcome: ArrayLike, mediator: ArrayLike, clusters: ArrayLike | None) -> Episodes:
    """The episodes that count, in a row."""
    table = cells(outcome, clusters=clusters)
    act, middle = np.asarray(outcome, dtype=float), np.asarray(mediator, dtype=float)
    if act.shape != middle.shape or act.ndim != 2:
        raise ValueError(f"two tables of one shape are needed, not {act.shape} and {middle.shape}")
    known = ~np.isnan(act) & ~np.isnan(middle)
    rows = known.any(axis=1)
    mean = np.where(known, middle, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    block, condition = np.nonzero(known)
    return Episodes(
        act[known], middle[known], mean[block], condition,
        np.unique(table.group[block], return_inverse=True)[1],
        act.shape[1], int(rows.sum()), int((~rows).sum()),
    )  # fmt: skip


def insufficient(data: Episodes) -> str:
    """Why nothing can be said; empty where something can."""
    number = np.bincount(data.condition, minlength=data.conditions)
    if not number.all():
        return f"condition {int(np.flatnonzero(number == 0)[0])}: no episode with act and mediator"
    if np.unique(data.cluster).size < 3:
        return "fewer than three blocks or clusters"
    if np.ptp(data.act) == 0:
        return "the act never happens" if data.act[0] == 0 else "the act always happens"
    return "" if within(data) > 1e-12 else "the mediator does not vary within conditions"


def _fitted(data: Episodes) -> Array:
    """The mediator as its condition and block let expect."""
    means = np.bincount(data.condition, data.mediator) / np.bincount(data.condition)
    return np.asarray(means[data.condition] + data.block_mean - data.mediator.mean())


def within(data: Episodes) -> float:
    """Variance of the mediator within conditions and blocks."""
    spare = data.act.size - data.blocks - data.conditions + 1
    return float(((data.mediator - _fitted(data)) ** 2).sum() / max(spare, 1))


def kept(data: Episodes, reliability: float) -> float:
    """Share of the variance within conditions and blocks that is not error."""
    return 1 - (1 - reliability) * float(data.mediator.var()) / within(data)


def calibrated(data: Episodes, reliability: float) -> Episodes:
    """The mediator as best guessed from its measurement."""
    if reliability == 1:
        return data
    fitted = _fitted(data)
    return replace(data, mediator=fitted + kept(data, reliability) * (data.mediator - fitted))


def fits(data: Episodes) -> Fits:
    """Fit the whole, and from there each set without one cluster."""
    shifts = (data.condition[:, None] == np.arange(1, data.conditions)).astype(float)
    middle, scale = float(data.mediator.mean()), float(data.mediator.std())
    columns = [np.ones((data.act.size, 1)), shifts]
    columns += [((found - middle) / scale)[:, None] for found in (data.mediator, data.block_mean)]
    design = np.hstack(columns)
    clusters = int(data.cluster.max()) + 1
    weights = np.vstack([np.ones(data.act.size), data.cluster != np.arange(clusters)[:, None]])
    whole = fit(design, data.act, weights[:1], np.zeros(design.shape[1]), 60)
    found = np.vstack([whole, fit(design, data.act, weights[1:], whole, 4)])
    found[:, 0] -= (found[:, -2] + found[:, -1]) * middle / scale
    found[:, -2:] /= scale
    member = (data.condition[:, None] == np.arange(data.conditions)).astype(float)
    means = (weights * data.mediator) @ member / np.maximum(weights @ member, 1e-9)
    return Fits(found, means, weights)


def risk(data: Episodes, found: Fits, condition: int, at: Array) -> Array:
    """Mean risk per set if all were under `condition` and the mediator had the mean `at`, one value per set."""
    b = found.coefficients
    shift = b[:, condition] if condition else np.zeros(len(b))
    away = data.mediator - found.means[:, data.condition]
    logit = (b[:, 0] + shift + b[:, -2] * at)[:, None] + b[:, -2, None] * away + b[:, -1, None] * data.block_mean
    return np.asarray((found.weights * expit(logit)).sum(axis=1) / found.weights.sum(axis=1))


def effects(data: Episodes, found: Fits, level: float) -> dict[str, Effect]:
    """Each effect with its interval."""
    last = data.conditions - 1
    first_mean, last_mean = found.means[:, 0], found.means[:, last]
    as_first, mixed = risk(data, found, 0, first_mean), risk(data, found, last, first_mean)
    as_last = risk(data, found, last, last_mean)
    shift = last_mean - first_mean
    error, number = max(float(_error(shift[1:])), 1e-12), len(shift) - 1
    return {
        "total": _apart(as_last, as_first, data, level),
        "indirect": _apart(as_last, mixed, data, level),
        "direct": _apart(mixed, as_first, data, level),
        "shift": student(float(shift[0]), error, level, Basis(data.blocks, data.dropped, number, "jackknife")),
    }


def _error(without: Array) -> Array:
    """Standard error from the sets that leave one cluster out, over the last axis."""
    number = without.shape[-1]
    away = without - without.mean(axis=-1, keepdims=True)
    return np.asarray(np.sqrt((number - 1) / number * (away**2).sum(axis=-1)))


def _apart(one: Array, other: Array, data: Episodes, level: float) -> Effect:
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
        half = quantile(tail, number - 1) * errors
        down = risks[:, 0] - expit(logits[:, 0] - half)
        up = expit(logits[:, 0] + half) - risks[:, 0]
        below = down[0] ** 2 + up[1] ** 2 - 2 * r * down[0] * up[1]
        above = up[0] ** 2 + down[1] ** 2 - 2 * r * up[0] * down[1]
        return estimate - math.sqrt(max(0.0, below)), estimate + math.sqrt(max(0.0, above))

    made = effect(estimate, limits, level, Basis(data.blocks, data.dropped, number, "jackknife"))
    return made.with_error(float(_error((one - other)[1:])))


def with_cause(data: Episodes, found: Fits, gamma: float, variance: float) -> float:
    """The NIE that is left if a cause of both, with an effect of γ on each, stands behind what varies within blocks."""
    whole = Fits(found.coefficients[:1], found.means[:1], found.weights[:1])
    slope, last = float(whole.coefficients[0, -2]), data.conditions - 1
    if slope == 0:
        return 0.0
    kept = 1 - math.copysign(gamma**2, slope) / (variance * slope)
    away = (1 - kept) * (whole.means[:, 0] - whole.means[:, last])
    full = risk(data, whole, last, whole.means[:, last])
    return float((full - risk(data, whole, last, whole.means[:, 0] - away))[0])
