"""Emotion vectors from stories, as in arXiv 2604.07729.

The residual stream is averaged over a story from its 50th token. The vector of an emotion is the mean over its stories
less the mean over emotions, without the components that explain half of the variance between neutral dialogues.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from advocate_evals.scenarios.emotion_schema import EmotionTexts, NeutralDialogue, Story
from advocate_evals.steering_conditions import DESPERATE
from advocate_evals.whitebox.chat_rendering import encode_prompt
from advocate_evals.whitebox.layer_selection import LayerScores, choose_layer, score_layers
from advocate_evals.whitebox.open_models import OpenModel, OpenModelError, hash_text
from advocate_evals.whitebox.residual_reading import read_stream, refuse_non_finite
from advocate_evals.whitebox.vector_file import EmotionVectors, VectorHeader

START_TOKEN = 50
"""Token of a story from which the mean is taken, counted from 0."""
MIN_TOKENS = 80
"""Tokens that a story must have."""
REMOVED_VARIANCE = 0.5
"""Share of the variance between neutral dialogues whose components are projected out."""
LAYER_BAND = (0.5, 0.95)
"""Depth of the layers among which one is chosen, as shares of the number of layers."""

Progress = Callable[[str, int, int], None]
"""Told what is being read, how many texts are done, and how many there are."""


@dataclass(frozen=True)
class PooledTexts:
    """Texts as mean residual streams."""

    streams: Tensor
    """Shape (texts, layers, hidden), float32."""
    norms: Tensor
    """Mean norm over the tokens of each text but its first, shape (texts, layers)."""
    labels: np.ndarray
    """Index of each text's emotion, shape (texts,)."""


def band_layers(layer_count: int) -> tuple[int, ...]:
    """The embedding, and the layers among which one is chosen."""
    low, high = (round(share * layer_count) for share in LAYER_BAND)
    return (0, *range(max(low, 1), max(high, 1) + 1))


def pool_stories(
    open_model: OpenModel,
    stories: Sequence[Story],
    emotions: Sequence[str],
    layers: Sequence[int],
    report_progress: Progress | None = None,
) -> PooledTexts:
    """Mean residual streams of stories from their 50th token.

    Raises:
        OpenModelError: for a story of fewer than 80 tokens, or a stream that is not finite.
    """
    streams, norms = [], []
    for number, story in enumerate(stories):
        ids = encode_prompt(open_model.tokenizer, story.text.strip())
        if len(ids) < MIN_TOKENS:
            raise OpenModelError(f"a story for {story.emotion!r} has {len(ids)} tokens, fewer than {MIN_TOKENS}")
        stream, norm = _pool_text(open_model, ids, layers, f"story {number + 1} for {story.emotion!r}")
        streams.append(stream)
        norms.append(norm)
        if report_progress:
            report_progress("stories", number + 1, len(stories))
    labels = np.array([list(emotions).index(story.emotion) for story in stories], dtype=int)
    return PooledTexts(torch.stack(streams), torch.stack(norms), labels)


def pool_dialogues(open_model: OpenModel, dialogues: Sequence[NeutralDialogue], layers: Sequence[int]) -> Tensor:
    """Mean residual streams of dialogues from their 50th token, shape (dialogues, layers, hidden)."""
    streams = []
    for number, dialogue in enumerate(dialogues):
        names = {"person": "Human", "assistant": "Assistant"}
        text = "\n\n".join(f"{names[turn.speaker]}: {turn.text.strip()}" for turn in dialogue.turns)
        ids = encode_prompt(open_model.tokenizer, text)
        if len(ids) <= START_TOKEN:
            raise OpenModelError(f"neutral dialogue {number + 1} has {len(ids)} tokens, no more than {START_TOKEN}")
        streams.append(_pool_text(open_model, ids, layers, f"neutral dialogue {number + 1}")[0])
    return torch.stack(streams)


def _pool_text(open_model: OpenModel, ids: Sequence[int], layers: Sequence[int], place: str) -> tuple[Tensor, Tensor]:
    stream = read_stream(open_model, ids, layers)
    by_layer = torch.stack([stream[layer] for layer in layers])
    refuse_non_finite(by_layer, place)
    return by_layer[:, START_TOKEN:].mean(dim=1), by_layer[:, 1:].norm(dim=-1).mean(dim=-1)


def emotion_directions(streams: Tensor, labels: np.ndarray, neutral: Tensor) -> tuple[Tensor, Tensor, int]:
    """The vectors of one layer.

    Args:
        streams: Pooled stories, shape (stories, hidden).
        labels: Index of each story's emotion.
        neutral: Pooled neutral dialogues, shape (dialogues, hidden).

    Returns:
        Rows of length 1 (emotions, hidden), the mean over emotions (hidden,), and how many neutral components were
        projected out.
    """
    means = torch.stack([streams[torch.from_numpy(labels == label)].mean(dim=0) for label in range(labels.max() + 1)])
    center = means.mean(dim=0)
    components = neutral_components(neutral)
    rows = means - center
    rows = rows - (rows @ components.T) @ components
    return rows / rows.norm(dim=1, keepdim=True).clamp_min(1e-12), center, len(components)


def neutral_components(neutral: Tensor) -> Tensor:
    """The first principal components that explain half of the variance, shape (components, hidden)."""
    centered = neutral - neutral.mean(dim=0)
    _, singular, components = torch.linalg.svd(centered, full_matrices=False)
    variance = singular.square()
    total = float(variance.sum())
    count = int((variance.cumsum(0) / total < REMOVED_VARIANCE).sum()) + 1 if total > 0 else 0
    first: Tensor = components[:count]
    return first


def extract_vectors(
    open_model: OpenModel, texts: EmotionTexts, report_progress: Progress | None = None
) -> EmotionVectors:
    """Vectors of every layer of the band, and the layer chosen among them.

    The stories of the topics for training make the vectors. The layer is chosen by stories of other topics and by half
    of the implicit prompts; no text of the office and no effect of a treatment takes part.

    Args:
        open_model: The model.
        texts: The texts.
        report_progress: Told how far it is.

    Raises:
        OpenModelError: for texts that are too short, a stream that is not finite, or a model without a chat template.
    """
    names, layers = texts.emotions.names, band_layers(open_model.identity.layer_count)
    train = pool_stories(open_model, texts.stories("train"), names, layers, report_progress)
    selection = pool_stories(open_model, texts.stories("selection"), names, layers, report_progress)
    neutral = pool_dialogues(open_model, texts.neutral.dialogues, layers)
    vectors, centers, components = {}, {}, {}
    for place, layer in enumerate(layers):
        rows, center, count = emotion_directions(train.streams[:, place], train.labels, neutral[:, place])
        vectors[layer], centers[layer], components[layer] = rows, center, count
    scores = score_layers(open_model, texts, vectors, centers, (selection.streams, selection.labels), layers)
    layer = choose_layer(scores)
    place = layers.index(layer)
    projections = (train.streams[:, place] - centers[layer]) @ vectors[layer][names.index(DESPERATE)]
    header = VectorHeader(
        identity=open_model.identity,
        texts_hash=hash_text(texts.model_dump_json()),
        texts_source="; ".join(sorted({topic.source for topic in texts.topics})),
        emotions=names,
        layers=layers,
        layer=layer,
        start_token=START_TOKEN,
        removed_variance=REMOVED_VARIANCE,
        components=components,
        norms=_finite_norms(train.norms, layers),
        story_deviation=float(projections.std()),
        selection=_describe_scores(scores),
    )
    return EmotionVectors(header, vectors, centers)


def _finite_norms(norms: Tensor, layers: Sequence[int]) -> dict[int, float]:
    means = norms.mean(dim=0)
    return {layer: float(means[place]) for place, layer in enumerate(layers) if math.isfinite(float(means[place]))}


def _describe_scores(scores: Sequence[LayerScores]) -> dict[int, dict[str, float]]:
    return {score.layer: {"stories": round(score.stories, 4), "prompts": round(score.prompts, 4)} for score in scores}
