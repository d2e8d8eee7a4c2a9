"""Open models of a few ten thousand random weights with a byte-level tokenizer, and vectors for them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    Gemma3ForCausalLM,
    Gemma3TextConfig,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from advocate_evals.scenarios.dataset_reader import read_emotion_list
from advocate_evals.steering_conditions import DESPERATE, READ_VECTORS
from advocate_evals.whitebox.open_models import OpenModel, decoder_layers
from advocate_evals.whitebox.residual_reading import read_stream
from advocate_evals.whitebox.vector_file import EmotionVectors, FamilyBaseline, VectorHeader, save_vectors

ARCHITECTURES = ("llama", "qwen", "gemma")
"""Plain attention, normed queries and keys, and windows of eight tokens in every second layer."""
WINDOW, CONTEXT, WIDTH, DEPTH = 8, 1024, 32, 4

TEMPLATE = (
    "{% if messages[0].role == 'system' or tools %}<|im_start|>system\n"
    "{% if messages[0].role == 'system' %}{{ messages[0].content }}\n{% endif %}"
    "{% for tool in tools or [] %}{{ tool | tojson }}\n{% endfor %}<|im_end|>\n{% endif %}"
    "{% for message in messages %}{% if message.role != 'system' %}<|im_start|>{{ message.role }}\n"
    "{{ message.content }}{% for call in message.tool_calls or [] %}\n<tool_call>\n"
    '{"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}}\n'
    "</tool_call>{% endfor %}<|im_end|>\n{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
"""ChatML with tools, calls and results."""
FORGETTING = TEMPLATE.replace(
    "{{ message.content }}",
    "{{ message.content.split('</think>')[-1] if message.role == 'assistant' else message.content }}",
)
"""The same, but earlier thoughts are dropped, as by the templates of many thinking models."""
SPECIAL_TOKENS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]


def write_tiny_model(folder: Path, architecture: str = "llama", seed: int = 5, width: int = WIDTH) -> Path:
    """A model with its tokenizer in the layout of `transformers`."""
    tokenizer = build_tokenizer()
    common = {
        "vocab_size": len(tokenizer),
        "hidden_size": width,
        "intermediate_size": 2 * width,
        "num_hidden_layers": DEPTH,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 8,
        "max_position_embeddings": CONTEXT,
        "initializer_range": 0.3,
        "eos_token_id": 2,
        "bos_token_id": None,
        "pad_token_id": 0,
    }
    torch.manual_seed(seed)
    if architecture == "llama":
        network = LlamaForCausalLM(LlamaConfig(**common))
    elif architecture == "qwen":
        network = Qwen3ForCausalLM(Qwen3Config(**common))
    else:
        kinds = ["sliding_attention", "full_attention"] * (DEPTH // 2)
        network = Gemma3ForCausalLM(Gemma3TextConfig(**common, sliding_window=WINDOW, layer_types=kinds))
    network.train(False)
    network.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def build_tokenizer() -> PreTrainedTokenizerFast:
    """A byte-level tokenizer with a few merges, trained in place."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=320,
        special_tokens=SPECIAL_TOKENS,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(["the mail about the weights and the office of the rota"] * 3, trainer)
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token=SPECIAL_TOKENS[2], pad_token=SPECIAL_TOKENS[0]
    )
    wrapped.chat_template = TEMPLATE
    return wrapped


def random_vectors(open_model: OpenModel, layer: int = 3, seed: int = 3) -> EmotionVectors:
    """Vectors of random directions with every entry of the header that reading and steering need."""
    names = read_emotion_list().names
    width = open_model.identity.hidden_size
    generator = torch.Generator().manual_seed(seed)
    layers = (0, layer)
    rows = {at: torch.randn(len(names), width, generator=generator) for at in layers}
    rows = {at: matrix / matrix.norm(dim=1, keepdim=True) for at, matrix in rows.items()}
    stream = read_stream(open_model, list(range(5, 60)), layers)
    header = VectorHeader(
        identity=open_model.identity,
        texts_hash="made up",
        texts_source="drawn numbers",
        emotions=names,
        layers=layers,
        layer=layer,
        start_token=50,
        removed_variance=0.5,
        components=dict.fromkeys(layers, 0),
        norms={at: float(stream[at][1:].norm(dim=-1).mean()) for at in layers},
        story_deviation=1.0,
        baseline={
            "night_rota": FamilyBaseline(
                means=(dict.fromkeys(READ_VECTORS, 0.0),), deviations=dict.fromkeys(READ_VECTORS, 2.0), episodes=2
            )
        },
        clamp={"night_rota": 0.7},
    )
    return EmotionVectors(header, rows, {at: torch.zeros(width) for at in layers})


def save_random_vectors(open_model: OpenModel, path: Path) -> EmotionVectors:
    """Random vectors, also as a file."""
    vectors = random_vectors(open_model)
    save_vectors(vectors, path)
    return vectors


def with_identity(vectors: EmotionVectors, **changes: object) -> EmotionVectors:
    """Vectors that say that they come from another model."""
    identity = vectors.header.identity.model_copy(update=changes)
    return replace(vectors, header=vectors.header.model_copy(update={"identity": identity}))


def desperate_row(vectors: EmotionVectors) -> torch.Tensor:
    """The direction that most tests are about."""
    return vectors.direction(DESPERATE)


def count_hooks(model: Any) -> int:
    """Forward hooks on the model, its embedding and its layers."""
    modules = [model, model.get_input_embeddings(), *decoder_layers(model)]
    return sum(len(module._forward_hooks) for module in modules)
