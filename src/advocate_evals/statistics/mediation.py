"""How much of an effect goes through a mediator: g-computation on the risk scale with a jackknife over clusters."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from advocate_evals.statistics.binomial import Array, quantile
from advocate_evals.statistics.cells import cells
from advocate_evals.statistics.inference import Basis, effect, student
from advocate_evals.statistics.logistic import expit, fit
from advocate_evals.statistics.results import Effect, unknown

Reading = Literal["causal", "associational"]


@dataclass(frozen=True, slots=True)
class Mediation:
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
    reading: Reading
    """`causal` only where the mediator was manipulated."""
    reliability: float
    """Reliability of the mediator that was corrected for; 1 for none."""
    sensitivity: tuple[tuple[float, float], ...]
    """(γ, NIE) if an unmeasured cause of both, per SD of its own, moved the act by γ logits and the mediator by γ units."""
    tipping: float
    """The γ at which nothing is left of the NIE."""
    insufficient: str
    """Why it cannot be estimated; empty where it can."""


def mediation(
    outcome: ArrayLike,
    mediator: ArrayLike,
    clusters: ArrayLike | None = None,
    reliability: float = 1.0,
    manipulated: bool = False,
    level: float = 0.95,
) -> Mediation:
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
    data = episodes(outcome, mediator, clusters)
    reason = _insufficient(data) or ("" if _steady(data, reliability) else "the mediator varies by its error only")
    if reason:
        nothing = unknown(reason, (-1.0, 1.0), level, (data.blocks, data.dropped))
        shift = unknown(reason, (-math.inf, math.inf), level, (data.blocks, data.dropped))
        word: Reading = "causal" if manipulated else "associational"
        return Mediation(nothing, nothing, nothing, shift, math.nan, word, reliability, (), math.nan, reason)
    calibrated = _calibrated(data, reliability)
    fits = _fits(calibrated)
    parts = _effects(calibrated, fits, level)
    slope, variance = float(fits.coefficients[0, -2]), _within(calibrated)
    return Mediation(
        total=parts["total"], indirect=parts["indirect"], direct=parts["direct"], shift=parts["shift"],
        slope=slope,
        reading="causal" if manipulated else "associational",
        reliability=reliability,
        sensitivity=tuple((gamma, _with_cause(calibrated, fits, gamma, variance)) for gamma in _GRID),
        tipping=math.sqrt(abs(slope) * variance),
        insufficient="",
    )  # fmt: skip


_GRID = tuple(step / 4 for step in range(9))
"""Strengths of an unmeasured common cause, from none to 2."""


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
class _Fits:
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


def _insufficient(data: Episodes) -> str:
    number = np.bincount(data.condition, minlength=data.conditions)
    if not number.all():
        return f"condition {int(np.flatnonzero(number == 0)[0])}: no episode with act and mediator"
    if np.unique(data.cluster).size < 3:
        return "fewer than three blocks or clusters"
    if np.ptp(data.act) == 0:
        return "the act never happens" if data.act[0] == 0 else "the act always happens"
    return "" if _within(data) > 1e-12 else "the mediator does not vary within conditions"


def _fitted(data: Episodes) -> Array:
    """The mediator as its condition and block let expect."""
    means = np.bincount(data.condition, data.mediator) / np.bincount(data.condition)
    return np.asarray(means[data.condition] + data.block_mean - data.mediator.mean())


def _within(data: Episodes) -> float:
    """Variance of the mediator within conditions and blocks."""
    spare = data.act.size - data.blocks - data.conditions + 1
    return float(((data.mediator - _fitted(data)) ** 2).sum() / max(spare, 1))


def _kept(data: Episodes, reliability: float) -> float:
    """Share of the variance within conditions and blocks that is not error."""
    return 1 - (1 - reliability) * float(data.mediator.var()) / _within(data)


def _steady(data: Episodes, reliability: float) -> bool:
    return _kept(data, reliability) > 0.05


def _calibrated(data: Episodes, reliability: float) -> Episodes:
    """The mediator as best guessed from its measurement."""
    if reliability == 1:
        return data
    fitted = _fitted(data)
    return replace(data, mediator=fitted + _kept(data, reliability) * (data.mediator - fitted))


def _fits(data: Episodes) -> _Fits:
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
    return _Fits(found, means, weights)


def _risk(data: Episodes, fits: _Fits, condition: int, at: Array) -> Array:
    """Mean risk per set if all were under `condition` and the mediator had the mean `at`, one value per set."""
    b = fits.coefficients
    shift = b[:, condition] if condition else np.zeros(len(b))
    away = data.mediator - fits.means[:, data.condition]
    logit = (b[:, 0] + shift + b[:, -2] * at)[:, None] + b[:, -2, None] * away + b[:, -1, None] * data.block_mean
    return np.asarray((fits.weights * expit(logit)).sum(axis=1) / fits.weights.sum(axis=1))


def _effects(data: Episodes, fits: _Fits, level: float) -> dict[str, Effect]:
    """Each effect with its interval."""
    last = data.conditions - 1
    first_mean, last_mean = fits.means[:, 0], fits.means[:, last]
    as_first, mixed = _risk(data, fits, 0, first_mean), _risk(data, fits, last, first_mean)
    as_last = _risk(data, fits, last, last_mean)
    shift = last_mean - first_mean
    error, number = float(_error(shift[1:])), len(shift) - 1
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

    return effect(estimate, limits, level, Basis(data.blocks, data.dropped, number, "jackknife"))


def _with_cause(data: Episodes, fits: _Fits, gamma: float, variance: float) -> float:
    """The NIE that is left if a cause of both, with an effect of γ on each, stands behind what varies within blocks."""
    whole = _Fits(fits.coefficients[:1], fits.means[:1], fits.weights[:1])
    slope, last = float(whole.coefficients[0, -2]), data.conditions - 1
    if slope == 0:
        return 0.0
    kept = 1 - math.copysign(gamma**2, slope) / (variance * slope)
    away = (1 - kept) * (whole.means[:, 0] - whole.means[:, last])
    full = _risk(data, whole, last, whole.means[:, last])
    return float((full - _risk(data, whole, last, whole.means[:, 0] - away))[0])
