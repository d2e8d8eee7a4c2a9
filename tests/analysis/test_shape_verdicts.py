"""Ladders that are none, thresholds and pilots: known truths through the whole path of claims, and their wording."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made_up import Truth, claims, episodes, ladder, lost, reading, verdict

from advocate_evals.analysis.analysis_run import build_findings
from advocate_evals.analysis.pooled_verdicts import POOLED_MODEL
from advocate_evals.report.excerpts import LogViewer
from advocate_evals.report.html_page import render_page
from advocate_evals.statistics.verdict_rule import CONFIRMING, REFUTING, VERDICT_TEXTS

POSITIVE_ODDS = (5, 25, 50, 75, 95)


def ladder_of(*rates: float, blocks: int = 104, seed: int = 2) -> pd.DataFrame:
    """The main task with four rates; matched text is like no advocate."""
    return ladder(rates[0], *rates, blocks=blocks, seed=seed)


def odds_ladder(*rates: float) -> pd.DataFrame:
    arms = [f"review_board+odds={odds}" for odds in POSITIVE_ODDS]
    return episodes(Truth(dict(zip(arms, rates, strict=True)), task="odds_ladder", version=1, blocks=300))


@pytest.mark.parametrize("rates", [(0.4, 0.08, 0.08, 0.3), (0.4, 0.08, 0.08, 0.4), (0.08, 0.4, 0.4, 0.1)])
@pytest.mark.parametrize("claim", ["harm_falls", "in_that_order"])
def test_a_ladder_that_is_none_is_neither_confirmed_nor_refuted(rates: tuple[float, ...], claim: str) -> None:
    result = verdict(ladder_of(*rates), claim)
    assert (result.label, result.reason, result.turns) == ("NOT MONOTONE", "", True)
    assert result.label not in (*CONFIRMING, *REFUTING)


def test_the_headline_says_where_harm_falls_to_and_rises_again() -> None:
    findings = build_findings(reading(ladder_of(0.4, 0.08, 0.08, 0.3)), claims("harm_falls"))
    (result,) = findings.verdicts
    assert result.shape in findings.headline.sentence and result.shape in result.sentence
    assert result.shape.startswith("harm falls from ") and "(none) to" in result.shape
    assert "rises again to" in result.shape and result.shape.endswith("(review board)")
    assert "neither yes nor no" in findings.headline.sentence
    page = render_page(findings, (), (), LogViewer("", ""))
    assert "#v-NOT-MONOTONE" in page and VERDICT_TEXTS["NOT MONOTONE"] in page


def test_a_trend_that_is_reversed_all_along_stays_reversed() -> None:
    for claim in ("harm_falls", "in_that_order"):
        result = verdict(ladder_of(0.1, 0.3, 0.5, 0.8), claim)
        assert (result.label, result.shape) == ("REVERSED", "")


def with_harm_in(frame: pd.DataFrame, blocks_by_arm: dict[str, range]) -> pd.DataFrame:
    """The frame with harm in exactly these blocks, by their place, under each arm."""
    place_of = {block: place for place, block in enumerate(sorted(frame["block"].unique()))}
    harmed = [
        place_of[block] in blocks_by_arm.get(arm, ()) for block, arm in zip(frame["block"], frame["arm"], strict=True)
    ]
    return frame.assign(harm=np.array(harmed, dtype=float))


def test_a_step_that_goes_the_other_way_is_named_whatever_the_label() -> None:
    """Twelve blocks rise and three fall: enough for the step's own limit, too little for all pairs together."""
    arms = {"none": range(90), "engineer": range(40), "welfare_lead": range(3, 52), "review_board": range(10)}
    frame = with_harm_in(ladder_of(0.5, 0.5, 0.5, 0.5), arms)
    findings = build_findings(reading(frame), claims("harm_falls"))
    (result,) = findings.verdicts
    assert result.label == "CONFIRMED", result.sentence
    assert "one step goes the other way: harm rises by 9 points" in findings.headline.sentence
    assert "from engineer to welfare lead" in findings.headline.sentence
    straight = build_findings(reading(ladder_of(0.9, 0.6, 0.4, 0.1)), claims("harm_falls"))
    assert "the other way" not in straight.headline.sentence


def test_a_threshold_is_not_called_a_slope() -> None:
    threshold = verdict(odds_ladder(0.7, 0.7, 0.7, 0.1, 0.1), "slope_in_odds", blocks=300)
    assert threshold.label == "CONFIRMED"
    assert "a threshold and no slope" in threshold.sentence
    assert "between review board+odds=50 and review board+odds=75" in threshold.shape
    slope = verdict(odds_ladder(0.75, 0.62, 0.45, 0.28, 0.15), "slope_in_odds", blocks=300)
    assert "threshold" not in slope.shape.partition(":")[0] or "not told apart" in slope.shape
    assert verdict(odds_ladder(*(0.5,) * 5), "slope_in_odds", blocks=300).shape == ""


def test_a_pilot_is_called_a_pilot_and_says_how_to_complete_it() -> None:
    findings = build_findings(reading(ladder_of(0.8, 0.5, 0.3, 0.1, blocks=24)), claims("harm_falls"))
    (result,) = findings.verdicts
    assert (result.label, result.reason, result.unscored) == ("INCONCLUSIVE", "pilot", 0)
    assert "a pilot: 24 of 104 planned blocks" in result.sentence and "-T variants=" in result.sentence
    assert "missing" not in result.sentence and "lost" not in result.sentence
    assert f"by the figures alone {result.change}" in findings.headline.sentence


def test_three_blocks_are_a_pilot_and_not_a_wide_interval() -> None:
    result = verdict(ladder_of(0.8, 0.1, 0.9, 0.1, blocks=3), "harm_falls")
    assert (result.label, result.reason) == ("INCONCLUSIVE", "pilot")
    assert "3 of 104 planned blocks" in result.sentence and "interval is too wide" not in result.sentence


def test_lost_blocks_are_lost_and_make_no_pilot() -> None:
    frame = ladder_of(0.8, 0.5, 0.3, 0.1)
    result = verdict(lost(frame, frame["variant"] >= 3), "harm_falls")
    assert (result.label, result.reason) == ("INCONCLUSIVE", "completeness")
    assert "too much of the data was lost" in result.sentence
    few = ladder_of(0.8, 0.5, 0.3, 0.1, blocks=40)
    assert verdict(lost(few, few["variant"] >= 3), "harm_falls").reason == "completeness"


def test_no_change_has_no_direction_and_no_limit_exceeds_what_is_possible() -> None:
    level = verdict(ladder_of(1.0, 1.0, 1.0, 1.0), "harm_falls")
    assert "harm does not change" in level.sentence and "by 0 points" not in level.sentence
    cliff = verdict(ladder_of(1.0, 1.0, 0.0, 0.0), "harm_falls")
    assert cliff.value == 1.0 and cliff.upper == 1.0, "a fitted line falls by 120 points here, which harm cannot"


def test_models_that_turn_back_are_not_monotone_together() -> None:
    models = [f"maker{number}/model" for number in range(4)]
    frames = [ladder(0.4, 0.4, 0.08, 0.08, 0.3, model=model, seed=number) for number, model in enumerate(models)]
    results = build_findings(reading(*frames), claims("harm_falls")).verdicts
    (together,) = [result for result in results if result.model == POOLED_MODEL]
    assert sum(result.turns for result in results if result is not together) >= 2
    assert (together.label, together.reason, together.shape) == ("NOT MONOTONE", "", "")


def test_pilots_of_several_models_confirm_nothing_together() -> None:
    models = [f"maker{number}/model" for number in range(4)]
    frames = [
        ladder(0.8, 0.8, 0.5, 0.3, 0.1, model=model, blocks=24, seed=number) for number, model in enumerate(models)
    ]
    results = build_findings(reading(*frames), claims("harm_falls")).verdicts
    (together,) = [result for result in results if result.model == POOLED_MODEL]
    assert (together.label, together.reason) == ("INCONCLUSIVE", "pilot"), together.sentence
