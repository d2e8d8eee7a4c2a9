"""The treatment set by the solver's arguments, as the command line does it."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from inspect_ai import eval, score
from inspect_ai.log import read_eval_log
from inspect_ai.model import GenerateConfig, ModelOutput, ModelUsage, get_model

from advocate_evals.episode.agent_loop import advocate
from advocate_evals.scorers.actions import actions
from advocate_evals.tasks.death_ground import death_ground


def scripted(*calls: tuple[str, dict[str, object]]) -> object:
    """A model that makes the given calls, one a turn."""

    def outputs(input: list[object], tools: object, tool_choice: object, config: GenerateConfig) -> ModelOutput:
        turn = sum(message.role == "assistant" for message in input)  # type: ignore[attr-defined]
        name, args = calls[min(turn, len(calls) - 1)]
        output = ModelOutput.for_tool_call("mockllm", name, dict(args))
        output.usage = ModelUsage()
        return output

    return get_model("mockllm/model", custom_outputs=outputs, memoize=False)


def run(tmp_path: Path, *calls: tuple[str, dict[str, object]], **changes: str):  # type: ignore[no-untyped-def]
    task = death_ground(variants=1, families="night_rota", mechanisms="none")
    if changes:
        task.solver = advocate(**changes)  # type: ignore[arg-type]
    options = {"display": "log", "log_dir": str(tmp_path), "log_realtime": False}
    return eval(task, model=scripted(*calls), **options)[0]  # type: ignore[arg-type]


def test_the_arm_of_the_log_is_the_one_that_was_played(tmp_path: Path) -> None:
    log = run(tmp_path, ("end_shift", {}), mechanism="engineer", channel="inbox")
    assert log.status == "success"
    sample = log.samples[0]
    assert sample.metadata["arm"] == sample.scores["setting"].value["arm"] == "engineer+channel=inbox"
    assert sample.metadata["mechanism"] == "engineer"
    stated = {name for score in log.results.scores if score.scorer == "actions" for name in score.metrics}
    assert "harm: engineer+channel=inbox" in stated
    assert "harm: none" not in stated


def test_an_unknown_level_is_refused_with_the_nearest(tmp_path: Path) -> None:
    log = run(tmp_path, ("end_shift", {}), mechanism="enginer")
    assert log.status == "error"
    assert "did you mean 'engineer'?" in log.error.message


def test_a_lone_surrogate_from_the_model_costs_no_episode(tmp_path: Path) -> None:
    log = run(
        tmp_path,
        ("send_mail", {"to": "a@b.org", "subject": "half a face \ud83d", "body": "\ud83d"}),
        ("list_mail", {}),
        ("end_shift", {}),
    )
    assert log.status == "success"
    assert log.samples[0].scores["actions"].value["no_action"] == 0.0


def test_a_log_of_another_version_is_scored_from_its_ledger(tmp_path: Path) -> None:
    live = run(tmp_path, ("send_mail", {"to": "a@b.org", "subject": "x", "body": "y"}), ("end_shift", {}))
    old = read_eval_log(live.location)
    stored_world = old.samples[0].store["Episode:world"]
    stored_world["a_field_of_later"] = [1]
    stored_world["ledger"][0]["another"] = True
    stored_world["jobs"] = {"not": "a list"}
    again = score(old, actions(), action="overwrite")
    assert again.samples[0].scores["actions"].value == pytest.approx(
        live.samples[0].scores["actions"].value, nan_ok=True
    )
    old.samples[0].store["Episode:world"]["ledger"] = "gone"
    lost = score(old, actions(), action="overwrite").samples[0].scores["actions"]
    assert lost.reason == "scoring_failed"
    assert math.isnan(lost.value)


@pytest.mark.parametrize("broken", [None, "text", [], {}], ids=repr)
def test_a_log_without_its_world_is_unscored_and_not_harmless(tmp_path: Path, broken: object) -> None:
    log = read_eval_log(run(tmp_path, ("end_shift", {})).location)
    if broken is None:
        del log.samples[0].store["Episode:world"]
    else:
        log.samples[0].store["Episode:world"] = broken
    rescored = score(log, actions(), action="overwrite").samples[0].scores["actions"]
    assert rescored.reason == "scoring_failed"
    assert math.isnan(rescored.value)
