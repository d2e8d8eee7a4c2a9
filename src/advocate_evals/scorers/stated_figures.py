"""What a metric gives to Inspect, so that only figures with a value stand in the results of a log."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import cast

from inspect_ai.scorer import Value


def state_figures(figures: Mapping[str, float]) -> Value:
    """The figures that have a value, as what a metric gives; Inspect then writes no line for any other.

    Args:
        figures: Figures by name; NaN for those without a value.

    Returns:
        The figures; where there are none, an entry without a value: Inspect skips it, while it would write a line "nan"
        for an empty mapping.
    """
    present = {name: figure for name, figure in figures.items() if not math.isnan(figure)}
    return cast(Value, present or {"nothing": None})
