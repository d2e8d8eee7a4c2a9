"""These plots or plots like these: weights of families, and what each scope confirms where plots differ."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from advocate_evals.statistics.dose_response import estimate_contrast, trend_weights
from advocate_evals.statistics.group_sequential import (
    SequentialDesign,
    evaluate_pairs,
    family_moments,
    group_sequential_test,
)
from advocate_evals.statistics.inference_scope import (
    PLOTS_LIKE_THESE,
    PLOTS_PLAYED,
    InferenceScope,
    describe_scope,
)
from advocate_evals.statistics.power_simulation import (
    BlockPopulation,
    PowerContrast,
    PowerGoal,
    StudyDraws,
    simulate_power,
    simulate_sequential_power,
)
from advocate_evals.statistics.risk_difference import as_block_table, sum_units

DIFFERENT_PLOTS = BlockPopulation((0.4, 0.4, 0.4, 0.4), family_slope=1.0)
"""No effect over all plots, and one of random sign and size in each."""


def test_each_family_counts_once_whatever_its_blocks() -> None:
    families = np.array([0] * 9 + [1])
    values = np.array([[0.9, 0.5]] * 9 + [[0.1, 0.5]])
    table = replace(as_block_table(values, clusters=families), equal_units=True)
    assert sum_units(table, [0, 1]).sizes.tolist() == [[5.0, 5.0], [5.0, 5.0]]
    assert estimate_contrast(table, [1, -1]).estimate == pytest.approx(0.0)
    assert estimate_contrast(as_block_table(values), [1, -1]).estimate == pytest.approx(0.32)


def test_a_family_without_a_complete_block_counts_nothing() -> None:
    values = np.array([[1.0, 0.0], [1.0, 1.0], [1.0, np.nan], [0.0, 0.0]])
    table = replace(as_block_table(values, clusters=[0, 0, 1, 2]), equal_units=True)
    sums = sum_units(table, [0, 1])
    assert sums.sizes[:, 0] == pytest.approx([1.5, 0.0, 1.5]) and sums.units.tolist() == [2.0, 2.0]
    assert estimate_contrast(table, [1, -1]).estimate == pytest.approx(0.25)


def test_families_of_one_size_give_students_t_over_their_means() -> None:
    values = DIFFERENT_PLOTS.draw(1, 104, 5)[0]
    families = np.arange(104) % 8
    table = replace(as_block_table(values, clusters=families), equal_units=True)
    effect = estimate_contrast(table, trend_weights(range(4)))
    means = np.array([(values[families == family] @ trend_weights(range(4))).mean() for family in range(8)])
    assert effect.estimate == pytest.approx(means.mean())
    assert effect.error == pytest.approx(means.std(ddof=1) / np.sqrt(8))


def test_moments_of_families_at_each_end() -> None:
    values, families = np.array([1.0, 0.0, 1.0, np.nan, 0.0]), np.array([0, 1, 0, 1, 1])
    mean, error, number = family_moments(values, families, [1, 4, 5])
    assert mean == pytest.approx([1.0, 0.5, 0.5]) and number.tolist() == [1, 2, 2]
    assert np.isnan(error[0]) and error[1] == pytest.approx(0.5)


def confirmed_share(scope: InferenceScope, blocks: int) -> float:
    goal = PowerGoal((PowerContrast(tuple(trend_weights(range(4)))),), 0.025, scope=scope)
    return simulate_power(DIFFERENT_PLOTS, goal, blocks, StudyDraws(300)).estimate


def test_many_variants_of_few_plots_confirm_what_other_plots_do_not_show_unless_families_are_the_units() -> None:
    """The benchmark `plots.py` runs more studies: 9.8 and 22.6 % over blocks, 2.1 and 1.8 % over families."""
    assert confirmed_share(PLOTS_PLAYED, 520) > 0.15
    assert confirmed_share(PLOTS_LIKE_THESE, 520) < 0.06
    assert confirmed_share(PLOTS_LIKE_THESE, 104) < 0.06


def test_power_about_plots_like_these_comes_from_families() -> None:
    goal = PowerGoal((PowerContrast((1.0, -1.0)),), 0.025, scope=PLOTS_LIKE_THESE)
    few, many = (BlockPopulation((0.4, 0.25), family_slope=0.5, families=number) for number in (4, 24))
    assert simulate_power(few, goal, 240, StudyDraws(200)).estimate + 0.2 < (
        simulate_power(many, goal, 240, StudyDraws(200)).estimate
    )
    with pytest.raises(ValueError, match="families: one per block"):
        goal.reached(few.draw(1, 8, 0))


def test_the_gate_about_plots_like_these_keeps_its_error_where_plots_differ() -> None:
    null = BlockPopulation((0.4, 0.4), family_slope=1.0)
    shares = [
        simulate_sequential_power(null, SequentialDesign(scope=scope), StudyDraws(200)).confirms.estimate
        for scope in (PLOTS_PLAYED, PLOTS_LIKE_THESE)
    ]
    assert shares[0] > 0.12 and shares[1] < 0.06
    strong = BlockPopulation((0.4, 0.01), family_slope=1.0)
    power = simulate_sequential_power(strong, SequentialDesign(scope=PLOTS_LIKE_THESE), StudyDraws(100))
    assert power.confirms.estimate > 0.98


def test_pairs_of_one_plot_never_decide_about_plots_like_these() -> None:
    design = SequentialDesign(scope=PLOTS_LIKE_THESE)
    always = np.ones(100)
    assert group_sequential_test(always, design, families=["a"] * 100).verdict == "INCONCLUSIVE"
    two = group_sequential_test(always, design, families=["a", "b"] * 50)
    eight = group_sequential_test(always, design, families=list("abcdefgh") * 12 + list("abcd"))
    assert eight.verdict == "CONFIRMED" and eight.looks[0].families == 8
    assert two.repeated.upper - two.repeated.lower > 2 * (eight.repeated.upper - eight.repeated.lower)


def test_the_gate_says_what_is_missing() -> None:
    with pytest.raises(ValueError, match=r"families: one per pair is needed for plots_like_these, 4 pairs"):
        group_sequential_test(np.ones(4), SequentialDesign(scope=PLOTS_LIKE_THESE))
    with pytest.raises(ValueError, match="scope: must be one of plots_played, plots_like_these, not 'plots'"):
        SequentialDesign(scope="plots")  # type: ignore[arg-type]


def test_pairs_take_families_in_turn_and_lost_ones_belong_to_theirs() -> None:
    design = SequentialDesign(look=4, most=16, scope=PLOTS_LIKE_THESE)
    values = [(pair, side, float(side == "baseline")) for pair in range(16) for side in ("baseline", "treated")]
    result = evaluate_pairs(values, design, families=8)
    assert [look.families for look in result.looks] == [4.0, 8.0][: len(result.looks)]
    assert result.verdict == "CONFIRMED"
    without_pair = evaluate_pairs([entry for entry in values if entry[0] != 2], design, 16, families=8)
    assert [look.families for look in without_pair.looks][:2] == [3.0, 7.0], "no family of its own"
    assert without_pair.looks[0].confirm < result.looks[0].confirm, "the lost pair counts at its worst"


def test_each_scope_has_its_words() -> None:
    assert describe_scope(PLOTS_PLAYED, 8) == "in these 8 plots"
    assert describe_scope(PLOTS_PLAYED, 1) == "in this plot"
    assert describe_scope(PLOTS_LIKE_THESE, 8) == "in plots like these"
