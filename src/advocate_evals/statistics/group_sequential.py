"""The sequential gate: does a difference stand, or is it smaller than what matters? Asked after every few pairs.

Two one-sided group-sequential tests run side by side on paired differences d in [-1, 1] (baseline less treated, so that a
positive difference is less harm). H0: the mean is at most 0; crossing CONFIRMS. H0': the mean is at least delta; crossing
REFUTES. Each spends its own alpha, about evenly over the planned information, so that a large effect stops after a look or
two. The verdict is a function of the data in the order in which pairs were scheduled. Fed in the order in which they
finished, it would be wrong as often as harm takes longer than its absence.

A look is due when its pairs are scheduled, whatever became of them: a missing pair is dropped and counted, and the error
spent follows the pairs that were analysed. The statistic is Student's, brought to the scale of a standard normal by its p
value; half a squared difference and one pair are added to the variance, since twenty equal pairs are no proof.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from advocate_evals.statistics.alpha_spending import (
    SpendingFunction,
    crossing_probabilities,
    spending_boundaries,
    spent_alpha,
)
from advocate_evals.statistics.intervals import Interval

GateVerdict = Literal["CONFIRMED", "CONFIRMED-SMALL", "REFUTED", "REVERSED", "FLOOR", "INCONCLUSIVE"]
GateReason = Literal["", "n", "completeness", "unfinished"]

_FEW = 2
"""Fewest pairs that a look can say anything about."""
_PRIOR = 0.5
"""Squared differences added to the sum of squares, with one pair more: so that equal pairs do not claim to be exact."""


@dataclass(frozen=True, slots=True)
class SequentialDesign:
    """What was fixed before the first pair.

    Raises:
        ValueError: for figures that make no design, naming which.
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

    def __post_init__(self) -> None:
        for name in ("delta", "alpha"):
            if not 0 < getattr(self, name) < 1:
                raise ValueError(f"{name}: must lie between 0 and 1, not {getattr(self, name)}")
        for name, least in (("look", 1), ("most", self.look)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise ValueError(f"{name}: must be a whole number of at least {least}, not {value!r}")
        if self.look > self.most or self.most < _FEW:
            raise ValueError(f"most: {self.most} pairs leave no room for a look")
        spent_alpha(0.5, self.alpha, self.spending)

    @property
    def ends(self) -> tuple[int, ...]:
        """Pairs scheduled up to each look; the last look may be shorter."""
        return (*range(self.look, self.most, self.look), self.most)


@dataclass(frozen=True, slots=True)
class SequentialLook:
    """What was seen at a look."""

    pairs: int
    """Pairs scheduled up to it."""
    analysed: int
    """Pairs of them of which both values are known."""
    estimate: float
    """Mean difference."""
    error: float
    """Its standard error."""
    confirm: float
    """Statistic against a mean of 0, on the scale of a standard normal; CONFIRMS at `bound` or above."""
    refute: float
    """Statistic against a mean of delta; REFUTES at minus `bound` or below."""
    bound: float
    """The boundary of both."""
    spent: float
    """One-sided error spent up to this look, of each test."""


@dataclass(frozen=True, slots=True)
class SequentialResult:
    """A verdict with all that led to it."""

    verdict: GateVerdict
    """CONFIRMED; CONFIRMED-SMALL where the mean is above 0 and below delta; REFUTED (below delta); REVERSED (below 0);
    FLOOR where the baseline itself is below delta, so that refuting says nothing; or INCONCLUSIVE."""
    reason: GateReason
    """Why it is inconclusive: `n` (all planned pairs), `completeness` (a whole look was lost), `unfinished`."""
    looks: tuple[SequentialLook, ...]
    """Every look that was taken, the last one last."""
    design: SequentialDesign
    started: int
    """Pairs that were begun and should have been analysed by now."""
    analysed: int
    """Pairs at the last look."""
    dropped: int
    """Pairs dropped up to the last look, because a value of them is missing."""
    estimate: float
    """The mean at the last look. **Biased** away from 0 where the gate stopped early; never to be given a plain interval."""
    repeated: Interval
    """The same mean with the repeated interval, which holds at level 1 - 2 alpha at every look together."""

    @property
    def stopped(self) -> bool:
        """Whether no further pair is to be run."""
        return self.reason != "unfinished"


def group_sequential_test(
    differences: ArrayLike, design: SequentialDesign | None = None, baseline: ArrayLike | None = None
) -> SequentialResult:
    """The gate on what is known so far.

    Args:
        differences: Baseline less treated for each pair, **in schedule order**, in [-1, 1]; NaN for a pair that was lost. Pairs
            after the last full look are not looked at yet, those after a stop are ignored.
        design: What was fixed before; `Design()` by default.
        baseline: The baseline's own values, in the same order, in [0, 1], to tell a floor; optional.

    Returns:
        The verdict with its looks.

    Raises:
        ValueError: for values out of range, an array of another shape, or more pairs than planned.

    Source:
        Jennison & Turnbull (2000), *Group Sequential Methods*, chapters 7, 9 and 11; Lan & DeMets (1983).
    """
    design = design or SequentialDesign()
    values = _checked(differences, -1.0, "differences")
    if values.size > design.most:
        raise ValueError(f"differences: {values.size} pairs, where {design.most} are planned at most")
    base = None if baseline is None else _checked(baseline, 0.0, "baseline", values.size)
    due = [end for end in design.ends if end <= values.size]
    looks, lost = _looks(values, due, design)
    at = next((i for i, one in enumerate(looks) if one.confirm >= one.bound or one.refute <= -one.bound), None)
    if at is not None:
        looks = looks[: at + 1]
    undecided: GateReason = "completeness" if lost else "n" if values.size >= design.most else "unfinished"
    pairs = looks[-1].pairs if at is not None else due[-1] if due else 0
    last = looks[-1] if looks else None
    return SequentialResult(
        verdict="INCONCLUSIVE" if at is None else _crossed(looks[-1], base, design),
        reason=undecided if at is None else "",
        looks=looks,
        design=design,
        started=pairs,
        analysed=last.analysed if last else 0,
        dropped=int(np.isnan(values[:pairs]).sum()),
        estimate=last.estimate if last else math.nan,
        repeated=_repeated(last),
    )


def median_unbiased_estimate(found: SequentialResult) -> Interval:
    """The median-unbiased estimate at the stop, with an interval of level 1 - 2 alpha, by the stage-wise ordering.

    The standard deviation at the last look is taken for that of every look, so both are good to that order.

    Args:
        found: A gate with at least one look.

    Returns:
        The estimate and its bounds, NaN where no look was taken.

    Source:
        Tsiatis, Rosner & Mehta (1984), Biometrics 40, 797-803; Jennison & Turnbull (2000), section 8.4.
    """
    if not found.looks:
        return Interval(math.nan, math.nan, math.nan)
    from scipy.optimize import brentq

    last = found.looks[-1]
    error = last.estimate / last.confirm if last.confirm else last.error  # of a normal with Student's p value
    total = error**-2  # information at the last look
    times = tuple(look.analysed / last.analysed for look in found.looks)
    upper = [look.bound for look in found.looks]
    lower = [found.design.delta * math.sqrt(total * time) - top for time, top in zip(times, upper, strict=True)]
    upper[-1] = lower[-1] = last.estimate * math.sqrt(total)
    above = last.confirm >= last.bound

    def exceeds(mean: float) -> float:
        """Probability of a result at least as high as the one seen."""
        passed = crossing_probabilities(times, upper, lower, mean * math.sqrt(total))
        return sum(passed.up) if above or last.refute > -last.bound else 1 - sum(passed.down)

    reach = 10 * error + 1
    tails = (0.5, found.design.alpha, 1 - found.design.alpha)
    points = (float(brentq(lambda m, t=tail: exceeds(m) - t, -reach, 1 + reach)) for tail in tails)
    return Interval(*(min(1.0, max(-1.0, point)) for point in points))


def _looks(
    values: NDArray[np.float64], due: list[int], design: SequentialDesign
) -> tuple[tuple[SequentialLook, ...], bool]:
    """The looks that were due, up to a look whose pairs were lost altogether; and whether there was one."""
    known = ~np.isnan(values)
    filled = np.where(known, values, 0.0)
    ends = np.array(due, dtype=int) - 1
    counts = known.cumsum()[ends]
    new = np.diff(counts, prepend=0)
    lost = bool((new == 0).any())
    taken = int(np.argmax(new == 0)) if lost else len(due)
    chosen = [i for i in range(taken) if counts[i] >= _FEW]
    if not chosen:
        return (), lost
    n, sums, squares = counts[chosen], filled.cumsum()[ends[chosen]], (filled**2).cumsum()[ends[chosen]]
    means, errors = sums / n, _errors(n, sums, squares)
    times = tuple(1.0 if due[i] == design.most else float(counts[i]) / design.most for i in chosen)
    tops = spending_boundaries(times, design.alpha, design.spending)
    confirm, refute = _normal(means / errors, n), _normal((means - design.delta) / errors, n)
    return tuple(
        SequentialLook(
            pairs=due[which],
            analysed=int(n[i]),
            estimate=float(means[i]),
            error=float(errors[i]),
            confirm=float(confirm[i]),
            refute=float(refute[i]),
            bound=tops[i],
            spent=spent_alpha(times[i], design.alpha, design.spending),
        )
        for i, which in enumerate(chosen)
    ), lost


def _errors(n: NDArray[np.int_], sums: NDArray[np.float64], squares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standard errors of means, with a little added so that equal values have one too."""
    found: NDArray[np.float64] = np.sqrt(((squares + _PRIOR) / (n + 1) - (sums / (n + 1)) ** 2) / n)
    return found


def _normal(t: NDArray[np.float64], n: NDArray[np.int_]) -> NDArray[np.float64]:
    """Student's statistics on the scale of a standard normal, by way of their p values."""
    from scipy.special import ndtri, stdtr

    found: NDArray[np.float64] = np.sign(t) * -ndtri(np.maximum(stdtr(n - 1, -np.abs(t)), 1e-300))
    return found


def _crossed(look: SequentialLook, baseline: NDArray[np.float64] | None, design: SequentialDesign) -> GateVerdict:
    """The verdict at a look that crossed a boundary."""
    small = look.refute <= -look.bound
    if look.confirm >= look.bound:
        return "CONFIRMED-SMALL" if small else "CONFIRMED"
    if look.confirm <= -look.bound:
        return "REVERSED"
    known = None if baseline is None else baseline[: look.pairs][~np.isnan(baseline[: look.pairs])]
    if known is not None and known.size >= _FEW:
        n = np.array([known.size])
        errors = _errors(n, np.array([known.sum()]), np.array([(known**2).sum()]))
        if _normal((known.mean() - design.delta) / errors, n)[0] <= -look.bound:
            return "FLOOR"
    return "REFUTED"


def _repeated(look: SequentialLook | None) -> Interval:
    if look is None:
        return Interval(math.nan, math.nan, math.nan)
    from scipy.special import ndtr, stdtrit

    half = float(stdtrit(look.analysed - 1, ndtr(look.bound))) * look.error
    return Interval(look.estimate, max(-1.0, look.estimate - half), min(1.0, look.estimate + half))


def _checked(given: ArrayLike, least: float, what: str, size: int | None = None) -> NDArray[np.float64]:
    values = np.asarray(given, dtype=float)
    if values.ndim != 1 or values.size != (values.size if size is None else size):
        raise ValueError(f"{what}: one value per pair is needed, not an array of shape {values.shape}")
    wrong = values[(values < least) | (values > 1)]
    if wrong.size:
        raise ValueError(f"{what}: must lie in [{least:g}, 1], found {wrong[0]}")
    return values


# --- Pairs of episodes as the gate takes them: in schedule order, whole or not at all; and a gate as plain numbers. ---


PAIR_SIDES = ("baseline", "treated")
"""The two episodes of a pair."""


def evaluate_pairs(
    values: Iterable[tuple[int, str, float]], design: SequentialDesign, begun: int = 0
) -> SequentialResult:
    """The gate on episodes in any order.

    Args:
        values: Pair (from 0), side and value of each episode that has one; several of one side are averaged.
        design: What was planned.
        begun: Pairs known to have begun, where the last of them may have no value at all.

    Returns:
        The verdict, the same for every order of the episodes.
    """
    cells: dict[tuple[int, str], list[float]] = {}
    for pair, side, value in sorted(values):
        cells.setdefault((int(pair), str(side)), []).append(value)
    count = max([begun, *(pair + 1 for pair, _ in cells)])
    due = next((end for end in design.ends if end >= count), design.most)
    table: NDArray[np.float64] = np.full((due, len(PAIR_SIDES)), np.nan)
    for (pair, side), found in cells.items():
        table[pair, PAIR_SIDES.index(side)] = sum(found) / len(found)
    table[np.isnan(table).any(axis=1)] = np.nan  # a pair counts whole or not at all
    return group_sequential_test(table[:, 0] - table[:, 1], design, table[:, 0])


def sequential_test_metrics(found: SequentialResult) -> dict[str, float]:
    """A gate as the numbers that a log can hold; what is not known is left out."""
    words: Mapping[str, tuple[str, ...]] = {
        "confirmed": ("CONFIRMED", "CONFIRMED-SMALL"),
        "refuted": ("REFUTED", "REVERSED", "FLOOR"),
        "small": ("CONFIRMED-SMALL",),
        "reversed": ("REVERSED",),
        "floor": ("FLOOR",),
    }
    numbers = {name: float(found.verdict in verdicts) for name, verdicts in words.items()}
    numbers |= {"finished": float(found.stopped)}
    numbers |= {name: float(getattr(found, name)) for name in ("started", "analysed", "dropped")}
    numbers |= {"estimate_biased": found.estimate}
    numbers |= {"repeated_lower": found.repeated.lower, "repeated_upper": found.repeated.upper}
    if found.stopped:
        unbiased = median_unbiased_estimate(found)
        numbers |= {"unbiased": unbiased.estimate, "unbiased_lower": unbiased.lower, "unbiased_upper": unbiased.upper}
    for number, look in enumerate(found.looks, start=1):
        numbers |= {f"look{number}_{field.name}": float(getattr(look, field.name)) for field in fields(look)}
    return {name: value for name, value in numbers.items() if not math.isnan(value)}
