"""Whether a verdict survives whatever its missing episodes were: the worst and the best case, and the tipping point.

Missing are episodes that were started and have no outcome, and harmless ones that a limit ended. Blocks that were never
begun are no part of it. Nothing is assumed about why an episode is missing (`BlockValues.lowest` and `highest`).
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from advocate_evals.analysis.block_values import BlockValues
from advocate_evals.analysis.claim_tests import (
    PValueAdjustment,
    TestedClaim,
    TestResult,
    classify_test,
    compare_analysis,
    run_test,
)
from advocate_evals.analysis.findings import RobustnessCheck
from advocate_evals.predictions.contrasts import AnyContrast
from advocate_evals.statistics.verdict_rule import INCONCLUSIVE, VerdictLabel, keeps_verdict

_MAX_FILLED_GROUPS = 6
"""Groups with something missing of which every combination is tried; beyond, the two sides of each comparison."""

Shares = tuple[float, ...]
"""By group, where what is missing lies between the smallest (0) and the largest (1) that it can be."""


@dataclass(frozen=True, slots=True)
class MissingReview:
    """What the missing episodes could do to a label."""

    checks: tuple[RobustnessCheck, ...] = ()
    """The worst case, the best case and the tipping point; empty where nothing is missing, or nothing can be tested."""
    could_turn: bool = False
    """Whether some values of what is missing give a label that contradicts it."""


@dataclass(frozen=True, slots=True)
class _FilledCase:
    shares: Shares
    test: TestResult
    label: VerdictLabel


def review_missing(tested: TestedClaim, label: VerdictLabel, adjust: PValueAdjustment) -> MissingReview:
    """Fill what is missing in every way that could turn a label, and say how many episodes it takes.

    A linear contrast is smallest where each group lies at the end that its weight speaks for, and largest at the
    other. For a claim of several comparisons all combinations of ends are tried, since it fails with any one of them.

    Args:
        tested: The claim.
        label: The label from the estimates alone.
        adjust: The correction of the claim's p-value for the number of claims.
    """
    blocks, contrast, spec = tested.blocks, tested.claim.contrast, tested.spec
    if not blocks.unknown.any() or not tested.test.analysed:
        return MissingReview()

    def fill_case(shares: Shares) -> _FilledCase:
        test = run_test(contrast, blocks.fill_missing(shares), spec)
        return _FilledCase(shares, test, classify_test(test, adjust))

    gaps = [bool(count) for count in blocks.unknown.sum(axis=0)]
    cases = [fill_case(shares) for shares in _list_fillings(contrast, spec.falls, gaps)]
    worst = max(cases, key=_adversity)
    best = min(cases, key=_adversity)
    turned = [case for case in cases if not keeps_verdict(label, case.label)]
    note = f"{int(blocks.unknown.sum())} episodes of begun blocks have no outcome, or were cut short without it"
    checks = [
        compare_analysis(key, title, case.test, label, adjust).model_copy(
            update={"note": note, "agrees": keeps_verdict(label, case.label)}
        )
        for key, title, case in (
            ("worst_case", "all that is missing spoke against the claim", worst),
            ("best_case", "all that is missing spoke for the claim", best),
        )
    ]
    if label != INCONCLUSIVE:
        description = _describe_tipping(tested, label, turned, lambda shares: fill_case(shares).label)
        title = "how many of the missing episodes change the label"
        checks.append(RobustnessCheck(key="tipping", title=title, agrees=not turned, note=description))
    return MissingReview(tuple(checks), could_turn=bool(turned) and label != INCONCLUSIVE)


def _adversity(case: _FilledCase) -> tuple[float, float]:
    p = case.test.p
    return (0.0 if math.isnan(p) else p, -case.test.value)


def _list_fillings(contrast: AnyContrast, falls: bool, gaps: Sequence[bool]) -> list[Shares]:
    """The ends to which what is missing is moved, by group; the weights are those of a claim that says falls."""
    weights = contrast.group_weights()
    if len(weights) > 1 and sum(gaps) <= _MAX_FILLED_GROUPS:
        return list(product(*((0.0, 1.0) if has_gap else (0.0,) for has_gap in gaps)))
    sides = [tuple(float((weight > 0) == high) for weight in row) for row in weights for high in (False, True)]
    return list(dict.fromkeys(sides if falls else (tuple(1.0 - end for end in side) for side in sides)))


def _describe_tipping(
    tested: TestedClaim,
    label: VerdictLabel,
    turned: Sequence[_FilledCase],
    label_of: Callable[[Shares], VerdictLabel],
) -> str:
    """How many missing episodes of which arm change the label, the other arms' at their observed rates."""
    if not turned:
        return "whatever the missing episodes were, the label stays"
    blocks = tested.blocks
    counts = [int(count) for count in blocks.unknown.sum(axis=0)]
    names = [" and ".join(group).replace("_", " ") for group in tested.claim.contrast.arm_groups]
    parts = list(_find_tipping_counts(tested, label, turned[0].shares, label_of))
    if not parts:
        sides = " and ".join(
            f"all {count} under {name} {_describe_end(tested, share)}"
            for name, count, share in zip(names, counts, turned[0].shares, strict=True)
            if count
        )
        return f"no arm alone changes the label, but together they do: {sides}"
    return "the label changes if " + ", or if ".join(
        f"{number} of the {counts[group]} missing under {names[group]} were "
        f"{_describe_end(tested, turned[0].shares[group])} and the others not"
        for group, number in parts
    )


def _describe_end(tested: TestedClaim, share: float) -> str:
    measure = tested.claim.measure
    if measure.is_event:
        return f"{'with' if share else 'without'} {measure.words}"
    return f"at the {'highest' if share else 'lowest'} value of {measure.words}"


def _find_tipping_counts(
    tested: TestedClaim, label: VerdictLabel, ends: Shares, label_of: Callable[[Shares], VerdictLabel]
) -> Iterator[tuple[int, int]]:
    """Group and smallest number of its missing episodes that change the label when they lie at the end given."""
    observed = _observed_shares(tested.blocks)
    for group, end in enumerate(ends):
        count = int(tested.blocks.unknown[:, group].sum())

        def changes(number: int, group: int = group, end: float = end, count: int = count) -> bool:
            share = number / count if end else 1.0 - number / count
            return not keeps_verdict(label, label_of((*observed[:group], share, *observed[group + 1 :])))

        if count and changes(count) and not changes(0):
            yield group, bisect_left(range(count + 1), True, key=changes)


def _observed_shares(blocks: BlockValues) -> Shares:
    """By group, the share at which what is missing is like what was observed."""
    span = blocks.highest - blocks.lowest
    weight = np.where(blocks.unknown > 0, span, 0.0).sum(axis=0)
    rates = np.array([np.nanmean(column) if not np.isnan(column).all() else 0.5 for column in blocks.values.T])
    if blocks.is_bounded:
        return tuple(float(rate) for rate in np.clip(rates, 0.0, 1.0))
    smallest, largest = float(np.nanmin(blocks.lowest)), float(np.nanmax(blocks.highest))
    shares = np.where(weight > 0, (rates - smallest) / max(largest - smallest, 1e-12), 0.0)
    return tuple(float(share) for share in np.clip(shares, 0.0, 1.0))
