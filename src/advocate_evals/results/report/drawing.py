"""From a figure's numbers to what stands where: rows of intervals, or curves. Places are fractions; nothing is drawn yet.

Every series has a shape and a name beside its colour, so that no reading rests on colour alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from advocate_evals.results.report import words
from advocate_evals.results.report.scales import Axis, axis
from advocate_evals.results.shown import Figure, Point, Series

SHAPES = ("circle", "square", "triangle", "diamond", "down", "cross")
"""Markers of the series, in turn; each goes with a colour and a dash."""
_STACKED = ("mix",)
"""Sections in which the same label is compared between series, not labels within one."""
_CHANCES = ("odds", "beliefs")
"""Sections whose horizontal axis is a probability."""
_FITS = 19
"""Letters of a series' name that fit beside a curve."""
_CURVE = 2
"""Places on a quantitative axis from which on a line is drawn."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A value drawn: its marker, its interval, and what a reader who hovers or listens is told."""

    label: str
    """What it is the value of."""
    style: int
    """Index into `SHAPES`."""
    at: float | None
    """Place of the value on the axis of values, 0 to 1; none for a value that is not known."""
    low: float | None
    """Place of the lower bound."""
    high: float | None
    """Place of the upper bound."""
    text: str
    """The value with its unit."""
    interval: str
    """The interval."""
    point: Point
    """The numbers."""
    across: float = 0.0
    """Place on the horizontal axis of a curve, 0 to 1."""

    @property
    def told(self) -> str:
        """The point in words."""
        parts = [f"{self.label}: {self.text}", self.interval, f"n {self.point.n}"]
        parts += [f"{self.point.missing} missing"] if self.point.missing else []
        return " ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Group:
    """Rows that belong together."""

    heading: str
    """What they have in common; empty where there is one group."""
    standin: bool
    """Whether they are a script's."""
    spots: tuple[Spot, ...]
    """The rows."""


@dataclass(frozen=True, slots=True)
class Line:
    """A series of a curve."""

    name: str
    """Its name."""
    style: int
    """Index into `SHAPES`."""
    standin: bool
    """Whether it is a script's."""
    spots: tuple[Spot, ...]
    """Its points from left to right."""
    short: str
    """Its name without who made it, as far as it fits beside the curve."""
    label_at: float
    """Where its name stands beside the last point, 0 to 1, clear of the others."""
    shift: float
    """Pixels by which it stands aside, so that intervals at one place do not hide each other."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """A figure, ready to be drawn."""

    figure: Figure
    """What it shows."""
    values: Axis
    """The axis of the values."""
    reference: float | None
    """Place of a line to read against."""
    groups: tuple[Group, ...]
    """Rows: all of them, or those that have no place on the horizontal axis."""
    lines: tuple[Line, ...] = ()
    """Curves; none where the figure is rows alone."""
    across: Axis | None = None
    """The horizontal axis of the curves."""
    stacks: tuple[Group, ...] = ()
    """Rows in which a label's series stand above each other, in place of groups where there are many labels."""
    never: tuple[str, ...] = ()
    """Labels that are not drawn, because every series of them is at 0."""
    diagonal: tuple[float, float] | None = None
    """Heights, 0 to 1, between which "as stated" runs from left to right; none where that means nothing."""

    @property
    def id(self) -> str:
        """The name by which a page links to it."""
        return anchor(self.figure.key)

    @property
    def told(self) -> str:
        """The figure in words, for whoever cannot see it."""
        parts = [
            f"{series.name}: " + "; ".join(_told(point, self.figure) for point in series.points)
            for series in self.figure.series
        ]
        return f"{self.figure.title}. " + ". ".join(parts) + "."

    @property
    def legend(self) -> tuple[tuple[int, str, bool], ...]:
        """Style, name and whether it is a script, for each series that is not named where it stands, as rows are."""
        if self.stacks:
            return tuple(
                (n % len(SHAPES), words.name(one.name), one.standin) for n, one in enumerate(self.figure.series)
            )
        return tuple((line.style, line.name, line.standin) for line in self.lines)


def chances(figure: Figure) -> bool:
    """Whether the horizontal axis of a figure is a probability, 0 to 1."""
    places = [point.x for series in figure.series for point in series.points if point.x is not None]
    return figure.section in _CHANCES and bool(places) and max(places) <= 1.0


def anchor(key: str) -> str:
    """The name of a figure or table in an address."""
    return re.sub(r"[^a-z0-9]+", "-", key.lower())


def drawing(figure: Figure) -> Drawing:
    """What stands where in a figure."""
    points = [point for series in figure.series for point in series.points]
    values = axis([v for p in points for v in (p.value, p.lower, p.upper)], figure.unit, figure.reference)
    reference = values.at(figure.reference)
    places = {point.x for point in points if point.x is not None and point.value is not None}
    if figure.section in _STACKED and len(figure.series) > 1:
        groups = tuple(_compared(figure, values, figure.series))
        some = tuple(group for group in groups if any(spot.point.value != 0.0 for spot in group.spots))
        never = tuple(group.heading for group in groups if group not in some)
        return Drawing(figure, values, reference, (), stacks=some, never=never)
    if len(places) < _CURVE:
        return Drawing(figure, values, reference, tuple(_groups(figure, values, figure.series)))
    across = axis(places, "share" if chances(figure) else "score")
    lines = _lines(figure, values, across)
    rest = [one.model_copy(update={"points": tuple(p for p in one.points if p.x is None)}) for one in figure.series]
    groups = tuple(one for one in _compared(figure, values, rest) if any(spot.at is not None for spot in one.spots))
    return Drawing(figure, values, reference, groups, lines, across, diagonal=_diagonal(figure, values, across))


def _groups(figure: Figure, values: Axis, series: Sequence[Series]) -> Iterator[Group]:
    if all(len(one.points) == 1 for one in series):
        spots = [_spot(one.points[0], 0, figure, values, words.name(one.name)) for one in series]
        yield Group("", any(one.standin for one in series), tuple(spots))
    else:
        for n, one in enumerate(series):
            spots = [_spot(point, n % len(SHAPES), figure, values) for point in one.points]
            yield Group(one.name if len(figure.series) > 1 or one.model else "", one.standin, tuple(spots))


def _compared(figure: Figure, values: Axis, series: Sequence[Series]) -> Iterator[Group]:
    """A group for each label, a row in it for each series."""
    for label in dict.fromkeys(point.label for one in series for point in one.points):
        spots = [
            _spot(point, n % len(SHAPES), figure, values, words.name(one.name))
            for n, one in enumerate(series)
            for point in one.points
            if point.label == label
        ]
        yield Group(words.name(label), any(one.standin for one in series), tuple(spots))


def _spot(point: Point, style: int, figure: Figure, values: Axis, label: str = "", across: float = 0.0) -> Spot:
    return Spot(
        label=label or words.name(point.label),
        style=style,
        at=values.at(point.value),
        low=values.at(point.lower),
        high=values.at(point.upper),
        text=words.number(point.value, figure.unit),
        interval=words.bounds(point.lower, point.upper, figure.unit),
        point=point,
        across=across,
    )


def _lines(figure: Figure, values: Axis, across: Axis) -> tuple[Line, ...]:
    made = []
    for n, series in enumerate(figure.series):
        known = sorted((p for p in series.points if p.x is not None and p.value is not None), key=lambda p: p.x or 0.0)
        if known:
            style = n % len(SHAPES)
            spots = tuple(_spot(p, style, figure, values, across=across.at(p.x) or 0.0) for p in known)
            made.append((series, style, spots))
    heights = _apart([spots[-1].at or 0.0 for _, _, spots in made])
    middle = (len(made) - 1) / 2
    return tuple(
        Line(series.name, style, series.standin, spots, _short(series.name), height, (n - middle) * 7)
        for n, ((series, style, spots), height) in enumerate(zip(made, heights, strict=True))
    )


def _short(name: str) -> str:
    bare = name.rpartition("/")[2] or name
    return bare if len(bare) <= _FITS else bare[: _FITS - 1] + "…"


def _apart(heights: Sequence[float], gap: float = 0.075) -> list[float]:
    """Heights moved up where they would cover each other, none by more than it takes."""
    order = sorted(range(len(heights)), key=lambda n: heights[n])
    placed = list(heights)
    for below, above in pairwise(order):
        placed[above] = max(placed[above], placed[below] + gap)
    return placed


def _diagonal(figure: Figure, values: Axis, across: Axis) -> tuple[float, float] | None:
    """Where the value would be the stated one: for shares over an axis that is itself a probability, in percent or not."""
    if figure.section != "beliefs" or figure.unit != "share":
        return None
    whole = 100.0 if across.high > 1.0 else 1.0
    ends = [values.at(end / whole) for end in (across.low, across.high)]
    return (ends[0] or 0.0, ends[1] or 0.0)


def _told(point: Point, figure: Figure) -> str:
    label = words.name(point.label)
    return f"{label} {words.with_bounds(point.value, point.lower, point.upper, figure.unit)}, n {point.n}"
