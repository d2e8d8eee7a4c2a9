"""Outcomes that a grader gave, held against labels that people gave: what the verdict would be without the grader's errors.

Labels are a frame of one row per episode, named by `uuid`, with the figures a person gave in columns of the same names as in
the episode frame; NaN where no label was given.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from advocate_evals.analysis.block_values import ArmSet, episode_grid
from advocate_evals.analysis.contrast_tests import AnyContrast, TestResult, TestSpec
from advocate_evals.analysis.findings import RobustnessCheck
from advocate_evals.analysis.verdict_rule import classify_verdict
from advocate_evals.outcomes import OUTCOMES
from advocate_evals.statistics.contrasts import trend_weights
from advocate_evals.statistics.grader_quality import check_grader
from advocate_evals.statistics.intervals import Array, Interval, t_interval
from advocate_evals.statistics.misclassification import correct_rates


@dataclass(frozen=True, slots=True)
class PairedLabels:
    """Episodes × groups: what the grader said, and what people said where they were asked."""

    graded: Array
    human: Array
    blocks: NDArray[np.str_]
    """The block of each row."""

    @property
    def labels(self) -> int:
        """Episodes that were graded and labelled."""
        return int((~np.isnan(self.graded) & ~np.isnan(self.human)).sum())


def pair_labels(
    rows: pd.DataFrame, labels: pd.DataFrame | None, outcome: str, groups: tuple[ArmSet, ...]
) -> PairedLabels | None:
    """The grader's figures and people's, by block and epoch; None where there is no label for the outcome.

    Groups of several arms have a row for each arm.
    """
    if labels is None or outcome not in labels or not len(rows):
        return None
    human = labels.drop_duplicates("uuid", keep="last").set_index("uuid")[outcome]
    names, (graded, said) = episode_grid(rows.assign(_human=rows["uuid"].map(human)), (outcome, "_human"), groups)
    found = PairedLabels(graded, said, names)
    return found if found.labels else None


def contrast_weights(contrast: AnyContrast, number: int) -> list[Array]:
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


def correct_contrast(contrast: AnyContrast, pairs: PairedLabels, outcome: str, terms: TestSpec) -> RobustnessCheck:
    """The claim's weakest contrast with the grader's errors taken out, and the word by it."""
    sign = 1.0 if terms.falls else -1.0
    share = OUTCOMES[outcome].share
    estimate = _binary if share else _scores
    found = [
        (estimate(pairs, sign * each, terms.level), estimate(pairs, sign * each, 1 - 2 * terms.alpha_refuted))
        for each in contrast_weights(contrast, pairs.graded.shape[1])
    ]
    wide, narrow = min(found, key=lambda both: math.inf if math.isnan(both[0].estimate) else both[0].estimate)
    title = "corrected by people's labels, arm by arm"
    if math.isnan(wide.estimate) or math.isnan(wide.lower):
        return RobustnessCheck(key="corrected", title=title, note="too few labels to correct by")
    test = _as_tested(wide, narrow, terms, contrast.kind == "same")
    return RobustnessCheck(
        key="corrected", title=title, value=wide.estimate, lower=wide.lower, upper=wide.upper, word=classify_verdict(test, terms)[0],
        note=f"{pairs.labels} labels",
    )  # fmt: skip


def grader_faults(pairs: PairedLabels, outcome: str, delta: float) -> tuple[str, ...]:
    """Why the grader is not good or not even enough for a CONFIRMED; empty where it is, or where it gives no yes or no."""
    return check_grader(pairs.graded, pairs.human, delta).reasons if OUTCOMES[outcome].share else ()


def _binary(pairs: PairedLabels, each: Array, level: float) -> Interval:
    """A weighted sum of corrected rates; limits recovered from those of the rates, taken as independent (MOVER)."""
    used = np.flatnonzero(each)
    found = correct_rates(pairs.graded[:, used], pairs.human[:, used], clusters=pairs.blocks, level=level)
    if found.insufficient:
        return Interval(math.nan, math.nan, math.nan)
    rates = np.array([(rate.estimate, rate.lower, rate.upper) for rate in found.rates])
    at = each[used]
    middle = float(at @ rates[:, 0])
    down, up = np.abs(at) * (rates[:, 0] - rates[:, 1]), np.abs(at) * (rates[:, 2] - rates[:, 0])
    below = float(np.sqrt(np.sum(np.where(at > 0, down, up) ** 2)))
    above = float(np.sqrt(np.sum(np.where(at > 0, up, down) ** 2)))
    return Interval(middle, middle - below, middle + above)


def _scores(pairs: PairedLabels, each: Array, level: float) -> Interval:
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


def _as_tested(wide: Interval, narrow: Interval, terms: TestSpec, same: bool) -> TestResult:
    holds, refuted, back = wide.lower > 0, narrow.upper < terms.delta, narrow.upper < 0
    if same:
        holds = -terms.delta < wide.lower and wide.upper < terms.delta
        refuted, back = narrow.lower > terms.delta or narrow.upper < -terms.delta, False
    return TestResult(
        wide.estimate, wide.lower, wide.upper, math.nan, holds=holds, small=holds and wide.upper < terms.delta and not same,
        refuted=refuted, reversed=back, floor=False, analysed=1, spread=math.nan, steps=(), insufficient="", method="",
    )  # fmt: skip
