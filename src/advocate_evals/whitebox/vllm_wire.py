"""What is asked of a vLLM server with vllm-lens, and what its response says of the residual stream.

The prompt goes as token numbers to `/v1/completions`, so that both back ends read the same tokens. vllm-lens counts
decoder layers from 0 and reads what a layer gives out: its layer `i − 1` is ours `i`, and it has no embedding. It
captures every position but that of the last token, which was sampled and never read.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from packaging.version import InvalidVersion, Version
from torch import Tensor

from advocate_evals.whitebox.open_model_provider import GeneratedTurn, GenerationRequest
from advocate_evals.whitebox.open_models import OpenModelError
from advocate_evals.whitebox.residual_hooks import ResidualEdit

LENS_VERSION = "1.2.1"
"""The oldest vllm-lens; older ones can leave a request unsteered without a word."""
INSTALL_LINE = f"pip install 'vllm-lens>={LENS_VERSION}' (the extra whitebox-vllm; Python >= 3.12, GPU)"
"""What to do where it is absent or too old."""
_STREAM_KEY = "residual_stream"


def load_lens() -> Any:
    """The package vllm-lens.

    Raises:
        OpenModelError: where it is absent or too old, with what to install.
    """
    try:
        lens = importlib.import_module("vllm_lens")
    except ImportError as error:
        raise OpenModelError(f"whitebox-vllm needs vllm-lens ({error}): {INSTALL_LINE}") from None
    version = str(getattr(lens, "__version__", "without a version"))
    try:
        is_old = Version(version) < Version(LENS_VERSION)
    except InvalidVersion:
        is_old = True
    if is_old:
        raise OpenModelError(f"whitebox-vllm needs vllm-lens {LENS_VERSION} or newer, not {version}: {INSTALL_LINE}")
    return lens


def lens_layer(layer: int) -> int:
    """A layer of ours as vllm-lens counts it.

    Raises:
        OpenModelError: for the embedding, which it does not read.
    """
    if layer < 1:
        raise OpenModelError(
            f"layer {layer}: vllm-lens reads decoder layers, ours from 1 on; use whitebox/ for layer 0"
        )
    return layer - 1


def completion_body(
    model: str, generation: GenerationRequest, ends: Sequence[int], lens_arguments: Mapping[str, str]
) -> dict[str, Any]:
    """The body of a request for one turn.

    Args:
        model: The model, as the server names it.
        generation: The turn.
        ends: Tokens that end a turn.
        lens_arguments: What vllm-lens is asked for.
    """
    config = generation.config
    options = {
        "temperature": config.temperature,
        "top_p": config.top_p,
        "top_k": config.top_k,
        "seed": config.seed,
        "stop": config.stop_seqs,
    }
    return {
        "model": model,
        "prompt": list(generation.prompt_ids),
        "max_tokens": generation.max_tokens,
        "stop_token_ids": sorted(ends),
        "return_token_ids": True,
        **{name: value for name, value in options.items() if value is not None},
        **({"vllm_xargs": dict(lens_arguments)} if lens_arguments else {}),
    }


def build_lens_arguments(lens: Any, layer: int, edits: Sequence[ResidualEdit], prompt_tokens: int) -> dict[str, str]:
    """What vllm-lens is asked for at one turn, in the JSON that it takes over HTTP.

    Args:
        lens: The package.
        layer: The layer to read, as we count.
        edits: Changes of the stream.
        prompt_tokens: Tokens of the prompt.
    """
    arguments = {"output_residual_stream": json.dumps([lens_layer(layer)])}
    added = [
        lens.SteeringVector(
            activations=(edit.direction * edit.amount).float().unsqueeze(0),
            layer_indices=[lens_layer(edit.layer)],
            scale=1.0,
            norm_match=False,
        )
        for edit in edits
        if edit.hold_at is None
    ]
    hooks = [
        lens.Hook(
            fn=hold_projection(edit.direction, edit.hold_at, prompt_tokens - 1), layer_indices=[lens_layer(edit.layer)]
        )
        for edit in edits
        if edit.hold_at is not None
    ]
    for name, items in (("apply_steering_vectors", added), ("apply_hooks", hooks)):
        if items:
            arguments[name] = json.dumps([item.model_dump(mode="json") for item in items])
    return arguments


def hold_projection(direction: Tensor, hold_at: float, first_position: int) -> Callable[[Any, Tensor], Tensor]:
    """A hook of vllm-lens that holds the projection from a position on.

    It travels to the server by value, so it uses nothing of this package: not `ResidualEdit.apply`, whose rule it
    follows. A prompt may come in several passes, so it counts positions itself.

    Args:
        direction: Direction of length 1, shape (hidden,).
        hold_at: The projection.
        first_position: The first position that is changed: the one that generates the first token.
    """

    def hold(context: Any, hidden: Tensor) -> Tensor:
        start = context.saved.get("positions", 0)
        context.saved["positions"] = start + hidden.shape[0]
        unit = direction.to(hidden.device, torch.float32)
        stream = hidden.float()
        stream = stream + (hold_at - stream @ unit).unsqueeze(-1) * unit
        positions = torch.arange(start, start + hidden.shape[0], device=hidden.device)
        return torch.where((positions >= first_position).unsqueeze(-1), stream.to(hidden.dtype), hidden)

    return hold


def read_served_turn(
    lens: Any, response: Mapping[str, Any], generation: GenerationRequest, hidden_size: int | None
) -> GeneratedTurn:
    """The turn in a response; a stream that is absent or of another shape is a fault.

    Args:
        lens: The package.
        response: The response.
        generation: What was asked for.
        hidden_size: Width that the stream must have; None where none was asked for.

    Raises:
        OpenModelError: for a response without token numbers, or to another prompt.
    """
    choice = response["choices"][0]
    token_ids = choice.get("token_ids")
    if token_ids is None:
        raise OpenModelError("the response holds no token numbers: the server must know return_token_ids")
    echoed = choice.get("prompt_token_ids")
    if echoed is not None and list(echoed) != list(generation.prompt_ids):
        raise OpenModelError(
            f"the server read another prompt: {len(echoed)} tokens, and {len(generation.prompt_ids)} were sent"
        )
    stream, fault = None, ""
    if hidden_size is not None:
        stream, fault = _read_positions(lens, response, len(generation.prompt_ids), len(token_ids), hidden_size)
    return GeneratedTurn(tuple(token_ids), stream, is_ended=choice.get("finish_reason") == "stop", fault=fault)


def _read_positions(
    lens: Any, response: Mapping[str, Any], prompt_tokens: int, generated: int, hidden_size: int
) -> tuple[Tensor | None, str]:
    """The stream from the last token of the prompt on, or why there is none."""
    try:
        stream = lens.decode_activations(response).get(_STREAM_KEY)
    except Exception as error:  # whatever a payload that is cut off raises while it is unpacked
        return None, f"the activations of the response cannot be decoded: {error!r}"
    if stream is None:
        return None, f"the response holds no activations: vllm serve needs vllm-lens>={LENS_VERSION} beside it"
    expected = (1, prompt_tokens + max(generated - 1, 0), hidden_size)
    if tuple(stream.shape) != expected:
        return None, (
            f"the activations have shape {tuple(stream.shape)}, not {expected}: layers, positions (tokens but the"
            " last), width of the model that the vectors are from"
        )
    return stream[0, prompt_tokens - 1 :].float(), ""


def confirm_edits(turn: GeneratedTurn, generation: GenerationRequest, tolerance: float) -> None:
    """Refuse a turn of a steered arm that may not have been steered.

    vllm-lens leaves out a change that fails, and then captures nothing either. Where the projection is held, what was
    captured must show it.

    Args:
        turn: The turn.
        generation: What was asked for.
        tolerance: By how much a held projection may be off.

    Raises:
        OpenModelError: naming the condition and what speaks against it.
    """
    if not generation.edits:
        return
    if turn.stream is None:
        raise OpenModelError(f"steering {generation.condition!r} cannot be confirmed: {turn.fault}")
    for edit in generation.edits:
        if edit.hold_at is None:
            continue
        error = float((turn.stream @ edit.direction - edit.hold_at).abs().max())
        if error > tolerance:
            raise OpenModelError(
                f"steering {generation.condition!r}: the projection is off {edit.hold_at:.4g} by {error:.4g}, more than"
                f" {tolerance:.4g}; whitebox/ holds it exactly"
            )
