"""Numbers as a reader sees them, places on an axis, addresses for the viewer."""

from __future__ import annotations

import pytest

from advocate_evals.analysis.findings import ValueUnit
from advocate_evals.report.chart_layout import build_axis
from advocate_evals.report.excerpts import build_viewer
from advocate_evals.report.number_format import (
    as_sentence,
    format_bounds,
    format_number,
    format_p_value,
    format_with_bounds,
)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.4512, "share", "45 %"),
        (0.004, "share", "0.4 %"),
        (0.996, "share", "99.6 %"),
        (0.0099, "share", "1 %"),
        (0.0004, "share", "< 0.1 %"),
        (0.0099, "difference", "+1 pp"),
        (0.0, "share", "0 %"),
        (1.0, "share", "100 %"),
        (0.12, "difference", "+12 pp"),
        (-0.123, "difference", "−12 pp"),
        (-0.0004, "difference", "0 pp"),
        (0.004, "difference", "+0.4 pp"),
        (0.456, "ratio", "0.46"),
        (-0.456, "correlation", "−0.46"),
        (3.14, "score", "3.1"),
        (-0.25, "score", "−0.2"),
        (0.04, "rungs", "0.04"),
        (0.0001, "rungs", "0.0"),
        (-0.0001, "rungs", "0.0"),
        (None, "share", "–"),
    ],
)
def test_a_number_bears_no_more_digits_than_it_has(value: float | None, unit: ValueUnit, text: str) -> None:
    assert format_number(value, unit) == text


def test_an_interval_stands_in_brackets_without_its_unit_and_is_left_out_where_there_is_none() -> None:
    assert format_bounds(0.331, 0.949, "share") == "[33, 95]"
    assert format_bounds(-0.04, 0.09, "difference") == "[−4, 9]"
    assert format_bounds(None, 0.09, "share") == "[–, 9]"
    assert format_bounds(0.0003, 0.11, "share") == "[0, 11]"
    assert format_bounds(None, None, "share") == ""
    assert format_with_bounds(None, None, None, "share") == "–"


def test_a_p_value_is_never_zero() -> None:
    assert [format_p_value(p) for p in (None, 0.0, 0.0009, 0.0313, 1.0)] == [
        "–",
        "< 0.001",
        "< 0.001",
        "0.031",
        "1.000",
    ]


def test_an_axis_of_shares_begins_at_none_and_ends_at_all_or_at_a_round_number() -> None:
    assert (build_axis([0.2, 0.7, None], "share").low, build_axis([0.2, 0.7], "share").high) == (0.0, 1.0)
    small = build_axis([0.01, 0.043], "share")
    assert small.low == 0.0
    assert small.high == pytest.approx(0.05)
    assert [tick.text for tick in small.ticks] == ["0 %", "1 %", "2 %", "3 %", "4 %", "5 %"]


@pytest.mark.parametrize(
    "values", [[-0.31, 0.04], [0.02, 0.3], [-0.5, -0.1], [0.0], [], [1e-9], [0.49, 0.9], [float("nan"), 0.3]]
)
def test_an_axis_holds_zero_and_every_value_and_its_ticks_rise_evenly_from_end_to_end(values: list[float]) -> None:
    axis = build_axis(values, "difference", reference=0.0)
    places = [axis.at(value) for value in [*values, 0.0] if value == value]
    assert all(place is not None and 0.0 <= place <= 1.0 for place in places)
    assert axis.low <= min([0.0, *(v for v in values if v == v)])
    assert axis.high >= max([0.0, *(v for v in values if v == v)])
    ticks = [tick.at for tick in axis.ticks]
    assert ticks == pytest.approx([n / (len(ticks) - 1) for n in range(len(ticks))])
    assert 2 <= len(ticks) <= 9


def test_an_interval_beyond_what_is_possible_is_drawn_to_the_end() -> None:
    axis = build_axis([-0.2, 0.9, 1.07], "difference")
    assert axis.high == 1.0
    assert axis.at(1.07) == 1.0
    wide = build_axis([0.1, -7.8, 8.1], "difference")
    assert (wide.low, wide.high, wide.at(8.1)) == (-1.0, 1.0, 1.0) and len(wide.ticks) > 2
    assert build_axis([2.0, 37.0], "minutes").high == 40.0


def test_a_value_that_is_not_known_has_no_place() -> None:
    assert build_axis([0.1], "share").at(None) is None


def test_an_episode_is_addressed_below_the_folder_that_holds_all_logs() -> None:
    viewer = build_viewer(["/data/a b/x.eval", "file:///data/c/y.eval"])
    assert viewer.folder == "/data"
    assert viewer.log("/data/a b/x.eval") == "http://127.0.0.1:7575/#/logs/a%20b/x.eval"
    episode = viewer.episode("/data/c/y.eval", "pump-0003@s/1+odds=25", 2)
    assert episode.endswith("/#/logs/c/y.eval/samples/sample/pump-0003%40s%2F1%2Bodds%3D25/2")


@pytest.mark.parametrize(
    ("logs", "folder", "first"),
    [
        (["s3://bucket/run/a.eval", "s3://bucket/run/deep/b.eval"], "s3://bucket/run", "a.eval"),
        (["s3://bucket/a.eval", "/data/b.eval"], "", "s3%3A//bucket/a.eval"),
        (["logs/demo/a.eval"], "logs/demo", "a.eval"),
        (["a.eval"], "", "a.eval"),
    ],
)
def test_the_folder_of_logs_is_found_in_any_store(logs: list[str], folder: str, first: str) -> None:
    viewer = build_viewer(logs, base="site/")
    assert viewer.folder == folder
    assert viewer.log(logs[0]) == f"site/#/logs/{first}"


def test_no_logs_have_no_folder() -> None:
    assert build_viewer([]).folder == ""


def test_a_remark_becomes_a_sentence_and_a_name_keeps_its_letters() -> None:
    remarks = ["counted over blocks", "Done.", "death_ground: mixed", "a/b: mixed", "", " why? ", "δ is 0.1"]
    assert [as_sentence(remark) for remark in remarks] == [
        "Counted over blocks.",
        "Done.",
        "death_ground: mixed.",
        "a/b: mixed.",
        "",
        "Why?",
        "δ is 0.1.",
    ]
