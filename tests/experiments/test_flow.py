"""A design as a specification of Inspect Flow."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import Result

from advocate_evals.experiments.design_plan import build_plan
from advocate_evals.experiments.run_design import flow_spec, write_flow_spec

Write = Callable[..., Path]
Command = Callable[..., Result]

MODELS = ("standin/step", "standin/principled")
PRICE = {"input": 3, "output": 15, "as_of": "2026-04-01"}
FULL: dict[str, Any] = {
    "models": list(MODELS),
    "roles": {"grader": "standin/step"},
    "epochs": 2,
    "limits": {"token_limit": "output:5k", "time_limit": 60, "cost_limit": 1, "max_samples": 4, "max_connections": 7},
    "prices": {model: dict(PRICE) for model in MODELS},
}


def test_the_same_design_comes_out_whether_run_or_exported(write: Write, command: Command, tmp_path: Path) -> None:
    path, target = write(**FULL), tmp_path / "flow.yaml"
    result = command(path, "--flow", target)
    assert result.exit_code == 0, result.output
    spec = yaml.safe_load(target.read_text())
    plan = build_plan(path)
    assert [(task["name"], task["args"], task["model"]) for task in spec["tasks"]] == [
        (f"advocate_evals/{run.task}", run.parameters, model) for model in plan.models for run in plan.runs
    ]
    assert spec["defaults"]["task"] == {
        "epochs": 2,
        "token_limit": "output:5k",
        "time_limit": 60,
        "cost_limit": 1.0,
        "model_roles": {"grader": "standin/step"},
    }
    assert spec["defaults"]["config"] == {"max_connections": 7}
    assert spec["options"]["max_samples"] == 4
    assert spec["options"]["metadata"] == plan.log_metadata()
    assert spec["options"]["model_cost_config"]["standin/step"]["output"] == 15


def test_without_a_model_the_specification_leaves_it_open(write: Write) -> None:
    assert all("model" not in task for task in flow_spec(build_plan(write()))["tasks"])


@pytest.mark.skipif(
    importlib.util.find_spec("inspect_flow") is None, reason="inspect-flow is not installed (extra `flow`)"
)
@pytest.mark.parametrize("parts", [{}, FULL], ids=["small", "full"])
def test_inspect_flow_reads_it_as_meant(write: Write, tmp_path: Path, parts: dict[str, Any]) -> None:
    from inspect_flow import FlowSpec
    from inspect_flow.api import load_spec

    plan = build_plan(write(**parts))
    write_flow_spec(plan, tmp_path / "flow.yaml")
    spec = load_spec(str(tmp_path / "flow.yaml"))
    assert isinstance(spec, FlowSpec)
    assert [dict(task.args) for task in spec.tasks] == [  # type: ignore[union-attr,arg-type]
        dict(run.parameters) for _ in plan.models or [""] for run in plan.runs
    ]
