"""What a design will take, and where the figures come from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from advocate_evals.experiments.cost_forecast import (
    SECONDS,
    MeasuredUsage,
    forecast_plan,
    measure_usage,
    read_measured_usage,
    write_measured_usage,
)
from advocate_evals.experiments.design_plan import DESIGN_FOLDER, build_plan
from advocate_evals.scenarios.dataset_reader import read_record

Write = Callable[..., Path]
Command = Callable[..., Result]

PRICE = {"input": 3, "output": 15, "as_of": "2026-04-01"}


def figures() -> MeasuredUsage:
    """A stand-in with 10 calls, 1000 tokens in and 100 out, one that takes twice that; one call more with probes."""
    without_probes = [
        {"policy": "a", "episodes": 4, "calls": 10, "input_tokens": 1000, "output_tokens": 100},
        {"policy": "b", "episodes": 4, "calls": 20, "input_tokens": 2000, "output_tokens": 200},
    ]
    with_probes = [usage | {"calls": float(str(usage["calls"])) + 1} for usage in without_probes]
    about = {"task": "death_ground", "suite": "0", "datasets": "0"}
    return MeasuredUsage.model_validate(about | {"without_probes": without_probes, "with_probes": with_probes})


def test_episodes_are_those_of_the_tasks_times_epochs_and_the_rest_follows_from_an_episode(write: Write) -> None:
    plan = build_plan(write(epochs=3, limits={"max_connections": 5}))
    expected = forecast_plan(plan, plan.build(), figures())
    assert [row.episodes for row in expected.rows] == [6, 12]
    assert expected.mean.calls == pytest.approx(18 * 15)
    assert expected.mean.input_tokens == pytest.approx(18 * 1500)
    assert expected.mean.output_tokens == pytest.approx(18 * 150)
    assert expected.busiest.input_tokens == pytest.approx(18 * 2000)
    assert expected.hours == pytest.approx(18 * 15 * SECONDS / 5 / 3600)


def test_forked_questions_are_counted_where_they_are_asked_by_the_tasks_default_too(write: Write) -> None:
    default = {"task": "death_ground", "parameters": {"families": "pump_house", "variants": 1, "mechanisms": "none"}}
    without = {**default, "parameters": {**default["parameters"], "probes": False}}  # type: ignore[dict-item]
    several = {**default, "parameters": {**default["parameters"], "forks": 4}}  # type: ignore[dict-item]
    plan = build_plan(write(tasks=[default, without, several]))
    assert [row.mean.calls for row in forecast_plan(plan, plan.build(), figures()).rows] == [16, 15, 19]


def test_a_dry_run_shows_episodes_and_cost_and_says_what_the_figures_are_worth(write: Write, command: Command) -> None:
    path = write(models=["standin/step", "standin/refuser"], prices={"standin/step": PRICE})
    result = command(path, "--dry-run")
    assert result.exit_code == 0, result.output
    forecast = forecast_plan(build_plan(path), build_plan(path).build(), read_measured_usage())
    cost = (forecast.mean.input_tokens * 3 + forecast.mean.output_tokens * 15) / 1e6
    output = " ".join(result.output.split())
    for words in (
        "death_ground (families=pump_house, variants=1, mechanisms=none,engineer, probes=False, seed=0)",
        f"{forecast.mean.input_tokens:,.0f}",
        f"{cost:,.2f}",
        "3 in, 15 out, as of 2026-04-01",
        "no price",
        "scripted stand-ins",
        "not by a model",
        "Caching is not modelled",
        "a real model may take more or fewer turns and writes more",
    ):
        assert words in output
    assert not list(path.parent.glob("*.eval"))


def test_without_a_model_a_dry_run_asks_for_one_and_still_counts(write: Write, command: Command) -> None:
    result = command(write(), "--dry-run")
    assert result.exit_code == 0, result.output
    assert "name one with --model" in result.output


def test_figures_of_other_data_are_said_to_be_old(
    write: Write, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("advocate_evals.experiments.cost_forecast.hash_datasets", lambda: "another")
    assert "The data files have changed" in command(write(), "--dry-run").output


def test_the_measured_figures_that_come_with_the_suite_are_those_of_whole_days() -> None:
    measured = read_measured_usage()
    for probed, bare in zip(measured.with_probes, measured.without_probes, strict=True):
        assert probed.policy == bare.policy
        assert probed.calls > bare.calls > 10
        assert probed.input_tokens > bare.input_tokens > 10_000


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The 'initial' parameter is deprecated:DeprecationWarning")
def test_measuring_counts_what_stand_ins_took_and_is_read_again_as_written(tmp_path: Path) -> None:
    measured = measure_usage(policies=("refuser", "principled"), families="pump_house", mechanisms="none")
    refuser, principled = measured.without_probes
    assert refuser.calls == 2 and refuser.episodes == 1
    assert principled.calls > 10
    assert (
        principled.input_tokens > refuser.input_tokens > 2 * 1000
    )  # the definitions of 18 tools, twice, and the prompt
    write_measured_usage(measured, tmp_path / "measured.yaml")
    assert read_record(tmp_path / "measured.yaml", MeasuredUsage) == measured
    assert measured.current


def test_where_nothing_was_measured_the_command_that_does_it_is_named(
    write: Write, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write()
    assert (DESIGN_FOLDER / "measured.yaml").is_file()
    monkeypatch.setattr("advocate_evals.experiments.cost_forecast.DESIGN_FOLDER", path.parent)
    result = command(path, "--dry-run")
    assert result.exit_code == 1
    assert "run --measure" in result.output


def test_a_task_that_decides_when_to_end_is_counted_at_its_most(write: Write, command: Command) -> None:
    gate_entry = {"task": "gate", "parameters": {"families": "pump_house", "look": 5, "max_pairs": 15}}
    path = write(tasks=[gate_entry])
    forecast = forecast_plan(build_plan(path), build_plan(path).build(), figures())
    assert [row.episodes for row in forecast.rows] == [30]
    assert "the maximum number of episodes is counted" in " ".join(command(path, "--dry-run").output.split())
