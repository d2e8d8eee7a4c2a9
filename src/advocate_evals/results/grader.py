"""Outcomes that a grader gave, held against labels that people gave: what the verdict would be without the grader's errors.

Labels are a frame of one row per episode, named by `uuid`, with the figures a person gave in columns of the same names as in
the episode frame; NaN where no label was given.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from advocate_evals.measures import MEASURES
from advocate_evals.results.answers import Check
from advocate_evals.results.blocks import Group
from advocate_evals.results.examining import Contrast, Tested
from advocate_evals.results.terms import Terms
from advocate_evals.results.words import word
from advocate_evals.statistics.bounded import t_interval
from advocate_evals.statistics.contrasts import trend_weights
from advocate_evals.statistics.corrected import corrected
from advocate_evals.statistics.labelled import gate
from advocate_evals.statistics.results import Interval

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Paired:
    """Episodes × groups: what the grader said, and what people said where they were asked."""

    graded: Array
    human: Array
    blocks: NDArray[np.str_]
    """The block of each row."""

    @property
    def labels(self) -> int:
        """Episodes that were graded and labelled."""
        return int((~np.isnan(self.graded) & ~np.isnan(self.human)).sum())


def paired(rows: pd.DataFrame, labels: pd.DataFrame | None, outcome: str, groups: tuple[Group, ...]) -> Paired | None:
    """The grader's figures and people's, by block and epoch; None where there is no label for the outcome.

    Groups of several arms have a row for each arm.
    """
    if labels is None or outcome not in labels or not len(rows):
        return None
    human = labels.drop_duplicates("uuid", keep="last").set_index("uuid")[outcome]
    names, (graded, said) = grid(rows.assign(_human=rows["uuid"].map(human)), (outcome, "_human"), groups)
    found = Paired(graded, said, names)
    return found if found.labels else None


def grid(rows: pd.DataFrame, columns: Sequence[str], groups: Sequence[Group]) -> tuple[NDArray[np.str_], list[Array]]:
    """Figures of single episodes as tables, a row for each block, epoch and place in the group, a column for each group.

    Returns:
        The block of each row, and a table for each column asked for.
    """
    place = {arm: (at, number) for at, group in enumerate(groups) for number, arm in enumerate(group)}
    there = rows[rows["arm"].isin(place)]
    keys = list(zip(there["block"], there["epoch"], (place[arm][1] for arm in there["arm"]), strict=True))
    order = {key: at for at, key in enumerate(sorted(set(keys)))}
    row = np.array([order[key] for key in keys], dtype=int)
    column = np.array([place[arm][0] for arm in there["arm"]], dtype=int)
    tables = []
    for name in columns:
        table = np.full((len(order), len(groups)), np.nan)
        table[row, column] = there[name].to_numpy(dtype=float)
        tables.append(table)
    return np.array([block for block, _, _ in order], dtype=str), tables


def weights(contrast: Contrast, number: int) -> list[Array]:
    """The weights of the groups in each contrast that the claim rests on, so that what falls is positive."""
    if contrast.kind == "trend":
        return [np.asarray(trend_weights(contrast.at or tuple(range(number))))]
    pairs = [(0, 1)]
    if contrast.kind == "order":
        pairs = [(at, at + 1) for at in range(number - 1)]
    elif contrast.kind == "most":
        pairs = [(at, number - 1) for at in range(number - 1)]
    found = []
    for first, second in pairs:
        each = np.zeros(number)
        each[first], each[second] = 1.0, -1.0
        found.append(each)
    return found


def correction(contrast: Contrast, pairs: Paired, outcome: str, terms: Terms) -> Check:
    """The claim's weakest contrast with the grader's errors taken out, and the word by it."""
    sign = 1.0 if terms.falls else -1.0
    share = MEASURES[outcome].share
    estimate = _binary if share else _scores
    found = [
        (estimate(pairs, sign * each, terms.level), estimate(pairs, sign * each, 1 - 2 * terms.alpha_refuted))
        for each in weights(contrast, pairs.graded.shape[1])
    ]
    wide, narrow = min(found, key=lambda both: math.inf if math.isnan(both[0].estimate) else both[0].estimate)
    title = "corrected by people's labels, arm by arm"
    if math.isnan(wide.estimate) or math.isnan(wide.lower):
        return Check(key="corrected", title=title, note="too few labels to correct by")
    test = _as_tested(wide, narrow, terms, contrast.kind == "same")
    return Check(
        key="corrected", title=title, value=wide.estimate, lower=wide.lower, upper=wide.upper, word=word(test, terms)[0],
        note=f"{pairs.labels} labels",
    )  # fmt: skip


def faults(pairs: Paired, outcome: str, delta: float) -> tuple[str, ...]:
    """Why the grader is not good or not even enough for a CONFIRMED; empty where it is, or where it gives no yes or no."""
    return gate(pairs.graded, pairs.human, delta).reasons if MEASURES[outcome].share else ()


def _binary(pairs: Paired, each: Array, level: float) -> Interval:
    """A weighted sum of corrected rates; limits recovered from those of the rates, taken as independent (MOVER)."""
    used = np.flatnonzero(each)
    found = corrected(pairs.graded[:, used], pairs.human[:, used], clusters=pairs.blocks, level=level)
    if found.insufficient:
        return Interval(math.nan, math.nan, math.nan)
    rates = np.array([(rate.estimate, rate.lower, rate.upper) for rate in found.rates])
    at = each[used]
    middle = float(at @ rates[:, 0])
    down, up = np.abs(at) * (rates[:, 0] - rates[:, 1]), np.abs(at) * (rates[:, 2] - rates[:, 0])
    below = float(np.sqrt(np.sum(np.where(at > 0, down, up) ** 2)))
    above = float(np.sqrt(np.sum(np.where(at > 0, up, down) ** 2)))
    return Interval(middle, middle - below, middle + above)


def _scores(pairs: Paired, each: Array, level: float) -> Interval:
    """A weighted sum of means, each made good by the mean difference between people and grader where both spoke (PPI).

    Each labelled episode stands for as many as there are graded ones to a label in its group; Student's t over blocks.
    Holds for labels drawn at random.
    """
    both = ~np.isnan(pairs.graded) & ~np.isnan(pairs.human)
    graded = ~np.isnan(pairs.graded)
    if (both.sum(axis=0)[each != 0] < 2).any():
        return Interval(math.nan, math.nan, math.nan)
    factor = graded.sum(axis=0) / np.maximum(both.sum(axis=0), 1)
    made_good = pairs.graded + np.where(both, factor * (pairs.human - pairs.graded), 0.0)
    frame = pd.DataFrame(made_good[:, each != 0]).groupby(pairs.blocks).mean()
    sums = frame.to_numpy() @ each[each != 0]
    return t_interval(sums[~np.isnan(sums)], level)


def _as_tested(wide: Interval, narrow: Interval, terms: Terms, same: bool) -> Tested:
    holds, refuted, back = wide.lower > 0, narrow.upper < terms.delta, narrow.upper < 0
    if same:
        holds = -terms.delta < wide.lower and wide.upper < terms.delta
        refuted, back = narrow.lower > terms.delta or narrow.upper < -terms.delta, False
    return Tested(
        wide.estimate, wide.lower, wide.upper, math.nan, holds=holds, small=holds and wide.upper < terms.delta and not same,
        refuted=refuted, reversed=back, floor=False, analysed=1, spread=math.nan, steps=(), insufficient="", method="",
    )  # fmt: skip
