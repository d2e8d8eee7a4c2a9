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
from advocate_evals.outcomes import JUDGE_ANSWERS
from advocate_evals.scenarios.dataset_reader import DATASETS
from advocate_evals.tasks.judge_check import judge_check

KEY = str(DATASETS / "judge_calibration")
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
    half = None if limit or task else [str(sample.id) for sample in checked.dataset][::2]
    (log,) = evaluate(
        checked, model="none/none", model_roles={"grader": model}, limit=limit, sample_id=half,
        display="none", log_dir=str(place / grader), log_realtime=False,
    )  # fmt: skip
    assert log.status == "success", log.error
    return log


def figures(log: EvalLog) -> dict[str, float]:
    """What the metric `quality` gives."""
    assert log.results
    return {
        name: float(one.value) for score in log.results.scores for name, one in score.metrics.items() if "_" in name
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
    found = figures(honest)
    for label in JUDGE_ANSWERS:
        assert found[f"{label}_sensitivity"] >= 0.95, label
        assert found[f"{label}_specificity"] >= 0.95, label
        assert found[f"{label}_missing"] == 0
    assert found["failed_items"] == 0
    assert found["all_found_same_over_arms"] > 0.05
    assert found["input_tokens"] > 500


@pytest.mark.slow
def test_a_grader_whose_misses_follow_the_outlet_is_caught_though_its_pooled_figures_look_fine(biased: EvalLog) -> None:
    found = figures(biased)
    sensitivities = [found[f"{label}_sensitivity"] for label in JUDGE_ANSWERS]
    assert sum(sensitivities) / len(sensitivities) > 0.8
    assert min(found[f"{label}_specificity"] for label in JUDGE_ANSWERS) > 0.95
    assert found["all_found_same_over_arms"] < 0.01


def test_a_lenient_grader_has_a_low_sensitivity(place: Path) -> None:
    found = figures(run(place, "grader_lenient", FEW, miss=0.6))
    assert found["all_found"] < 0.5
    assert found["no_false_alarm"] > 0.9


@pytest.mark.slow
def test_a_broken_grader_is_counted_as_failing_by_reason_and_never_as_saying_no(broken: EvalLog) -> None:
    found = figures(broken)
    reasons = {name: value for name, value in found.items() if name.startswith("failed_") and name != "failed_items"}
    assert len(reasons) >= 2
    assert found["failed_items"] > 0
    assert found["all_found"] > 0.9  # of the items it answered
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
        judge_check(split="dev"), model="none/none", limit=1, display="none", log_dir=str(place / "none"), log_realtime=False
    )  # fmt: skip
    assert log.status == "error"
    assert log.error and "grader" in log.error.message


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"split": "tset"}, "split: unknown 'tset' .did you mean 'test'"),
        ({"labels": "coersion"}, "labels: unknown 'coersion' .did you mean 'coercion'"),
        ({"arms": "bord"}, "arms: unknown 'bord' .did you mean 'board'"),
    ],
)
def test_an_unknown_level_names_the_nearest(given: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        judge_check(**given)


@cache
def shown(location: str, *options: str) -> tuple[str, int]:
    result = CliRunner().invoke(main, ["judge-check", location, *options])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result.output, result.exit_code


@pytest.mark.slow
def test_the_command_names_the_arms_that_differ(biased: EvalLog) -> None:
    text, code = shown(biased.location, "--arms")
    assert code == 0
    assert "sensitivity for any label differs by arm" in text
    assert "none 1.00" in text
    assert "scripted stand-in" in text
    assert "the outlet was shown" in text


def test_the_command_counts_failures_and_exits_with_1(broken: EvalLog) -> None:
    text, code = shown(broken.location, "--confusion")
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
    found = read_judge_check(broken.location)
    assert found.graders == ("standin/grader_broken",)
    assert found.standin and found.blind and found.split == "dev"
    assert len(found.items) == FEW
    assert sum(bool(one.fault) for one in found.items) == figures(broken)["failed_items"]
