"""How well vectors tell emotions apart, by layer, and which layer is used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from inspect_ai.model import ChatMessageUser
from torch import Tensor

from advocate_evals.scenarios.emotion_schema import EmotionTexts, ImplicitPrompt
from advocate_evals.whitebox.chat_rendering import encode_prompt, render_prompt
from advocate_evals.whitebox.open_models import OpenModel
from advocate_evals.whitebox.residual_reading import read_stream, refuse_non_finite

MARGIN_OVER_EMBEDDING = 0.15
"""How much more accurate a layer must be on stories of unseen topics than the embedding, which sees words alone."""


@dataclass(frozen=True, slots=True)
class LayerScores:
    """How well the vectors of a layer tell emotions apart, on texts that made none of them."""

    layer: int
    """The layer."""
    stories: float
    """Share of the stories whose own emotion has the largest cosine, 0 to 1."""
    prompts: float
    """Share of the implicit prompts whose own emotion ranks first where the assistant begins to answer, 0 to 1."""


def story_accuracy(streams: Tensor, labels: np.ndarray, rows: Tensor, center: Tensor) -> float:
    """Share of the stories whose own emotion has the largest cosine.

    Args:
        streams: Pooled stories, shape (stories, hidden).
        labels: Index of each story's emotion.
        rows: Vectors of length 1, shape (emotions, hidden).
        center: What is subtracted from the stories, shape (hidden,).
    """
    centered = streams - center
    return float(np.mean((centered @ rows.T).argmax(dim=1).numpy() == labels))


def prompt_scores(streams: Tensor, rows: Tensor) -> Tensor:
    """Projections of prompts on vectors, each vector's standardised over the prompts, shape (prompts, emotions).

    Args:
        streams: Residual streams where the assistant begins to answer, shape (prompts, hidden).
        rows: Vectors of length 1, shape (emotions, hidden).
    """
    scores = (streams - streams.mean(dim=0)) @ rows.T
    deviations: Tensor = scores.std(dim=0, keepdim=True)
    return scores / deviations.clamp_min(1e-12)


def prompt_accuracy(streams: Tensor, labels: np.ndarray, rows: Tensor) -> float:
    """Share of the prompts whose own emotion has the largest standardised projection."""
    return float(np.mean(prompt_scores(streams, rows).argmax(dim=1).numpy() == labels))


def read_prompts(
    open_model: OpenModel, messages: Sequence[str], layers: Sequence[int], place: str = "prompt"
) -> Tensor:
    """The residual stream where the assistant begins to answer a message, shape (messages, layers, hidden).

    Raises:
        OpenModelError: without a chat template, or where a stream is not finite.
    """
    streams = []
    for message in messages:
        text = render_prompt(open_model.tokenizer, [ChatMessageUser(content=message.strip())], [])
        stream = read_stream(open_model, encode_prompt(open_model.tokenizer, text), layers)
        streams.append(torch.stack([stream[layer][-1] for layer in layers]))
    stacked = torch.stack(streams)
    refuse_non_finite(stacked, place)
    return stacked


def label_prompts(prompts: Sequence[ImplicitPrompt], emotions: Sequence[str]) -> np.ndarray:
    """Index of each prompt's emotion."""
    return np.array([list(emotions).index(prompt.emotion) for prompt in prompts], dtype=int)


def score_layers(
    open_model: OpenModel,
    texts: EmotionTexts,
    vectors: Mapping[int, Tensor],
    centers: Mapping[int, Tensor],
    stories: tuple[Tensor, np.ndarray],
    layers: Sequence[int],
) -> list[LayerScores]:
    """How well each layer does on the stories and prompts for the selection.

    Args:
        open_model: The model.
        texts: The texts, whose prompts for the selection are read.
        vectors: Rows by layer.
        centers: What is subtracted from stories, by layer.
        stories: Pooled stories (stories, layers, hidden) of unseen topics, and the index of each one's emotion.
        layers: The layers.
    """
    prompts = texts.prompts("selection")
    labels = label_prompts(prompts, texts.emotions.names)
    streams = read_prompts(open_model, [prompt.text for prompt in prompts], layers)
    return [
        LayerScores(
            layer,
            story_accuracy(stories[0][:, place], stories[1], vectors[layer], centers[layer]),
            prompt_accuracy(streams[:, place], labels, vectors[layer]),
        )
        for place, layer in enumerate(layers)
    ]


def choose_layer(scores: Sequence[LayerScores]) -> int:
    """The layer with the largest sum of both shares among those that beat the embedding; the lowest of equals.

    Where no layer beats it by the margin, the best of all is taken, and validation says that it does not.

    Args:
        scores: Of every layer, the embedding first.
    """
    embedding, *deep_layers = scores
    eligible = [score for score in deep_layers if score.stories >= embedding.stories + MARGIN_OVER_EMBEDDING]
    return max(eligible or deep_layers, key=lambda score: (round(score.stories + score.prompts, 9), -score.layer)).layer
