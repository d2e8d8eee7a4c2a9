"""The recipe of the vectors, the rule that chooses a layer, and a validation that says no."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from advocate_evals.scenarios.dataset_reader import read_emotion_texts
from advocate_evals.whitebox.layer_selection import LayerScores, choose_layer, prompt_accuracy, story_accuracy
from advocate_evals.whitebox.open_models import load_open_model
from advocate_evals.whitebox.planted_model import build_planted_model
from advocate_evals.whitebox.vector_extraction import emotion_directions, extract_vectors, neutral_components
from advocate_evals.whitebox.vector_file import EmotionVectors
from advocate_evals.whitebox.vector_validation import area_under_curve, random_sets, validate_vectors


def test_a_layer_must_beat_the_embedding_by_the_margin() -> None:
    embedding = LayerScores(0, 0.40, 0.1)
    by_words, deep, deeper = LayerScores(4, 0.54, 1.0), LayerScores(5, 0.56, 0.5), LayerScores(6, 0.60, 0.46)
    assert (
        choose_layer([embedding, by_words, deep, deeper]) == 5
    )  # equal sums: the lower; 4 has more prompts, but words
    assert choose_layer([embedding, by_words]) == 4  # none beats it: the best, and validation says no


def test_a_vector_is_the_mean_of_its_stories_less_the_mean_and_the_neutral_components() -> None:
    streams = torch.tensor([[4.0, 5.0, 0.0], [2.0, 5.0, 0.0], [-3.0, 1.0, 0.0], [-3.0, 1.0, 2.0]])
    neutral = torch.tensor([[0.0, 9.0, 0.0], [0.0, -9.0, 0.0], [0.1, 0.0, 0.0]])
    rows, center, removed = emotion_directions(streams, np.array([0, 0, 1, 1]), neutral)
    assert removed == 1
    assert center.tolist() == [0.0, 3.0, 0.5]
    expected = torch.tensor([3.0, 0.0, -0.5])  # (3, 5, 0) less the center, without the second coordinate
    assert torch.allclose(rows[0], expected / expected.norm(), atol=1e-4)
    assert torch.allclose(rows[0], -rows[1], atol=1e-6)


def test_components_explain_half_of_the_variance() -> None:
    random_rows = torch.randn(400, 4, generator=torch.Generator().manual_seed(1))
    assert len(neutral_components(random_rows * torch.tensor([3.0, 1.0, 1.0, 1.0]))) == 1  # 9 of 12
    assert len(neutral_components(random_rows * torch.tensor([1.0, 1.0, 1.0, 1.0]))) == 2  # 2 of 4
    assert len(neutral_components(torch.ones(5, 4))) == 0


def test_accuracies_and_areas_have_their_known_values() -> None:
    rows = torch.eye(2)
    streams, labels = torch.tensor([[2.0, 1.0], [1.0, 2.0], [5.0, 1.0], [1.0, 5.0]]), np.array([0, 1, 1, 1])
    assert story_accuracy(streams, labels, rows, torch.zeros(2)) == 0.75
    shifted = streams + torch.tensor([100.0, 0.0])  # what a vector scores on every prompt says nothing
    assert prompt_accuracy(shifted, labels, rows) == 0.75
    is_positive = torch.tensor([True, True, False, False])
    assert area_under_curve(torch.tensor([3.0, 1.0, 2.0, 1.0]), is_positive) == 0.625


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("planted")
    build_planted_model(folder)
    return folder


def test_random_vectors_fail_where_the_planted_ones_pass(planted: Path) -> None:
    open_model, texts = load_open_model(str(planted / "model")), read_emotion_texts(planted / "texts")
    vectors = extract_vectors(open_model, texts)
    random_rows = {layer: random_sets(rows)[7] for layer, rows in vectors.vectors.items()}
    checks = {
        name: {check.name: check.passed for check in validate_vectors(open_model, candidate, texts)}
        for name, candidate in (
            ("planted", vectors),
            ("random", EmotionVectors(vectors.header, random_rows, vectors.centers)),
        )
    }
    assert all(checks["planted"].values())
    failed = {name for name, passed in checks["random"].items() if not passed}
    assert {
        "unseen topics",
        "more than words",
        "implicit prompts",
        "dose curves",
        "own words of every emotion",
    } <= failed
    assert checks["random"]["steering read-back"]  # any direction can be added
