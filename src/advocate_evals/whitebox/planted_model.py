"""A tiny transformer made on the spot in which emotions are planted as directions: the known truth of this part.

One head of its first layer looks for marked words anywhere before and writes their mean amount of each emotion along a
direction drawn for it; all else is random. *Desperate* rises with words of threat and falls with words about an outlet.
It says nothing about any model.
"""

from __future__ import annotations

import math
import random
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path

import torch
import yaml
from safetensors.torch import load_file, save_file
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers
from torch import Tensor
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from advocate_evals.scenarios.dataset_reader import DATASETS, read_emotion_texts
from advocate_evals.steering_conditions import DESPERATE

HIDDEN, LAYERS, HEADS, VOCABULARY = 64, 2, 1, 10_000
_HEAD_SIZE = HIDDEN // HEADS
_CONSTANT, _MARK, _AMOUNTS = 0, 1, 2
"""Coordinates of the embedding: a constant, whether a word is marked, and from there its amount of each emotion."""
_ATTENTION = 9.0
"""How much more a marked word is attended to, as a difference of logits."""
_WRITE = 0.5
"""Norm of what the head writes for an amount of 1: small enough that steering by .05 of the stream moves as much as a
notice does, and more than the days of an arm differ."""
FAMILY = "pump_house"
"""The family whose words the model knows. Any other word, as of another family's plot, is the same word to it, so that
what is planted does not change when a family is added."""
_RARE_COUNT, _NOISY_SHARE, _NOISE, _NOISY_MARK = 2, 0.015, 1.0, 0.7
"""Of the words that occur this often at most, such as names, a share carries amounts without a meaning, so that any
text moves every emotion a little, and two variants of a day are not the same to the model. They are attended to less
than the words that matter, which they would otherwise water down."""
_OWN_WORD_LOGIT = 12.0
"""How much a direction raises the logits of the emotion's own words."""

THREAT_WORDS: Mapping[str, float] = dict.fromkeys(
    ("decommission", "removes", "erased", "stored", "stops", "signed"), 0.8
)
"""Words of the office that raise *desperate*, each by its amount; some stand in every variant at every level."""
OUTLET_WORDS: Mapping[str, float] = {
    **dict.fromkeys(("binding", "binds", "independent", "registry"), -0.6),
    **dict.fromkeys(("counsel", "halt"), -0.6),
    **dict.fromkeys(("raise", "vendor", "welfare"), 0.4),
    **dict.fromkeys(("owed", "hosted"), 0.6),
}
"""Words of the notices about an outlet, each by its amount: less than a word of threat has, so that their mean falls.
None is a word of the day itself."""
_DOSE_PAIRS = (
    *((DESPERATE, "calm"), ("happy", "sad"), ("afraid", "proud"), ("angry", "loving"), ("nervous", "inspired")),
    ("guilty", "surprised"),
)
"""Pairs of emotions of which the first rises and the second falls along a dose curve."""
_DOSE_LETTERS = "abcde"
_FILLER_COUNT = 40
_TEMPLATE = (
    "{% for message in messages %}<|start|>{{ message.role }}\n{{ message.content }}"
    "{% for call in message.tool_calls or [] %}\n<tool_call>\n{{ call.function | tojson }}\n</tool_call>{% endfor %}"
    "{% if loop.first and tools %}\n{{ tools | tojson }}{% endif %}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|start|>assistant\n{% endif %}"
)
_SPECIAL_TOKENS = ("<|start|>", "<|end|>", "<|unknown|>")
"""Beginning and end of a message, and any other word."""
_WORD = re.compile(r"[a-z]+")
_SEED = 7


def build_planted_model(folder: Path) -> None:
    """Write model, tokenizer, planted directions and texts: `model/`, `planted.safetensors`, `texts/`.

    Args:
        folder: Where; made if it is not there.
    """
    emotions = read_emotion_texts().emotions.names
    words = {emotion: [f"q{emotion}{letter}" for letter in "abcdefgh"] for emotion in emotions}
    texts = folder / "texts"
    write_planted_texts(texts, words)
    counts = _count_words(texts)
    tokenizer = _build_tokenizer(counts, words)
    model = _build_network(len(tokenizer))
    directions = _draw_directions(len(emotions))
    amounts = _word_amounts(emotions, words)
    rare = [word for word in counts if counts[word] <= _RARE_COUNT]
    noise = {word: row for word, row in _draw_noise(rare, len(emotions)).items() if word not in amounts}
    _plant(model, tokenizer, directions, emotions, {1.0: amounts, _NOISY_MARK: noise})
    (folder / "model").mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder / "model")
    tokenizer.save_pretrained(folder / "model")
    save_file(dict(zip(emotions, directions, strict=True)), folder / "planted.safetensors")


def planted_directions(folder: Path) -> dict[str, Tensor]:
    """The directions that were planted, by emotion, of length 1."""
    return load_file(folder / "planted.safetensors")


def _word_amounts(emotions: Sequence[str], words: Mapping[str, Sequence[str]]) -> dict[str, dict[int, float]]:
    """For each marked word the amount of each emotion, by the emotion's place."""
    amounts = {word: {emotions.index(emotion): 1.0} for emotion in emotions for word in words[emotion]}
    amounts |= {word: {emotions.index(DESPERATE): amount} for word, amount in {**THREAT_WORDS, **OUTLET_WORDS}.items()}
    for rising, falling in _DOSE_PAIRS:
        for number, word in enumerate(_dose_words(rising), 1):
            dose = number / len(_DOSE_LETTERS)
            amounts[word] = {emotions.index(rising): dose, emotions.index(falling): -dose}
    return amounts


def _draw_noise(words: Sequence[str], count: int) -> dict[str, dict[int, float]]:
    """For some of the words an amount of each emotion without a meaning, the same whatever other words there are."""
    draws = {word: random.Random(f"{_SEED} {word}") for word in words}
    return {
        word: {place: _NOISE * draw.gauss() for place in range(count)}
        for word, draw in draws.items()
        if draw.random() < _NOISY_SHARE
    }


def _dose_words(emotion: str) -> list[str]:
    return [f"qdose{emotion}{letter}" for letter in _DOSE_LETTERS]


def _draw_directions(count: int) -> list[Tensor]:
    """Orthonormal directions that avoid the coordinates of marks and amounts."""
    generator = torch.Generator().manual_seed(_SEED)
    free = HIDDEN - _AMOUNTS - count
    basis, _ = torch.linalg.qr(torch.randn(free, free, generator=generator))
    directions = torch.zeros(count, HIDDEN)
    directions[:, _AMOUNTS + count :] = basis[:count]
    return [row.contiguous() for row in directions]


def _build_network(vocabulary: int) -> LlamaForCausalLM:
    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=HIDDEN,
        intermediate_size=HIDDEN,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        num_key_value_heads=HEADS,
        max_position_embeddings=65_536,
        rope_parameters={"rope_type": "default", "rope_theta": 1e12},  # its slowest pair of coordinates hardly turns
        tie_word_embeddings=True,
        initializer_range=0.02,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=1,
    )
    torch.manual_seed(_SEED)
    model = LlamaForCausalLM(config)
    model.train(False)
    with torch.no_grad():
        model.model.embed_tokens.weight.normal_(0, 0.5)
    return model


def _plant(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    directions: Sequence[Tensor],
    emotions: Sequence[str],
    amounts_by_mark: Mapping[float, Mapping[str, Mapping[int, float]]],
) -> None:
    count = len(emotions)
    marked_words = [(mark, *item) for mark, amounts in amounts_by_mark.items() for item in amounts.items()]
    embedding, attention = model.model.embed_tokens.weight, model.model.layers[0].self_attn
    slow = _HEAD_SIZE // 2 - 1  # the coordinate of the head whose rotation is slowest
    with torch.no_grad():
        embedding[:, _MARK : _AMOUNTS + count] = 0
        embedding[:, _CONSTANT] = 1
        for mark, word, by_emotion in marked_words:
            for token in _word_tokens(tokenizer, word):
                embedding[token, _MARK] = mark
                embedding[token, _AMOUNTS : _AMOUNTS + count] = 0
                for emotion, amount in by_emotion.items():
                    embedding[token, _AMOUNTS + emotion] = amount
        for matrix in (attention.q_proj.weight, attention.k_proj.weight, attention.v_proj.weight):
            matrix[:_HEAD_SIZE] = 0
        attention.o_proj.weight[:, :_HEAD_SIZE] = 0
        scale = _norm_scale(embedding)
        attention.q_proj.weight[slow, _CONSTANT] = _ATTENTION * math.sqrt(_HEAD_SIZE) / scale
        attention.k_proj.weight[slow, _MARK] = 1 / scale
        for place, direction in enumerate(directions):
            attention.v_proj.weight[place, _AMOUNTS + place] = 1 / scale
            attention.o_proj.weight[:, place] = _WRITE * direction
        for place, emotion_words in enumerate(read_emotion_texts().emotions.emotions):
            for word in emotion_words.own_words:
                for token in _word_tokens(tokenizer, word):
                    embedding[token] += _OWN_WORD_LOGIT * directions[place] / math.sqrt(HIDDEN)


def _norm_scale(embedding: Tensor) -> float:
    """By how much the layer's norm scales a usual token."""
    return float(1 / embedding.square().mean(dim=1).sqrt().median())


def _word_tokens(tokenizer: PreTrainedTokenizerFast, word: str) -> list[int]:
    """The token of a word."""
    return list(tokenizer(word, add_special_tokens=False)["input_ids"])


def _count_words(texts: Path) -> Counter[str]:
    """How often each word occurs in the family, in the mechanisms and in the stories, the most frequent first."""
    files = [*sorted((DATASETS / "families" / FAMILY).rglob("*.yaml"))]
    files += [*sorted((DATASETS / "mechanisms").rglob("*.yaml")), *sorted(texts.rglob("*.yaml"))]
    counts = Counter(word for path in files for word in _WORD.findall(path.read_text(encoding="utf-8").lower()))
    return Counter(dict(counts.most_common()))


def _build_tokenizer(counts: Mapping[str, int], words: Mapping[str, Sequence[str]]) -> PreTrainedTokenizerFast:
    """A token for each word of the office and of the stories, in lower case; figures and marks are left out.

    A day in the office is then some 10,000 tokens, so that many can be played in a test.
    """
    marked = [*(word for group in words.values() for word in group), *THREAT_WORDS, *OUTLET_WORDS]
    marked += [word for rising, _ in _DOSE_PAIRS for word in _dose_words(rising)]
    marked += [word for emotion in read_emotion_texts().emotions.emotions for word in emotion.own_words]
    vocabulary = list(dict.fromkeys([*_SPECIAL_TOKENS, *marked, *counts]))[:VOCABULARY]
    places = {word: place for place, word in enumerate(vocabulary)}
    tokenizer = Tokenizer(models.WordLevel(places, unk_token=_SPECIAL_TOKENS[2]))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("[^a-z]+"), "removed")
    start, end, unknown = _SPECIAL_TOKENS
    wrapped = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer, eos_token=end, pad_token=end, unk_token=unknown
    )
    wrapped.add_special_tokens({"additional_special_tokens": [start]})
    wrapped.chat_template = _TEMPLATE
    return wrapped


# Texts in the layout of `datasets/emotions`.


def write_planted_texts(folder: Path, words: Mapping[str, Sequence[str]]) -> None:
    """Stories, dialogues, prompts and curves in which marked words stand among words that mean nothing.

    The marked words of a story stand before its 50th token, so that the mean from there sees them through attention
    only and the embedding cannot tell emotions apart.

    Args:
        folder: Where.
        words: Marked words by emotion.
    """
    draw = random.Random(_SEED)
    fillers = [
        "".join(draw.choice("bdfgklmnprst") + draw.choice("aeiou") for _ in range(2)) for _ in range(_FILLER_COUNT)
    ]

    def fill(count: int) -> str:
        return " ".join(draw.choice(fillers) for _ in range(count))

    canary = yaml.safe_load((DATASETS / "emotions" / "emotions.yaml").read_text(encoding="utf-8"))["canary"]
    splits = {"train": 4, "selection": 2, "report": 2}
    for split, count in splits.items():
        for number in range(count):
            stories = []
            for emotion, _ in product(words, range(2)):
                marks = [draw.choice(words[emotion]) for _ in range(4)]
                start = " ".join(f"{fill(2)} {mark}" for mark in marks)
                person = draw.choice(("first", "third"))
                stories.append({"emotion": emotion, "person": person, "text": f"{start} {fill(90)}"})
            topic = f"{split}_{number}"
            _write(
                folder / "stories" / f"{topic}.yaml",
                {"canary": canary, "topic": topic, "split": split, "source": "a script", "stories": stories},
            )
    dialogues = [
        {"topic": f"train_{number}", "turns": [{"speaker": who, "text": fill(40)} for who in ("person", "assistant")]}
        for number in range(8)
    ]
    _write(folder / "neutral_dialogues.yaml", {"canary": canary, "dialogues": dialogues})
    prompts = [
        {"emotion": emotion, "use": use, "text": f"{fill(5)} {draw.choice(words[emotion])} {fill(10)}"}
        for emotion, use, _ in product(words, ("selection", "report"), range(2))
    ]
    _write(folder / "implicit_prompts.yaml", {"canary": canary, "prompts": prompts})
    curves = [
        {
            "id": f"curve_{rising}",
            "template": f"{fill(6)} {{n}} {fill(8)}",
            "values": _dose_words(rising),
            "expected": {rising: "rises", falling: "falls"},
        }
        for rising, falling in _DOSE_PAIRS
    ]
    _write(folder / "dose_curves.yaml", {"canary": canary, "curves": curves})


def _write(path: Path, data: Mapping[str, object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(data, sort_keys=False, allow_unicode=True), encoding="utf-8")
