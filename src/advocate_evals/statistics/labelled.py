"""What a grader said against what people said: a two-way table per condition, and figures of a grader's quality."""

from __future__ import annotations

from dataclasses import dataclass

from numpy.typing import ArrayLike

from advocate_evals.statistics.results import Interval


@dataclass(frozen=True, slots=True)
class Quality:
    """How good a grader is in one condition. Intervals hold for labels drawn by verdict too."""

    true_positive: int
    false_positive: int
    false_negative: int
    true_negative: int
    graded: int
    """Episodes graded."""
    positive: int
    """Of them, graded positive."""
    sampling: tuple[float, float]
    """Share of the graded negatives and of the graded positives that was labelled."""
    sensitivity: Interval
    specificity: Interval
    false_positive_rate: Interval
    predictive: Interval
    """Positive predictive value."""
    negative_predictive: Interval
    kappa: Interval
    """Cohen's κ of grader and person. It falls with the rate under an unchanged grader: never a gate."""
    youden: float
    """Sensitivity + specificity − 1: the factor by which an equal grader shrinks a difference."""
    most_false_positive: float
    """One-sided upper limit of the false positive rate."""
    insufficient: str


@dataclass(frozen=True, slots=True)
class Gate:
    """Whether a grader is good and even enough for a verdict to be published."""

    passed: bool
    reasons: tuple[str, ...]
    """Each rule that is broken, in words; empty where it passed."""
    most_false_positive: tuple[float, ...]
    """One-sided upper limit of the false positive rate, per condition."""
    most_uneven: tuple[float, ...]
    """One-sided upper limit of |false positive rate − that of the first condition|, per further condition."""
    homogeneous_false_positive: float
    """p-value that the false positive rate is the same in all conditions."""
    homogeneous_false_negative: float
    """Likewise of the false negative rate."""


def quality(graded: ArrayLike, human: ArrayLike, level: float = 0.95) -> tuple[Quality, ...]:
    """Quality per condition.

    Args:
        graded: Episodes × conditions (blocks × conditions), the grader's verdict, 0, 1 or NaN.
        human: Same shape, a person's label, 0 or 1; NaN where none was asked for. Labels may be drawn at random, or by
            the grader's verdict (half of them positive, say): they are weighted by the share labelled of each verdict.
        level: Confidence level, in (0, 1).
    """
    raise NotImplementedError


def gate(graded: ArrayLike, human: ArrayLike, delta: float = 0.10, most: float = 0.03, level: float = 0.95) -> Gate:
    """False positive rate at most `most` in each condition, and uneven by less than delta/3, by one-sided limits."""
    raise NotImplementedError
