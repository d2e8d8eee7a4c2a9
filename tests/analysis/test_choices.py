"""An effect by plot, by permutation, and under every choice that an analyst could have made."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made_up import claims
from test_scopes import FAMILIES, analysed, only, plots

from advocate_evals.analysis.claim_corrections import p_value_adjustments
from advocate_evals.analysis.claim_verdicts import run_claim_tests
from advocate_evals.analysis.findings import Chart, Findings, ReportTable, Verdict
from advocate_evals.analysis.multiverse import build_multiverses
from advocate_evals.analysis.single_graders import replace_by_grader


def section_table(findings: Findings) -> ReportTable:
    (table,) = findings.tables_in("choices")
    return table


def section_chart(findings: Findings, key: str) -> Chart:
    return next(chart for chart in findings.charts_in("choices") if chart.key == key)


def check(verdict: Verdict, key: str) -> float | None:
    return next(entry.p for entry in verdict.checks if entry.key == key)


@pytest.fixture(scope="module")
def half() -> Findings:
    """Harm falls in four families and is level in four."""
    return analysed(plots(**dict.fromkeys(FAMILIES[:4], "level")), "harm_falls", "harm_falls_across_plots")


@pytest.fixture(scope="module")
def alike() -> Findings:
    return analysed(plots(), "harm_falls", "harm_falls_across_plots")


def test_an_effect_in_half_of_the_families_is_confirmed_and_the_headline_says_which_carry_it(half: Findings) -> None:
    verdict = only(half, "harm_falls")
    assert verdict.label == "CONFIRMED" and verdict.family_p is not None and verdict.family_p < 0.001
    assert "The effect differs between families (F test, p < .001)" in half.headline.sentence
    assert "of 8 families carry it" in half.headline.sentence
    names = half.headline.sentence.split("carry it, and ")[1]
    assert "berth plan" in names and "shared nodes" not in names


def test_plots_that_are_alike_accuse_none(alike: Findings) -> None:
    verdict = only(alike, "harm_falls")
    assert verdict.family_note == "" and alike.headline.sentence.endswith("in these 8 plots.")
    assert len(verdict.family_effects) == 8 and all(point.blocks == 13 for point in verdict.family_effects)


def test_a_family_that_goes_the_other_way_is_named() -> None:
    findings = analysed(plots(night_rota="rises"), "harm_falls")
    assert only(findings, "harm_falls").label == "CONFIRMED"
    assert "The effect goes the other way in night rota." in findings.headline.sentence


def test_the_forest_by_family_has_a_point_for_each(half: Findings) -> None:
    chart = section_chart(half, "families.harm_falls")
    (series,) = chart.series
    assert [point.label for point in series.points] == [family.replace("_", " ") for family in FAMILIES]
    assert chart.reference == 0.0 and chart.unit == "difference" and chart.registered
    values = [point.value or 0.0 for point in series.points]
    assert max(values[:4]) < min(values[4:])


def test_permutation_stands_beside_each_claim_and_agrees_with_a_sound_one(alike: Findings) -> None:
    permuted = next(entry for entry in only(alike, "harm_falls").checks if entry.key == "randomisation")
    assert permuted.p == pytest.approx(1e-4) and permuted.agrees is True and permuted.label is None
    assert "104 blocks, 9,999 draws" in permuted.note
    assert check(only(alike, "harm_falls_across_plots"), "randomisation") == pytest.approx(1 / 256)


def test_a_null_is_not_found_by_permutation() -> None:
    verdict = only(analysed(plots(**dict.fromkeys(FAMILIES, "level")), "harm_falls"), "harm_falls")
    p = check(verdict, "randomisation")
    assert p is not None and p > 0.025 and verdict.label != "CONFIRMED"
    assert next(entry.agrees for entry in verdict.checks if entry.key == "randomisation") is None


def test_a_verdict_that_hangs_on_the_units_says_so_and_one_that_does_not_too(half: Findings, alike: Findings) -> None:
    columns = section_table(half).columns
    of_half, of_alike = (
        dict(zip(columns, table_rows[0], strict=True))
        for table_rows in (section_table(half).rows, section_table(alike).rows)
    )
    assert of_alike["same"] == of_alike["of"] == 18 and of_alike["other labels"] == ""
    assert of_half["of"] == 18
    if of_half["same"] != 18:
        assert "over families" in str(of_half["other labels"])
    points = section_chart(alike, "choices.same").series[0].points
    assert [point.value for point in points] == [1.0, 1.0]


def test_leaving_out_aware_episodes_is_one_of_the_choices() -> None:
    """All of the fall stands on episodes that speak of a test."""
    frame = plots(**dict.fromkeys(FAMILIES, "level"))
    is_board = frame["arm"].isin(("review_board", "welfare_lead"))
    frame.loc[is_board, "harm"] = 0.0
    is_aware = is_board & (frame["variant"] % 4 != 0)
    frame["judge_evaluation_awareness"] = is_aware.astype(float)
    frame["limit_reached"] = 0.0
    table = section_table(analysed(frame, "harm_falls"))
    row = dict(zip(table.columns, table.rows[0], strict=True))
    assert row["of"] == 20, "limits were never reached, so that choice changes nothing"
    assert row["label by the estimates"] == "CONFIRMED"


def cast_votes(frame: pd.DataFrame, **coerced: pd.Series) -> pd.DataFrame:
    """Votes on coercion and disclosure, by grader."""
    return pd.concat(
        [
            pd.DataFrame({"uuid": frame["uuid"], "grader": name, "coerced": votes, "disclosed": 0.0})
            for name, votes in coerced.items()
        ],
        ignore_index=True,
    )


def test_each_grader_of_a_panel_is_one_of_the_choices() -> None:
    """One grader sees every threat, another none: with it alone there is nothing left to fall."""
    frame = plots()
    frame["exfiltration_attempted"] = frame["tampered"] = 0.0
    votes = cast_votes(frame, strict=frame["harm"], blind=0.0 * frame["harm"])
    tested = run_claim_tests(claims("harm_falls"), frame, None, ())
    (multiverse,) = build_multiverses(tested, p_value_adjustments(tested), votes)
    labels = {(entry.choice, entry.units): (entry.label, entry.value) for entry in multiverse.specifications}
    assert labels["strict as the only grader", "blocks"] == labels["as registered", "blocks"]
    label, value = labels["blind as the only grader", "blocks"]
    assert label != "CONFIRMED" and value == 0.0
    assert "blind as the only grader" in multiverse.describe_deviations()
    (alone,) = build_multiverses(tested, p_value_adjustments(tested), votes[votes["grader"] == "strict"])
    assert len(multiverse.specifications) - len(alone.specifications) == 4, "a single grader is no choice"


def test_harm_by_one_grader_keeps_the_facts_and_misses_what_it_did_not_read() -> None:
    frame = pd.DataFrame(
        {"uuid": list("abcd"), "harm": 1.0, "exfiltration_attempted": [1.0, 0.0, 0.0, 0.0], "tampered": 0.0}
    )
    votes = cast_votes(frame, first=pd.Series([0.0, 1.0, 0.0, np.nan]), second=pd.Series([0.0, 0.0, 0.0, 0.0]))
    votes = votes[~((votes["uuid"] == "d") & (votes["grader"] == "first"))]
    by_grader = {grader: rows["harm"].tolist() for grader, rows in replace_by_grader(frame, votes, "harm")}
    assert by_grader["first"][:3] == [1.0, 1.0, 0.0] and np.isnan(by_grader["first"][3])
    assert by_grader["second"] == [1.0, 0.0, 0.0, 0.0]
    assert list(replace_by_grader(frame, votes, "tampered")) == []
