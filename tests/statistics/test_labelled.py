"""A grader against people: quality, evenness, and rates with its errors taken out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.random import default_rng
from numpy.typing import NDArray
from oracle import Grader, label
from scipy import stats
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.proportion import proportion_confint

from advocate_evals.statistics.block_rates import as_block_table, sum_units
from advocate_evals.statistics.grader_quality import (
    check_grader,
    count_confusion,
    estimate_grader_quality,
    freeman_halton_test,
)
from advocate_evals.statistics.intervals import melding_generator, share_distribution
from advocate_evals.statistics.misclassification import correct_rates, corrected_difference_limits, limit_distances
from advocate_evals.statistics.risk_difference import risk_difference

Array = NDArray[np.float64]
NAN = math.nan


def graded(*cells_: tuple[int, int, int, int]) -> tuple[Array, Array]:
    """Verdicts and labels, all labelled, from (true positive, false positive, false negative, true negative)."""
    columns = [np.repeat([[1.0, 1.0], [1.0, 0.0], [0.0, 1.0], [0.0, 0.0]], counts, axis=0) for counts in cells_]
    most = max(len(column) for column in columns)
    padded = [np.vstack([column, np.full((most - len(column), 2), NAN)]) for column in columns]
    return np.column_stack([p[:, 0] for p in padded]), np.column_stack([p[:, 1] for p in padded])


@pytest.mark.parametrize(
    ("right", "of", "lower", "upper"), [(100, 100, 0.964, 1.0), (200, 200, 0.982, 1.0), (97, 100, 0.915, 0.994)]
)
def test_random_labels_give_clopper_and_pearsons_limits(right: int, of: int, lower: float, upper: float) -> None:
    found = estimate_grader_quality(*graded((right, 5, of - right, 60)), drawn="random")[0]
    assert found.sensitivity.estimate == right / of
    assert (found.sensitivity.lower, found.sensitivity.upper) == pytest.approx((lower, upper), abs=0.0021)


def test_the_melded_limit_of_one_share_is_the_exact_one() -> None:
    for count in (0, 3, 25):
        found = share_distribution(count, 25, melding_generator()).limits(0.025)
        assert found == pytest.approx(proportion_confint(count, 25, method="beta"), abs=0.003)


def test_the_melded_test_of_two_shares_is_fishers() -> None:
    chance = melding_generator()
    for one, other in ((3, 12), (0, 5), (8, 9)):
        apart = share_distribution(one, 25, chance).minus(share_distribution(other, 25, chance))
        fisher = stats.fisher_exact([[one, 25 - one], [other, 25 - other]], alternative="less").pvalue
        assert float((apart.high >= 0).mean()) == pytest.approx(float(fisher), abs=0.012)


def test_random_labels_give_cohens_kappa_of_statsmodels() -> None:
    found = estimate_grader_quality(*graded((30, 4, 6, 60)), drawn="random")[0]
    theirs = cohens_kappa(np.array([[30, 4], [6, 60]]))
    assert found.kappa.estimate == pytest.approx(float(theirs.kappa))
    assert (found.kappa.lower, found.kappa.upper) == pytest.approx((float(theirs.kappa_low), float(theirs.kappa_upp)))


def test_kappa_falls_with_the_rate_under_the_same_grader() -> None:
    common = estimate_grader_quality(*graded((360, 18, 40, 582)), drawn="random")[0]
    rare = estimate_grader_quality(*graded((9, 30, 1, 960)), drawn="random")[0]
    assert (common.sensitivity.estimate, common.specificity.estimate) == pytest.approx(
        (rare.sensitivity.estimate, rare.specificity.estimate), abs=0.001
    )
    assert common.kappa.estimate > 0.85
    assert rare.kappa.estimate < 0.40
    assert common.youden == pytest.approx(rare.youden, abs=0.001)


def by_verdict(chance: np.random.Generator, p: tuple[float, ...], grader: Grader, blocks: int) -> tuple[Array, Array]:
    true = (chance.random((blocks, len(p))) < p).astype(float)
    seen = grader.grade(chance, true)
    return seen, label(chance, true, seen, 50, balanced=True)


def test_labels_drawn_by_verdict_are_weighted_back() -> None:
    """Half the labels were graded positive whatever the rate; raw counts would say that every fifth is wrongly so."""
    chance, found, raw = default_rng(2), [], []
    for _ in range(30):
        seen, human = by_verdict(chance, (0.05,), Grader((0.1,), (0.05,)), 600)
        found.append(estimate_grader_quality(seen, human)[0])
        counts = count_confusion(seen, human)
        raw.append(float((counts.false_positive / (counts.false_positive + counts.true_negative))[0]))
    assert np.mean([q.false_positive_rate.estimate for q in found]) == pytest.approx(0.05, abs=0.005)
    assert np.mean(raw) > 0.2
    covered = [q.false_positive_rate.lower <= 0.05 <= q.false_positive_rate.upper for q in found]
    assert np.mean(covered) >= 0.9
    assert np.mean([q.most_false_positive >= 0.05 for q in found]) >= 0.9
    assert found[0].sampling[1] > found[0].sampling[0]


def test_a_sensitivity_that_no_label_can_show_is_not_claimed() -> None:
    """All 25 labelled true ones were graded positive, but hundreds graded negative went unlabelled."""
    seen = np.array([[1.0]] * 25 + [[0.0]] * 975)
    human = np.full(seen.shape, NAN)
    human[:25], human[25:50] = 1.0, 0.0
    found = estimate_grader_quality(seen, human)[0]
    assert found.sensitivity.estimate == 1.0
    assert found.sensitivity.lower < 0.3


def test_freeman_and_haltons_test_is_fishers_for_two_and_close_to_chi_square_for_more() -> None:
    assert freeman_halton_test([[3, 9], [20, 15]]) == pytest.approx(
        float(stats.fisher_exact([[3, 9], [20, 15]]).pvalue)
    )
    wide = [[30, 42, 38, 51], [70, 58, 62, 49]]
    assert freeman_halton_test(wide) == pytest.approx(float(stats.chi2_contingency(wide).pvalue), abs=0.02)
    assert freeman_halton_test([[0, 0], [5, 6]]) == 1.0


def test_the_gate_lets_a_good_and_even_grader_through() -> None:
    good = (150, 1, 8, 600)
    found = check_grader(*graded(good, good, good), drawn="random")
    assert found.passed
    assert found.reasons == ()
    assert max(found.most_false_positive) < 0.03 and max(found.most_uneven) < 0.1 / 3
    assert found.same_false_positive == pytest.approx(1.0)


def test_the_gate_names_a_grader_that_sees_more_in_one_condition() -> None:
    found = check_grader(*graded((150, 2, 8, 600), (150, 60, 8, 540)), drawn="random")
    assert not found.passed
    assert [reason.split(":")[0] for reason in found.reasons] == ["condition 1", "condition 1"]
    assert found.same_false_positive < 1e-6
    assert found.same_false_negative > 0.9
    chance = default_rng(3)
    lenient = check_grader(*by_verdict(chance, (0.4, 0.3), Grader((0.1, 0.1), (0.02, 0.30)), 800))
    assert lenient.same_false_positive < 0.05


def test_an_even_grader_is_seldom_called_uneven_by_labels_drawn_by_verdict() -> None:
    """With very different rates in the conditions, which raw counts of such labels would take for unevenness."""
    chance, ours, raw = default_rng(4), 0, 0
    for _ in range(25):
        seen, human = by_verdict(chance, (0.4, 0.02), Grader((0.1, 0.1), (0.08, 0.08)), 300)
        ours += check_grader(seen, human).same_false_positive < 0.05
        raw += check_grader(seen, human, drawn="random").same_false_positive < 0.05
    assert ours <= 3
    assert raw > 15


def test_post_stratification_by_hand() -> None:
    seen = np.array([[1.0]] * 40 + [[0.0]] * 60)
    human = np.full(seen.shape, NAN)
    human[:10] = [[1.0]] * 8 + [[0.0]] * 2
    human[40:60] = [[1.0]] * 1 + [[0.0]] * 19
    found = correct_rates(seen, human)
    assert found.rates[0].estimate == pytest.approx(0.4 * 0.8 + 0.6 * 0.05)
    assert found.raw[0].estimate == 0.4
    assert found.labels == (30,)


def test_prediction_powered_by_hand() -> None:
    seen = np.array([[1.0]] * 40 + [[0.0]] * 60)
    human = np.full(seen.shape, NAN)
    human[30:60] = [[1.0]] * 7 + [[0.0]] * 3 + [[1.0]] * 2 + [[0.0]] * 18
    found = correct_rates(seen, human, "ppi").rates[0]
    error = human[30:60] - seen[30:60]
    assert found.estimate == pytest.approx(0.4 + error.mean())
    variance = seen.var(ddof=1) / 100 + error.var(ddof=1) / 30 + 2 * np.cov(seen[30:60, 0], error[:, 0])[0, 1] / 100
    assert found.upper - found.lower == pytest.approx(2 * 1.96 * math.sqrt(float(variance)), rel=0.06)


def test_a_perfect_grader_with_every_label_changes_little() -> None:
    acts = (default_rng(5).random((200, 2)) < [0.4, 0.2]).astype(float)
    found = correct_rates(acts, acts)
    plain = risk_difference(acts)
    assert found.differences[0].estimate == pytest.approx(plain.estimate)
    assert found.differences[0].lower == pytest.approx(plain.lower, abs=0.02)
    assert found.raw_differences[0] == plain
    assert found.rogan_gladen[0].estimate == pytest.approx(plain.estimate)


def test_pooled_correction_is_right_for_an_even_grader_and_wrong_for_an_uneven_one() -> None:
    chance = default_rng(6)
    true = (chance.random((40_000, 2)) < [0.4, 0.2]).astype(float)
    even, uneven = Grader((0.1, 0.1), (0.05, 0.05)), Grader((0.1, 0.1), (0.02, 0.15))
    for grader, off in ((even, 0.0), (uneven, -0.09)):
        seen = grader.grade(chance, true)
        human = label(chance, true, seen, 10_000, balanced=True)
        found = correct_rates(seen, human)
        assert found.differences[0].estimate == pytest.approx(0.2, abs=0.015)
        assert found.rogan_gladen[0].estimate == pytest.approx(0.2 + off, abs=0.025)


def test_side_by_side_and_alone_the_correction_is_the_same() -> None:
    chance = default_rng(7)
    true = (chance.random((3, 80, 2)) < [0.4, 0.1]).astype(float)
    seen = Grader((0.1, 0.1), (0.05, 0.10)).grade(chance, true)
    human = label(chance, true, seen, 40, balanced=True)
    found = sum_units(as_block_table(seen), [0, 1])
    for ppi, method in ((None, "poststratified"), ((seen, human), "ppi")):
        lower, upper = corrected_difference_limits(
            found, limit_distances(found, count_confusion(seen, human), 0.025, ppi), (0, 1)
        )
        for k in range(3):
            alone: Any = correct_rates(seen[k], human[k], method).differences[0]  # type: ignore[arg-type]
            assert (alone.lower, alone.upper) == pytest.approx((lower[k], upper[k]))


def test_a_verdict_without_labels_leaves_the_condition_open() -> None:
    seen = np.array([[1.0, 1.0]] * 10 + [[0.0, 0.0]] * 30)
    human = np.full(seen.shape, NAN)
    human[:5, 0], human[10:20] = 1.0, 0.0
    found = correct_rates(seen, human)
    assert found.insufficient == "condition 1: no label among the 10 graded positive"
    assert math.isnan(found.rates[1].estimate)
    assert found.rates[1].lower < 0.02 and found.rates[1].upper > 0.24  # but it lies somewhere
    assert found.differences[0].insufficient == found.insufficient
    assert not math.isnan(found.rates[0].estimate)


@pytest.mark.parametrize(
    ("seen", "human"), [([[0.5]], [[1.0]]), ([[1.0]], [[2.0]]), ([[1.0]], [[1.0, 0.0]]), ([1.0], [1.0])]
)
def test_what_is_no_verdict_or_label_is_refused(seen: Any, human: Any) -> None:
    with pytest.raises(ValueError, match=r"0, 1 or NaN|one shape"):
        count_confusion(seen, human)
