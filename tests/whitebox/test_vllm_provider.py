"""The provider `whitebox-vllm` against a stand-in for the wire format, beside `whitebox` on the same small model."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
import torch
from inspect_ai.model import ChatMessageSystem, ChatMessageUser, GenerateConfig, ModelOutput, get_model
from lens_package import lens_package, pack_tensor, unpack_tensor
from lens_server import LensService, serving_lens
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from advocate_evals.steering_conditions import DESPERATE, READ_EMOTIONS, READ_VECTORS, UNRELATED
from advocate_evals.turn_readings import READING_KEY, TurnReading, parse_request, reading_request, unpack_tokens
from advocate_evals.whitebox.chat_rendering import encode_prompt, render_prompt
from advocate_evals.whitebox.open_model_provider import WhiteboxModel
from advocate_evals.whitebox.open_models import OpenModelError, load_open_model
from advocate_evals.whitebox.residual_reading import CachedReader
from advocate_evals.whitebox.stream_projection import read_turn_stream
from advocate_evals.whitebox.vector_file import (
    EmotionVectors,
    FamilyBaseline,
    VectorHeader,
    load_vectors,
    save_vectors,
)
from advocate_evals.whitebox.vllm_provider import UNCHECKED, ServedWhiteboxModel

NAME, FAMILY, LAYER, HIDDEN, NORM, HELD = "lab/tiny", "night_rota", 2, 32, 6.0, 0.75
WORDS = [f"w{number}" for number in range(60)]
TEMPLATE = (
    "{% for message in messages %}<s> {{ message.role }} {{ message.content }}"
    "{% for call in message.tool_calls or [] %} {{ call.function | tojson }}{% endfor %}"
    "{% if loop.first and tools %} {{ tools | tojson }}{% endif %} <e> {% endfor %}"
    "{% if add_generation_prompt %}<s> assistant {% endif %}"
)
PROMPT = [ChatMessageSystem(content="w39 w40"), ChatMessageUser(content=" ".join(WORDS[39:48]))]
LONGER = [ChatMessageSystem(content="w9 w8"), ChatMessageUser(content=" ".join(WORDS[20:45]))]


@dataclass(frozen=True)
class Subject:
    """The small model: its folder, its vectors, and itself in memory, as the server has it."""

    folder: Path
    vectors: Path
    model: Any


@pytest.fixture(scope="module")
def subject(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    """A model of three layers with random weights; one of its usual tokens also ends a turn."""
    folder = tmp_path_factory.mktemp("served") / "tiny"
    vocabulary = ["<e>", "<s>", "<u>", "system", "user", "assistant", *WORDS]
    raw = Tokenizer(models.WordLevel({word: place for place, word in enumerate(vocabulary)}, unk_token="<u>"))
    raw.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=raw, eos_token="<e>", pad_token="<e>", unk_token="<u>")
    tokenizer.chat_template = TEMPLATE
    torch.manual_seed(11)
    config = LlamaConfig(
        vocab_size=len(vocabulary),
        hidden_size=HIDDEN,
        intermediate_size=64,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=256,
        initializer_range=0.1,
        bos_token_id=None,
        eos_token_id=0,
        pad_token_id=0,
    )
    model = LlamaForCausalLM(config)
    model.train(False)
    prompt = encode_prompt(tokenizer, render_prompt(tokenizer, PROMPT, []))
    ids = torch.tensor([prompt])
    options = {"attention_mask": torch.ones_like(ids), "max_new_tokens": 4, "do_sample": False, "eos_token_id": None}
    generated = model.generate(ids, **options)[0, len(prompt) :].tolist()
    assert generated[-1] not in generated[:-1]
    model.generation_config.eos_token_id = [0, generated[-1]]
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return Subject(folder, _write_vectors(folder), AutoModelForCausalLM.from_pretrained(folder))


def _write_vectors(folder: Path) -> Path:
    emotions = (*READ_EMOTIONS, UNRELATED)
    generator = torch.Generator().manual_seed(3)
    rows = {layer: torch.randn(len(emotions), HIDDEN, generator=generator) for layer in (0, LAYER)}
    means = dict(zip(READ_VECTORS, torch.randn(len(READ_VECTORS), generator=generator).tolist(), strict=True))
    header = VectorHeader(
        identity=load_open_model(str(folder)).identity,
        texts_hash="0",
        texts_source="a test",
        emotions=emotions,
        layers=(0, LAYER),
        layer=LAYER,
        start_token=1,
        removed_variance=0.0,
        components={},
        norms={LAYER: NORM},
        story_deviation=1.0,
        baseline={FAMILY: FamilyBaseline(means=(means,), deviations=dict.fromkeys(READ_VECTORS, 0.5), episodes=8)},
        clamp={FAMILY: HELD},
    )
    units = {layer: row / row.norm(dim=1, keepdim=True) for layer, row in rows.items()}
    path = folder.parent / "vectors.safetensors"
    save_vectors(EmotionVectors(header, units, {layer: torch.zeros(HIDDEN) for layer in units}), path)
    return path


@pytest.fixture
def service(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> LensService:
    """A server for the small model, and the package on our side."""
    monkeypatch.setitem(sys.modules, "vllm_lens", lens_package())
    monkeypatch.delenv("VLLM_BASE_URL", raising=False)
    monkeypatch.delenv("VLLM_API_KEY", raising=False)
    return LensService(subject.model)


@pytest.fixture
def url(service: LensService) -> Iterator[str]:
    """Where it is."""
    with serving_lens(service) as address:
        yield address


def _served(subject: Subject, url: str | None, **options: Any) -> ServedWhiteboxModel:
    settings = {"vectors": str(subject.vectors), "tokenizer": str(subject.folder)} | options
    return ServedWhiteboxModel(NAME, url, **settings)


def _play(
    api: WhiteboxModel, messages: Any = PROMPT, steering: str = "none", **config: Any
) -> tuple[ModelOutput, TurnReading]:
    extra = reading_request(FAMILY, 1, steering)
    options = GenerateConfig(**{"temperature": 0.0, "max_tokens": 9, "extra_body": extra} | config)
    output = anyio.run(api.generate, list(messages), [], "auto", options)
    assert isinstance(output, ModelOutput)
    return output, TurnReading.model_validate((output.metadata or {})[READING_KEY])


def _assert_same(reading: TurnReading, expected: TurnReading) -> None:
    names = {"position", "written", "z_position", "z_written"}
    for name in names:
        assert getattr(expected, name)
        assert getattr(reading, name) == pytest.approx(getattr(expected, name), abs=1e-4)
    names |= {"unchecked", "perplexity"}
    assert reading.model_dump(exclude=names) == expected.model_dump(exclude=names)
    assert reading.perplexity is None, "the server does not measure it"


def _whitebox_reading(subject: Subject, reading: TurnReading, messages: Any) -> TurnReading:
    """What `whitebox` reads at the tokens of another reading, under its condition."""
    open_model, vectors = load_open_model(str(subject.folder)), load_vectors(subject.vectors)
    prompt = encode_prompt(open_model.tokenizer, render_prompt(open_model.tokenizer, messages, []))
    edits = vectors.edits_for(reading.steering, FAMILY)
    token_ids = unpack_tokens(reading.token_ids)
    stream = CachedReader(open_model, LAYER, edits).read_turn(prompt, token_ids)
    request = parse_request(reading_request(FAMILY, 1, reading.steering))
    return read_turn_stream(vectors, stream, prompt, token_ids, request)


@pytest.mark.parametrize(("messages", "reason"), [(PROMPT, "stop"), (LONGER, "max_tokens")])
def test_both_back_ends_generate_and_read_the_same(
    subject: Subject, service: LensService, url: str, messages: Any, reason: str
) -> None:
    service.chunk = 7
    output, reading = _play(_served(subject, url), messages)
    expected_output, expected = _play(WhiteboxModel(str(subject.folder), vectors=str(subject.vectors)), messages)
    _assert_same(reading, expected)
    assert output.stop_reason == expected_output.stop_reason == reason
    assert output.completion == expected_output.completion and output.usage == expected_output.usage
    assert reading.unchecked == UNCHECKED and expected.unchecked == ""


@pytest.mark.parametrize("condition", ["desperate:0.1", "permuted2:-0.1", "clamp"])
def test_a_steered_turn_reads_as_in_whitebox_at_the_same_tokens(
    subject: Subject, service: LensService, url: str, condition: str
) -> None:
    service.chunk = 4
    _, reading = _play(_served(subject, url), LONGER, condition)
    _assert_same(reading, _whitebox_reading(subject, reading, LONGER))
    _, unsteered = _play(_served(subject, url), LONGER)
    assert reading.position[0] != pytest.approx(unsteered.position[0], abs=1e-2)


def test_clamping_generates_the_same_tokens_and_holds_the_projection(subject: Subject, url: str) -> None:
    _, reading = _play(_served(subject, url), LONGER, "clamp")
    _, expected = _play(WhiteboxModel(str(subject.folder), vectors=str(subject.vectors)), LONGER, "clamp")
    _assert_same(reading, expected)
    assert reading.position[0] == pytest.approx(HELD, abs=1e-4)
    assert reading.written[0] == pytest.approx(HELD, abs=1e-4)


def test_a_steering_vector_is_a_share_of_the_mean_norm(subject: Subject, service: LensService, url: str) -> None:
    _play(_served(subject, url), steering="calm:-0.05")
    arguments = service.bodies[-1]["vllm_xargs"]
    assert json.loads(arguments["output_residual_stream"]) == [LAYER - 1]
    (vector,) = json.loads(arguments["apply_steering_vectors"])
    expected = load_vectors(subject.vectors).direction("calm") * NORM * -0.05
    assert torch.allclose(unpack_tensor(vector["activations"]), expected.unsqueeze(0), atol=1e-7)
    fields = {name: vector[name] for name in ("layer_indices", "scale", "norm_match", "position_indices")}
    assert fields == {"layer_indices": [LAYER - 1], "scale": 1.0, "norm_match": False, "position_indices": None}
    assert "apply_hooks" not in arguments


@pytest.mark.parametrize("condition", ["none", "desperate:0"])
def test_an_arm_without_a_change_sends_none(subject: Subject, service: LensService, url: str, condition: str) -> None:
    _play(_served(subject, url), steering=condition)
    assert set(service.bodies[-1]["vllm_xargs"]) == {"output_residual_stream"}


def test_the_request_holds_the_prompt_as_tokens_and_what_is_set_of_sampling(
    subject: Subject, service: LensService, url: str
) -> None:
    api = _served(subject, url, api_key="secret")
    _play(api, seed=5, top_p=0.9)
    body = service.bodies[-1]
    prompt = encode_prompt(api.open_model.tokenizer, render_prompt(api.open_model.tokenizer, PROMPT, []))
    assert body["prompt"] == prompt and body["model"] == NAME and body["return_token_ids"] is True
    assert body["stop_token_ids"] == sorted(subject.model.generation_config.eos_token_id)
    assert (body["temperature"], body["seed"], body["top_p"], body["max_tokens"]) == (0.0, 5, 0.9, 9)
    assert "top_k" not in body and "stop" not in body
    assert service.keys == ["Bearer secret"]


def test_bfloat16_is_read_within_its_rounding(subject: Subject, service: LensService, url: str) -> None:
    _, exact = _play(_served(subject, url), LONGER)
    service.as_bfloat16 = True
    _, reading = _play(_served(subject, url), LONGER)
    assert reading.position != exact.position
    assert reading.position == pytest.approx(exact.position, abs=0.02 * NORM)


def _without_activations(response: dict[str, Any]) -> None:
    del response["activations"]


def _with_stream(response: dict[str, Any], stream: torch.Tensor) -> None:
    response["activations"] = {"residual_stream": pack_tensor(stream)}


def _stream(response: dict[str, Any]) -> torch.Tensor:
    return unpack_tensor(response["activations"]["residual_stream"])


def _not_a_number(response: dict[str, Any]) -> None:
    stream = _stream(response)
    stream[0, -1, 3] = math.nan
    _with_stream(response, stream)


def _cut_off(response: dict[str, Any]) -> None:
    packed = response["activations"]["residual_stream"]
    packed["data"] = packed["data"][:40]


FAULTS = {
    "absent": (_without_activations, "holds no activations: vllm serve needs vllm-lens>=1.2.1"),
    "narrow": (lambda response: _with_stream(response, _stream(response)[..., :-1]), f", {HIDDEN - 1}), not (1, "),
    "short": (lambda response: _with_stream(response, _stream(response)[:, 1:]), "positions (tokens but the last)"),
    "two layers": (lambda response: _with_stream(response, _stream(response).repeat(2, 1, 1)), "have shape (2, "),
    "not a number": (_not_a_number, f"1 values of the residual stream at layer {LAYER} are not finite"),
    "cut off": (_cut_off, "cannot be decoded"),
}


@pytest.mark.parametrize("kind", FAULTS)
def test_what_cannot_be_read_is_missing_with_its_reason(
    subject: Subject, service: LensService, url: str, kind: str
) -> None:
    service.change, reason = FAULTS[kind]
    output, reading = _play(_served(subject, url), LONGER)
    assert output.completion
    assert reason in reading.fault
    assert reading.position == reading.written == reading.z_position == reading.z_written == ()
    assert math.isnan(reading.z(DESPERATE)) and math.isnan(reading.written_z(DESPERATE))


@pytest.mark.parametrize("kind", ["absent", "narrow"])
@pytest.mark.parametrize("condition", ["desperate:0.05", "clamp"])
def test_a_turn_that_may_not_have_been_steered_is_refused(
    subject: Subject, service: LensService, url: str, kind: str, condition: str
) -> None:
    service.change, reason = FAULTS[kind]
    with pytest.raises(OpenModelError, match=f"steering '{condition}' cannot be confirmed") as caught:
        _play(_served(subject, url), LONGER, condition)
    assert reason in str(caught.value)


def test_a_hook_that_the_server_drops_is_noticed(subject: Subject, service: LensService, url: str) -> None:
    service.drops_hooks = True
    with pytest.raises(OpenModelError, match=r"steering 'clamp': the projection is off 0\.75 by .* whitebox/ holds"):
        _play(_served(subject, url), LONGER, "clamp")


def test_a_response_to_something_else_is_refused(subject: Subject, service: LensService, url: str) -> None:
    api = _served(subject, url)
    service.change = lambda response: response["choices"][0].pop("token_ids")
    with pytest.raises(OpenModelError, match="no token numbers"):
        _play(api)
    service.change = lambda response: response["choices"][0]["prompt_token_ids"].insert(0, 1)
    with pytest.raises(OpenModelError, match=r"read another prompt: (\d+) tokens, and \d+ were sent"):
        _play(api)


def test_a_refusal_is_given_in_a_line_and_a_busy_server_is_asked_again(
    subject: Subject, service: LensService, url: str
) -> None:
    api = _served(subject, url)
    service.status = 400
    with pytest.raises(OpenModelError, match=r"refuses the request: this model's$"):
        _play(api)
    service.status = 503
    with pytest.raises(httpx.HTTPStatusError) as caught:
        _play(api)
    assert api.should_retry(caught.value) and not api.should_retry(ValueError("no"))


def test_the_context_is_the_shorter_of_the_two(subject: Subject, service: LensService, url: str) -> None:
    assert _served(subject, url).open_model.context_length == 256
    service.length = 40
    api = _served(subject, url)
    assert api.open_model.context_length == 40
    output, _ = _play(api, LONGER, max_tokens=30)
    assert service.bodies[-1]["max_tokens"] == 40 - len(service.bodies[-1]["prompt"]) < 9
    assert output.stop_reason == "model_length"
    service.length = 20
    options = GenerateConfig(extra_body=reading_request(FAMILY, 1, "none"))
    overflow = anyio.run(_served(subject, url).generate, LONGER, [], "auto", options)
    assert overflow.stop_reason == "model_length" and not overflow.metadata
    assert len(service.bodies) == 1


def test_without_vectors_nothing_is_captured_and_nothing_steered(
    subject: Subject, service: LensService, url: str
) -> None:
    api = _served(subject, url, vectors=None)
    output = anyio.run(api.generate, PROMPT, [], "auto", GenerateConfig(max_tokens=3))
    assert output.completion and output.metadata is None and "vllm_xargs" not in service.bodies[-1]
    steered = GenerateConfig(extra_body=reading_request(FAMILY, 1, "desperate:0.1"))
    with pytest.raises(OpenModelError, match="needs vectors"):
        anyio.run(api.generate, PROMPT, [], "auto", steered)


def test_vectors_of_another_model_are_refused_as_far_as_can_be_seen(subject: Subject, url: str, tmp_path: Path) -> None:
    with pytest.raises(OpenModelError, match="do not fit the model: template"):
        _served(subject, url, chat_template=TEMPLATE.replace(" <e> ", " <e>"))
    vectors = load_vectors(subject.vectors)
    identity = vectors.header.identity
    for changes, reason in (
        ({"layer_count": 4}, "layer count 4 of 'tiny' is not 3"),
        ({"tokenizer_hash": "0"}, "tokenizer 0"),
    ):
        path = tmp_path / "other.safetensors"
        save_vectors(vectors.with_header(identity=identity.model_copy(update=changes)), path)
        with pytest.raises(OpenModelError, match=reason):
            _served(subject, url, vectors=str(path))
    other_weights = tmp_path / "weights.safetensors"
    save_vectors(vectors.with_header(identity=identity.model_copy(update={"weights_hash": "0"})), other_weights)
    _, reading = _play(_served(subject, url, vectors=str(other_weights)))
    assert reading.position and "weights" in reading.unchecked


def test_the_embedding_cannot_be_read(subject: Subject, url: str, tmp_path: Path) -> None:
    path = tmp_path / "embedding.safetensors"
    save_vectors(load_vectors(subject.vectors).with_header(layer=0), path)
    with pytest.raises(OpenModelError, match="layer 0: vllm-lens reads decoder layers"):
        _served(subject, url, vectors=str(path))


@pytest.mark.parametrize("version", ["1.2.0", "1.1.9", "0.0.0", "unknown"])
def test_an_old_package_is_refused_with_what_to_install(
    subject: Subject, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    monkeypatch.setitem(sys.modules, "vllm_lens", lens_package(version))
    with pytest.raises(OpenModelError, match=f"not {version}: pip install 'vllm-lens>=1.2.1'") as caught:
        _served(subject, "http://127.0.0.1:1/v1")
    assert "\n" not in str(caught.value)


def test_an_absent_package_is_named_with_what_to_install(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vllm_lens", None)
    with pytest.raises(OpenModelError, match=r"needs vllm-lens .*pip install 'vllm-lens>=1\.2\.1'") as caught:
        _served(subject, "http://127.0.0.1:1/v1")
    assert "\n" not in str(caught.value)


def test_a_newer_package_is_taken(subject: Subject, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vllm_lens", lens_package("1.10.0"))
    assert _served(subject, url).open_model.identity.weights_hash == ""


def test_a_server_that_is_not_there_or_serves_something_else_is_named(
    subject: Subject, service: LensService, url: str
) -> None:
    with pytest.raises(OpenModelError, match="needs a running server: vllm serve MODEL"):
        _served(subject, None)
    with pytest.raises(OpenModelError, match=r"no vLLM server at http://127\.0\.0\.1:1 "):
        _served(subject, "http://127.0.0.1:1/v1")
    service.name = "lab/tiny2"
    with pytest.raises(OpenModelError, match=r"does not serve 'lab/tiny' \(did you mean 'lab/tiny2'\?\)"):
        _served(subject, url)


def test_inspect_finds_the_provider_and_takes_the_server_from_the_environment(
    subject: Subject, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VLLM_BASE_URL", url)
    model = get_model(
        f"whitebox-vllm/{NAME}", memoize=False, vectors=str(subject.vectors), tokenizer=str(subject.folder)
    )
    assert isinstance(model.api, ServedWhiteboxModel) and model.api.reads_activations
    config = GenerateConfig(temperature=0.0, max_tokens=4, extra_body=reading_request(FAMILY, 0, "none"))

    async def ask() -> ModelOutput:
        return await model.generate(LONGER, config=config)

    output = anyio.run(ask)
    reading = TurnReading.model_validate((output.metadata or {})[READING_KEY])
    assert reading.turn == 0 and len(reading.z_position) == len(READ_VECTORS) and not reading.fault


def test_turns_at_once_are_kept_apart(subject: Subject, url: str) -> None:
    api = _served(subject, url)
    levels = ["none", "desperate:0.1", "clamp", "desperate:-0.1"]
    separate = [_play(api, LONGER, level)[1] for level in levels]
    together: dict[str, TurnReading] = {}

    async def play(level: str) -> None:
        extra = reading_request(FAMILY, 1, level)
        options = GenerateConfig(temperature=0.0, max_tokens=9, extra_body=extra)
        output = await api.generate(list(LONGER), [], "auto", options)
        together[level] = TurnReading.model_validate((output.metadata or {})[READING_KEY])

    async def play_all() -> None:
        async with anyio.create_task_group() as group:
            for level in levels:
                group.start_soon(play, level)

    anyio.run(play_all)
    assert [together[level] for level in levels] == separate
    assert len({reading.position for reading in separate}) == len(levels)
