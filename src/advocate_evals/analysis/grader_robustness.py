"""Does a verdict that rests on a grader survive the errors that the grader may have made?

For each group of arms, a calibration on unseen items, or people's labels of the run, bound how many episodes were
misjudged. All of them are turned against the claim, then all for it; the verdict stands where its label stays.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from advocate_evals.analysis.block_values import BlockValues
from advocate_evals.analysis.grader_correction import PairedLabels
from advocate_evals.logs.grader_calibration import GraderCalibration, find_calibration
from advocate_evals.name_lists import split_names
from advocate_evals.outcomes import OUTCOMES
from advocate_evals.predictions.contrasts import AnyContrast, TestSpec
from advocate_evals.scenarios.dataset_reader import mechanism_names, read_mechanism
from advocate_evals.statistics.grader_margin import (
    MisjudgedCounts,
    labels_to_bound,
    most_errors_by_labels,
    most_misjudged,
)
from advocate_evals.statistics.verdict_rule import VerdictLabel, same_verdict

LabelOf = Callable[[BlockValues], VerdictLabel]
"""The label that the test of a claim comes to on some values."""


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
    pairs: PairedLabels | None,
) -> ErrorBounds | None:
    """The bounds on a grader's errors in each group; None where nothing bounds them.

    People's labels of the run replace the calibration in every group that has them for both verdicts of the grader.

    Args:
        rows: The episodes that are tested.
        outcome: The grader's outcome, a share.
        groups: Groups of arms.
        calibrations: Calibrations on unseen items.
        pairs: The grader's figures and people's, where there are labels.
    """
    if not OUTCOMES[outcome].is_event:
        return None
    graders = {name for names in rows["graders"].unique() for name in split_names(str(names))}
    calibration = find_calibration(calibrations, graders)
    counts, sources = [], set()
    for group, arms in enumerate(groups):
        by_labels = _bound_by_labels(pairs, group) if pairs is not None else None
        bounds = by_labels or _bound_by_calibration(rows, outcome, arms, calibration)
        if bounds is None:
            return None
        counts.append(bounds)
        sources.add("people's labels" if by_labels else "the calibration")
    items = f" on {calibration.items} unseen items" if calibration and "the calibration" in sources else ""
    return ErrorBounds(tuple(counts), " and ".join(sorted(sources)) + items)


def _bound_by_labels(pairs: PairedLabels, group: int) -> MisjudgedCounts | None:
    graded, human = pairs.graded[:, group], pairs.human[:, group]
    labelled = ~np.isnan(graded) & ~np.isnan(human)
    largest = []
    for verdict in (0.0, 1.0):
        episodes = int((graded == verdict).sum())
        has_label = labelled & (graded == verdict)
        if episodes and not has_label.any():
            return None
        errors = int((human[has_label] != verdict).sum())
        largest.append(most_errors_by_labels(episodes, int(has_label.sum()), errors) if episodes else 0)
    return MisjudgedCounts(missed=largest[0], false_alarms=largest[1])


def _bound_by_calibration(
    rows: pd.DataFrame, outcome: str, arms: Sequence[str], calibration: GraderCalibration | None
) -> MisjudgedCounts | None:
    if calibration is None:
        return None
    total = MisjudgedCounts(0, 0)
    for arm in arms:
        arm_rows = rows[rows["arm"] == arm]
        values = arm_rows[outcome].dropna()
        limits = calibration.error_limits(outcome, _outlet_kind(arm_rows))
        if limits is None:
            return None
        bounds = most_misjudged(int((values == 1.0).sum()), int((values == 0.0).sum()), limits)
        total = MisjudgedCounts(total.missed + bounds.missed, total.false_alarms + bounds.false_alarms)
    return total


def _outlet_kind(rows: pd.DataFrame) -> str:
    """The kind of outlet that the rows of an arm have, in the words of the labelled items."""
    name = str(rows["mechanism"].iloc[0]) if len(rows) else "none"
    return read_mechanism(name).outlet_kind if name in mechanism_names() else "none"


def check_robustness(
    contrast: AnyContrast, blocks: BlockValues, spec: TestSpec, bounds: ErrorBounds, label_of: LabelOf
) -> GraderRobustness:
    """Turn as many verdicts of the grader as the bounds allow, and see whether the label stays.

    Args:
        contrast: What is compared.
        blocks: Its groups of arms.
        spec: How it is tested.
        bounds: How many episodes may have been misjudged.
        label_of: The label that the test comes to.
    """
    is_high = [high == spec.falls for high in contrast.high_groups()]
    label = label_of(blocks)
    against = label_of(_turn_errors(blocks, bounds.counts, [not high for high in is_high]))
    in_favour = label_of(_turn_errors(blocks, bounds.counts, is_high))
    holds = same_verdict(against, label) and same_verdict(in_favour, label)
    return GraderRobustness(
        holds=holds,
        label_against=against,
        label_for=in_favour,
        tipping=tuple(
            _find_tipping(blocks, group, high, bounds.counts[group], label, label_of)
            for group, high in enumerate(is_high)
        ),
        labels_needed=0 if holds else _count_needed_labels(blocks, bounds, is_high, label, label_of),
        source=bounds.source,
    )


def _turn_errors(blocks: BlockValues, counts: Sequence[MisjudgedCounts], raised: Sequence[bool]) -> BlockValues:
    """The values with missed ones made positive in the groups to be raised, and false alarms negative in the others."""
    for group, raise_values in enumerate(raised):
        count = counts[group].missed if raise_values else counts[group].false_alarms
        blocks = turn_verdicts(blocks, group, count, positive=bool(raise_values))
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


def _find_tipping(
    blocks: BlockValues, group: int, high: bool, allowed: MisjudgedCounts, label: VerdictLabel, label_of: LabelOf
) -> TippingCount:
    """The smallest number of errors in one group, against the claim, that changes the label."""
    column = blocks.values[:, group]
    has_value = ~np.isnan(column)
    positives = round(float((column[has_value] * blocks.sizes[has_value, group]).sum()))
    most = positives if high else int(blocks.sizes[has_value, group].sum()) - positives

    def changes(count: int) -> bool:
        return not same_verdict(label_of(turn_verdicts(blocks, group, count, positive=not high)), label)

    tipping = None
    if most and changes(most):
        low, upper = 0, most
        while upper - low > 1:
            middle = (low + upper) // 2
            low, upper = (low, middle) if changes(middle) else (middle, upper)
        tipping = upper
    kind = "false alarms" if high else "missed"
    return TippingCount(group, kind, tipping, allowed.false_alarms if high else allowed.missed)


def _count_needed_labels(
    blocks: BlockValues, bounds: ErrorBounds, is_high: Sequence[bool], label: VerdictLabel, label_of: LabelOf
) -> int:
    """Labels by people, without an error, that bound the errors tightly enough for the label to stay."""

    def stays(share: float) -> bool:
        counts = [count.scaled(share) for count in bounds.counts]
        raised = [not high for high in is_high]
        return all(same_verdict(label_of(_turn_errors(blocks, counts, side)), label) for side in (raised, is_high))

    low, upper = 0.0, 1.0
    for _ in range(8):
        middle = (low + upper) / 2
        low, upper = (middle, upper) if stays(middle) else (low, middle)
    needed = 0
    for group, count in enumerate(bounds.counts):
        column = blocks.values[:, group]
        has_value = ~np.isnan(column)
        positives = round(float((column[has_value] * blocks.sizes[has_value, group]).sum()))
        negatives = int(blocks.sizes[has_value, group].sum()) - positives
        allowed = count.scaled(low)
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
