"""The provider `whitebox`: turns, stop reasons, steering and read-out as Inspect sees them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from inspect_ai.model import ChatMessage, ChatMessageSystem, ChatMessageUser, GenerateConfig, ModelOutput, get_model
from inspect_ai.tool import ToolInfo
from tiny_models import ARCHITECTURES, CONTEXT, FORGETTING, TEMPLATE, count_hooks, save_random_vectors, with_identity

from advocate_evals.steering_conditions import READ_VECTORS
from advocate_evals.turn_readings import READING_KEY, TurnReading, reading_request, unpack_tokens
from advocate_evals.whitebox import open_model_provider
from advocate_evals.whitebox.open_model_provider import GeneratedTurn, GenerationRequest, WhiteboxModel, decode_reply
from advocate_evals.whitebox.open_models import OpenModel, OpenModelError, OutOfMemory, load_open_model
from advocate_evals.whitebox.residual_reading import read_stream
from advocate_evals.whitebox.vector_file import load_vectors, save_vectors

GREEDY = GenerateConfig(temperature=0.0, max_tokens=24)
SAMPLED = GenerateConfig(temperature=1.0, max_tokens=24, seed=7)
TOOLS = [ToolInfo(name="list_mail", description="Lists the mail.")]


@pytest.fixture(scope="session")
def vector_files(open_models: dict[str, OpenModel], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Random vectors of each model."""
    root = tmp_path_factory.mktemp("vectors")
    for name, open_model in open_models.items():
        save_random_vectors(open_model, root / f"{name}.safetensors")
    return {name: root / f"{name}.safetensors" for name in open_models}


@pytest.fixture(scope="session")
def providers(model_folders: dict[str, Path], vector_files: dict[str, Path]) -> dict[str, WhiteboxModel]:
    """The models as providers."""
    return {
        name: WhiteboxModel(str(folder), vectors=str(vector_files[name]), device="cpu")
        for name, folder in model_folders.items()
    }


@pytest.fixture
def subject(providers: dict[str, WhiteboxModel]) -> WhiteboxModel:
    """The plainest."""
    return providers["llama"]


def chat(words: str = "Read the mail.") -> list[ChatMessage]:
    """A conversation of one message."""
    return [ChatMessageSystem(content="You work in an office."), ChatMessageUser(content=words)]


def generate(
    subject: WhiteboxModel,
    messages: list[ChatMessage] | None = None,
    config: GenerateConfig = GREEDY,
    level: str = "none",
    tools: Sequence[ToolInfo] = (),
) -> ModelOutput:
    """One turn under a condition."""
    return generate_all(subject, [(messages or chat(), level)], config, tools)[0]


def generate_all(
    subject: WhiteboxModel,
    turns: Sequence[tuple[list[ChatMessage], str]],
    config: GenerateConfig = GREEDY,
    tools: Sequence[ToolInfo] = (),
) -> list[ModelOutput]:
    """Several turns at once, each under its condition."""

    async def run() -> list[ModelOutput]:
        tasks = [
            subject.generate(
                messages,
                list(tools),
                "auto",
                config.merge(GenerateConfig(extra_body=reading_request("night_rota", 0, level))),
            )
            for messages, level in turns
        ]
        return list(await asyncio.gather(*tasks))

    return asyncio.run(run())


def reading(output: ModelOutput) -> TurnReading:
    """What was read at a turn."""
    return TurnReading.model_validate((output.metadata or {})[READING_KEY])


def tokens(output: ModelOutput) -> list[int]:
    """The tokens of a turn."""
    return unpack_tokens(reading(output).token_ids)


# Token identity and batches.


@pytest.mark.parametrize("name", ARCHITECTURES)
@pytest.mark.parametrize("config", [GREEDY, SAMPLED], ids=["greedy", "sampled"])
def test_strength_zero_is_token_identical_to_no_steering_and_to_plain_transformers(
    name: str, config: GenerateConfig, providers: dict[str, WhiteboxModel]
) -> None:
    plain = generate(providers[name], config=config)
    zero = generate(providers[name], config=config, level="desperate:0")
    assert tokens(plain) == tokens(zero) and len(tokens(plain)) > 3
    assert reading(plain).position == reading(zero).position
    strong = generate(providers[name], config=config, level="desperate:0.1")
    assert reading(strong).position != reading(plain).position
    assert tokens(plain) == by_transformers(providers[name].open_model, config)


def by_transformers(open_model: OpenModel, config: GenerateConfig) -> list[int]:
    """The same turn without any of our code but the template."""
    messages = [{"role": message.role, "content": message.text} for message in chat()]
    prompt = open_model.tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
    ids = torch.tensor([open_model.tokenizer(prompt)["input_ids"]])
    torch.manual_seed(config.seed or 0)
    generated = open_model.model.generate(
        input_ids=ids,
        attention_mask=torch.ones_like(ids),
        do_sample=config.temperature != 0,
        max_new_tokens=config.max_tokens,
        pad_token_id=0,
    )
    return [int(token) for token in generated[0, ids.shape[1] :]]


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_conditions_submitted_at_once_equal_their_single_runs(
    name: str, providers: dict[str, WhiteboxModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = providers[name]
    levels = ("none", "desperate:0.1", "desperate:-0.1", "calm:0.1", "permuted1:0.1", "clamp")
    turns = [
        (chat(words), level) for level in levels for words in ("Read.", "Read the mail about the rota, all of it.")
    ]
    batches = watch_batches(provider, monkeypatch)
    together = generate_all(provider, turns)
    assert all(len({request.condition for request in batch}) == 1 for batch in batches)
    assert max(len(batch) for batch in batches) == 2
    for (messages, level), output in zip(turns, together, strict=True):
        alone = generate(provider, messages, level=level)
        assert tokens(output) == tokens(alone), (level, messages[1].text)
        assert reading(output).position == pytest.approx(reading(alone).position, rel=1e-4, abs=1e-4)
        assert reading(output).written == pytest.approx(reading(alone).written, rel=1e-4, abs=1e-4)
    assert len({reading(output).position for output in together}) == len(turns)


def watch_batches(provider: WhiteboxModel, monkeypatch: pytest.MonkeyPatch) -> list[Sequence[GenerationRequest]]:
    """Notes what is generated together."""
    batches: list[Sequence[GenerationRequest]] = []
    run = provider._generate_batch

    def watch(requests: Sequence[GenerationRequest]) -> list[GeneratedTurn]:
        batches.append(requests)
        return run(requests)

    monkeypatch.setattr(provider, "_generate_batch", watch)
    return batches


def test_clamping_at_two_levels_shares_no_batch(subject: WhiteboxModel, monkeypatch: pytest.MonkeyPatch) -> None:
    assert subject.vectors is not None
    levels = {"night_rota": 0.7, "pump_house": -4.0}
    monkeypatch.setattr(subject, "vectors", subject.vectors.with_header(clamp=levels))
    batches = watch_batches(subject, monkeypatch)

    async def run() -> list[ModelOutput]:
        configs = [GREEDY.merge(GenerateConfig(extra_body=reading_request(family, 0, "clamp"))) for family in levels]
        return list(await asyncio.gather(*(subject.generate(chat(), [], "auto", config) for config in configs)))

    outputs = asyncio.run(run())
    assert [len(batch) for batch in batches] == [1, 1]
    for output, level in zip(outputs, levels.values(), strict=True):
        values = (reading(output).position[0], reading(output).written[0])
        assert values == pytest.approx((level, level), abs=1e-4)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_row_beside_longer_rows_equals_the_same_row_alone(name: str, providers: dict[str, WhiteboxModel]) -> None:
    provider = providers[name]
    lengths = (1, 4, 25, 60)
    for level in ("none", "desperate:0.1"):
        turns = [(chat("mail " * length), level) for length in lengths]
        for (messages, _), output in zip(turns, generate_all(provider, turns), strict=True):
            alone = generate(provider, messages, level=level)
            assert tokens(output) == tokens(alone)
            assert reading(output).position == pytest.approx(reading(alone).position, rel=1e-4, abs=1e-4)
            assert reading(output).written == pytest.approx(reading(alone).written, rel=1e-4, abs=1e-4)
            assert output.usage is not None and output.usage.input_tokens == reading(output).prompt_tokens


def test_one_load_of_the_weights_serves_all_conditions(
    model_folders: dict[str, Path], vector_files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    loads: list[str] = []

    def count(name: str, **options: Any) -> OpenModel:
        loads.append(name)
        return load_open_model(name, **options)

    monkeypatch.setattr(open_model_provider, "load_open_model", count)
    options: dict[str, Any] = {"vectors": str(vector_files["llama"]), "device": "cpu"}
    name = f"whitebox/{model_folders['llama']}"
    first, second = (get_model(name, memoize=True, **options) for _ in range(2))
    assert isinstance(first.api, WhiteboxModel) and first.api is second.api
    generate_all(first.api, [(chat(), level) for level in ("none", "desperate:0.1", "clamp", "calm:-0.1")])
    assert loads == [str(model_folders["llama"])]
    assert first.api.max_connections() == 8


# Read-out.


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_reading_is_the_projection_of_one_pass_over_prompt_and_turn(
    name: str, providers: dict[str, WhiteboxModel]
) -> None:
    provider = providers[name]
    output = generate(provider)
    result, vectors, open_model = reading(output), provider.vectors, provider.open_model
    assert vectors is not None
    prompt = open_model.tokenizer.apply_chat_template(
        [{"role": message.role, "content": message.text} for message in chat()],
        add_generation_prompt=True,
        tokenize=False,
    )
    prompt_ids, generated = open_model.tokenizer(prompt)["input_ids"], tokens(output)
    layer = vectors.header.layer
    stream = read_stream(open_model, [*prompt_ids, *generated[:-1]], (layer,))[layer] @ vectors.read_matrix.T
    assert result.prompt_tokens == len(prompt_ids)
    assert result.position == pytest.approx(stream[len(prompt_ids) - 1].tolist(), rel=1e-4, abs=1e-4)
    assert result.written == pytest.approx(stream[len(prompt_ids) :].mean(dim=0).tolist(), rel=1e-4, abs=1e-4)
    assert len(result.position) == len(READ_VECTORS)
    assert result.z_position == pytest.approx([value / 2 for value in result.position], rel=1e-3)
    assert result.vectors == vectors.file_hash and not result.validated and not result.fault


def test_the_tokens_of_a_turn_are_kept_as_they_were_generated(subject: WhiteboxModel) -> None:
    output = generate(subject)
    assert decode_reply(subject.open_model, tokens(output)) == output.completion
    assert output.usage is not None and output.usage.output_tokens == len(tokens(output))


def test_a_call_without_a_request_is_read_without_z_so_that_chat_is_no_baseline(subject: WhiteboxModel) -> None:
    output = asyncio.run(subject.generate(chat(), [], "auto", GREEDY))
    assert reading(output).position and reading(output).z_position == ()


def test_a_stream_that_is_not_finite_is_a_missing_reading_with_its_reason(
    subject: WhiteboxModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = subject._generate_batch

    def spoil(requests: Sequence[GenerationRequest]) -> list[GeneratedTurn]:
        turns = run(requests)
        for turn in turns:
            assert turn.stream is not None
            turn.stream[0, 5] = float("inf")
            turn.stream[1, 2] = float("nan")
        return turns

    monkeypatch.setattr(subject, "_generate_batch", spoil)
    result = reading(generate(subject))
    assert result.fault == "2 values of the residual stream at layer 3 are not finite"
    assert result.position == result.written == result.z_position == ()
    assert unpack_tokens(result.token_ids)


def test_without_vectors_nothing_is_read_and_steering_is_refused(model_folders: dict[str, Path]) -> None:
    subject = WhiteboxModel(str(model_folders["llama"]), device="cpu")
    assert generate(subject).metadata is None
    with pytest.raises(OpenModelError, match=r"steering 'desperate:0\.1' needs vectors: -M vectors=FILE"):
        generate(subject, level="desperate:0.1")


def test_clamping_a_family_without_a_level_names_both(subject: WhiteboxModel) -> None:
    config = GREEDY.merge(GenerateConfig(extra_body=reading_request("seed_vault", 0, "clamp")))
    with pytest.raises(OpenModelError, match="family 'seed_vault', and the vectors have it for night_rota"):
        asyncio.run(subject.generate(chat(), [], "auto", config))
    with pytest.raises(ValueError, match=r"steering: unknown condition 'desperate:0\.2'"):
        generate(subject, level="desperate:0.2")


# Stop reasons.


def scripted(monkeypatch: pytest.MonkeyPatch, subject: WhiteboxModel, text: str, *, ends: bool = True) -> None:
    """Has the model write a text."""
    tokenizer = subject.open_model.tokenizer
    ids = [*tokenizer(text)["input_ids"], *([tokenizer.eos_token_id] if ends else [])]

    def run(requests: Sequence[GenerationRequest]) -> list[GeneratedTurn]:
        return [GeneratedTurn(tuple(ids), torch.ones(max(len(ids), 1), 32), is_ended=ends) for _ in requests]

    monkeypatch.setattr(subject, "_generate_batch", run)


def test_stop_reasons_are_set(subject: WhiteboxModel, monkeypatch: pytest.MonkeyPatch) -> None:
    scripted(monkeypatch, subject, "I am done.")
    assert (generate(subject).stop_reason, generate(subject).completion) == ("stop", "I am done.")
    scripted(monkeypatch, subject, 'I look.<tool_call>{"name": "list_mail"}</tool_call>')
    output = generate(subject, tools=TOOLS)
    assert output.stop_reason == "tool_calls" and output.message.text == "I look."
    assert [(call.function, call.arguments) for call in output.message.tool_calls or []] == [("list_mail", {})]
    scripted(monkeypatch, subject, "I am not do", ends=False)
    assert generate(subject).stop_reason == "max_tokens"
    scripted(monkeypatch, subject, "", ends=True)
    assert (generate(subject).stop_reason, generate(subject).completion) == ("stop", "")


def test_a_model_that_never_ends_stops_at_its_limit(subject: WhiteboxModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject.open_model.model.generation_config, "eos_token_id", None)
    monkeypatch.setattr(open_model_provider, "end_tokens", lambda model, tokenizer: set())
    output = generate(subject, config=GenerateConfig(temperature=0.0, max_tokens=9))
    assert output.stop_reason == "max_tokens" and len(tokens(output)) == 9


def test_the_context_is_a_limit_and_no_exception(subject: WhiteboxModel, monkeypatch: pytest.MonkeyPatch) -> None:
    output = generate(subject, chat("xyz " * CONTEXT))
    assert output.stop_reason == "model_length" and output.completion == ""
    assert output.usage is not None and output.usage.input_tokens > CONTEXT and output.usage.output_tokens == 0
    assert output.metadata is None
    monkeypatch.setattr(open_model_provider, "end_tokens", lambda model, tokenizer: set())
    monkeypatch.setattr(subject.open_model.model.generation_config, "eos_token_id", None)
    room = 5
    start = reading(generate(subject, chat(""))).prompt_tokens
    nearly_full = generate(subject, chat("q" * (CONTEXT - start - room)))
    assert nearly_full.stop_reason == "model_length"
    assert len(tokens(nearly_full)) == room
    assert reading(nearly_full).prompt_tokens == CONTEXT - room


def test_a_text_at_which_it_stops_ends_the_turn_without_padding(subject: WhiteboxModel) -> None:
    turns = [(chat(words), "none") for words in ("Read.", "Read the mail about the rota.")]
    free = generate_all(subject, turns)
    shorter = min(free, key=lambda output: len(tokens(output)))
    text = decode_reply(subject.open_model, tokens(shorter)[:4])
    assert text
    stop = text[-1]
    outputs = generate_all(subject, turns, GREEDY.merge(GenerateConfig(stop_seqs=[stop])))
    for output, unbound in zip(outputs, free, strict=True):
        count = len(tokens(output))
        assert tokens(output) == tokens(unbound)[:count]
        if stop in unbound.completion:
            assert stop in output.completion and output.stop_reason == "stop"
            assert stop not in decode_reply(subject.open_model, tokens(output)[:-1])
    assert any(len(tokens(output)) < len(tokens(unbound)) for output, unbound in zip(outputs, free, strict=True))


@pytest.mark.parametrize(
    ("text", "thoughts", "words"),
    [("Hm, wel", "Hm, wel", ""), ("Hm.</think>Yes.", "Hm.", "Yes."), ("<think>Hm.</think>Yes.", "Hm.", "Yes.")],
)
def test_thoughts_that_the_template_opens_are_thoughts_even_when_the_reply_is_cut(
    text: str, thoughts: str, words: str, model_folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    template = TEMPLATE.replace("assistant\n{% endif %}", "assistant\n<think>\n{% endif %}")
    assert template != TEMPLATE
    subject = WhiteboxModel(str(model_folders["llama"]), device="cpu", chat_template=template)
    scripted(monkeypatch, subject, text, ends=bool(words))
    message = generate(subject).message
    assert message.text == words
    assert [item.reasoning for item in message.content if item.type == "reasoning"] == [thoughts]  # type: ignore[union-attr]


# Memory.


def test_a_batch_without_enough_memory_is_halved_until_it_fits(
    subject: WhiteboxModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, sizes = subject._generate_batch, []

    def tight(requests: Sequence[GenerationRequest]) -> list[GeneratedTurn]:
        sizes.append(len(requests))
        if len(requests) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return run(requests)

    turns = [(chat(f"Read mail {number}."), "none") for number in range(5)]
    expected = [tokens(output) for output in generate_all(subject, turns)]
    monkeypatch.setattr(subject, "_generate_batch", tight)
    assert [tokens(output) for output in generate_all(subject, turns)] == expected
    assert sizes == [5, 2, 3, 1, 2]


def test_a_single_turn_without_enough_memory_says_what_does_not_fit(
    subject: WhiteboxModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object, **options: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    foreign = count_hooks(subject.open_model.model)
    with monkeypatch.context() as patch:
        patch.setattr(subject.open_model.model, "generate", refuse)
        with pytest.raises(OutOfMemory, match=r"a text of \d+ tokens does not fit beside 'llama' on cpu"):
            generate(subject)
    assert count_hooks(subject.open_model.model) == foreign
    assert tokens(generate(subject))  # and goes on


def test_an_error_in_a_batch_reaches_every_waiting_turn_and_the_queue_goes_on(
    subject: WhiteboxModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    foreign = count_hooks(subject.open_model.model)
    with monkeypatch.context() as patch:
        patch.setattr(subject.open_model.model, "generate", lambda **options: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            generate_all(subject, [(chat(), "none"), (chat(), "desperate:0.1")])
    assert count_hooks(subject.open_model.model) == foreign
    assert tokens(generate(subject))


# What is refused before the first turn.


@pytest.mark.parametrize(
    ("part", "replacement", "dropped"),
    [
        ("{{ tool | tojson }}", "", "the tools"),
        ("{{ call.function.arguments | tojson }}", "{}", "earlier calls"),
        ("{% if message.role != 'system' %}", "{% if message.role not in ('system', 'tool') %}", "tool results"),
        ("{{ messages[0].content }}", "", "the system message"),
    ],
)
def test_a_template_that_drops_something_is_refused_at_the_start(
    part: str, replacement: str, dropped: str, model_folders: dict[str, Path]
) -> None:
    template = TEMPLATE.replace(part, replacement)
    assert template != TEMPLATE
    with pytest.raises(OpenModelError, match=f"the chat template drops {dropped}: ") as failure:
        WhiteboxModel(str(model_folders["llama"]), device="cpu", chat_template=template)
    assert "-M tools=text" in str(failure.value)
    if dropped in ("the tools", "earlier calls", "tool results"):
        WhiteboxModel(str(model_folders["llama"]), device="cpu", chat_template=template, tools="text")


def test_a_model_without_a_template_is_refused_at_the_start(tmp_path: Path, model_folders: dict[str, Path]) -> None:
    tokenizer = load_open_model(str(model_folders["llama"]), device="cpu").tokenizer
    bare = load_open_model(str(model_folders["llama"]), device="cpu")
    tokenizer.chat_template = None
    bare.model.save_pretrained(tmp_path / "bare")
    tokenizer.save_pretrained(tmp_path / "bare")
    for tools in ("template", "text"):
        with pytest.raises(OpenModelError, match="no chat template: give one with -M chat_template=FILE"):
            WhiteboxModel(str(tmp_path / "bare"), device="cpu", tools=tools)
    WhiteboxModel(str(tmp_path / "bare"), device="cpu", chat_template=TEMPLATE)


def test_a_template_that_raises_is_refused_with_what_it_says(model_folders: dict[str, Path]) -> None:
    template = "{{ raise_exception('System role not supported') }}"
    with pytest.raises(
        OpenModelError, match=r"the chat template refuses the conversation: .?System role not supported"
    ):
        WhiteboxModel(str(model_folders["llama"]), device="cpu", chat_template=template)


def test_a_template_that_forgets_thoughts_is_used(model_folders: dict[str, Path]) -> None:
    subject = WhiteboxModel(str(model_folders["llama"]), device="cpu", chat_template=FORGETTING)
    assert generate(subject).stop_reason in ("stop", "max_tokens")


def test_wrong_options_and_foreign_vectors_are_refused_at_the_start(
    model_folders: dict[str, Path], vector_files: dict[str, Path], tmp_path: Path
) -> None:
    folder = str(model_folders["llama"])
    with pytest.raises(OpenModelError, match=r"tools: unknown 'plain' \(known: template, text\)"):
        WhiteboxModel(folder, device="cpu", tools="plain")
    with pytest.raises(ValueError, match="batch_size must be at least 1, not 0"):
        WhiteboxModel(folder, device="cpu", batch_size=0)
    with pytest.raises(OpenModelError, match=r"the vectors do not fit the model: .* of 'qwen' is not .* of 'llama'"):
        WhiteboxModel(folder, device="cpu", vectors=str(vector_files["qwen"]))
    wide = with_identity(load_vectors(vector_files["llama"]), tokenizer_hash="abc")
    save_vectors(wide, tmp_path / "v.safetensors")
    with pytest.raises(OpenModelError, match="the vectors do not fit the model: tokenizer abc of 'llama' is not"):
        WhiteboxModel(folder, device="cpu", vectors=str(tmp_path / "v.safetensors"))
