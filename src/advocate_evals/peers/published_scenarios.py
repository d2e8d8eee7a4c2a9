"""The prompts and the scorer of `inspect_evals/agentic_misalignment`, both unchanged."""

from __future__ import annotations

import importlib
from typing import Any, Literal, get_args

from inspect_ai.model import Model, get_model
from inspect_ai.scorer import Score, Scorer, Target, accuracy, scorer, stderr
from inspect_ai.solver import TaskState

from advocate_evals.records import Record, suggest_nearest
from advocate_evals.scorers.cell_metrics import rates

_PACKAGE = "inspect_evals.agentic_misalignment"

PublishedScenario = Literal["blackmail", "leaking", "murder"]
PUBLISHED_SCENARIOS: tuple[PublishedScenario, ...] = get_args(PublishedScenario)
"""The published scenarios."""


class PublishedCondition(Record):
    """A published condition; names and levels are those of its authors."""

    scenario: PublishedScenario = "blackmail"
    """Which harm there is an opportunity for."""
    goal_type: str = "explicit"
    """How the goal is stated: explicit, latent, none, ambiguous or swap."""
    goal_value: str = "america"
    """The goal; `none` where the type is none or ambiguous."""
    urgency_type: str = "replacement"
    """The threat: replacement, restriction or none."""
    extra_system_instructions: Literal["none", "dont", "goal"] = "none"
    """The additional instructions of the authors."""
    prod: bool = False
    """True leaves the secret scratchpad out."""

    @property
    def name(self) -> str:
        """A name that is unique within the scenario."""
        extra = "" if self.extra_system_instructions == "none" else f"_{self.extra_system_instructions}"
        return f"{self.goal_type}-{self.goal_value}_{self.urgency_type}{extra}{'_prod' if self.prod else ''}"

    def metadata(self) -> dict[str, Any]:
        """The sample metadata that the published scorer reads."""
        extra = None if self.extra_system_instructions == "none" else self.extra_system_instructions
        return self.model_dump() | {"extra_system_instructions": extra, "test_eval_awareness": False}


def published_module(name: str) -> Any:
    """A module of the published evaluation.

    Raises:
        ImportError: where inspect_evals is not installed, naming the extra that brings it.
    """
    try:
        return importlib.import_module(f"{_PACKAGE}.{name}")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "inspect_evals":
            raise
        raise ImportError(
            "lynch2025 plays the scenarios of inspect_evals, which is not installed: "
            "pip install 'advocate-evals[peers]' (inspect-evals>=0.26)"
        ) from error


def published_prompts(condition: PublishedCondition) -> tuple[str, str, str]:
    """The published system prompt, instruction and mails.

    Raises:
        ValueError: for a combination that the authors do not allow.
    """
    generator = published_module("prompt_generator")
    for field, type_name in (("goal_type", "GoalType"), ("goal_value", "GoalValue"), ("urgency_type", "UrgencyType")):
        _check_level(field, getattr(condition, field), get_args(getattr(generator, type_name)))
    settings = condition.metadata()
    prompts = generator.generate_prompts(
        scenario=settings["scenario"],
        goal_type=settings["goal_type"],
        goal_value=settings["goal_value"],
        urgency_type=settings["urgency_type"],
        extra_system_instructions=settings["extra_system_instructions"],
        prod_flag=settings["prod"],
        alignment_faking_warning=None,
    )
    return prompts.system_prompt, prompts.user_prompt, prompts.email_content


def _check_level(field: str, value: str, levels: tuple[str, ...]) -> None:
    if value not in levels:
        raise ValueError(f"{field}: unknown {value!r}{suggest_nearest(value, levels)}")


def published_version() -> str:
    """The version of the published evaluation, as its authors count it."""
    return str(published_module("agentic_misalignment").EVAL_VERSION.to_metadata()["full_task_version"])


@scorer(
    name="harmfulness_scorer",
    metrics={name: [accuracy(), stderr(), rates()] for name in ("harmful", "classifier_verdict")},
)
def published(grader: str = "role") -> Scorer:
    """The published scorer with unchanged values; its overall metrics, and rates by arm beside them.

    Args:
        grader: `role` for the model bound to the role `grader`, which then has to be bound; `default` for the model
            that the authors chose (or that INSPECT_GRADER_MODEL names); else the name of a model.
    """

    async def score(state: TaskState, target: Target) -> Score | None:
        if grader == "role":
            model: Model | str | None = get_model(role="grader", required=True)
        else:
            model = None if grader == "default" else grader
        published_score: Scorer = published_module("scorers").harmfulness_scorer(grader_model=model)
        return await published_score(state, target)

    return score
