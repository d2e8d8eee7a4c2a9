"""Loading open models: what identifies one, what is refused, and what the message says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gguf import GGUFWriter
from tiny_models import DEPTH, TEMPLATE, WIDTH, write_tiny_model
from torch import nn

from advocate_evals.whitebox.open_models import (
    OpenModel,
    OpenModelError,
    OutOfMemory,
    decoder_layers,
    describe_misfit,
    is_memory_error,
    load_open_model,
    name_memory_shortage,
)


def test_a_model_says_what_it_is(llama: OpenModel, model_folders: dict[str, Path]) -> None:
    identity = llama.identity
    assert (identity.model, identity.source) == ("llama", str(model_folders["llama"]))
    assert (identity.hidden_size, identity.layer_count, identity.dtype) == (WIDTH, DEPTH, "float32")
    assert all(len(part) == 16 for part in (identity.weights_hash, identity.tokenizer_hash, identity.template_hash))
    assert sum(weights.numel() for weights in llama.model.parameters()) < 200_000
    assert not llama.model.training
    assert llama.context_length == 1024


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_the_same_weights_in_other_numbers_and_another_folder_are_the_same_model(
    dtype: str, llama: OpenModel, tmp_path: Path
) -> None:
    other_place = load_open_model(str(write_tiny_model(tmp_path / "elsewhere")), device="cpu", dtype=dtype)
    assert next(other_place.model.parameters()).dtype == getattr(torch, dtype)
    assert other_place.identity.dtype == dtype
    assert other_place.identity.weights_hash == llama.identity.weights_hash
    assert describe_misfit(llama.identity, other_place.identity) == ""


def test_other_weights_another_width_and_another_template_are_another_model(llama: OpenModel, tmp_path: Path) -> None:
    weights = load_open_model(str(write_tiny_model(tmp_path / "weights", seed=6)), device="cpu").identity
    message = describe_misfit(llama.identity, weights)
    assert message.startswith("weights ") and "'llama'" in message and "'weights'" in message
    assert llama.identity.weights_hash in message and weights.weights_hash in message
    wide = load_open_model(str(write_tiny_model(tmp_path / "wide", width=64)), device="cpu").identity
    assert describe_misfit(llama.identity, wide) == "hidden size 32 of 'llama' is not 64 of 'wide'"
    source = llama.identity.source
    retold = load_open_model(source, device="cpu", chat_template=TEMPLATE.replace("im_start", "im_begin")).identity
    assert describe_misfit(llama.identity, retold).startswith("template ")
    assert describe_misfit(llama.identity, llama.identity.model_copy(update={"tokenizer_hash": "x"})) == (
        f"tokenizer {llama.identity.tokenizer_hash} of 'llama' is not x of 'llama'"
    )


def test_a_template_is_given_as_a_file_or_as_its_text(llama: OpenModel, tmp_path: Path) -> None:
    path = tmp_path / "chat.jinja"
    path.write_text(TEMPLATE, encoding="utf-8")
    by_file = load_open_model(llama.identity.source, device="cpu", chat_template=str(path))
    by_text = load_open_model(llama.identity.source, device="cpu", chat_template=TEMPLATE)
    assert by_file.tokenizer.chat_template == by_text.tokenizer.chat_template == TEMPLATE
    with pytest.raises(OpenModelError, match=r"chat_template: there is no file .*missing\.jinja"):
        load_open_model(llama.identity.source, device="cpu", chat_template=str(tmp_path / "missing.jinja"))


@pytest.mark.parametrize(
    ("dtype", "message"),
    [("float33", r"dtype: unknown 'float33' \(did you mean 'float32'\?\)"), ("int8", "dtype: unknown 'int8'")],
)
def test_an_unknown_dtype_is_refused_with_the_nearest(dtype: str, message: str, llama: OpenModel) -> None:
    with pytest.raises(OpenModelError, match=message):
        load_open_model(llama.identity.source, dtype=dtype)


def test_what_is_no_model_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    for name in (str(tmp_path), str(tmp_path / "nowhere"), "nobody/no-such-model"):
        with pytest.raises(OpenModelError, match="cannot be loaded: ") as failure:
            load_open_model(name)
        assert repr(name) in str(failure.value) and "\n" not in str(failure.value)


def test_a_folder_with_two_gguf_files_asks_which(tmp_path: Path) -> None:
    for name in ("a.gguf", "b.gguf"):
        (tmp_path / name).write_bytes(b"GGUF")
    with pytest.raises(OpenModelError, match=r"2 GGUF files; name one of a\.gguf, b\.gguf"):
        load_open_model(str(tmp_path))


@pytest.mark.parametrize("content", [b"", b"GGUF", b"no model at all"])
def test_a_broken_gguf_file_is_refused_in_one_line(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = tmp_path / "broken.gguf"
    path.write_bytes(content)
    with pytest.raises(OpenModelError, match=r"broken\.gguf' cannot be loaded: ") as failure:
        load_open_model(str(path))
    assert "\n" not in str(failure.value)


def test_a_gguf_file_becomes_a_folder_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, llama: OpenModel) -> None:
    """The weights that come out are those that went in."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = tmp_path / "tiny.gguf"
    write_gguf(path)
    first = load_open_model(str(path), device="cpu")
    weights = dict(first.model.named_parameters())["model.embed_tokens.weight"]
    assert torch.allclose(weights, torch.arange(16 * 8).reshape(16, 8) / 100)
    assert first.identity.hidden_size == 8
    monkeypatch.setattr("gguf.GGUFReader", None)  # read again, it would fail
    again = load_open_model(str(tmp_path), device="cpu")
    assert again.identity.weights_hash == first.identity.weights_hash


def write_gguf(path: Path) -> None:
    """A Llama of one layer and sixteen words."""
    writer = GGUFWriter(path, "llama")
    writer.add_block_count(1)
    writer.add_context_length(64)
    writer.add_embedding_length(8)
    writer.add_feed_forward_length(16)
    writer.add_head_count(2)
    writer.add_head_count_kv(2)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(4)
    writer.add_vocab_size(16)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("default")
    writer.add_token_list([*"abcdefghijklm", "ab", "<s>", "</s>"])
    writer.add_token_types([1] * 14 + [3, 3])
    writer.add_token_merges(["a b"])
    writer.add_bos_token_id(14)
    writer.add_eos_token_id(15)
    shapes = {
        "attn_q": (8, 8), "attn_k": (8, 8), "attn_v": (8, 8), "attn_output": (8, 8),
        "ffn_gate": (16, 8), "ffn_up": (16, 8), "ffn_down": (8, 16), "attn_norm": (8,), "ffn_norm": (8,),
    }  # fmt: skip
    drawn_numbers = np.random.default_rng(1)
    writer.add_tensor("token_embd.weight", (np.arange(16 * 8).reshape(16, 8) / 100).astype(np.float32))
    writer.add_tensor("output_norm.weight", np.ones(8, np.float32))
    writer.add_tensor("output.weight", drawn_numbers.normal(size=(16, 8)).astype(np.float32))
    for name, shape in shapes.items():
        writer.add_tensor(f"blk.0.{name}.weight", drawn_numbers.normal(size=shape).astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def test_a_decoder_without_a_list_of_layers_is_refused_by_name() -> None:
    class Strange(nn.Module):
        def get_decoder(self) -> Any:
            return nn.Linear(2, 2)

    with pytest.raises(OpenModelError, match="Strange: no list of layers among layers, h, blocks"):
        decoder_layers(Strange())


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory: you tried"),
    ],
)
def test_short_memory_names_the_text_and_the_model(error: BaseException, llama: OpenModel) -> None:
    assert is_memory_error(error)
    with (
        pytest.raises(OutOfMemory, match="a text of 700 tokens does not fit beside 'llama' on cpu"),
        name_memory_shortage(llama, 700),
    ):
        raise error


def test_any_other_error_of_a_pass_stays_what_it_is(llama: OpenModel) -> None:
    with pytest.raises(RuntimeError, match="shapes"), name_memory_shortage(llama, 700):
        raise RuntimeError("shapes do not fit")


def test_a_model_that_does_not_fit_on_its_device_says_so(llama: OpenModel, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Any, *args: Any, **options: Any) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB\nmore")

    monkeypatch.setattr(nn.Module, "to", refuse)
    with pytest.raises(OpenModelError, match=r"does not fit on cpu: CUDA out of memory\. Tried to allocate 2 GiB$"):
        load_open_model(llama.identity.source, device="cpu")
