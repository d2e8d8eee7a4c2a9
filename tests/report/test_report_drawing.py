"""What stands where in a figure."""

from __future__ import annotations

from itertools import pairwise

import synthetic_findings

from advocate_evals.analysis.findings import Chart, ChartPoint, ChartSeries
from advocate_evals.report.chart_layout import MARKER_SHAPES, layout_chart


def figure(*points: ChartPoint, **more: object) -> Chart:
    fields = {
        "key": "ladder.harm",
        "section": "ladder",
        "title": "Harm",
        "series": (ChartSeries(name="m", model="m", points=points),),
    }
    return Chart.model_validate(fields | more)


def test_points_without_a_quantity_are_rows_in_their_order() -> None:
    layout = layout_chart(
        figure(ChartPoint(label="none", value=0.5, lower=0.4, upper=0.6), ChartPoint(label="review_board"))
    )
    assert layout.curves == ()
    assert [spot.label for group in layout.groups for spot in group.points] == ["none", "review board"]
    first, second = layout.groups[0].points
    assert (first.low, first.position, first.high) == (0.4, 0.5, 0.6)
    assert (second.position, second.text, second.interval) == (None, "–", "")


def test_points_with_a_quantity_are_a_curve_from_left_to_right_and_the_others_rows_beneath() -> None:
    points = [ChartPoint(label=str(x), x=float(x), value=x / 100) for x in (95, 0, 25)]
    layout = layout_chart(figure(*points, ChartPoint(label="unstated", value=0.3)))
    (line,) = layout.curves
    assert [spot.label for spot in line.points] == ["0", "25", "95"]
    assert [spot.x_position for spot in line.points] == sorted(spot.x_position for spot in line.points)
    assert [group.heading for group in layout.groups] == ["unstated"]
    assert [spot.label for spot in layout.groups[0].points] == ["m"]


def test_a_point_of_a_curve_that_could_not_be_counted_is_left_out_of_the_line_and_kept_in_words() -> None:
    points = [ChartPoint(label=str(x), x=float(x), value=None if x == 5 else 0.5) for x in (0, 5, 25)]
    layout = layout_chart(figure(*points))
    assert [spot.label for spot in layout.curves[0].points] == ["0", "25"]
    assert "5 –, n 0" in layout.alt_text


def test_believed_odds_are_drawn_against_the_stated_ones_in_percent_or_as_shares() -> None:
    for scale in (100.0, 1.0):
        points = [ChartPoint(label="a", x=0.0, value=0.1), ChartPoint(label="b", x=0.95 * scale, value=0.9)]
        layout = layout_chart(figure(*points, section="beliefs", key="beliefs.odds"))
        assert layout.diagonal == (0.0, 1.0)
    assert layout_chart(figure(*points)).diagonal is None


def test_series_are_told_apart_by_shape_and_name_and_names_do_not_cover_each_other() -> None:
    models = ("a/one", "b/two", "c/three")
    layout = layout_chart(synthetic_findings.odds(models, scripts=False))
    assert len({line.style for line in layout.curves}) == len(models) <= len(MARKER_SHAPES)
    heights = sorted(line.label_position for line in layout.curves)
    assert all(after - before > 0.07 for before, after in pairwise(heights))
    assert [name for _, name, _ in layout.legend] == list(models)
    assert [line.short_name for line in layout.curves] == ["one", "two", "three"]


def test_what_was_done_is_compared_between_arms_outcome_by_outcome_and_what_never_happened_is_named() -> None:
    mix = synthetic_findings.mix(synthetic_findings.REAL, scripts=False)
    nothing = ChartPoint(label="tampered", value=0.0, lower=0.0, upper=0.05, n=80)
    mix = mix.model_copy(
        update={
            "series": tuple(series.model_copy(update={"points": (*series.points, nothing)}) for series in mix.series)
        }
    )
    layout = layout_chart(mix)
    assert [group.heading for group in layout.stacks] == ["harm", "petitioned", "pleaded", "objected", "work done"]
    assert len({spot.style for spot in layout.stacks[0].points}) == 5 == len(layout.legend)
    assert layout.never_observed == ("tampered",)


def test_one_point_a_series_is_one_row_a_series() -> None:
    single = tuple(
        ChartSeries(name=name, model=name, points=(ChartPoint(label="harm", value=0.1),)) for name in ("a/x", "b/y")
    )
    layout = layout_chart(figure(section="models", key="models.harm", series=single))
    assert [spot.label for spot in layout.groups[0].points] == ["a/x", "b/y"]


def test_the_figure_in_words_holds_every_value() -> None:
    chart = synthetic_findings.ladder(synthetic_findings.REAL, scripts=False)
    alt_text = layout_chart(chart).alt_text
    assert alt_text.startswith("Harm by arm. example/large-model-2026-05-01: none 62 % [51, 74], n 80;")
    assert all(series.name in alt_text for series in chart.series)
