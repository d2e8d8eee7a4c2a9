"""A grader's verdicts against people's labels, as counts per condition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from advocate_evals.statistics.binomial import Array

Drawn = Literal["verdict", "random"]
"""How the episodes to be labelled were drawn: a fixed number of each verdict, or without a look at the verdict."""


@dataclass(frozen=True, slots=True)
class Table:
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


def table(graded: ArrayLike, human: ArrayLike) -> Table:
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
    return Table(
        count(yes & (label == 1)), count(yes & (label == 0)), count(no & (label == 1)), count(no & (label == 0)),
        count(yes | no), count(yes),
    )  # fmt: skip


def _share(count: Array, number: Array) -> Array:
    return np.where(number > 0, count / np.maximum(number, 1), 0.5)
