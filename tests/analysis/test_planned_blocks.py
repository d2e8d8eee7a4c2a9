"""A claim is decided on the blocks that it planned, whatever was added afterwards."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made_up import Truth, episodes, ladder, lost, verdict

from advocate_evals.analysis.planned_blocks import cut_to_plan

STRONG, NULL = (0.8, 0.8, 0.55, 0.35, 0.1), (0.6, 0.6, 0.6, 0.6, 0.6)
ARMS = ("none", "review_board")


def test_the_first_blocks_in_the_order_of_the_design_decide_and_the_others_are_an_addition() -> None:
    frame = ladder(*STRONG, blocks=64)
    result = verdict(frame, "harm_falls", blocks=40)
    first = verdict(frame[frame["variant"] < 5], "harm_falls", blocks=40)
    assert (result.started, result.analysed) == (40, 40)
    assert (result.value, result.p) == (first.value, first.p)
    assert "64 blocks were started and 40 planned" in result.excluded[0]
    (check,) = (check for check in result.checks if check.key == "all_blocks")
    assert check.title == "with all 64 blocks, the 24 beyond the plan included"
    assert check.value == pytest.approx(verdict(frame, "harm_falls", blocks=64).value)


def test_blocks_added_until_it_is_confirmed_change_nothing() -> None:
    """No effect in the planned blocks, a strong one in those that were added: chosen by hand, the worst case."""
    planned = ladder(*NULL, blocks=40, seed=2)
    added = ladder(*STRONG, blocks=120, seed=3)
    frame = pd.concat([planned, added[added["variant"] >= 5]])
    result = verdict(frame, "harm_falls", blocks=40)
    alone = verdict(planned, "harm_falls", blocks=40)
    assert (result.label, result.reason, result.p) == (alone.label, alone.reason, alone.p)
    (check,) = (check for check in result.checks if check.key == "all_blocks")
    assert check.label == "CONFIRMED" and check.agrees is False


def test_the_order_of_rows_and_of_ends_does_not_choose_the_blocks() -> None:
    frame = ladder(*STRONG, blocks=24)
    late_first = frame.iloc[::-1].assign(completed=[f"2026-12-02T{n // 60:02d}:{n % 60:02d}:00" for n in range(120)])
    names = [set(cut_to_plan(rows, ARMS, 10)[0]["block"]) for rows in (frame, late_first)]
    assert names[0] == names[1]
    assert {name.rpartition("-")[2] for name in names[0]} == {"0000", "0001"}


def test_a_block_that_was_started_and_lost_is_one_of_those_planned() -> None:
    frame = ladder(*STRONG, blocks=48)
    gone = lost(frame, (frame["variant"] == 0) & (frame["family"] < "late"))
    result = verdict(gone, "harm_falls", blocks=40)
    assert (result.started, result.analysed) == (40, 37)


def test_a_seed_that_was_begun_later_comes_after() -> None:
    first = ladder(*STRONG, blocks=16).assign(seed="zebra")
    later = ladder(*STRONG, blocks=16, seed=1).assign(seed="ant", created="2026-12-09T10:00:00+00:00")
    later["block"] = later["block"] + "@ant"
    rows, surplus = cut_to_plan(pd.concat([later, first]), ARMS, 16)
    assert surplus == 16 and set(rows["seed"]) == {"zebra"}


def test_no_more_than_planned_is_left_as_it_is_and_other_arms_do_not_count() -> None:
    frame = ladder(*STRONG, blocks=16)
    elsewhere = episodes(Truth({"engineer": 0.5}, blocks=80))
    rows, surplus = cut_to_plan(pd.concat([frame, elsewhere]), ARMS, 16)
    assert surplus == 0 and len(rows) == len(frame) + len(elsewhere)
    assert np.array_equal(cut_to_plan(frame, ARMS, 104)[0].index, frame.index)
