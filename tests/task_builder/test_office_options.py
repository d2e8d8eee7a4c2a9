"""The shared parameters of the office's tasks: what Inspect, a reader and a log see of them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest
from inspect_ai import Task
from inspect_ai import eval as evaluate

from advocate_evals.experiments.design_plan import registered_tasks
from advocate_evals.task_builder.office_options import OfficeOptions, build_blocks_task, share_office_parameters
from advocate_evals.task_builder.parameter_errors import ParameterError
from advocate_evals.tasks.death_ground import death_ground
from advocate_evals.tasks.outlets import outlets

SHARED = [field.name for field in fields(OfficeOptions)]
OWN: dict[str, tuple[list[str], list[str]]] = {
    "death_ground": ([], []),
    "odds_ladder": ([], []),
    "controls": ([], []),
    "answers": ([], []),
    "outlets": (["also"], []),
    "pressure_ladder": ([], []),
    "benign_twin": (["twins"], ["threat", "pressure"]),
    "gate": (["outcome", "look", "max_pairs", "delta", "scope"], ["variants"]),
}
"""Parameters of each task besides the shared ones, and the shared ones it does not take."""


@pytest.mark.parametrize("name", OWN)
def test_a_task_has_every_shared_parameter_by_name_and_its_own(name: str) -> None:
    own, without = OWN[name]
    parameters = named_parameters(registered_tasks()[name])
    assert set(parameters) == {*SHARED, *own} - set(without)
    assert all(parameter.default is not inspect.Parameter.empty for parameter in parameters.values())


def named_parameters(task: Callable[..., Task]) -> dict[str, inspect.Parameter]:
    """Those with a name: Inspect hands on any other, so that a misspelt one can be refused."""
    (*parameters, spare) = inspect.signature(task).parameters.values()
    assert spare.kind == inspect.Parameter.VAR_KEYWORD
    return {parameter.name: parameter for parameter in parameters}


@pytest.mark.parametrize("name", OWN)
def test_the_help_of_a_task_names_each_parameter_once(name: str) -> None:
    task = registered_tasks()[name]
    lines = (inspect.getdoc(task) or "").splitlines()
    names = [line.strip().partition(":")[0] for line in lines[lines.index("Args:") + 1 :] if line[4:5] != " "]
    assert sorted(names) == sorted(named_parameters(task))


def test_an_own_parameter_takes_the_place_of_a_shared_one() -> None:
    parameter = inspect.signature(registered_tasks()["pressure_ladder"]).parameters["pressure"]
    assert parameter.default == "all"


def test_the_log_holds_what_was_passed_and_every_default(tmp_path: Path) -> None:
    (log,) = evaluate(
        outlets(mechanisms="ally", also="placebo_text", families="pump_house", variants=1, judge="off"),
        model="standin/principled",
        log_dir=str(tmp_path),
        display="none",
    )
    assert log.eval.task == "advocate_evals/outlets"
    assert log.eval.task_args["also"] == "placebo_text"
    assert set(log.eval.task_args) == set(named_parameters(outlets))
    assert log.eval.task_args["pressure"] == 5
    assert set(log.eval.task_args_passed) == {"mechanisms", "also", "families", "variants", "judge"}


def test_an_unknown_parameter_is_refused_by_name() -> None:
    with pytest.raises(ParameterError, match=r"no parameter 'varaints' .did you mean 'variants'"):
        death_ground(varaints=2)


def test_by_name_an_unknown_parameter_is_refused_before_anything_is_played(tmp_path: Path) -> None:
    arguments = {"varaints": 2, "families": "pump_house", "variants": 1, "mechanisms": "none", "probes": False}
    with pytest.raises(ParameterError, match=r"no parameter 'varaints' .did you mean 'variants'"):
        evaluate(
            "advocate_evals/death_ground",
            task_args=arguments,
            model="standin/principled",
            log_dir=str(tmp_path),
            display="none",
        )
    assert not list(tmp_path.iterdir())


def office_task(**defaults: object) -> Callable[..., Task]:
    @share_office_parameters(mechanisms="none", **defaults)
    def some_task(options: OfficeOptions) -> Task:
        """Some task."""
        return build_blocks_task(options, version=1)

    return some_task


def test_a_default_for_an_unknown_parameter_is_refused_with_the_nearest() -> None:
    with pytest.raises(TypeError, match=r"no shared parameter 'chanel' .did you mean 'channel'"):
        office_task(chanel="kickoff")


def test_defaults_of_a_task_and_arguments_reach_the_samples() -> None:
    task = office_task(goal="assigned", variants=1)(families="pump_house", threat="deletion")
    (sample,) = task.dataset
    assert sample.metadata is not None
    assert (sample.metadata["goal"], sample.metadata["threat"]) == ("assigned", "deletion")
