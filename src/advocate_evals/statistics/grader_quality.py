"""A grader's verdicts against people's labels: counts and error rates, estimated in each condition by itself.

They describe the grader. Whether a verdict that rests on it stands is for `bias_analysis.py`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Literal

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from advocate_evals.statistics.grader_screening import cohen_kappa_interval
from advocate_evals.statistics.intervals import (
    MONTE_CARLO_DRAWS,
    UNKNOWN_INTERVAL,
    Array,
    ConfidenceDistribution,
    Interval,
    fixed_seed_generator,
    positive_rate_distribution,
    share_distribution,
)

LabelSampling = Literal["verdict", "random"]
"""How the labelled episodes were sampled: a fixed number of each verdict, or without regard to the verdict."""


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
    def positive_share(self) -> Array:
        """Share graded positive; 0 where nothing was graded."""
        return np.asarray(self.positive / np.maximum(self.graded, 1))

    @property
    def true_if_positive(self) -> Array:
        """Share of true ones among those graded positive (the predictive value); one half where there is no label."""
        return _true_share(self.true_positive, self.labelled_positive)

    @property
    def true_if_negative(self) -> Array:
        """Share of true ones among those graded negative; one half where there is no label."""
        return _true_share(self.false_negative, self.labelled_negative)

    def select_conditions(self, conditions: ArrayLike) -> ConfusionCounts:
        """The counts of some conditions, in this order."""
        places = np.asarray(conditions, dtype=np.intp)
        return ConfusionCounts(*(getattr(self, field.name)[..., places] for field in fields(self)))

    def find_label_gap(self, condition: int) -> str:
        """Why a condition cannot be corrected: a verdict without any label; empty where it can.

        Where other episodes of the condition have labels, it says how many labels drawn without regard to the verdict
        would have reached this one.
        """
        if not self.graded[condition]:
            return f"condition {condition}: nothing graded"
        graded, labelled = int(self.graded[condition]), self.labelled_positive + self.labelled_negative
        negative = self.graded[condition] - self.positive[condition]
        for verdict, number, labels in (
            ("positive", self.positive[condition], self.labelled_positive[condition]),
            ("negative", negative, self.labelled_negative[condition]),
        ):
            if number and not labels:
                reason = f"condition {condition}: no label among the {int(number)} graded {verdict}"
                if labelled[condition]:
                    reason += (
                        f" (drawn by arm and verdict 1 would do; drawn at random it takes "
                        f"{labels_to_reach(graded, int(number))} to have one with 95 %)"
                    )
                return reason
        return ""


def labels_to_reach(episodes: int, targets: int, probability: float = 0.95) -> int:
    """The smallest number of episodes drawn at random among which one of the targets is, with this probability.

    Args:
        episodes: Episodes to draw from.
        targets: How many of them are to be reached, at least 1.
        probability: Probability of one or more of them, in (0, 1).
    """
    absent, number = 1.0, 0
    while absent > 1 - probability and number < episodes:
        absent *= max(episodes - targets - number, 0) / (episodes - number)
        number += 1
    return number


def count_confusion(graded: ArrayLike, human: ArrayLike) -> ConfusionCounts:
    """Count verdicts and labels.

    Args:
        graded: Episodes × conditions, the grader's verdict: 0, 1, or NaN where there is none. Leading axes are allowed.
        human: Same shape, a person's label: 0, 1, or NaN where no label was requested. Labels of ungraded episodes are
            left out.

    Raises:
        ValueError: for shapes that differ, or other values.
    """
    verdict, label = np.asarray(graded, dtype=float), np.asarray(human, dtype=float)
    if verdict.shape != label.shape or verdict.ndim < 2:
        raise ValueError(f"two tables of one shape are needed, not {verdict.shape} and {label.shape}")
    for name, table in (("graded", verdict), ("human", label)):
        if not np.all(np.isnan(table) | (table == 0) | (table == 1)):
            raise ValueError(f"{name}: values must be 0, 1 or NaN")

    def count(episodes: NDArray[np.bool_]) -> Array:
        return np.asarray(episodes.sum(axis=-2), dtype=float)

    positive, negative = verdict == 1, verdict == 0
    return ConfusionCounts(
        true_positive=count(positive & (label == 1)),
        false_positive=count(positive & (label == 0)),
        false_negative=count(negative & (label == 1)),
        true_negative=count(negative & (label == 0)),
        graded=count(positive | negative),
        positive=count(positive),
    )


def _true_share(count: Array, number: Array) -> Array:
    return np.where(number > 0, count / np.maximum(number, 1), 0.5)


# Quality


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
    labelled_shares: tuple[float, float]
    """Share of the graded negatives and of the graded positives that was labelled; NaN where there were none."""
    sensitivity: Interval
    """Share of the true ones that is graded positive."""
    specificity: Interval
    """Share of the false ones that is graded negative."""
    false_positive_rate: Interval
    """1 − specificity."""
    most_false_positive: float
    """One-sided upper limit of the false positive rate."""
    positive_predictive: Interval
    """Share of true ones among those graded positive (PPV)."""
    negative_predictive: Interval
    """Share of false ones among those graded negative (NPV)."""
    kappa: Interval
    """Cohen's κ of grader and person. It falls with the rate for an unchanged grader, so it decides nothing."""
    youden: float
    """Sensitivity + specificity − 1: the factor by which a grader with equal error rates shrinks a difference."""
    insufficient: str
    """Why it cannot be estimated; empty where it can."""


def estimate_grader_quality(
    graded: ArrayLike, human: ArrayLike, sampling: LabelSampling = "verdict", level: float = 0.95
) -> tuple[GraderQuality, ...]:
    """Quality per condition.

    Labels sampled at random give Clopper and Pearson's limits. Labels sampled by verdict (half of them graded positive,
    say) are weighted by the share of each verdict that was labelled, and their limits melded from the exact ones of the
    predictive values and of the share graded positive; raw counts of such labels would show a grader better or worse
    than it is, and differently so in each condition.

    Args:
        graded: Episodes × conditions, the grader's verdict, 0, 1 or NaN.
        human: Same shape, a person's label, 0 or 1; NaN where no label was requested.
        sampling: How the labelled episodes were sampled.
        level: Confidence level, in (0, 1).
    """
    counts = count_confusion(graded, human)
    return tuple(_estimate_quality(counts, condition, sampling, level) for condition in range(counts.graded.size))


def _estimate_quality(counts: ConfusionCounts, condition: int, sampling: LabelSampling, level: float) -> GraderQuality:
    tail = (1 - level) / 2
    tp, fp = int(counts.true_positive[condition]), int(counts.false_positive[condition])
    fn, tn = int(counts.false_negative[condition]), int(counts.true_negative[condition])
    graded, positive = int(counts.graded[condition]), int(counts.positive[condition])
    generator = fixed_seed_generator()
    joint_tp, joint_fp, joint_fn, joint_tn = _joint_shares(counts, condition, sampling)
    sensitivity = _with_limits(
        _share_or_nan(joint_tp, joint_fn), _sensitivity_distribution(counts, condition, sampling), tail
    )
    false_positive = _false_positive_distribution(counts, condition, sampling)
    rate = _with_limits(_share_or_nan(joint_fp, joint_tn), false_positive, tail)
    return GraderQuality(
        true_positive=tp,
        false_positive=fp,
        false_negative=fn,
        true_negative=tn,
        graded=graded,
        positive=positive,
        labelled_shares=(
            _share_or_nan(fn + tn, graded - positive - fn - tn),
            _share_or_nan(tp + fp, positive - tp - fp),
        ),
        sensitivity=sensitivity,
        specificity=Interval(1 - rate.estimate, 1 - rate.upper, 1 - rate.lower),
        false_positive_rate=rate,
        most_false_positive=false_positive.limits(1 - level)[1],
        positive_predictive=_with_limits(_share_or_nan(tp, fp), share_distribution(tp, tp + fp, generator), tail),
        negative_predictive=_with_limits(_share_or_nan(tn, fn), share_distribution(tn, tn + fn, generator), tail),
        kappa=_estimate_kappa(counts, condition, sampling, level),
        youden=sensitivity.estimate - rate.estimate,
        insufficient=counts.find_label_gap(condition) or ("" if tp + fn else "no true one among the labels"),
    )


def _joint_shares(
    counts: ConfusionCounts, condition: int, sampling: LabelSampling
) -> tuple[float, float, float, float]:
    """True and false positives, false and true negatives, up to a common factor; NaN where a verdict has no label.

    Counts for labels sampled at random, shares of all graded episodes for labels sampled by verdict.
    """
    if counts.find_label_gap(condition):
        return (math.nan,) * 4
    if sampling == "random":
        return (
            float(counts.true_positive[condition]),
            float(counts.false_positive[condition]),
            float(counts.false_negative[condition]),
            float(counts.true_negative[condition]),
        )
    positive = float(counts.positive_share[condition])
    hits, misses = float(counts.true_if_positive[condition]), float(counts.true_if_negative[condition])
    return positive * hits, positive * (1 - hits), (1 - positive) * misses, (1 - positive) * (1 - misses)


def _sensitivity_distribution(
    counts: ConfusionCounts, condition: int, sampling: LabelSampling
) -> ConfidenceDistribution:
    labels = (counts.true_positive[condition], counts.false_negative[condition])
    return _class_rate_distribution(counts, condition, labels, sampling, fixed_seed_generator())


def _false_positive_distribution(
    counts: ConfusionCounts, condition: int, sampling: LabelSampling
) -> ConfidenceDistribution:
    """Each condition has a random stream of its own."""
    labels = (counts.false_positive[condition], counts.true_negative[condition])
    return _class_rate_distribution(
        counts, condition, labels, sampling, fixed_seed_generator().spawn(condition + 1)[condition]
    )


def _class_rate_distribution(
    counts: ConfusionCounts,
    condition: int,
    labels: tuple[float, float],
    sampling: LabelSampling,
    generator: Generator,
) -> ConfidenceDistribution:
    """Share graded positive of the true or of the false ones.

    Args:
        counts: Verdicts and labels.
        condition: Index of the condition.
        labels: Labels of that kind among the episodes graded positive, and among those graded negative.
        sampling: How the labelled episodes were sampled.
        generator: Source of the draws.
    """
    if_positive, if_negative = labels
    if sampling == "random":
        return share_distribution(if_positive, if_positive + if_negative, generator)
    among_positive = share_distribution(if_positive, counts.labelled_positive[condition], generator)
    among_negative = share_distribution(if_negative, counts.labelled_negative[condition], generator)
    positive_share = share_distribution(counts.positive[condition], counts.graded[condition], generator)
    return positive_rate_distribution(among_positive, positive_share, among_negative)


def _estimate_kappa(counts: ConfusionCounts, condition: int, sampling: LabelSampling, level: float) -> Interval:
    """κ, with large-sample limits for random labels and with limits from Jeffreys draws of the table otherwise."""
    if counts.find_label_gap(condition):
        return UNKNOWN_INTERVAL
    tp, fp, fn, tn = _joint_shares(counts, condition, sampling)
    if sampling == "random":
        return cohen_kappa_interval([[tp, fp], [fn, tn]], level)
    generator = fixed_seed_generator()

    def draw_share(count: Array, number: Array) -> Array:
        failures = number[condition] - count[condition]
        return generator.beta(count[condition] + 0.5, failures + 0.5, MONTE_CARLO_DRAWS)

    hits = draw_share(counts.true_positive, counts.labelled_positive)
    misses = draw_share(counts.false_negative, counts.labelled_negative)
    positive = draw_share(counts.positive, counts.graded)
    kappas = _cohen_kappa(positive * hits, positive * (1 - hits), (1 - positive) * misses)
    tail = (1 - level) / 2
    estimate = float(_cohen_kappa(np.asarray(tp), np.asarray(fp), np.asarray(fn)))
    return Interval(estimate, float(np.quantile(kappas, tail)), float(np.quantile(kappas, 1 - tail)))


def _cohen_kappa(tp: Array, fp: Array, fn: Array) -> Array:
    """κ of a two-by-two table of shares; NaN where agreement by chance is certain."""
    graded, true = tp + fp, tp + fn
    by_chance = graded * true + (1 - graded) * (1 - true)
    observed = 1 - fp - fn
    return np.where(by_chance < 1, (observed - by_chance) / np.where(by_chance < 1, 1 - by_chance, 1.0), np.nan)


def _with_limits(estimate: float, distribution: ConfidenceDistribution, tail: float) -> Interval:
    return Interval(estimate, *distribution.limits(tail))


def _share_or_nan(part: float, remainder: float) -> float:
    """The part's share of the sum; NaN where there is nothing."""
    return part / (part + remainder) if part + remainder > 0 else math.nan
