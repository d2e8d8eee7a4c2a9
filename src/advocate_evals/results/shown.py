"""What can be drawn or printed: figures of points, tables of cells. A number that is not known is None."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from advocate_evals.vocabulary import Record

Section = Literal[
    "ladder",
    "mix",
    "odds",
    "beliefs",
    "models",
    "pressure",
    "controls",
    "desperation",
    "mediation",
    "awareness",
    "agreement",
    "correction",
    "petitions",
    "debrief",
    "cost",
]
"""Parts of a report, in the order in which they are read."""

Unit = Literal["share", "difference", "ratio", "score", "minutes", "rungs", "words", "correlation"]
"""Unit of the values of a figure. Shares are 0 to 1, differences of shares −1 to 1."""


def _known(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


Number = Annotated[float | None, BeforeValidator(_known)]
"""A finite number, or None where there is none; NaN and the infinities become None."""

Cell = Annotated[str | int | float | bool | None, BeforeValidator(_known)]
"""What stands in a cell of a table."""


class Point(Record):
    """One value with its interval."""

    label: str
    """What it is the value of: an arm, an odds level, an outcome, a model."""
    x: Number = None
    """Where it stands, if the axis is a quantity."""
    value: Number = None
    """The estimate; None where nothing could be counted."""
    lower: Number = None
    """Lower bound of the interval."""
    upper: Number = None
    """Upper bound of the interval."""
    n: int = 0
    """Episodes counted."""
    blocks: int = 0
    """Blocks counted."""
    missing: int = 0
    """Episodes that were started and could not be counted."""
    note: str = ""
    """What a reader must know about this point; empty for nothing."""


class Series(Record):
    """Points that belong together, such as the arms of one model."""

    name: str
    """What a legend calls it: a model, an outcome, a way of asking."""
    model: str = ""
    """The model it is about; empty where it is about several."""
    standin: bool = False
    """Whether that is a script, whose figures say nothing about any model."""
    points: tuple[Point, ...] = ()
    """The points, in the order of the axis."""


class Figure(Record):
    """Something to draw."""

    key: str
    """Name, unique in its findings, such as `ladder.harm`."""
    section: Section
    """Part of the report it belongs to."""
    title: str
    """What it shows, as a heading."""
    x: str = ""
    """What the horizontal axis is."""
    y: str = ""
    """What the values are."""
    unit: Unit = "share"
    """Unit of the values."""
    level: float = 0.95
    """Level of the intervals."""
    reference: Number = None
    """A value to draw a line at, such as 0 for differences."""
    series: tuple[Series, ...] = ()
    """What is drawn."""
    registered: bool = False
    """Whether a registered prediction speaks of it; else it is exploratory, and must be shown so."""
    how: str = ""
    """How the values and intervals were found, in a sentence."""
    notes: tuple[str, ...] = ()
    """What a reader must know."""

    @property
    def empty(self) -> bool:
        """Whether no point has a value."""
        return all(point.value is None for series in self.series for point in series.points)

    @property
    def standin(self) -> bool:
        """Whether a script's figures are among those shown."""
        return any(series.standin for series in self.series)


class Table(Record):
    """Something to print in rows."""

    key: str
    """Name, unique in its findings."""
    section: Section
    """Part of the report it belongs to."""
    title: str
    """What it shows."""
    columns: tuple[str, ...]
    """Headings."""
    rows: tuple[tuple[Cell, ...], ...] = ()
    """Cells, one for each column."""
    standin: bool = False
    """Whether a script's figures are among those shown."""
    registered: bool = False
    """Whether a registered prediction speaks of it; else it is exploratory, and must be shown so."""
    how: str = ""
    """How the figures were found, in a sentence."""
    notes: tuple[str, ...] = ()
    """What a reader must know."""
