"""Differences corrected by one sensitivity and one specificity for all conditions."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from advocate_evals.statistics.binomial import Array, quantile
from advocate_evals.statistics.inference import Basis, effect
from advocate_evals.statistics.melding import DRAWS, generator
from advocate_evals.statistics.results import Effect, unknown
from advocate_evals.statistics.tables import Table


def rogan_gladen(counts: Table, raw: Sequence[Effect]) -> tuple[Effect, ...]:
    """Raw differences over sensitivity + specificity − 1, both pooled over the conditions that have labels.

    Right only if the grader errs alike in all conditions; where it does not, biased by several points. To be shown
    beside the correction within conditions, never in its place. Limits by the delta method, with the variance of the
    divisor from Jeffreys draws of the tables.

    Args:
        counts: Verdicts and labels.
        raw: Differences as graded.

    Source:
        Rogan & Gladen (1978), American Journal of Epidemiology 107, 71-76.
    """
    known = [place for place in range(counts.graded.size) if not counts.blind(place)]
    shrink, drawn = _shrink(counts, known)
    if not known or not shrink > 0:
        reason = "the grader is no better than chance" if known else "no condition with labels of both verdicts"
        return tuple(unknown(reason, (-1.0, 1.0), found.level) for found in raw)
    return tuple(found if found.insufficient else _one(found, shrink, float(drawn.std())) for found in raw)


def _one(raw: Effect, shrink: float, spread: float) -> Effect:
    estimate = raw.estimate / shrink
    error = math.hypot(raw.error / shrink, raw.estimate * spread / shrink**2)
    basis = Basis(raw.blocks, raw.dropped, raw.clusters, "rogan-gladen")

    def limits(tail: float) -> tuple[float, float]:
        half = float(quantile(tail)) * error
        return max(-1.0, estimate - half), min(1.0, estimate + half)

    return effect(estimate, limits, raw.level, basis)


def _shrink(counts: Table, known: list[int]) -> tuple[float, Array]:
    """Sensitivity + specificity − 1 over all conditions, and draws of it."""
    chance = generator()

    def share(count: Array, number: Array) -> Array:
        return chance.beta(count[known] + 0.5, number[known] - count[known] + 0.5, (DRAWS, len(known)))

    drawn = _youden(
        share(counts.true_positive, counts.labelled_positive),
        share(counts.false_negative, counts.labelled_negative),
        counts.positive[known],
        counts.graded[known],
    )
    one, none = counts.true_if_positive[known], counts.true_if_negative[known]
    return float(_youden(one, none, counts.positive[known], counts.graded[known])), drawn


def _youden(one: Array, none: Array, positive: Array, graded: Array) -> Array:
    """The figure from the true shares among each verdict, weighted by the verdicts' numbers."""
    hit, wrong = (positive * one).sum(axis=-1), (positive * (1 - one)).sum(axis=-1)
    missed, right = ((graded - positive) * none).sum(axis=-1), ((graded - positive) * (1 - none)).sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(hit / (hit + missed) - wrong / (wrong + right))
