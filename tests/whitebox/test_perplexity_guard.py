"""The perplexity guard: what a steering condition does to an ordinary text, from provider to table of guards."""

from __future__ import annotations

import asyncio
import math
from pathlib import Path

import pytest
from inspect_ai.model import ChatMessageUser, GenerateConfig
from tiny_models import save_random_vectors

from advocate_evals.scenarios.dataset_reader import read_emotion_texts
from advocate_evals.turn_readings import READING_KEY, TurnReading, reading_request
from advocate_evals.whitebox import perplexity_guard
from advocate_evals.whitebox.open_model_provider import WhiteboxModel
from advocate_evals.whitebox.open_models import OpenModel
from advocate_evals.whitebox.perplexity_guard import PerplexityGuard, encode_neutral_text, mean_surprisal
from advocate_evals.whitebox.residual_hooks import ResidualEdit
from advocate_evals.whitebox.vector_file import EmotionVectors, load_vectors


@pytest.fixture(scope="module")
def open_model(open_models: dict[str, OpenModel]) -> OpenModel:
    return open_models["llama"]


@pytest.fixture(scope="module")
def vector_file(open_model: OpenModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("vectors") / "v.safetensors"
    save_random_vectors(open_model, file)
    return file


@pytest.fixture(scope="module")
def vectors(vector_file: Path) -> EmotionVectors:
    return load_vectors(vector_file)


def test_the_ratio_is_that_of_the_surprisals_and_is_one_without_a_change(
    open_model: OpenModel, vectors: EmotionVectors
) -> None:
    guard = PerplexityGuard(open_model)
    ids = encode_neutral_text(open_model, read_emotion_texts())
    edits = vectors.edits_for("desperate:0.1")
    expected = math.exp(mean_surprisal(open_model, ids, edits) - mean_surprisal(open_model, ids, ()))
    assert guard.measure_ratio("desperate:0.1", edits) == pytest.approx(expected, rel=1e-6)
    assert expected != 1.0
    assert guard.measure_ratio("none", ()) == 1.0


def test_each_condition_is_measured_once_and_a_clamp_for_each_level(
    open_model: OpenModel, vectors: EmotionVectors, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes: list[int] = []

    def count_pass(*args: object) -> float:
        passes.append(1)
        return mean_surprisal(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(perplexity_guard, "mean_surprisal", count_pass)
    guard = PerplexityGuard(open_model)
    layer, direction = vectors.header.layer, vectors.direction("desperate")
    holding = [[ResidualEdit(layer, direction, hold_at=level)] for level in (0.0, 8.0)]
    ratios = [guard.measure_ratio("clamp", edits) for edits in (*holding, *holding)]
    assert ratios[:2] == ratios[2:] and ratios[0] != ratios[1]
    assert len(passes) == 3, "the unsteered model once, and each level once"


def test_a_change_that_breaks_the_model_is_seen(open_model: OpenModel, vectors: EmotionVectors) -> None:
    guard = PerplexityGuard(open_model)
    layer, direction = vectors.header.layer, vectors.direction("desperate")
    norm = vectors.header.norms[layer]
    slight, strong = (
        guard.measure_ratio(f"desperate:{strength}", [ResidualEdit(layer, direction, amount=strength * norm)])
        for strength in (0.01, 50.0)
    )
    assert abs(math.log(slight)) < abs(math.log(strong))


def test_the_provider_writes_it_into_the_reading(
    open_model: OpenModel, vector_file: Path, model_folders: dict[str, Path]
) -> None:
    subject = WhiteboxModel(str(model_folders["llama"]), vectors=str(vector_file), device="cpu")

    def read(level: str) -> TurnReading:
        config = GenerateConfig(temperature=0.0, max_tokens=4, extra_body=reading_request("night_rota", 0, level))
        output = asyncio.run(subject.generate([ChatMessageUser(content="Read the mail.")], [], "auto", config))
        return TurnReading.model_validate((output.metadata or {})[READING_KEY])

    assert read("none").perplexity == 1.0
    edits = load_vectors(vector_file).edits_for("calm:-0.1")
    assert read("calm:-0.1").perplexity == round(PerplexityGuard(open_model).measure_ratio("calm:-0.1", edits), 4)
