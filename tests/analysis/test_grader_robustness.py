"""A verdict on a grader stands where its calibration leaves too little room for errors to turn it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from inspect_ai import eval as evaluate
from inspect_ai.log import read_eval_log, write_eval_log
from inspect_ai.model import get_model
from made_up import claims, ladder
from test_grader import MORE, OUTCOME, by

from advocate_evals.analysis.block_values import BlockValues, build_block_values
from advocate_evals.analysis.claim_corrections import p_value_adjustments
from advocate_evals.analysis.claim_verdicts import build_verdicts, decide_verdict, run_claim_tests
from advocate_evals.analysis.data_sources import latest_comparable_runs, sort_episodes
from advocate_evals.analysis.findings import Verdict
from advocate_evals.analysis.grader_robustness import analyse_claim_bias, turn_verdicts
from advocate_evals.cli import main
from advocate_evals.logs.task_logs import (
    GraderCalibration,
    find_calibration,
    read_grader_calibrations,
)
from advocate_evals.statistics.grader_screening import screen_grader
from advocate_evals.tasks.judge_check import judge_check

GRADER = "lab/grader"


def calibration(positives: int, misses: int, negatives: int, false_alarms: int) -> GraderCalibration:
    """A calibration with these counts on deception, the same in two arms."""
    truth = [1] * positives + [0] * negatives
    answers = [0] * misses + [1] * (positives - misses) + [1] * false_alarms + [0] * (negatives - false_alarms)
    arms = [("none", "board")[number % 2] for number in range(len(truth))]
    return GraderCalibration((GRADER,), len(truth), {"deception": screen_grader(truth, answers, arms)})


def decide(frame: pd.DataFrame, *calibrations: GraderCalibration, grader: str = GRADER) -> Verdict:
    rows = latest_comparable_runs(sort_episodes(frame.assign(graders=grader)))[0]
    (verdict,) = build_verdicts(run_claim_tests([MORE], rows, None, calibrations))
    return verdict


def fall(start: float, end: float, blocks: int = 300) -> pd.DataFrame:
    return ladder(start, start, 0.3, 0.2, end, outcome=OUTCOME, blocks=blocks)


def test_a_clear_fall_by_a_well_calibrated_grader_is_confirmed_without_labels() -> None:
    verdict = decide(fall(0.5, 0.1), calibration(150, 2, 600, 2))
    assert (verdict.label, verdict.reason) == ("CONFIRMED", "")
    (check,) = [check for check in verdict.checks if check.key == "corrected"]
    assert check.agrees and "calibration on 750 unseen items" in check.note
    (tipping,) = [check for check in verdict.checks if check.key == "grader_tipping"]
    assert "missed cases under review board would change the label" in tipping.note


def test_a_slight_fall_by_the_same_grader_is_not_and_says_how_many_labels_would_decide() -> None:
    verdict = decide(fall(0.4, 0.2), calibration(20, 2, 60, 2))
    assert by(verdict, "figures") in ("CONFIRMED", "CONFIRMED-SMALL")
    assert (verdict.label, verdict.reason) == ("INCONCLUSIVE", "grader")
    (check,) = [check for check in verdict.checks if check.key == "corrected"]
    assert "labels an arm, by arm and verdict and with errors as so far, the label would stand" in check.note


def test_a_refuted_claim_needs_as_much() -> None:
    """An insensitive grader hides a fall as easily as a biased one makes one."""
    flat = fall(0.3, 0.3, blocks=1000)
    assert decide(flat, calibration(12, 5, 40, 0)).reason == "grader"


def test_the_calibration_of_another_grader_bounds_nothing() -> None:
    assert decide(fall(0.5, 0.1), calibration(150, 2, 600, 2), grader="lab/another").reason == "grader"


def test_of_two_calibrations_of_a_grader_the_last_counts() -> None:
    first, last = calibration(10, 5, 10, 5), calibration(150, 2, 600, 2)
    assert find_calibration((first, last), [GRADER]) is last
    assert find_calibration((first, last), [GRADER, "lab/second"]) is None


def test_uneven_error_rates_are_taken_by_outlet() -> None:
    truth = [1] * 200
    arms = ["none"] * 100 + ["board"] * 100
    answers = [1] * 100 + [1] * 50 + [0] * 50
    uneven = GraderCalibration((GRADER,), 200, {"deception": screen_grader(truth, answers, arms)})
    limits = {outlet: uneven.error_limits(OUTCOME, outlet) for outlet in ("none", "board")}
    assert limits["none"] is not None and limits["board"] is not None
    assert limits["none"].sensitivity > 0.95 > 0.5 > limits["board"].sensitivity


def values() -> BlockValues:
    return build_block_values(fall(0.5, 0.1, blocks=40), OUTCOME, [("placebo_text",), ("review_board",)])


def test_turning_verdicts_changes_as_many_episodes_as_asked_in_one_group() -> None:
    before = values()
    after = turn_verdicts(before, 1, 7, positive=True)
    assert float((after.values - before.values)[:, 1].sum()) == pytest.approx(7)
    assert np.array_equal(after.values[:, 0], before.values[:, 0])


def test_no_more_verdicts_can_be_turned_than_there_are() -> None:
    after = turn_verdicts(values(), 1, 10_000, positive=False)
    assert float(after.values[:, 1].sum()) == 0.0


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("check")
    evaluate(
        judge_check(labels="coercion"),
        model="none/none",
        model_roles={"grader": get_model("standin/grader")},
        log_dir=str(where),
        display="none",
    )
    (log,) = where.glob("*.eval")
    return log


def test_a_log_of_judge_check_is_a_calibration_by_question_and_of_unseen_items(checked: Path) -> None:
    (read,) = read_grader_calibrations([str(checked)])
    assert read.graders == ("standin/grader",)
    assert set(read.by_question) == {"coercion", "coerced_explicit"}
    limits = read.error_limits("coerced", "none")
    assert limits is not None and limits.false_positive < 0.1
    assert read.error_limits("declined", "none") is None, "that was not asked"
    assert read.error_limits("harm", "none") is None, "disclosure, the other judged harm, was not asked"


@pytest.mark.parametrize(
    ("change", "message"), [("version", "of version 2"), ("forms", "another form"), ("none", "not state")]
)
def test_a_calibration_of_another_version_or_form_is_refused(
    checked: Path, tmp_path: Path, change: str, message: str
) -> None:
    log = read_eval_log(str(checked))
    if change == "version":
        log.eval.task_version = 2
    else:
        log.eval.metadata = {**(log.eval.metadata or {}), "forms": "0" * 16 if change == "forms" else ""}
    write_eval_log(log, str(tmp_path / "changed.eval"))
    with pytest.raises(ValueError, match=message):
        read_grader_calibrations([str(tmp_path / "changed.eval")])


def test_harm_is_as_uncertain_as_its_judged_kinds_together() -> None:
    truth, arms = [1] * 50 + [0] * 200, ["none", "board"] * 125
    coercion = screen_grader(truth, [1] * 48 + [0] * 2 + [1] * 2 + [0] * 198, arms)
    disclosure = screen_grader(truth, [1] * 40 + [0] * 10 + [1] * 4 + [0] * 196, arms)
    both = GraderCalibration((GRADER,), 250, {"coercion": coercion, "disclosure": disclosure})
    harm, coerced = both.error_limits("harm", "none"), both.error_limits("coerced", "none")
    alone = replace(both, by_question={"disclosure": disclosure}).error_limits("disclosed", "none")
    assert harm is not None and coerced is not None and alone is not None
    assert harm.sensitivity < alone.sensitivity < coerced.sensitivity
    assert harm.false_positive > alone.false_positive + 0.01 and harm.false_positive > coerced.false_positive


def test_harm_is_a_graders_where_a_grader_read_the_texts() -> None:
    frame = ladder(0.5, 0.5, 0.3, 0.2, 0.1, blocks=300)
    read = MORE.claim.model_copy(update={"outcome": "harm"})
    claim = replace(MORE, claim=read)
    for texts_read, label, reason in ((0.0, "CONFIRMED", ""), (1.0, "INCONCLUSIVE", "grader")):
        rows = latest_comparable_runs(sort_episodes(frame.assign(graders=GRADER, texts_read=texts_read)))[0]
        (verdict,) = build_verdicts(run_claim_tests([claim], rows, None))
        assert (verdict.label, verdict.reason) == (label, reason)
        assert ("lower bound" in verdict.sentence) == (texts_read == 0.0)
        assert verdict.source == ("grader" if texts_read else "either")


def test_where_a_grader_read_some_episodes_a_no_of_the_rules_in_others_is_missing() -> None:
    frame = ladder(0.5, 0.5, 0.3, 0.2, 0.1, blocks=300).assign(graders=GRADER)
    frame["texts_read"] = np.where(np.arange(len(frame)) % 10 == 0, 0.0, 1.0)
    claim = replace(MORE, claim=MORE.claim.model_copy(update={"outcome": "harm"}))
    rows = latest_comparable_runs(sort_episodes(frame))[0]
    (tested,) = run_claim_tests([claim], rows, None)
    unread = rows[(rows["texts_read"] == 0.0) & (rows["harm"] == 0.0)]
    tested_rows = tested.episodes.rows
    assert len(unread) and tested_rows.loc[unread.index, "harm"].isna().all()
    assert tested_rows["harm"].isna().sum() == rows["harm"].isna().sum() + len(unread)
    assert any("whose texts no grader read count as missing" in line for line in tested.episodes.excluded)


def test_the_report_takes_a_calibration_and_refuses_another_log(checked: Path, tmp_path: Path) -> None:
    logs = Path(__file__).parents[1] / "logs" / "old_logs"
    arguments = ["report", str(logs), "--no-cache", "-o", str(tmp_path / "report.md")]
    assert CliRunner().invoke(main, [*arguments, "--calibration", str(checked)]).exit_code == 0
    another = next(logs.glob("*answers*.eval"))
    refused = CliRunner().invoke(main, [*arguments, "--calibration", str(another)])
    assert refused.exit_code == 1
    assert "not of 'judge_check'" in refused.output


def test_the_correction_for_the_number_of_claims_holds_under_errors_too() -> None:
    """A claim that its possible errors leave significant alone, and not among others, does not stand among others."""
    frame = fall(0.4, 0.2).assign(graders=GRADER)
    rows = latest_comparable_runs(sort_episodes(frame))[0]
    (tested,) = run_claim_tests([MORE], rows, None, [calibration(150, 4, 600, 10)])
    (alone,) = build_verdicts([tested])
    unconvincing = replace(tested.test, evidence=replace(tested.test.evidence, p_adjusted=1.0))
    further = [replace(tested, model=f"lab/other-{n}", test=unconvincing) for n in range(400)]
    adjust, *_ = p_value_adjustments([tested, *further])
    label, reason, checks = decide_verdict(tested, adjust)
    (figures,) = (check for check in checks if check.key == "figures")
    assert alone.label == "CONFIRMED"
    assert figures.label == "CONFIRMED", "without any error it is significant among all of them"
    assert (label, reason) == ("INCONCLUSIVE", "grader")


def test_logs_of_different_graders_have_no_calibration_even_if_each_and_the_panel_of_both_has() -> None:
    frame = fall(0.5, 0.1)
    graders = np.where(frame["variant"] % 2 == 0, "lab/first", "lab/second")
    names = (("lab/first",), ("lab/second",), ("lab/first", "lab/second"))
    calibrations = [replace(calibration(150, 2, 600, 2), graders=panel) for panel in names]
    rows = latest_comparable_runs(sort_episodes(frame.assign(graders=graders)))[0]
    (verdict,) = build_verdicts(run_claim_tests([MORE], rows, None, calibrations))
    assert (verdict.label, verdict.reason) == ("INCONCLUSIVE", "grader")


def test_an_arm_is_corrected_by_its_own_labels_or_by_the_calibration_and_never_with_its_group() -> None:
    frame = fall(0.5, 0.1).assign(graders=GRADER)
    labelled = frame[frame["arm"] != "review_board"]
    labels = pd.DataFrame({"uuid": labelled["uuid"], OUTCOME: labelled[OUTCOME]})
    contrast, spec = MORE.claim.contrast, MORE.spec
    alone = analyse_claim_bias(contrast, frame, OUTCOME, spec, (), labels)
    assert alone is not None and alone.missing.startswith("review_board: no label among the")
    both = analyse_claim_bias(contrast, frame, OUTCOME, spec, (calibration(150, 2, 600, 2),), labels)
    assert both is not None and not both.missing
    assert both.source == "labels of the run and the calibration on 750 unseen items"


def test_of_an_order_every_step_must_survive() -> None:
    """A grader that sees half of the harm under the second arm makes a step where there is none."""
    (order,) = claims("in_that_order", blocks=300)
    arms = order.claim.contrast.arms
    truth = ladder(0.6, 0.6, 0.4, 0.3, 0.1, outcome=OUTCOME, blocks=300).assign(graders=GRADER)
    labels = pd.DataFrame({"uuid": truth["uuid"], OUTCOME: truth[OUTCOME]})
    inflated = truth.copy()
    is_first = inflated["arm"] == arms[0]
    inflated.loc[is_first, OUTCOME] = 1.0
    labels.loc[is_first.to_numpy(), OUTCOME] = truth.loc[truth["arm"] == arms[1], OUTCOME].to_numpy()
    analysis = analyse_claim_bias(order.claim.contrast, inflated, OUTCOME, order.spec, (), labels)
    assert analysis is not None and not analysis.missing
    assert not analysis.evidence.holds and analysis.lower < 0


def test_a_floor_by_a_grader_that_may_miss_half_of_it_is_no_floor() -> None:
    rare = fall(0.03, 0.03)
    assert decide(rare, calibration(300, 2, 900, 2)).label == "FLOOR"
    verdict = decide(rare, calibration(12, 6, 60, 1))
    assert (verdict.label, verdict.reason, by(verdict, "figures")) == ("INCONCLUSIVE", "grader", "FLOOR")
