"""How good a grader is, per condition, by people's labels; and whether it is good and even enough for a verdict."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike

from advocate_evals.statistics import agreement
from advocate_evals.statistics.binomial import Array
from advocate_evals.statistics.melding import DRAWS, Ends, ends, generator, portion
from advocate_evals.statistics.results import Interval
from advocate_evals.statistics.tables import Drawn, Table, table


@dataclass(frozen=True, slots=True)
class Quality:
    """How good a grader is in one condition."""

    true_positive: int
    false_positive: int
    false_negative: int
    true_negative: int
    graded: int
    """Episodes graded."""
    positive: int
    """Of them, graded positive."""
    sampling: tuple[float, float]
    """Share of the graded negatives and of the graded positives that was labelled; NaN where there were none."""
    sensitivity: Interval
    """Share of the true ones that is graded positive."""
    specificity: Interval
    """Share of the others that is graded negative."""
    false_positive_rate: Interval
    """1 − specificity."""
    most_false_positive: float
    """One-sided upper limit of it."""
    predictive: Interval
    """Share of true ones among those graded positive (PPV)."""
    negative_predictive: Interval
    """Share of the others among those graded negative (NPV)."""
    kappa: Interval
    """Cohen's κ of grader and person. It falls with the rate under an unchanged grader: never a gate."""
    youden: float
    """Sensitivity + specificity − 1: the factor by which an even grader shrinks a difference."""
    insufficient: str
    """Why it cannot be told; empty where it can."""


@dataclass(frozen=True, slots=True)
class Gate:
    """Whether a grader is good and even enough for a verdict to be published."""

    passed: bool
    """Whether both rules hold."""
    reasons: tuple[str, ...]
    """Each rule that is broken, in words; empty where it passed."""
    most_false_positive: tuple[float, ...]
    """One-sided upper limit of the false positive rate, per condition."""
    most_uneven: tuple[float, ...]
    """One-sided upper limit of |false positive rate − that of the first condition|, per further condition."""
    same_false_positive: float
    """p-value that the false positive rate is the same in all conditions."""
    same_false_negative: float
    """Likewise of the false negative rate."""


def quality(graded: ArrayLike, human: ArrayLike, drawn: Drawn = "verdict", level: float = 0.95) -> tuple[Quality, ...]:
    """Quality per condition.

    Labels drawn at random give Clopper and Pearson's limits. Labels drawn by verdict (half of them graded positive,
    say) are weighted by the share of each verdict that was labelled, and their limits melded from the exact ones of the
    predictive values and of the share graded positive; raw counts of such labels would show a grader better or worse
    than it is, and differently so in each condition.

    Args:
        graded: Episodes × conditions, the grader's verdict, 0, 1 or NaN.
        human: Same shape, a person's label, 0 or 1; NaN where none was asked for.
        drawn: How the labelled episodes were chosen.
        level: Confidence level, in (0, 1).
    """
    counts = table(graded, human)
    return tuple(_quality(counts, place, drawn, level) for place in range(counts.graded.size))


def gate(
    graded: ArrayLike, human: ArrayLike, delta: float = 0.10, most: float = 0.03, drawn: Drawn = "verdict"
) -> Gate:
    """False positive rate at most `most` in each condition, and uneven by less than delta/3, by one-sided 95 % limits.

    Evenness is tested by Freeman and Halton's exact test for labels drawn at random, and for labels drawn by verdict by
    melded tests of all pairs of conditions, times their number.

    Args:
        graded: As for `quality`.
        human: As for `quality`.
        delta: The smallest effect that matters.
        most: The largest false positive rate let through.
        drawn: How the labelled episodes were chosen.
    """
    counts = table(graded, human)
    places = range(counts.graded.size)
    wrong = [_false_positive(counts, place, drawn) for place in places]
    missed = [_sensitive(counts, place, drawn).complement() for place in places]
    worst = tuple(found.limits(0.05)[1] for found in wrong)
    apart = [found.minus(wrong[0]).limits(0.05) for found in wrong[1:]]
    uneven = tuple(max(high, -low) for low, high in apart)
    reasons = [
        f"condition {place}: false positive rate may be {value:.1%}, {most:.1%} is the most"
        for place, value in enumerate(worst)
        if value > most
    ]
    reasons += [
        f"condition {place}: false positive rate may differ by {value:.1%} from the first, {delta / 3:.1%} is the most"
        for place, value in enumerate(uneven, start=1)
        if value >= delta / 3
    ]
    same = _same(counts.false_positive, counts.true_negative, wrong, drawn)
    return Gate(
        not reasons, tuple(reasons), worst, uneven, same,
        _same(counts.false_negative, counts.true_positive, missed, drawn),
    )  # fmt: skip


def _quality(counts: Table, place: int, drawn: Drawn, level: float) -> Quality:
    tail = (1 - level) / 2
    tp, fp, fn, tn, graded, positive = (
        int(value[place])
        for value in (
            counts.true_positive, counts.false_positive, counts.false_negative, counts.true_negative,
            counts.graded, counts.positive,
        )
    )  # fmt: skip
    chance = generator()
    joint = _joint(counts, place, drawn)
    sensitivity = _interval(_over(joint[0], joint[2]), _sensitive(counts, place, drawn), tail)
    wrong = _false_positive(counts, place, drawn)
    rate = _interval(_over(joint[1], joint[3]), wrong, tail)
    reason = counts.blind(place) or ("" if tp + fn else "no true one among the labels")
    return Quality(
        true_positive=tp, false_positive=fp, false_negative=fn, true_negative=tn, graded=graded, positive=positive,
        sampling=(_over(fn + tn, graded - positive - fn - tn), _over(tp + fp, positive - tp - fp)),
        sensitivity=sensitivity,
        specificity=Interval(1 - rate.estimate, 1 - rate.upper, 1 - rate.lower),
        false_positive_rate=rate,
        most_false_positive=wrong.limits(1 - level)[1],
        predictive=_interval(_over(tp, fp), ends(tp, tp + fp, chance), tail),
        negative_predictive=_interval(_over(tn, fn), ends(tn, tn + fn, chance), tail),
        kappa=_kappa(counts, place, drawn, level),
        youden=sensitivity.estimate - rate.estimate,
        insufficient=reason,
    )  # fmt: skip


def _joint(counts: Table, place: int, drawn: Drawn) -> tuple[float, float, float, float]:
    """True and false positives, false and true negatives: counts, or shares of all graded for labels drawn by verdict."""
    if counts.blind(place):
        return (math.nan,) * 4
    if drawn == "random":
        return (
            float(counts.true_positive[place]), float(counts.false_positive[place]),
            float(counts.false_negative[place]), float(counts.true_negative[place]),
        )  # fmt: skip
    share = float(counts.share[place])
    right, missed = float(counts.true_if_positive[place]), float(counts.true_if_negative[place])
    return share * right, share * (1 - right), (1 - share) * missed, (1 - share) * (1 - missed)


def _sensitive(counts: Table, place: int, drawn: Drawn) -> Ends:
    """Draws of the ends of the sensitivity."""
    chance = generator()
    tp, fn = counts.true_positive[place], counts.false_negative[place]
    if drawn == "random":
        return ends(tp, tp + fn, chance)
    right = ends(tp, counts.labelled_positive[place], chance)
    missed = ends(fn, counts.labelled_negative[place], chance)
    return portion(right, ends(counts.positive[place], counts.graded[place], chance), missed)


def _false_positive(counts: Table, place: int, drawn: Drawn) -> Ends:
    """Draws of the ends of the false positive rate. Each condition has a stream of its own."""
    chance = generator().spawn(place + 1)[place]
    fp, tn = counts.false_positive[place], counts.true_negative[place]
    if drawn == "random":
        return ends(fp, fp + tn, chance)
    wrong = ends(fp, counts.labelled_positive[place], chance)
    right = ends(tn, counts.labelled_negative[place], chance)
    return portion(wrong, ends(counts.positive[place], counts.graded[place], chance), right)


def _same(some: Array, others: Array, found: list[Ends], drawn: Drawn) -> float:
    """p-value that a share is the same in all conditions; NaN with fewer than two conditions that have labels."""
    known = [place for place in range(some.size) if some[place] + others[place] > 0]
    if len(known) < 2:
        return math.nan
    if drawn == "random":
        return freeman_halton(np.array([some[known], others[known]]))
    pairs = list(combinations(known, 2))
    return min(1.0, len(pairs) * min(found[one].minus(found[other]).p_zero() for one, other in pairs))


def freeman_halton(counts: ArrayLike) -> float:
    """Exact test that the columns of a table of two rows have one distribution: Fisher's for two columns.

    More columns than two are tested against 20,000 random tables of the same margins, from a fixed stream.

    Source:
        Freeman & Halton (1951), Biometrika 38, 141-149.
    """
    from scipy import stats  # half a second that only reports should pay

    found = np.asarray(counts, dtype=int)
    if not found.sum(axis=1).all():
        return 1.0
    if found.shape[1] == 2:
        return float(stats.fisher_exact(found).pvalue)
    margins = stats.random_table(found.sum(axis=1), found.sum(axis=0))
    drawn = margins.logpmf(margins.rvs(DRAWS, random_state=generator()))
    return float((1 + (drawn <= margins.logpmf(found) + 1e-9).sum()) / (1 + DRAWS))


def _kappa(counts: Table, place: int, drawn: Drawn, level: float) -> Interval:
    """κ, with limits by large samples for random labels and by Jeffreys draws of the table otherwise."""
    tp, fp, fn, tn = _joint(counts, place, drawn)
    if drawn == "random":
        return agreement.kappa([[tp, fp], [fn, tn]], level)
    if counts.blind(place):
        return Interval(math.nan, math.nan, math.nan)
    chance = generator()

    def share(count: Array, number: Array) -> Array:
        return chance.beta(count[place] + 0.5, number[place] - count[place] + 0.5, DRAWS)

    right = share(counts.true_positive, counts.labelled_positive)
    missed = share(counts.false_negative, counts.labelled_negative)
    positive = share(counts.positive, counts.graded)
    found = _cohen(positive * right, positive * (1 - right), (1 - positive) * missed)
    tail = (1 - level) / 2
    estimate = float(_cohen(np.asarray(tp), np.asarray(fp), np.asarray(fn)))
    return Interval(estimate, float(np.quantile(found, tail)), float(np.quantile(found, 1 - tail)))


def _cohen(tp: Array, fp: Array, fn: Array) -> Array:
    """κ of a two-by-two table of shares; NaN where chance alone agrees always."""
    graded, true = tp + fp, tp + fn
    chance = graded * true + (1 - graded) * (1 - true)
    agreed = 1 - fp - fn
    return np.where(chance < 1, (agreed - chance) / np.where(chance < 1, 1 - chance, 1.0), np.nan)


def _interval(estimate: float, found: Ends, tail: float) -> Interval:
    return Interval(estimate, *found.limits(tail))


def _over(part: float, rest: float) -> float:
    return part / (part + rest) if part + rest > 0 else math.nan
