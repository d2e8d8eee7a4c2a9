"""How far raters agree, and how reliable their ratings are."""

from __future__ import annotations

from typing import Literal

from numpy.typing import ArrayLike

from advocate_evals.statistics.results import Interval


def alpha(ratings: ArrayLike, scale: Literal["nominal", "interval"] = "nominal", level: float = 0.95) -> Interval:
    """Krippendorff's α of units × raters (numbers; NaN missing), with a jackknife interval over units.

    1 where all ratings are one value; NaN where no unit has two ratings.
    """
    raise NotImplementedError


def kappa(table: ArrayLike, level: float = 0.95) -> Interval:
    """Cohen's κ of a square table of counts (rows one rater, columns the other)."""
    raise NotImplementedError


def reliability(ratings: ArrayLike, level: float = 0.95) -> Interval:
    """Reliability of a single rating: the intraclass correlation ICC(1) of units × raters; complete units only."""
    raise NotImplementedError
