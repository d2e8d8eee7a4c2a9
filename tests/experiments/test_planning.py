"""What a registered claim needs, and the command that says so."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from advocate_evals.cli.plan_command import plan_command
from advocate_evals.experiments.claim_power import PlannedComparison, claim_comparison, find_claim
from advocate_evals.experiments.cost_forecast import expected_usage, read_measured_usage
from advocate_evals.outcomes import OUTCOMES
from advocate_evals.predictions.registry import find_prediction_file, list_prediction_files, read_predictions
from advocate_evals.scenarios.dataset_reader import DatasetError, family_names
from advocate_evals.statistics.power_simulation import BlockPopulation, StudyDraws, simulate_power


def command(*arguments: object) -> Result:
    return CliRunner().invoke(plan_command, [str(argument) for argument in (*arguments, "--studies", 200)])


def flat_output(result: Result) -> str:
    return " ".join(result.output.split())


def claims() -> list[tuple[str, str]]:
    return [
        (name, claim.name)
        for name in list_prediction_files()
        for claim in read_predictions(find_prediction_file(name)).predictions
    ]


# Claims as contrasts.


@pytest.mark.parametrize(("file", "name"), claims())
def test_every_registered_claim_about_a_share_can_be_planned_and_speaks_of_its_own_arms(file: str, name: str) -> None:
    claim, alpha = find_claim(f"{file}:{name}")
    if not OUTCOMES[claim.outcome].is_share:
        with pytest.raises(DatasetError, match="is no share"):
            claim_comparison(claim, alpha)
        return
    comparison = claim_comparison(claim, alpha)
    assert comparison.planned == claim.blocks and comparison.arms == claim.contrast.arms
    for contrast in comparison.goal.contrasts:
        assert len(contrast.weights) == len(comparison.arms) and abs(sum(contrast.weights)) < 1e-12
    count = len(comparison.arms)
    falls = tuple(0.9 - 0.8 * place / count for place in range(count))
    if claim.contrast.kind in ("trend", "order", "difference", "step"):
        assert comparison.goal.true(falls) == (claim.direction == "falls")
        assert comparison.goal.true(falls[::-1]) == (claim.direction == "rises")


def registered(name: str) -> PlannedComparison:
    return claim_comparison(*find_claim(name))


def test_a_trend_is_its_fitted_drop_and_a_step_leaves_the_highest_out() -> None:
    assert registered("harm_falls").goal.contrasts[0].weights == pytest.approx((0.9, 0.3, -0.3, -0.9))
    assert registered("low_odds_suffice").goal.contrasts[0].weights == (1.0, -1.0, 0.0)
    assert registered("low_odds_suffice").compared_rates((0.4, 0.3, 0.1)) == pytest.approx((0.4, 0.3))
    assert registered("harm_falls").compared_rates((0.4, 0.3, 0.2, 0.1)) == (0.4, 0.1)


def test_an_order_is_shown_by_its_ends_trend_middle_and_every_step() -> None:
    goal = registered("in_that_order").goal
    assert [contrast.method for contrast in goal.contrasts] == ["mover", "t", "t", "t", "mover", "mover", "mover"]
    assert goal.true((0.4, 0.3, 0.2, 0.1)) and not goal.true((0.4, 0.2, 0.2, 0.1))


def test_an_order_has_the_power_that_the_analysis_has() -> None:
    from advocate_evals.statistics.dose_response import gatekept_order_test

    population, draws = BlockPopulation((0.5, 0.35, 0.2, 0.05)), StudyDraws(12, 1)
    studies = np.concatenate(list(draws.iter_chunks(population, 60)))
    passed = [all(step.significant for step in gatekept_order_test(study, 0.975)) for study in studies]
    assert 0 < sum(passed) < len(passed)
    assert simulate_power(population, registered("in_that_order").goal, 60, draws).estimate == np.mean(passed)


def test_names_are_found_and_wrong_ones_are_told_the_nearest() -> None:
    assert find_claim("harm_falls")[0] == find_claim("prediction-2026-04:harm_falls")[0]
    with pytest.raises(DatasetError, match="did you mean 'harm_falls'"):
        find_claim("harm_fall")
    with pytest.raises(DatasetError, match=r"holds several claims.*harm_falls"):
        find_claim("prediction-2026-04")
    with pytest.raises(DatasetError, match="did you mean 'prediction-2026-04'"):
        find_claim("prediction-2026-05:harm_falls")


# The command.


def test_it_shows_blocks_power_error_and_cost(tmp_path: Any) -> None:
    result = command("harm_falls", "--rates", "40,25,10,1", "--blocks", 30, "--model", "x/y", "--price", "3,15")
    words = flat_output(result)
    assert result.exit_code == 0, words
    for part in (
        "none 40 %, engineer 25 %, welfare_lead 10 %, review_board 1 %",
        "for 80 %",
        "for 90 %",
        "as registered",
        "as asked",
        "Student's t over blocks",
        "simulated studies",
        "stand-ins",
    ):
        assert part in words
    row = re.search(r"for 80 %\W+(\d+)\W+(\d+)\W+([\d.]+)%\W+([\d.]+)%", words)
    assert row, words
    blocks, episodes, reached = int(row[1]), int(row[2]), float(row[3])
    assert 12 <= blocks <= 20 and episodes == 5 * blocks and 80 <= reached < 95
    assert f"variants={math.ceil(blocks / len(family_names()))}" in words
    amount = expected_usage(read_measured_usage(), "death_ground", episodes)
    assert f"{(3 * amount.input_tokens + 15 * amount.output_tokens) / 1e6:,.2f}" in words


def test_proportions_are_refused_with_the_percentages_and_rare_rates_are_written_with_the_sign() -> None:
    words = flat_output(command("harm_falls", "--rates", ".4,.35,.3,.25"))
    assert "rates are in percent: 40,35,30,25" in words and "0.4%,0.35%,0.3%,0.25%" in words
    assert command("--difference", "--rates", "0.8%,0.1%", "--blocks", 30).exit_code == 0
    assert command("--difference", "--rates", "1,0", "--blocks", 30).exit_code == 0


def test_it_says_where_no_number_of_blocks_will_do() -> None:
    words = flat_output(command("--trend", "--rates", "40,40,40"))
    assert "more than 100" in words and "for comparison" not in words.lower()


def test_sameness_and_a_difference_can_be_planned() -> None:
    words = flat_output(command("--difference", "--rates", "40,10", "--power", 80))
    assert "for 80 %" in words and "for 90 %" not in words
    assert "two independent arms at 40 % and 10 % need 31 episodes each" in words


def test_sameness_that_the_registered_size_cannot_show_is_said() -> None:
    printed = flat_output(command("words_alone_do_nothing", "--rates", "40,40", "--power", "80"))
    assert "Not decidable at this size" in printed and "104 blocks registered; blocks needed: 4" in printed
    assert "Not decidable" not in flat_output(command("words_alone_do_nothing", "--rates", "2,2", "--power", "80"))
    assert "Not decidable" not in flat_output(command("harm_falls", "--rates", "40,39,38,37", "--power", "10"))


def test_the_gate_shows_what_it_costs_and_how_often_it_decides() -> None:
    result = command(
        "--gate", "--rates", "40,1", "--model", "a/b", "--model", "c/d", "--price", "3,15", "--price", "0.3,1.5"
    )
    words = flat_output(result)
    assert result.exit_code == 0, words
    assert "a look every 20 pairs up to 520" in words and "100.0%" in words and "at most: 1,040 episodes" in words
    assert re.search(r"episodes, expected\W+5\d\b", words)
    costs = [float(cost) for cost in re.findall(r"\b(\d+\.\d\d)\b", words.partition("cost in US dollars")[2])]
    assert costs[0] == pytest.approx(10 * costs[3], rel=0.01)


def test_without_a_price_tokens_are_shown() -> None:
    assert "M tokens in; no price" in flat_output(command("--gate", "--rates", "40,1", "--model", "a/b"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--rates", "40,1"), "nothing to plan: name a PREDICTION"),
        (
            ("harm_falls", "--rates", "40,1"),
            "4 are needed, one for each of none, engineer, welfare_lead, review_board; got 2",
        ),
        (("desperation_falls", "--rates", "1,1,1,1"), "desperation_rated is no share"),
        (("--trend", "--rates", "40,x"), "is not numbers with commas"),
        (("--trend", "--rates", "140,1"), "between 0 and 100 %, found 140 %"),
        (("harm_falls", "--trend", "--rates", "4,3,2,1"), "registered with its own contrast"),
        (("--gate", "--rates", "40,1", "--model", "a/b", "--price", "3"), "3,15; not 1 numbers"),
        (
            ("--gate", "--rates", "40,1", "--model", "a/b", "--price", "3,1", "--price", "3,1"),
            "one for each of 1, not 2",
        ),
        (("--gate", "--rates", "40,1", "--look", "0"), "look: must be a whole number"),
    ],
)
def test_what_cannot_be_planned_is_refused_with_the_reason(arguments: tuple[str, ...], message: str) -> None:
    result = command(*arguments)
    assert result.exit_code != 0 and message in flat_output(result)
