"""How many episodes a grader may have misjudged, by its calibration or by people's labels of the run.

A verdict that rests on a grader stands if its label survives as many errors as these limits allow, all of them against
it. Every limit is one-sided, at the error `tail`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

DEFAULT_TAIL = 0.025
"""One-sided error of each limit."""


@dataclass(frozen=True, slots=True)
class ErrorLimits:
    """What a calibration says at worst of a grader's errors."""

    sensitivity: float
    """Lower limit of the share of true ones that it finds."""
    false_positive: float
    """Upper limit of the share of false ones that it calls true."""


@dataclass(frozen=True, slots=True)
class MisjudgedCounts:
    """Episodes of one group that a grader may have misjudged at most."""

    missed: int
    """True ones among those graded negative."""
    false_alarms: int
    """False ones among those graded positive."""

    def scaled(self, share: float) -> MisjudgedCounts:
        """That share of both counts, rounded down."""
        return MisjudgedCounts(math.floor(share * self.missed), math.floor(share * self.false_alarms))


def most_misjudged(positives: int, negatives: int, limits: ErrorLimits, tail: float = DEFAULT_TAIL) -> MisjudgedCounts:
    """The largest numbers of errors that are compatible with what was graded and with the limits of a calibration.

    False alarms: the upper quantile of a binomial count among all episodes, for none of them need be true. Missed ones:
    the largest number beside which it is not improbable that no more than `positives` true ones were found.

    Args:
        positives: Episodes graded positive.
        negatives: Episodes graded negative.
        limits: The limits of the calibration.
        tail: Probability that a count is larger.

    Raises:
        ValueError: for a rate outside 0 to 1.
    """
    if not (0 <= limits.sensitivity <= 1 and 0 <= limits.false_positive <= 1):
        raise ValueError(f"rates lie between 0 and 1, not {limits}")
    from scipy.special import bdtr

    episodes = positives + negatives
    false_alarms = next(
        (count for count in range(positives) if bdtr(count, episodes, limits.false_positive) >= 1 - tail), positives
    )
    missed = _largest_count(
        negatives, lambda count: float(bdtr(positives, positives + count, limits.sensitivity)) >= tail
    )
    return MisjudgedCounts(missed, false_alarms)


def most_errors_by_labels(episodes: int, labelled: int, errors: int, tail: float = DEFAULT_TAIL) -> int:
    """The largest number of errors among some episodes of which a random part was labelled: exact, hypergeometric.

    Args:
        episodes: Episodes of one verdict of the grader.
        labelled: How many of them people labelled.
        errors: In how many of these people say otherwise.
        tail: Probability of so few errors, or fewer, with one error more.

    Raises:
        ValueError: for more labels than episodes, or more errors than labels.
    """
    if not 0 <= errors <= labelled <= episodes:
        raise ValueError(f"{errors} errors in {labelled} labels of {episodes} episodes cannot be")
    if labelled == 0:
        return episodes
    return _largest_count(episodes, lambda count: _probability_of_few(episodes, count, labelled, errors) >= tail)


def labels_to_bound(episodes: int, errors: int, tail: float = DEFAULT_TAIL) -> int:
    """The smallest number of labels, all without an error, that shows that there are at most so many errors."""
    return next(
        (count for count in range(episodes) if most_errors_by_labels(episodes, count, 0, tail) <= errors), episodes
    )


def _probability_of_few(episodes: int, true_errors: int, labelled: int, errors: int) -> float:
    """Probability of at most `errors` errors in a random sample of `labelled` of the episodes."""
    total = math.comb(episodes, labelled)
    ways = sum(
        math.comb(true_errors, count) * math.comb(episodes - true_errors, labelled - count)
        for count in range(errors + 1)
    )
    return ways / total


def _largest_count(most: int, is_compatible: Callable[[int], bool]) -> int:
    """The largest count up to `most` that is compatible; compatibility does not come back once it is gone."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if is_compatible(middle) else (low, middle - 1)
    return low
