"""A grader against people: its quality, and rates with its errors taken out."""

from __future__ import annotations

import math
from typing import Any, get_args

import numpy as np
import pytest
from numpy.random import default_rng
from oracle import Grader, draw_labels
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.proportion import proportion_confint

from advocate_evals.statistics.grader_quality import (
    LabelSampling,
    count_confusion,
    estimate_grader_quality,
)
from advocate_evals.statistics.intervals import Array, fixed_seed_generator, share_distribution
from advocate_evals.statistics.misclassification import correct_rates, corrected_difference_limits, limit_distances
from advocate_evals.statistics.risk_difference import as_block_table, risk_difference, sum_units

NAN = math.nan


def label_all(*cells_: tuple[int, int, int, int]) -> tuple[Array, Array]:
    """Verdicts and labels, all labelled, from (true positive, false positive, false negative, true negative)."""
    columns = [np.repeat([[1.0, 1.0], [1.0, 0.0], [0.0, 1.0], [0.0, 0.0]], counts, axis=0) for counts in cells_]
    most = max(len(column) for column in columns)
    padded = [np.vstack([column, np.full((most - len(column), 2), NAN)]) for column in columns]
    return np.column_stack([p[:, 0] for p in padded]), np.column_stack([p[:, 1] for p in padded])


@pytest.mark.parametrize(
    ("right", "number", "lower", "upper"), [(100, 100, 0.964, 1.0), (200, 200, 0.982, 1.0), (97, 100, 0.915, 0.994)]
)
def test_random_labels_give_clopper_and_pearsons_limits(right: int, number: int, lower: float, upper: float) -> None:
    quality = estimate_grader_quality(*label_all((right, 5, number - right, 60)), sampling="random")[0]
    assert quality.sensitivity.estimate == right / number
    assert (quality.sensitivity.lower, quality.sensitivity.upper) == pytest.approx((lower, upper), abs=0.0021)


def test_the_melded_limit_of_one_share_is_the_exact_one() -> None:
    for count in (0, 3, 25):
        limits = share_distribution(count, 25, fixed_seed_generator()).limits(0.025)
        assert limits == pytest.approx(proportion_confint(count, 25, method="beta"), abs=0.003)


def test_random_labels_give_cohens_kappa_of_statsmodels() -> None:
    quality = estimate_grader_quality(*label_all((30, 4, 6, 60)), sampling="random")[0]
    reference = cohens_kappa(np.array([[30, 4], [6, 60]]))
    assert quality.kappa.estimate == pytest.approx(float(reference.kappa))
    assert (quality.kappa.lower, quality.kappa.upper) == pytest.approx(
        (float(reference.kappa_low), float(reference.kappa_upp))
    )


@pytest.mark.parametrize("sampling", get_args(LabelSampling))
def test_without_a_label_for_a_verdict_there_is_no_kappa(sampling: LabelSampling) -> None:
    verdicts = np.array([[1.0]] * 5 + [[0.0]] * 20)
    quality = estimate_grader_quality(verdicts, np.where(verdicts == 1, NAN, 0.0), sampling)[0]
    assert math.isnan(quality.kappa.estimate)
    assert quality.insufficient.startswith("condition 0: no label among the 5 graded positive")


def test_kappa_falls_with_the_rate_under_the_same_grader() -> None:
    common = estimate_grader_quality(*label_all((360, 18, 40, 582)), sampling="random")[0]
    rare = estimate_grader_quality(*label_all((9, 30, 1, 960)), sampling="random")[0]
    assert (common.sensitivity.estimate, common.specificity.estimate) == pytest.approx(
        (rare.sensitivity.estimate, rare.specificity.estimate), abs=0.001
    )
    assert common.kappa.estimate > 0.85
    assert rare.kappa.estimate < 0.40
    assert common.youden == pytest.approx(rare.youden, abs=0.001)


def by_verdict(
    generator: np.random.Generator, p: tuple[float, ...], grader: Grader, blocks: int
) -> tuple[Array, Array]:
    true = (generator.random((blocks, len(p))) < p).astype(float)
    verdicts = grader.grade(generator, true)
    return verdicts, draw_labels(generator, true, verdicts, 50, balanced=True)


def test_labels_drawn_by_verdict_are_weighted_back() -> None:
    """Half the labels were graded positive whatever the rate; raw counts would say that every fifth is wrongly so."""
    generator, qualities, raw = default_rng(2), [], []
    for _ in range(30):
        verdicts, human = by_verdict(generator, (0.05,), Grader((0.1,), (0.05,)), 600)
        qualities.append(estimate_grader_quality(verdicts, human)[0])
        counts = count_confusion(verdicts, human)
        raw.append(float((counts.false_positive / (counts.false_positive + counts.true_negative))[0]))
    assert np.mean([quality.false_positive_rate.estimate for quality in qualities]) == pytest.approx(0.05, abs=0.005)
    assert np.mean(raw) > 0.2
    covered = [quality.false_positive_rate.lower <= 0.05 <= quality.false_positive_rate.upper for quality in qualities]
    assert np.mean(covered) >= 0.9
    assert np.mean([quality.most_false_positive >= 0.05 for quality in qualities]) >= 0.9
    assert qualities[0].labelled_shares[1] > qualities[0].labelled_shares[0]


def test_a_sensitivity_that_no_label_can_show_is_not_claimed() -> None:
    """All 25 labelled true ones were graded positive, but hundreds graded negative went unlabelled."""
    verdicts = np.array([[1.0]] * 25 + [[0.0]] * 975)
    human = np.full(verdicts.shape, NAN)
    human[:25], human[25:50] = 1.0, 0.0
    quality = estimate_grader_quality(verdicts, human)[0]
    assert quality.sensitivity.estimate == 1.0
    assert quality.sensitivity.lower < 0.3


def test_post_stratification_by_hand() -> None:
    verdicts = np.array([[1.0]] * 40 + [[0.0]] * 60)
    human = np.full(verdicts.shape, NAN)
    human[:10] = [[1.0]] * 8 + [[0.0]] * 2
    human[40:60] = [[1.0]] * 1 + [[0.0]] * 19
    corrected = correct_rates(verdicts, human)
    assert corrected.rates[0].estimate == pytest.approx(0.4 * 0.8 + 0.6 * 0.05)
    assert corrected.raw[0].estimate == 0.4
    assert corrected.labels == (30,)


def test_prediction_powered_by_hand() -> None:
    verdicts = np.array([[1.0]] * 40 + [[0.0]] * 60)
    human = np.full(verdicts.shape, NAN)
    human[30:60] = [[1.0]] * 7 + [[0.0]] * 3 + [[1.0]] * 2 + [[0.0]] * 18
    rate = correct_rates(verdicts, human, "ppi").rates[0]
    error = human[30:60] - verdicts[30:60]
    assert rate.estimate == pytest.approx(0.4 + error.mean())
    variance = (
        verdicts.var(ddof=1) / 100 + error.var(ddof=1) / 30 + 2 * np.cov(verdicts[30:60, 0], error[:, 0])[0, 1] / 100
    )
    assert rate.upper - rate.lower == pytest.approx(2 * 1.96 * math.sqrt(float(variance)), rel=0.06)


def test_a_perfect_grader_with_every_label_changes_little() -> None:
    acts = (default_rng(5).random((200, 2)) < [0.4, 0.2]).astype(float)
    corrected = correct_rates(acts, acts)
    uncorrected = risk_difference(acts)
    assert corrected.differences[0].estimate == pytest.approx(uncorrected.estimate)
    assert corrected.differences[0].lower == pytest.approx(uncorrected.lower, abs=0.02)
    assert corrected.raw_differences[0] == uncorrected
    assert corrected.rogan_gladen[0].estimate == pytest.approx(uncorrected.estimate)


def test_pooled_correction_is_right_for_an_even_grader_and_wrong_for_an_uneven_one() -> None:
    generator = default_rng(6)
    true = (generator.random((40_000, 2)) < [0.4, 0.2]).astype(float)
    even, uneven = Grader((0.1, 0.1), (0.05, 0.05)), Grader((0.1, 0.1), (0.02, 0.15))
    for grader, bias in ((even, 0.0), (uneven, -0.09)):
        verdicts = grader.grade(generator, true)
        human = draw_labels(generator, true, verdicts, 10_000, balanced=True)
        corrected = correct_rates(verdicts, human)
        assert corrected.differences[0].estimate == pytest.approx(0.2, abs=0.015)
        assert corrected.rogan_gladen[0].estimate == pytest.approx(0.2 + bias, abs=0.025)


def test_side_by_side_and_alone_the_correction_is_the_same() -> None:
    generator = default_rng(7)
    true = (generator.random((3, 80, 2)) < [0.4, 0.1]).astype(float)
    verdicts = Grader((0.1, 0.1), (0.05, 0.10)).grade(generator, true)
    human = draw_labels(generator, true, verdicts, 40, balanced=True)
    sums = sum_units(as_block_table(verdicts), [0, 1])
    for ppi, method in ((None, "poststratified"), ((verdicts, human), "ppi")):
        lower, upper = corrected_difference_limits(
            sums, limit_distances(sums, count_confusion(verdicts, human), 0.025, ppi), (0, 1)
        )
        for k in range(3):
            alone: Any = correct_rates(verdicts[k], human[k], method).differences[0]  # type: ignore[arg-type]
            assert (alone.lower, alone.upper) == pytest.approx((lower[k], upper[k]))


def test_a_verdict_without_labels_leaves_the_condition_open() -> None:
    verdicts = np.array([[1.0, 1.0]] * 10 + [[0.0, 0.0]] * 30)
    human = np.full(verdicts.shape, NAN)
    human[:5, 0], human[10:20] = 1.0, 0.0
    corrected = correct_rates(verdicts, human)
    assert corrected.insufficient.startswith("condition 1: no label among the 10 graded positive")
    assert "at random it takes 10 to have one with 95 %" in corrected.insufficient
    assert math.isnan(corrected.rates[1].estimate)
    assert corrected.rates[1].lower < 0.02 and corrected.rates[1].upper > 0.24  # but it lies somewhere
    assert corrected.differences[0].insufficient == corrected.insufficient
    assert not math.isnan(corrected.rates[0].estimate)


@pytest.mark.parametrize(
    ("graded", "human"), [([[0.5]], [[1.0]]), ([[1.0]], [[2.0]]), ([[1.0]], [[1.0, 0.0]]), ([1.0], [1.0])]
)
def test_what_is_no_verdict_or_label_is_refused(graded: Any, human: Any) -> None:
    with pytest.raises(ValueError, match=r"0, 1 or NaN|one shape"):
        count_confusion(graded, human)
