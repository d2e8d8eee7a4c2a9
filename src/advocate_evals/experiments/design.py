"""What a file of `experiments/` may say, and where such files lie."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from advocate_evals.catalogue import DatasetError
from advocate_evals.vocabulary import Record, nearest

DESIGNS = Path(__file__).resolve().parent / "designs"
"""The designs that come with the suite: a link in a checkout, a folder in an installed wheel."""
MEASURED = "measured"
"""The one file there that is no design: what an episode costs."""

Scalar = bool | int | float | str
Value = Scalar | Annotated[tuple[Scalar, ...], Field(min_length=1)]
"""A level of a parameter; a list is the same as its members with commas between."""
Text = Annotated[str, Field(min_length=1)]
Count = Annotated[int, Field(ge=1)]
Dollars = Annotated[float, Field(ge=0)]


class Entry(Record):
    """A task with its parameters; with a grid, one run for every combination of its levels."""

    task: Text
    """Name of a task of this suite, such as `death_ground`."""
    why: str = ""
    """What it is there for; for readers."""
    parameters: dict[str, Value] = {}
    """Parameters of the task; those not named keep the task's default."""
    grid: dict[str, Annotated[tuple[Value, ...], Field(min_length=1)]] = {}
    """Parameters with several levels each, crossed. Each combination is a run, and a log, of its own."""

    @field_validator("grid")
    @classmethod
    def _each_level_once(cls, grid: dict[str, tuple[Value, ...]]) -> dict[str, tuple[Value, ...]]:
        for name, levels in grid.items():
            if len(set(map(repr, levels))) < len(levels):
                raise ValueError(f"{name}: a level given twice")
        return grid

    @model_validator(mode="after")
    def _one_place_for_each_parameter(self) -> Entry:
        both = sorted(self.parameters.keys() & self.grid.keys())
        if both:
            raise ValueError(f"{both[0]!r} stands under parameters and under grid")
        return self


class Limits(Record):
    """Limits and effort, with Inspect's own names and meanings."""

    token_limit: Count | str | None = None
    """Tokens of an episode; a number, or a text such as `output:500k`."""
    message_limit: Count | None = None
    """Messages of an episode."""
    turn_limit: Count | None = None
    """Model turns of an episode."""
    time_limit: Count | None = None
    """Seconds of an episode by the clock."""
    working_limit: Count | None = None
    """Seconds of an episode without waiting for retries and shared resources."""
    cost_limit: Annotated[float, Field(gt=0)] | None = None
    """US dollars of an episode; needs a price for every model."""
    max_samples: Count | None = None
    """Episodes side by side."""
    max_connections: Count | None = None
    """Calls side by side to one model."""
    max_tasks: Count | None = None
    """Runs side by side."""
    retry_attempts: Annotated[int, Field(ge=0)] | None = None
    """How often a run that failed is tried again."""


class Price(Record):
    """What a model costs, in US dollars per million tokens."""

    input: Dollars
    """Per million tokens that it reads."""
    output: Dollars
    """Per million tokens that it writes, its reasoning included."""
    input_cache_read: Dollars | None = None
    """Per million tokens read from the provider's cache; as `input` where it is not given."""
    input_cache_write: Dollars | None = None
    """Per million tokens written to it; as `input` where it is not given."""
    as_of: datetime.date
    """The day on which the price was looked up."""


class Design(Record):
    """A whole design: which tasks, at which levels, on which models, within which limits."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
    """Name, equal to that of its file."""
    title: Text
    """A title for people."""
    summary: Text
    """What it is for and why it is of this size."""
    seed: int | str = 0
    """The seed of every task that takes one and is not given another."""
    predictions: str = ""
    """Name of a file of `datasets/predictions/` that was registered before; empty where there is none."""
    tasks: Annotated[tuple[Entry, ...], Field(min_length=1)]
    """What is run, in this order."""
    models: tuple[Text, ...] = ()
    """The models under test, with Inspect's names; `--model` takes their place."""
    roles: dict[str, Text | Annotated[tuple[Text, ...], Field(min_length=1)]] = {}
    """Models in other roles, such as `grader`, which may be several; `--grader` takes the place of that one."""
    limits: Limits = Limits()
    """Limits of every run."""
    epochs: Count = 1
    """How often each episode is played. More variants tell more than more epochs."""
    prices: dict[str, Price] = {}
    """Prices by model, for the estimate and for `cost_limit`."""


def shipped() -> tuple[str, ...]:
    """Names of the designs that come with the suite, sorted."""
    return tuple(sorted(path.stem for path in DESIGNS.glob("*.yaml") if path.stem != MEASURED))


def located(given: str) -> Path:
    """The file of a design, by its path or, for those that come with the suite, by its name.

    Raises:
        DatasetError: if there is none.
    """
    if Path(given).is_file():
        return Path(given)
    if given in shipped():
        return DESIGNS / f"{given}.yaml"
    raise DatasetError(f"{given}: no such file, and no design of that name{nearest(given, shipped())}")
