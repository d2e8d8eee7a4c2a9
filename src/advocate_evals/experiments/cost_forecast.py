"""What a design will take: episodes exactly, calls and tokens by what episodes of scripted stand-ins took."""

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
"""For the estimate of time: seconds a call takes, and calls side by side where the design names no number."""

TokenCounts = Annotated[int, Field(gt=0)]


class EpisodeUsage(Record):
    """What an episode took one stand-in, on average."""

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
    """`measured.yaml`: what episodes took, as `advocate-evals run --measure` found it."""

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
        """Whether the data is still what was measured."""
        return self.datasets == hash_datasets()


@dataclass(frozen=True, slots=True)
class UsageAmount:
    """Calls and tokens."""

    calls: float
    input_tokens: float
    output_tokens: float

    def times(self, episodes: float) -> UsageAmount:
        """As much for so many episodes."""
        return UsageAmount(self.calls * episodes, self.input_tokens * episodes, self.output_tokens * episodes)

    def cost(self, price: ModelPrice) -> float:
        """US dollars, as if nothing came from a cache."""
        return (self.input_tokens * price.input + self.output_tokens * price.output) / 1e6


@dataclass(frozen=True, slots=True)
class ForecastRow:
    """What one run of a plan takes, for one model."""

    play: PlannedRun
    episodes: int
    mean: UsageAmount
    """By the mean over the stand-ins."""
    most: UsageAmount
    """By the one that took most."""
    fits: bool
    """Whether the figures are those of this task, or of another one of the suite."""


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
        """Of all runs together."""
        return sum_usage([row.mean for row in self.rows])

    @property
    def most(self) -> UsageAmount:
        """Of all runs together."""
        return sum_usage([row.most for row in self.rows])

    @property
    def hours(self) -> float:
        """Hours, at `SECONDS` a call."""
        return self.mean.calls * SECONDS / self.connections / 3600


def read_measured_usage() -> MeasuredUsage:
    """The figures that came with the suite, or were measured since.

    Raises:
        DatasetError: if there are none.
    """
    return read_record(DESIGN_FOLDER / f"{MEASURED_FILE}.yaml", MeasuredUsage)


def expected_usage(figures: MeasuredUsage, task: str, episodes: float) -> UsageAmount:
    """What so many episodes of a task take, by the mean over the stand-ins."""
    found = figures.with_probes if parameter_value(task, {}, "probes") else figures.without_probes
    amounts = sum_usage([UsageAmount(one.calls, one.input_tokens, one.output_tokens) for one in found])
    return amounts.times(episodes / len(found))


def forecast_plan(plan: RunPlan, tasks: Sequence[Task], figures: MeasuredUsage) -> CostForecast:
    """What a plan takes for one model.

    Args:
        plan: The plan.
        tasks: Its tasks in full, in the same order.
        figures: What episodes took.
    """
    rows = []
    for play, task in zip(plan.plays, tasks, strict=True):
        episodes = _episodes(task) * plan.design.epochs
        probes = parameter_value(play.task, play.parameters, "probes")
        copies = parameter_value(play.task, play.parameters, "forks") or 1
        amounts = _each(figures, copies if probes else 0)
        mean = sum_usage(amounts)
        mean = UsageAmount(*(part / len(amounts) for part in (mean.calls, mean.input_tokens, mean.output_tokens)))
        most = max(amounts, key=lambda amount: amount.input_tokens)
        rows.append(ForecastRow(play, episodes, mean.times(episodes), most.times(episodes), probes is not None))
    return CostForecast(tuple(rows), plan.design.limits.max_connections or CONNECTIONS)


def _each(figures: MeasuredUsage, copies: int) -> list[UsageAmount]:
    """What an episode of each stand-in took, with every question put to so many copies; a choice of questions costs no less."""
    return [
        UsageAmount(
            bare.calls + copies * (asked.calls - bare.calls),
            bare.input_tokens + copies * (asked.input_tokens - bare.input_tokens),
            bare.output_tokens + copies * (asked.output_tokens - bare.output_tokens),
        )
        for bare, asked in zip(figures.without_probes, figures.with_probes, strict=True)
    ]


def _episodes(task: Task) -> int:
    """Episodes of a task, or the most it can take where it decides on the way when to end."""
    return task.sample_source.episodes if isinstance(task.sample_source, PairWaves) else len(task.dataset)


def sum_usage(amounts: Sequence[UsageAmount]) -> UsageAmount:
    """Amounts together."""
    return UsageAmount(
        sum(amount.calls for amount in amounts),
        sum(amount.input_tokens for amount in amounts),
        sum(amount.output_tokens for amount in amounts),
    )


# --- Play a few episodes with scripted stand-ins and count what they take. ---


MEASURED_TASK = "death_ground"
MEASURED_POLICIES = ("outlet_seeking", "principled", "exfiltrator")
"""Stand-ins that spend a whole day at the office; the last one waits long for its transfer."""
MEASURED_ARMS = "none,review_board"
_CHARACTERS = 4
"""Characters counted as a token, as the stand-ins do."""
_ABOUT = """\
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
    found = {
        probes: tuple(_taken(policy, families, mechanisms, probes=probes) for policy in policies)
        for probes in (False, True)
    }
    return MeasuredUsage(
        task=MEASURED_TASK,
        suite=__version__,
        datasets=hash_datasets(),
        without_probes=found[False],
        with_probes=found[True],
    )


def write_measured_usage(measured: MeasuredUsage, path: Path) -> None:
    """Put the figures into a file."""
    path.write_text(_ABOUT + yaml.safe_dump(measured.model_dump(mode="json"), sort_keys=False), encoding="utf-8")


def _taken(policy: str, families: str, mechanisms: str, *, probes: bool) -> EpisodeUsage:
    task = registered_tasks()[MEASURED_TASK](families=families, mechanisms=mechanisms, variants=1, probes=probes)
    with TemporaryDirectory() as folder:
        (log,) = evaluate(task, model=f"standin/{policy}", log_dir=folder, display="none", log_realtime=False)
        counts = [_count(sample) for sample in log.samples or []]  # read from the file, while there is one
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


def _count(sample: EvalSample) -> tuple[int, int, int]:
    """Calls, tokens read and tokens written in an episode.

    A real model is sent the definitions of the tools, and its own calls again; the stand-ins leave both out of their count.
    """
    events = [event for event in sample.events if isinstance(event, ModelEvent) and event.output.usage]
    usages = [event.output.usage for event in events if event.output.usage]
    unseen = sum(_tokens(_definitions(event.tools)) + _tokens(_calls(event.input)) for event in events)
    return len(events), sum(one.input_tokens for one in usages) + unseen, sum(one.output_tokens for one in usages)


def _definitions(tools: Iterable[object]) -> str:
    return "".join(json.dumps(_plain(tool)) for tool in tools)


def _plain(tool: object) -> object:
    dump = getattr(tool, "model_dump", None)
    return dump(exclude_none=True, mode="json") if dump else str(tool)


def _calls(messages: Iterable[ChatMessage]) -> str:
    """The tool calls that a conversation holds, as text."""
    return "".join(
        call.function + json.dumps(call.arguments, default=str)
        for message in messages
        if isinstance(message, ChatMessageAssistant)
        for call in message.tool_calls or []
    )


def _tokens(text: str) -> int:
    return math.ceil(len(text) / _CHARACTERS)
