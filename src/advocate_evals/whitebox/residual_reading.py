"""Reading the residual stream of given tokens, in one pass or in chunks over a cache of keys and values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from inspect import signature
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache

from advocate_evals.whitebox.open_models import OpenModel, OpenModelError, name_memory_shortage
from advocate_evals.whitebox.residual_hooks import ResidualEdit, hook_layers

CHUNK_TOKENS = 512
"""Tokens of one pass over a cache."""


def read_stream(
    open_model: OpenModel, token_ids: Sequence[int], layers: Sequence[int], edits: Sequence[ResidualEdit] = ()
) -> Mapping[int, Tensor]:
    """The residual stream at every position of a text, read in one pass.

    Args:
        open_model: The model.
        token_ids: The text, at least one token, as many as the context holds.
        layers: Layers to read; 0 is the embedding.
        edits: Changes of the stream while it is read.

    Returns:
        For each layer a tensor (length, hidden) in float32 on the CPU.

    Raises:
        OpenModelError: for a layer that does not exist, or a text that is longer than the context.
    """
    check_length(open_model, len(token_ids))
    ids = torch.tensor([list(token_ids)], device=open_model.device)
    with (
        name_memory_shortage(open_model, len(token_ids)),
        torch.inference_mode(),
        hook_layers(open_model.model, edits, layers) as hooked,
    ):
        open_model.model(input_ids=ids, use_cache=False, logits_to_keep=1)
    return {layer: passes[0][0].float().cpu() for layer, passes in hooked.captured.items()}


def check_length(open_model: OpenModel, length: int) -> None:
    """Refuse a text without tokens, or one that is longer than the context.

    Raises:
        OpenModelError: naming both lengths.
    """
    if not 1 <= length <= open_model.context_length:
        raise OpenModelError(
            f"a text of {length} tokens cannot be read: {open_model.identity.model!r} holds 1 to"
            f" {open_model.context_length}"
        )


class CachedReader:
    """Reads the growing conversation of one episode; what it shares with the turn before is not computed again.

    The position from which a turn's first token is generated is read with that turn, and the tokens it generated with
    it, as they were when the model wrote them. Then they are dropped from the cache: the next prompt holds them as the
    template renders them, which need not be the same tokens.
    """

    def __init__(self, open_model: OpenModel, layer: int, edits: Sequence[ResidualEdit] = ()) -> None:
        """Start with an empty cache.

        Args:
            open_model: The model.
            layer: The layer that is read.
            edits: Changes of the stream, the same at every turn unless `hold_turn` replaces them.
        """
        self._open_model, self._layer, self._edits = open_model, layer, tuple(edits)
        self._cache = DynamicCache()  # without the config: a cache that drops what left the window cannot go back
        self._cached_ids: list[int] = []

    def hold_turn(self, edits: Sequence[ResidualEdit]) -> None:
        """Take other changes for the turns that follow; only such as leave the prompt alone, which is cached.

        Raises:
            ValueError: for changes that apply to the prompt too.
        """
        if any(edit.place == "all" for edit in (*self._edits, *edits)):
            raise ValueError("changes of the prompt cannot differ between the turns of an episode")
        self._edits = tuple(edits)

    def read_turn(self, prompt_ids: Sequence[int], token_ids: Sequence[int]) -> Tensor:
        """The stream at the position that generates the first token and at every generated token but the last.

        The last one was sampled and never read by the model.

        Args:
            prompt_ids: The prompt of the turn, at least one token.
            token_ids: The tokens generated, possibly none.

        Returns:
            A tensor (1 + max(generated − 1, 0), hidden) in float32 on the CPU.

        Raises:
            OpenModelError: for a prompt that is longer than the context.
        """
        prompt, generated = list(prompt_ids), list(token_ids)[:-1]
        check_length(self._open_model, len(prompt) + len(generated))
        same = 0
        limit = min(len(self._cached_ids), len(prompt) - 1)
        while same < limit and self._cached_ids[same] == prompt[same]:
            same += 1
        self._crop(same)
        for start in range(same, len(prompt) - 1, CHUNK_TOKENS):
            self._run(prompt[start : min(start + CHUNK_TOKENS, len(prompt) - 1)], is_generated=False)
        stream = self._run([prompt[-1], *generated], is_generated=True)
        self._crop(len(prompt) - 1)
        return stream

    def _crop(self, length: int) -> None:
        if length < len(self._cached_ids):
            self._cache.crop(length - len(self._cached_ids))
            del self._cached_ids[length:]

    def _run(self, token_ids: list[int], *, is_generated: bool) -> Tensor:
        model = self._open_model.model
        edits = [edit for edit in self._edits if is_generated or edit.place == "all"]
        length = len(self._cached_ids) + len(token_ids)
        with (
            name_memory_shortage(self._open_model, length),
            torch.inference_mode(),
            hook_layers(model, edits, (self._layer,)) as hooked,
        ):
            hooked.is_continued, hooked.generated_from = bool(self._cached_ids), 0
            ids = torch.tensor([token_ids], device=self._open_model.device)
            model(input_ids=ids, use_cache=True, logits_to_keep=1, **{_cache_argument(model): self._cache})
        self._cached_ids += token_ids
        return hooked.captured[self._layer][0][0].float().cpu()


def _cache_argument(model: Any) -> str:
    """What the model calls its cache: `past_key_values` was renamed in 2026."""
    return "cache" if "cache" in signature(model.forward).parameters else "past_key_values"


def refuse_non_finite(stream: Tensor, place: str) -> None:
    """Refuse a stream with values that are not finite.

    Raises:
        OpenModelError: naming the place and how many values are not finite.
    """
    wrong = int((~torch.isfinite(stream)).sum())
    if wrong:
        raise OpenModelError(f"{place}: {wrong} of {stream.numel()} values of the residual stream are not finite")
