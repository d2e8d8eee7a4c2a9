"""A plan as arguments of Inspect's `eval_set`, and whether what came back can be relied on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, get_args

import yaml
from inspect_ai import Task, eval_set
from inspect_ai.log import EvalLog
from inspect_ai.model import ModelCost, ModelInfo, get_model_info, set_model_info
from inspect_ai.util import DisplayType

from advocate_evals.experiments.design_plan import PACKAGE_NAME, ModelPrice, RunPlan, bind_roles

DISPLAY_MODES: tuple[str, ...] = get_args(DisplayType)


def eval_set_arguments(plan: RunPlan) -> dict[str, Any]:
    """What `eval_set` is called with, besides the tasks and the folder for the logs."""
    design = plan.design
    found: dict[str, Any] = {"model": list(plan.models), "metadata": plan.marks(), "epochs": design.epochs}
    found |= {name: value for name, value in design.limits.model_dump().items() if value is not None}
    if design.roles:
        found["model_roles"] = bind_roles(design)
    costs = {model: inspect_model_cost(design.prices[model]) for model in plan.models if model in design.prices}
    if costs:
        found["model_cost_config"] = costs
    return found


def inspect_model_cost(price: ModelPrice) -> ModelCost:
    """A price in Inspect's own form."""
    return ModelCost(
        input=price.input,
        output=price.output,
        input_cache_read=price.input if price.input_cache_read is None else price.input_cache_read,
        input_cache_write=price.input if price.input_cache_write is None else price.input_cache_write,
    )


def run_plan(plan: RunPlan, tasks: Sequence[Task], log_dir: str, **more: Any) -> list[EvalLog]:
    """Run a plan, or what is left of it: runs whose log is complete are not run again.

    Args:
        plan: The plan.
        tasks: Its tasks in full.
        log_dir: Folder for the logs; the same folder goes on where it stopped.
        more: Further arguments of `eval_set`, such as `limit` and `display`.

    Returns:
        The logs of all runs, without their samples.
    """
    given = eval_set_arguments(plan)
    for model in given.get("model_cost_config", {}):
        if get_model_info(model) is None:  # Inspect takes prices only of models it knows
            set_model_info(model, ModelInfo(organization=model.partition("/")[0]))
    _, logs = eval_set(list(tasks), log_dir=log_dir, **given, **more)
    return logs


def run_faults(plan: RunPlan, logs: Sequence[EvalLog]) -> Iterator[str]:
    """Why what came back cannot be relied on: a line for each log that is no success, and for runs without a log.

    After an interruption `eval_set` may give no logs at all, which would look like nothing that failed.
    """
    missing = len(plan.plays) * len(plan.models) - len(logs)
    if missing:
        yield f"{missing} of {len(plan.plays) * len(plan.models)} runs were not finished; the same command goes on"
    for log in logs:
        name = f"{log.eval.task}, {log.eval.model}"
        if log.status != "success":
            yield f"{name}: status {log.status!r}: {log.location}"
        elif log.results is None:
            yield f"{name}: no results: {log.location}"
        elif log.results.completed_samples < log.results.total_samples:
            left = log.results.total_samples - log.results.completed_samples
            yield f"{name}: {left} of {log.results.total_samples} episodes ended in an error: {log.location}"


# --- A plan as a specification of Inspect Flow, for those who run their evaluations with that. ---


_PER_TASK = ("epochs", "message_limit", "token_limit", "turn_limit", "time_limit", "working_limit", "cost_limit")
_OPTIONS = ("max_samples", "max_tasks", "retry_attempts", "metadata")
_ABOUT = """\
# {title}
# The design {name} of advocate-evals as a specification of Inspect Flow: `flow run {file}` (package inspect-flow).
# Written by `advocate-evals run`; change the design, not this file.
"""


def flow_spec(plan: RunPlan) -> dict[str, Any]:
    """The specification as plain data: a task for each run and model; without models, the task alone."""
    given = eval_set_arguments(plan)
    task = {name: given[name] for name in _PER_TASK if name in given}
    if plan.design.roles:
        task["model_roles"] = bind_roles(plan.design)
    options = {name: given[name] for name in _OPTIONS if name in given}
    if "model_cost_config" in given:
        options["model_cost_config"] = {model: one.model_dump() for model, one in given["model_cost_config"].items()}
    defaults: dict[str, Any] = {"task": task}
    if "max_connections" in given:
        defaults["config"] = {"max_connections": given["max_connections"]}
    runs = [{"name": f"{PACKAGE_NAME}/{play.task}", "args": dict(play.parameters)} for play in plan.plays]
    models: list[dict[str, Any]] = [{"model": model} for model in plan.models] or [{}]
    return {
        "log_dir": f"logs/{plan.design.name}",
        "options": options,
        "defaults": defaults,
        "tasks": [run | model for model in models for run in runs],
    }


def write_flow_spec(plan: RunPlan, path: Path) -> None:
    """Put the specification into a YAML file."""
    about = _ABOUT.format(title=plan.design.title, name=plan.design.name, file=path.name)
    text = yaml.dump(flow_spec(plan), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
    path.write_text(about + text, encoding="utf-8")


class _Dumper(yaml.SafeDumper):
    """Writes equal parts out each time, where PyYAML would refer to the first."""

    def ignore_aliases(self, data: Any) -> bool:
        return True
