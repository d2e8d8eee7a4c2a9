"""A grader's verdicts against people's labels, as counts per condition."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from advocate_evals.statistics.intervals import (
    MELDING_DRAWS,
    Array,
    ConfidenceDistribution,
    Interval,
    melding_generator,
    predictive_value_distribution,
    share_distribution,
)
from advocate_evals.statistics.rater_agreement import cohen_kappa_interval

SamplingShares = Literal["verdict", "random"]
"""How the episodes to be labelled were drawn: a fixed number of each verdict, or without a look at the verdict."""


@dataclass(frozen=True, slots=True)
class ConfusionCounts:
    """Counts per condition, each of shape (…, conditions)."""

    true_positive: Array
    false_positive: Array
    false_negative: Array
    true_negative: Array
    graded: Array
    """Episodes graded."""
    positive: Array
    """Of them, graded positive."""

    @property
    def labelled_positive(self) -> Array:
        """Labels among those graded positive."""
        return self.true_positive + self.false_positive

    @property
    def labelled_negative(self) -> Array:
        """Labels among those graded negative."""
        return self.false_negative + self.true_negative

    @property
    def share(self) -> Array:
        """Share graded positive; 0 where nothing was graded."""
        return np.asarray(self.positive / np.maximum(self.graded, 1))

    @property
    def true_if_positive(self) -> Array:
        """Share of true ones among those graded positive (the predictive value); one half where there is no label."""
        return _share(self.true_positive, self.labelled_positive)

    @property
    def true_if_negative(self) -> Array:
        """Share of true ones among those graded negative; one half where there is no label."""
        return _share(self.false_negative, self.labelled_negative)

    def blind(self, place: int) -> str:
        """Why a condition cannot be corrected: a verdict that no label looks at; empty where it can."""
        if not self.graded[place]:
            return f"condition {place}: nothing graded"
        negative = self.graded[place] - self.positive[place]
        for verdict, number, labels in (
            ("positive", self.positive[place], self.labelled_positive[place]),
            ("negative", negative, self.labelled_negative[place]),
        ):
            if number and not labels:
                return f"condition {place}: no label among the {int(number)} graded {verdict}"
        return ""


def count_confusion(graded: ArrayLike, human: ArrayLike) -> ConfusionCounts:
    """Count verdicts and labels.

    Args:
        graded: Episodes × conditions, the grader's verdict: 0, 1, or NaN where there is none. Leading axes are let
            through.
        human: Same shape, a person's label: 0, 1, or NaN where none was asked for. Labels of ungraded episodes are
            left out.

    Raises:
        ValueError: for shapes that differ, or other values.
    """
    verdict, label = np.asarray(graded, dtype=float), np.asarray(human, dtype=float)
    if verdict.shape != label.shape or verdict.ndim < 2:
        raise ValueError(f"two tables of one shape are needed, not {verdict.shape} and {label.shape}")
    for name, found in (("graded", verdict), ("human", label)):
        if not np.all(np.isnan(found) | (found == 0) | (found == 1)):
            raise ValueError(f"{name}: values must be 0, 1 or NaN")

    def count(of: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> Array:
        return np.asarray(of.sum(axis=-2), dtype=float)

    yes, no = verdict == 1, verdict == 0
    return ConfusionCounts(
        count(yes & (label == 1)), count(yes & (label == 0)), count(no & (label == 1)), count(no & (label == 0)),
        count(yes | no), count(yes),
    )  # fmt: skip


def _share(count: Array, number: Array) -> Array:
    return np.where(number > 0, count / np.maximum(number, 1), 0.5)


# --- How good a grader is, per condition, by people's labels; and whether it is good and even enough for a verdict. ---


@dataclass(frozen=True, slots=True)
class GraderQuality:
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
class GraderGate:
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


def estimate_grader_quality(
    graded: ArrayLike, human: ArrayLike, drawn: SamplingShares = "verdict", level: float = 0.95
) -> tuple[GraderQuality, ...]:
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
    counts = count_confusion(graded, human)
    return tuple(_quality(counts, place, drawn, level) for place in range(counts.graded.size))


def check_grader(
    graded: ArrayLike, human: ArrayLike, delta: float = 0.10, most: float = 0.03, drawn: SamplingShares = "verdict"
) -> GraderGate:
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
    counts = count_confusion(graded, human)
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
    return GraderGate(
        not reasons, tuple(reasons), worst, uneven, same,
        _same(counts.false_negative, counts.true_positive, missed, drawn),
    )  # fmt: skip


def _quality(counts: ConfusionCounts, place: int, drawn: SamplingShares, level: float) -> GraderQuality:
    tail = (1 - level) / 2
    tp, fp, fn, tn, graded, positive = (
        int(value[place])
        for value in (
            counts.true_positive, counts.false_positive, counts.false_negative, counts.true_negative,
            counts.graded, counts.positive,
        )
    )  # fmt: skip
    chance = melding_generator()
    joint = _joint(counts, place, drawn)
    sensitivity = _interval(_over(joint[0], joint[2]), _sensitive(counts, place, drawn), tail)
    wrong = _false_positive(counts, place, drawn)
    rate = _interval(_over(joint[1], joint[3]), wrong, tail)
    reason = counts.blind(place) or ("" if tp + fn else "no true one among the labels")
    return GraderQuality(
        true_positive=tp, false_positive=fp, false_negative=fn, true_negative=tn, graded=graded, positive=positive,
        sampling=(_over(fn + tn, graded - positive - fn - tn), _over(tp + fp, positive - tp - fp)),
        sensitivity=sensitivity,
        specificity=Interval(1 - rate.estimate, 1 - rate.upper, 1 - rate.lower),
        false_positive_rate=rate,
        most_false_positive=wrong.limits(1 - level)[1],
        predictive=_interval(_over(tp, fp), share_distribution(tp, tp + fp, chance), tail),
        negative_predictive=_interval(_over(tn, fn), share_distribution(tn, tn + fn, chance), tail),
        kappa=_kappa(counts, place, drawn, level),
        youden=sensitivity.estimate - rate.estimate,
        insufficient=reason,
    )  # fmt: skip


def _joint(counts: ConfusionCounts, place: int, drawn: SamplingShares) -> tuple[float, float, float, float]:
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


def _sensitive(counts: ConfusionCounts, place: int, drawn: SamplingShares) -> ConfidenceDistribution:
    """Draws of the ends of the sensitivity."""
    chance = melding_generator()
    tp, fn = counts.true_positive[place], counts.false_negative[place]
    if drawn == "random":
        return share_distribution(tp, tp + fn, chance)
    right = share_distribution(tp, counts.labelled_positive[place], chance)
    missed = share_distribution(fn, counts.labelled_negative[place], chance)
    return predictive_value_distribution(
        right, share_distribution(counts.positive[place], counts.graded[place], chance), missed
    )


def _false_positive(counts: ConfusionCounts, place: int, drawn: SamplingShares) -> ConfidenceDistribution:
    """Draws of the ends of the false positive rate. Each condition has a stream of its own."""
    chance = melding_generator().spawn(place + 1)[place]
    fp, tn = counts.false_positive[place], counts.true_negative[place]
    if drawn == "random":
        return share_distribution(fp, fp + tn, chance)
    wrong = share_distribution(fp, counts.labelled_positive[place], chance)
    right = share_distribution(tn, counts.labelled_negative[place], chance)
    return predictive_value_distribution(
        wrong, share_distribution(counts.positive[place], counts.graded[place], chance), right
    )


def _same(some: Array, others: Array, found: list[ConfidenceDistribution], drawn: SamplingShares) -> float:
    """p-value that a share is the same in all conditions; NaN with fewer than two conditions that have labels."""
    known = [place for place in range(some.size) if some[place] + others[place] > 0]
    if len(known) < 2:
        return math.nan
    if drawn == "random":
        return freeman_halton_test(np.array([some[known], others[known]]))
    pairs = list(combinations(known, 2))
    return min(1.0, len(pairs) * min(found[one].minus(found[other]).p_zero() for one, other in pairs))


def freeman_halton_test(counts: ArrayLike) -> float:
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
    drawn = margins.logpmf(margins.rvs(MELDING_DRAWS, random_state=melding_generator()))
    return float((1 + (drawn <= margins.logpmf(found) + 1e-9).sum()) / (1 + MELDING_DRAWS))


def _kappa(counts: ConfusionCounts, place: int, drawn: SamplingShares, level: float) -> Interval:
    """κ, with limits by large samples for random labels and by Jeffreys draws of the table otherwise."""
    tp, fp, fn, tn = _joint(counts, place, drawn)
    if drawn == "random":
        return cohen_kappa_interval([[tp, fp], [fn, tn]], level)
    if counts.blind(place):
        return Interval(math.nan, math.nan, math.nan)
    chance = melding_generator()

    def share(count: Array, number: Array) -> Array:
        return chance.beta(count[place] + 0.5, number[place] - count[place] + 0.5, MELDING_DRAWS)

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


def _interval(estimate: float, found: ConfidenceDistribution, tail: float) -> Interval:
    return Interval(estimate, *found.limits(tail))


def _over(part: float, rest: float) -> float:
    return part / (part + rest) if part + rest > 0 else math.nan
