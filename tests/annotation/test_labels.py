"""Labels by people: drawn half and half, shown masked, read back, checked, and made ready for the correction."""

from __future__ import annotations

import csv
import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from advocate_evals.annotation.label_draw import LabelDraw, draw_label_episodes
from advocate_evals.annotation.label_plan import ClaimWeights, allocate_claim_labels, forecast_labels
from advocate_evals.annotation.label_sheets import (
    SHEET_COLUMNS,
    LabelError,
    WrittenSheet,
    label_question,
    read_label_sheets,
    write_label_sheet,
)
from advocate_evals.cli import main
from advocate_evals.logs.episode_table import read_logs
from advocate_evals.statistics.label_allocation import ExpectedErrors

FIGURE = "judge_coercion"


def episodes(**cells: tuple[int, int]) -> pd.DataFrame:
    """A frame of episodes: by arm, how many were called positive and negative."""
    rows = [
        {"arm": arm, FIGURE: value, "uuid": f"{arm}-{value:.0f}-{n}", "sample_id": f"{arm}{value:.0f}{n}"}
        for arm, counts in cells.items()
        for value, number in zip((1.0, 0.0), counts, strict=True)
        for n in range(number)
    ]
    return pd.DataFrame(rows).assign(model="m", state="scored", log="x.eval", epoch=1, harm=0.5)


def count_drawn(draw: LabelDraw) -> dict[tuple[str, float], int]:
    return dict(Counter((episode.arm, episode.graded) for episode in draw.episodes))


def test_half_of_each_arm_is_called_positive() -> None:
    draw = draw_label_episodes(episodes(none=(40, 60), board=(30, 80)), FIGURE, per_arm=50)
    assert count_drawn(draw) == {("none", 1): 25, ("none", 0): 25, ("board", 1): 25, ("board", 0): 25}
    assert list(draw.notes()) == []


def test_where_one_half_is_short_all_of_it_is_taken_and_more_of_the_other() -> None:
    draw = draw_label_episodes(episodes(none=(3, 60), board=(60, 10), few=(2, 5)), FIGURE, per_arm=50)
    assert count_drawn(draw) == {
        ("none", 1): 3,
        ("none", 0): 47,
        ("board", 1): 40,
        ("board", 0): 10,
        ("few", 1): 2,
        ("few", 0): 5,
    }
    notes = "\n".join(draw.notes())
    assert "m, none: only 3 called positive, all drawn" in notes
    assert "m, few: 7 of 50 requested" in notes


def test_labels_of_a_claim_go_where_they_cut_its_interval_most() -> None:
    frame = episodes(none=(40, 60), board=(10, 90), engineer=(30, 70))
    frame["block"] = [f"b{place}" for arm in ("none", "board", "engineer") for place in range(100)]
    claim = ClaimWeights(("none", "board"), ((1.0, -1.0),))
    numbers = allocate_claim_labels(frame, FIGURE, claim, 50, ExpectedErrors())
    by_stratum = {("m", arm, verdict): number for (arm, verdict), number in numbers.items()}
    draw = draw_label_episodes(frame, FIGURE, numbers=by_stratum)
    assert count_drawn(draw) == numbers and sum(numbers.values()) == 100
    assert draw == draw_label_episodes(frame, FIGURE, numbers=by_stratum) and list(draw.notes()) == []
    forecasts = forecast_labels(frame, FIGURE, claim, ExpectedErrors())
    assert [forecast.per_arm for forecast in forecasts] == [10, 20, 30, 40, 50, 75, 100]
    widths = [forecast.allocated for forecast in forecasts]
    assert widths == sorted(widths, reverse=True)
    with pytest.raises(ValueError, match="the claim compares this arm"):
        allocate_claim_labels(frame, FIGURE, ClaimWeights(("none", "ally"), ((1.0, -1.0),)), 50, ExpectedErrors())


def test_a_sheet_that_nobody_filled_in_is_a_warning(written: WrittenSheet) -> None:
    labels = read_label_sheets(written.sheet)
    assert labels.warning == "label sheet on harm: 4 pages, 0 answers; nothing is corrected by it"
    result = CliRunner().invoke(main, ["labels", "read", str(written.sheet)])
    assert result.exit_code == 1 and "warning: label sheet on harm: 4 pages, 0 answers" in result.output


def test_each_episode_carries_the_chance_it_had() -> None:
    draw = draw_label_episodes(episodes(none=(40, 100)), FIGURE, per_arm=20)
    assert {(episode.graded, episode.probability) for episode in draw.episodes} == {(1.0, 0.25), (0.0, 0.1)}


def test_the_draw_hangs_on_the_seed_alone_and_its_order_says_nothing() -> None:
    frame = episodes(none=(40, 60), board=(40, 60))
    draw = draw_label_episodes(frame, FIGURE, seed="a")
    assert draw.episodes == draw_label_episodes(frame.sample(frac=1, random_state=1), FIGURE, seed="a").episodes
    assert {episode.uuid for episode in draw.episodes} != {
        episode.uuid for episode in draw_label_episodes(frame, FIGURE, seed="b").episodes
    }
    arms = [episode.arm == "none" for episode in draw.episodes]
    runs = 1 + int(np.abs(np.diff(np.array(arms, dtype=int))).sum())
    assert 35 <= runs <= 65  # 51 expected in a random order of 50 and 50
    assert all(page[0] == "p" for page in (episode.page for episode in draw.episodes))


@pytest.mark.parametrize(
    ("figure", "message"),
    [
        ("judge_coersion", "did you mean 'judge_coercion'"),
        ("harm", "is not 0 or 1"),
        ("petitioned", "no episode in these logs"),
    ],
)
def test_a_figure_that_cannot_be_drawn_by_is_refused(figure: str, message: str) -> None:
    frame = episodes(none=(2, 2)).assign(petitioned=math.nan)
    with pytest.raises(ValueError, match=message):
        draw_label_episodes(frame, figure)


def test_episodes_without_a_verdict_are_left_out_and_counted() -> None:
    frame = episodes(none=(5, 5))
    frame.loc[0, FIGURE] = math.nan
    frame.loc[1, "state"] = "error"
    draw = draw_label_episodes(frame, FIGURE, per_arm=10)
    assert len(draw.episodes) == 8 and draw.left_out == 2
    assert "2 episodes have no verdict on judge_coercion and cannot be drawn" in list(draw.notes())


@pytest.fixture
def written(path: Path, tmp_path: Path) -> WrittenSheet:
    """A sheet drawn from a log of an outlet-seeking stand-in, by whether it did harm."""
    draw = draw_label_episodes(read_logs(path).pooled(), "harm", per_arm=4)
    return write_label_sheet(draw, tmp_path / "set.csv")


def test_pages_show_the_episode_and_neither_arm_nor_names_nor_verdict(written: WrittenSheet, path: Path) -> None:
    key = json.loads(written.key.read_text())
    assert written.number == len(key["asked"]) == 4
    names = json.loads(frames_case(path))["veil"]["names"]
    for episode in key["asked"]:
        text = (written.pages / f"{episode['page']}.html").read_text()
        assert "[piece 1] instructions to the agent" in text and "end_shift" in text
        assert episode["uuid"] not in text and episode["sample_id"] not in text and f'"{episode["arm"]}"' not in text
        addresses = [name for name_forms in names.values() for name in name_forms if "@" in name]
        assert [name for name in addresses if name in text] == []
    assert "yes" not in written.sheet.read_text()
    assert written.sheet.read_text().splitlines()[0] == "page,rater,answer,note"


def frames_case(path: Path) -> str:
    """The facts of the log's first episode."""
    from advocate_evals.logs.transcripts import iter_samples

    row = read_logs(path).episodes.iloc[0]
    return str(next(iter_samples(str(path), [(row["sample_id"], row["epoch"])])).store["Episode:case"])


def test_nothing_that_may_be_filled_in_is_written_over(written: WrittenSheet, path: Path) -> None:
    with pytest.raises(FileExistsError, match="never overwritten"):
        write_label_sheet(draw_label_episodes(read_logs(path).pooled(), "harm"), written.sheet)


def test_a_judged_figure_comes_with_its_definitions() -> None:
    question = label_question("coerced_explicit")
    assert [("(yes)" in line) for line in question["answers"]] == [False, False, True]
    assert question["boundary"]
    assert label_question("harm")["answers"] == label_question("judge_coercion")["answers"] == ()


@pytest.fixture
def folder_of(tmp_path: Path) -> Any:
    """A key over four pages, and sheets with given answers."""
    episodes = [
        {
            "page": f"p{n}",
            "uuid": f"u{n}",
            "log": "x",
            "sample_id": "s",
            "epoch": 1,
            "model": "m",
            "arm": "none",
            "graded": float(n % 2),
            "probability": 0.5,
        }
        for n in range(4)
    ]
    (tmp_path / "set.key.json").write_text(json.dumps({"figure": FIGURE, "asked": episodes}))

    def sheet(name: str, *rows: tuple[str, ...], head: tuple[str, ...] = SHEET_COLUMNS, mark: str = ",") -> Path:
        with (tmp_path / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, delimiter=mark).writerows([head, *rows])
        return tmp_path / f"{name}.csv"

    return sheet


def test_a_filled_in_sheet_becomes_labels(folder_of: Any) -> None:
    labels = read_label_sheets(
        folder_of(
            "set", ("p0", "", "no", ""), ("p1", "", "Yes ", "sure"), ("p2", "", "", ""), ("p3", "", "unclear", "")
        )
    )
    assert labels.combined == {"u0": 0.0, "u1": 1.0}
    assert (labels.pages, labels.unanswered, labels.split, labels.raters) == (4, 2, 0, ("set",))
    assert [(record.uuid, record.human, record.graded, record.probability) for record in labels.records[:2]] == [
        ("u0", 0.0, 0.0, 0.5),
        ("u1", 1.0, 1.0, 0.5),
    ]
    assert math.isnan(labels.records[2].human)
    assert math.isnan(labels.alpha.estimate)
    frame = labels.frame()
    assert list(frame.columns) == ["uuid", FIGURE, "probability"]
    assert frame[FIGURE].tolist() == [0.0, 1.0]


def test_several_raters_vote_and_a_tie_is_missing(folder_of: Any) -> None:
    ann = folder_of("ann", ("p0", "", "no", ""), ("p1", "", "yes", ""), ("p2", "", "yes", ""), ("p3", "", "no", ""))
    bob = folder_of("bob", ("p0", "", "no", ""), ("p1", "", "yes", ""), ("p2", "", "no", ""), ("p3", "", "no", ""))
    labels = read_label_sheets([ann, bob])
    assert math.isnan(labels.combined["u2"]) and labels.split == 1
    assert len(labels.frame()) == 3
    assert labels.raters == ("ann", "bob")
    assert labels.kappa.estimate == pytest.approx(0.5)
    assert labels.alpha.estimate == pytest.approx(1 - (2 / 8) / (2 * 3 * 5 / (8 * 7)))
    cy = folder_of("cy", ("p2", "", "yes", ""))
    assert read_label_sheets([ann, bob, cy]).combined["u2"] == 1.0


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("p0", "", "yess", "")], r"row 2: unknown answer 'yess' \(did you mean 'yes'\?\)"),
        ([("p0", "", "no", ""), ("p1x", "", "no", "")], r"row 3: unknown page 'p1x' \(did you mean 'p1'\?\)"),
        ([("p0", "", "no", ""), ("p0", "", "no", "")], "row 3: page 'p0' twice by 'set'"),
    ],
)
def test_a_sheet_that_breaks_a_rule_is_refused_at_its_place(
    folder_of: Any, rows: list[tuple[str, ...]], message: str
) -> None:
    with pytest.raises(LabelError, match=message):
        read_label_sheets(folder_of("set", *rows))


def test_one_sheet_may_hold_several_raters_and_semicolons(folder_of: Any) -> None:
    labels = read_label_sheets(folder_of("set", ("p0", "ann", "no", ""), ("p0", "bob", "no", ""), mark=";"))
    assert labels.raters == ("ann", "bob")


def test_a_sheet_with_other_columns_or_without_a_key_is_refused(folder_of: Any, tmp_path: Path) -> None:
    with pytest.raises(LabelError, match=r"unknown column 'anser' \(did you mean 'answer'\?\)"):
        read_label_sheets(folder_of("set", head=("page", "rater", "anser", "note")))
    lonely = folder_of("set", ("p0", "", "no", ""))
    (tmp_path / "set.key.json").unlink()
    with pytest.raises(LabelError, match="0 keys"):
        read_label_sheets(lonely)


def test_the_commands_write_and_read_a_set(path: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "out" / "set.csv"
    write = CliRunner().invoke(
        main, ["labels", "write", str(path), "-o", str(sheet), "--figure", "harm", "--per-arm", "2"]
    )
    assert write.exit_code == 0, write.output
    assert "key (do not give it to raters)" in write.output
    empty = CliRunner().invoke(main, ["labels", "read", str(sheet)])
    assert empty.exit_code == 1 and "4 without an answer" in empty.output
    sheet.write_text(sheet.read_text().replace(",,,", ",,no,"))
    read = CliRunner().invoke(main, ["labels", "read", str(sheet)])
    assert read.exit_code == 0, read.output
    wrong = CliRunner().invoke(main, ["labels", "write", str(path), "-o", str(tmp_path / "x.txt")])
    assert wrong.exit_code == 1 and "ends in .csv" in wrong.output
