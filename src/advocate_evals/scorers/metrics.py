"""Rates per arm with Inspect's clustered Wilson interval."""

from __future__ import annotations

import math
from functools import cache
from typing import cast

from inspect_ai.scorer import Metric, MetricProtocol, SampleScore, Value, ci_wilson, metric


@metric
def rates(level: float = 0.95) -> Metric:
    """Rate and Wilson interval (clustered by block) of each arm, and the rate over all of them.

    Keys are `<arm>`, `<arm>_lower`, `<arm>_upper`, and `all`. A rate of nothing is NaN, never 0. Where an arm has fewer
    than two blocks the interval is the plain Wilson one, since the variance between blocks cannot be estimated.

    Args:
        level: Confidence level of the interval, in (0, 1).
    """

    def compute(scores: list[SampleScore]) -> Value:
        groups: dict[str, list[SampleScore]] = {}
        for score in scores:
            groups.setdefault(_where(score, "arm"), []).append(score)
        found = {"all": rate_interval(scores, level)[0]}
        for arm, members in groups.items():
            found |= dict(zip((arm, f"{arm}_lower", f"{arm}_upper"), rate_interval(members, level), strict=True))
        return cast(Value, found)

    return compute


def rate_interval(scores: list[SampleScore], level: float) -> tuple[float, float, float]:
    """Rate and interval of the scores that are not missing; NaN where there are none."""
    known = [score for score in scores if not math.isnan(score.score.as_float())]
    if not known:
        return math.nan, math.nan, math.nan
    blocks = {_where(score, "block") for score in known}
    bounds = cast(dict[str, float], _wilson(level, len(blocks) > 1)(known))
    return sum(score.score.as_float() for score in known) / len(known), bounds["lower"], bounds["upper"]


@cache
def _wilson(level: float, clustered: bool) -> MetricProtocol:
    """Inspect's metric, made once: making one costs more than computing it."""
    return cast(MetricProtocol, ci_wilson(level, cluster="block" if clustered else None))


def _where(score: SampleScore, name: str) -> str:
    """Arm or block an episode was played under: as the scorer saw it, which a solver's arguments may have changed."""
    return str((score.score.metadata or {}).get(name) or (score.sample_metadata or {}).get(name, "unknown"))
