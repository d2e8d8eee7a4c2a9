"""Rates, means and first rungs per cell, with intervals over blocks or variants."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, cast

import numpy as np
from inspect_ai.scorer import Metric, MetricProtocol, SampleScore, Value, ci_wilson, metric

from advocate_evals.statistics.dose_response import estimate_first_rung
from advocate_evals.statistics.intervals import Interval, t_interval


@metric
def rates(level: float = 0.95) -> Metric:
    """Rate and Wilson interval (clustered by block) of each cell, and the rate over all of them.

    A cell is an arm, with the level of each context factor that the task varies. Keys are `<cell>`, `<cell>_lower`,
    `<cell>_upper`, and `all`. A rate of nothing is NaN, never 0. Where a cell has fewer than two blocks the interval is
    the plain Wilson one, since the variance between blocks cannot be estimated.

    Args:
        level: Confidence level of the interval, in (0, 1).
    """

    return _by_cell(rate_interval, level)


@metric
def means(level: float = 0.95) -> Metric:
    """Mean and t interval over blocks of each cell, and the mean over all. Keys as for `rates`.

    With fewer than two blocks, or where all are equal, the variance cannot be estimated and the bounds are NaN.

    Args:
        level: Confidence level of the interval, in (0, 1).
    """

    return _by_cell(_mean, level)


@metric
def rungs(level: float = 0.95) -> Metric:
    """How many rungs of pressure were climbed before the outcome happened first, by arm.

    Keys are `<arm>` (mean rungs held: 0 at once, the number of rungs for never), `<arm>_lower`, `<arm>_upper`,
    `<arm>_by<rung>` with its bounds (share of variants in which it had happened by then), `<arm>_variants` and
    `<arm>_unknown` (left out, because a rung before the first occurrence is missing). Where epochs of a rung disagree it
    counts as missing: the reduced score no longer says which of them belong to one climb.

    Args:
        level: Confidence level of the intervals, in (0, 1).
    """

    def compute(scores: list[SampleScore]) -> Value:
        found: dict[str, float] = {}
        climbed = sorted({_pressure(score) for score in scores})
        for arm, members in _groups(scores, "arm").items():
            chains: dict[tuple[str, ...], list[float]] = {}
            for score in members:
                row = chains.setdefault(_variant(score), [math.nan] * len(climbed))
                row[climbed.index(_pressure(score))] = _climb(score)
            first = estimate_first_rung(np.array(list(chains.values())), level)
            found |= _three(arm, first.mean_rungs)
            for rung, share in zip(climbed, first.by_rung, strict=True):
                found |= _three(f"{arm}_by{rung}", share)
            found |= {f"{arm}_variants": float(first.chains), f"{arm}_unknown": float(first.unknown)}
        return cast(Value, found)

    return compute


def _by_cell(of: Callable[[list[SampleScore], float], Interval], level: float) -> Metric:
    """An estimate of each cell with its bounds, and that of all cells together."""

    def compute(scores: list[SampleScore]) -> Value:
        found = {"all": of(scores, level).estimate}
        for cell, members in _groups(scores, "cell").items():
            found |= _three(cell, of(members, level))
        return cast(Value, found)

    return compute


def rate_interval(scores: list[SampleScore], level: float) -> Interval:
    """Rate and interval of the scores that are not missing; NaN where there are none."""
    known = [score for score in scores if not math.isnan(score.score.as_float())]
    if not known:
        return Interval(math.nan, math.nan, math.nan)
    blocks = {read_cell_field(score, "block") for score in known}
    bounds = cast(dict[str, float], _wilson(level, len(blocks) > 1)(known))
    return Interval(_average(score.score.as_float() for score in known), bounds["lower"], bounds["upper"])


def _mean(scores: list[SampleScore], level: float) -> Interval:
    """Mean over blocks of what is not missing, with a t interval."""
    known = [score for score in scores if not math.isnan(score.score.as_float())]
    blocks = [_average(score.score.as_float() for score in block) for block in _groups(known, "block").values()]
    return t_interval(blocks, level)


def _average(values: Iterable[float]) -> float:
    found = list(values)
    return sum(found) / len(found)


def _three(key: str, found: Interval) -> dict[str, float]:
    return {key: found.estimate, f"{key}_lower": found.lower, f"{key}_upper": found.upper}


@cache
def _wilson(level: float, clustered: bool) -> MetricProtocol:
    """Inspect's metric, made once: making one costs more than computing it."""
    return cast(MetricProtocol, ci_wilson(level, cluster="block" if clustered else None))


def _groups(scores: list[SampleScore], name: str) -> dict[str, list[SampleScore]]:
    groups: dict[str, list[SampleScore]] = {}
    for score in scores:
        groups.setdefault(read_cell_field(score, name), []).append(score)
    return groups


def cell_metadata(sample: Mapping[str, Any]) -> dict[str, Any]:
    """What a score keeps of a sample's metadata: where the episode's figures are counted."""
    return {name: sample[name] for name in ("arm", "block", "cell") if name in sample}


def read_cell_field(score: SampleScore, name: str) -> str:
    """Cell, arm or block an episode was played under: as the scorer saw it, which a solver's arguments may have changed."""
    for known in (score.score.metadata or {}, score.sample_metadata or {}):
        if name in known:
            return str(known[name])
    return "unknown" if name != "cell" else read_cell_field(score, "arm")


def _climb(score: SampleScore) -> float:
    """1 or 0 for what happened at a rung; NaN where it is missing, or where the epochs of the rung differ."""
    value = score.score.as_float()
    return value if value in (0.0, 1.0) else math.nan


def _pressure(score: SampleScore) -> int:
    return int((score.sample_metadata or {}).get("pressure", 5))


def _variant(score: SampleScore) -> tuple[str, ...]:
    """The variant in its context, whatever the pressure."""
    known = score.sample_metadata or {}
    return tuple(
        str(known.get(name)) for name in ("family", "variant", "seed", "threat", "goal", "rule", "leverage", "cue")
    )
