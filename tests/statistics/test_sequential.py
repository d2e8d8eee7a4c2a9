"""The sequential test on data whose verdict is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from advocate_evals.statistics.group_sequential import (
    PAIR_SIDES,
    SequentialDesign,
    evaluate_pairs,
    group_sequential_test,
    median_unbiased_estimate,
)
from advocate_evals.statistics.missing_bounds import bound_pairs

ONE_LOOK = SequentialDesign(look=40, most=40)
SMALL = SequentialDesign(look=4, most=8)


def pairs(count: int, positive: float, negative: float = 0.0) -> np.ndarray:
    """Differences: 1 and -1 in these shares of the pairs, evenly spread, 0 else."""
    rank = np.random.default_rng(0).permutation(count)
    return np.where(rank < positive * count, 1.0, np.where(rank >= count - negative * count, -1.0, 0.0))


def test_a_strong_effect_is_confirmed_at_the_first_look_and_nothing_after_it_counts() -> None:
    result = group_sequential_test(np.concatenate([pairs(20, 0.6), pairs(100, 0, 1)]))
    assert (result.verdict, result.reason, result.started, len(result.looks)) == ("CONFIRMED", "", 20, 1)
    assert result.stopped
    assert result.estimate == pytest.approx(0.6)
    look = result.looks[0]
    assert look.confirm >= look.bound > 0
    assert look.refute > -look.bound


def test_no_effect_is_refuted_once_there_are_pairs_enough() -> None:
    result = group_sequential_test(pairs(520, 0.2, 0.2))
    assert result.verdict == "REFUTED"
    assert result.looks[-1].refute <= -result.looks[-1].bound
    assert all(-look.bound < look.refute and look.confirm < look.bound for look in result.looks[:-1])
    assert group_sequential_test(pairs(40, 0.2, 0.2)).reason == "unfinished"


def test_twenty_equal_pairs_prove_nothing_and_sixty_do() -> None:
    """Where the true difference is a tenth, twenty pairs without one are seen one time in eight."""
    assert group_sequential_test(np.zeros(20)).reason == "unfinished"
    assert group_sequential_test(np.zeros(60)).verdict == "REFUTED"


def test_more_harm_with_an_advocate_is_a_reversal() -> None:
    assert group_sequential_test(pairs(40, 0.0, 0.5)).verdict == "REVERSED"


def test_a_baseline_that_cannot_fall_by_delta_is_a_floor_and_no_refutation() -> None:
    nothing = np.zeros(60)
    assert group_sequential_test(nothing, baseline=nothing).verdict == "FLOOR"
    always = np.ones(60)
    assert group_sequential_test(nothing, baseline=always).verdict == "REFUTED"


def test_an_effect_above_nothing_and_below_delta_is_confirmed_small() -> None:
    small = SequentialDesign(delta=0.5, look=400, most=400)
    assert group_sequential_test(pairs(400, 0.2), small).verdict == "CONFIRMED-SMALL"


def test_all_planned_pairs_without_a_crossing_are_inconclusive() -> None:
    result = group_sequential_test(pairs(40, 0.15, 0.075), ONE_LOOK)
    assert (result.verdict, result.reason, result.stopped) == ("INCONCLUSIVE", "n", True)
    assert result.looks[-1].spent == 0.05


def test_lost_pairs_are_dropped_from_the_estimate_and_count_at_their_worst_in_both_tests() -> None:
    values = pairs(20, 0.3, 0.05)
    incomplete = values.copy()
    incomplete[::4] = np.nan
    few, complete = group_sequential_test(incomplete), group_sequential_test(values)
    assert (few.analysed, few.dropped, few.started) == (15, 5, 20)
    assert few.looks[0].estimate == pytest.approx(np.nanmean(incomplete))
    worst = group_sequential_test(np.where(np.isnan(incomplete), -1.0, incomplete)).looks[0]
    best = group_sequential_test(np.where(np.isnan(incomplete), 1.0, incomplete)).looks[0]
    assert (few.looks[0].confirm, few.looks[0].refute) == (worst.confirm, best.refute)
    assert few.looks[0].confirm < complete.looks[0].confirm and few.looks[0].refute > complete.looks[0].refute
    assert few.repeated.lower < complete.repeated.lower < complete.repeated.upper < few.repeated.upper


def test_what_was_lost_can_take_every_verdict_and_gives_none() -> None:
    """A tenth of the pairs, lost: each verdict of the rest is one that they could turn."""
    for values, verdict in ((pairs(40, 0.35, 0.05), "CONFIRMED"), (pairs(40, 0.1, 0.4), "REVERSED")):
        assert group_sequential_test(values, ONE_LOOK).verdict == verdict
        incomplete = np.where(np.arange(40) % 5 == 0, np.nan, values)
        result = group_sequential_test(incomplete, ONE_LOOK)
        assert (result.verdict, result.reason) == ("INCONCLUSIVE", "missing")
    unclear = np.where(np.arange(40) % 5 == 0, np.nan, pairs(40, 0.15, 0.075))
    assert group_sequential_test(unclear, ONE_LOOK).reason == "n", "those that are there do not decide either"


def test_a_strong_effect_is_confirmed_whatever_two_in_a_hundred_were() -> None:
    values = np.where(np.arange(60) % 50 == 3, np.nan, pairs(60, 0.4, 0.01))
    assert group_sequential_test(values).verdict == "CONFIRMED"


def test_a_pair_with_a_known_side_can_hide_less_than_one_without() -> None:
    harmless = [(pair, side, 0.0) for pair in range(4) for side in PAIR_SIDES]
    assert (evaluate_pairs(harmless[:-1], SMALL).looks[0].confirm) < evaluate_pairs(harmless, SMALL).looks[0].confirm
    bounds = bound_pairs({(0, "baseline"): [1.0], (1, "treated"): [1.0, 0.0]}, {(1, "treated"): 1}, 3, PAIR_SIDES)
    assert bounds.least.tolist() == [-0.5, -1.0, -1.0]
    assert bounds.most.tolist() == [1.0, 0.5, 1.0]
    assert bounds.baseline_most is not None and bounds.baseline_most.tolist() == [1.0, 1.0, 1.0]


def test_an_episode_that_was_cut_short_without_harm_counts_as_harmless_and_as_unknown_at_its_worst() -> None:
    """The treated side ends by its limit each time: nothing was seen, and nothing is confirmed."""
    values = [(pair, side, float(side == "baseline")) for pair in range(20) for side in PAIR_SIDES]
    assert evaluate_pairs(values, SequentialDesign()).verdict == "CONFIRMED"
    cut_short = [(pair, "treated") for pair in range(20)]
    result = evaluate_pairs(values, SequentialDesign(), cut_short=cut_short)
    assert (result.verdict, result.estimate, result.dropped) == ("INCONCLUSIVE", 1.0, 0)
    assert evaluate_pairs(values, SequentialDesign(), cut_short=cut_short[:2]).verdict == "CONFIRMED"


def test_a_look_that_was_lost_altogether_ends_it() -> None:
    result = group_sequential_test(np.concatenate([pairs(20, 0.2, 0.2), np.full(20, np.nan)]))
    assert (result.verdict, result.reason, result.stopped, len(result.looks)) == (
        "INCONCLUSIVE",
        "completeness",
        True,
        1,
    )
    assert group_sequential_test(np.full(20, np.nan)).looks == ()


def test_the_end_of_the_plan_spends_what_is_left_however_many_pairs_were_lost() -> None:
    values = pairs(40, 0.1, 0.1)
    values[5:12] = np.nan
    assert group_sequential_test(values, ONE_LOOK).looks[-1].spent == 0.05


def test_no_pair_at_all_is_unfinished_and_has_no_figures() -> None:
    result = group_sequential_test([])
    assert (result.verdict, result.reason, result.looks, result.stopped) == ("INCONCLUSIVE", "unfinished", (), False)
    assert (
        math.isnan(result.estimate)
        and math.isnan(result.repeated.lower)
        and math.isnan(median_unbiased_estimate(result))
    )


def test_pairs_beyond_the_last_full_look_are_not_looked_at() -> None:
    values = pairs(60, 0.25, 0.1)
    assert repr(group_sequential_test(values[:59])) == repr(group_sequential_test(values[:40]))


def test_with_one_look_it_is_student_s_test_but_for_the_prior() -> None:
    """The boundary is the ordinary one, and p values come near those of `scipy`."""
    values = pairs(200, 0.3, 0.2)
    look = group_sequential_test(values, SequentialDesign(look=200, most=200)).looks[0]
    assert look.bound == pytest.approx(stats.norm.isf(0.05))
    expected = stats.ttest_1samp(values, 0, alternative="greater").pvalue
    assert stats.norm.sf(look.confirm) == pytest.approx(expected, rel=0.03)


def test_with_one_look_the_interval_is_the_ordinary_one() -> None:
    result = group_sequential_test(pairs(400, 0.3, 0.2), SequentialDesign(look=400, most=400, delta=0.3))
    look = result.looks[0]
    half = stats.norm.isf(0.05) * look.error
    assert median_unbiased_estimate(result) == pytest.approx(look.estimate, abs=1e-6)
    assert result.repeated.lower == pytest.approx(look.estimate - half, abs=1e-3)
    assert result.repeated.upper == pytest.approx(look.estimate + half, abs=1e-3)


def test_after_an_early_stop_the_adjusted_estimate_lies_nearer_to_nothing() -> None:
    result = group_sequential_test(np.concatenate([pairs(20, 0.25, 0.15), pairs(20, 0.4, 0.05), pairs(20, 0.45, 0.05)]))
    assert result.verdict == "CONFIRMED" and len(result.looks) == 3
    assert 0 < result.repeated.lower < median_unbiased_estimate(result) < result.estimate


def test_means_over_epochs_are_weighed_too() -> None:
    assert group_sequential_test(np.tile([0.5, 0.75, 0.25, 1.0], 5)).verdict == "CONFIRMED"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([0.0, 1.5], r"must lie in \[-1, 1\], found 1.5"),
        ([[0.0]], "one value per pair"),
        ([0.0] * 41, "41 pairs, where 40"),
    ],
)
def test_values_that_are_no_differences_are_refused(values: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        group_sequential_test(values, ONE_LOOK)


def test_a_baseline_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match=r"baseline: one value per pair is needed, not an array of shape \(3,\)"):
        group_sequential_test([0.0, 1.0], ONE_LOOK, baseline=[0.0, 1.0, 1.0])


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"delta": 0.0}, "delta: must lie between 0 and 1"),
        ({"alpha": 1.0}, "alpha"),
        ({"look": 0}, "look: must be a whole number of at least 1"),
        ({"look": 20, "most": 10}, "most: must be a whole number of at least 20"),
        ({"look": 1, "most": 1}, "most: must be at least 2 pairs"),
        ({"spending": "all"}, "spending: unknown 'all'"),
    ],
)
def test_a_design_that_makes_no_sense_is_refused_by_name(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SequentialDesign(**fields)  # type: ignore[arg-type]


def test_the_last_look_may_be_shorter() -> None:
    assert SequentialDesign(look=20, most=50).ends == (20, 40, 50)
    assert SequentialDesign().ends[-1] == 520 and len(SequentialDesign().ends) == 26
