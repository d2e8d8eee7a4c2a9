"""Logistic regression by Newton's steps, for many sets of weights side by side (a jackknife's)."""

from __future__ import annotations

import numpy as np

from advocate_evals.statistics.binomial import Array

_PRECISION = 0.01
"""Of a normal prior on every coefficient but the first: SD 10 logits, so that a cell without an event has an end."""

_STRIDE = 3.0
"""The largest step of a coefficient, in logits: a start far off does not overshoot for good."""


def fit(design: Array, outcome: Array, weights: Array, start: Array, steps: int) -> Array:
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
        p = expit(found @ design.T)
        slope = (weights * (outcome - p)) @ design - prior * found
        bend = ((weights * p * (1 - p)) @ squares).reshape(-1, columns, columns) + np.diag(prior + 1e-9)
        step = np.linalg.solve(bend, slope[..., None])[..., 0]
        found += np.clip(step, -_STRIDE, _STRIDE)
        if np.abs(step).max() < 1e-10:
            break
    return found


def expit(x: Array) -> Array:
    """Inverse of the logit."""
    return np.asarray(0.5 * (1 + np.tanh(x / 2)))
