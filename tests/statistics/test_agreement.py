"""Agreement of raters."""

from __future__ import annotations

import math
from typing import Any, cast

import numpy as np
import pytest
from inspect_ai.scorer import SampleScore, Score, krippendorff_alpha
from numpy.random import default_rng
from numpy.typing import NDArray
from statsmodels.stats.inter_rater import cohens_kappa

from advocate_evals.statistics.grader_screening import cohen_kappa_interval, krippendorff_interval

NAN = math.nan


def inspect_alpha(ratings: NDArray[np.float64], scale: str) -> float:
    scores = [SampleScore(score=Score(value=[float(v) for v in row if not math.isnan(v)])) for row in ratings]
    return float(cast(Any, krippendorff_alpha(scale))(scores))  # type: ignore[arg-type]


@pytest.mark.parametrize("scale", ["nominal", "interval"])
@pytest.mark.parametrize("gaps", [False, True])
def test_alpha_is_that_of_inspect(scale: Any, gaps: bool) -> None:
    generator = default_rng(1)
    truth = generator.integers(0, 2, (60, 1)).astype(float)
    ratings = np.where(generator.random((60, 4)) < 0.8, truth, 1 - truth)
    if scale == "interval":
        ratings = ratings * 4 + generator.integers(0, 3, ratings.shape)
    if gaps:
        ratings[generator.random(ratings.shape) < 0.3] = NAN
    assert krippendorff_interval(ratings, scale).estimate == pytest.approx(inspect_alpha(ratings, scale))


def test_alpha_has_an_interval_that_covers() -> None:
    generator, covered = default_rng(2), []
    truth = 1 - 2 * 0.8 * 0.2 / 0.5  # two raters right four times in five, labels balanced
    for _ in range(120):
        true = generator.integers(0, 2, (60, 1))
        ratings = np.where(generator.random((60, 2)) < 0.8, true, 1 - true)
        interval = krippendorff_interval(ratings)
        covered.append(interval.lower <= truth <= interval.upper)
    assert np.mean(covered) > 0.87


def test_alpha_at_its_ends() -> None:
    assert krippendorff_interval([[1, 1], [1, 1], [1, 1]]).estimate == 1.0
    assert math.isnan(krippendorff_interval([[1, 1], [1, 1], [1, 1]]).lower)
    assert math.isnan(krippendorff_interval([[1, NAN], [NAN, 0]]).estimate)
    assert krippendorff_interval([[1, 1], [0, 0], [1, 1], [0, 0]]).estimate == 1.0
    with pytest.raises(ValueError, match="units × raters"):
        krippendorff_interval([1.0, 2.0])


def test_kappa_is_that_of_statsmodels() -> None:
    counts = [[20, 5, 1], [3, 30, 2], [0, 4, 15]]
    reference, interval = cohens_kappa(np.array(counts)), cohen_kappa_interval(counts)
    assert (interval.estimate, interval.lower, interval.upper) == pytest.approx(
        (float(reference.kappa), float(reference.kappa_low), float(reference.kappa_upp))
    )
    assert math.isnan(cohen_kappa_interval([[0, 0], [0, 0]]).estimate)
    assert math.isnan(cohen_kappa_interval([[9, 0], [0, 0]]).estimate)
    with pytest.raises(ValueError, match="square"):
        cohen_kappa_interval([[1, 2, 3]])
