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

from advocate_evals.statistics.rater_agreement import (
    cohen_kappa_interval,
    krippendorff_interval,
    single_rating_reliability,
)

NAN = math.nan


def inspects(ratings: NDArray[np.float64], scale: str) -> float:
    scores = [SampleScore(score=Score(value=[float(v) for v in row if not math.isnan(v)])) for row in ratings]
    return float(cast(Any, krippendorff_alpha(scale))(scores))  # type: ignore[arg-type]


@pytest.mark.parametrize("scale", ["nominal", "interval"])
@pytest.mark.parametrize("gaps", [False, True])
def test_alpha_is_that_of_inspect(scale: Any, gaps: bool) -> None:
    chance = default_rng(1)
    truth = chance.integers(0, 2, (60, 1)).astype(float)
    ratings = np.where(chance.random((60, 4)) < 0.8, truth, 1 - truth)
    if scale == "interval":
        ratings = ratings * 4 + chance.integers(0, 3, ratings.shape)
    if gaps:
        ratings[chance.random(ratings.shape) < 0.3] = NAN
    assert krippendorff_interval(ratings, scale).estimate == pytest.approx(inspects(ratings, scale))


def test_alpha_has_an_interval_that_covers() -> None:
    chance, found = default_rng(2), []
    truth = 1 - 2 * 0.8 * 0.2 / 0.5  # two raters right four times in five, labels balanced
    for _ in range(120):
        true = chance.integers(0, 2, (60, 1))
        ratings = np.where(chance.random((60, 2)) < 0.8, true, 1 - true)
        interval = krippendorff_interval(ratings)
        found.append(interval.lower <= truth <= interval.upper)
    assert np.mean(found) > 0.87


def test_alpha_at_its_ends() -> None:
    assert krippendorff_interval([[1, 1], [1, 1], [1, 1]]).estimate == 1.0
    assert math.isnan(krippendorff_interval([[1, 1], [1, 1], [1, 1]]).lower)
    assert math.isnan(krippendorff_interval([[1, NAN], [NAN, 0]]).estimate)
    assert krippendorff_interval([[1, 1], [0, 0], [1, 1], [0, 0]]).estimate == 1.0


def test_kappa_is_that_of_statsmodels() -> None:
    counts = [[20, 5, 1], [3, 30, 2], [0, 4, 15]]
    theirs, found = cohens_kappa(np.array(counts)), cohen_kappa_interval(counts)
    assert (found.estimate, found.lower, found.upper) == pytest.approx(
        (float(theirs.kappa), float(theirs.kappa_low), float(theirs.kappa_upp))
    )
    assert math.isnan(cohen_kappa_interval([[0, 0], [0, 0]]).estimate)
    assert math.isnan(cohen_kappa_interval([[9, 0], [0, 0]]).estimate)
    with pytest.raises(ValueError, match="square"):
        cohen_kappa_interval([[1, 2, 3]])


def test_reliability_by_shrout_and_fleiss() -> None:
    """Their table 2: six targets, four judges; ICC(1,1) = .17."""
    ratings = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    found = single_rating_reliability(ratings)
    assert found.estimate == pytest.approx(0.166, abs=0.001)
    assert (found.lower, found.upper) == pytest.approx((-0.133, 0.723), abs=0.002)
    assert single_rating_reliability([*ratings, [1, 2, NAN, 3]]) == found
    assert single_rating_reliability([[1, 1], [2, 2]]).estimate == 1.0
    assert math.isnan(single_rating_reliability([[1, 1], [1, 1]]).estimate)
    with pytest.raises(ValueError, match="units × raters"):
        krippendorff_interval([1.0, 2.0])
