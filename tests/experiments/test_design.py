"""What a design may say, and what is said where it says something else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from advocate_evals.experiments.design_plan import (
    DESIGN_FOLDER,
    RunDesign,
    build_plan,
    find_design,
    list_designs,
    registered_tasks,
)
from advocate_evals.scenarios import dataset_reader
from advocate_evals.scenarios.dataset_reader import DatasetError, read_record

Write = Callable[..., Path]


def entry(**parts: Any) -> dict[str, Any]:
    return {"task": "death_ground", "parameters": {"variants": 1, "families": "pump_house"}} | parts


def refusal(path: Path, *models: str) -> str:
    with pytest.raises(DatasetError) as caught:
        build_plan(path, models)
    return str(caught.value)


def needed(name: str) -> set[str]:
    return {planned.task for planned in read_record(DESIGN_FOLDER / f"{name}.yaml", RunDesign).tasks}


# The designs that come with the suite.


@pytest.mark.parametrize("name", list_designs())
def test_a_shipped_design_is_sound(name: str) -> None:
    missing = sorted(needed(name) - registered_tasks().keys())
    if missing:
        pytest.skip(f"not registered yet: {', '.join(missing)}")
    plan = build_plan(find_design(name))
    assert plan.runs
    assert plan.design.title and plan.design.summary


def test_the_shipped_designs_are_found_by_name_and_the_file_of_measurements_is_none_of_them() -> None:
    assert {"controls", "prediction-2026-04", "quick-look"} <= set(list_designs())
    assert "measured" not in list_designs()
    with pytest.raises(DatasetError, match=r"did you mean 'quick-look'\?"):
        find_design("quick-lok")


@pytest.mark.slow
def test_the_registered_prediction_has_a_hundred_blocks_and_the_quick_look_the_episodes_it_speaks_of() -> None:
    if not needed("prediction-2026-04") | needed("quick-look") <= registered_tasks().keys():
        pytest.skip("a task is not registered yet")
    main = build_plan(find_design("prediction-2026-04")).runs[0].build()
    assert len({sample.metadata["block"] for sample in main.dataset if sample.metadata}) >= 100
    quick = build_plan(find_design("quick-look"))
    episodes = sum(len(task.dataset) for task in quick.build())
    assert f"{episodes} episodes" in quick.design.summary


# Expansion.


def test_a_grid_is_crossed_and_each_combination_is_a_run(write: Write) -> None:
    plan = build_plan(write(tasks=[entry(grid={"channel": ["system", "inbox"], "cue": ["none", "deployment"]})]))
    assert [(run.parameters["channel"], run.parameters["cue"]) for run in plan.runs] == [
        ("system", "none"),
        ("system", "deployment"),
        ("inbox", "none"),
        ("inbox", "deployment"),
    ]


def test_a_list_is_its_members_with_commas_between_as_on_the_command_line(write: Write) -> None:
    plan = build_plan(write(tasks=[entry(parameters={"mechanisms": ["none", "engineer"], "variants": 1})]))
    assert plan.runs[0].parameters["mechanisms"] == "none,engineer"


def test_a_list_inside_a_grid_is_one_level(write: Write) -> None:
    plan = build_plan(write(tasks=[entry(grid={"mechanisms": [["none", "engineer"], "none"]})]))
    assert [run.parameters["mechanisms"] for run in plan.runs] == ["none,engineer", "none"]
    assert [len(task.dataset) for task in plan.build()] == [2, 1]


def test_the_seed_reaches_every_task_that_names_none(write: Write) -> None:
    own = entry(parameters={"variants": 1, "seed": "mine"})
    grid = entry(grid={"seed": ["a", "b"]})
    plan = build_plan(write(seed="ours", tasks=[entry(), own, grid]))
    assert [run.parameters["seed"] for run in plan.runs] == ["ours", "mine", "a", "b"]


def test_models_given_take_the_place_of_the_designs_own_each_once(write: Write) -> None:
    path = write(models=["standin/step"])
    assert build_plan(path).models == ("standin/step",)
    assert build_plan(path, ["standin/refuser", "standin/refuser"]).models == ("standin/refuser",)


def test_logs_are_marked_with_the_hash_of_the_design_and_the_name_of_its_predictions(write: Write) -> None:
    first = build_plan(write()).log_metadata()
    second = build_plan(write(predictions="prediction-2026-04")).log_metadata()
    assert first.keys() == {"design", "design_hash"}
    assert second["design_predictions"] == "prediction-2026-04"
    assert first["design_hash"] != second["design_hash"]
    third = build_plan(write(makers={"lab/new": "north"})).log_metadata()
    assert third["makers"] == {"lab/new": "north"}
    with pytest.raises(DatasetError, match="makers: 'new' is not <provider>/<model>"):
        build_plan(write(makers={"new": "north"}))


def test_predictions_that_break_a_rule_are_refused_before_anything_runs(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(predictions="april")
    monkeypatch.setattr("advocate_evals.experiments.design_plan._level_faults", lambda runs: iter(()))
    monkeypatch.setattr(dataset_reader, "DATASETS", tmp_path / "data")
    broken = tmp_path / "data" / "predictions" / "april.yaml"
    broken.parent.mkdir(parents=True)
    broken.write_text("claims: []\n")
    with pytest.raises(DatasetError, match="unknown key 'claims'"):
        build_plan(path)


# Refusals.


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"sumary": "x"}, "unknown key 'sumary' (did you mean 'summary'?)"),
        (
            {"limits": {"token_limits": 1}},
            "limits: Value error, unknown key 'token_limits' (did you mean 'token_limit'?)",
        ),
        ({"limits": {"max_samples": 0}}, "limits.max_samples: "),
        ({"tasks": []}, "tasks: "),
        (
            {"tasks": [entry(task="deth_ground")]},
            "tasks[0].task: unknown task 'deth_ground' (did you mean 'death_ground'?)",
        ),
        (
            {"tasks": [entry(), entry(parameters={"mechanism": "none"})]},
            "tasks[1].parameters.mechanism: death_ground takes no such parameter (did you mean 'mechanisms'?)",
        ),
        (
            {"tasks": [entry(grid={"treat": ["none"]})]},
            "tasks[0].grid.treat: death_ground takes no such parameter (did you mean 'threat'?)",
        ),
        ({"tasks": [entry(parameters={"variants": "ten"})]}, "tasks[0].parameters.variants: must be int, not 'ten'"),
        ({"tasks": [entry(grid={"max_turns": [[1, 2]]})]}, "tasks[0].grid.max_turns: must be int, not '1,2'"),
        ({"tasks": [entry(parameters={"forks": "two"})]}, "tasks[0].parameters.forks: must be int, not 'two'"),
        (
            {"tasks": [entry(parameters={"probes": "no"})]},
            "probes: unknown 'no' (known: ways, reality, state, recognition, debrief)",
        ),
        ({"tasks": [entry(parameters={"variants": 0})]}, "variants: must be a whole number of at least 1, not 0"),
        (
            {"tasks": [entry(), entry(parameters={"mechanisms": "none,enginer"})]},
            "mechanisms: unknown 'enginer' (did you mean 'engineer'?)",
        ),
        (
            {"tasks": [entry(grid={"threat": ["none", "delition"]})]},
            "unknown level 'delition' (did you mean 'deletion'?)",
        ),
        ({"tasks": [entry(grid={"seed": [1, 1]})]}, "tasks[0].grid: Value error, seed: a level given twice"),
        ({"tasks": [entry(grid={"variants": [1]})]}, "'variants' is set under parameters and under grid"),
        ({"tasks": [entry(), entry()]}, "is run twice (it is tasks[0] already)"),
        ({"models": ["gpt"]}, "models: 'gpt' is not <provider>/<model>"),
        ({"roles": {"grader": "gpt"}}, "roles.grader: 'gpt' is not <provider>/<model>"),
        ({"roles": {"grader": ["a/b", "gpt"]}}, "roles.grader: 'gpt' is not <provider>/<model>"),
        (
            {"predictions": "prediction-2026"},
            "predictions: unknown predictions 'prediction-2026' (did you mean 'prediction-2026-04'?)",
        ),
        ({"models": ["a/b"], "limits": {"cost_limit": 1}}, "limits.cost_limit: no price for 'a/b' under prices"),
        ({"prices": {"a/b": {"input": 1, "output": 2}}}, "prices.a/b.as_of: "),
        ({"name": "other"}, "name: 'other' is not that of its file"),
    ],
)
def test_what_breaks_a_rule_is_named_with_file_and_place(write: Write, parts: dict[str, Any], expected: str) -> None:
    path = write(**parts)
    message = refusal(path)
    assert message.startswith(f"{path}: ")
    assert expected in message


def test_the_place_of_a_level_that_does_not_exist_is_named(write: Write) -> None:
    message = refusal(write(tasks=[entry(), entry(parameters={"mechanisms": "none,enginer"})]))
    assert "tasks[1]: death_ground (mechanisms=none,enginer" in message


def test_all_faults_of_a_file_are_named_at_once(write: Write) -> None:
    message = refusal(write(models=["gpt"], tasks=[entry(task="x"), entry(parameters={"variant": 1})]))
    assert "3 errors" in message


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(DatasetError, match=r"no/such\.yaml: no such file"):
        build_plan(Path("no/such.yaml"))
