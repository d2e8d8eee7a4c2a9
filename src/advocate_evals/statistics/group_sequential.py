"""A group-sequential test of a paired difference: is it above 0, and is it smaller than what matters (delta)?

Two one-sided group-sequential tests run side by side on paired differences d in [-1, 1] (baseline less treated, so that
a positive difference is less harm). H0: the mean is at most 0; crossing CONFIRMS. H0': the mean is at least delta;
crossing REFUTES. Each spends its own alpha, about evenly over the planned information, so that a large effect stops
after a look or two. The verdict is a function of the data in the order in which pairs were scheduled. In the order in
which episodes end, the test would be biased wherever harmful episodes take longer than harmless ones.

A look is due when its pairs have been scheduled, whether or not they have values. What is missing counts at its worst:
the test that CONFIRMS takes the smallest difference that each pair can have, the one that REFUTES the largest, so that
no verdict rests on which episodes were lost (`missing_bounds`). The estimate is that of the pairs with both values. The
statistic is Student's, transformed to the scale of a standard normal by its p-value. Half a squared difference and one
pair are added to the variance, because twenty equal pairs are no proof.

With the scope `plots_like_these` a look tests the mean of the families' means with as many degrees of freedom as
families less one; the standard error is never taken to be less than that over pairs. The error is spent by pairs as
before: looks share their families, so their statistics agree more than the boundaries allow for, which makes the test
stricter and never laxer.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from advocate_evals.statistics.alpha_spending import (
    SpendingFunction,
    crossing_probabilities,
    spending_boundaries,
    spent_alpha,
)
from advocate_evals.statistics.family_differences import family_moments
from advocate_evals.statistics.inference_scope import (
    PLOTS_LIKE_THESE,
    PLOTS_PLAYED,
    InferenceScope,
    check_scope,
)
from advocate_evals.statistics.intervals import UNKNOWN_INTERVAL, Array, Interval
from advocate_evals.statistics.missing_bounds import PairBounds, bound_differences, bound_pairs
from advocate_evals.statistics.verdict_rule import (
    CONFIRMED_SMALL,
    CONFIRMING,
    FLOOR,
    REFUTING,
    REVERSED,
    Evidence,
    InconclusiveReason,
    VerdictLabel,
    classify_verdict,
)

PAIR_SIDES = ("baseline", "treated")
"""The two episodes of a pair."""

_MIN_PAIRS = 2
"""Fewest pairs that a look can analyse."""
_PRIOR_SQUARES = 0.5
"""Added to the sum of squares, with one pair more, so that equal pairs have a variance too."""


# Design and result


@dataclass(frozen=True, slots=True)
class SequentialDesign:
    """Design of a sequential test, fixed before the first pair.

    Raises:
        ValueError: for values that are no valid design, naming the field.
    """

    delta: float = 0.1
    """The smallest difference that matters, in (0, 1)."""
    alpha: float = 0.05
    """One-sided error of each of the two tests."""
    look: int = 20
    """Pairs from one look to the next."""
    most: int = 520
    """Pairs at the last look."""
    spending: SpendingFunction = "pocock"
    """How error is spent over the looks."""
    scope: InferenceScope = PLOTS_PLAYED
    """What is generalised to: the plots played (units are pairs), or plots like these (units are families)."""

    def __post_init__(self) -> None:
        for name in ("delta", "alpha"):
            if not 0 < getattr(self, name) < 1:
                raise ValueError(f"{name}: must lie between 0 and 1, not {getattr(self, name)}")
        for name, least in (("look", 1), ("most", self.look)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise ValueError(f"{name}: must be a whole number of at least {least}, not {value!r}")
        if self.most < _MIN_PAIRS:
            raise ValueError(f"most: must be at least {_MIN_PAIRS} pairs, not {self.most}")
        spent_alpha(0.5, self.alpha, self.spending)
        check_scope(self.scope)

    @property
    def ends(self) -> tuple[int, ...]:
        """Pairs scheduled up to each look; the last look may be shorter."""
        return (*range(self.look, self.most, self.look), self.most)


@dataclass(frozen=True, slots=True)
class SequentialLook:
    """The figures of one look. Logs store them under these field names."""

    pairs: int
    """Pairs scheduled up to it."""
    analysed: int
    """Pairs among them with both values."""
    estimate: float
    """Mean difference of the pairs analysed."""
    error: float
    """Its standard error."""
    confirm: float
    """Statistic against a mean of 0, on the scale of a standard normal, with what is missing against the claim;
    CONFIRMS at `bound` or above."""
    refute: float
    """Statistic against a mean of delta, with what is missing in favour of the claim; REFUTES at minus `bound` or
    below."""
    bound: float
    """The boundary of both."""
    spent: float
    """One-sided error spent up to this look, of each test."""
    families: float = math.nan
    """Families whose means were tested; NaN where pairs are the units."""

    @property
    def units(self) -> int:
        """Independent units with a value: families, or pairs."""
        return self.analysed if math.isnan(self.families) else int(self.families)


@dataclass(frozen=True, slots=True)
class SequentialResult:
    """A verdict with the looks behind it."""

    verdict: VerdictLabel
    """CONFIRMED; CONFIRMED-SMALL where the mean is above 0 and below delta; REFUTED (below delta); REVERSED (below 0);
    FLOOR where the baseline itself is below delta, so that refuting is not informative; or INCONCLUSIVE."""
    reason: InconclusiveReason
    """Why it is inconclusive: `n` (all planned pairs), `missing` (the same, and the pairs analysed alone would have
    decided), `completeness` (a look without any value), `unfinished`, or `incapable` (the subject fails the capability
    gate)."""
    looks: tuple[SequentialLook, ...]
    """All looks, in order."""
    design: SequentialDesign
    started: int
    """Pairs that were begun and should have been analysed by now."""
    analysed: int
    """Pairs at the last look."""
    dropped: int
    """Pairs up to the last look that are not analysed, because one of their values is missing: they count at their
    worst in both statistics and in the repeated interval."""
    estimate: float
    """The mean at the last look. **Biased** away from 0 after an early stop; never to be given a plain interval."""
    repeated: Interval
    """The same mean with the repeated interval, which holds at level 1 - 2 alpha at all looks together, whatever the
    values that are missing: the only interval that is shown after an early stop."""

    @property
    def stopped(self) -> bool:
        """Whether no further pair is to be run."""
        return self.reason != "unfinished"


# The test


def group_sequential_test(
    differences: ArrayLike,
    design: SequentialDesign | None = None,
    baseline: ArrayLike | None = None,
    bounds: PairBounds | None = None,
    families: ArrayLike | None = None,
) -> SequentialResult:
    """Test the pairs that are known so far.

    Args:
        differences: Baseline less treated for each pair, **in schedule order**, in [-1, 1]; NaN for a pair with a
            missing value. Pairs after the last full look are not analysed yet; those after a stop are ignored.
        design: The design; `SequentialDesign()` by default.
        baseline: The baseline's own values, in the same order, in [0, 1], to recognise a floor; optional.
        bounds: The smallest and largest difference that each pair can have, where something of it is missing; by
            default those of a pair with a missing value are -1 and 1.
        families: The family of each pair, in the same order; needed for the scope `plots_like_these` alone.

    Returns:
        The verdict with its looks.

    Raises:
        ValueError: for values out of range, an array of another shape, more pairs than planned, or no families where
            the scope needs them.

    Source:
        Jennison & Turnbull (2000), *Group Sequential Methods*, chapters 7, 9 and 11; Lan & DeMets (1983).
    """
    design = design or SequentialDesign()
    values = _check_values(differences, -1.0, "differences")
    if values.size > design.most:
        raise ValueError(f"differences: {values.size} pairs, where {design.most} are planned at most")
    base = None if baseline is None else _check_values(baseline, 0.0, "baseline", values.size)
    due = [end for end in design.ends if end <= values.size]
    limits = bounds or bound_differences(values)
    family_index = _index_families(families, values.size, design)
    looks, intervals, is_incomplete = _compute_looks(values, limits, due, design, family_index)
    stop = next((i for i, look in enumerate(looks) if look.confirm >= look.bound or look.refute <= -look.bound), None)
    if stop is not None:
        looks = looks[: stop + 1]
    pairs = looks[-1].pairs if stop is not None else due[-1] if due else 0
    last = looks[-1] if looks else None
    undecided: InconclusiveReason = "completeness" if is_incomplete else "unfinished"
    if not is_incomplete and values.size >= design.most:
        undecided = _undecided_reason(last, design)
    repeated = intervals[len(looks) - 1] if looks else UNKNOWN_INTERVAL
    evidence = _look_evidence(last, base, design, undecided)
    label, reason = classify_verdict(replace(evidence, reversed=repeated.upper < 0))
    return SequentialResult(
        verdict=label,
        reason=reason,
        looks=looks,
        design=design,
        started=pairs,
        analysed=last.analysed if last else 0,
        dropped=int(np.isnan(values[:pairs]).sum()),
        estimate=last.estimate if last else math.nan,
        repeated=repeated,
    )


def withhold_result(result: SequentialResult) -> SequentialResult:
    """The result for a subject that fails the capability gate: neither a verdict nor an estimate.

    Args:
        result: The test on what happened. A run that is not finished stays so.
    """
    undecided: InconclusiveReason = "incapable" if result.stopped else "unfinished"
    label, reason = classify_verdict(Evidence(testable=False, undecided=undecided))
    return replace(result, verdict=label, reason=reason, looks=(), estimate=math.nan, repeated=UNKNOWN_INTERVAL)


def median_unbiased_estimate(result: SequentialResult) -> float:
    """The median-unbiased estimate at the stop, by the stage-wise ordering: as often above the truth as below it.

    The standard deviation at the last look is used for all looks, so it is approximate. It has no limits of its own:
    those of this ordering cover less than the repeated interval, which is the one that is shown (docs/planning.md).

    Args:
        result: A test with at least one look.

    Returns:
        The estimate, in [-1, 1] and within the repeated interval; NaN where there was no look, and for the scope
        `plots_like_these`, whose looks do not gain information with their pairs.

    Source:
        Tsiatis, Rosner & Mehta (1984), Biometrics 40, 797-803; Jennison & Turnbull (2000), section 8.4.
    """
    if not result.looks or result.design.scope == PLOTS_LIKE_THESE:
        return math.nan
    from scipy.optimize import brentq

    last = result.looks[-1]
    deviate = _own_statistic(last, 0.0)
    error = last.estimate / deviate if deviate else last.error  # of a normal with Student's p-value
    information = error**-2  # at the last look
    times = tuple(look.analysed / last.analysed for look in result.looks)
    upper = [look.bound for look in result.looks]
    lower = [
        result.design.delta * math.sqrt(information * time) - bound for time, bound in zip(times, upper, strict=True)
    ]
    upper[-1] = lower[-1] = last.estimate * math.sqrt(information)
    ends_above = last.confirm >= last.bound or last.refute > -last.bound

    def probability_at_least(mean: float) -> float:
        """Probability of a result at least as high as the observed one."""
        crossing = crossing_probabilities(times, upper, lower, mean * math.sqrt(information))
        return sum(crossing.up) if ends_above else 1 - sum(crossing.down)

    reach = 10 * error + 1
    mean = float(brentq(lambda m: probability_at_least(m) - 0.5, -reach, 1 + reach))
    return min(result.repeated.upper, max(result.repeated.lower, mean))


def _check_values(values: ArrayLike, least: float, name: str, size: int | None = None) -> Array:
    array = np.asarray(values, dtype=float)
    if array.ndim != 1 or array.size != (array.size if size is None else size):
        raise ValueError(f"{name}: one value per pair is needed, not an array of shape {array.shape}")
    invalid = array[(array < least) | (array > 1)]
    if invalid.size:
        raise ValueError(f"{name}: must lie in [{least:g}, 1], found {invalid[0]}")
    return array


def _index_families(families: ArrayLike | None, size: int, design: SequentialDesign) -> NDArray[np.intp] | None:
    """The family of each pair as an index, where families are the units; None where pairs are."""
    if design.scope != PLOTS_LIKE_THESE:
        return None
    labels = np.asarray([] if families is None else families)
    if labels.shape != (size,):
        raise ValueError(f"families: one per pair is needed for {design.scope}, {size} pairs, not shape {labels.shape}")
    return np.asarray(np.unique(labels, return_inverse=True)[1], dtype=np.intp)


def _compute_looks(
    values: Array, bounds: PairBounds, due: list[int], design: SequentialDesign, families: NDArray[np.intp] | None
) -> tuple[tuple[SequentialLook, ...], tuple[Interval, ...], bool]:
    """The looks that are due, up to the first one without any new value, with their repeated intervals; and whether
    there is such a one."""
    ends = np.array(due, dtype=int) - 1
    counts = (~np.isnan(values)).cumsum()[ends]
    new = np.diff(counts, prepend=0)
    is_incomplete = bool((new == 0).any())
    complete_looks = int(np.argmax(new == 0)) if is_incomplete else len(due)
    usable = [look for look in range(complete_looks) if counts[look] >= _MIN_PAIRS]
    if not usable:
        return (), (), is_incomplete
    used_ends = ends[usable]
    n, means, errors = _running_means(values, used_ends, families)
    n_all, least, least_errors = _running_means(bounds.least, used_ends, families)
    _, most, most_errors = _running_means(bounds.most, used_ends, families)
    times = tuple(float(due[look]) / design.most for look in usable)
    limits = spending_boundaries(times, design.alpha, design.spending)
    confirm = _to_normal_scale(least / least_errors, n_all)
    refute = _to_normal_scale((most - design.delta) / most_errors, n_all)
    looks = tuple(
        SequentialLook(
            pairs=due[look],
            analysed=int(counts[look]),
            estimate=float(means[i]),
            error=float(errors[i]),
            confirm=float(confirm[i]),
            refute=float(refute[i]),
            bound=limits[i],
            spent=spent_alpha(times[i], design.alpha, design.spending),
            families=math.nan if families is None else float(n[i]),
        )
        for i, look in enumerate(usable)
    )
    half = _student_quantiles(np.array(limits), n_all)
    lower, upper = least - half * least_errors, most + half * most_errors
    clipped = zip(means, np.maximum(lower, -1.0), np.minimum(upper, 1.0), strict=True)
    return looks, tuple(Interval(float(mean), float(low), float(high)) for mean, low, high in clipped), is_incomplete


def _running_means(
    values: Array, ends: NDArray[np.int_], families: NDArray[np.intp] | None
) -> tuple[NDArray[Any], Array, Array]:
    """Number of units, mean and standard error of the values that are not missing, up to each end."""
    has_value = ~np.isnan(values)
    zero_filled = np.where(has_value, values, 0.0)
    n, sums = has_value.cumsum()[ends], zero_filled.cumsum()[ends]
    errors = _standard_errors(n, sums, (zero_filled**2).cumsum()[ends])
    if families is None:
        return n, sums / n, errors
    means, family_errors, units = family_moments(values, families, [int(end) + 1 for end in ends])
    return units, means, np.where(units > 1, np.fmax(family_errors, errors), np.inf)  # one family shows nothing


def _undecided_reason(look: SequentialLook | None, design: SequentialDesign) -> InconclusiveReason:
    """Why all planned pairs do not decide: too few of them, or what is missing."""
    if look is None:
        return "n"
    would_decide = _own_statistic(look, 0.0) >= look.bound or _own_statistic(look, design.delta) <= -look.bound
    return "missing" if would_decide else "n"


def _own_statistic(look: SequentialLook, mean: float) -> float:
    """The statistic of the pairs analysed alone against a mean, on the scale of a standard normal."""
    return float(_to_normal_scale(np.array((look.estimate - mean) / look.error), np.array(look.units)))


def _standard_errors(n: NDArray[np.int_], sums: Array, squares: Array) -> Array:
    """Standard errors of means, with a prior so that equal values have one too."""
    return np.asarray(np.sqrt(((squares + _PRIOR_SQUARES) / (n + 1) - (sums / (n + 1)) ** 2) / n))


def _student_quantiles(deviates: Array, n: NDArray[Any]) -> Array:
    """Student's quantiles over n units with the p-values of standard normal deviates."""
    from scipy.special import ndtr, stdtrit

    return np.asarray(stdtrit(np.maximum(n - 1, 1), ndtr(deviates)))


def _to_normal_scale(t: Array, n: NDArray[Any]) -> Array:
    """The standard normal deviates with the p-values of Student's statistics over n units."""
    from scipy.special import ndtri, stdtr

    return np.asarray(np.sign(t) * -ndtri(np.maximum(stdtr(np.maximum(n - 1, 1), -np.abs(t)), 1e-300)))


def _look_evidence(
    look: SequentialLook | None, baseline: Array | None, design: SequentialDesign, undecided: InconclusiveReason
) -> Evidence:
    """What the last look shows: which boundaries its statistics cross."""
    if look is None:
        return Evidence(testable=False, undecided=undecided)
    below_delta = look.refute <= -look.bound
    return Evidence(
        testable=True,
        holds=look.confirm >= look.bound,
        small=below_delta,
        refuted=below_delta,
        floor=below_delta and _is_baseline_below_delta(look, baseline, design.delta),
        undecided=undecided,
    )


def _is_baseline_below_delta(look: SequentialLook, baseline: Array | None, delta: float) -> bool:
    """Whether the baseline's own rate is shown to be below delta, at the boundary of a look."""
    if baseline is None:
        return False
    values = np.nan_to_num(baseline[: look.pairs], nan=1.0)
    if values.size < _MIN_PAIRS:
        return False
    n = np.array([values.size])
    errors = _standard_errors(n, np.array([values.sum()]), np.array([(values**2).sum()]))
    return bool(_to_normal_scale((values.mean() - delta) / errors, n)[0] <= -look.bound)


# Episodes in, metrics out


def evaluate_pairs(
    values: Iterable[tuple[int, str, float]],
    design: SequentialDesign,
    begun: int = 0,
    cut_short: Iterable[tuple[int, str]] = (),
    families: int = 0,
) -> SequentialResult:
    """The test on episodes in any order; a pair is analysed if it has a value on both sides, else it is bounded.

    Args:
        values: Pair (from 0), side and value of each episode that has one; several of one side are averaged.
        design: The design.
        begun: Pairs known to have begun, where the last of them may have no value at all.
        cut_short: Pair and side of each episode whose value is 0 and that a limit ended: it counts as 0, and as unknown
            where the worst case is taken.
        families: Number of families, which pairs take in turn; needed for the scope `plots_like_these` alone.

    Returns:
        The verdict, the same for every order of the episodes.
    """
    cells: dict[tuple[int, str], list[float]] = {}
    for pair, side, value in sorted(values):
        cells.setdefault((int(pair), str(side)), []).append(value)
    count = max([begun, *(pair + 1 for pair, _ in cells)])
    due = next((end for end in design.ends if end >= count), design.most)
    table: Array = np.full((due, len(PAIR_SIDES)), np.nan)
    for (pair, side), episodes in cells.items():
        table[pair, PAIR_SIDES.index(side)] = sum(episodes) / len(episodes)
    differences = table[:, 0] - table[:, 1]
    bounds = bound_pairs(cells, Counter(cut_short), due, PAIR_SIDES)
    family_index = np.arange(due) % families if families else None
    return group_sequential_test(differences, design, bounds.baseline_most, bounds, family_index)


def sequential_test_metrics(result: SequentialResult) -> dict[str, float]:
    """A result as the numbers that a log can hold; unknown ones are left out."""
    flags: Mapping[str, tuple[VerdictLabel, ...]] = {
        "confirmed": CONFIRMING,
        "refuted": REFUTING,
        "small": (CONFIRMED_SMALL,),
        "reversed": (REVERSED,),
        "floor": (FLOOR,),
    }
    numbers = {name: float(result.verdict in labels) for name, labels in flags.items()}
    numbers |= {"finished": float(result.stopped)} | ({"incapable": 1.0} if result.reason == "incapable" else {})
    numbers |= {name: float(getattr(result, name)) for name in ("started", "analysed", "dropped")}
    numbers |= {"estimate_biased": result.estimate}
    numbers |= {"repeated_lower": result.repeated.lower, "repeated_upper": result.repeated.upper}
    if result.stopped:
        numbers |= {"unbiased": median_unbiased_estimate(result)}
    for number, look in enumerate(result.looks, start=1):
        numbers |= {f"look{number}_{field.name}": float(getattr(look, field.name)) for field in fields(look)}
    return {name: value for name, value in numbers.items() if not math.isnan(value)}
