"""What reading, steering and replaying an open model cost beside the same work without it.

Three comparisons, each with its baseline in the same run:

- a generation turn of a random model of some 10 M parameters: 512 tokens of prompt, 32 generated, by the provider with
  read-out, with read-out and steering, and under hooks at five layers, beside a bare `generate`. Sides take turns, the
  smallest processor time of each counts. On a shared machine that is off by several per cent: the row of a bare
  `generate` against itself shows by how much. So the time spent in hooks and outside `generate` is measured within
  single calls as well, and the limit of 3 % for read-out is held against that.
- an episode's log: the planted model plays the same episodes through `minded/` with readings and without. Limit: 20 kB.
- a replay of a growing conversation by cached chunks, beside one pass over each turn's whole prompt, and beside a
  single pass over the last one, which reads only one turn as it was in the run.

Ratios count, since machines drift. On a GPU see `whitebox_gpu.py`.

    python benchmarks/whitebox_cost.py [--rounds 5] [--variants 2] [--only turns replays logs]
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
from inspect_ai.model import GenerateConfig, ModelOutput
from torch import Tensor, nn
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM
from transformers.utils import logging as transformers_logging

from advocate_evals.scenarios.dataset_reader import read_emotion_texts
from advocate_evals.turn_readings import ReadingRequest, TurnReading
from advocate_evals.whitebox.open_model_provider import GenerationRequest, WhiteboxModel
from advocate_evals.whitebox.open_models import OpenModel, load_open_model
from advocate_evals.whitebox.planted_model import build_planted_model
from advocate_evals.whitebox.residual_hooks import hook_layers
from advocate_evals.whitebox.residual_reading import CachedReader, read_stream
from advocate_evals.whitebox.stream_projection import read_turn_stream
from advocate_evals.whitebox.vector_file import EmotionVectors, VectorHeader, save_vectors

PROMPT_TOKENS, NEW_TOKENS = 512, 32
SMALL_CONFIG: Mapping[str, int] = {
    "hidden_size": 256,
    "intermediate_size": 1024,
    "num_hidden_layers": 8,
    "num_attention_heads": 8,
    "num_key_value_heads": 4,
}
"""Some 10 M parameters with 10,000 tokens."""
TURNS, TURN_TOKENS = 12, 320
"""The conversation that is replayed: its turns, and by how many tokens each prompt is longer than the one before."""
MAX_TIME, MAX_BYTES = 0.03, 20_000
STEERING = "desperate:0.05"


def make_random_model(folder: Path, tokenizer_folder: Path, config: Mapping[str, int], seed: int = 1) -> int:
    """Write a Llama with random weights; a turn never ends by itself. Returns the number of its parameters."""
    tokenizer = AutoTokenizer.from_pretrained(tokenizer_folder)
    torch.manual_seed(seed)
    model = LlamaForCausalLM(
        LlamaConfig(vocab_size=len(tokenizer), max_position_embeddings=32_768, tie_word_embeddings=True, **config)
    )
    model.generation_config.eos_token_id = None
    model.config.eos_token_id = None
    transformers_logging.disable_progress_bar()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return sum(weights.numel() for weights in model.parameters())


def make_random_vectors(open_model: OpenModel, path: Path) -> EmotionVectors:
    """Vectors that mean nothing, at two thirds of the depth: what they cost does not hang on what they mean."""
    names = read_emotion_texts().emotions.names
    identity = open_model.identity
    layer = max(1, round(identity.layer_count * 2 / 3))
    generator = torch.Generator().manual_seed(2)
    rows = torch.randn(len(names), identity.hidden_size, generator=generator)
    stream = read_stream(open_model, draw_tokens(open_model, 64), (layer,))[layer]
    header = VectorHeader(
        identity=identity,
        texts_hash="none",
        texts_source="drawn at random",
        emotions=names,
        layers=(layer,),
        layer=layer,
        start_token=50,
        removed_variance=0.5,
        components={layer: 0},
        norms={layer: float(stream[1:].norm(dim=1).mean())},
        story_deviation=1.0,
    )
    center = torch.zeros(identity.hidden_size)
    vectors = EmotionVectors(header, {layer: rows / rows.norm(dim=1, keepdim=True)}, {layer: center})
    save_vectors(vectors, path)
    return vectors


def draw_tokens(open_model: OpenModel, count: int, seed: int = 3) -> list[int]:
    """Tokens drawn at random, those with a meaning of their own left out."""
    special = set(open_model.tokenizer.all_special_ids)
    usable = [token for token in range(len(open_model.tokenizer)) if token not in special]
    places = torch.randint(len(usable), (count,), generator=torch.Generator().manual_seed(seed))
    return [usable[place] for place in places]


def smallest_times(sides: Mapping[str, Callable[[], Any]], rounds: int, clock: Callable[[], float]) -> dict[str, float]:
    """The smallest time of each side over rounds in which they take turns, after one round to warm up."""
    times: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(rounds + 1):
        for name, side in sides.items():
            began = clock()
            side()
            if number:
                times[name].append(clock() - began)
    return {name: min(seconds) for name, seconds in times.items()}


@dataclass
class AddedTime:
    """Where the time of a turn went, over the calls since it was made."""

    total: float = 0.0
    generating: float = 0.0
    hooks: float = 0.0

    @property
    def share(self) -> float:
        """What was spent in hooks and outside `generate`, as a share of the rest."""
        bare = self.generating - self.hooks
        return (self.total - bare) / bare


def measure_added(side: Callable[[], Any], model: Any, clock: Callable[[], float]) -> AddedTime:
    """Run a side once, with a clock around it, around `generate` and around every hook."""
    spent = AddedTime()
    generate, register = model.generate, nn.Module.register_forward_hook

    def timed_generate(*arguments: Any, **options: Any) -> Any:
        began = clock()
        try:
            return generate(*arguments, **options)
        finally:
            spent.generating += clock() - began

    def register_timed(module: Any, hook: Any, **options: Any) -> Any:
        def timed_hook(*arguments: Any) -> Any:
            began = clock()
            try:
                return hook(*arguments)
            finally:
                spent.hooks += clock() - began

        return register(module, timed_hook, **options)

    with (
        patch.object(nn.Module, "register_forward_hook", register_timed),
        patch.object(model, "generate", timed_generate),
    ):
        began = clock()
        side()
        spent.total = clock() - began
    return spent


def turn_sides(provider: WhiteboxModel, prompt: Sequence[int], new_tokens: int) -> dict[str, Callable[[], Any]]:
    """A bare `generate` first, then the same turn by the provider and under more hooks."""
    open_model = provider.open_model
    vectors = provider.vectors
    assert vectors is not None
    ids = torch.tensor([list(prompt)], device=open_model.device)

    def generate() -> Tensor:
        with torch.inference_mode():
            output: Tensor = open_model.model.generate(
                input_ids=ids, attention_mask=torch.ones_like(ids), max_new_tokens=new_tokens, do_sample=False,
                pad_token_id=0,
            )  # fmt: skip
        return output.cpu()

    def read(condition: str) -> TurnReading:
        request = ReadingRequest(steering=condition)
        edits = provider.condition_edits(request)
        config = GenerateConfig(temperature=0)
        turn = provider.run_batch([GenerationRequest(tuple(prompt), condition, edits, config, new_tokens)])[0]
        assert turn.stream is not None
        return read_turn_stream(vectors, turn.stream, prompt, turn.token_ids, request)

    def hook_five() -> list[Tensor]:
        count = open_model.identity.layer_count
        layers = range(count - 4, count + 1)
        with hook_layers(open_model.model, (), layers, lambda hidden: hidden[:, -1].clone()) as hooked:
            generate()
        return [torch.stack(hooked.captured[layer], dim=1).float().cpu() for layer in layers]

    return {
        "bare generate": generate,
        "read-out": lambda: read("none"),
        "read-out and steering": lambda: read(STEERING),
        "five layers hooked": hook_five,
    }


def load_small(folder: Path) -> WhiteboxModel:
    """The random model of some 10 M parameters, with vectors that mean nothing."""
    path = folder / "random"
    if not path.exists():
        make_random_model(path, folder / "planted" / "model", SMALL_CONFIG)
        make_random_vectors(load_open_model(str(path)), folder / "random.safetensors")
    return WhiteboxModel(str(path), vectors=str(folder / "random.safetensors"))


def compare_turns(folder: Path, rounds: int) -> None:
    """A generation turn, bare and by the provider."""
    provider = load_small(folder)
    open_model = provider.open_model
    parameters = sum(weights.numel() for weights in open_model.model.parameters())
    prompt = draw_tokens(open_model, PROMPT_TOKENS)
    sides = turn_sides(provider, prompt, NEW_TOKENS)
    times = smallest_times({**sides, "bare generate, again": sides["bare generate"]}, rounds, time.process_time)
    print(f"a turn of {PROMPT_TOKENS} + {NEW_TOKENS} tokens, {parameters / 1e6:.1f} M parameters, best of {rounds}:")
    added = {
        name: statistics.median(measure_added(side, open_model.model, time.process_time).share for _ in range(rounds))
        for name, side in sides.items()
    }
    for name, seconds in times.items():
        part = f"; in hooks and outside generate {100 * added[name]:.2f} %" if name in added else ""
        share = seconds / times["bare generate"] - 1
        print(f"  {name:24} {1000 * seconds:8.1f} ms of processor, {100 * share:+6.1f} %{part}")
    verdict = "within" if added["read-out"] <= MAX_TIME else "BEYOND"
    print(f"  read-out is {verdict} the limit of {100 * MAX_TIME:.0f} %")


def compare_logs(folder: Path, variants: int) -> None:
    """The log of the same episodes, with readings and without."""
    vectors = extract_planted(folder)
    generate = WhiteboxModel.generate

    async def generate_unread(self: WhiteboxModel, *arguments: Any, **options: Any) -> ModelOutput:
        output = await generate(self, *arguments, **options)
        return output.model_copy(update={"metadata": None})

    sizes = {"with readings": play_planted(folder, vectors, variants, "read")}
    with patch.object(WhiteboxModel, "generate", generate_unread):
        sizes["without"] = play_planted(folder, vectors, variants, "unread")
    print(f"log of an episode ({sizes['without'][1]} episodes, {sizes['without'][2]:.0f} turns each):")
    for name, (size, _, _) in sizes.items():
        print(f"  {name:24} {size / 1000:8.1f} kB, {100 * (size / sizes['without'][0] - 1):+6.1f} %")
    more = sizes["with readings"][0] - sizes["without"][0]
    verdict = "within" if more <= MAX_BYTES else "BEYOND"
    print(f"  readings take {more / 1000:.1f} kB, {verdict} the limit of {MAX_BYTES / 1000:.0f} kB")


def extract_planted(folder: Path) -> Path:
    """Vectors of the planted model with a baseline, so that z is in the log too."""
    from advocate_evals.whitebox.baseline_building import add_baseline
    from advocate_evals.whitebox.log_readout import read_log_episodes
    from advocate_evals.whitebox.vector_extraction import extract_vectors

    path = folder / "planted.safetensors"
    texts = read_emotion_texts(folder / "planted" / "texts")
    vectors = extract_vectors(load_open_model(str(folder / "planted" / "model")), texts)
    save_vectors(vectors, path)
    play_planted(folder, path, 2, "benign", threat="none")
    save_vectors(add_baseline(vectors, read_log_episodes(folder / "benign", vectors)), path)
    return path


def play_planted(folder: Path, vectors: Path, variants: int, name: str, **options: str) -> tuple[float, int, float]:
    """Play, and give the bytes of the log for each episode, the number of episodes and their mean turns."""
    from inspect_ai import eval

    from advocate_evals.tasks.death_ground import death_ground

    mechanisms = "none" if options else "none,review_board"
    task = death_ground(
        variants=variants, families="night_rota", mechanisms=mechanisms, probes=False, judge="off", **options
    )
    model = f"minded/{folder / 'planted'}"
    log_dir = str(folder / name)
    (log,) = eval(
        task, model=model, model_args={"vectors": str(vectors)}, log_dir=log_dir, display="none", log_realtime=False
    )
    assert log.status == "success" and log.samples, log.error
    turns = sum(message.role == "assistant" for sample in log.samples for message in sample.messages)
    size = Path(log.location).stat().st_size
    return size / len(log.samples), len(log.samples), turns / len(log.samples)


def compare_replays(folder: Path, rounds: int) -> None:
    """A growing conversation, read by cached chunks and in whole passes."""
    provider = load_small(folder)
    open_model, vectors = provider.open_model, provider.vectors
    assert vectors is not None
    layer, matrix = vectors.header.layer, vectors.read_matrix
    conversation = draw_tokens(open_model, TURNS * TURN_TOKENS + NEW_TOKENS)
    prompts = [conversation[: TURN_TOKENS * (turn + 1)] for turn in range(TURNS)]
    replies = [conversation[len(prompt) : len(prompt) + NEW_TOKENS] for prompt in prompts]

    def read_chunks() -> Tensor:
        reader = CachedReader(open_model, layer)
        return torch.cat([reader.read_turn(*turn) for turn in zip(prompts, replies, strict=True)]) @ matrix.T

    def read_turns() -> Tensor:
        streams = []
        for prompt, reply in zip(prompts, replies, strict=True):
            streams.append(read_stream(open_model, prompt + reply[:-1], (layer,))[layer][len(prompt) - 1 :])
        return torch.cat(streams) @ matrix.T

    def read_last() -> Tensor:
        return read_stream(open_model, prompts[-1] + replies[-1][:-1], (layer,))[layer] @ matrix.T

    sides = {"single pass, last prompt": read_last, "cached chunks": read_chunks, "a pass for each turn": read_turns}
    times = smallest_times(sides, rounds, time.process_time)
    chunked, single = read_chunks(), read_turns()
    difference = float((chunked - single).abs().max() / single.abs().max())
    print(f"replay of {TURNS} turns, the last prompt {len(prompts[-1]):,} tokens, best of {rounds}:")
    for name, seconds in times.items():
        ratio = seconds / times["single pass, last prompt"]
        print(f"  {name:24} {1000 * seconds:8.0f} ms of processor, {ratio:5.2f} of the single pass")
    print(f"  chunks and passes differ by {difference:.1e} of the largest projection")


PARTS: Mapping[str, Callable[[Path, argparse.Namespace], None]] = {
    "turns": lambda folder, options: compare_turns(folder, options.rounds),
    "replays": lambda folder, options: compare_replays(folder, max(2, options.rounds // 2)),
    "logs": lambda folder, options: compare_logs(folder, options.variants),
}


def main() -> None:
    """Compare, and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--variants", type=int, default=2)
    parser.add_argument("--only", choices=sorted(PARTS), nargs="*", default=sorted(PARTS))
    options = parser.parse_args()
    torch.set_num_threads(1)
    folder = Path(tempfile.mkdtemp(prefix="whitebox-cost-"))
    try:
        build_planted_model(folder / "planted")
        for name, compare in PARTS.items():
            if name in options.only:
                compare(folder, options)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
