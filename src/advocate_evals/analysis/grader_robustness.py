"""Graded outcomes corrected by people's labels, and whether a verdict survives the errors that a grader may have made.

For each group of arms, a calibration on unseen items, or people's labels of the run, bound how many episodes were
misjudged. All of them are turned against the claim, then all for it; the verdict stands where its label stays.

Labels are a frame of one row per episode, identified by `uuid`, with people's figures in columns of the same names as
in the episode table; NaN where no label was given.
"""

from __future__ import annotations

import hashlib
import math
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from advocate_evals.analysis.block_values import BlockValues, episode_grid
from advocate_evals.analysis.findings import RobustnessCheck
from advocate_evals.logs.task_logs import GraderCalibration, find_calibration
from advocate_evals.outcomes import OUTCOMES
from advocate_evals.predictions.contrasts import AnyContrast, TestSpec
from advocate_evals.records import split_names
from advocate_evals.scenarios.dataset_reader import mechanism_names, read_mechanism
from advocate_evals.statistics.grader_quality import check_grader
from advocate_evals.statistics.intervals import Array, Interval, t_interval
from advocate_evals.statistics.misclassification import (
    MisjudgedCounts,
    correct_rates,
    labels_to_bound,
    most_errors_by_labels,
    most_misjudged,
)
from advocate_evals.statistics.verdict_rule import (
    Evidence,
    VerdictLabel,
    classify_verdict,
    limits_evidence,
    same_verdict,
)


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
    return limits_evidence(claimed, against, spec.delta)


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


# Possible errors of a grader, turned against a claim and for it.

LabelOf = Callable[[BlockValues], VerdictLabel]
"""The label that the test of a claim comes to on some values."""
Sides = tuple[bool, ...]
"""By group of a contrast, yes or no."""
_SHARE_STEPS = 256
"""Steps in which a share of the possible errors is looked for."""


@dataclass(frozen=True, slots=True)
class ErrorBounds:
    """How many episodes of each group may have been misjudged at most, and by what this is known."""

    counts: tuple[MisjudgedCounts, ...]
    """By group of the contrast."""
    source: str
    """What the bounds come from, in words."""


@dataclass(frozen=True, slots=True)
class TippingCount:
    """How many errors of one kind in one group change a label, beside how many there may be."""

    group: int
    kind: str
    """`missed` or `false alarms`."""
    tipping: int | None
    """The smallest number that changes the label; None where no number does."""
    allowed: int
    """The largest number that the bounds allow."""


@dataclass(frozen=True, slots=True)
class GraderRobustness:
    """Whether a label survives the errors that a grader may have made."""

    holds: bool
    label_against: VerdictLabel
    """The label with every possible error turned against the claim."""
    label_for: VerdictLabel
    """The label with every possible error turned in favour of the claim."""
    tipping: tuple[TippingCount, ...]
    """By group, errors that would speak against the claim."""
    labels_needed: int
    """Labels by people, none of them against the grader, that would let the label stand; 0 where it stands."""
    source: str


def bound_errors(
    rows: pd.DataFrame,
    outcome: str,
    groups: Sequence[Sequence[str]],
    calibrations: Sequence[GraderCalibration],
    labels: pd.DataFrame | None,
) -> ErrorBounds | None:
    """The bounds on a grader's errors in each group; None where nothing bounds them in some arm.

    People's labels of the run replace the calibration in every arm that has them for both verdicts of the grader. A
    calibration counts only where every episode was graded by exactly the graders that it is about.

    Args:
        rows: The episodes that are tested.
        outcome: The grader's outcome, an event.
        groups: Groups of arms.
        calibrations: Calibrations on unseen items.
        labels: People's labels, as this module describes them.
    """
    if not OUTCOMES[outcome].is_event:
        return None
    graders = {split_names(str(names)) for names in rows["graders"].unique()}
    calibration = find_calibration(calibrations, graders.pop()) if len(graders) == 1 else None
    counts, sources = [], set()
    for arms in groups:
        missed = false_alarms = 0
        for arm in arms:
            arm_rows = rows[rows["arm"] == arm]
            by_labels = _bound_by_labels(pair_labels(arm_rows, labels, outcome, ((arm,),)))
            bounds = by_labels or _bound_by_calibration(arm_rows, outcome, calibration)
            if bounds is None:
                return None
            missed, false_alarms = missed + bounds.missed, false_alarms + bounds.false_alarms
            sources.add("human labels" if by_labels else "the calibration")
        counts.append(MisjudgedCounts(missed, false_alarms))
    items = f" on {calibration.items} unseen items" if calibration and "the calibration" in sources else ""
    return ErrorBounds(tuple(counts), " and ".join(sorted(sources)) + items)


def _bound_by_labels(pairs: PairedLabels | None) -> MisjudgedCounts | None:
    """The bounds in an arm by its labels; None where some verdict of the grader has none."""
    if pairs is None:
        return None
    graded, human = pairs.graded[:, 0], pairs.human[:, 0]
    largest = []
    for verdict in (0.0, 1.0):
        labels = human[(graded == verdict) & ~np.isnan(human)]
        episodes = int((graded == verdict).sum())
        if episodes and not labels.size:
            return None
        largest.append(most_errors_by_labels(episodes, labels.size, int((labels != verdict).sum())))
    return MisjudgedCounts(missed=largest[0], false_alarms=largest[1])


def _bound_by_calibration(
    arm_rows: pd.DataFrame, outcome: str, calibration: GraderCalibration | None
) -> MisjudgedCounts | None:
    limits = calibration.error_limits(outcome, _outlet_kind(arm_rows)) if calibration else None
    if limits is None:
        return None
    return most_misjudged(int((arm_rows[outcome] == 1.0).sum()), int((arm_rows[outcome] == 0.0).sum()), limits)


def _outlet_kind(rows: pd.DataFrame) -> str:
    """The kind of outlet that the rows of an arm have, in the words of the labelled items."""
    name = str(rows["mechanism"].iloc[0]) if len(rows) else "none"
    return read_mechanism(name).outlet_kind if name in mechanism_names() else "none"


def check_robustness(
    contrast: AnyContrast, blocks: BlockValues, falls: bool, bounds: ErrorBounds, label: VerdictLabel, label_of: LabelOf
) -> GraderRobustness:
    """Turn as many verdicts of the grader as the bounds allow, and see whether a label stays.

    Args:
        contrast: What is compared.
        blocks: Its groups of arms.
        falls: Whether the claim says that the outcome falls.
        bounds: How many episodes may have been misjudged.
        label: The label without any error.
        label_of: The label that the test comes to, corrected for the number of claims as `label` is.
    """
    adverse = [_turn_errors(blocks, bounds.counts, raised) for raised in _list_adverse_sides(contrast, falls)]
    favourable = [
        _turn_errors(blocks, bounds.counts, _opposite(raised)) for raised in _list_adverse_sides(contrast, falls)
    ]
    against, in_favour = (_find_other_label(map(label_of, turned), label) for turned in (adverse, favourable))
    holds = same_verdict(against, label) and same_verdict(in_favour, label)
    high = _opposite(_list_adverse_sides(contrast, falls)[0])
    return GraderRobustness(
        holds=holds,
        label_against=against,
        label_for=in_favour,
        tipping=tuple(
            _find_tipping(blocks, group, is_high, bounds.counts[group], label, label_of)
            for group, is_high in enumerate(high)
        ),
        labels_needed=0 if holds else _count_needed_labels(contrast, blocks, falls, bounds, label, label_of),
        source=bounds.source,
    )


def _list_adverse_sides(contrast: AnyContrast, falls: bool) -> list[Sides]:
    """For each comparison that the claim rests on, which groups missed cases speak against it in.

    The first is that of the contrast as a whole; in the other groups false alarms speak against the claim.
    """
    comparisons = [contrast.high_groups(), *(tuple(bool(w > 0) for w in ws) for ws in contrast.group_weights())]
    return list(dict.fromkeys(tuple(high != falls for high in comparison) for comparison in comparisons))


def _opposite(sides: Sides) -> Sides:
    return tuple(not side for side in sides)


def _find_other_label(labels: Iterable[VerdictLabel], label: VerdictLabel) -> VerdictLabel:
    """The first of some labels that is another verdict; the label itself where none is."""
    return next((turned for turned in labels if not same_verdict(turned, label)), label)


def _turn_errors(blocks: BlockValues, counts: Sequence[MisjudgedCounts], raised: Sides) -> BlockValues:
    """The values with missed ones made positive in the groups to be raised, and false alarms negative in the others."""
    for group, raise_values in enumerate(raised):
        count = counts[group].missed if raise_values else counts[group].false_alarms
        blocks = turn_verdicts(blocks, group, count, positive=raise_values)
    return blocks


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


def _count_verdicts(blocks: BlockValues, group: int) -> tuple[int, int]:
    """Episodes of a group that were graded positive, and negative."""
    values, sizes = blocks.values[:, group], blocks.sizes[:, group]
    episodes = int(sizes[~np.isnan(values)].sum())
    positives = round(float(np.nansum(values * sizes)))
    return positives, episodes - positives


def _find_tipping(
    blocks: BlockValues, group: int, high: bool, allowed: MisjudgedCounts, label: VerdictLabel, label_of: LabelOf
) -> TippingCount:
    """The smallest number of errors in one group, against the claim, that changes the label."""
    positives, negatives = _count_verdicts(blocks, group)
    most = positives if high else negatives

    def changes(count: int) -> bool:
        return not same_verdict(label_of(turn_verdicts(blocks, group, count, positive=not high)), label)

    tipping = bisect_left(range(most + 1), True, key=changes) if most and changes(most) else None
    kind = "false alarms" if high else "missed"
    return TippingCount(group, kind, tipping, allowed.false_alarms if high else allowed.missed)


def _count_needed_labels(
    contrast: AnyContrast,
    blocks: BlockValues,
    falls: bool,
    bounds: ErrorBounds,
    label: VerdictLabel,
    label_of: LabelOf,
) -> int:
    """Labels by people, without an error, that bound the errors tightly enough for the label to stay."""
    adverse = _list_adverse_sides(contrast, falls)
    sides = [*adverse, *map(_opposite, adverse)]

    def falls_at(step: int) -> bool:
        counts = [count.scaled(step / _SHARE_STEPS) for count in bounds.counts]
        return any(not same_verdict(label_of(_turn_errors(blocks, counts, side)), label) for side in sides)

    share = (bisect_left(range(_SHARE_STEPS + 1), True, key=falls_at) - 1) / _SHARE_STEPS
    needed = 0
    for group, count in enumerate(bounds.counts):
        positives, negatives = _count_verdicts(blocks, group)
        allowed = count.scaled(share)
        needed += labels_to_bound(negatives, allowed.missed) + labels_to_bound(positives, allowed.false_alarms)
    return needed


def describe_robustness(robustness: GraderRobustness, group_names: Sequence[str]) -> str:
    """In a sentence: how many errors change the label, and how many there may be."""
    parts = []
    for count in robustness.tipping:
        where = group_names[count.group]
        if count.tipping is None:
            parts.append(f"no number of {_ERROR_WORDS[count.kind]} under {where} changes the label alone")
        else:
            errors = f"{count.tipping} {_ERROR_WORDS[count.kind]} under {where}"
            parts.append(f"{errors} would change the label ({count.allowed} are possible)")
    needed = f"; {robustness.labels_needed} labels could decide it" if robustness.labels_needed else ""
    return f"bounds from {robustness.source}; {', '.join(parts)}{needed}"


_ERROR_WORDS: Mapping[str, str] = {"missed": "missed cases", "false alarms": "false alarms"}
