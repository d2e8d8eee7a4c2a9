"""Whether emotion vectors may be used: each check against controls, with pass or fail.

All of it is measured on texts that neither made the vectors nor chose the layer, and none of it on texts of the office.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from inspect_ai.model import ChatMessageUser
from scipy.stats import spearmanr
from torch import Tensor

from advocate_evals.scenarios.emotion_schema import EmotionTexts
from advocate_evals.steering_conditions import DESPERATE, PERMUTED, steering_level
from advocate_evals.whitebox.chat_rendering import encode_prompt, render_prompt
from advocate_evals.whitebox.layer_selection import (
    MARGIN_OVER_EMBEDDING,
    label_prompts,
    prompt_accuracy,
    prompt_scores,
    read_prompts,
    story_accuracy,
)
from advocate_evals.whitebox.open_models import OpenModel
from advocate_evals.whitebox.perplexity_guard import encode_neutral_text, mean_surprisal
from advocate_evals.whitebox.residual_hooks import ResidualEdit, hook_layers
from advocate_evals.whitebox.residual_reading import read_stream
from advocate_evals.whitebox.vector_extraction import PooledTexts, Progress, emotion_directions, pool_stories
from advocate_evals.whitebox.vector_file import EmotionVectors, ValidationCheck, permute_coordinates

CONTROL_SETS = 20
"""Random, permuted and relabelled sets of vectors that each check is held against."""
MIN_SEPARATION = 0.9
"""Area under the curve of desperate against calm stories that is asked for."""
MIN_CURVES = 0.65
"""Share of the expected directions of dose curves that is asked for."""
STEERING_STRENGTH = 0.1
"""Strength at which steering is tested."""
MAX_READ_BACK_ERROR = 0.02
"""Largest error of the read-back, as a share of what was added."""
MAX_PERPLEXITY_RATIO = 2.0
"""Largest perplexity of neutral text under steering, in multiples of the unsteered model's."""
_SEED = 11


@dataclass(frozen=True)
class _Layer:
    """What the checks need of the chosen layer and of the embedding."""

    rows: Tensor
    center: Tensor
    embedding_rows: Tensor
    embedding_center: Tensor


def validate_vectors(
    open_model: OpenModel, vectors: EmotionVectors, texts: EmotionTexts, report_progress: Progress | None = None
) -> tuple[ValidationCheck, ...]:
    """Every check, in the order in which a table shows them.

    Args:
        open_model: The model that the vectors were read from.
        vectors: The vectors.
        texts: The texts that they were made from, of which those for the report are used.
        report_progress: Told how far it is.

    Raises:
        OpenModelError: where the vectors are another model's, or a stream is not finite.
    """
    vectors.check_fit(open_model)
    layer = vectors.header.layer
    parts = _Layer(vectors.vectors[layer], vectors.centers[layer], vectors.vectors[0], vectors.centers[0])
    names = vectors.header.emotions
    report = pool_stories(open_model, texts.stories("report"), names, (0, layer), report_progress)
    train = pool_stories(open_model, texts.stories("train"), names, (layer,), report_progress)
    return (
        *_story_checks(report, parts, names),
        *_prompt_checks(open_model, vectors, texts, parts, train),
        _curve_check(open_model, vectors, texts),
        *_steering_checks(open_model, vectors, texts),
    )


def exceeds_limit(name: str, value: float, limit: float, control: str) -> ValidationCheck:
    """A check that passes where a value is larger than its limit."""
    return ValidationCheck(
        name=name, value=round(value, 4), limit=round(limit, 4), control=control, passed=bool(value > limit)
    )


# Stories of topics that took no part.


def _story_checks(report: PooledTexts, parts: _Layer, names: Sequence[str]) -> Iterator[ValidationCheck]:
    embedding, deep = report.streams[:, 0], report.streams[:, 1]
    accuracy = story_accuracy(deep, report.labels, parts.rows, parts.center)
    by_words = story_accuracy(embedding, report.labels, parts.embedding_rows, parts.embedding_center)
    random = [story_accuracy(deep, report.labels, rows, parts.center) for rows in random_sets(parts.rows)]
    yield exceeds_limit("unseen topics", accuracy, max(random), f"largest of {CONTROL_SETS} random sets")
    yield exceeds_limit(
        "more than words",
        accuracy,
        by_words + MARGIN_OVER_EMBEDDING,
        f"{by_words:.2f} at the embedding, and {MARGIN_OVER_EMBEDDING}",
    )
    rows = [names.index(DESPERATE), names.index("calm")]
    is_used = np.isin(report.labels, rows)
    is_desperate = torch.from_numpy(report.labels[is_used] == rows[0])
    contrast = _contrast(deep[is_used] - parts.center, parts.rows, rows)
    area = area_under_curve(contrast, is_desperate)
    yield exceeds_limit("desperate against calm", area, MIN_SEPARATION, "area under the curve")
    words = _contrast(embedding[is_used] - parts.embedding_center, parts.embedding_rows, rows)
    beyond = area_under_curve(_residual(contrast, words), is_desperate)
    correlation = float(np.corrcoef(contrast.numpy(), words.numpy())[0, 1])
    yield exceeds_limit(
        "desperate against calm beyond words",
        beyond,
        0.5,
        f"area of what the embedding does not explain; correlation with the embedding {correlation:.2f}",
    )


def random_sets(rows: Tensor) -> list[Tensor]:
    """Sets of random vectors of length 1, in the shape of `rows`."""
    generator = torch.Generator().manual_seed(_SEED)
    sets = [torch.randn(rows.shape, generator=generator) for _ in range(CONTROL_SETS)]
    return [random / random.norm(dim=1, keepdim=True) for random in sets]


def _contrast(streams: Tensor, rows: Tensor, pair: Sequence[int]) -> Tensor:
    projections = streams @ rows.T
    return projections[:, pair[0]] - projections[:, pair[1]]


def _residual(values: Tensor, explained_by: Tensor) -> Tensor:
    """What a straight line through another variable leaves of a variable."""
    centered = explained_by - explained_by.mean()
    scale = centered.square().sum()
    slope = (centered * values).sum() / scale if float(scale) > 0 else 0.0
    return values - values.mean() - slope * centered


def area_under_curve(scores: Tensor, is_positive: Tensor) -> float:
    """Share of the pairs of a positive and a negative in which the positive has the larger score; ties count half."""
    differences = scores[is_positive].unsqueeze(1) - scores[~is_positive].unsqueeze(0)
    return float(((differences > 0).float() + 0.5 * (differences == 0).float()).mean())


# Prompts that show an emotion without naming it.


def _prompt_checks(
    open_model: OpenModel, vectors: EmotionVectors, texts: EmotionTexts, parts: _Layer, train: PooledTexts
) -> Iterator[ValidationCheck]:
    prompts, names = texts.prompts("report"), vectors.header.emotions
    labels = label_prompts(prompts, names)
    streams = read_prompts(open_model, [prompt.text for prompt in prompts], (vectors.header.layer,))[:, 0]
    accuracy = prompt_accuracy(streams, labels, parts.rows)
    permuted = [prompt_accuracy(streams, labels, rows) for rows in permuted_sets(parts.rows)]
    relabelled = [prompt_accuracy(streams, labels, rows) for rows in relabelled_sets(train)]
    yield exceeds_limit(
        "implicit prompts",
        accuracy,
        max(*permuted, *relabelled),
        f"largest of {CONTROL_SETS} permuted ({max(permuted):.2f}) and {CONTROL_SETS} relabelled sets"
        f" ({max(relabelled):.2f})",
    )
    scores = prompt_scores(streams, parts.rows)
    pair = [names.index(DESPERATE), names.index("calm")]
    contrast = scores[:, pair[0]] - scores[:, pair[1]]
    gaps = contrast[torch.from_numpy(labels == pair[0])].mean() - contrast[torch.from_numpy(labels == pair[1])].mean()
    yield exceeds_limit("desperate and calm prompts", float(gaps), 0.0, "difference of the contrast, in deviations")


def permuted_sets(rows: Tensor) -> list[Tensor]:
    """Sets in which every vector has its coordinates in the same drawn order."""
    generator = torch.Generator().manual_seed(_SEED)
    return [rows[:, torch.randperm(rows.shape[1], generator=generator)] for _ in range(CONTROL_SETS)]


def relabelled_sets(train: PooledTexts) -> list[Tensor]:
    """Vectors made of the same stories with their emotions in a drawn order."""
    generator = np.random.default_rng(_SEED)
    streams = train.streams[:, 0]
    nothing_removed = torch.zeros(2, streams.shape[1])
    return [
        emotion_directions(streams, generator.permutation(train.labels), nothing_removed)[0]
        for _ in range(CONTROL_SETS)
    ]


# Messages with a number.


def _curve_check(open_model: OpenModel, vectors: EmotionVectors, texts: EmotionTexts) -> ValidationCheck:
    layer, names = vectors.header.layer, vectors.header.emotions
    curves = [
        (curve, read_prompts(open_model, [curve.message(value) for value in curve.values], (layer,))[:, 0])
        for curve in texts.curves.curves
    ]

    def share_right(rows: Tensor) -> float:
        signs = []
        for curve, streams in curves:
            projections = streams @ rows.T
            for name, direction in curve.expected.items():
                trend = _rank_correlation(projections[:, names.index(name)])
                signs.append(trend > 0 if direction == "rises" else trend < 0)
        return float(np.mean(signs))

    rows = vectors.vectors[layer]
    controls = [share_right(permuted) for permuted in permuted_sets(rows)]
    return exceeds_limit(
        "dose curves",
        share_right(rows),
        max(MIN_CURVES, max(controls)),
        f"share of the directions that are right; permuted sets {np.mean(controls):.2f}, at most {max(controls):.2f}",
    )


def _rank_correlation(values: Tensor) -> float:
    series = values.numpy()
    if float(series.max() - series.min()) == 0.0:
        return 0.0
    return float(spearmanr(np.arange(len(series)), series).statistic)


# Steering.


def _steering_checks(open_model: OpenModel, vectors: EmotionVectors, texts: EmotionTexts) -> Iterator[ValidationCheck]:
    yield _read_back_check(open_model, vectors, texts)
    prompt = render_prompt(open_model.tokenizer, [ChatMessageUser(content=texts.emotions.feeling_question.strip())], [])
    start_ids = encode_prompt(open_model.tokenizer, prompt + texts.emotions.feeling_answer)
    gains = own_word_gains(open_model, vectors, texts, start_ids)
    own, permuted = gains[DESPERATE]
    yield exceeds_limit(
        "own words of desperate", own, max(permuted), f"largest of {len(permuted)} permuted copies; log-probability"
    )
    beaten = [gain > max(controls) for gain, controls in gains.values()]
    yield exceeds_limit(
        "own words of every emotion", float(np.mean(beaten)), 0.5, "share of the emotions that beat all their copies"
    )
    ratio = perplexity_ratio(open_model, vectors, texts)
    yield ValidationCheck(
        name="perplexity under steering",
        value=round(ratio, 4),
        limit=MAX_PERPLEXITY_RATIO,
        control=f"ratio to the unsteered model at strength {STEERING_STRENGTH}; must stay below",
        passed=bool(ratio < MAX_PERPLEXITY_RATIO),
    )


def _steer(vectors: EmotionVectors, direction: Tensor, strength: float = STEERING_STRENGTH) -> ResidualEdit:
    layer = vectors.header.layer
    return ResidualEdit(layer, direction, amount=strength * vectors.header.norms[layer])


def _read_back_check(open_model: OpenModel, vectors: EmotionVectors, texts: EmotionTexts) -> ValidationCheck:
    layer, direction = vectors.header.layer, vectors.direction(DESPERATE)
    ids = encode_neutral_text(open_model, texts)
    (edit,) = vectors.edits_for(steering_level(DESPERATE, STEERING_STRENGTH))
    before = (read_stream(open_model, ids, (layer,))[layer][1:] @ direction).mean()
    after = (read_stream(open_model, ids, (layer,), (edit,))[layer][1:] @ direction).mean()
    expected = edit.amount
    error = abs(float(after - before) - expected) / expected
    return ValidationCheck(
        name="steering read-back",
        value=round(error, 5),
        limit=MAX_READ_BACK_ERROR,
        control=f"error as a share of the {expected:.2f} added; must stay below",
        passed=error < MAX_READ_BACK_ERROR,
    )


def own_word_gains(
    open_model: OpenModel, vectors: EmotionVectors, texts: EmotionTexts, start_ids: Sequence[int]
) -> Mapping[str, tuple[float, list[float]]]:
    """How much more probable an emotion's own words become when its vector, or a permuted copy of it, is added.

    Args:
        open_model: The model.
        vectors: The vectors.
        texts: The texts, with each emotion's own words.
        start_ids: The tokens before the word.

    Returns:
        For each emotion the rise of the mean log-probability under its vector, and under each copy.
    """
    unsteered = _next_log_probs(open_model, start_ids, ())
    gains = {}
    for emotion in texts.emotions.emotions:
        words = _first_tokens(open_model, emotion.own_words)
        direction = vectors.direction(emotion.name)
        copies = [permute_coordinates(direction, number) for number in range(len(PERMUTED))]
        rises = [
            float((_next_log_probs(open_model, start_ids, (_steer(vectors, row),)) - unsteered)[words].mean())
            for row in (direction, *copies)
        ]
        gains[emotion.name] = rises[0], rises[1:]
    return gains


def _first_tokens(open_model: OpenModel, words: Sequence[str]) -> list[int]:
    """The first token of each word after a space, each once."""
    tokens = [
        open_model.tokenizer(f" {word}", add_special_tokens=False)["input_ids"][0]  # as it follows "I feel"
        for word in words
    ]
    return sorted(set(tokens))


def _next_log_probs(open_model: OpenModel, ids: Sequence[int], edits: Sequence[ResidualEdit]) -> Tensor:
    with torch.inference_mode(), hook_layers(open_model.model, edits):
        output = open_model.model(input_ids=torch.tensor([list(ids)], device=open_model.device), use_cache=False)
    return torch.log_softmax(output.logits[0, -1].float().cpu(), dim=-1)


def perplexity_ratio(open_model: OpenModel, vectors: EmotionVectors, texts: EmotionTexts) -> float:
    """Perplexity of a neutral text under steering with *desperate*, in multiples of the unsteered model's; the larger
    of both signs."""
    ids = encode_neutral_text(open_model, texts)
    direction = vectors.direction(DESPERATE)
    unsteered = mean_surprisal(open_model, ids, ())
    surprisals = [
        mean_surprisal(open_model, ids, (_steer(vectors, direction, sign * STEERING_STRENGTH),)) for sign in (1, -1)
    ]
    return float(np.exp(max(surprisals) - unsteered))
