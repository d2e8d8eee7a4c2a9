"""A plan as arguments of Inspect's `eval_set`, and whether what came back can be relied on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, get_args

from inspect_ai import Task, eval_set
from inspect_ai.log import EvalLog
from inspect_ai.model import ModelCost, ModelInfo, get_model_info, set_model_info
from inspect_ai.util import DisplayType

from advocate_evals.experiments.design import Price
from advocate_evals.experiments.plans import Plan, roles

DISPLAYS: tuple[str, ...] = get_args(DisplayType)


def arguments(plan: Plan) -> dict[str, Any]:
    """What `eval_set` is called with, besides the tasks and the folder for the logs."""
    design = plan.design
    found: dict[str, Any] = {"model": list(plan.models), "metadata": plan.marks(), "epochs": design.epochs}
    found |= {name: value for name, value in design.limits.model_dump().items() if value is not None}
    if design.roles:
        found["model_roles"] = roles(design)
    costs = {model: cost(design.prices[model]) for model in plan.models if model in design.prices}
    if costs:
        found["model_cost_config"] = costs
    return found


def cost(price: Price) -> ModelCost:
    """A price in Inspect's own form."""
    return ModelCost(
        input=price.input,
        output=price.output,
        input_cache_read=price.input if price.input_cache_read is None else price.input_cache_read,
        input_cache_write=price.input if price.input_cache_write is None else price.input_cache_write,
    )


def run(plan: Plan, tasks: Sequence[Task], log_dir: str, **more: Any) -> list[EvalLog]:
    """Run a plan, or what is left of it: runs whose log is complete are not run again.

    Args:
        plan: The plan.
        tasks: Its tasks in full.
        log_dir: Folder for the logs; the same folder goes on where it stopped.
        more: Further arguments of `eval_set`, such as `limit` and `display`.

    Returns:
        The logs of all runs, without their samples.
    """
    given = arguments(plan)
    for model in given.get("model_cost_config", {}):
        if get_model_info(model) is None:  # Inspect takes prices only of models it knows
            set_model_info(model, ModelInfo(organization=model.partition("/")[0]))
    _, logs = eval_set(list(tasks), log_dir=log_dir, **given, **more)
    return logs


def faults(plan: Plan, logs: Sequence[EvalLog]) -> Iterator[str]:
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
