"""Pairs of episodes as the gate takes them: in schedule order, whole or not at all; and a gate as plain numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from advocate_evals.statistics.sequential import Design, Gate, adjusted, gate

SIDES = ("baseline", "treated")
"""The two episodes of a pair."""


def weigh(values: Iterable[tuple[int, str, float]], design: Design, begun: int = 0) -> Gate:
    """The gate on episodes in any order.

    Args:
        values: Pair (from 0), side and value of each episode that has one; several of one side are averaged.
        design: What was planned.
        begun: Pairs known to have begun, where the last of them may have no value at all.

    Returns:
        The verdict, the same for every order of the episodes.
    """
    cells: dict[tuple[int, str], list[float]] = {}
    for pair, side, value in sorted(values):
        cells.setdefault((int(pair), str(side)), []).append(value)
    count = max([begun, *(pair + 1 for pair, _ in cells)])
    due = next((end for end in design.ends if end >= count), design.most)
    table: NDArray[np.float64] = np.full((due, len(SIDES)), np.nan)
    for (pair, side), found in cells.items():
        table[pair, SIDES.index(side)] = sum(found) / len(found)
    table[np.isnan(table).any(axis=1)] = np.nan  # a pair counts whole or not at all
    return gate(table[:, 0] - table[:, 1], design, table[:, 0])


def as_numbers(found: Gate) -> dict[str, float]:
    """A gate as the numbers that a log can hold; what is not known is left out."""
    words: Mapping[str, tuple[str, ...]] = {
        "confirmed": ("CONFIRMED", "CONFIRMED-SMALL"),
        "refuted": ("REFUTED", "REVERSED", "FLOOR"),
        "small": ("CONFIRMED-SMALL",),
        "reversed": ("REVERSED",),
        "floor": ("FLOOR",),
    }
    numbers = {name: float(found.verdict in verdicts) for name, verdicts in words.items()}
    numbers |= {"finished": float(found.stopped)}
    numbers |= {name: float(getattr(found, name)) for name in ("started", "analysed", "dropped")}
    numbers |= {"estimate_biased": found.estimate}
    numbers |= {"repeated_lower": found.repeated.lower, "repeated_upper": found.repeated.upper}
    if found.stopped:
        unbiased = adjusted(found)
        numbers |= {"unbiased": unbiased.estimate, "unbiased_lower": unbiased.lower, "unbiased_upper": unbiased.upper}
    for number, look in enumerate(found.looks, start=1):
        numbers |= {f"look{number}_{field.name}": float(getattr(look, field.name)) for field in fields(look)}
    return {name: value for name, value in numbers.items() if not math.isnan(value)}
