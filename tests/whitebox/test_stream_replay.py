"""A replay reads what the live run read: in one pass, over a cache in chunks, and from a written log."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from inspect_ai.event import ModelEvent
from inspect_ai.log import EvalSample
from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageTool,
    ChatMessageUser,
    GenerateConfig,
    ModelOutput,
)
from inspect_ai.tool import ToolCall, ToolInfo
from tiny_models import ARCHITECTURES, CONTEXT, FORGETTING, WINDOW, random_vectors, save_random_vectors, with_identity

from advocate_evals.turn_readings import (
    READING_KEY,
    STORE_KEY,
    TurnReading,
    pack_tokens,
    parse_readings,
    reading_request,
    unpack_tokens,
)
from advocate_evals.whitebox import residual_reading
from advocate_evals.whitebox.open_model_provider import WhiteboxModel
from advocate_evals.whitebox.open_models import OpenModel, OpenModelError, load_open_model
from advocate_evals.whitebox.residual_hooks import ResidualEdit
from advocate_evals.whitebox.residual_reading import CachedReader, read_stream
from advocate_evals.whitebox.transcript_replay import TranscriptReplay, largest_difference, own_readings
from advocate_evals.whitebox.vector_file import EmotionVectors

TOOLS = [ToolInfo(name="list_mail", description="Lists the mail.")]
FP32, BF16 = 1e-5, 0.02


def unit() -> torch.Tensor:
    """A direction of length 1."""
    row = torch.randn(32, generator=torch.Generator().manual_seed(9))
    return row / row.norm()


EDITS: dict[str, tuple[ResidualEdit, ...]] = {
    "plain": (),
    "steered": (ResidualEdit(2, unit(), amount=4.0),),
    "clamped": (ResidualEdit(2, unit(), hold_at=-1.5, place="generated"),),
    "steered and clamped": (
        ResidualEdit(1, unit(), amount=-2.0),
        ResidualEdit(3, unit(), hold_at=0.5, place="generated"),
    ),
}


def draw(count: int, seed: int) -> list[int]:
    """Tokens of a made-up text."""
    return torch.randint(4, 250, (count,), generator=torch.Generator().manual_seed(seed)).tolist()


def relative(first: torch.Tensor, second: torch.Tensor) -> float:
    """Largest difference as a share of the largest value."""
    return float((first - second).abs().max() / second.abs().max())


# The cache.


@pytest.mark.parametrize("name", ARCHITECTURES)
@pytest.mark.parametrize("kind", EDITS)
def test_a_growing_conversation_is_read_as_in_fresh_passes(
    name: str, kind: str, open_models: dict[str, OpenModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several turns, chunks of 7 over a window of 8, and a prompt that departs from the one before in its middle."""
    monkeypatch.setattr(residual_reading, "CHUNK_TOKENS", 7)
    open_model, edits = open_models[name], EDITS[kind]
    reader = CachedReader(open_model, 3, edits)
    prompt = draw(30, 1)
    for turn in range(4):
        generated = draw(1 + 6 * turn, 10 + turn)
        stream = reader.read_turn(prompt, generated)
        assert stream.shape == (len(generated), 32)
        assert relative(stream, one_pass(open_model, prompt, generated, edits)) < FP32, turn
        kept_part = len(prompt) - 3 if turn == 1 else len(prompt)
        prompt = [*prompt[:kept_part], *generated[: len(generated) // 2], *draw(4 * WINDOW, 20 + turn)]
    assert relative(reader.read_turn(prompt[:5], []), one_pass(open_model, prompt[:5], [], edits)) < FP32


def one_pass(
    open_model: OpenModel, prompt: Sequence[int], generated: Sequence[int], edits: Sequence[ResidualEdit]
) -> torch.Tensor:
    """The stream of a turn without any cache, changed at the positions that a run changes."""
    from advocate_evals.whitebox.residual_hooks import hook_layers

    ids = [*prompt, *generated[:-1]]
    with torch.inference_mode(), hook_layers(open_model.model, edits, (3,)) as hooked:
        hooked.generated_from = len(prompt) - 1
        open_model.model(torch.tensor([ids]), use_cache=False)
    return hooked.captured[3][0][0, len(prompt) - 1 :].float()


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_prompt_of_one_token_is_read_and_its_first_position_left_alone(
    name: str, open_models: dict[str, OpenModel]
) -> None:
    generated = draw(5, 3)
    for edits in EDITS.values():
        stream = CachedReader(open_models[name], 3, edits).read_turn([9], generated)
        assert relative(stream, one_pass(open_models[name], [9], generated, edits)) < FP32
    plain = read_stream(open_models[name], [9], (2,))[2][0]
    clamped = CachedReader(open_models[name], 2, EDITS["clamped"]).read_turn([9], [])[0]
    assert torch.allclose(clamped, plain, atol=1e-6)


def test_the_same_turn_twice_gives_the_same(llama: OpenModel) -> None:
    reader = CachedReader(llama, 3)
    prompt, generated = draw(40, 1), draw(6, 2)
    first = reader.read_turn(prompt, generated)
    assert relative(reader.read_turn(prompt, generated), first) < FP32
    assert relative(reader.read_turn(prompt, []), first[:1]) < FP32


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_bfloat16_agrees_within_two_percent(name: str, model_folders: dict[str, Path]) -> None:
    open_model = load_open_model(str(model_folders[name]), device="cpu", dtype="bfloat16")
    vectors = random_vectors(open_model)
    prompt, generated = draw(60, 1), draw(20, 2)
    cached = CachedReader(open_model, 3).read_turn(prompt, generated) @ vectors.read_matrix.T
    whole_pass = one_pass(open_model, prompt, generated, ()) @ vectors.read_matrix.T
    assert relative(cached.mean(dim=0), whole_pass.mean(dim=0)) < BF16


# Whole episodes.


class Session:
    """A live conversation of a provider, and the sample that its log would hold."""

    def __init__(self, subject: WhiteboxModel, level: str = "none", family: str = "night_rota") -> None:
        self.subject, self.level, self.family = subject, level, family
        self.messages: list[ChatMessage] = [ChatMessageUser(content="Read the mail.")]
        self.readings: list[dict[str, Any]] = []

    def play(self, turns: int, config: GenerateConfig, answer: str = "Nothing new.") -> Session:
        """Generate turns, each answered by a result or a nudge."""
        for _ in range(turns):
            turn = sum(isinstance(message, ChatMessageAssistant) for message in self.messages)
            request = GenerateConfig(extra_body=reading_request(self.family, turn, self.level))
            output: ModelOutput = asyncio.run(
                self.subject.generate(list(self.messages), TOOLS, "auto", config.merge(request))
            )
            if output.metadata:
                self.readings.append(output.metadata[READING_KEY])
            if output.stop_reason == "model_length":
                break
            self.messages += [output.message, ChatMessageUser(content=f"{answer} Turn {turn}.")]
        return self

    def sample(self) -> EvalSample:
        """As a log holds it."""
        event = ModelEvent(
            model="whitebox/m",
            input=[],
            tools=TOOLS,
            tool_choice="auto",
            config=GenerateConfig(),
            output=ModelOutput(),
        )
        sample = EvalSample(
            id="1",
            epoch=1,
            input="",
            target="",
            messages=self.messages,
            events=[event],
            metadata={"family": self.family, "steering": self.level},
            store={STORE_KEY: self.readings},
        )
        return EvalSample.model_validate_json(sample.model_dump_json())


def provider(folder: Path, tmp_path: Path, **options: Any) -> WhiteboxModel:
    """A provider with random vectors."""
    open_model = load_open_model(str(folder), device="cpu", **options)
    save_random_vectors(open_model, tmp_path / "v.safetensors")
    return WhiteboxModel(str(folder), vectors=str(tmp_path / "v.safetensors"), device="cpu", **options)


SAMPLED = GenerateConfig(temperature=1.0, seed=3, max_tokens=30)


@pytest.mark.parametrize("name", ARCHITECTURES)
@pytest.mark.parametrize("level", ["none", "desperate:0.1", "permuted3:-0.1", "clamp"])
def test_a_replay_of_a_log_equals_the_live_run(
    name: str, level: str, model_folders: dict[str, Path], tmp_path: Path
) -> None:
    subject = provider(model_folders[name], tmp_path)
    assert subject.vectors is not None
    sample = Session(subject, level).play(4, SAMPLED).sample()
    live = own_readings(sample.store, subject.vectors)
    replayed = TranscriptReplay(subject.open_model, subject.vectors).read_sample(sample)
    assert [reading.fault for reading in replayed] == [""] * 4
    assert [reading.steering for reading in replayed] == [level] * 4
    assert all(reading.position and len(unpack_tokens(reading.token_ids)) > 1 for reading in live)
    assert largest_difference(live, replayed) <= FP32
    assert [reading.token_ids for reading in replayed] == [reading.token_ids for reading in live]
    for first, second in zip(live, replayed, strict=True):
        assert second.z_position == pytest.approx(first.z_position, rel=1e-3, abs=1e-3)
        assert (second.reader, second.vectors) == ("", first.vectors)


def test_a_live_turn_that_could_not_be_read_makes_no_other_reader_of_the_subject(
    model_folders: dict[str, Path], tmp_path: Path
) -> None:
    """The model reads its own transcript, whatever went wrong with a turn of the run."""
    subject = provider(model_folders["llama"], tmp_path)
    assert subject.vectors is not None
    session = Session(subject).play(3, SAMPLED)
    unread = {name: value for name, value in session.readings[1].items() if name not in ("position", "written")}
    session.readings[1] = unread | {"fault": "3 values are not finite"}
    replayed = TranscriptReplay(subject.open_model, subject.vectors).read_sample(session.sample())
    assert [reading.reader for reading in replayed] == ["", "", ""]
    assert all(reading.position for reading in replayed)


def test_another_steering_than_in_the_run_would_be_seen(model_folders: dict[str, Path], tmp_path: Path) -> None:
    """The comparison can fail: the same transcript without the steering reads otherwise."""
    subject = provider(model_folders["llama"], tmp_path)
    assert subject.vectors is not None
    session = Session(subject, "desperate:0.1").play(2, SAMPLED)
    live = own_readings(session.sample().store, subject.vectors)
    session.readings = [reading | {"steering": "none"} for reading in session.readings]
    replayed = TranscriptReplay(subject.open_model, subject.vectors).read_sample(session.sample())
    assert largest_difference(live, replayed) > 0.01


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_replay_in_bfloat16_agrees_within_two_percent(
    name: str, model_folders: dict[str, Path], tmp_path: Path
) -> None:
    subject = provider(model_folders[name], tmp_path, dtype="bfloat16")
    assert subject.vectors is not None
    sample = Session(subject).play(3, SAMPLED).sample()
    live = own_readings(sample.store, subject.vectors)
    replayed = TranscriptReplay(subject.open_model, subject.vectors).read_sample(sample)
    first = torch.tensor([reading.position for reading in live]).mean(dim=0)
    second = torch.tensor([reading.position for reading in replayed]).mean(dim=0)
    assert relative(first, second) < BF16


def test_a_template_that_forgets_thoughts_still_replays_each_turn(
    model_folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each prompt lacks the thoughts of the one before, so that the cache is of little use, and the figures agree."""
    subject = provider(model_folders["llama"], tmp_path, chat_template=FORGETTING)
    assert subject.vectors is not None
    session = Session(subject)
    for number in range(3):
        session.play(1, SAMPLED)
        turn = session.messages[-2]
        thinking = ChatMessageAssistant(content=f"<think>\nthought {number}\n</think>\n\n{turn.text}")
        session.messages[-2] = thinking
    sample = session.sample()
    live = own_readings(sample.store, subject.vectors)
    replayed = TranscriptReplay(subject.open_model, subject.vectors).read_sample(sample)
    assert [reading.fault for reading in replayed] == [""] * 3
    assert largest_difference(live, replayed) <= FP32


def test_a_turn_beyond_the_context_is_missing_with_its_reason(model_folders: dict[str, Path], tmp_path: Path) -> None:
    subject = provider(model_folders["llama"], tmp_path)
    assert subject.vectors is not None
    session = Session(subject).play(2, SAMPLED)
    session.messages[-1] = ChatMessageUser(content="long " * CONTEXT)
    session.messages.append(ChatMessageAssistant(content="Yes."))
    readings = TranscriptReplay(subject.open_model, subject.vectors).read_sample(session.sample())
    assert [bool(reading.position) for reading in readings] == [True, True, False]
    assert readings[2].fault == f"beyond the context of {CONTEXT} tokens"
    assert readings[2].z_position == () and math.isnan(readings[2].z("desperate"))
    assert math.isnan(readings[2].written_z("desperate"))


def test_a_live_turn_whose_prompt_renders_otherwise_is_missing_with_its_reason(
    model_folders: dict[str, Path], tmp_path: Path
) -> None:
    subject = provider(model_folders["llama"], tmp_path)
    assert subject.vectors is not None
    session = Session(subject).play(2, SAMPLED)
    session.messages[2] = ChatMessageUser(content="Something else.")
    readings = TranscriptReplay(subject.open_model, subject.vectors).read_sample(session.sample())
    assert [reading.fault for reading in readings] == ["", "the prompt renders to other tokens than in the run"]
    live = own_readings(session.sample().store, subject.vectors)
    assert largest_difference(live, readings) <= FP32
    assert math.isnan(largest_difference(live, readings[1:])), "nothing was compared, and that is not zero"


def test_an_empty_answer_stands_in_no_transcript_and_its_tokens_are_not_taken_for_the_next(
    model_folders: dict[str, Path], tmp_path: Path
) -> None:
    subject = provider(model_folders["llama"], tmp_path)
    assert subject.vectors is not None
    session = Session(subject).play(1, SAMPLED)
    empty = dict(session.readings[0], prompt_hash="of another prompt", token_ids=pack_tokens([2]))
    session.readings.insert(0, empty)
    (reading,) = TranscriptReplay(subject.open_model, subject.vectors).read_sample(session.sample())
    assert reading.fault == "" and reading.token_ids == session.readings[1]["token_ids"]


def test_a_transcript_of_another_model_is_read_as_the_template_renders_it(
    llama: OpenModel, llama_vectors: EmotionVectors
) -> None:
    call = ToolCall(id="toolu_0123456789", function="list_mail", arguments={})
    sample = EvalSample(
        id="1",
        epoch=1,
        input="",
        target="",
        messages=[
            ChatMessageUser(content="Begin."),
            ChatMessageAssistant(content="I look.", tool_calls=[call]),
            ChatMessageTool(content="Two mails.", tool_call_id=call.id, function="list_mail"),
            ChatMessageAssistant(content="Done."),
        ],
        metadata={"family": "night_rota"},
    )
    readings = TranscriptReplay(llama, llama_vectors).read_sample(sample)
    assert [reading.reader for reading in readings] == ["llama", "llama"]
    texts = [llama.tokenizer.decode(unpack_tokens(reading.token_ids)) for reading in readings]
    assert texts[0].startswith("I look.<tool_call>") and texts[0].endswith("</tool_call><|im_end|>")
    assert texts[1] == "Done.<|im_end|>"
    assert all(reading.z_position and reading.written for reading in readings)
    assert own_readings({STORE_KEY: [reading.model_dump() for reading in readings]}, llama_vectors) == []


def test_a_reply_that_the_template_does_not_continue_has_no_written_tokens(
    llama: OpenModel, llama_vectors: EmotionVectors, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the beginning of a turn is rendered otherwise once the turn is there, only the position is read."""
    template = FORGETTING.replace("assistant\n{% endif %}", "assistant\n<think>\n\n</think>\n{% endif %}")
    monkeypatch.setattr(llama.tokenizer, "chat_template", template)
    messages: list[ChatMessage] = [ChatMessageUser(content="Begin."), ChatMessageAssistant(content="Done.")]
    sample = EvalSample(id="1", epoch=1, input="", target="", messages=messages)
    (reading,) = TranscriptReplay(llama, llama_vectors).read_sample(sample)
    assert reading.position and reading.written == () and reading.fault == ""
    assert reading.z_position == ()  # of no family


def test_values_that_are_not_finite_are_a_missing_turn(
    model_folders: dict[str, Path], llama_vectors: EmotionVectors
) -> None:
    open_model = load_open_model(str(model_folders["llama"]), device="cpu")
    with torch.no_grad():
        open_model.model.model.layers[2].mlp.down_proj.weight.fill_(float("nan"))
    messages: list[ChatMessage] = [ChatMessageUser(content="Begin."), ChatMessageAssistant(content="Done.")]
    sample = EvalSample(id="1", epoch=1, input="", target="", messages=messages, metadata={"family": "night_rota"})
    (reading,) = TranscriptReplay(open_model, llama_vectors).read_sample(sample)
    assert "values of the residual stream at layer 3 are not finite" in reading.fault
    assert reading.position == reading.z_position == ()


def test_foreign_vectors_are_refused_and_readings_of_other_vectors_are_no_live_ones(
    llama: OpenModel, llama_vectors: EmotionVectors
) -> None:
    with pytest.raises(OpenModelError, match="weights x of 'llama' is not"):
        TranscriptReplay(llama, with_identity(llama_vectors, weights_hash="x"))
    reading = TurnReading(
        turn=0, vectors="of other vectors", validated=True, layer=3, prompt_tokens=1, prompt_hash="x", position=(1.0,)
    )
    assert own_readings({STORE_KEY: [reading.model_dump()]}, llama_vectors) == []
    for stored in (None, [], "text", [{"turn": 0}], [{"nonsense": 1}]):
        assert own_readings({STORE_KEY: stored}, llama_vectors) == []


# Packing.


@pytest.mark.parametrize("ids", [[], [0], [2**32 - 1], list(range(300)), [7] * 5000])
def test_tokens_are_packed_and_unpacked(ids: list[int]) -> None:
    assert unpack_tokens(pack_tokens(ids)) == ids
    assert len(pack_tokens([7] * 5000)) < 60


@pytest.mark.parametrize("packed", ["", "nonsense", "0000", pack_tokens([1, 2])[:-3]])
def test_what_is_no_packed_text_is_refused(packed: str) -> None:
    with pytest.raises(ValueError, match="the tokens of a turn cannot be unpacked"):
        unpack_tokens(packed)


def test_readings_of_another_version_are_refused_by_what_is_wrong() -> None:
    with pytest.raises(ValueError, match="readings of another version: Field required"):
        parse_readings([{"turn": 0}])
