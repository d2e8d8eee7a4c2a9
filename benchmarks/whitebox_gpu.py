"""The prepared check for a machine with a GPU: is what is read there right, what does it cost, and what if memory ends?

For a model's folder, or a random Llama of about 1 B parameters that is made on the spot:

- parity, in float32 and in bfloat16: a turn read while it is generated, the same tokens replayed by cached chunks, and
  the turn as one of a batch beside longer ones (left padding). Limits: 1e-5 and 2 % of the largest projection.
- time of a turn at 4,096 tokens with read-out and with steering, beside a bare `generate`.
- memory that read-out takes beside a bare `generate`.
- out of memory: a batch is halved, and a single turn that does not fit ends in an error that says so.

Steps that would begin after nine of ten minutes are left out and named. With `--tiny`, or without a GPU, prompts are
short and the random model has some 300,000 parameters; on the CPU memory is not measured, its end is simulated, and
times are shown and not judged. Exit status 1 where a check fails.

    python benchmarks/whitebox_gpu.py [FOLDER] [--tiny] [--rounds 5]
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
from inspect_ai.model import GenerateConfig
from torch import Tensor
from whitebox_cost import draw_tokens, make_random_model, make_random_vectors, smallest_times, turn_sides

from advocate_evals.whitebox.open_model_provider import GeneratedTurn, GenerationRequest, WhiteboxModel
from advocate_evals.whitebox.open_models import OpenModelError, load_open_model
from advocate_evals.whitebox.planted_model import build_planted_model
from advocate_evals.whitebox.residual_reading import CachedReader

LIMITS = {"float32": 1e-5, "bfloat16": 0.02}
"""Largest difference of a projection, as a share of the largest one."""
MAX_TIME = 0.03
BUDGET_SECONDS = 540
LARGE_CONFIG: Mapping[str, int] = {
    "hidden_size": 2048,
    "intermediate_size": 8192,
    "num_hidden_layers": 16,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
}
TINY_CONFIG: Mapping[str, int] = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
}
BATCH = 8


@dataclass
class Check:
    """The rows of the table, and the time that is left."""

    is_gpu: bool
    prompt_tokens: int
    new_tokens: int
    rounds: int
    began: float = field(default_factory=time.monotonic)
    rows: list[tuple[str, str, str, str]] = field(default_factory=list)
    failed: int = 0

    def add(self, name: str, figure: str, limit: str = "", passed: bool | None = None) -> None:
        """A row; printed at once, so that a run that is cut off leaves what it had."""
        result = "" if passed is None else "passed" if passed else "FAILED"
        self.failed += passed is False
        self.rows.append((name, figure, limit, result))
        print(f"{name:56} {figure:>26} {limit:>14} {result}", flush=True)

    def run(self, name: str, step: Callable[[], None]) -> None:
        """Make a step, unless its time has passed; an error is a failed row, and the next step is made."""
        if time.monotonic() - self.began > BUDGET_SECONDS:
            self.add(name, "left out: no time", passed=False)
            return
        try:
            step()
        except Exception as error:
            self.add(name, f"{type(error).__name__}: {str(error).splitlines()[0][:120]}", passed=False)


def load_provider(folder: str, scratch: Path, dtype: str) -> WhiteboxModel:
    """The model with vectors that mean nothing, made of the float32 model so that both types share them."""
    path = scratch / "random.safetensors"
    if not path.exists():
        make_random_vectors(load_open_model(folder), path)
    return WhiteboxModel(folder, vectors=str(path), tools="text", batch_size=BATCH, dtype=dtype)


def generate_turns(provider: WhiteboxModel, prompts: Sequence[Sequence[int]], new_tokens: int) -> list[GeneratedTurn]:
    """Turns of one batch, greedy and without steering."""
    config = GenerateConfig(temperature=0)
    return provider.run_batch([GenerationRequest(tuple(ids), "none", (), config, new_tokens) for ids in prompts])


def project(provider: WhiteboxModel, stream: Tensor | None) -> Tensor:
    """Projections on everything that is read at a turn."""
    assert provider.vectors is not None and stream is not None
    return stream.float() @ provider.vectors.read_matrix.T


def share_off(first: Tensor, second: Tensor) -> float:
    """Largest difference as a share of the largest projection."""
    return float((first - second).abs().max() / first.abs().max())


def check_parity(check: Check, provider: WhiteboxModel, dtype: str) -> None:
    """Live, replayed, and in a batch."""
    assert provider.vectors is not None
    prompt = draw_tokens(provider.open_model, check.prompt_tokens)
    (live,) = generate_turns(provider, [prompt], check.new_tokens)
    projections = project(provider, live.stream)
    reader = CachedReader(provider.open_model, provider.vectors.header.layer)
    reader.read_turn(prompt[: len(prompt) // 2], prompt[len(prompt) // 2 :][: check.new_tokens])  # an earlier turn
    replayed = project(provider, reader.read_turn(prompt, live.token_ids))
    add_parity(check, f"{dtype}: live against replay", share_off(projections, replayed), LIMITS[dtype])
    longer = [draw_tokens(provider.open_model, check.prompt_tokens + 64 * (row + 1), row) for row in range(3)]
    batched = generate_turns(provider, [*longer, prompt], check.new_tokens)[-1]
    same = next(
        (
            place
            for place, pair in enumerate(zip(live.token_ids, batched.token_ids, strict=False))
            if pair[0] != pair[1]
        ),
        len(live.token_ids),
    )
    count = min(same + 1, len(projections))  # the position that generates, and every token that is the same
    rows = project(provider, batched.stream)[:count]
    name = f"{dtype}: alone against in a batch, {same} of {len(live.token_ids)} tokens alike"
    add_parity(check, name, share_off(projections[:count], rows), LIMITS[dtype])


def add_parity(check: Check, name: str, share: float, limit: float) -> None:
    """A row of a difference."""
    check.add(name, f"{share:.1e}", f"< {limit:.0e}", share < limit)


def check_overhead(check: Check, provider: WhiteboxModel) -> None:
    """Time of a turn, best of some rounds, the sides in turn."""
    prompt = draw_tokens(provider.open_model, check.prompt_tokens)

    def clock() -> float:
        if check.is_gpu:
            torch.cuda.synchronize()
        return time.perf_counter()

    sides = turn_sides(provider, prompt, check.new_tokens)
    times = smallest_times({**sides, "a bare generate, again": sides["bare generate"]}, check.rounds, clock)
    bare = times.pop("bare generate")
    size = f"{check.prompt_tokens:,} + {check.new_tokens} tokens"
    check.add(f"time of a bare generate, {size}", f"{1000 * bare:.1f} ms")
    for name, seconds in times.items():
        share = seconds / bare - 1
        is_judged = name == "read-out" and check.is_gpu
        passed = share <= MAX_TIME if is_judged else None
        check.add(f"time with {name}", f"{100 * share:+.1f} %", f"<= {MAX_TIME:.0%}" if is_judged else "", passed)


def check_memory(check: Check, provider: WhiteboxModel) -> None:
    """Peak memory of a turn, bare and with read-out."""
    if not check.is_gpu:
        check.add("memory", "not measured on the CPU")
        return
    prompt = draw_tokens(provider.open_model, check.prompt_tokens)
    sides = turn_sides(provider, prompt, check.new_tokens)
    check.add("memory of the weights", f"{torch.cuda.memory_allocated() / 2**20:,.0f} MiB")
    for name in ("bare generate", "read-out", "five layers hooked"):
        check.add(f"peak memory, {name}", f"{peak_memory(sides[name]) / 2**20:,.1f} MiB")


def peak_memory(side: Callable[[], Any]) -> int:
    """Bytes that were allocated at most while a side ran."""
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    side()
    return torch.cuda.max_memory_allocated()


def check_out_of_memory(check: Check, provider: WhiteboxModel) -> None:
    """A batch that does not fit is halved; a turn that does not fit is an error that names it."""
    prompts = [draw_tokens(provider.open_model, check.prompt_tokens, row) for row in range(BATCH)]
    alone = generate_turns(provider, prompts[:1], check.new_tokens)[0]
    with limit_memory(check, provider, prompts, 2):
        turns = generate_turns(provider, prompts, check.new_tokens)
    is_whole = len(turns) == BATCH and all(turn.stream is not None for turn in turns)
    check.add(
        f"a batch of {BATCH} where it does not fit", "halved, all turns read" if is_whole else "lost", "", is_whole
    )
    share = share_off(project(provider, alone.stream)[:1], project(provider, turns[0].stream)[:1])
    add_parity(check, "its first turn against alone", share, LIMITS[provider.open_model.identity.dtype])
    with limit_memory(check, provider, prompts, 0):
        try:
            generate_turns(provider, prompts[:2], check.new_tokens)
            message = ""
        except OpenModelError as error:
            message = str(error)
    print(message)
    check.add(
        "a turn that does not fit", "an error that says so" if message else "no error", "", "out of memory" in message
    )


@contextmanager
def limit_memory(check: Check, provider: WhiteboxModel, prompts: Sequence[Sequence[int]], rows: int) -> Iterator[None]:
    """Memory for some rows of a batch and not for all of it; for 0 rows not for one.

    On a GPU this process may take no more than what the weights and that many rows need. On the CPU `generate` refuses
    larger batches.
    """
    if not check.is_gpu:
        model = provider.open_model.model
        generate = model.generate

        def refuse(**options: Any) -> Any:
            if len(options["input_ids"]) > rows:
                raise MemoryError("simulated")
            return generate(**options)

        model.generate = refuse
        try:
            yield
        finally:
            model.generate = generate
        return
    weights = torch.cuda.memory_allocated()
    needed = peak_memory(lambda: generate_turns(provider, prompts[: max(rows, 1)], check.new_tokens)) - weights
    allowed = weights + int(needed * (1.4 if rows else 0.2))
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction(allowed / torch.cuda.get_device_properties(0).total_memory)
    try:
        yield
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
        torch.cuda.empty_cache()


def check_dtype(check: Check, folder: str, scratch: Path, dtype: str) -> None:
    """Every check in one type of numbers; time, memory and its end in bfloat16, in which models of size are run."""
    providers: list[WhiteboxModel] = []
    check.run(f"{dtype}: loading", lambda: providers.append(load_provider(folder, scratch, dtype)))
    if not providers:
        return
    provider = providers.pop()
    check.run(f"{dtype}: parity", lambda: check_parity(check, provider, dtype))
    if dtype == "bfloat16":
        check.run("time", lambda: check_overhead(check, provider))
        check.run("memory", lambda: check_memory(check, provider))
        check.run("out of memory", lambda: check_out_of_memory(check, provider))


def main() -> int:
    """Run the checks and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", help="folder of a model; a random one is made without it")
    parser.add_argument("--tiny", action="store_true", help="a tiny random model and short prompts")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    is_gpu = torch.cuda.is_available()
    is_small = options.tiny or not is_gpu
    check = Check(is_gpu, 256 if is_small else 4096, 16 if is_small else 64, options.rounds)
    device = torch.cuda.get_device_name(0) if is_gpu else "CPU"
    print(f"torch {torch.__version__}, {device}{', small sizes' if is_small else ''}")
    scratch = Path(tempfile.mkdtemp(prefix="whitebox-gpu-"))
    try:
        folder = options.folder
        if folder is None:
            build_planted_model(scratch / "planted")
            folder = str(scratch / "model")
            config = TINY_CONFIG if is_small else LARGE_CONFIG
            parameters = make_random_model(scratch / "model", scratch / "planted" / "model", config)
            print(f"a random model of {parameters / 1e6:,.1f} M parameters")
        for dtype in LIMITS:
            check_dtype(check, folder, scratch, dtype)
            if is_gpu:
                torch.cuda.empty_cache()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    print(f"{check.failed} checks failed; {time.monotonic() - check.began:.0f} s")
    return int(check.failed > 0)


if __name__ == "__main__":
    sys.exit(main())
