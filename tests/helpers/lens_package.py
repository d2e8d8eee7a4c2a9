"""A stand-in for the package vllm-lens: its public names, and its form of tensors and hooks in JSON.

A hook travels as cloudpickle would send it, by value: code, what it closes over, and of its globals the module `torch`
alone. A hook that used anything of our package would fail in the server, as it would in a real one.
"""

from __future__ import annotations

import marshal
import pickle
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from types import CellType, FunctionType, ModuleType
from typing import Any

import numpy as np
import torch
import zstandard
from torch import Tensor


def pack_tensor(tensor: Tensor) -> dict[str, Any]:
    """A tensor in JSON; bfloat16 travels as 16-bit integers."""
    stored = tensor.view(torch.int16) if tensor.dtype == torch.bfloat16 else tensor
    array = stored.contiguous().numpy()
    return {
        "data": b64encode(zstandard.ZstdCompressor().compress(array.tobytes())).decode(),
        "dtype": str(array.dtype),
        "original_dtype": str(tensor.dtype),
        "shape": list(array.shape),
        "compression": "zstd",
    }


def unpack_tensor(packed: Mapping[str, Any]) -> Tensor:
    """The tensor again."""
    raw = zstandard.ZstdDecompressor().decompress(b64decode(packed["data"]))
    tensor = torch.from_numpy(np.frombuffer(raw, dtype=packed["dtype"]).reshape(packed["shape"]).copy())
    return tensor.view(torch.bfloat16) if packed["original_dtype"] == "torch.bfloat16" else tensor


def pack_function(function: Callable[..., Any]) -> dict[str, str]:
    """A function by value."""
    assert isinstance(function, FunctionType)
    cells = [cell.cell_contents for cell in function.__closure__ or ()]
    return {"cloudpickle": b64encode(pickle.dumps((marshal.dumps(function.__code__), cells))).decode()}


def unpack_function(packed: Mapping[str, str]) -> Callable[..., Any]:
    """The function again, where nothing but torch is installed."""
    code, cells = pickle.loads(b64decode(packed["cloudpickle"]))
    return FunctionType(marshal.loads(code), {"torch": torch}, None, None, tuple(CellType(cell) for cell in cells))


class SteeringVector:
    """A vector that is added at layers."""

    def __init__(
        self,
        *,
        activations: Tensor,
        layer_indices: list[int],
        scale: float = 1.0,
        norm_match: bool = False,
        position_indices: list[int] | None = None,
    ) -> None:
        """Check the shape as the package does."""
        if activations.dim() not in (2, 3) or len(activations) != len(layer_indices):
            raise ValueError(f"activations of shape {tuple(activations.shape)} for layers {layer_indices}")
        self.activations, self.layer_indices, self.scale = activations, layer_indices, scale
        self.norm_match, self.position_indices = norm_match, position_indices

    def model_dump(self, mode: str = "python") -> dict[str, Any]:
        """As pydantic writes it."""
        return {**vars(self), "activations": pack_tensor(self.activations)}


class Hook:
    """A function that runs at layers."""

    def __init__(self, *, fn: Callable[..., Any], layer_indices: list[int], pre: bool = False) -> None:
        """Keep what is given."""
        self.fn, self.layer_indices, self.pre = fn, layer_indices, pre

    def model_dump(self, mode: str = "python") -> dict[str, Any]:
        """As pydantic writes it."""
        return {**vars(self), "fn": pack_function(self.fn)}


def decode_activations(response: Mapping[str, Any]) -> dict[str, Tensor]:
    """The tensors of a response; none where it has no activations."""
    return {name: unpack_tensor(packed) for name, packed in (response.get("activations") or {}).items()}


def lens_package(version: str = "1.2.1") -> ModuleType:
    """The package as it is imported."""
    package = ModuleType("vllm_lens")
    names = {"SteeringVector": SteeringVector, "Hook": Hook, "decode_activations": decode_activations}
    vars(package).update(names, __version__=version)
    return package
