"""The order in which arms and cells are shown: that of the ladder."""

from __future__ import annotations

import math
from collections.abc import Iterable

from advocate_evals.factors import CONTEXT_FACTORS, parse_arm
from advocate_evals.scenarios.dataset_reader import mechanism_names, read_mechanism


def order_arms(arms: Iterable[str]) -> list[str]:
    """Arms or cells, each once, in the order of their mechanisms' `chart_order`, then by stated odds, then by context.

    Unknown mechanisms come last. The levels of a context factor stand in the order of `CONTEXT_FACTORS`.

    Args:
        arms: Arms, or cells: an arm with the levels of context factors behind it, as in `none+pressure=3`.
    """
    installed = set(mechanism_names())

    def sort_key(arm: str) -> tuple[float, float, str, tuple[int, ...], str]:
        mechanism, settings = parse_arm(arm)
        odds = settings.get("odds", "")
        place = read_mechanism(mechanism).chart_order if mechanism in installed else math.inf
        treatment = "+".join(part for part in arm.split("+") if part.partition("=")[0] not in CONTEXT_FACTORS)
        return (place, (float(odds) if odds.isdigit() else -1.0), treatment, _context_places(settings), arm)

    return sorted(set(arms), key=sort_key)


def _context_places(settings: dict[str, str]) -> tuple[int, ...]:
    """The place of each context factor's level among its levels; -1 where the factor is not varied."""
    return tuple(
        levels.index(settings[factor]) if settings.get(factor) in levels else -1
        for factor, levels in CONTEXT_FACTORS.items()
    )
