"""Open models: loading from a folder, a name or a GGUF file, and what identifies one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from platformdirs import user_cache_path
from torch import nn
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging as transformers_logging

from advocate_evals.records import Record, suggest_nearest

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
_SAMPLED_WEIGHTS = 64
"""Numbers of each tensor that enter the hash of the weights."""
_LAYER_LISTS = ("layers", "h", "blocks")
"""Where decoders keep their layers."""


class OpenModelError(ValueError):
    """A model that cannot be loaded, or cannot be used for what is asked; the message names both sides."""

    is_final = True
    """Another attempt would end the same way (`model_calls.generate_with_retry`)."""


class OutOfMemory(OpenModelError):
    """A text for which there is not enough memory beside the model."""


class ModelIdentity(Record):
    """What vectors must agree with: another model, tokenizer or template would give other numbers."""

    model: str
    """Name of the model, or of its folder."""
    source: str = ""
    """What it was loaded from, as it was named."""
    revision: str
    """Revision on the hub, as far as it is known; empty for a folder."""
    weights_hash: str
    """Over some numbers of every tensor, as loaded in float32."""
    tokenizer_hash: str
    """Over the vocabulary."""
    template_hash: str
    """Over the chat template; empty where there is none."""
    hidden_size: int
    """Width of the residual stream."""
    layer_count: int
    """Number of decoder layers."""
    dtype: str
    """Type in which the residual stream was computed."""


@dataclass(frozen=True)
class OpenModel:
    """A loaded model with its tokenizer."""

    model: Any
    """The causal language model of `transformers`."""
    tokenizer: Any
    """Its tokenizer."""
    identity: ModelIdentity
    """What identifies them."""

    @property
    def device(self) -> torch.device:
        """Where the weights lie."""
        device: torch.device = next(self.model.parameters()).device
        return device

    @property
    def context_length(self) -> int:
        """Positions that the model was made for."""
        return int(getattr(self.model.config.get_text_config(), "max_position_embeddings", 0) or 1 << 30)


def load_open_model(
    name: str,
    *,
    device: str | None = None,
    dtype: str = "float32",
    revision: str | None = None,
    chat_template: str | None = None,
    **model_args: Any,
) -> OpenModel:
    """Load a causal language model for reading, in evaluation mode.

    Args:
        name: A folder in the layout of `transformers`, a folder with one GGUF file, a GGUF file, or a name on the hub.
        device: Device; the first GPU by default, else the CPU.
        dtype: One of `DTYPES`. Differences between arms can be smaller than the rounding of bfloat16.
        revision: Revision on the hub.
        chat_template: Template in place of the tokenizer's own: the text, or a file.
        model_args: Passed on to `from_pretrained`.

    Raises:
        OpenModelError: where it cannot be loaded, with the reason in a line.
    """
    if dtype not in DTYPES:
        raise OpenModelError(f"dtype: unknown {dtype!r}{suggest_nearest(dtype, DTYPES)}")
    gguf_file = _find_gguf(name)
    device = device or ("cuda:0" if torch.cuda.is_available() else "cpu")
    load_type = torch.float32 if dtype == "float16" else DTYPES[dtype]  # float16 rounds to other sampled numbers
    try:
        with _quiet_loading():
            folder = _prepare_gguf(gguf_file) if gguf_file else name
            tokenizer = AutoTokenizer.from_pretrained(folder, revision=revision)
            model = AutoModelForCausalLM.from_pretrained(folder, revision=revision, dtype=load_type, **model_args)
        weights_hash = _hash_weights(model)
        if load_type is not DTYPES[dtype]:
            model = nn.Module.to(model, DTYPES[dtype])
        if "device_map" not in model_args:
            model = nn.Module.to(model, device)
    except (torch.cuda.OutOfMemoryError, MemoryError) as error:
        raise OpenModelError(f"model {name!r} does not fit on {device}: {_first_line(error)}") from error
    except OpenModelError:
        raise
    except Exception as error:  # loading runs code of many packages, each with errors of its own
        raise OpenModelError(f"model {name!r} cannot be loaded: {_first_line(error)}") from error
    if chat_template is not None:
        tokenizer.chat_template = read_template(chat_template)
    model.train(False)
    config = model.config.get_text_config()
    identity = ModelIdentity(
        model=Path(name).name if Path(name).exists() else name,
        source=name,
        revision=revision or str(getattr(model.config, "_commit_hash", None) or ""),
        weights_hash=weights_hash,
        **hash_tokenizer(tokenizer),
        hidden_size=int(config.hidden_size),
        layer_count=len(decoder_layers(model)),
        dtype=dtype,
    )
    return OpenModel(model, tokenizer, identity)


def hash_tokenizer(tokenizer: Any) -> dict[str, str]:
    """The entries `tokenizer_hash` and `template_hash` of a model's identity."""
    template = tokenizer.chat_template
    return {
        "tokenizer_hash": hash_text(json.dumps(sorted(tokenizer.get_vocab().items()))),
        "template_hash": hash_text(template if isinstance(template, str) else json.dumps(template)) if template else "",
    }


def describe_misfit(expected: ModelIdentity, present: ModelIdentity) -> str:
    """In what two models differ, where what was measured on one would not hold of the other; empty where they agree.

    The name and the type of the numbers may differ: the same weights lie in many folders.
    """
    names = ("hidden_size", "layer_count", "tokenizer_hash", "template_hash", "weights_hash")
    for name in names:
        first, second = getattr(expected, name), getattr(present, name)
        if first != second:
            part = name.replace("_hash", "").replace("_", " ")
            return f"{part} {first or 'none'} of {expected.model!r} is not {second or 'none'} of {present.model!r}"
    return ""


def decoder_layers(model: Any) -> nn.ModuleList:
    """The decoder layers of a causal language model, first to last.

    Raises:
        OpenModelError: for an architecture whose layers are not where they usually are.
    """
    decoder = model.get_decoder() if hasattr(model, "get_decoder") else model.model
    for name in _LAYER_LISTS:
        layers = getattr(decoder, name, None)
        if isinstance(layers, nn.ModuleList):
            return layers
    raise OpenModelError(f"{type(model).__name__}: no list of layers among {', '.join(_LAYER_LISTS)}")


@contextmanager
def name_memory_shortage(open_model: OpenModel, length: int) -> Iterator[None]:
    """Say what does not fit where there is not enough memory.

    Args:
        open_model: The model.
        length: Tokens of the text that it is to read.

    Raises:
        OutOfMemory: naming the text and the model.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not is_memory_error(error):
            raise
        raise OutOfMemory(
            f"out of memory: a text of {length} tokens does not fit beside {open_model.identity.model!r} on"
            f" {open_model.device}"
        ) from error


def is_memory_error(error: BaseException) -> bool:
    """Whether an error says that memory is short, on a GPU or on the CPU."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError | OutOfMemory) or (
        isinstance(error, RuntimeError) and "DefaultCPUAllocator" in str(error)
    )


def hash_text(text: str) -> str:
    """A short hash of a text, as hexadecimal digits."""
    return blake2b(text.encode(), digest_size=8).hexdigest()


def _hash_weights(model: Any) -> str:
    digest = blake2b(digest_size=8)
    for name, weights in sorted(model.state_dict().items()):
        numbers = weights.detach().reshape(-1)[:_SAMPLED_WEIGHTS].to("cpu", torch.bfloat16).float()
        digest.update(name.encode() + b"\0" + numbers.numpy().tobytes())
    return digest.hexdigest()


def _find_gguf(name: str) -> Path | None:
    """The GGUF file that a name means; none where it is a folder of `transformers`, or a name on the hub."""
    path = Path(name).expanduser()
    if path.is_file() and path.suffix == ".gguf":
        return path
    if not path.is_dir() or (path / "config.json").exists():
        return None
    files = sorted(path.glob("*.gguf"))
    if len(files) > 1:
        raise OpenModelError(f"{name}: {len(files)} GGUF files; name one of {', '.join(file.name for file in files)}")
    return files[0] if files else None


def read_template(template: str) -> str:
    """A chat template that is given as its text, or as the name of a file."""
    if "{" in template:
        return template
    path = Path(template).expanduser()
    if not path.is_file():
        raise OpenModelError(f"chat_template: there is no file {template}, and it is no template: nothing in braces")
    return path.read_text(encoding="utf-8")


def _prepare_gguf(path: Path) -> str:
    """A folder of `transformers` with the weights of a GGUF file in float32, made once and kept in the user's cache."""
    stat = path.stat()
    key = hash_text(f"{path.resolve()}\0{stat.st_size}\0{stat.st_mtime_ns}")
    folder = user_cache_path("advocate-evals") / "open_models" / f"{path.stem}-{key}"
    if (folder / "complete").exists():
        return str(folder)
    missing = [package for package in ("gguf", "accelerate") if find_spec(package) is None]
    if missing:
        raise OpenModelError(f"{path.name} is a GGUF file: pip install {' '.join(missing)}")
    tokenizer = AutoTokenizer.from_pretrained(str(path.parent), gguf_file=path.name)
    model = AutoModelForCausalLM.from_pretrained(str(path.parent), gguf_file=path.name, dtype=torch.float32)
    for holder in (model.config, model):  # what marks it as quantized, which it no longer is
        for mark in ("quantization_config", "hf_quantizer"):
            if hasattr(holder, mark):
                delattr(holder, mark)
    setattr(model, "is_quantized", False)  # noqa: B010 - the module's own type does not declare it
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (folder / "complete").touch()
    return str(folder)


@contextmanager
def _quiet_loading() -> Iterator[None]:
    """Without the progress bars of `transformers`, which the terminal of an evaluation has no room for."""
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        transformers_logging.enable_progress_bar()  # type: ignore[no-untyped-call]


def _first_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
