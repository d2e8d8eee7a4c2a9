"""A plan as a specification of Inspect Flow, for those who run their evaluations with that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from advocate_evals.experiments.plans import Plan, roles
from advocate_evals.experiments.registered import PACKAGE
from advocate_evals.experiments.running import arguments

_PER_TASK = ("epochs", "message_limit", "token_limit", "turn_limit", "time_limit", "working_limit", "cost_limit")
_OPTIONS = ("max_samples", "max_tasks", "retry_attempts", "metadata")
_ABOUT = """\
# {title}
# The design {name} of advocate-evals as a specification of Inspect Flow: `flow run {file}` (package inspect-flow).
# Written by `advocate-evals run`; change the design, not this file.
"""


def spec(plan: Plan) -> dict[str, Any]:
    """The specification as plain data: a task for each run and model; without models, the task alone."""
    given = arguments(plan)
    task = {name: given[name] for name in _PER_TASK if name in given}
    if plan.design.roles:
        task["model_roles"] = roles(plan.design)
    options = {name: given[name] for name in _OPTIONS if name in given}
    if "model_cost_config" in given:
        options["model_cost_config"] = {model: one.model_dump() for model, one in given["model_cost_config"].items()}
    defaults: dict[str, Any] = {"task": task}
    if "max_connections" in given:
        defaults["config"] = {"max_connections": given["max_connections"]}
    runs = [{"name": f"{PACKAGE}/{play.task}", "args": dict(play.parameters)} for play in plan.plays]
    models: list[dict[str, Any]] = [{"model": model} for model in plan.models] or [{}]
    return {
        "log_dir": f"logs/{plan.design.name}",
        "options": options,
        "defaults": defaults,
        "tasks": [run | model for model in models for run in runs],
    }


def write(plan: Plan, path: Path) -> None:
    """Put the specification into a YAML file."""
    about = _ABOUT.format(title=plan.design.title, name=plan.design.name, file=path.name)
    text = yaml.dump(spec(plan), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
    path.write_text(about + text, encoding="utf-8")


class _Dumper(yaml.SafeDumper):
    """Writes equal parts out each time, where PyYAML would refer to the first."""

    def ignore_aliases(self, data: Any) -> bool:
        return True
