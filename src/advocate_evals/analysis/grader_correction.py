"""Graded outcomes corrected by people's labels: the effect without the grader's errors, and is the grader good enough?

Labels are a frame of one row per episode, identified by `uuid`, with people's figures in columns of the same names as
in the episode table; NaN where no label was given.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from advocate_evals.analysis.block_values import episode_grid
from advocate_evals.analysis.findings import RobustnessCheck
from advocate_evals.outcomes import OUTCOMES
from advocate_evals.predictions.contrasts import AnyContrast, TestSpec
from advocate_evals.statistics.grader_quality import check_grader
from advocate_evals.statistics.intervals import Array, Interval, t_interval
from advocate_evals.statistics.misclassification import correct_rates
from advocate_evals.statistics.verdict_rule import Evidence, classify_verdict


@dataclass(frozen=True, slots=True)
class PairedLabels:
    """Episodes × groups: the grader's figures, and people's where they were asked; NaN elsewhere."""

    graded: Array
    human: Array
    blocks: NDArray[np.str_]
    """The block of each row."""

    @property
    def label_count(self) -> int:
        """Episodes that were graded and labelled."""
        return int((~np.isnan(self.graded) & ~np.isnan(self.human)).sum())


def pair_labels(
    rows: pd.DataFrame, labels: pd.DataFrame | None, outcome: str, groups: tuple[tuple[str, ...], ...]
) -> PairedLabels | None:
    """The grader's figures and people's, by block and epoch; None where there is no label for the outcome.

    Groups of several arms have a row for each arm.
    """
    if labels is None or outcome not in labels or not len(rows):
        return None
    label_of = labels.drop_duplicates("uuid", keep="last").set_index("uuid")[outcome]
    labelled_rows = rows.assign(_human=rows["uuid"].map(label_of))
    block_names, (graded, human) = episode_grid(labelled_rows, (outcome, "_human"), groups)
    pairs = PairedLabels(graded, human, block_names)
    return pairs if pairs.label_count else None


def correct_contrast(contrast: AnyContrast, pairs: PairedLabels, outcome: str, spec: TestSpec) -> RobustnessCheck:
    """The claim's weakest contrast with the grader's errors taken out, and the label by it."""
    sign = 1.0 if spec.falls else -1.0
    correct = _correct_share if OUTCOMES[outcome].is_share else _correct_mean
    by_weights = [
        (correct(pairs, sign * weights, spec.level), correct(pairs, sign * weights, 1 - 2 * spec.alpha_refuted))
        for weights in contrast.group_weights()
    ]
    claimed, against = min(
        by_weights, key=lambda levels: math.inf if math.isnan(levels[0].estimate) else levels[0].estimate
    )
    title = "corrected by human labels, arm by arm"
    if math.isnan(claimed.estimate) or math.isnan(claimed.lower):
        return RobustnessCheck(key="corrected", title=title, note="too few labels for a correction")
    return RobustnessCheck(
        key="corrected",
        title=title,
        value=claimed.estimate,
        lower=claimed.lower,
        upper=claimed.upper,
        label=classify_verdict(_read_evidence(claimed, against, spec, contrast))[0],
        note=f"{pairs.label_count} labels",
    )


def grader_faults(pairs: PairedLabels, outcome: str, delta: float) -> tuple[str, ...]:
    """Why the grader fails the check for a confirmed claim; empty where it passes, or where the outcome is no event."""
    return check_grader(pairs.graded, pairs.human, delta).reasons if OUTCOMES[outcome].is_share else ()


def _read_evidence(claimed: Interval, against: Interval, spec: TestSpec, contrast: AnyContrast) -> Evidence:
    """Evidence from the interval at the level of the claim and the one at the level of the evidence against it."""
    if not contrast.has_p_value:
        return Evidence(
            testable=True,
            holds=-spec.delta < claimed.lower and claimed.upper < spec.delta,
            refuted=against.lower > spec.delta or against.upper < -spec.delta,
            equivalence=True,
        )
    holds = claimed.lower > 0
    return Evidence(
        testable=True,
        holds=holds,
        small=holds and claimed.upper < spec.delta,
        refuted=against.upper < spec.delta,
        reversed=against.upper < 0,
    )


def _correct_share(pairs: PairedLabels, weights: Array, level: float) -> Interval:
    """A weighted sum of corrected rates; limits recovered from those of the rates, taken as independent (MOVER)."""
    used = np.flatnonzero(weights)
    corrected = correct_rates(pairs.graded[:, used], pairs.human[:, used], clusters=pairs.blocks, level=level)
    if corrected.insufficient:
        return Interval(math.nan, math.nan, math.nan)
    rates = np.array([(rate.estimate, rate.lower, rate.upper) for rate in corrected.rates])
    used_weights = weights[used]
    estimate = float(used_weights @ rates[:, 0])
    to_lower = np.abs(used_weights) * (rates[:, 0] - rates[:, 1])
    to_upper = np.abs(used_weights) * (rates[:, 2] - rates[:, 0])
    below = float(np.sqrt(np.sum(np.where(used_weights > 0, to_lower, to_upper) ** 2)))
    above = float(np.sqrt(np.sum(np.where(used_weights > 0, to_upper, to_lower) ** 2)))
    return Interval(estimate, estimate - below, estimate + above)


def _correct_mean(pairs: PairedLabels, weights: Array, level: float) -> Interval:
    """A weighted sum of means, each corrected by the mean difference between people and grader (prediction-powered).

    Each labelled episode stands for as many as there are graded ones to a label in its group; Student's t over blocks.
    Holds for labels drawn at random.
    """
    is_graded = ~np.isnan(pairs.graded)
    has_label = is_graded & ~np.isnan(pairs.human)
    used = weights != 0
    if (has_label.sum(axis=0)[used] < 2).any():
        return Interval(math.nan, math.nan, math.nan)
    factor = is_graded.sum(axis=0) / np.maximum(has_label.sum(axis=0), 1)
    corrected = pairs.graded + np.where(has_label, factor * (pairs.human - pairs.graded), 0.0)
    block_means = pd.DataFrame(corrected[:, used]).groupby(pairs.blocks).mean()
    sums = block_means.to_numpy() @ weights[used]
    return t_interval(sums[~np.isnan(sums)], level)
