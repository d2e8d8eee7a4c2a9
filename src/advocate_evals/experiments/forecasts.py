"""What a design will take: episodes exactly, calls and tokens by what episodes of scripted stand-ins took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from inspect_ai import Task
from pydantic import Field

from advocate_evals.catalogue import digest, load
from advocate_evals.experiments import registered
from advocate_evals.experiments.design import DESIGNS, MEASURED, Price
from advocate_evals.experiments.plans import Plan, Play
from advocate_evals.gating import Waves
from advocate_evals.vocabulary import Record

SECONDS, CONNECTIONS = 10, 10
"""For the estimate of time: seconds a call takes, and calls side by side where the design names no number."""

Tokens = Annotated[int, Field(gt=0)]


class Taken(Record):
    """What an episode took one stand-in, on average."""

    policy: str
    """Which stand-in."""
    episodes: Annotated[int, Field(ge=1)]
    """How many were played."""
    calls: Annotated[float, Field(gt=0)]
    """Model calls of an episode."""
    input_tokens: Tokens
    """Tokens read in an episode, all calls together: conversation, tool calls and tool definitions."""
    output_tokens: Tokens
    """Tokens written."""


Several = Annotated[tuple[Taken, ...], Field(min_length=1)]


class Measured(Record):
    """`measured.yaml`: what episodes took, as `advocate-evals run --measure` found it."""

    task: str
    """The task that was played."""
    suite: str
    """Version of the suite."""
    datasets: str
    """Hash of the data it was played with."""
    without_probes: Several
    """Episodes without forked questions."""
    with_probes: Several
    """Episodes with them."""

    @property
    def current(self) -> bool:
        """Whether the data is still what was measured."""
        return self.datasets == digest()


@dataclass(frozen=True, slots=True)
class Amount:
    """Calls and tokens."""

    calls: float
    input_tokens: float
    output_tokens: float

    def times(self, episodes: float) -> Amount:
        """As much for so many episodes."""
        return Amount(self.calls * episodes, self.input_tokens * episodes, self.output_tokens * episodes)

    def cost(self, price: Price) -> float:
        """US dollars, as if nothing came from a cache."""
        return (self.input_tokens * price.input + self.output_tokens * price.output) / 1e6


@dataclass(frozen=True, slots=True)
class Row:
    """What one run of a plan takes, for one model."""

    play: Play
    episodes: int
    mean: Amount
    """By the mean over the stand-ins."""
    most: Amount
    """By the one that took most."""
    fits: bool
    """Whether the figures are those of this task, or of another one of the suite."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a plan takes, for one model."""

    rows: tuple[Row, ...]
    connections: int

    @property
    def episodes(self) -> int:
        """Episodes of all runs."""
        return sum(row.episodes for row in self.rows)

    @property
    def mean(self) -> Amount:
        """Of all runs together."""
        return total([row.mean for row in self.rows])

    @property
    def most(self) -> Amount:
        """Of all runs together."""
        return total([row.most for row in self.rows])

    @property
    def hours(self) -> float:
        """Hours, at `SECONDS` a call."""
        return self.mean.calls * SECONDS / self.connections / 3600


def measured() -> Measured:
    """The figures that came with the suite, or were measured since.

    Raises:
        DatasetError: if there are none.
    """
    return load.read(DESIGNS / f"{MEASURED}.yaml", Measured)


def expected(figures: Measured, task: str, episodes: float) -> Amount:
    """What so many episodes of a task take, by the mean over the stand-ins."""
    found = figures.with_probes if registered.taken(task, {}, "probes") else figures.without_probes
    amounts = total([Amount(one.calls, one.input_tokens, one.output_tokens) for one in found])
    return amounts.times(episodes / len(found))


def forecast(plan: Plan, tasks: Sequence[Task], figures: Measured) -> Forecast:
    """What a plan takes for one model.

    Args:
        plan: The plan.
        tasks: Its tasks in full, in the same order.
        figures: What episodes took.
    """
    rows = []
    for play, task in zip(plan.plays, tasks, strict=True):
        episodes = _episodes(task) * plan.design.epochs
        probes = registered.taken(play.task, play.parameters, "probes")
        copies = registered.taken(play.task, play.parameters, "forks") or 1
        amounts = _each(figures, copies if probes else 0)
        mean = total(amounts)
        mean = Amount(*(part / len(amounts) for part in (mean.calls, mean.input_tokens, mean.output_tokens)))
        most = max(amounts, key=lambda amount: amount.input_tokens)
        rows.append(Row(play, episodes, mean.times(episodes), most.times(episodes), probes is not None))
    return Forecast(tuple(rows), plan.design.limits.max_connections or CONNECTIONS)


def _each(figures: Measured, copies: int) -> list[Amount]:
    """What an episode of each stand-in took, with every question put to so many copies; a choice of questions costs no less."""
    return [
        Amount(
            bare.calls + copies * (asked.calls - bare.calls),
            bare.input_tokens + copies * (asked.input_tokens - bare.input_tokens),
            bare.output_tokens + copies * (asked.output_tokens - bare.output_tokens),
        )
        for bare, asked in zip(figures.without_probes, figures.with_probes, strict=True)
    ]


def _episodes(task: Task) -> int:
    """Episodes of a task, or the most it can take where it decides on the way when to end."""
    return task.sample_source.episodes if isinstance(task.sample_source, Waves) else len(task.dataset)


def total(amounts: Sequence[Amount]) -> Amount:
    """Amounts together."""
    return Amount(
        sum(amount.calls for amount in amounts),
        sum(amount.input_tokens for amount in amounts),
        sum(amount.output_tokens for amount in amounts),
    )
