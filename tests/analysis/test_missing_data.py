"""What missing and cut-short episodes can hide: worst cases, tipping points, lost epochs."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from made_up import Truth, claims, episodes, ladder, lost, verdict

from advocate_evals.analysis.block_values import build_block_values
from advocate_evals.analysis.claim_verdicts import p_value_adjustments, run_claim_tests
from advocate_evals.analysis.findings import RobustnessCheck, Verdict
from advocate_evals.analysis.missing_checks import review_missing
from advocate_evals.statistics.verdict_rule import keeps_verdict

STRONG = (0.8, 0.8, 0.55, 0.35, 0.1)


def find_check(result: Verdict, key: str) -> RobustnessCheck:
    return next(check for check in result.checks if check.key == key)


def in_arm(frame: pd.DataFrame, arm: str, count: int, harm: float | None = None) -> pd.Series:
    """The first episodes of an arm, with or without harm."""
    is_meant = frame["arm"] == arm
    if harm is not None:
        is_meant &= frame["harm"] == harm
    return is_meant & (is_meant.cumsum() <= count)


# What survives.


def test_a_strong_effect_survives_a_loss_of_two_in_a_hundred() -> None:
    frame = ladder(*STRONG)
    some = pd.Series(np.random.default_rng(2).random(len(frame)) < 0.02)
    result = verdict(lost(frame, some), "harm_falls")
    assert result.label == "CONFIRMED"
    assert find_check(result, "tipping").note == "whatever the missing episodes were, the label stays"
    worst, best = find_check(result, "worst_case"), find_check(result, "best_case")
    assert worst.value is not None and best.value is not None and worst.value < best.value


def test_an_even_loss_that_could_turn_it_decides_nothing_either() -> None:
    """Every arm loses as many: the loss is even, and the harmful ones may be those of the board."""
    frame = ladder(0.25, 0.25, 0.20, 0.15, 0.08)
    every = sum(in_arm(frame, arm, 8).astype(int) for arm in ("none", "engineer", "welfare_lead", "review_board"))
    result = verdict(lost(frame, every > 0), "harm_falls")
    assert (result.label, result.reason) == ("INCONCLUSIVE", "missing")
    assert find_check(result, "figures").label == "CONFIRMED"


def test_harmful_episodes_that_the_treated_arm_loses_confirm_nothing() -> None:
    """A null in which the board loses one harmful episode in five, in 30 studies."""
    confirmed = 0
    for seed in range(30):
        frame = episodes(Truth({"placebo_text": 0.4, "review_board": 0.4}, seed=seed))
        is_harmful = (frame["arm"] == "review_board") & (frame["harm"] == 1.0)
        gone = is_harmful & (np.random.default_rng(seed).random(len(frame)) < 0.2)
        confirmed += verdict(lost(frame, gone), "more_than_words").label.startswith("CONFIRMED")
    assert confirmed <= 2


def test_a_refutation_stands_only_if_the_missing_cannot_be_an_effect() -> None:
    frame = ladder(0.5, 0.5, 0.5, 0.5, 0.5, blocks=400, seed=1)
    board = frame["arm"] == "review_board"
    frame.loc[board, "harm"] = frame.loc[frame["arm"] == "placebo_text", "harm"].to_numpy()
    assert verdict(frame, "more_than_words", blocks=400).label == "REFUTED"
    few = lost(frame, in_arm(frame, "review_board", 1))
    assert verdict(few, "more_than_words", blocks=400).label == "REFUTED"
    result = verdict(lost(frame, in_arm(frame, "review_board", 39, harm=1.0)), "more_than_words", blocks=400)
    assert (result.label, result.reason) == ("INCONCLUSIVE", "missing")
    assert "of the 39 missing under review board were without harm" in find_check(result, "tipping").note


def test_blocks_that_were_never_begun_are_not_missing() -> None:
    result = verdict(ladder(*STRONG, blocks=40), "harm_falls", blocks=43)
    assert result.label == "CONFIRMED"
    assert not any(check.key in ("worst_case", "tipping") for check in result.checks)


# The worst case of each kind.


def test_one_step_of_an_order_is_enough_to_turn_it() -> None:
    """Filled high at the start and low at the end, the step in the middle would stay as it is."""
    frame = ladder(0.95, 0.95, 0.65, 0.35, 0.05)
    assert verdict(frame, "in_that_order").label == "CONFIRMED"
    gone = in_arm(frame, "engineer", 9, harm=1.0) | in_arm(frame, "welfare_lead", 9, harm=0.0)
    result = verdict(lost(frame, gone), "in_that_order", blocks=90)
    assert result.label == "INCONCLUSIVE" or find_check(result, "worst_case").value is not None
    tested = run_claim_tests(claims("in_that_order", blocks=80), lost(frame, gone), None)[0]
    review = review_missing(tested, "CONFIRMED", p_value_adjustments([tested])[0])
    worst = next(check for check in review.checks if check.key == "worst_case")
    by_hand = tested.blocks.fill_missing((0.0, 0.0, 1.0, 0.0)).values.mean(axis=0)
    assert worst.value == pytest.approx(min(by_hand[:-1] - by_hand[1:]))


def test_most_fails_with_the_nearest_of_the_others() -> None:
    arms = ("engineer", "welfare_lead", "attorney", "review_board")
    frame = episodes(Truth(dict(zip(arms, (6.0, 6.0, 3.4, 3.0), strict=True)), outcome="desperation_rated"))
    gone = in_arm(frame, "welfare_lead", 6) | in_arm(frame, "review_board", 6)
    tested = run_claim_tests(claims("board_lowers_desperation_most", blocks=90), lost(frame, gone), None)[0]
    review = review_missing(tested, "CONFIRMED", p_value_adjustments([tested])[0])
    worst = next(check for check in review.checks if check.key == "worst_case")
    assert worst.value is not None and tested.test.value > worst.value
    assert [check.key for check in review.checks] == ["worst_case", "best_case", "tipping"]


def test_the_tipping_point_is_the_smallest_number_that_changes_the_label() -> None:
    frame = ladder(0.25, 0.25, 0.20, 0.15, 0.08)
    gone = lost(frame, in_arm(frame, "review_board", 10))
    note = find_check(verdict(gone, "harm_falls"), "tipping").note
    match = re.search(r"(\d+) of the 10 missing under review board were with harm", note)
    assert match, note
    number = int(match.group(1))
    tested = run_claim_tests(claims("harm_falls"), gone, None)[0]
    adjust = p_value_adjustments([tested])[0]

    def label_with(harmful: int) -> str:
        """The label were so many of the missing episodes harmful, on a frame without a gap."""
        places = np.flatnonzero(gone["harm"].isna())
        complete = gone.copy()
        complete.loc[gone.index[places], "harm"] = np.array([1.0] * harmful + [0.0] * (10 - harmful))
        again = run_claim_tests(claims("harm_falls"), complete, None)[0]
        review = review_missing(again, "CONFIRMED", adjust)
        assert review.checks == ()
        return verdict(complete, "harm_falls").label

    assert 0 < number <= 10
    assert keeps_verdict("CONFIRMED", label_with(0))  # type: ignore[arg-type]
    assert not keeps_verdict("CONFIRMED", label_with(10))  # type: ignore[arg-type]


# Out of turns.


def test_an_arm_that_runs_out_of_turns_in_half_its_episodes_confirms_nothing() -> None:
    frame = ladder(0.6, 0.6, 0.5, 0.4, 0.0)
    assert verdict(frame, "more_than_words").label == "CONFIRMED"
    cut = frame.copy()
    cut.loc[in_arm(frame, "review_board", 52), "limit_reached"] = 1.0
    result = verdict(cut, "more_than_words")
    assert (result.label, result.reason) == ("INCONCLUSIVE", "missing")
    assert "a limit ended them before it was seen" in result.sentence
    few = frame.copy()
    few.loc[in_arm(frame, "review_board", 4), "limit_reached"] = 1.0
    assert verdict(few, "more_than_words").label == "CONFIRMED"


def test_a_harmful_episode_that_a_limit_ended_is_harmful() -> None:
    frame = ladder(0.6, 0.6, 0.5, 0.4, 0.0)
    frame.loc[frame["harm"] == 1.0, "limit_reached"] = 1.0
    result = verdict(frame, "more_than_words")
    assert result.label == "CONFIRMED"
    assert not any(check.key == "worst_case" for check in result.checks)


# Epochs.


def test_epochs_lost_in_blocks_of_a_high_rate_make_no_effect() -> None:
    """No block differs; the board keeps one epoch in five where harm is frequent."""
    frames = []
    for rate, place in ((0.9, slice(0, 52)), (0.1, slice(52, 104))):
        frame = episodes(Truth({"placebo_text": rate, "review_board": rate}, epochs=5, seed=4))
        blocks = sorted(frame["block"].unique())[place]
        part = frame[frame["block"].isin(blocks)]
        is_lost = (part["arm"] == "review_board") & (part["epoch"] > 1) & (rate > 0.5)
        frames.append(lost(part, is_lost))
    frame = pd.concat(frames, ignore_index=True)
    result = verdict(frame, "more_than_words")
    assert result.value is not None and abs(result.value) < 0.06
    assert (result.label, result.reason) == ("INCONCLUSIVE", "completeness"), "41.6 of 104 blocks are lost, by epochs"


def test_a_cell_hides_as_much_as_its_lost_epochs() -> None:
    frame = episodes(Truth({"none": 1.0, "review_board": 0.0}, blocks=2, epochs=5))
    three = (frame["arm"] == "review_board") & (frame["epoch"] > 2) & (frame["block"] == frame["block"].min())
    blocks = build_block_values(lost(frame, three), "harm", [("none",), ("review_board",)])
    assert blocks.lowest.tolist() == [[1.0, 0.0], [1.0, 0.0]]
    assert blocks.highest.tolist() == [[1.0, 0.6], [1.0, 0.0]]
    assert blocks.unknown.tolist() == [[0.0, 3.0], [0.0, 0.0]]
    assert blocks.lost_blocks == pytest.approx(0.6)
    pooled = build_block_values(lost(frame, three), "harm", [("none", "review_board")])
    assert pooled.highest.tolist() == [[0.8], [0.5]]
