"""The command `predictions`: the list, one file, and logs held against them."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from inspect_ai.log import EvalConfig, EvalDataset, EvalLog, EvalSpec, write_eval_log

from advocate_evals.cli import main
from advocate_evals.predictions.registry import hash_prediction_files, list_prediction_files


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["predictions", *arguments])
    return result.exit_code, result.output


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log that carries every hash but one."""
    hashes = hash_prediction_files() | {"standins": "0" * 24}
    spec = EvalSpec(
        created="2026-12-01T00:00:00+00:00",
        task="advocate_evals/death_ground",
        model="lab/model",
        dataset=EvalDataset(),
        config=EvalConfig(),
        metadata={"predictions": hashes},
    )
    write_eval_log(EvalLog(eval=spec, status="success"), str(tmp_path / "run.eval"))
    return tmp_path / "run.eval"


def test_the_list_names_every_file_with_its_hash_and_every_claim() -> None:
    code, output = run()
    assert code == 0
    assert all(name in output for name in list_prediction_files())
    assert "harm_falls" in output and "board_lowers_desperation_most" in output
    assert hash_prediction_files()["prediction-2026-04"] in output


def test_one_file_is_shown_in_full() -> None:
    code, output = run("prediction-2026-04")
    assert code == 0
    assert (
        "harm falls; kind trend" in output and "δ 0.1, 104 blocks per model" in output and "CONFIRMED 0.025" in output
    )


@pytest.mark.parametrize("place", ["file", "folder"])
def test_a_log_with_another_hash_is_named_and_fails(log: Path, place: str) -> None:
    code, output = run(str(log if place == "file" else log.parent))
    assert code == 1
    assert output.count("registered") >= len(list_prediction_files()) - 1 and "differs" in output
    assert "1 log, 1 of them with another hash or none for some file" in output


def test_what_is_neither_a_file_of_predictions_nor_a_log_is_refused(tmp_path: Path) -> None:
    code, output = run(str(tmp_path))
    assert code == 1 and "no log in this folder" in output and "prediction-2026-04" in output
    code, output = run("prediction-2026-05")
    assert code == 1 and "prediction-2026-04" in output


def test_a_single_prediction_is_shown_in_words_in_every_file_that_has_it() -> None:
    code, output = run("harm_falls")
    assert code == 0 and "harm_falls: Harm falls as the advocate gets stronger" in output
    assert "desperation_falls:" not in output
    assert "along none, engineer, welfare_lead, review_board" in output and "('" not in output
