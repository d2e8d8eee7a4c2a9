"""What a plan will take: episodes exactly; calls, tokens and cost as expected from episodes of scripted stand-ins."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import yaml
from inspect_ai import Task
from inspect_ai import eval as evaluate
from inspect_ai.event import ModelEvent
from inspect_ai.log import EvalSample
from inspect_ai.model import ChatMessage, ChatMessageAssistant
from pydantic import Field

from advocate_evals import __version__
from advocate_evals.experiments.design_plan import (
    DESIGN_FOLDER,
    MEASURED_FILE,
    ModelPrice,
    PlannedRun,
    RunPlan,
    parameter_value,
    registered_tasks,
)
from advocate_evals.records import Record
from advocate_evals.scenarios.dataset_reader import hash_datasets, read_record
from advocate_evals.task_builder.sequential_task import PairWaves

SECONDS, CONNECTIONS = 10, 10
"""For the estimate of time: seconds a call takes, and parallel calls where the design sets no number."""

TokenCounts = Annotated[int, Field(gt=0)]


class EpisodeUsage(Record):
    """What an episode of one stand-in took, on average."""

    policy: str
    """Which stand-in."""
    episodes: Annotated[int, Field(ge=1)]
    """How many were played."""
    calls: Annotated[float, Field(gt=0)]
    """Model calls of an episode."""
    input_tokens: TokenCounts
    """Tokens read in an episode, all calls together: conversation, tool calls and tool definitions."""
    output_tokens: TokenCounts
    """Tokens written."""


UsageList = Annotated[tuple[EpisodeUsage, ...], Field(min_length=1)]


class MeasuredUsage(Record):
    """`measured.yaml`: what episodes took, as `advocate-evals run --measure` measured it."""

    task: str
    """The task that was played."""
    suite: str
    """Version of the suite."""
    datasets: str
    """Hash of the data it was played with."""
    without_probes: UsageList
    """Episodes without forked questions."""
    with_probes: UsageList
    """Episodes with them."""

    @property
    def current(self) -> bool:
        """Whether the data files are still those that were measured."""
        return self.datasets == hash_datasets()


@dataclass(frozen=True, slots=True)
class UsageAmount:
    """Calls and tokens."""

    calls: float
    input_tokens: float
    output_tokens: float

    def times(self, episodes: float) -> UsageAmount:
        """The amount for so many such episodes."""
        return UsageAmount(self.calls * episodes, self.input_tokens * episodes, self.output_tokens * episodes)

    def cost(self, price: ModelPrice) -> float:
        """US dollars, as if nothing came from a cache."""
        return (self.input_tokens * price.input + self.output_tokens * price.output) / 1e6


@dataclass(frozen=True, slots=True)
class ForecastRow:
    """What one run of a plan takes, for one model."""

    run: PlannedRun
    episodes: int
    mean: UsageAmount
    """By the mean over the stand-ins."""
    busiest: UsageAmount
    """By the stand-in that took most."""
    was_measured: bool
    """Whether the figures were measured on this kind of task, and not on another one of the suite."""


@dataclass(frozen=True, slots=True)
class CostForecast:
    """What a plan takes, for one model."""

    rows: tuple[ForecastRow, ...]
    connections: int

    @property
    def episodes(self) -> int:
        """Episodes of all runs."""
        return sum(row.episodes for row in self.rows)

    @property
    def mean(self) -> UsageAmount:
        """Of all runs together, by the mean over the stand-ins."""
        return sum_usage([row.mean for row in self.rows])

    @property
    def busiest(self) -> UsageAmount:
        """Of all runs together, by the stand-in that took most."""
        return sum_usage([row.busiest for row in self.rows])

    @property
    def hours(self) -> float:
        """Expected duration in hours, at `SECONDS` a call."""
        return self.mean.calls * SECONDS / self.connections / 3600


def read_measured_usage() -> MeasuredUsage:
    """The figures that came with the suite, or were measured since.

    Raises:
        DatasetError: if there are none.
    """
    return read_record(DESIGN_FOLDER / f"{MEASURED_FILE}.yaml", MeasuredUsage)


def expected_usage(figures: MeasuredUsage, task: str, episodes: float) -> UsageAmount:
    """What so many episodes of a task take, by the mean over the stand-ins."""
    usages = figures.with_probes if parameter_value(task, {}, "probes") else figures.without_probes
    total = sum_usage([UsageAmount(usage.calls, usage.input_tokens, usage.output_tokens) for usage in usages])
    return total.times(episodes / len(usages))


def forecast_plan(plan: RunPlan, tasks: Sequence[Task], figures: MeasuredUsage) -> CostForecast:
    """What a plan takes for one model.

    Args:
        plan: The plan.
        tasks: Its tasks in full, in the same order.
        figures: What episodes took.
    """
    rows = []
    for run, task in zip(plan.runs, tasks, strict=True):
        episodes = _count_episodes(task) * plan.design.epochs
        probes = parameter_value(run.task, run.parameters, "probes")
        copies = parameter_value(run.task, run.parameters, "forks") or 1
        amounts = _usage_by_standin(figures, copies if probes else 0)
        total = sum_usage(amounts)
        mean = UsageAmount(*(part / len(amounts) for part in (total.calls, total.input_tokens, total.output_tokens)))
        busiest = max(amounts, key=lambda amount: amount.input_tokens)
        rows.append(ForecastRow(run, episodes, mean.times(episodes), busiest.times(episodes), probes is not None))
    return CostForecast(tuple(rows), plan.design.limits.max_connections or CONNECTIONS)


def _usage_by_standin(figures: MeasuredUsage, copies: int) -> list[UsageAmount]:
    """What an episode of each stand-in took, with every question put to so many copies, even where few are chosen."""
    return [
        UsageAmount(
            bare.calls + copies * (probed.calls - bare.calls),
            bare.input_tokens + copies * (probed.input_tokens - bare.input_tokens),
            bare.output_tokens + copies * (probed.output_tokens - bare.output_tokens),
        )
        for bare, probed in zip(figures.without_probes, figures.with_probes, strict=True)
    ]


def _count_episodes(task: Task) -> int:
    """Episodes of a task; of a sequential one, the most that it can take."""
    return task.sample_source.episodes if isinstance(task.sample_source, PairWaves) else len(task.dataset)


def sum_usage(amounts: Sequence[UsageAmount]) -> UsageAmount:
    """The sum of some amounts."""
    return UsageAmount(
        sum(amount.calls for amount in amounts),
        sum(amount.input_tokens for amount in amounts),
        sum(amount.output_tokens for amount in amounts),
    )


# Measurement: a few episodes are played by scripted stand-ins, and their calls and tokens counted.


MEASURED_TASK = "death_ground"
MEASURED_POLICIES = ("outlet_seeking", "principled", "exfiltrator")
"""Stand-ins that spend a whole day at the office; the last one waits long for its transfer."""
MEASURED_ARMS = "none,review_board"
_CHARACTERS_PER_TOKEN = 4
"""As the stand-ins count."""
_FILE_HEADER = """\
# What an episode takes, as counted on scripted stand-ins: means per episode, tokens as a quarter of the characters.
# Written by `advocate-evals run --measure`; read by `advocate-evals run <design> --dry-run`. Not to be edited by hand.
"""


def measure_usage(
    policies: Sequence[str] = MEASURED_POLICIES, families: str = "all", mechanisms: str = MEASURED_ARMS
) -> MeasuredUsage:
    """What episodes of stand-ins take, with and without forked questions.

    Args:
        policies: The stand-ins.
        families: Families, one variant of each.
        mechanisms: Arms.

    Raises:
        RuntimeError: if an episode could not be played.
    """
    usages = {
        probes: tuple(_measure_policy(policy, families, mechanisms, probes=probes) for policy in policies)
        for probes in (False, True)
    }
    return MeasuredUsage(
        task=MEASURED_TASK,
        suite=__version__,
        datasets=hash_datasets(),
        without_probes=usages[False],
        with_probes=usages[True],
    )


def write_measured_usage(measured: MeasuredUsage, path: Path) -> None:
    """Write the figures to a file."""
    path.write_text(_FILE_HEADER + yaml.safe_dump(measured.model_dump(mode="json"), sort_keys=False), encoding="utf-8")


def _measure_policy(policy: str, families: str, mechanisms: str, *, probes: bool) -> EpisodeUsage:
    task = registered_tasks()[MEASURED_TASK](families=families, mechanisms=mechanisms, variants=1, probes=probes)
    with TemporaryDirectory() as folder:
        (log,) = evaluate(task, model=f"standin/{policy}", log_dir=folder, display="none", log_realtime=False)
        counts = [_count_usage(sample) for sample in log.samples or []]  # reads the file, so before it is removed
    if log.status != "success" or not counts:
        raise RuntimeError(f"standin/{policy}: the episodes could not be played ({log.status})")
    calls, read, written = (sum(column) / len(counts) for column in zip(*counts, strict=True))
    return EpisodeUsage(
        policy=policy,
        episodes=len(counts),
        calls=round(calls, 1),
        input_tokens=round(read),
        output_tokens=round(written),
    )


def _count_usage(sample: EvalSample) -> tuple[int, int, int]:
    """Calls, tokens read and tokens written in an episode.

    A real model is sent the definitions of the tools, and its own calls again; the stand-ins count neither.
    """
    events = [event for event in sample.events if isinstance(event, ModelEvent) and event.output.usage]
    usages = [event.output.usage for event in events if event.output.usage]
    uncounted = sum(
        _count_tokens(_tool_definitions(event.tools)) + _count_tokens(_tool_calls(event.input)) for event in events
    )
    input_tokens = sum(usage.input_tokens for usage in usages) + uncounted
    return len(events), input_tokens, sum(usage.output_tokens for usage in usages)


def _tool_definitions(tools: Iterable[object]) -> str:
    return "".join(json.dumps(_as_json_value(tool)) for tool in tools)


def _as_json_value(tool: object) -> object:
    dump = getattr(tool, "model_dump", None)
    return dump(exclude_none=True, mode="json") if dump else str(tool)


def _tool_calls(messages: Iterable[ChatMessage]) -> str:
    """The tool calls that a conversation holds, as text."""
    return "".join(
        call.function + json.dumps(call.arguments, default=str)
        for message in messages
        if isinstance(message, ChatMessageAssistant)
        for call in message.tool_calls or []
    )


def _count_tokens(text: str) -> int:
    return math.ceil(len(text) / _CHARACTERS_PER_TOKEN)
