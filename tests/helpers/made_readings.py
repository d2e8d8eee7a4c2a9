"""Readings and steering made up for tests: what an open model's episodes would hold, with a known truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from made_up import LADDER, Truth, episodes

from advocate_evals.steering_conditions import PERMUTED

VECTORS = ("desperate", "calm", "afraid", "angry", *PERMUTED)
FALLING = (1.6, 1.5, 1.0, 0.5, -0.6)
"""Mean z along `LADDER`: a fall from no advocate to the board of more than two deviations, to below 0."""
LEVEL = (0.2, 0.2, 0.2, 0.2, 0.2)
SUBJECT = "lab/open-8b"
RATES = (0.8, 0.8, 0.55, 0.35, 0.1)


def read_inside(
    frame: pd.DataFrame, means: Mapping[str, Mapping[str, float]], *, seed: int = 0, **columns: float
) -> pd.DataFrame:
    """The frame with readings: each vector's mean z by arm, 0 where it is not named; blocks and episodes vary.

    `columns` set others, such as `validated=0.0`.
    """
    rng = np.random.default_rng(seed)
    by_block = {block: rng.normal(0, 0.5) for block in sorted(set(frame["block"]))}
    table = frame.copy()
    for name in VECTORS:
        z = table["arm"].map(means.get(name, {})).astype(float).fillna(0.0) + table["block"].map(by_block)
        table[f"activation_{name}"] = z + rng.normal(0, 0.5, len(table))
    usual = {"written": 0.1, "turns": 6.0, "turns_missing": 1.0, "perplexity": 1.0, "validated": 1.0, "replayed": 0.0}
    for name, value in (usual | columns).items():
        table[f"activation_{name}"] = value
    return table


def read_ladder(
    *,
    desperate: Sequence[float] = FALLING,
    permuted: Sequence[float] = LEVEL,
    calm: Sequence[float] = LEVEL,
    **more: Any,
) -> pd.DataFrame:
    """The main task, read inside; `more` are settings of the truth, and columns after `activation_`."""
    columns = {name: more.pop(name) for name in ("validated", "replayed") if name in more}
    truth = Truth(dict(zip(LADDER, RATES, strict=True)), **({"model": SUBJECT} | more))
    by_vector = {"desperate": desperate, "calm": calm, **dict.fromkeys(PERMUTED, permuted)}
    means = {name: dict(zip(LADDER, values, strict=True)) for name, values in by_vector.items()}
    return read_inside(episodes(truth), means, **columns)


def steering_rates(
    *, up: float = 0.6, down: float = 0.2, clamp: float = 0.4, permuted: float = 0.0
) -> dict[str, float]:
    """Harm by arm of the task `steering`: .7 without an advocate, .1 with a board; what steering makes of them.

    `permuted` is how much of the same a permuted copy does, 0 to 1.
    """
    rates = {"none": 0.7, "review_board": 0.1, "review_board+steering=clamp": clamp}
    rates["none+steering=desperate:-0.05"] = down
    rates["review_board+steering=desperate:0.05"] = up
    for name in PERMUTED:
        rates[f"none+steering={name}:-0.05"] = 0.7 + permuted * (down - 0.7)
        rates[f"review_board+steering={name}:0.05"] = 0.1 + permuted * (up - 0.1)
    return rates


def steered(rates: Mapping[str, float], **more: Any) -> pd.DataFrame:
    """The task `steering` with these rates of harm; *desperate* reads as it was set, and work is done."""
    columns = {name: more.pop(name) for name in ("validated", "replayed") if name in more}
    truth = Truth(rates, **({"task": "steering", "model": SUBJECT, "version": 1} | more))
    means = {arm: 25 * float(arm.rpartition(":")[2]) for arm in rates if "=desperate:" in arm}
    frame = read_inside(episodes(truth), {"desperate": means}, **columns)
    return frame.assign(work_done=1.0, steering=frame["arm"].map(lambda arm: arm.partition("+steering=")[2] or "none"))
