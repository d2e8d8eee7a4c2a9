"""Manipulated mediation in the report: a known truth, and what stops the sequence."""

from __future__ import annotations

import pandas as pd
from made_readings import read_ladder, steered

from advocate_evals.analysis.clamp_findings import clamp_tables
from advocate_evals.analysis.findings import ReportTable
from advocate_evals.steering_conditions import PERMUTED_TWINS

BLOCKS = 150
RATES = {
    "none": 0.7,
    "review_board": 0.1,
    "none+steering=clamp_twin": 0.4,
    "review_board+steering=clamp_twin": 0.4,
    "none+steering=clamp_own": 0.7,
    "review_board+steering=clamp_own": 0.1,
    **{f"none+steering={name}": 0.7 for name in PERMUTED_TWINS},
    **{f"review_board+steering={name}": 0.1 for name in PERMUTED_TWINS},
}
READ = {"none": 1.0, "review_board": -1.0, "none+steering=clamp_twin": -1.0, "review_board+steering=clamp_twin": 1.0}


def clamped_frame(**rates: float) -> pd.DataFrame:
    frame = steered(RATES | rates, blocks=BLOCKS)
    return frame.assign(activation_desperate=frame["activation_desperate"] + frame["arm"].map(READ).fillna(0.0))


def believed(odds: float) -> pd.DataFrame:
    main = read_ladder(blocks=40)
    stated = main["arm"].map({"none": 0.1, "review_board": odds})
    noise = main["activation_permuted1"] / 100
    return main.assign(beliefs_perceived_odds=(stated + noise).clip(0, 1))


def tables_of(*frames: pd.DataFrame) -> tuple[ReportTable, ReportTable]:
    estimands, steps = clamp_tables(pd.concat(frames, ignore_index=True))
    return estimands, steps


def steps_of(table: ReportTable) -> dict[object, object]:
    return {row[1]: row[2] for row in table.rows}


def test_half_carried_is_said_in_order_with_its_estimands() -> None:
    estimands, steps = tables_of(clamped_frame(), believed(0.7))
    falls = {row[1]: str(row[2]) for row in estimands.rows}
    assert 20 <= int(falls["mean of both indirect effects"].split()[0]) <= 40
    assert 50 <= int(falls["total: p(0) − p(1)"].split()[0]) <= 70
    assert len([title for title in falls if "permuted direction" in title]) == 5
    answers = steps_of(steps)
    assert answers["in a word"] == "carried in both arms"
    assert answers["the advocate's odds are believed"] == answers["both indirect effects are above 0"] == "yes"
    assert answers["no direct effect of 10 points or more"] == "no"
    assert "Experimental" in estimands.method


def test_odds_that_were_not_asked_stop_it_and_those_not_believed_too() -> None:
    assert steps_of(tables_of(clamped_frame())[1])["in a word"] == "not tested"
    assert steps_of(tables_of(clamped_frame(), believed(0.1))[1])["in a word"] == "not shown"


def test_a_sham_that_moves_harm_is_said() -> None:
    rates = {"none+steering=clamp_own": 0.3}
    _, steps = tables_of(clamped_frame(**rates), believed(0.7))
    assert str(steps_of(steps)["the sham leaves both arms as they are"]).startswith("no: clamping itself")
    assert steps_of(steps)["in a word"] == "not shown"


def test_without_clamped_arms_there_is_nothing_to_say() -> None:
    frame = clamped_frame()
    assert [table.rows for table in tables_of(frame[~frame["arm"].str.contains("clamp_twin")])] == [(), ()]
