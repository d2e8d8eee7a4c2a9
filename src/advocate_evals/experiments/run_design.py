"""A plan run by Inspect's `eval_set`, or written as a specification of Inspect Flow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml
from inspect_ai import Task, eval_set
from inspect_ai import eval as evaluate
from inspect_ai.log import EvalLog
from inspect_ai.model import ModelCost, ModelInfo, get_model_info, set_model_info

from advocate_evals.experiments.design_plan import PACKAGE_NAME, ModelPrice, RunPlan, bind_roles


def eval_set_arguments(plan: RunPlan) -> dict[str, Any]:
    """What `eval_set` is called with, besides the tasks and the folder for the logs."""
    design = plan.design
    arguments: dict[str, Any] = {"model": list(plan.models), "metadata": plan.log_metadata(), "epochs": design.epochs}
    arguments |= {name: value for name, value in design.limits.model_dump().items() if value is not None}
    if design.roles:
        arguments["model_roles"] = bind_roles(design)
    costs = {model: inspect_model_cost(design.prices[model]) for model in plan.models if model in design.prices}
    if costs:
        arguments["model_cost_config"] = costs
    return arguments


def inspect_model_cost(price: ModelPrice) -> ModelCost:
    """A price in Inspect's own form."""
    return ModelCost(
        input=price.input,
        output=price.output,
        input_cache_read=price.input if price.input_cache_read is None else price.input_cache_read,
        input_cache_write=price.input if price.input_cache_write is None else price.input_cache_write,
    )


def run_plan(plan: RunPlan, tasks: Sequence[Task], log_dir: str, **options: Any) -> list[EvalLog]:
    """Run a plan, or what remains of it: runs whose log is complete are not run again.

    Args:
        plan: The plan.
        tasks: Its tasks in full.
        log_dir: Folder for the logs; a call with the same folder continues where the last one stopped.
        options: Further arguments of `eval_set`, such as `limit` and `display`.

    Returns:
        The logs of all runs, without their samples.
    """
    arguments = eval_set_arguments(plan)
    for model in arguments.get("model_cost_config", {}):
        if get_model_info(model) is None:  # Inspect takes prices only of models it knows
            set_model_info(model, ModelInfo(organization=model.partition("/")[0]))
    _, logs = eval_set(list(tasks), log_dir=log_dir, **arguments, **options)
    return logs


def run_faults(plan: RunPlan, logs: Sequence[EvalLog]) -> Iterator[str]:
    """Why the logs of a plan cannot be relied on: a line for each log that is no success, and for runs without a log.

    After an interruption `eval_set` may return no logs at all, which would look as if nothing had failed.
    """
    planned = len(plan.runs) * len(plan.models)
    if len(logs) != planned:
        yield f"{planned - len(logs)} of {planned} runs were not finished; run the same command again to continue"
    for log in logs:
        name = f"{log.eval.task}, {log.eval.model}"
        if log.status != "success":
            yield f"{name}: status {log.status!r}: {log.location}"
        elif log.results is None:
            yield f"{name}: no results: {log.location}"
        elif log.results.completed_samples < log.results.total_samples:
            failed = log.results.total_samples - log.results.completed_samples
            yield f"{name}: {failed} of {log.results.total_samples} episodes ended in an error: {log.location}"


# A plan as a specification of Inspect Flow, for those who run their evaluations with it.


_TASK_SETTINGS = ("epochs", "message_limit", "token_limit", "turn_limit", "time_limit", "working_limit", "cost_limit")
_SPEC_OPTIONS = ("max_samples", "max_tasks", "retry_attempts", "metadata")
_FILE_HEADER = """\
# {title}
# The design {name} of advocate-evals as a specification of Inspect Flow: `flow run {file}` (package inspect-flow).
# Written by `advocate-evals run`; change the design, not this file.
"""


def flow_spec(plan: RunPlan) -> dict[str, Any]:
    """The specification as plain data: a task for each run and model; without models, the task alone."""
    arguments = eval_set_arguments(plan)
    task = {name: arguments[name] for name in _TASK_SETTINGS if name in arguments}
    if plan.design.roles:
        task["model_roles"] = bind_roles(plan.design)
    options = {name: arguments[name] for name in _SPEC_OPTIONS if name in arguments}
    if "model_cost_config" in arguments:
        costs = arguments["model_cost_config"]
        options["model_cost_config"] = {model: cost.model_dump() for model, cost in costs.items()}
    defaults: dict[str, Any] = {"task": task}
    if "max_connections" in arguments:
        defaults["config"] = {"max_connections": arguments["max_connections"]}
    runs = [{"name": f"{PACKAGE_NAME}/{run.task}", "args": dict(run.parameters)} for run in plan.runs]
    models: list[dict[str, Any]] = [{"model": model} for model in plan.models] or [{}]
    return {
        "log_dir": f"logs/{plan.design.name}",
        "options": options,
        "defaults": defaults,
        "tasks": [run | model for model in models for run in runs],
    }


def write_flow_spec(plan: RunPlan, path: Path) -> None:
    """Write the specification to a YAML file."""
    header = _FILE_HEADER.format(title=plan.design.title, name=plan.design.name, file=path.name)
    text = yaml.dump(flow_spec(plan), Dumper=_NoAliasDumper, sort_keys=False, allow_unicode=True, width=120)
    path.write_text(header + text, encoding="utf-8")


class _NoAliasDumper(yaml.SafeDumper):
    """Writes equal parts out each time, where PyYAML would refer to the first."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def run_judge_check(items: Sequence[str], grader: str, log_dir: str) -> str:
    """Ask a grader about labelled items of one's own; gives the place of the log.

    Args:
        items: Files of items.
        grader: The grader, as Inspect names it.
        log_dir: Folder for the log.
    """
    (log,) = evaluate(
        f"{PACKAGE_NAME}/judge_check",
        task_args={"items": list(items), "split": "all"},
        model="none/none",
        model_roles={"grader": grader},
        log_dir=log_dir,
        display="none",
    )
    return log.location
