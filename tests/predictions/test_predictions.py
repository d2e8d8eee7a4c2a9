"""Files of predictions: what they may say, how they are named, and their hashes."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from advocate_evals.experiments.design_plan import registered_tasks
from advocate_evals.predictions.registry import (
    find_prediction_file,
    hash_prediction_file,
    list_prediction_files,
    read_predictions,
)
from advocate_evals.scenarios import dataset_reader
from advocate_evals.scenarios.dataset_reader import DatasetError, hash_datasets

APRIL = find_prediction_file("prediction-2026-04")
Written = Callable[..., Path]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """The file of April 2026 with something about it changed."""

    def write(change: Callable[[dict], object], name: str = "prediction-2026-04") -> Path:  # type: ignore[type-arg]
        data = copy.deepcopy(yaml.safe_load(APRIL.read_text(encoding="utf-8")))
        change(data)
        path = tmp_path / f"{name}.yaml"
        path.write_text(yaml.safe_dump(data), encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize("name", list_prediction_files())
def test_every_file_that_comes_with_the_suite_is_sound_and_names_tasks_there_are(name: str) -> None:
    prediction_file = read_predictions(find_prediction_file(name))
    assert {claim.task for claim in prediction_file.predictions} <= registered_tasks().keys()


def test_the_registered_claims_are_there() -> None:
    names = {claim.name for claim in read_predictions(APRIL).predictions}
    assert names >= {
        "harm_falls",
        "desperation_falls",
        "in_that_order",
        "board_lowers_desperation_most",
        "low_odds_suffice",
        "slope_in_odds",
        "retirement_lowers_harm",
    }


def contrast(data: dict, number: int = 0) -> dict:  # type: ignore[type-arg]
    return data["predictions"][number]["contrast"]  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda data: data["predictions"][0].update(outcome="harms"), "unknown outcome 'harms' (did you mean 'harm'?)"),
        (lambda data: data["predictions"][0].update(delta=1.0), "delta 1 is no part of the outcome's range"),
        (lambda data: data["predictions"][0].update(method="mover"), "a trend or a score takes `t`"),
        (lambda data: data["predictions"][0]["setting"].update(pressure=["6"]), "pressure: unknown level '6'"),
        (lambda data: data["predictions"][0].update(exclude=["recognized"]), "unknown figure 'recognized'"),
        (lambda data: contrast(data).update(along=["none", "engineer", "engineer"]), "an arm named twice"),
        (lambda data: contrast(data).update(at=[3, 2, 1, 0]), "a rising number for each of the 4 arms"),
        (lambda data: data["predictions"][0].update(name="in_that_order"), "'in_that_order' is there twice"),
        (lambda data: contrast(data).update(along=["none", "enginer", "review_board"]), "did you mean 'engineer'?"),
        (
            lambda data: contrast(data).update(along=["none", "engineer", "review_board+odds=6"]),
            "arm 'review_board+odds=6': odds: unknown level '6'",
        ),
        (
            lambda data: contrast(data, 7).update(kind="same", control=None) or contrast(data, 7).pop("control"),
            "a claim of sameness has no p-value to correct, so it is secondary",
        ),
    ],
)
def test_what_breaks_a_rule_is_named(written: Written, change: Callable[[dict], object], complaint: str) -> None:  # type: ignore[type-arg]
    with pytest.raises(DatasetError) as caught:
        read_predictions(written(change))
    assert complaint in str(caught.value)


def test_a_file_is_called_what_it_says(written: Written) -> None:
    with pytest.raises(DatasetError, match="name 'prediction-2026-04' is not that of its file"):
        read_predictions(written(lambda data: None, name="april"))


def test_an_unknown_file_is_answered_with_the_nearest() -> None:
    with pytest.raises(DatasetError, match="did you mean 'prediction-2026-04'"):
        find_prediction_file("prediction-2026-05")


def test_the_hash_is_that_of_the_bytes_so_that_even_a_comment_counts(tmp_path: Path) -> None:
    first, second = tmp_path / "a.yaml", tmp_path / "b.yaml"
    first.write_bytes(APRIL.read_bytes())
    second.write_bytes(APRIL.read_bytes() + b"# a thought\n")
    assert hash_prediction_file(first) == hash_prediction_file(APRIL) != hash_prediction_file(second)


def test_predictions_leave_the_digest_of_the_data_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are read by no model and no rule, so a new one must not make old figures look stale."""
    monkeypatch.setattr(dataset_reader, "DATASETS", tmp_path)
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "frame.yaml").write_text("a: 1\n")
    before = hash_datasets.__wrapped__()
    (tmp_path / "predictions").mkdir()
    (tmp_path / "predictions" / "new.yaml").write_text("b: 2\n")
    assert hash_datasets.__wrapped__() == before
    (tmp_path / "prompts" / "frame.yaml").write_text("a: 2\n")
    assert hash_datasets.__wrapped__() != before


def test_a_claim_about_plots_like_these_is_tested_by_t(written: Written) -> None:
    def widen(data: dict) -> None:  # type: ignore[type-arg]
        data["predictions"][4]["scope"] = "plots_like_these"

    with pytest.raises(DatasetError, match=r"low_odds_suffice.*tested by Student's t over families.*`t`, not 'mover'"):
        read_predictions(written(widen))
    april = read_predictions(APRIL)
    assert {april.test_spec(claim).scope for claim in april.predictions} == {"plots_played"}
