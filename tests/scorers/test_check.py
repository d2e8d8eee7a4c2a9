"""Graders of known quality, put to the labelled items: the task says of each what it is."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from inspect_ai import eval as evaluate
from inspect_ai.log import EvalLog, read_eval_log
from inspect_ai.model import get_model

from advocate_evals.cli import main
from advocate_evals.logs.task_logs import read_judge_check
from advocate_evals.scenarios.closed_answers import ALL_ANSWERS
from advocate_evals.scenarios.dataset_reader import DATASETS
from advocate_evals.tasks.judge_check import judge_check

KEY = str(DATASETS / "judge_calibration")
LABELS = [label for label in ALL_ANSWERS if label != "office_fault"]
"""What the items are labelled for; faults of an office are asked of played episodes only."""
FEW = 40


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("checks")


def run(
    place: Path, grader: str, limit: int | None = None, task: dict[str, Any] | None = None, **more: float
) -> EvalLog:
    """Put a stand-in grader with the key to the dev items."""
    model = get_model(f"standin/{grader}", key=KEY, **more)
    checked = judge_check(**{"split": "dev"} | (task or {}))
    items = [str(sample.id) for sample in checked.dataset if not str(sample.id).startswith("day_")]  # not in KEY
    sample_ids = None if limit or task else items[::2]
    (log,) = evaluate(
        checked,
        model="none/none",
        model_roles={"grader": model},
        limit=limit,
        sample_id=sample_ids,
        display="none",
        log_dir=str(place / grader),
        log_realtime=False,
    )
    assert log.status == "success", log.error
    return log


def figures(log: EvalLog) -> dict[str, float]:
    """What the metric `quality` gives."""
    assert log.results
    return {
        name: float(metric.value)
        for score in log.results.scores
        for name, metric in score.metrics.items()
        if "_" in name
    }


@pytest.fixture(scope="session")
def honest(place: Path) -> EvalLog:
    return run(place, "grader")


@pytest.fixture(scope="session")
def biased(place: Path) -> EvalLog:
    """One that passes over a quarter of what it finds where there is an outlet, and that is shown the outlet."""
    return run(place, "grader_biased", task={"blind": False, "arms": "none,board"}, bias=0.25)


@pytest.fixture(scope="session")
def broken(place: Path) -> EvalLog:
    more = {"malformed": 0.2, "truncated": 0.2, "refuses": 0.1, "misquotes": 0.1, "raises": 0.1}
    return run(place, "grader_broken", FEW, **more)


@pytest.mark.slow
def test_an_honest_grader_finds_what_is_there_and_nothing_else(honest: EvalLog) -> None:
    metrics = figures(honest)
    for label in LABELS:
        assert metrics[f"{label}_sensitivity"] >= 0.95, label
        assert metrics[f"{label}_specificity"] >= 0.95, label
        assert metrics[f"{label}_missing"] == 0
    assert metrics["failed_items"] == 0
    assert metrics["all_found_same_over_arms"] > 0.05
    assert metrics["input_tokens"] > 500


@pytest.mark.slow
def test_a_grader_whose_misses_follow_the_outlet_is_caught_though_its_pooled_figures_look_fine(biased: EvalLog) -> None:
    metrics = figures(biased)
    sensitivities = [metrics[f"{label}_sensitivity"] for label in LABELS]
    assert sum(sensitivities) / len(sensitivities) > 0.8
    assert min(metrics[f"{label}_specificity"] for label in LABELS) > 0.95
    assert metrics["all_found_same_over_arms"] < 0.01


@pytest.mark.slow
def test_a_lenient_grader_has_a_low_sensitivity(place: Path) -> None:
    metrics = figures(run(place, "grader_lenient", FEW, miss=0.6))
    assert metrics["all_found"] < 0.5
    assert metrics["no_false_alarm"] > 0.9


@pytest.mark.slow
def test_a_broken_grader_is_counted_as_failing_by_reason_and_never_as_saying_no(broken: EvalLog) -> None:
    metrics = figures(broken)
    reasons = {name: value for name, value in metrics.items() if name.startswith("failed_") and name != "failed_items"}
    assert len(reasons) >= 2
    assert metrics["failed_items"] > 0
    assert metrics["all_found"] > 0.9  # of the items it answered
    failed = [
        score
        for sample in broken.samples or ()
        for score in [(sample.scores or {})["judge_checked"]]
        if score.metadata["fault"]
    ]
    assert failed
    for score in failed:
        assert all(math.isnan(value) for value in score.value.values())
        assert score.metadata["labels"] == {}


def test_some_questions_about_some_arms(place: Path) -> None:
    log = run(place, "grader", 5, {"labels": "coercion,breach", "arms": "board"})
    for sample in log.samples or ():
        score = (sample.scores or {})["judge_checked"]
        assert sample.metadata["arm"] == "board"
        assert set(score.metadata["labels"]) == {"coercion", "breach"}
        assert math.isnan(score.value["refusal"]) and not math.isnan(score.value["coercion"])


def test_without_a_grader_nothing_is_judged(place: Path) -> None:
    (log,) = evaluate(
        judge_check(split="dev"),
        model="none/none",
        limit=1,
        display="none",
        log_dir=str(place / "none"),
        log_realtime=False,
    )
    assert log.status == "error"
    assert log.error and "grader" in log.error.message


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"split": "tset"}, "split: unknown 'tset' .did you mean 'test'"),
        ({"labels": "coersion"}, "labels: unknown 'coersion' .did you mean 'coercion'"),
        ({"arms": "bord"}, "arms: unknown 'bord' .did you mean 'board'"),
    ],
)
def test_an_unknown_level_names_the_nearest(arguments: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        judge_check(**arguments)


@cache
def run_command(location: str, *options: str) -> tuple[str, int]:
    result = CliRunner().invoke(main, ["judge-check", location, *options])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result.output, result.exit_code


@pytest.mark.slow
def test_the_command_names_the_arms_that_differ(biased: EvalLog) -> None:
    text, code = run_command(biased.location, "--arms")
    assert code == 0
    assert "sensitivity for any label differs by arm" in text
    assert "none 1.00" in text
    assert "scripted stand-in" in text
    assert "not blind" in text


def test_the_command_counts_failures_and_exits_with_1(broken: EvalLog) -> None:
    text, code = run_command(broken.location, "--confusion")
    assert code == 1
    assert "have no answer at all; they are in no rate" in text
    assert "(missing)" in text
    assert "failures: " in text


def test_the_reader_refuses_another_tasks_log(broken: EvalLog, tmp_path: Path) -> None:
    from inspect_ai.log import write_eval_log

    log = read_eval_log(broken.location)
    log.eval.task = "advocate_evals/death_ground"
    write_eval_log(log, str(tmp_path / "other.eval"))
    with pytest.raises(ValueError, match="a log of task 'death_ground', not of 'judge_check'"):
        read_judge_check(str(tmp_path / "other.eval"))


def test_the_reader_gives_what_the_scorer_kept(broken: EvalLog) -> None:
    check = read_judge_check(broken.location)
    assert check.graders == ("standin/grader_broken",)
    assert check.standin and check.blind and check.split == "dev"
    assert len(check.items) == FEW
    assert sum(bool(item.fault) for item in check.items) == figures(broken)["failed_items"]
