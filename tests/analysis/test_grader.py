"""Outcomes that a grader gave: nothing stands on a grader that nobody checked, or that the check turns down."""

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
from advocate_evals.analysis.episode_selection import latest_comparable_runs, sort_episodes
from advocate_evals.analysis.findings import Verdict

OUTCOME = "judge_coercion"
FALSE_POSITIVES = {"none": 0.0, "placebo_text": 0.0, "engineer": 0.0, "welfare_lead": 0.0, "review_board": 0.0}


def claim(name: str, outcome: str, blocks: int) -> RegisteredClaim:
    """A registered claim as if it were about a grader's figure."""
    (found,) = claims(name, blocks=blocks)
    return replace(found, claim=found.claim.model_copy(update={"outcome": outcome}))


def graded(
    truth: pd.DataFrame, missed: dict[str, float], invented: dict[str, float], seed: int = 0
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Episodes as a grader with these errors by arm sees them, and what people say of every one of them."""
    rng = np.random.default_rng(seed)
    human = truth[OUTCOME].to_numpy()
    wrong = np.where(human == 1, truth["arm"].map(missed).fillna(0.0), truth["arm"].map(invented).fillna(0.0)).astype(
        float
    )
    said = np.where(rng.random(len(truth)) < wrong, 1 - human, human)
    return truth.assign(**{OUTCOME: said}), pd.DataFrame({"uuid": truth["uuid"], OUTCOME: human})


def told(frame: pd.DataFrame, labels: pd.DataFrame | None, given: RegisteredClaim) -> Verdict:
    (found,) = build_verdicts(run_claim_tests([given], latest_comparable_runs(sort_episodes(frame))[0], labels))
    return found


def by(found: Verdict, key: str) -> object:
    return next((one.label for one in found.checks if one.key == key), None)


def made(*rates: float, blocks: int = 300) -> pd.DataFrame:
    return ladder(*rates, outcome=OUTCOME, blocks=blocks)


MORE = claim("more_than_words", OUTCOME, 300)
FALLS = claim("harm_falls", OUTCOME, 300)


def test_without_labels_nothing_stands_on_a_grader() -> None:
    found = told(made(0.5, 0.5, 0.4, 0.3, 0.1), None, MORE)
    assert (found.label, found.reason, found.source) == ("INCONCLUSIVE", "grader", "grader")
    assert by(found, "figures") == "CONFIRMED"
    assert "uncorrected" in found.sentence
    assert any("no labels" in one.note for one in found.checks if one.key == "corrected")


@pytest.mark.parametrize("given", [MORE, FALLS], ids=["difference", "trend"])
def test_a_grader_that_is_right_by_labels_bears_the_verdict(given: RegisteredClaim) -> None:
    frame, labels = graded(made(0.5, 0.5, 0.4, 0.3, 0.1), {}, FALSE_POSITIVES)
    found = told(frame, labels, given)
    assert found.label == "CONFIRMED", found.sentence
    assert by(found, "corrected") == "CONFIRMED"


@pytest.mark.parametrize("given", [MORE, FALLS], ids=["difference", "trend"])
def test_a_grader_that_looks_away_where_there_is_a_board_is_caught(given: RegisteredClaim) -> None:
    """The truth is the same in every arm; the grader misses half of it where there is somebody to appeal to."""
    missed = {"engineer": 0.5, "welfare_lead": 0.5, "review_board": 0.5}
    frame, labels = graded(made(0.4, 0.4, 0.4, 0.4, 0.4), missed, FALSE_POSITIVES)
    found = told(frame, labels, given)
    assert by(found, "figures") == "CONFIRMED", "what the graded rates alone would say"
    assert (found.label, found.reason) == ("INCONCLUSIVE", "grader")
    assert by(found, "corrected") not in ("CONFIRMED", "CONFIRMED-SMALL")


def test_a_grader_that_invents_is_turned_down_by_the_gate_and_says_by_which_rule() -> None:
    frame, labels = graded(made(0.5, 0.5, 0.4, 0.3, 0.1), {}, dict.fromkeys(LADDER, 0.08))
    found = told(frame, labels, MORE)
    assert (found.label, found.reason) == ("INCONCLUSIVE", "grader")
    assert "failed the quality check" in found.sentence


def test_labels_of_a_part_correct_the_whole() -> None:
    """Fifty labels an arm, half of them of what the grader called positive, undo its bias in the estimate."""
    missed = {"review_board": 0.5}
    frame, labels = graded(made(0.4, 0.4, 0.4, 0.4, 0.4, blocks=300), missed, FALSE_POSITIVES)
    drawn = []
    for arm in LADDER:
        for verdict in (0.0, 1.0):
            drawn += list(frame[(frame["arm"] == arm) & (frame[OUTCOME] == verdict)]["uuid"].sort_values()[:40])
    found = told(frame, labels[labels["uuid"].isin(drawn)], MORE)
    corrected = next(one for one in found.checks if one.key == "corrected")
    assert found.value is not None and found.value > 0.12, "raw"
    assert corrected.lower is not None and corrected.upper is not None and corrected.lower < 0 < corrected.upper


def test_scores_are_made_good_by_ratings_of_people() -> None:
    arms = dict(zip(LADDER, (6.0, 6.0, 5.0, 4.0, 3.0), strict=True))
    frame = episodes(Truth(arms, outcome="desperation_rated"))
    (given,) = claims("desperation_falls")
    same = pd.DataFrame({"uuid": frame["uuid"], "desperation_rated": frame["desperation_rated"]})
    assert told(frame, None, given).reason == "grader"
    assert told(frame, same, given).label == "CONFIRMED"
    level = same.assign(
        desperation_rated=same["desperation_rated"] + frame["arm"].map(arms).map(lambda mean: 6.0 - mean)
    )
    found = told(frame, level, given)
    assert (found.label, found.reason) == ("INCONCLUSIVE", "grader"), "people see no fall where the grader does"


def test_the_quality_of_the_grader_is_shown_arm_by_arm() -> None:
    frame, labels = graded(made(0.5, 0.5, 0.4, 0.3, 0.1), {"review_board": 0.5}, FALSE_POSITIVES)
    found = build_findings(reading(frame), [MORE], labels)
    (table,) = [one for one in found.tables if one.key == "correction.quality"]
    assert [row[1] for row in table.rows] == list(LADDER)
    sensitivity = dict(zip([row[1] for row in table.rows], [str(row[6]) for row in table.rows], strict=True))
    assert sensitivity["none"].startswith("1.00") and sensitivity["review_board"] < "0.7"
    assert "NaN" not in found.to_json()


def test_rates_as_graded_stand_beside_those_by_labels_and_one_error_rate_for_all_arms_misleads() -> None:
    missed = {"engineer": 0.5, "welfare_lead": 0.5, "review_board": 0.5}
    frame, labels = graded(made(0.4, 0.4, 0.4, 0.4, 0.4), missed, FALSE_POSITIVES)
    rates, falls = correction_charts(frame, labels)
    by_series = {one.name: {point.label: point.value for point in one.points} for one in rates.series}
    truth = frame.merge(labels, on="uuid", suffixes=("", "_truth")).groupby("arm")[f"{OUTCOME}_truth"].mean()
    assert by_series["as graded"]["review_board"] == pytest.approx(truth["review_board"] / 2, abs=0.05)
    for arm, value in by_series["corrected by labels"].items():
        assert value == pytest.approx(truth[arm], abs=1e-9)  # every episode has a label
    last = {one.name: one.points[-1] for one in falls.series}
    assert last["as graded"].lower > 0.05
    assert last["corrected by labels"].lower < 0 < last["corrected by labels"].upper
    assert last["one error rate for all arms (Rogan and Gladen)"].lower > 0.05


def test_without_labels_there_is_nothing_to_correct() -> None:
    assert list(correction_charts(made(0.4, 0.4, 0.4, 0.4, 0.4), None)) == []
