"""The file of vectors: whole, of this version, of this model, or refused in a line that names both sides."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from tiny_models import with_identity

from advocate_evals.whitebox.open_models import OpenModel, OpenModelError
from advocate_evals.whitebox.vector_file import EmotionVectors, ValidationCheck, load_vectors, save_vectors


@pytest.fixture
def path(llama_vectors: EmotionVectors, tmp_path: Path) -> Path:
    """A good file."""
    save_vectors(llama_vectors, tmp_path / "v.safetensors")
    return tmp_path / "v.safetensors"


def test_what_is_written_is_read(llama_vectors: EmotionVectors, path: Path) -> None:
    loaded = load_vectors(path)
    assert loaded.header == llama_vectors.header
    assert loaded.file_hash == llama_vectors.file_hash
    assert torch.equal(loaded.read_matrix, llama_vectors.read_matrix)
    assert [file.name for file in path.parent.iterdir()] == ["v.safetensors"]


def test_what_is_measured_later_leaves_the_hash_as_it_is(llama_vectors: EmotionVectors) -> None:
    check = ValidationCheck(name="a check", value=1.0, limit=0.5, passed=True)
    assert llama_vectors.with_header(validation=(check,), baseline={}).file_hash == llama_vectors.file_hash
    assert llama_vectors.with_header(layer=0).file_hash != llama_vectors.file_hash


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_check_that_measured_no_number_is_kept_as_it_is(
    value: float, llama_vectors: EmotionVectors, tmp_path: Path
) -> None:
    check = ValidationCheck(name="a check", value=value, limit=0.5, passed=False)
    save_vectors(llama_vectors.with_header(validation=(check,)), tmp_path / "v.safetensors")
    loaded = load_vectors(tmp_path / "v.safetensors").header
    assert repr(loaded.validation[0].value) == repr(value) and not loaded.is_validated


def test_only_vectors_that_passed_every_check_are_validated(llama_vectors: EmotionVectors) -> None:
    good = ValidationCheck(name="a", value=1.0, limit=0.5, passed=True)
    poor = ValidationCheck(name="b", value=0.1, limit=0.5, passed=False)
    for checks, expected in (((), False), ((good,), True), ((good, poor), False)):
        assert llama_vectors.with_header(validation=checks).header.is_validated is expected


def test_a_file_that_is_not_there_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(OpenModelError, match=r"no file of vectors at .*v\.safetensors: advocate-evals vectors extract"):
        load_vectors(tmp_path / "v.safetensors")
    with pytest.raises(OpenModelError, match="no file of vectors at"):
        load_vectors(tmp_path)


@pytest.mark.parametrize("length", [0, 4, 40, 2000, -1])
def test_a_truncated_file_is_refused(length: int, path: Path) -> None:
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(OpenModelError, match=r"v\.safetensors is no safetensors file: "):
        load_vectors(path)


@pytest.mark.parametrize("content", [b"PK\x03\x04 a log", b"canary: text\n" * 50, b"\xff" * 400])
def test_another_kind_of_file_is_refused(content: bytes, path: Path) -> None:
    path.write_bytes(content)
    with pytest.raises(OpenModelError, match="is no safetensors file"):
        load_vectors(path)


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        (None, "holds no emotion vectors: its header has no 'advocate_evals'"),
        ({"format": "pt"}, "holds no emotion vectors"),
        ({"advocate_evals": "{"}, "its header is no JSON"),
        ({"advocate_evals": "[]"}, "has version None of the format, this suite reads 1"),
        ({"advocate_evals": '{"version": 7}'}, "has version 7 of the format, this suite reads 1"),
        ({"advocate_evals": '{"version": 1}'}, r"\('identity',\): Field required"),
    ],
)
def test_a_header_of_something_else_is_refused(metadata: dict[str, str] | None, message: str, path: Path) -> None:
    save_file({"vectors.1": torch.zeros(2, 2)}, path, metadata=metadata)
    with pytest.raises(OpenModelError, match=message) as failure:
        load_vectors(path)
    assert str(path) in str(failure.value)


def test_tensors_that_are_not_what_the_header_says_are_refused(llama_vectors: EmotionVectors, tmp_path: Path) -> None:
    path = tmp_path / "v.safetensors"
    header = {"advocate_evals": llama_vectors.header.model_dump_json()}
    tensors = {f"vectors.{layer}": rows for layer, rows in llama_vectors.vectors.items()}
    tensors |= {f"center.{layer}": row for layer, row in llama_vectors.centers.items()}
    save_file(tensors, path, metadata=header)
    load_vectors(path)
    save_file({name: tensor for name, tensor in tensors.items() if name != "vectors.3"}, path, metadata=header)
    with pytest.raises(OpenModelError, match=r"vectors\.3 has the shape of nothing, its header says \(12, 32\)"):
        load_vectors(path)
    save_file(tensors | {"vectors.3": torch.zeros(12, 30)}, path, metadata=header)
    with pytest.raises(OpenModelError, match=r"vectors\.3 has the shape \(12, 30\), its header says \(12, 32\)"):
        load_vectors(path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("hidden_size", 4096),
        ("layer_count", 30),
        ("tokenizer_hash", "0123456789abcdef"),
        ("template_hash", ""),
        ("weights_hash", "fedcba9876543210"),
    ],
)
def test_vectors_of_another_model_are_refused_by_what_differs(
    name: str, value: object, llama: OpenModel, llama_vectors: EmotionVectors
) -> None:
    foreign = with_identity(llama_vectors, model="elsewhere", **{name: value})
    part = name.replace("_hash", "").replace("_", " ")
    own = getattr(llama.identity, name)
    message = f"the vectors do not fit the model: {part} {value or 'none'} of 'elsewhere' is not {own} of 'llama'"
    with pytest.raises(OpenModelError, match=f"^{message}$"):
        foreign.check_fit(llama)


def test_another_name_folder_and_dtype_of_the_same_model_are_no_fault(
    llama: OpenModel, llama_vectors: EmotionVectors
) -> None:
    with_identity(llama_vectors, model="mirror", source="/elsewhere", revision="abc", dtype="bfloat16").check_fit(llama)


def test_vectors_without_an_emotion_that_is_read_are_refused(llama: OpenModel, llama_vectors: EmotionVectors) -> None:
    names = tuple("furious" if name == "angry" else name for name in llama_vectors.header.emotions)
    with pytest.raises(OpenModelError, match="the vectors have no 'angry'"):
        llama_vectors.with_header(emotions=names).check_fit(llama)


def test_clamping_without_any_level_says_how_to_get_one(llama_vectors: EmotionVectors) -> None:
    bare = llama_vectors.with_header(clamp={})
    with pytest.raises(OpenModelError, match=r"'night_rota', and the vectors have it for none: .* baseline FILE"):
        bare.edits_for("clamp", "night_rota")


def test_the_header_tells_where_the_vectors_come_from(path: Path) -> None:
    header = json.loads(path.read_bytes()[8 : 8 + int.from_bytes(path.read_bytes()[:8], "little")])
    data = json.loads(header["__metadata__"]["advocate_evals"])
    expected = {"identity", "texts_hash", "texts_source", "emotions", "layers", "layer", "norms", "baseline", "clamp"}
    assert expected <= set(data)
    assert {"model", "revision", "tokenizer_hash", "template_hash", "dtype"} <= set(data["identity"])
