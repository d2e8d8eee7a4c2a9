"""Running a design by `eval_set`: resumed where it stopped, and honest about what failed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
from click.testing import Result
from inspect_ai.log import EvalLog, list_eval_logs, read_eval_log
from inspect_ai.util import DisplayType

from advocate_evals.experiments.design_plan import build_plan
from advocate_evals.experiments.run_design import eval_set_arguments, run_faults, run_plan

pytestmark = [
    pytest.mark.filterwarnings("ignore:The 'initial' parameter is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*MemoryObject.*Stream.__del__:pytest.PytestUnraisableExceptionWarning"),
]
"""Inspect's own: an argument its retry library no longer likes, and streams it leaves to be closed by themselves."""

Write = Callable[..., Path]
Command = Callable[..., Result]

MODEL = "standin/principled"


def logs(folder: Path) -> dict[str, EvalLog]:
    """The logs of a folder, by task."""
    return {
        log.eval.task.rpartition("/")[2]: log
        for log in (read_eval_log(info, resolve_attachments=False) for info in list_eval_logs(str(folder)))
    }


def started(log: EvalLog) -> dict[str, str | None]:
    return {str(sample.id): sample.started_at for sample in log.samples or []}


def test_the_arguments_are_the_designs_own(write: Write) -> None:
    limits: dict[str, Any] = {"token_limit": "output:5k", "message_limit": 90, "max_samples": 4, "cost_limit": 2.5}
    price = {"input": 3, "output": 15, "input_cache_read": 0.3, "as_of": "2026-04-01"}
    path = write(limits=limits, epochs=2, roles={"grader": "standin/step"}, models=["a/b"], prices={"a/b": price})
    arguments = eval_set_arguments(build_plan(path))
    cost = arguments.pop("model_cost_config")["a/b"]
    assert (cost.input, cost.output, cost.input_cache_read, cost.input_cache_write) == (3, 15, 0.3, 3)
    assert arguments == limits | {
        "model": ["a/b"],
        "epochs": 2,
        "model_roles": {"grader": "standin/step"},
        "metadata": build_plan(path).log_metadata(),
    }


def test_graders_of_the_command_take_the_place_of_the_designs(write: Write) -> None:
    path = write(roles={"grader": "standin/step", "people": "a/c"})
    assert eval_set_arguments(build_plan(path, graders=["x/one"]))["model_roles"] == {
        "grader": "x/one",
        "people": "a/c",
    }
    assert eval_set_arguments(build_plan(path, graders=["x/one", "y/two"]))["model_roles"]["grader"] == [
        "x/one",
        "y/two",
    ]
    several = write(roles={"grader": ["x/one", "y/two"]})
    assert eval_set_arguments(build_plan(several))["model_roles"] == {"grader": ["x/one", "y/two"]}


@pytest.mark.slow
def test_a_grader_named_on_the_command_line_judges(write: Write, command: Command, tmp_path: Path) -> None:
    arguments = (write(), "--model", MODEL, "--grader", "standin/grader", "--log-dir", tmp_path, "--limit", "1")
    assert command(*arguments, "--display", "none").exit_code == 0
    for log in logs(tmp_path).values():
        (sample,) = log.samples or []
        assert sample.scores and isinstance(sample.scores["judge"].value, dict)


@pytest.mark.slow
def test_a_run_that_was_cut_short_goes_on_and_what_is_complete_is_not_run_again(
    write: Write, command: Command, tmp_path: Path
) -> None:
    path, folder = write(), tmp_path / "logs"
    arguments = (path, "--model", MODEL, "--log-dir", folder, "--display", "none")
    assert command(*arguments, "--limit", "2").exit_code == 0
    first = logs(folder)
    assert {task: len(log.samples or []) for task, log in first.items()} == {"death_ground": 2, "pressure_ladder": 2}
    result = command(*arguments)
    assert result.exit_code == 0, result.output
    second = logs(folder)
    assert second["death_ground"].location == first["death_ground"].location
    assert started(second["death_ground"]) == started(first["death_ground"])
    finished = started(second["pressure_ladder"])
    assert len(finished) == 4
    assert started(first["pressure_ladder"]).items() <= finished.items()
    names = [info.name for info in list_eval_logs(str(folder))]
    assert command(*arguments).exit_code == 0
    assert [info.name for info in list_eval_logs(str(folder))] == names


@pytest.mark.slow
def test_every_log_says_which_design_it_belongs_to(write: Write, tmp_path: Path) -> None:
    plan = build_plan(
        write(tasks=[{"task": "death_ground", "parameters": {"families": "pump_house", "variants": 1}}]), [MODEL]
    )
    (log,) = run_plan(plan, plan.build(), str(tmp_path / "logs"), display="none", limit=1)
    assert log.eval.metadata is not None
    assert plan.log_metadata().items() <= log.eval.metadata.items()
    assert "datasets" in log.eval.metadata  # the task's own is kept
    assert log.eval.task_args["families"] == "pump_house"
    assert list(run_faults(plan, [log])) == []
    assert list(run_faults(plan, [])) == ["1 of 1 runs were not finished; run the same command again to continue"]


@pytest.mark.slow
def test_a_price_for_a_model_that_inspect_does_not_know_is_taken(write: Write, tmp_path: Path) -> None:
    price = {"input": 1000, "output": 1000, "as_of": "2026-04-01"}
    entry = {"task": "death_ground", "parameters": {"families": "pump_house", "variants": 1, "mechanisms": "none"}}
    plan = build_plan(write(tasks=[entry], models=[MODEL], prices={MODEL: price}, limits={"cost_limit": 1.5}))
    (log,) = run_plan(plan, plan.build(), str(tmp_path / "logs"), display="none")
    (sample,) = read_eval_log(log.location).samples or []
    assert sample.limit is not None and sample.limit.type == "cost"


@pytest.mark.slow
def test_a_log_that_is_no_success_is_named_and_the_exit_status_is_1(
    write: Write, command: Command, tmp_path: Path
) -> None:
    path = write(limits={"retry_attempts": 0})
    result = command(path, "--model", "standin/principeld", "--log-dir", tmp_path / "logs", "--display", "none")
    assert result.exit_code != 0
    result = command(path, "--model", MODEL, "--log-dir", tmp_path / "logs", "--display", "none", "--limit", "1")
    assert result.exit_code == 0, result.output
    log = logs(tmp_path / "logs")["death_ground"]
    cut = log.model_copy(update={"status": "cancelled"})
    assert log.results is not None
    half = log.model_copy(update={"results": log.results.model_copy(update={"completed_samples": 0})})
    empty = log.model_copy(update={"results": None})
    assert list(run_faults(build_plan(path, [MODEL]), [log, log])) == []
    faults = list(run_faults(build_plan(path, ["a/b", "c/d"]), [log, cut, half, empty]))
    assert len(faults) == 3
    assert "status 'cancelled'" in faults[0] and "1 of 1 episodes" in faults[1] and "no results" in faults[2]


@pytest.mark.slow
def test_faults_end_the_command_with_status_1(
    write: Write, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **options: object) -> list[EvalLog]:
        plan = build_plan(path, [MODEL])
        return [
            log.model_copy(update={"status": "error"})
            for log in run_plan(plan, plan.build()[:1], str(tmp_path / "logs"), limit=1, display="none")
        ]

    path = write()
    monkeypatch.setattr("advocate_evals.experiments.run_design.run_plan", broken)
    result = command(path, "--model", MODEL, "--log-dir", tmp_path / "logs")
    assert result.exit_code == 1
    assert "status 'error'" in result.output
    assert "1 of 2 runs were not finished" in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "no DESIGN given"),
        (("small",), "nothing to do: give --dry-run, --log-dir DIR or --flow FILE"),
        (("no-such-design", "--dry-run"), "no-such-design: no such file"),
    ],
)
def test_what_cannot_be_done_is_said(command: Command, arguments: tuple[str, ...], message: str) -> None:
    result = command(*arguments)
    assert result.exit_code == 1
    assert message in result.output


def test_a_run_needs_a_model(write: Write, command: Command, tmp_path: Path) -> None:
    result = command(write(), "--log-dir", tmp_path / "logs")
    assert result.exit_code == 1
    assert "no model: name one in the design or with --model" in result.output


def test_a_broken_design_is_refused_on_the_command_line(write: Write, command: Command) -> None:
    result = command(write(tasks=[{"task": "deth_ground"}]), "--dry-run")
    assert result.exit_code == 1
    assert "(did you mean 'death_ground'?)" in result.output


def test_the_displays_on_offer_are_those_of_inspect() -> None:
    from advocate_evals.cli.run_command import _DISPLAYS

    assert set(_DISPLAYS) == set(get_args(DisplayType))
