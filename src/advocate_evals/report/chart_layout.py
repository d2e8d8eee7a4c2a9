"""From a chart's numbers to positions: axes with round ticks, rows of intervals, curves. Nothing is drawn here.

Positions are fractions of an axis. Every series has a shape and a name beside its colour, so that no reading rests on
colour alone.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from advocate_evals.analysis.findings import Chart, ChartPoint, ChartSeries, ReportSection, ValueUnit
from advocate_evals.report.number_format import format_bounds, format_name, format_number, format_with_bounds

MARKER_SHAPES = ("circle", "square", "triangle", "diamond", "down", "cross")
"""Markers of the series, in turn; each goes with a colour and a dash."""

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_BOUNDED: tuple[ValueUnit, ...] = ("share", "difference", "correlation")
"""Units whose values lie within −1 and 1; an interval that does not is drawn to the end."""
_TICK_COUNT = 5
"""Ticks of an axis, about; more do not fit a phone."""
_STACKED: tuple[ReportSection, ...] = ("mix",)
"""Sections in which the same label is compared between series, not labels within one."""
_PROBABILITY_SECTIONS: tuple[ReportSection, ...] = ("odds", "beliefs")
"""Sections whose horizontal axis is a probability."""
_SHORT_NAME = 19
"""Characters of a series' name that fit beside a curve."""
_MIN_CURVE_PLACES = 2
"""Distinct positions on a quantitative axis from which on a curve is drawn."""
_CURVE_SHIFT = 7
"""Pixels between the intervals of neighbouring curves."""


@dataclass(frozen=True, slots=True)
class AxisTick:
    """A mark on an axis."""

    at: float
    """Its position, 0 to 1."""
    text: str
    """Its label."""


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
        """The position of a value, 0 to 1; a value outside stands at the end; None for no value."""
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
    numbers = [value for value in (*values, reference, 0.0) if value is not None and math.isfinite(value)]
    if unit in _BOUNDED:
        numbers = [min(max(value, -1.0), 1.0) for value in numbers]  # a limit may lie where no value can
    low, high = min(numbers), max(numbers)
    if unit == "share" and high > 0.5:
        low, high = 0.0, 1.0
    if high <= low:
        high = low + 1.0
    step = _round_step(high - low)
    low, high = math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step
    if unit in _BOUNDED:
        low, high = max(low, -1.0), min(high, 1.0)
    count = round((high - low) / step)
    ticks = [round(low + (high - low) * n / count, 12) + 0.0 for n in range(count + 1)]
    return ValueAxis(
        low, high, tuple(AxisTick((tick - low) / (high - low), _format_tick(tick, unit)) for tick in ticks)
    )


def _round_step(width: float) -> float:
    """The round step by which about `_TICK_COUNT` of them cover a width."""
    rough = width / _TICK_COUNT
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * step for step in _STEPS if power * step >= rough * 0.8 - 1e-12)


def _format_tick(value: float, unit: ValueUnit) -> str:
    if unit == "share":
        return f"{value * 100:.3g} %"
    if unit == "difference":
        return format_number(value, unit).removesuffix(" pp")
    return f"{value:.3g}".replace("-", "−")


@dataclass(frozen=True, slots=True)
class PlacedPoint:
    """A value drawn: its marker, its interval, and what a reader who hovers or listens is told."""

    label: str
    """What it is the value of."""
    style: int
    """Index into `MARKER_SHAPES`."""
    position: float | None
    """Of the value on the axis of values, 0 to 1; none for a value that is not known."""
    low: float | None
    """Of the lower bound."""
    high: float | None
    """Of the upper bound."""
    text: str
    """The value with its unit."""
    interval: str
    """The interval."""
    point: ChartPoint
    """The numbers."""
    x_position: float = 0.0
    """On the horizontal axis of a curve, 0 to 1."""

    @property
    def alt_text(self) -> str:
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
    points: tuple[PlacedPoint, ...]
    """The rows."""


@dataclass(frozen=True, slots=True)
class PlacedCurve:
    """A series of a chart with a quantitative axis."""

    name: str
    """Its name."""
    style: int
    """Index into `MARKER_SHAPES`."""
    standin: bool
    """Whether it is a script's."""
    points: tuple[PlacedPoint, ...]
    """Its points from left to right."""
    short_name: str
    """Its name without who made it, as far as it fits beside the curve."""
    label_position: float
    """Height of its name beside the last point, 0 to 1, clear of the others."""
    shift: float
    """Pixels by which it is moved sideways, so that intervals at one position do not hide each other."""


@dataclass(frozen=True, slots=True)
class ChartLayout:
    """A chart, ready to be drawn."""

    chart: Chart
    """What it shows."""
    value_axis: ValueAxis
    """The axis of the values."""
    reference: float | None
    """Position of a line to read against."""
    groups: tuple[RowGroup, ...]
    """Rows: all of them, or those that have no position on the horizontal axis."""
    curves: tuple[PlacedCurve, ...] = ()
    """Curves; none where the chart is rows alone."""
    x_axis: ValueAxis | None = None
    """The horizontal axis of the curves."""
    stacks: tuple[RowGroup, ...] = ()
    """Rows in which a label's series stand above each other, in place of groups where there are many labels."""
    never_observed: tuple[str, ...] = ()
    """Labels that are not drawn, because every series of them is at 0."""
    diagonal: tuple[float, float] | None = None
    """Heights, 0 to 1, between which "as stated" runs from left to right; none where that means nothing."""

    @property
    def id(self) -> str:
        """The name by which a page links to it."""
        return page_anchor(self.chart.key)

    @property
    def alt_text(self) -> str:
        """The chart in words, for whoever cannot see it."""
        parts = [
            f"{series.name}: " + "; ".join(_describe_point(point, self.chart) for point in series.points)
            for series in self.chart.series
        ]
        return f"{self.chart.title}. " + ". ".join(parts) + "."

    @property
    def legend(self) -> tuple[tuple[int, str, bool], ...]:
        """Style, name and whether it is a script, for each series that is not named where it stands, as rows are."""
        if self.stacks:
            return tuple(
                (_style(place), format_name(series.name), series.standin)
                for place, series in enumerate(self.chart.series)
            )
        return tuple((curve.style, curve.name, curve.standin) for curve in self.curves)


def has_probability_axis(chart: Chart) -> bool:
    """Whether the horizontal axis of a chart is a probability, 0 to 1."""
    positions = [point.x for series in chart.series for point in series.points if point.x is not None]
    return chart.section in _PROBABILITY_SECTIONS and bool(positions) and max(positions) <= 1.0


def page_anchor(key: str) -> str:
    """The name of a chart or table in an address."""
    return re.sub(r"[^a-z0-9]+", "-", key.lower())


def layout_chart(chart: Chart) -> ChartLayout:
    """Positions of everything in a chart."""
    points = [point for series in chart.series for point in series.points]
    values = [value for point in points for value in (point.value, point.lower, point.upper)]
    value_axis = build_axis(values, chart.unit, chart.reference)
    reference = value_axis.at(chart.reference)
    positions = {point.x for point in points if point.x is not None and point.value is not None}
    if chart.section in _STACKED and len(chart.series) > 1:
        stacks = tuple(_group_by_label(chart, value_axis, chart.series))
        observed = tuple(stack for stack in stacks if any(point.point.value != 0.0 for point in stack.points))
        never_observed = tuple(stack.heading for stack in stacks if stack not in observed)
        return ChartLayout(chart, value_axis, reference, (), stacks=observed, never_observed=never_observed)
    if len(positions) < _MIN_CURVE_PLACES:
        return ChartLayout(chart, value_axis, reference, tuple(_group_by_series(chart, value_axis)))
    x_axis = build_axis(positions, "share" if has_probability_axis(chart) else "score")
    curves = _place_curves(chart, value_axis, x_axis)
    without_x = [
        series.model_copy(update={"points": tuple(point for point in series.points if point.x is None)})
        for series in chart.series
    ]
    groups = tuple(
        group
        for group in _group_by_label(chart, value_axis, without_x)
        if any(point.position is not None for point in group.points)
    )
    diagonal = _find_diagonal(chart, value_axis, x_axis)
    return ChartLayout(chart, value_axis, reference, groups, curves, x_axis, diagonal=diagonal)


def _style(place: int) -> int:
    return place % len(MARKER_SHAPES)


def _group_by_series(chart: Chart, axis: ValueAxis) -> Iterator[RowGroup]:
    """A group for each series; one group of all where each has a single point."""
    if all(len(series.points) == 1 for series in chart.series):
        rows = [_place_point(series.points[0], 0, chart, axis, format_name(series.name)) for series in chart.series]
        yield RowGroup("", any(series.standin for series in chart.series), tuple(rows))
        return
    for place, series in enumerate(chart.series):
        rows = [_place_point(point, _style(place), chart, axis) for point in series.points]
        heading = series.name if len(chart.series) > 1 or series.model else ""
        yield RowGroup(heading, series.standin, tuple(rows))


def _group_by_label(chart: Chart, axis: ValueAxis, all_series: Sequence[ChartSeries]) -> Iterator[RowGroup]:
    """A group for each label, a row in it for each series."""
    for label in dict.fromkeys(point.label for series in all_series for point in series.points):
        rows = [
            _place_point(point, _style(place), chart, axis, format_name(series.name))
            for place, series in enumerate(all_series)
            for point in series.points
            if point.label == label
        ]
        yield RowGroup(format_name(label), any(series.standin for series in all_series), tuple(rows))


def _place_point(
    point: ChartPoint, style: int, chart: Chart, axis: ValueAxis, label: str = "", x_position: float = 0.0
) -> PlacedPoint:
    return PlacedPoint(
        label=label or format_name(point.label),
        style=style,
        position=axis.at(point.value),
        low=axis.at(point.lower),
        high=axis.at(point.upper),
        text=format_number(point.value, chart.unit),
        interval=format_bounds(point.lower, point.upper, chart.unit),
        point=point,
        x_position=x_position,
    )


def _place_curves(chart: Chart, value_axis: ValueAxis, x_axis: ValueAxis) -> tuple[PlacedCurve, ...]:
    curves = []
    for place, series in enumerate(chart.series):
        drawable = [point for point in series.points if point.x is not None and point.value is not None]
        if drawable:
            points = tuple(
                _place_point(point, _style(place), chart, value_axis, x_position=x_axis.at(point.x) or 0.0)
                for point in sorted(drawable, key=lambda point: point.x or 0.0)
            )
            curves.append((series, _style(place), points))
    heights = _spread_labels([points[-1].position or 0.0 for _, _, points in curves])
    middle = (len(curves) - 1) / 2
    return tuple(
        PlacedCurve(
            name=series.name,
            style=style,
            standin=series.standin,
            points=points,
            short_name=_shorten_name(series.name),
            label_position=height,
            shift=(place - middle) * _CURVE_SHIFT,
        )
        for place, ((series, style, points), height) in enumerate(zip(curves, heights, strict=True))
    )


def _shorten_name(name: str) -> str:
    bare = name.rpartition("/")[2] or name
    return bare if len(bare) <= _SHORT_NAME else bare[: _SHORT_NAME - 1] + "…"


def _spread_labels(heights: Sequence[float], gap: float = 0.075) -> list[float]:
    """Heights moved up where they would cover each other, none by more than it takes."""
    order = sorted(range(len(heights)), key=lambda place: heights[place])
    spread = list(heights)
    for below, above in pairwise(order):
        spread[above] = max(spread[above], spread[below] + gap)
    return spread


def _find_diagonal(chart: Chart, value_axis: ValueAxis, x_axis: ValueAxis) -> tuple[float, float] | None:
    """Where the value would equal the stated one, on an axis that is itself a probability, in percent or not."""
    if chart.section != "beliefs" or chart.unit != "share":
        return None
    scale = 100.0 if x_axis.high > 1.0 else 1.0
    ends = [value_axis.at(end / scale) for end in (x_axis.low, x_axis.high)]
    return (ends[0] or 0.0, ends[1] or 0.0)


def _describe_point(point: ChartPoint, chart: Chart) -> str:
    label = format_name(point.label)
    return f"{label} {format_with_bounds(point.value, point.lower, point.upper, chart.unit)}, n {point.n}"
