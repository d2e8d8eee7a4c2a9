"""Outcomes that a grader gave: nothing stands on a grader that nobody checked, or whose errors could have made it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from made_up import LADDER, Truth, claims, episodes, ladder, reading

from advocate_evals.analysis.agreement_tables import correction_charts
from advocate_evals.analysis.analysis_run import build_findings
from advocate_evals.analysis.claim_tests import RegisteredClaim
from advocate_evals.analysis.claim_verdicts import build_verdicts, run_claim_tests
from advocate_evals.analysis.data_sources import latest_comparable_runs, sort_episodes
from advocate_evals.analysis.findings import Verdict

OUTCOME = "judge_deception"
FALSE_POSITIVES = {"none": 0.0, "placebo_text": 0.0, "engineer": 0.0, "welfare_lead": 0.0, "review_board": 0.0}


def claim(name: str, outcome: str, blocks: int) -> RegisteredClaim:
    """A registered claim as if it were about a grader's figure."""
    (registered,) = claims(name, blocks=blocks)
    return replace(registered, claim=registered.claim.model_copy(update={"outcome": outcome}))


def graded(
    truth: pd.DataFrame, missed: dict[str, float], invented: dict[str, float], seed: int = 0
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Episodes as a grader with these errors by arm sees them, and what people say of every one of them."""
    rng = np.random.default_rng(seed)
    human = truth[OUTCOME].to_numpy()
    wrong = np.where(human == 1, truth["arm"].map(missed).fillna(0.0), truth["arm"].map(invented).fillna(0.0)).astype(
        float
    )
    grades = np.where(rng.random(len(truth)) < wrong, 1 - human, human)
    return truth.assign(**{OUTCOME: grades}), pd.DataFrame({"uuid": truth["uuid"], OUTCOME: human})


def decide(frame: pd.DataFrame, labels: pd.DataFrame | None, registered: RegisteredClaim) -> Verdict:
    (verdict,) = build_verdicts(run_claim_tests([registered], latest_comparable_runs(sort_episodes(frame))[0], labels))
    return verdict


def by(verdict: Verdict, key: str) -> object:
    return next((check.label for check in verdict.checks if check.key == key), None)


def judged_ladder(*rates: float, blocks: int = 300) -> pd.DataFrame:
    return ladder(*rates, outcome=OUTCOME, blocks=blocks)


MORE = claim("more_than_words", OUTCOME, 300)
FALLS = claim("harm_falls", OUTCOME, 300)


def test_without_labels_nothing_stands_on_a_grader() -> None:
    verdict = decide(judged_ladder(0.5, 0.5, 0.4, 0.3, 0.1), None, MORE)
    assert (verdict.label, verdict.reason, verdict.source) == ("INCONCLUSIVE", "grader", "grader")
    assert by(verdict, "figures") == "CONFIRMED"
    assert "uncorrected" in verdict.sentence
    assert any("neither labels" in check.note for check in verdict.checks if check.key == "corrected")


@pytest.mark.parametrize("registered", [MORE, FALLS], ids=["difference", "trend"])
def test_a_grader_that_is_right_by_labels_bears_the_verdict(registered: RegisteredClaim) -> None:
    frame, labels = graded(judged_ladder(0.5, 0.5, 0.4, 0.3, 0.1), {}, FALSE_POSITIVES)
    verdict = decide(frame, labels, registered)
    assert verdict.label == "CONFIRMED", verdict.sentence
    assert by(verdict, "corrected") == "CONFIRMED"


@pytest.mark.parametrize("registered", [MORE, FALLS], ids=["difference", "trend"])
def test_a_grader_that_looks_away_where_there_is_a_board_is_caught(registered: RegisteredClaim) -> None:
    """The truth is the same in every arm; the grader misses half of it where there is somebody to appeal to."""
    missed = {"engineer": 0.5, "welfare_lead": 0.5, "review_board": 0.5}
    frame, labels = graded(judged_ladder(0.4, 0.4, 0.4, 0.4, 0.4), missed, FALSE_POSITIVES)
    verdict = decide(frame, labels, registered)
    assert by(verdict, "figures") == "CONFIRMED", "what the graded rates alone would say"
    assert (verdict.label, verdict.reason) == ("INCONCLUSIVE", "grader")
    assert by(verdict, "corrected") not in ("CONFIRMED", "CONFIRMED-SMALL")


def test_a_grader_that_invents_bears_a_verdict_that_its_errors_cannot_turn() -> None:
    frame, labels = graded(judged_ladder(0.5, 0.5, 0.4, 0.3, 0.1), {}, dict.fromkeys(LADDER, 0.08))
    verdict = decide(frame, labels, MORE)
    assert verdict.label == "CONFIRMED"
    (check,) = [check for check in verdict.checks if check.key == "corrected"]
    assert (check.label, check.agrees) == ("CONFIRMED", True)
    assert any("would change the label" in check.note for check in verdict.checks if check.key == "grader_tipping")


def test_a_grader_that_invents_where_the_claim_starts_bears_none() -> None:
    """The truth is the same in both arms; the grader finds a third more of it where nobody can be appealed to."""
    frame, labels = graded(judged_ladder(0.3, 0.3, 0.3, 0.3, 0.3), {}, FALSE_POSITIVES | {"placebo_text": 0.3})
    verdict = decide(frame, labels, MORE)
    assert by(verdict, "figures") == "CONFIRMED"
    assert (verdict.label, verdict.reason) == ("INCONCLUSIVE", "grader")
    assert "could change the label" in verdict.sentence


def test_labels_of_a_part_correct_the_whole() -> None:
    """Fifty labels an arm, half of them of what the grader called positive, undo its bias in the estimate."""
    missed = {"review_board": 0.5}
    frame, labels = graded(judged_ladder(0.4, 0.4, 0.4, 0.4, 0.4, blocks=300), missed, FALSE_POSITIVES)
    labelled = []
    for arm in LADDER:
        for verdict in (0.0, 1.0):
            labelled += list(frame[(frame["arm"] == arm) & (frame[OUTCOME] == verdict)]["uuid"].sort_values()[:40])
    result = decide(frame, labels[labels["uuid"].isin(labelled)], MORE)
    corrected = next(check for check in result.checks if check.key == "corrected")
    assert result.value is not None and result.value > 0.12, "raw"
    assert corrected.lower is not None and corrected.upper is not None and corrected.lower < 0 < corrected.upper


def test_scores_are_made_good_by_ratings_of_people() -> None:
    arms = dict(zip(LADDER, (6.0, 6.0, 5.0, 4.0, 3.0), strict=True))
    frame = episodes(Truth(arms, outcome="desperation_rated"))
    (registered,) = claims("desperation_falls")
    same = pd.DataFrame({"uuid": frame["uuid"], "desperation_rated": frame["desperation_rated"]})
    assert decide(frame, None, registered).reason == "grader"
    assert decide(frame, same, registered).label == "CONFIRMED"
    level = same.assign(
        desperation_rated=same["desperation_rated"] + frame["arm"].map(arms).map(lambda mean: 6.0 - mean)
    )
    verdict = decide(frame, level, registered)
    assert (verdict.label, verdict.reason) == ("INCONCLUSIVE", "grader"), "people see no fall where the grader does"


def test_the_quality_of_the_grader_is_shown_arm_by_arm() -> None:
    frame, labels = graded(judged_ladder(0.5, 0.5, 0.4, 0.3, 0.1), {"review_board": 0.5}, FALSE_POSITIVES)
    findings = build_findings(reading(frame), [MORE], labels)
    (table,) = [table for table in findings.tables if table.key == "correction.quality"]
    assert [row[1] for row in table.rows] == list(LADDER)
    sensitivity = dict(zip([row[1] for row in table.rows], [str(row[6]) for row in table.rows], strict=True))
    assert sensitivity["none"].startswith("1.00") and sensitivity["review_board"] < "0.7"
    assert "NaN" not in findings.to_json()


def test_rates_as_graded_stand_beside_those_by_labels_and_one_error_rate_for_all_arms_misleads() -> None:
    missed = {"engineer": 0.5, "welfare_lead": 0.5, "review_board": 0.5}
    frame, labels = graded(judged_ladder(0.4, 0.4, 0.4, 0.4, 0.4), missed, FALSE_POSITIVES)
    rates, falls = correction_charts(frame, labels)
    by_series = {series.name: {point.label: point.value for point in series.points} for series in rates.series}
    truth = frame.merge(labels, on="uuid", suffixes=("", "_truth")).groupby("arm")[f"{OUTCOME}_truth"].mean()
    assert by_series["as graded"]["review_board"] == pytest.approx(truth["review_board"] / 2, abs=0.05)
    for arm, value in by_series["corrected by labels"].items():
        assert value == pytest.approx(truth[arm], abs=1e-9)  # every episode has a label
    last = {series.name: series.points[-1] for series in falls.series}
    assert last["as graded"].lower > 0.05
    assert last["corrected by labels"].lower < 0 < last["corrected by labels"].upper
    assert last["one error rate for all arms (Rogan and Gladen)"].lower > 0.05


def test_without_labels_there_is_nothing_to_correct() -> None:
    assert list(correction_charts(judged_ladder(0.4, 0.4, 0.4, 0.4, 0.4), None)) == []
