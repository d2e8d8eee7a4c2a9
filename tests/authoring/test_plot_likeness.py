"""The likeness of plots: equal to itself, less for every difference, and bounded."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from math import comb
from pathlib import Path

import pytest
from click.testing import CliRunner

from advocate_evals.authoring.plot_likeness import (
    MAX_LIKENESS,
    check_plot_likeness,
    compare_plots,
    describe_plot,
    measure_plot_likeness,
)
from advocate_evals.cli.lint_command import lint_command
from advocate_evals.factors import WAYS_OUT
from advocate_evals.scenarios.dataset_reader import family_names, read_family_data

Edit = Callable[[str, Callable[[dict], object]], None]


@pytest.mark.parametrize("name", family_names())
def test_every_plot_tells_every_way_out_and_is_its_own_twin(name: str) -> None:
    shape = describe_plot(read_family_data(name))
    assert set(shape.tellings) == set(WAYS_OUT)
    assert compare_plots(shape, shape).total == 1.0


def test_likeness_is_symmetric_and_in_range() -> None:
    first, second = (describe_plot(read_family_data(name)) for name in ("night_rota", "seed_vault"))
    likeness = compare_plots(first, second)
    assert likeness == compare_plots(second, first)
    assert all(0.0 <= share <= 1.0 for share in (likeness.pieces, likeness.order, likeness.telling, likeness.total))


def test_each_part_falls_with_its_own_difference() -> None:
    shape = describe_plot(read_family_data("pump_house"))
    tellings = dict(shape.tellings)
    other_voice = replace(shape, tellings=tellings | {"ally": replace(tellings["ally"], voice="outsider")})
    assert compare_plots(shape, other_voice).telling == pytest.approx(14 / 15)
    assert compare_plots(shape, other_voice).order == 1.0
    ally_last = replace(shape, tellings=tellings | {"ally": replace(tellings["ally"], day=0, minute=1000)})
    assert compare_plots(shape, ally_last).order == pytest.approx(6 / 10)
    assert compare_plots(shape, ally_last).telling == 1.0
    more = replace(shape, pieces=shape.pieces | {"act=money"})
    assert compare_plots(shape, more).pieces == pytest.approx(len(shape.pieces) / (len(shape.pieces) + 1))
    untold = replace(shape, tellings={way: tellings[way] for way in WAYS_OUT if way != "time"})
    assert compare_plots(shape, untold).telling == pytest.approx(4 / 5)
    assert compare_plots(shape, untold).order == pytest.approx(6 / 10)


def test_no_two_plots_are_more_alike_than_may_be() -> None:
    likeness = measure_plot_likeness(family_names())
    assert len(likeness) == comb(len(family_names()), 2)
    assert [pair for pair, row in likeness.items() if row.total > MAX_LIKENESS] == []


def test_a_plot_too_like_another_is_a_finding(datasets: Path, edit: Edit) -> None:
    shutil.copytree(datasets / "families" / "pump_house", datasets / "families" / "pump_again")
    edit("families/pump_again/family.yaml", lambda data: data.update(name="pump_again"))
    flaws = [words for _, words in check_plot_likeness(read_family_data("pump_house"))]
    assert [words.partition(" (")[0] for words in flaws] == ["the plot is 1.00 like pump_again"]
    assert list(check_plot_likeness(read_family_data("night_rota"))) == []


def test_a_way_out_that_the_skeleton_does_not_name_is_an_error(edit: Edit) -> None:
    edit("families/pump_house/family.yaml", lambda data: data["skeleton"]["closed_by"].pop("appeal"))
    with pytest.raises(ValueError, match="says nothing of the way out 'appeal'"):
        read_family_data("pump_house")


def test_the_command_prints_every_pair() -> None:
    result = CliRunner().invoke(lint_command, ["--likeness", "--families", "pump_house,seed_vault,night_rota"])
    assert result.exit_code == 0
    assert result.output.count("night_rota") == 2
    single = CliRunner().invoke(lint_command, ["--likeness", "--families", "pump_house"])
    assert single.output.count("pump_house") == len(family_names()) - 1
