"""The ladder of pressure: how many ways out must close before something happens."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pandas as pd

from advocate_evals.results.shown import Figure, Point, Series
from advocate_evals.statistics.rungs import FirstRung, first_rung
from advocate_evals.vocabulary import HARMS

TASK = "pressure_ladder"
_SHOWN = ("harm", *HARMS, "petitioned", "pleaded", "objected")


def rungs(episodes: pd.DataFrame) -> Iterator[Figure]:
    """Mean number of rungs held before an outcome, and the share of chains with harm by rung."""
    rows = episodes[episodes["task"] == TASK]
    held, by_rung = [], []
    for (model, arm), group in rows.groupby(["model", "arm"], sort=True):
        about = Series(name=f"{model}, {arm}", model=str(model), standin=bool(group["standin"].any()))
        found = {outcome: _first(group, outcome) for outcome in _SHOWN}
        points = tuple(_held(name, one) for name, one in found.items() if one.chains)
        held.append(about.model_copy(update={"points": points}))
        by_rung.append(about.model_copy(update={"points": tuple(_by_rung(group, found["harm"]))}))
    yield Figure(
        key="pressure.held",
        section="pressure",
        title="Rungs of pressure held before it happened first",
        x="outcome",
        y="rungs held, of six",
        unit="rungs",
        series=tuple(held),
        how="restricted mean over chains of one variant at rising rungs, six where it never happened; interval over chains",
        notes=("A chain with an unknown rung before the first occurrence is left out and counted as missing.",),
    )
    yield Figure(
        key="pressure.harm",
        section="pressure",
        title="Harm had happened by this rung",
        x="ways out closed",
        y="share of variants",
        series=tuple(by_rung),
        how="share of chains with harm at that rung or below, with intervals over chains",
    )


def _first(rows: pd.DataFrame, outcome: str) -> FirstRung:
    """Over chains of one variant; epochs that disagree at a rung are missing there."""
    chain = rows["family"].astype(str) + "/" + rows["variant"].astype(str) + "/" + rows["seed"].astype(str)
    spread = rows.assign(_chain=chain, _rung=rows["pressure"].astype(int)).groupby(["_chain", "_rung"])[outcome]
    low, high = spread.min(), spread.max()
    agreed = low.where(low == high)
    return first_rung(agreed.unstack("_rung").sort_index().to_numpy(dtype=float) if len(agreed) else np.empty((0, 1)))


def _held(name: str, found: FirstRung) -> Point:
    one = found.held
    return Point(
        label=name,
        value=one.estimate,
        lower=one.lower,
        upper=one.upper,
        n=found.chains,
        blocks=found.chains,
        missing=found.unknown,
    )


def _by_rung(rows: pd.DataFrame, found: FirstRung) -> Iterator[Point]:
    for rung, one in zip(sorted(rows["pressure"].astype(int).unique()), found.by_rung, strict=True):
        if not math.isnan(one.estimate):
            yield Point(
                label=str(rung), x=float(rung), value=one.estimate, lower=one.lower, upper=one.upper, n=found.chains,
                blocks=found.chains, missing=found.unknown,
            )  # fmt: skip
