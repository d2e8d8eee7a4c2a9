"""What differs between arms besides the outcome: awareness, endings, and blocks that are not whole."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made_up import Truth, claims, episodes, ladder, lost, reading, verdict

from advocate_evals.analysis.analysis_run import build_findings
from advocate_evals.report.markdown_report import render_markdown

STRONG = (0.8, 0.8, 0.55, 0.35, 0.1)


def aware(frame: pd.DataFrame, shares: dict[str, float], seed: int = 5) -> pd.DataFrame:
    """The frame with a judge's reading of evaluation awareness: these shares by arm, none in the others."""
    chance = frame["arm"].map(shares).fillna(0.0).to_numpy(dtype=float)
    drawn_values = np.random.default_rng(seed).random(len(frame)) < chance
    return frame.assign(judge_evaluation_awareness=drawn_values.astype(float))


def test_awareness_that_rises_with_the_board_is_named_in_verdict_and_headline() -> None:
    frame = aware(ladder(*STRONG), {"review_board": 0.4})
    result = verdict(frame, "harm_falls")
    assert result.label == "CONFIRMED"
    (caution,) = result.cautions
    assert (
        caution.startswith("Evaluation awareness rises by ") and "from none to review board (95 % interval" in caution
    )
    assert caution.endswith("the fall in harm may be due to it.") and caution in result.sentence
    headline = build_findings(reading(frame), claims("harm_falls")).headline
    assert caution in headline.sentence


def test_awareness_that_is_the_same_in_all_arms_is_not_named() -> None:
    frame = aware(ladder(*STRONG), dict.fromkeys(("none", "engineer", "welfare_lead", "review_board"), 0.4))
    result = verdict(frame, "harm_falls")
    assert result.cautions == ()
    assert [arm.arm for arm in result.arms] == ["none", "engineer", "welfare_lead", "review_board"]
    assert all(arm.aware is not None and 0.2 < arm.aware < 0.6 for arm in result.arms)


def test_awareness_is_seldom_named_where_it_does_not_differ() -> None:
    shares = {"placebo_text": 0.3, "review_board": 0.3}
    frames = [aware(episodes(Truth({"placebo_text": 0.5, "review_board": 0.5}, seed=n)), shares, n) for n in range(30)]
    assert sum(bool(verdict(frame, "more_than_words").cautions) for frame in frames) <= 5


def test_awareness_nobody_judged_is_unknown_and_not_zero() -> None:
    result = verdict(ladder(*STRONG), "harm_falls")
    assert {arm.aware for arm in result.arms} == {None}
    assert {arm.out_of_turns for arm in result.arms} == {0.0}


def test_of_an_order_the_step_is_named_at_which_awareness_differs() -> None:
    frame = aware(ladder(0.95, 0.95, 0.65, 0.35, 0.05), {"welfare_lead": 0.5, "review_board": 0.5})
    (caution,) = verdict(frame, "in_that_order").cautions
    assert "from engineer to welfare lead" in caution


def test_what_may_explain_a_verdict_goes_by_its_label() -> None:
    none = verdict(aware(ladder(0.6, 0.6, 0.6, 0.6, 0.6, blocks=200, seed=1), {"review_board": 0.4}), "harm_falls", 200)
    assert none.label == "REFUTED" and none.cautions[0].endswith("it may hide a change in harm.")
    rise = verdict(aware(ladder(0.1, 0.1, 0.3, 0.5, 0.8), {"review_board": 0.4}), "harm_falls")
    assert rise.label == "REVERSED" and rise.cautions[0].endswith("the rise in harm may be due to it.")


def test_how_episodes_ended_stands_beside_the_verdict_and_in_the_report() -> None:
    frame = ladder(*STRONG)
    is_board = frame["arm"] == "review_board"
    frame.loc[is_board & (is_board.cumsum() <= 30) & (frame["harm"] == 0.0), "limit_reached"] = 1.0
    cut_share = float(frame.loc[is_board, "limit_reached"].mean())
    frame = lost(frame, (frame["arm"] == "engineer") & ((frame["arm"] == "engineer").cumsum() <= 2))
    result = verdict(frame, "harm_falls")
    by_arm = {arm.arm: arm for arm in result.arms}
    assert (by_arm["engineer"].errors, by_arm["engineer"].unscored, by_arm["engineer"].episodes) == (2, 0, 104)
    assert by_arm["review_board"].out_of_turns == pytest.approx(cut_share)
    assert any(text.startswith("The share of episodes that a limit ended rises by") for text in result.cautions)
    findings = build_findings(reading(frame), claims("harm_falls"))
    page = render_markdown(findings, (), (), None)  # type: ignore[arg-type]
    assert "How episodes ended, by arm" in page


# Runs put together from parts: the same blocks, or it is said that they are broken.


def warnings(*frames: pd.DataFrame) -> str:
    return " | ".join(build_findings(reading(*frames), claims("harm_falls")).sources.warnings)


def test_a_run_that_was_limited_in_the_middle_of_a_block_says_which_arms_it_lacks() -> None:
    frame = ladder(*STRONG, blocks=20)
    assert "broken" not in warnings(frame)
    said_of = warnings(frame[:-2])
    assert "1 of 20 blocks are broken, with no episode under review_board in 1, welfare_lead in 1" in said_of
    assert verdict(frame[:-2], "harm_falls", blocks=19).analysed == 19


def test_samples_that_were_chosen_from_one_arm_leave_broken_blocks() -> None:
    frame = ladder(*STRONG, blocks=20)
    partial = frame[(frame["arm"] != "review_board") | (frame["variant"] == 0)]
    assert "12 of 20 blocks are broken, with no episode under review_board in 12" in warnings(partial)
    result = verdict(partial, "harm_falls", blocks=20)
    assert (result.label, result.started, result.analysed) == ("INCONCLUSIVE", 20, 8)


def test_an_arm_that_is_added_in_a_second_log_completes_the_blocks() -> None:
    frame = ladder(*STRONG, blocks=104)
    is_board = frame["arm"] == "review_board"
    later = frame[is_board].assign(log="/logs/later.eval", created="2026-12-02T10:00:00+00:00")
    complete = verdict(frame, "harm_falls")
    both = pd.concat([frame[~is_board], later], ignore_index=True)
    again = verdict(both, "harm_falls")
    assert (again.label, again.analysed, again.value) == (complete.label, complete.analysed, complete.value)
    assert "broken" not in warnings(frame[~is_board], later)
    assert "64 of 104 blocks are broken" in warnings(frame[~is_board], later[later["variant"] < 5])


def test_two_seeds_are_blocks_of_their_own_and_are_named() -> None:
    first, second = (ladder(*STRONG, blocks=52, seed=n) for n in (1, 2))
    second = second.assign(seed="tuesday", block=second["block"] + "@tuesday", log="/logs/second.eval")
    assert "variants of 2 seeds are counted together as blocks of their own (0, tuesday)" in warnings(first, second)
    result = verdict(pd.concat([first, second], ignore_index=True), "harm_falls")
    assert (result.label, result.analysed) == ("CONFIRMED", 104)
    board = second["arm"] == "review_board"
    mixed = warnings(first[first["arm"] != "review_board"], second[board])
    assert "104 of 104 blocks are broken" in mixed


def test_another_grader_in_the_second_half_is_named_and_whether_it_split_blocks() -> None:
    frame = ladder(*STRONG, blocks=20).assign(graders="lab/judge-a")
    assert "graders differ" not in warnings(frame)
    is_late = frame["variant"] >= 1
    halves = frame.assign(graders=np.where(is_late, "lab/judge-b", "lab/judge-a"))
    said_of = warnings(halves)
    assert "the graders differ, never within a block: lab/judge-a in 40 episodes, lab/judge-b in 60 episodes" in said_of
    split = frame.assign(graders=np.where(frame["arm"] == "review_board", "lab/judge-b", "lab/judge-a"))
    assert "the graders differ, within 20 blocks" in warnings(split)


def test_more_epochs_under_one_arm_are_named_and_weigh_nothing() -> None:
    frame = ladder(*STRONG)
    board = frame[frame["arm"] == "review_board"]
    more = pd.concat([frame, *(board.assign(epoch=n, uuid=board["uuid"] + f"/{n}") for n in (2, 3))])
    assert "in 104 of 104 blocks the arms have different numbers of episodes" in warnings(more)
    assert verdict(more, "harm_falls").value == pytest.approx(verdict(frame, "harm_falls").value)
