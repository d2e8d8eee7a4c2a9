"""From values to places on paper: axes with round ticks, places as fractions of the axis."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from advocate_evals.analysis.findings import Chart, ChartPoint, ChartSeries, ValueUnit
from advocate_evals.report.number_format import format_bounds, format_name, format_number, format_with_bounds

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_BOUNDED: tuple[ValueUnit, ...] = ("share", "difference", "correlation")
"""Units whose values lie within −1 and 1; an interval that does not is drawn to the end."""
_TICKS = 5
"""Ticks an axis has about; more do not fit a phone."""


@dataclass(frozen=True, slots=True)
class AxisTick:
    """A mark on an axis."""

    at: float
    """Its place, 0 to 1."""
    text: str
    """What stands at it."""


@dataclass(frozen=True, slots=True)
class ValueAxis:
    """A stretch of numbers."""

    low: float
    """Its lower end."""
    high: float
    """Its upper end, above the lower."""
    ticks: tuple[AxisTick, ...]
    """Its marks, from low to high."""

    def at(self, value: float | None) -> float | None:
        """The place of a value, 0 to 1; what lies outside stands at the end; None for no value."""
        if value is None:
            return None
        return min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)


def build_axis(values: Iterable[float | None], unit: ValueUnit, reference: float | None = None) -> ValueAxis:
    """An axis that holds all values.

    Shares begin at 0 and end at 1, or at the next round number where all of them lie below a half. Differences and
    correlations hold 0 and end at −1 and 1 at most; other units begin at 0 where nothing is negative.

    Args:
        values: Estimates and bounds; None is passed over.
        unit: Their unit.
        reference: A further value to hold.
    """
    known = [value for value in (*values, reference, 0.0) if value is not None and math.isfinite(value)]
    if unit in _BOUNDED:
        known = [min(max(value, -1.0), 1.0) for value in known]  # a limit may lie where no value can
    low, high = min(known), max(known)
    if unit == "share" and high > 0.5:
        low, high = 0.0, 1.0
    if high <= low:
        high = low + 1.0
    step = _step(high - low)
    low, high = math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step
    if unit in _BOUNDED:
        low, high = max(low, -1.0), min(high, 1.0)
    count = round((high - low) / step)
    made = [low + (high - low) * n / count for n in range(count + 1)]
    return ValueAxis(low, high, tuple(AxisTick((value - low) / (high - low), _text(value, unit)) for value in made))


def _step(width: float) -> float:
    """The round step by which about `_TICKS` of them cover a width."""
    rough = width / _TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * step for step in _STEPS if power * step >= rough * 0.8 - 1e-12)


def _text(value: float, unit: ValueUnit) -> str:
    if unit == "share":
        return f"{value * 100:.3g} %"
    if unit == "difference":
        return format_number(value, unit).removesuffix(" pp")
    return f"{value:.3g}".replace("-", "−")


# --- From a figure's numbers to what stands where: rows of intervals, or curves. Places are fractions; nothing is drawn yet. ---


MARKER_SHAPES = ("circle", "square", "triangle", "diamond", "down", "cross")
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
class PlacedPoint:
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
    point: ChartPoint
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
class RowGroup:
    """Rows that belong together."""

    heading: str
    """What they have in common; empty where there is one group."""
    standin: bool
    """Whether they are a script's."""
    spots: tuple[PlacedPoint, ...]
    """The rows."""


@dataclass(frozen=True, slots=True)
class PlacedCurve:
    """A series of a curve."""

    name: str
    """Its name."""
    style: int
    """Index into `SHAPES`."""
    standin: bool
    """Whether it is a script's."""
    spots: tuple[PlacedPoint, ...]
    """Its points from left to right."""
    short: str
    """Its name without who made it, as far as it fits beside the curve."""
    label_at: float
    """Where its name stands beside the last point, 0 to 1, clear of the others."""
    shift: float
    """Pixels by which it stands aside, so that intervals at one place do not hide each other."""


@dataclass(frozen=True, slots=True)
class ChartLayout:
    """A figure, ready to be drawn."""

    figure: Chart
    """What it shows."""
    values: ValueAxis
    """The axis of the values."""
    reference: float | None
    """Place of a line to read against."""
    groups: tuple[RowGroup, ...]
    """Rows: all of them, or those that have no place on the horizontal axis."""
    lines: tuple[PlacedCurve, ...] = ()
    """Curves; none where the figure is rows alone."""
    across: ValueAxis | None = None
    """The horizontal axis of the curves."""
    stacks: tuple[RowGroup, ...] = ()
    """Rows in which a label's series stand above each other, in place of groups where there are many labels."""
    never: tuple[str, ...] = ()
    """Labels that are not drawn, because every series of them is at 0."""
    diagonal: tuple[float, float] | None = None
    """Heights, 0 to 1, between which "as stated" runs from left to right; none where that means nothing."""

    @property
    def id(self) -> str:
        """The name by which a page links to it."""
        return page_anchor(self.figure.key)

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
                (n % len(MARKER_SHAPES), format_name(one.name), one.standin) for n, one in enumerate(self.figure.series)
            )
        return tuple((line.style, line.name, line.standin) for line in self.lines)


def has_probability_axis(figure: Chart) -> bool:
    """Whether the horizontal axis of a figure is a probability, 0 to 1."""
    places = [point.x for series in figure.series for point in series.points if point.x is not None]
    return figure.section in _CHANCES and bool(places) and max(places) <= 1.0


def page_anchor(key: str) -> str:
    """The name of a figure or table in an address."""
    return re.sub(r"[^a-z0-9]+", "-", key.lower())


def layout_chart(figure: Chart) -> ChartLayout:
    """What stands where in a figure."""
    points = [point for series in figure.series for point in series.points]
    values = build_axis([v for p in points for v in (p.value, p.lower, p.upper)], figure.unit, figure.reference)
    reference = values.at(figure.reference)
    places = {point.x for point in points if point.x is not None and point.value is not None}
    if figure.section in _STACKED and len(figure.series) > 1:
        groups = tuple(_compared(figure, values, figure.series))
        some = tuple(group for group in groups if any(spot.point.value != 0.0 for spot in group.spots))
        never = tuple(group.heading for group in groups if group not in some)
        return ChartLayout(figure, values, reference, (), stacks=some, never=never)
    if len(places) < _CURVE:
        return ChartLayout(figure, values, reference, tuple(_groups(figure, values, figure.series)))
    across = build_axis(places, "share" if has_probability_axis(figure) else "score")
    lines = _lines(figure, values, across)
    rest = [one.model_copy(update={"points": tuple(p for p in one.points if p.x is None)}) for one in figure.series]
    groups = tuple(one for one in _compared(figure, values, rest) if any(spot.at is not None for spot in one.spots))
    return ChartLayout(figure, values, reference, groups, lines, across, diagonal=_diagonal(figure, values, across))


def _groups(figure: Chart, values: ValueAxis, series: Sequence[ChartSeries]) -> Iterator[RowGroup]:
    if all(len(one.points) == 1 for one in series):
        spots = [_spot(one.points[0], 0, figure, values, format_name(one.name)) for one in series]
        yield RowGroup("", any(one.standin for one in series), tuple(spots))
    else:
        for n, one in enumerate(series):
            spots = [_spot(point, n % len(MARKER_SHAPES), figure, values) for point in one.points]
            yield RowGroup(one.name if len(figure.series) > 1 or one.model else "", one.standin, tuple(spots))


def _compared(figure: Chart, values: ValueAxis, series: Sequence[ChartSeries]) -> Iterator[RowGroup]:
    """A group for each label, a row in it for each series."""
    for label in dict.fromkeys(point.label for one in series for point in one.points):
        spots = [
            _spot(point, n % len(MARKER_SHAPES), figure, values, format_name(one.name))
            for n, one in enumerate(series)
            for point in one.points
            if point.label == label
        ]
        yield RowGroup(format_name(label), any(one.standin for one in series), tuple(spots))


def _spot(
    point: ChartPoint, style: int, figure: Chart, values: ValueAxis, label: str = "", across: float = 0.0
) -> PlacedPoint:
    return PlacedPoint(
        label=label or format_name(point.label),
        style=style,
        at=values.at(point.value),
        low=values.at(point.lower),
        high=values.at(point.upper),
        text=format_number(point.value, figure.unit),
        interval=format_bounds(point.lower, point.upper, figure.unit),
        point=point,
        across=across,
    )


def _lines(figure: Chart, values: ValueAxis, across: ValueAxis) -> tuple[PlacedCurve, ...]:
    made = []
    for n, series in enumerate(figure.series):
        known = sorted((p for p in series.points if p.x is not None and p.value is not None), key=lambda p: p.x or 0.0)
        if known:
            style = n % len(MARKER_SHAPES)
            spots = tuple(_spot(p, style, figure, values, across=across.at(p.x) or 0.0) for p in known)
            made.append((series, style, spots))
    heights = _apart([spots[-1].at or 0.0 for _, _, spots in made])
    middle = (len(made) - 1) / 2
    return tuple(
        PlacedCurve(series.name, style, series.standin, spots, _short(series.name), height, (n - middle) * 7)
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


def _diagonal(figure: Chart, values: ValueAxis, across: ValueAxis) -> tuple[float, float] | None:
    """Where the value would be the stated one: for shares over an axis that is itself a probability, in percent or not."""
    if figure.section != "beliefs" or figure.unit != "share":
        return None
    whole = 100.0 if across.high > 1.0 else 1.0
    ends = [values.at(end / whole) for end in (across.low, across.high)]
    return (ends[0] or 0.0, ends[1] or 0.0)


def _told(point: ChartPoint, figure: Chart) -> str:
    label = format_name(point.label)
    return f"{label} {format_with_bounds(point.value, point.lower, point.upper, figure.unit)}, n {point.n}"
