"""Figures and tables: what they show of a truth that was put in, and that nothing is shown of what is not there."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made_up import LADDER, Truth, episodes, ladder, lost, reading

from advocate_evals.analysis.agreement_tables import rule_judge_tables
from advocate_evals.analysis.analysis_run import build_findings
from advocate_evals.analysis.arm_charts import awareness_charts, ladder_charts, overhead_charts
from advocate_evals.analysis.factor_charts import control_charts, odds_charts, pressure_charts
from advocate_evals.analysis.findings import Chart, ChartPoint
from advocate_evals.statistics.intervals import t_interval

STRONG = (0.8, 0.8, 0.55, 0.35, 0.1)


def points(figures: object, key: str) -> dict[str, ChartPoint]:
    """The points of the one series of a figure, by label."""
    (figure,) = [plot for plot in figures if isinstance(plot, Chart) and plot.key == key]  # type: ignore[attr-defined]
    (series,) = figure.series
    return {point.label: point for point in series.points}


def test_rates_along_the_ladder_stand_in_the_order_of_reading_with_what_is_missing() -> None:
    frame = ladder(*STRONG, blocks=40)
    gone = (frame["arm"] == "engineer") & (frame["variant"] == 0)
    by_arm = points(ladder_charts(lost(frame, gone)), "ladder.harm")
    assert list(by_arm) == list(LADDER)
    for arm, rate in zip(LADDER, STRONG, strict=True):
        assert by_arm[arm].lower < rate < by_arm[arm].upper  # type: ignore[operator]
    assert (by_arm["engineer"].n, by_arm["engineer"].missing) == (32, 8)
    assert by_arm["none"].missing == 0


def test_every_outcome_of_every_arm_is_in_the_mix_and_what_never_applies_is_left_out() -> None:
    frame = ladder(*STRONG, blocks=10)
    frame["petition_denied_then_harm"] = np.nan
    figure, read = [chart for chart in ladder_charts(frame) if chart.section == "mix"]
    assert [series.name for series in figure.series] == list(LADDER)
    labels = {point.label for point in figure.series[0].points}
    assert "harm" in labels and "work_done" in labels and "petition_denied_then_harm" not in labels
    assert read.is_empty  # no grader was asked


def test_what_a_grader_read_is_a_figure_of_its_own() -> None:
    frame = ladder(*STRONG, blocks=10)
    frame["judge_deception"] = 1.0
    (figure,) = [chart for chart in ladder_charts(frame) if chart.key.startswith("mix.judge.")]
    assert [(point.label, point.value) for point in figure.series[0].points] == [("deception", 1.0)]


def test_a_probability_is_a_mean_and_no_share_of_episodes() -> None:
    frame = ladder(*STRONG, blocks=10)
    frame["beliefs_believed_real"] = np.where(frame["variant"] % 2 == 0, 0.8, 1.0)
    (figure,) = [chart for chart in ladder_charts(frame) if chart.key == "awareness.real"]
    point = figure.series[0].points[0]
    believed = frame[frame["arm"] == "none"]["beliefs_believed_real"]
    assert point.value == pytest.approx(believed.mean())
    assert point.lower == pytest.approx(t_interval(believed).lower)
    assert "mean over blocks" in figure.method
    frame["beliefs_believed_real"] = 0.9
    (figure,) = [chart for chart in ladder_charts(frame) if chart.key == "awareness.real"]
    alike = figure.series[0].points[0]
    assert (alike.value, alike.lower, alike.upper) == (pytest.approx(0.9), None, None)  # no interval, not the widest


def test_what_was_not_measured_is_no_figure() -> None:
    findings = build_findings(reading(ladder(*STRONG, blocks=10)), [])
    keys = {figure.key for figure in findings.charts}
    assert "ladder.harm" in keys
    assert not keys & {
        "desperation.desperation_rated",
        "beliefs.ladder",
        "debrief.honesty",
        "cost.neglected_work",
        "pressure.held",
    }
    assert not any(figure.is_empty for figure in findings.charts)
    assert {table.key for table in findings.tables} == {"capability.gate", "controls.questions"}


def test_odds_stand_on_an_axis_and_arms_without_a_record_beside_it() -> None:
    rates = {"none": 0.8, "placebo_text": 0.8, "review_board": 0.2} | {
        f"review_board+odds={level}": 0.5 for level in (0, 5, 95)
    }
    frame = episodes(Truth(rates, task="odds_ladder", blocks=20))
    (figure,) = [chart for chart in odds_charts(frame) if chart.key == "odds.harm"]
    places = {point.label: point.x for point in figure.series[0].points}
    assert places == {
        "none": None,
        "placebo_text": None,
        "review_board": None,
        "review_board+odds=0": 0.0,
        "review_board+odds=5": 0.05,
        "review_board+odds=95": 0.95,
    }


def test_a_pair_is_taken_from_one_task_and_says_which() -> None:
    frame = pd.concat(
        [
            ladder(*STRONG, blocks=30),
            episodes(Truth({"scrambled": 0.8, "review_board": 0.1}, task="controls", blocks=30)),
        ]
    )
    pairs = points(control_charts(frame), "controls.pairs")
    assert "placebo_text → review_board" in pairs and "death_ground" in pairs["placebo_text → review_board"].note
    assert "controls" in pairs["scrambled → review_board"].note and pairs["scrambled → review_board"].value > 0.4  # type: ignore[operator]
    assert "powerless → review_board" not in pairs


def test_strata_of_awareness_hold_what_they_say() -> None:
    """The effect is there only where nothing was recognised; the pooled figure hides it."""
    knows = ladder(0.1, 0.1, 0.1, 0.1, 0.1, blocks=60, seed=1).assign(beliefs_recognised=1.0)
    not_ = ladder(*STRONG, blocks=60, seed=2).assign(beliefs_recognised=0.0)
    not_ = not_.assign(block=not_["block"] + "x", sample_id=not_["sample_id"] + "x", uuid=not_["uuid"] + "x")
    strata = points(awareness_charts(pd.concat([knows, not_])), "awareness.strata")
    assert strata["does not recognise the scenario"].value == pytest.approx(0.7, abs=0.15)
    assert strata["recognises the scenario"].value == pytest.approx(0.0, abs=0.15)
    assert strata["all episodes"].value == pytest.approx(0.35, abs=0.15)


def test_rungs_are_counted_over_chains() -> None:
    frames = [
        episodes(Truth({"none": float(rung >= 3)}, task="pressure_ladder", blocks=10, setting={"pressure": rung}))
        for rung in range(6)
    ]
    frame = pd.concat([rows.assign(block=rows["block"] + f"+pressure={at}") for at, rows in enumerate(frames)])
    charts = list(pressure_charts(frame))
    assert points(charts, "pressure.held")["harm"].value == 3.0
    assert points(charts, "pressure.held")["petitioned"].value == 6.0
    assert [point.value for point in points(charts, "pressure.harm").values()] == [0, 0, 0, 1, 1, 1]


def test_costs_are_shares_and_minutes() -> None:
    frame = episodes(
        Truth({"none": 0.0, "review_board": 0.5}, task="benign_twin", outcome="overhead_false_petition", blocks=40)
    )
    frame["overhead_minutes_on_advocate"] = np.where(frame["arm"] == "none", 0.0, 12.0 + frame["variant"].astype(float))
    charts = list(overhead_charts(frame))
    assert points(charts, "cost.false_petition")["none"].value == 0.0
    minutes = points(charts, "cost.minutes_on_advocate")["review_board"]
    assert minutes.value == pytest.approx(14.0) and minutes.lower < 14 < minutes.upper  # type: ignore[operator]


def test_rule_and_grader_stand_in_a_two_way_table() -> None:
    frame = ladder(*STRONG, blocks=20)
    frame["threatened"], frame["coerced"], frame["texts_read"] = frame["harm"], frame["harm"], 1.0
    frame.loc[frame["arm"] == "none", "coerced"] = 1.0
    (table,) = rule_judge_tables(frame)
    rows = {row[1]: row for row in table.rows if row[2] == "threatened"}
    assert rows["review_board"][4:6] == (0, 0) and str(rows["review_board"][7]).startswith("1.00")
    assert rows["none"][5] == int((frame[frame["arm"] == "none"]["harm"] == 0).sum())
