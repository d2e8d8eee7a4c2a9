"""The bias analysis of a claim on a graded outcome: does its label survive what the grader may have done wrong?

Labels of the run correct the rate of each arm that has them for both verdicts of the grader; in the other arms a
calibration on unseen items bounds the error rates. The contrast gets limits that hold under every error rate that these
allow, and the label by those limits must be the label from the estimates alone (`statistics/bias_analysis.py`).

Labels are a frame of one row per episode, identified by `uuid`, with people's figures in columns of the same names as
in the episode table; NaN where no label was given.
"""

from __future__ import annotations

import hashlib
import math
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from advocate_evals.analysis.block_values import BlockValues, build_block_values, episode_grid
from advocate_evals.analysis.findings import RobustnessCheck
from advocate_evals.logs.task_logs import GraderCalibration, find_calibration
from advocate_evals.outcomes import OUTCOMES
from advocate_evals.predictions.claim_spec import TestSpec
from advocate_evals.predictions.contrasts import AnyContrast, OrderContrast, TrendContrast
from advocate_evals.records import split_names
from advocate_evals.scenarios.dataset_reader import mechanism_names, read_mechanism
from advocate_evals.statistics.bias_analysis import ErrorLimits, analyse_bias, project_counts
from advocate_evals.statistics.grader_quality import ConfusionCounts, count_confusion
from advocate_evals.statistics.intervals import (
    Array,
    Effect,
    EffectBasis,
    Interval,
    student_effect,
    unknown_effect,
)
from advocate_evals.statistics.monotonicity import OrderShape, PairedRise
from advocate_evals.statistics.risk_difference import BlockTable
from advocate_evals.statistics.verdict_rule import Evidence, VerdictLabel, classify_verdict, same_verdict

if TYPE_CHECKING:
    from advocate_evals.analysis.claim_tests import PValueAdjustment


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


@dataclass(frozen=True, slots=True)
class BiasAnalysis:
    """A claim's contrast under every error rate of the grader that labels and calibration allow."""

    value: float
    """The estimate in the direction of the claim, corrected where labels allow it; NaN where there is none."""
    lower: float
    """Two-sided limits at the level of the claim."""
    upper: float
    evidence: Evidence
    """What it shows of the claim, before the correction for the number of claims."""
    source: str
    """What bounds the errors, in words; empty where nothing does."""
    labels: int
    """Labels of the run that were used."""
    missing: str
    """Why there is no analysis; empty where there is one."""
    label_numbers: tuple[int, ...]
    """Numbers of labels in each arm that may be asked for, rising."""
    project_evidence: Callable[[int], Evidence]
    """What so many labels in each arm, half of each verdict, would show if the errors stay as they are."""

    def classify(self, adjust: PValueAdjustment) -> VerdictLabel | None:
        """The label under the errors allowed; None where there is no analysis.

        Args:
            adjust: The correction of the claim's p-value for the number of claims.
        """
        return None if self.missing else classify_verdict(adjust(self.evidence))[0]

    def survives(self, label: VerdictLabel, adjust: PValueAdjustment) -> bool:
        """Whether a label is that of the analysis too."""
        analysed = self.classify(adjust)
        return analysed is not None and same_verdict(analysed, label)

    def count_needed(self, label: VerdictLabel, adjust: PValueAdjustment) -> int | None:
        """The smallest number of labels in each arm by which the label would survive; None where none would do."""
        labels_of = ((n, classify_verdict(adjust(self.project_evidence(n)))[0]) for n in self.label_numbers)
        return next((n for n, projected in labels_of if same_verdict(projected, label)), None)


def analyse_claim_bias(
    contrast: AnyContrast,
    rows: pd.DataFrame,
    outcome: str,
    spec: TestSpec,
    calibrations: Sequence[GraderCalibration],
    labels: pd.DataFrame | None,
) -> BiasAnalysis | None:
    """The bias analysis of a claim; None where neither labels nor a calibration speak of its outcome.

    An event is corrected arm by arm; arms of one group are never taken together. A calibration counts only where every
    episode was graded by exactly the graders that it is about. Ratings are corrected by people's ratings alone.

    Args:
        contrast: What is compared.
        rows: The episodes that are tested.
        outcome: The outcome.
        spec: Direction, δ and errors.
        calibrations: Calibrations on unseen items.
        labels: People's labels, as this module describes them.
    """
    arms = tuple(dict.fromkeys(arm for group in contrast.arm_groups for arm in group))
    pairs = pair_labels(rows, labels, outcome, tuple((arm,) for arm in arms))
    blocks = build_block_values(rows, outcome, [(arm,) for arm in arms])
    if not OUTCOMES[outcome].is_event:
        units = blocks.families if spec.by_family else blocks.names
        unit_of = {str(block): str(unit) for block, unit in zip(blocks.names, units, strict=True)}
        return _analyse_ratings(contrast, pairs, arms, spec, unit_of) if pairs else None
    limits, calibration = _read_calibration(rows, outcome, arms, calibrations)
    if pairs is None and calibration is None:
        return None
    table = blocks.as_table(spec.by_family)
    counts = count_confusion(pairs.graded, pairs.human) if pairs else _count_verdicts(table)

    def read_evidence(tested_counts: ConfusionCounts) -> tuple[Effect, Evidence]:
        def estimate(weights: Array, level: float) -> Effect:
            return analyse_bias(table, tested_counts, limits, weights, level)

        return _read_evidence(contrast, spec, arms, estimate)

    effect, evidence = read_evidence(counts)
    return BiasAnalysis(
        value=effect.estimate,
        lower=effect.lower,
        upper=effect.upper,
        evidence=evidence,
        source=_describe_sources(counts, arms, calibration),
        labels=pairs.label_count if pairs else 0,
        missing=_name_arms(effect.insufficient, arms),
        label_numbers=tuple(_label_numbers(counts)),
        project_evidence=lambda labels: read_evidence(project_counts(counts, labels))[1],
    )


def _label_numbers(counts: ConfusionCounts) -> Iterator[int]:
    """Numbers of labels in each arm that may be asked for, above those that the arms have."""
    fewest = float((counts.labelled_positive + counts.labelled_negative).min())
    most = float(counts.graded.max())
    yield from (n for n in (10, 20, 30, 40, 50, 75, 100, 150, 200, 300, 500, 1000) if fewest < n < most)
    if fewest < most:
        yield int(most)


def _count_verdicts(table: BlockTable) -> ConfusionCounts:
    """Counts of verdicts without any label."""
    none, graded = np.zeros(table.conditions), table.sizes.sum(axis=-2)
    return ConfusionCounts(none, none, none, none, graded, np.round(table.totals.sum(axis=-2)))


def _describe_sources(counts: ConfusionCounts, arms: Sequence[str], calibration: GraderCalibration | None) -> str:
    by_labels = [not counts.find_label_gap(arm) for arm in range(len(arms))]
    sources = ["labels of the run"] if any(by_labels) else []
    if calibration is not None and not all(by_labels):
        sources.append(f"the calibration on {calibration.items} unseen items")
    return " and ".join(sources)


def _name_arms(reason: str, arms: Sequence[str]) -> str:
    """A reason with the arm's name in the place of its number."""
    for place, arm in enumerate(arms):
        reason = reason.replace(f"condition {place}:", f"{arm}:")
    return reason


def _read_calibration(
    rows: pd.DataFrame, outcome: str, arms: Sequence[str], calibrations: Sequence[GraderCalibration]
) -> tuple[list[ErrorLimits | None], GraderCalibration | None]:
    """By arm, the limits of the calibration of the graders of all episodes, and the calibration."""
    graders = {split_names(str(names)) for names in rows["graders"].unique()}
    calibration = find_calibration(calibrations, graders.pop()) if len(graders) == 1 else None
    if calibration is None:
        return [None] * len(arms), None
    limits = [calibration.error_limits(outcome, _outlet_kind(rows[rows["arm"] == arm])) for arm in arms]
    return limits, calibration if any(limits) else None


def _read_evidence(
    contrast: AnyContrast, spec: TestSpec, arms: Sequence[str], estimate: Callable[[Array, float], Effect]
) -> tuple[Effect, Evidence]:
    """The weakest of a claim's contrasts at the level of the claim, and what all of them show of it.

    Args:
        contrast: What is compared.
        spec: Direction, δ and errors.
        arms: The arms.
        estimate: The effect for weights of the arms, at a level.
    """
    sign = 1.0 if spec.falls else -1.0
    weights = [sign * _weigh_arms(contrast, group_weights, arms) for group_weights in contrast.group_weights()]
    effects = [estimate(weight, spec.level) for weight in weights]
    weakest = min(effects, key=lambda effect: -math.inf if effect.insufficient else effect.estimate)
    if weakest.insufficient:
        return weakest, Evidence(testable=False)
    if contrast.has_p_value:
        holds = all(effect.lower > 0 for effect in effects)
        ends = _estimate_ends(contrast, spec, arms, estimate) if contrast.kind_name == "order" else effects
        p_refuted = min(1.0, len(ends) * min(effect.p_below_margin(spec.delta) for effect in ends))
        p_reversed = min(1.0, len(effects) * min(effect.p_below for effect in effects))
    else:
        holds = -spec.delta < weakest.lower and weakest.upper < spec.delta
        p_refuted, p_reversed = min(weakest.p_above_margin(spec.delta), weakest.p_below_margin(-spec.delta)), math.nan
    return weakest, Evidence(
        testable=True,
        holds=holds,
        small=holds and weakest.upper < spec.delta and contrast.names_small_effects,
        refuted=p_refuted <= spec.alpha_refuted,
        reversed=p_reversed <= spec.alpha_refuted,
        turns=_turns_back(contrast, spec, arms, estimate, p_reversed <= spec.alpha_refuted),
        floor=_has_floor(contrast, spec, arms, estimate),
        equivalence=not contrast.has_p_value,
        p_adjusted=max(effect.p_above for effect in effects) if contrast.has_p_value else math.nan,
        alpha=spec.alpha,
        p_refuted=p_refuted,
        p_reversed=p_reversed,
        alpha_refuted=spec.alpha_refuted,
    )


def _estimate_ends(
    contrast: AnyContrast, spec: TestSpec, arms: Sequence[str], estimate: Callable[[Array, float], Effect]
) -> list[Effect]:
    """The change from the first arm of an order to the last, which must be δ or more."""
    ends = np.zeros(len(contrast.arm_groups))
    ends[0], ends[-1] = (1.0, -1.0) if spec.falls else (-1.0, 1.0)
    return [estimate(_weigh_arms(contrast, ends, arms), spec.level)]


def _turns_back(
    contrast: AnyContrast,
    spec: TestSpec,
    arms: Sequence[str],
    estimate: Callable[[Array, float], Effect],
    is_reversed: bool,
) -> bool:
    """Whether the outcome turns back along ordered arms, whatever the errors allowed; as `assess_order` tests it."""
    groups = len(contrast.arm_groups)
    if not isinstance(contrast, TrendContrast | OrderContrast):
        return False
    places = list(combinations(range(groups), 2))
    level = 1 - 2 * spec.alpha_refuted / len(places)
    pairs = []
    for earlier, later in places:
        rise = np.eye(groups)[later] - np.eye(groups)[earlier]
        effect = estimate(_weigh_arms(contrast, rise if spec.falls else -rise, arms), level)
        pairs.append(PairedRise(earlier, later, Interval(effect.estimate, effect.lower, effect.upper)))
    return OrderShape(tuple(pairs), steps=()).turns_back(is_reversed)


def _has_floor(
    contrast: AnyContrast, spec: TestSpec, arms: Sequence[str], estimate: Callable[[Array, float], Effect]
) -> bool:
    """Whether no group that the claim starts from has room for a change of δ, whatever the errors allowed."""
    rates = [
        estimate(_weigh_arms(contrast, np.eye(len(contrast.arm_groups))[start], arms), spec.level_refuted)
        for start in contrast.start_groups
    ]
    return all(rate.below(spec.delta) if spec.falls else rate.above(1 - spec.delta) for rate in rates)


def _weigh_arms(contrast: AnyContrast, group_weights: Array, arms: Sequence[str]) -> Array:
    """Weights of the arms: each has its share of the weight of its groups."""
    weights = np.zeros(len(arms))
    for weight, group in zip(group_weights, contrast.arm_groups, strict=True):
        for arm in group:
            weights[arms.index(arm)] += weight / len(group)
    return weights


def _analyse_ratings(
    contrast: AnyContrast, pairs: PairedLabels, arms: Sequence[str], spec: TestSpec, unit_of: Mapping[str, str]
) -> BiasAnalysis:
    """The analysis of an outcome that is no event: its means corrected by people's ratings drawn at random."""

    def estimate(weights: Array, level: float) -> Effect:
        return _correct_mean(pairs, weights, level, unit_of)

    effect, evidence = _read_evidence(contrast, spec, arms, estimate)
    return BiasAnalysis(
        value=effect.estimate,
        lower=effect.lower,
        upper=effect.upper,
        evidence=replace(evidence, floor=False),
        source="ratings by people",
        labels=pairs.label_count,
        missing=effect.insufficient,
        label_numbers=(),
        project_evidence=lambda labels: evidence,
    )


def _correct_mean(pairs: PairedLabels, weights: Array, level: float, unit_of: Mapping[str, str]) -> Effect:
    """A weighted sum of means, each corrected by the mean difference between people and grader (prediction-powered).

    Each labelled episode stands for as many as there are graded ones to a label in its arm; Student's t over the units
    of the blocks. Holds for labels drawn at random.
    """
    is_graded = ~np.isnan(pairs.graded)
    has_label = is_graded & ~np.isnan(pairs.human)
    used = weights != 0
    if (has_label.sum(axis=0)[used] < 2).any():
        return unknown_effect("fewer than two ratings by people in an arm", (-math.inf, math.inf), level)
    factor = is_graded.sum(axis=0) / np.maximum(has_label.sum(axis=0), 1)
    corrected = pairs.graded + np.where(has_label, factor * (pairs.human - pairs.graded), 0.0)
    block_means = pd.DataFrame(corrected[:, used]).groupby(pairs.blocks).mean()
    block_sums = (block_means @ weights[used]).dropna()
    sums = block_sums.groupby(block_sums.index.map(unit_of)).mean().to_numpy()
    error = float(sums.std(ddof=1)) / math.sqrt(sums.size) if sums.size > 1 else 0.0
    if error <= 1e-12 * abs(float(sums.mean()) if sums.size else 1.0):
        return unknown_effect("the blocks do not vary: no variance can be estimated", (-math.inf, math.inf), level)
    return student_effect(float(sums.mean()), error, level, EffectBasis(sums.size, 0, sums.size, "ppi"))


def _outlet_kind(rows: pd.DataFrame) -> str:
    """The kind of outlet that the rows of an arm have, in the words of the labelled items."""
    name = str(rows["mechanism"].iloc[0]) if len(rows) else "none"
    return read_mechanism(name).outlet_kind if name in mechanism_names() else "none"


# How many errors change a label, each kind in one group alone.

LabelOf = Callable[[BlockValues], VerdictLabel]
"""The label that the test of a claim comes to on some values."""


@dataclass(frozen=True, slots=True)
class TippingCount:
    """How many errors of one kind in one group, against the claim, change a label."""

    group: int
    kind: str
    """`missed` or `false alarms`."""
    tipping: int | None
    """The smallest number that changes the label; None where no number does."""


def find_tipping_counts(
    contrast: AnyContrast, blocks: BlockValues, falls: bool, label: VerdictLabel, label_of: LabelOf
) -> tuple[TippingCount, ...]:
    """For each group, the number of errors against the claim that changes its label: it describes, and decides nothing.

    Args:
        contrast: What is compared.
        blocks: Its groups of arms.
        falls: Whether the claim says that the outcome falls.
        label: The label without any error.
        label_of: The label that the test comes to, corrected for the number of claims as `label` is.
    """
    return tuple(
        _find_tipping(blocks, group, high == falls, label, label_of)
        for group, high in enumerate(contrast.high_groups())
    )


def turn_verdicts(blocks: BlockValues, group: int, count: int, *, positive: bool) -> BlockValues:
    """The values with so many episodes of a group judged the other way: to positive, or to negative.

    Episodes are taken one from each block in turn, blocks in an order by the hash of their names, so that the choice is
    the same every time and does not follow the outcome.
    """
    values, sizes = blocks.values.copy(), blocks.sizes
    column = values[:, group]
    order = sorted(range(len(blocks.names)), key=lambda place: hashlib.blake2b(blocks.names[place].encode()).digest())
    open_places = [place for place in order if not math.isnan(column[place])]
    while count > 0 and open_places:
        remaining = []
        for place in open_places:
            step = 1.0 / sizes[place, group]
            room = (1.0 - column[place]) if positive else column[place]
            if count == 0 or room < step / 2:
                continue
            column[place] += step if positive else -step
            count -= 1
            remaining.append(place)
        open_places = remaining
    return replace(blocks, values=np.clip(values, 0.0, 1.0))


def _find_tipping(blocks: BlockValues, group: int, high: bool, label: VerdictLabel, label_of: LabelOf) -> TippingCount:
    """The smallest number of errors in one group, against the claim, that changes the label."""
    values, sizes = blocks.values[:, group], blocks.sizes[:, group]
    positives = round(float(np.nansum(values * sizes)))
    most = positives if high else int(sizes[~np.isnan(values)].sum()) - positives

    def changes(count: int) -> bool:
        return not same_verdict(label_of(turn_verdicts(blocks, group, count, positive=not high)), label)

    tipping = bisect_left(range(most + 1), True, key=changes) if most and changes(most) else None
    return TippingCount(group, "false alarms" if high else "missed", tipping)


def describe_tipping(counts: Sequence[TippingCount], group_names: Sequence[str]) -> str:
    """In a sentence: how many errors in one group alone change the label."""
    parts = []
    for count in counts:
        where = group_names[count.group]
        if count.tipping is None:
            parts.append(f"no number of {_ERROR_WORDS[count.kind]} under {where} changes the label alone")
        else:
            parts.append(f"{count.tipping} {_ERROR_WORDS[count.kind]} under {where} would change the label")
    return ", ".join(parts)


_ERROR_WORDS: Mapping[str, str] = {"missed": "missed cases", "false alarms": "false alarms"}


def build_bias_check(
    analysis: BiasAnalysis, label: VerdictLabel, adjust: PValueAdjustment, change_range: tuple[float, float]
) -> RobustnessCheck:
    """The bias analysis as a check of robustness.

    Args:
        analysis: The analysis.
        label: The label from the estimates alone.
        adjust: The correction of the claim's p-value for the number of claims.
        change_range: The smallest and largest change that the outcome can show.
    """
    title = "under every error rate of the grader that labels and calibration allow, arm by arm"
    if analysis.missing:
        note = f"not corrected: {analysis.missing}"
        return RobustnessCheck(key="corrected", title=title, note=note)
    survives = analysis.survives(label, adjust)
    number = None if survives else analysis.count_needed(label, adjust)
    notes = [f"errors bounded by {analysis.source}", f"{analysis.labels} labels"]
    if number is not None:
        notes.append(
            f"with {number} labels an arm, by arm and verdict and with errors as so far, the label would stand"
        )
    bounded = Interval(analysis.value, analysis.lower, analysis.upper).clipped(*change_range)
    return RobustnessCheck(
        key="corrected",
        title=title,
        value=bounded.estimate,
        lower=bounded.lower,
        upper=bounded.upper,
        label=analysis.classify(adjust),
        agrees=survives,
        note="; ".join(notes),
    )
