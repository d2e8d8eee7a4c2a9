"""Hooks on the residual stream: what a layer gives out is changed, captured, or both.

Layers are counted as `transformers` counts hidden states: 0 is the embedding, `i` what decoder layer `i` gives out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import Tensor

from advocate_evals.whitebox.open_models import OpenModelError, decoder_layers

EditPlace = Literal["all", "generated"]
"""`all`: every position but the first, whose norm is hundreds of times that of others. `generated`: the position from
which the first token is generated, and every generated one; never the first position either."""


@dataclass(frozen=True)
class ResidualEdit:
    """A change of the residual stream along a direction, at one layer."""

    layer: int
    """The layer, at least 1."""
    direction: Tensor
    """Direction of length 1, shape (hidden,)."""
    amount: float = 0.0
    """How much is added along it."""
    hold_at: float | None = None
    """Projection at which the stream is held instead."""
    place: EditPlace = "all"
    """At which positions."""

    def apply(self, hidden: Tensor, positions: Tensor) -> Tensor:
        """The changed stream.

        Args:
            hidden: Stream, shape (batch, length, hidden).
            positions: Where it changes, shape (batch, length), true or false.
        """
        direction = self.direction.to(hidden.device, torch.float32)
        if self.hold_at is None:
            change: Tensor = direction * self.amount
        else:
            change = (self.hold_at - hidden.float() @ direction).unsqueeze(-1) * direction
        return torch.where(positions.unsqueeze(-1), (hidden.float() + change).to(hidden.dtype), hidden)


@dataclass
class HookedPass:
    """What hooks share during a run of the model."""

    captured: dict[int, list[Tensor]] = field(default_factory=dict)
    """What each captured layer gave out, one tensor for each forward pass, on the model's device."""
    first_positions: Tensor | None = None
    """Index of the first real token of each row of the first pass; 0 without left padding."""
    is_continued: bool = False
    """Whether positions before those of the first pass lie in a cache, so that it holds no first token."""
    generated_from: int | None = None
    """Index in the first pass from which positions count as generated; its last position by default."""
    _is_first: bool = True

    def edited_positions(self, hidden: Tensor, place: EditPlace) -> Tensor:
        """Where a change applies in this forward pass, shape (batch, length)."""
        batch, length = hidden.shape[:2]
        index = torch.arange(length, device=hidden.device).expand(batch, length)
        if not self._is_first:
            return torch.ones_like(index, dtype=torch.bool)
        changed = torch.ones_like(index, dtype=torch.bool)
        if place == "generated":
            changed = index >= (length - 1 if self.generated_from is None else self.generated_from)
        if self.is_continued:
            return changed
        first = self.first_positions
        return changed & (index > (0 if first is None else first.to(hidden.device).unsqueeze(1)))


@contextmanager
def hook_layers(
    model: Any,
    edits: Sequence[ResidualEdit] = (),
    capture: Sequence[int] = (),
    reduce: Callable[[Tensor], Tensor] | None = None,
) -> Iterator[HookedPass]:
    """Change and capture the residual stream while the block runs; no hook is left afterwards, whatever happens.

    A layer that is both changed and captured is captured as changed.

    Args:
        model: The model.
        edits: Changes.
        capture: Layers to capture.
        reduce: What is kept of a captured tensor (batch, length, hidden); all of it by default.

    Raises:
        OpenModelError: for a layer that does not exist.
    """
    layers = decoder_layers(model)
    _check_layers([*(edit.layer for edit in edits), *capture], len(layers))
    if any(edit.layer == 0 for edit in edits):
        raise OpenModelError("layer 0 is the embedding, which is read and never changed")
    hooked = HookedPass(captured={layer: [] for layer in capture})
    handles = []

    def make_hook(layer: int) -> Callable[[Any, Any, Any], Any]:
        own_edits = [edit for edit in edits if edit.layer == layer]

        def hook(module: Any, arguments: Any, output: Any) -> Any:
            hidden = output[0] if isinstance(output, tuple) else output
            for edit in own_edits:
                hidden = edit.apply(hidden, hooked.edited_positions(hidden, edit.place))
            if layer in hooked.captured:
                detached = hidden.detach()
                hooked.captured[layer].append(reduce(detached) if reduce else detached)
            if not own_edits:
                return output
            return (hidden, *output[1:]) if isinstance(output, tuple) else hidden

        return hook

    def end_first_pass(module: Any, arguments: Any, output: Any) -> None:
        hooked._is_first = False

    modules = {0: model.get_input_embeddings()} | {index + 1: layer for index, layer in enumerate(layers)}
    try:
        for layer in sorted({*(edit.layer for edit in edits), *capture}):
            handles.append(modules[layer].register_forward_hook(make_hook(layer)))
        handles.append(model.register_forward_hook(end_first_pass))
        yield hooked
    finally:
        for handle in handles:
            handle.remove()


def _check_layers(layers: Sequence[int], layer_count: int) -> None:
    for layer in layers:
        if not 0 <= layer <= layer_count:
            raise OpenModelError(f"layer {layer} does not exist: the model has layers 0 to {layer_count}")
