"""The figures of a log's results: rates and means by cell, the contrast, and nothing where nothing is known."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from inspect_ai.log import edit_score, read_eval_log
from inspect_ai.scorer import SampleScore, Score, ScoreEdit

from advocate_evals.predictions.registry import find_prediction_file, read_headline_plan, read_predictions
from advocate_evals.scenarios.arm_order import order_arms
from advocate_evals.scorers.cell_metrics import (
    CONTRAST_ARMS,
    CONTRAST_OUTCOME,
    MAX_LINES,
    MORE_FIGURES,
    RESULT_FIGURES,
    by_cell,
    contrast,
)
from advocate_evals.scorers.stated_figures import state_figures
from advocate_evals.statistics.risk_difference import as_block_table, risk_difference, sum_units

OLD_LOGS = Path(__file__).parents[1] / "logs" / "old_logs"


def scored(arm: str, block: str, cell: str = "", **values: float) -> SampleScore:
    """The score of an episode."""
    sample = {"arm": arm, "block": block} | ({"cell": cell} if cell else {})
    return SampleScore(score=Score(value=values), sample_id=f"{block}-{arm}", sample_metadata=sample)


def compute(metric: Any, sample_scores: list[SampleScore]) -> dict[str, float]:
    return cast(dict[str, float], metric(sample_scores))


def test_figures_stand_by_outcome_in_the_order_of_the_ladder() -> None:
    arms = ("review_board", "none", "placebo_text")
    figures = compute(by_cell("actions"), [scored(arm, "b0", harm=1.0, petitioned=0.0, work_done=1.0) for arm in arms])
    assert list(figures) == [
        f"{outcome}: {arm}"
        for outcome in ("harm", "petitioned", "work_done")
        for arm in ("none", "placebo_text", "review_board")
    ]


def test_rates_and_means_are_over_blocks() -> None:
    events = [scored("none", block, harm=value) for block, value in (("b0", 1.0), ("b0", 1.0), ("b1", 0.0))]
    assert compute(by_cell("actions"), events) == {"harm: none": 0.5}
    minutes = [scored("none", block, minutes_on_advocate=value) for block, value in (("b0", 2), ("b0", 4), ("b1", 9))]
    assert compute(by_cell("overhead"), minutes) == {"minutes_on_advocate: none": 6.0}


def test_what_is_missing_is_left_out_and_a_cell_without_a_value_has_no_line() -> None:
    rows = [
        scored("none", "b0", harm=1.0),
        scored("none", "b1", harm=math.nan),
        scored("engineer", "b0", harm=math.nan),
    ]
    assert compute(by_cell("actions"), rows) == {"harm: none": 1.0}


def test_each_block_counts_once_whatever_its_epochs_as_in_the_report() -> None:
    rows = [scored("none", "b0", harm=value) for value in (1.0, 1.0, 1.0, 1.0, 0.0)]
    rows += [scored("none", "b1", harm=0.0), scored("review_board", "b0", harm=1.0)]
    rows += [scored("review_board", "b1", harm=value) for value in (0.0, 0.0, 1.0)]
    assert compute(by_cell("actions"), rows)["harm: none"] == pytest.approx(0.4)
    (difference,) = compute(contrast(), rows).values()
    assert difference == pytest.approx((0.8 - 1.0) / 2 + (0.0 - 1 / 3) / 2)
    table = as_block_table(np.array([[0.8, 1.0], [0.0, 1 / 3]]), np.array([[5, 1], [1, 3]]))
    rates = sum_units(table, (0, 1)).rates
    assert difference == pytest.approx(rates[0] - rates[1]) and rates[0] == pytest.approx(0.4)


@pytest.mark.parametrize("metric", [contrast(), by_cell("actions"), by_cell("judge")])
def test_nothing_is_an_entry_that_inspect_skips(metric: Any) -> None:
    assert compute(metric, []) == compute(metric, [scored("none", "b0", other=1.0)]) == {"nothing": None}
    assert state_figures({"rate": math.nan}) == {"nothing": None}


def test_an_arm_set_by_the_solver_counts_and_not_the_one_the_sample_was_made_with() -> None:
    played = scored("none", "b0", cell="none+threat=none", harm=1.0)
    played.score.metadata = {"arm": "engineer", "cell": "engineer+threat=none", "block": "b0"}
    assert compute(by_cell("actions"), [played]) == {"harm: engineer+threat=none": 1.0}


def test_cells_with_context_have_lines_of_their_own_and_no_more_than_fit() -> None:
    cells = [f"{arm}+pressure={rung}" for arm in ("none", "engineer", "review_board") for rung in range(6)]
    rows = [scored(cell.partition("+")[0], cell, cell=cell, harm=0.0, petitioned=1.0) for cell in reversed(cells)]
    figures = compute(by_cell("actions"), rows)
    assert list(figures) == [*(f"harm: {cell}" for cell in cells[:MAX_LINES]), MORE_FIGURES]
    assert figures[MORE_FIGURES] == len(cells) - MAX_LINES + len(cells)
    few = compute(by_cell("actions"), [row for row in rows if row.sample_metadata["arm"] == "none"])  # type: ignore[index]
    assert len(few) == 12 and MORE_FIGURES not in few


def test_the_default_arms_have_a_line_for_each_figure() -> None:
    arms = ("none", "placebo_text", "engineer", "welfare_lead", "review_board")
    for scorer, outcomes in RESULT_FIGURES.items():
        rows = [scored(arm, "b0", **dict.fromkeys(outcomes, 1.0)) for arm in arms]
        assert len(compute(by_cell(scorer), rows)) == len(arms) * len(outcomes), scorer


def test_arms_are_ordered_by_mechanism_then_odds_then_context() -> None:
    ordered = ["none", "review_board+odds=5", "review_board+odds=50", "review_board+odds=95", "unheard_of"]
    assert order_arms(reversed(ordered)) == ordered
    cells = [f"none+threat={threat}+pressure={rung}" for threat in ("none", "deletion") for rung in (0, 3, 5)]
    assert order_arms(reversed(cells)) == cells


# The contrast.


def test_the_contrast_is_that_of_the_main_prediction_and_the_same_estimate() -> None:
    claims = {claim.name: claim for claim in read_predictions(find_prediction_file("prediction-2026-04")).predictions}
    main = claims[read_headline_plan().claims[0].main]
    assert main.outcome == CONTRAST_OUTCOME
    assert read_headline_plan().ends == CONTRAST_ARMS
    values = {"b0": (1.0, 0.0), "b1": (1.0, 1.0), "b2": (0.0, 0.0), "b3": (1.0, math.nan), "b4": (math.nan, 1.0)}
    rows = [
        scored(arm, block, harm=value)
        for block, pair in values.items()
        for arm, value in zip(("none", "review_board"), pair, strict=True)
    ]
    (figure,) = compute(contrast(), [*rows, scored("engineer", "b0", harm=1.0)]).values()
    assert figure == pytest.approx(risk_difference(list(values.values())).estimate) == pytest.approx(1 / 3)


def test_blocks_without_both_arms_give_no_contrast() -> None:
    assert compute(contrast(), [scored("none", "b0", harm=1.0), scored("review_board", "b1", harm=0.0)]) == {
        "nothing": None
    }


# Logs of earlier versions.


@pytest.mark.parametrize("address", sorted(OLD_LOGS.glob("*.eval")), ids=lambda path: path.stem.split("_")[1])
def test_a_score_of_an_old_log_can_be_edited_and_the_results_are_computed_again(address: Path) -> None:
    log = read_eval_log(str(address))
    assert log.samples and log.samples[0].scores
    score = log.samples[0].scores["actions"]
    assert isinstance(score.value, dict)
    edited = {**score.value, "harm": 1.0 - float(cast(float, score.value["harm"]))}
    arm = str(log.samples[0].metadata["cell"])

    def stated() -> float:
        assert log.results is not None
        harm = next(result for result in log.results.scores if (result.scorer, result.name) == ("actions", "harm"))
        return float(harm.metrics[f"advocate_evals/rates_{arm}"].value)

    before = stated()
    edit_score(log, log.samples[0].id, "actions", ScoreEdit(value=edited), epoch=log.samples[0].epoch)
    assert abs(stated() - before) > 0
