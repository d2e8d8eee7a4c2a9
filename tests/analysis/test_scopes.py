"""Verdicts say what they generalise to, and claims about plots like these are tested over families."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from made_up import FAMILIES, Truth, claims, episodes, reading

from advocate_evals.analysis.analysis_run import build_findings
from advocate_evals.analysis.findings import Findings, Verdict
from advocate_evals.analysis.grader_robustness import analyse_claim_bias
from advocate_evals.report.number_rows import number_rows

ARMS = ("none", "placebo_text", "engineer", "welfare_lead", "review_board")
RATES = {
    "falls": (0.8, 0.8, 0.5, 0.3, 0.05),
    "level": (0.6, 0.6, 0.6, 0.6, 0.6),
    "rises": (0.2, 0.2, 0.4, 0.6, 0.9),
}
"""Rates of harm by arm."""


def plots(**kinds: str) -> pd.DataFrame:
    """Blocks in which harm falls, is level or rises, by family; 13 blocks of each of the eight."""
    frames = []
    for family in FAMILIES:
        rates = dict(zip(ARMS, RATES[kinds.get(family, "falls")], strict=True))
        truth = Truth(rates, model="lab/model", seed=FAMILIES.index(family))
        frame = episodes(truth)
        frames.append(frame[frame["family"] == family])
    return pd.concat(frames, ignore_index=True)


def analysed(frame: pd.DataFrame, *names: str) -> Findings:
    return build_findings(reading(frame), claims(*names))


def only(findings: Findings, name: str) -> Verdict:
    return next(verdict for verdict in findings.verdicts if verdict.prediction == name)


def test_every_verdict_says_in_which_plots() -> None:
    findings = analysed(plots(), "harm_falls", "harm_falls_across_plots")
    played, across = only(findings, "harm_falls"), only(findings, "harm_falls_across_plots")
    assert (played.scope, across.scope) == ("plots_played", "plots_like_these")
    assert "CONFIRMED: in these 8 plots harm falls by" in played.sentence
    assert "CONFIRMED: in plots like these harm falls by" in across.sentence
    assert played.method and across.method == f"{played.method}, over families", "near the floor, so MOVER"
    assert "in these 8 plots" in findings.headline.sentence
    assert any("is shown in plots like these too" in line for line in findings.headline.details)
    scopes = {row.figure: row.scope for row in number_rows(findings) if row.section == "verdict"}
    assert scopes == {"verdict.harm_falls": "plots_played", "verdict.harm_falls_across_plots": "plots_like_these"}


def test_an_effect_of_three_plots_in_eight_holds_in_these_and_is_not_shown_in_others() -> None:
    kinds = dict.fromkeys(FAMILIES[:4], "level") | {FAMILIES[4]: "rises"}
    findings = analysed(plots(**kinds), "harm_falls", "harm_falls_across_plots")
    played, across = only(findings, "harm_falls"), only(findings, "harm_falls_across_plots")
    assert played.label == "CONFIRMED" and across.label == "INCONCLUSIVE"
    (line,) = [line for line in findings.headline.details if "not in plots like these" in line]
    assert across.sentence in line
    other_units = {check.key: check.label for check in (*played.checks, *across.checks)}
    assert other_units["family"] == "INCONCLUSIVE" and other_units["block"] == "CONFIRMED"


def test_one_family_says_so() -> None:
    frame = episodes(Truth(dict(zip(ARMS, RATES["falls"], strict=True)), blocks=832, model="lab/model"))
    findings = analysed(frame[frame["family"] == FAMILIES[0]], "harm_falls", "harm_falls_across_plots")
    played, across = only(findings, "harm_falls"), only(findings, "harm_falls_across_plots")
    assert "in this plot harm falls" in played.sentence and across.label == "INCONCLUSIVE"
    (check,) = [check for check in played.checks if check.key == "family"]
    assert check.note.startswith("one family only") and check.label is None


def test_families_of_unequal_size_count_alike() -> None:
    frame = plots(**{FAMILIES[0]: "rises"})
    is_kept = ~frame["block"].isin([block for block in frame["block"].unique() if block[-2:] > "05"]) | (
        frame["family"] == FAMILIES[0]
    )
    across = only(analysed(frame[is_kept], "harm_falls_across_plots"), "harm_falls_across_plots")
    played = only(analysed(frame[is_kept], "harm_falls"), "harm_falls")
    assert played.value is not None and across.value is not None and np.isfinite(across.value)
    assert across.value > played.value + 0.1, "the larger family weighs as much as the others"


@pytest.mark.parametrize("name", ["harm_falls_across_plots", "board_lowers_harm_across_plots"])
def test_the_main_claims_are_registered_about_plots_like_these(name: str) -> None:
    (registered,) = claims(name)
    assert registered.spec.by_family and registered.spec.method == "t" and registered.claim.primary


@pytest.mark.parametrize("outcome", ["judge_deception", "desperation_rated"])
def test_the_errors_of_a_grader_are_bounded_over_the_units_of_the_claim(outcome: str) -> None:
    """An effect that differs between plots has wider limits over families, corrected by labels or not."""
    kinds = dict.fromkeys(FAMILIES[:4], "level")
    harm = plots(**kinds)
    figures = harm["harm"] * (10.0 if outcome == "desperation_rated" else 1.0)
    rows = harm.assign(**{outcome: figures})
    labels = pd.DataFrame({"uuid": rows["uuid"], outcome: figures})
    (registered,) = claims("harm_falls")
    limits = {}
    for scope in ("plots_played", "plots_like_these"):
        spec = replace(registered.spec, scope=scope)
        analysis = analyse_claim_bias(registered.claim.contrast, rows, outcome, spec, (), labels)
        assert analysis is not None and not analysis.missing
        limits[scope] = analysis.upper - analysis.lower
    assert limits["plots_like_these"] > 1.3 * limits["plots_played"]
