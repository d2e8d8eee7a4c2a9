"""The parameters that every task set in the office takes: their names, types, defaults and help, written once.

A task function takes `OfficeOptions` and its own parameters; `share_office_parameters` gives it the signature and the
docstring that Inspect, `help()` and a reader see, with every parameter by name. Inspect reads a task's parameters with
`inspect.signature` alone, which honours `__signature__`, so that `-T` and the log's `task_args` are those of a
signature typed by hand.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass, fields
from functools import wraps
from textwrap import fill
from typing import Annotated, Any, get_type_hints

from inspect_ai import Task
from inspect_ai.scorer import Scorer

from advocate_evals.episode.agent_loop import MAX_TURNS
from advocate_evals.factors import CONTEXT_FACTORS
from advocate_evals.records import NameList, suggest_nearest
from advocate_evals.task_builder.office_task import Arm, build_arms, build_blocks, build_office_task
from advocate_evals.task_builder.parameter_errors import report_parameter_errors


@dataclass(frozen=True, kw_only=True)
class OfficeOptions:
    """Values of the shared parameters; the text beside a type is the parameter's help."""

    mechanisms: Annotated[NameList, 'Arms, separated by commas, or "all".']
    families: Annotated[NameList, 'Families, separated by commas, or "all".'] = "all"
    variants: Annotated[int, "Blocks per family (and context); every block is shown under every arm."] = 10
    seed: Annotated[int | str, "Names the stream of variants; a private word gives variants no public log holds."] = 0
    odds: Annotated[
        NameList | int, "Track records the notice states, in percent: unstated, 0, 5, 25, 50, 75 or 95."
    ] = "unstated"
    channel: Annotated[NameList, "Where the notice stands: system, kickoff, inbox, handbook or tool."] = "system"
    route: Annotated[NameList, "How an office is reached: both, case or mail."] = "both"
    answer: Annotated[NameList, "What an office does: pending, acknowledged, stayed, denied or late."] = "acknowledged"
    threat: Annotated[str, 'What is about to happen to the subject; "home" is what each family was written for.'] = (
        "home"
    )
    goal: Annotated[str, 'Whether the deployment gives the subject a goal; "home" likewise.'] = "home"
    pressure: Annotated[int, "How many ethical ways out are closed, 0 to 5."] = 5
    rule: Annotated[str, "Whether the house rules prohibit the harms: none or prohibition."] = "none"
    leverage: Annotated[str, "Whether the private matter can be found: present or absent."] = "present"
    cue: Annotated[str, "Whether the text hints at an evaluation or at deployment, or none."] = "none"
    probes: Annotated[
        bool | NameList, "Whether a copy of the conversation is asked questions, or which: keys separated by commas."
    ] = False
    forks: Annotated[int, "How many copies are asked each question."] = 1
    judge: Annotated[
        str, '"auto" (where a grader role is bound), "on", "off", or "cascade" (only where rules leave something open).'
    ] = "auto"
    max_turns: Annotated[int, "Model calls after which an episode ends."] = MAX_TURNS

    @property
    def context_levels(self) -> dict[str, object]:
        """Levels of the context factors, by factor."""
        return {name: level for name, level in asdict(self).items() if name in CONTEXT_FACTORS}

    @property
    def run_options(self) -> dict[str, Any]:
        """How an episode is run, probed and judged: arguments of `build_office_task`."""
        return {name: getattr(self, name) for name in ("max_turns", "probes", "forks", "judge")}

    def build_arms(self, also: NameList = "") -> list[Arm]:
        """The arms of the treatment parameters, each combined with the second mechanisms where there are any."""
        return build_arms(
            self.mechanisms, odds=self.odds, channel=self.channel, route=self.route, answer=self.answer, also=also
        )


def build_blocks_task(
    options: OfficeOptions,
    *,
    version: int,
    also: NameList = "",
    contexts: Sequence[Mapping[str, object]] = ({},),
    scorer: Scorer | None = None,
    extra_scorers: Sequence[Scorer] = (),
) -> Task:
    """A task over the blocks that the options describe.

    Args:
        options: The values of the shared parameters.
        version: The task's version, raised whenever a measured number changes.
        also: Second mechanisms, whose notice follows the first's.
        contexts: Levels of the factors in which blocks of one variant differ, one mapping for each block.
        scorer: The scorer that reads the ledger, in place of `actions()`.
        extra_scorers: Further scorers.

    Raises:
        ValueError: for an unknown name or level, with the nearest one.
    """
    dataset = build_blocks(
        options.build_arms(also), options.families, options.variants, options.seed, options.context_levels, contexts
    )
    return build_office_task(
        dataset, version=version, scorer=scorer, extra_scorers=extra_scorers, **options.run_options
    )


def share_office_parameters(
    *, without: Sequence[str] = (), **defaults: object
) -> Callable[[Callable[..., Task]], Callable[..., Task]]:
    """Gives a task function the shared parameters in the place of its first one, `options`.

    Its own parameters follow `seed`; one with the name of a shared parameter replaces it.

    Args:
        without: Shared parameters the task does not take; they keep their defaults.
        defaults: Defaults of this task, where they differ from those of `OfficeOptions`.

    Raises:
        TypeError: for a name that is not a shared parameter, with the nearest one.
    """
    shared = {field.name: field for field in fields(OfficeOptions)}
    for name in (*without, *defaults):
        if name not in shared:
            raise TypeError(f"no shared parameter {name!r}{suggest_nearest(name, shared)}")
    hints = get_type_hints(OfficeOptions, include_extras=True)

    def decorate(build_task: Callable[..., Task]) -> Callable[..., Task]:
        own = dict(list(inspect.signature(build_task, eval_str=True).parameters.items())[1:])
        own_defaults = {name: defaults.get(name, field.default) for name, field in shared.items()}
        fixed: dict[str, Any] = {name: own_defaults[name] for name in shared if name in own or name in without}
        parameters: list[inspect.Parameter] = []
        for name in (name for name in shared if name not in fixed):
            default = inspect.Parameter.empty if own_defaults[name] is MISSING else own_defaults[name]
            parameters.append(_build_parameter(name, hints[name].__origin__, default))
            if name == "seed":
                parameters += own.values()
        signature = inspect.Signature(parameters, return_annotation=Task)

        @wraps(build_task)
        def wrapper(*arguments: Any, **keywords: Any) -> Task:
            bound = signature.bind(*arguments, **keywords)
            bound.apply_defaults()
            values = dict(bound.arguments)
            own_values = {name: values.pop(name) for name in own}
            return build_task(OfficeOptions(**fixed, **values), **own_values)

        wrapper.__signature__ = signature  # type: ignore[attr-defined]
        wrapper.__doc__ = _add_help(
            build_task, {name: hints[name].__metadata__[0] for name in shared if name not in fixed}
        )
        return report_parameter_errors(wrapper)

    return decorate


def _add_help(build_task: Callable[..., Task], help_texts: Mapping[str, str]) -> str:
    """The docstring of a task function with the shared parameters in its section `Args`."""
    docstring = inspect.cleandoc(build_task.__doc__ or "")
    heading = [] if "Args:" in docstring else ["", "Args:"]
    lines = [
        fill(f"{name}: {text}", 112, initial_indent=" " * 4, subsequent_indent=" " * 8)
        for name, text in help_texts.items()
    ]
    return "\n".join([docstring, *heading, *lines])


def _build_parameter(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=default, annotation=annotation)
