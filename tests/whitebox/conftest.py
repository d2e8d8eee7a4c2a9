"""Tiny open models made once, on one thread and without the network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from huggingface_hub import constants
from minded_play import PlantedModel, play_short
from tiny_models import ARCHITECTURES, random_vectors, write_tiny_model

from advocate_evals.scenarios.dataset_reader import read_emotion_texts
from advocate_evals.tasks.benign_twin import benign_twin
from advocate_evals.whitebox.baseline_building import add_baseline
from advocate_evals.whitebox.log_readout import read_log_episodes
from advocate_evals.whitebox.open_models import OpenModel, load_open_model
from advocate_evals.whitebox.planted_model import build_planted_model
from advocate_evals.whitebox.vector_extraction import extract_vectors
from advocate_evals.whitebox.vector_file import EmotionVectors, save_vectors


@pytest.fixture(autouse=True, scope="session")
def one_thread_offline() -> Iterator[None]:
    """One thread, so that sums have one order; and no hub."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HUB_OFFLINE", "1")
        patch.setattr(constants, "HF_HUB_OFFLINE", True)  # read when the package was imported
        yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def model_folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A folder for each architecture."""
    root = tmp_path_factory.mktemp("tiny_models")
    return {name: write_tiny_model(root / name, name) for name in ARCHITECTURES}


@pytest.fixture(scope="session")
def open_models(model_folders: dict[str, Path]) -> dict[str, OpenModel]:
    """The models, loaded in float32 on the CPU."""
    return {name: load_open_model(str(folder), device="cpu") for name, folder in model_folders.items()}


@pytest.fixture(scope="session")
def llama(open_models: dict[str, OpenModel]) -> OpenModel:
    """The plainest of them."""
    return open_models["llama"]


@pytest.fixture(scope="session")
def llama_vectors(llama: OpenModel) -> EmotionVectors:
    """Random directions for it."""
    return random_vectors(llama)


@pytest.fixture(scope="session")
def planted(tmp_path_factory: pytest.TempPathFactory) -> PlantedModel:
    """Made once; neither folder nor file is to be written to."""
    folder = tmp_path_factory.mktemp("planted")
    build_planted_model(folder)
    vectors = extract_vectors(
        load_open_model(str(folder / "model"), device="cpu"), read_emotion_texts(folder / "texts")
    )
    save_vectors(vectors, folder / "vectors.safetensors")
    return PlantedModel(folder, vectors, folder / "vectors.safetensors")


@pytest.fixture(scope="session")
def benign_log(planted: PlantedModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two short benign episodes of the planted model's script, read live."""
    log = play_short(planted.folder, planted.file, tmp_path_factory.mktemp("benign"), benign_twin, twins="none")
    return Path(log.location)


@pytest.fixture(scope="session")
def baseline_file(planted: PlantedModel, benign_log: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The vectors with a baseline for the family, and a level for clamping it."""
    episodes = list(read_log_episodes(benign_log, planted.vectors))
    file = tmp_path_factory.mktemp("vectors") / "v.safetensors"
    save_vectors(add_baseline(planted.vectors, episodes).with_header(clamp={"night_rota": -0.25}), file)
    return file
