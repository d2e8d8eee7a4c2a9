"""Hooks: what is added is what was asked for, what is held is held, and nothing stays behind."""

from __future__ import annotations

import pytest
import torch
from tiny_models import ARCHITECTURES, CONTEXT, DEPTH, count_hooks, desperate_row
from torch import Tensor

from advocate_evals.steering_conditions import READ_VECTORS
from advocate_evals.whitebox.open_models import OpenModel, OpenModelError, OutOfMemory
from advocate_evals.whitebox.residual_hooks import ResidualEdit, hook_layers
from advocate_evals.whitebox.residual_reading import CachedReader, read_stream, refuse_non_finite
from advocate_evals.whitebox.vector_file import EmotionVectors

TEXT = list(range(4, 44))


def unit(seed: int, width: int = 32) -> Tensor:
    """A drawn direction of length 1."""
    row = torch.randn(width, generator=torch.Generator().manual_seed(seed))
    return row / row.norm()


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_layers_are_those_of_the_hidden_states(name: str, open_models: dict[str, OpenModel]) -> None:
    """All but the last, which `transformers` gives out normed."""
    open_model = open_models[name]
    stream = read_stream(open_model, TEXT, range(DEPTH + 1))
    with torch.inference_mode():
        states = open_model.model(torch.tensor([TEXT]), output_hidden_states=True).hidden_states
    for layer in range(DEPTH):
        assert torch.allclose(stream[layer], states[layer][0], atol=1e-5), layer
    assert stream[DEPTH].shape == (len(TEXT), 32)


@pytest.mark.parametrize("name", ARCHITECTURES)
@pytest.mark.parametrize("strength", [0.1, -0.05, 3.0])
def test_steering_raises_the_projection_by_strength_times_mean_norm(
    name: str, strength: float, open_models: dict[str, OpenModel]
) -> None:
    direction = unit(1)
    before = read_stream(open_models[name], TEXT, (2,))[2]
    amount = strength * float(before[1:].norm(dim=-1).mean())
    after = read_stream(open_models[name], TEXT, (2,), (ResidualEdit(2, direction, amount=amount),))[2]
    moved = (after - before) @ direction
    assert torch.equal(after[0], before[0])
    assert torch.allclose(moved[1:], torch.full((len(TEXT) - 1,), amount), rtol=1e-4, atol=1e-4)
    aside = (after - before)[1:] - moved[1:].unsqueeze(1) * direction
    assert float(aside.abs().max()) < 1e-4 * max(1.0, abs(amount))


def test_a_steering_condition_adds_its_strength_in_mean_norms(llama: OpenModel, llama_vectors: EmotionVectors) -> None:
    layer, norm = llama_vectors.header.layer, llama_vectors.header.norms[llama_vectors.header.layer]
    for level, name in (
        ("desperate:0.05", "desperate"),
        ("permuted2:-0.1", "permuted2"),
        ("surprised:0.1", "surprised"),
    ):
        (edit,) = llama_vectors.edits_for(level)
        assert (edit.layer, edit.hold_at, edit.place) == (layer, None, "all")
        assert edit.amount == pytest.approx(float(level.split(":")[1]) * norm)
        assert torch.equal(edit.direction, llama_vectors.direction(name))
        assert float(edit.direction.norm()) == pytest.approx(1.0, abs=1e-6)


def test_strength_zero_and_no_steering_are_no_edit_at_all(llama_vectors: EmotionVectors) -> None:
    assert llama_vectors.edits_for("none") == llama_vectors.edits_for("desperate:0") == ()


def test_permuted_copies_have_the_same_numbers_in_another_order(llama_vectors: EmotionVectors) -> None:
    row = desperate_row(llama_vectors)
    copies = [llama_vectors.direction(name) for name in READ_VECTORS if name.startswith("permuted")]
    assert len(copies) == 5
    for permuted in copies:
        assert torch.equal(permuted.sort().values, row.sort().values)
        assert abs(float(permuted @ row)) < 0.9
    assert len({tuple(permuted.tolist()) for permuted in copies}) == 5


@pytest.mark.parametrize("name", ARCHITECTURES)
@pytest.mark.parametrize("level", [0.0, -2.5, 7.0])
def test_clamping_holds_the_projection_and_leaves_the_rest(
    name: str, level: float, open_models: dict[str, OpenModel]
) -> None:
    direction = unit(2)
    edit = ResidualEdit(3, direction, hold_at=level)
    before = read_stream(open_models[name], TEXT, (3,))[3]
    after = read_stream(open_models[name], TEXT, (3,), (edit,))[3]
    assert torch.allclose((after @ direction)[1:], torch.full((len(TEXT) - 1,), level), atol=1e-4)
    assert torch.equal(after[0], before[0])
    across = torch.eye(32) - torch.outer(direction, direction)
    assert torch.allclose(after @ across, before @ across, atol=1e-4)


def test_clamping_where_tokens_are_generated_leaves_the_prompt_alone(llama: OpenModel) -> None:
    direction = unit(2)
    edit = ResidualEdit(3, direction, hold_at=1.5, place="generated")
    with torch.inference_mode(), hook_layers(llama.model, (edit,), (3,)) as hooked:
        hooked.generated_from = 30
        llama.model(torch.tensor([TEXT]))
    after = hooked.captured[3][0][0]
    before = read_stream(llama, TEXT, (3,))[3]
    assert torch.equal(after[:30], before[:30])
    assert torch.allclose((after @ direction)[30:], torch.full((10,), 1.5), atol=1e-4)


@pytest.mark.parametrize("place", ["all", "generated"])
def test_the_first_position_is_never_touched_behind_padding_or_as_the_whole_prompt(
    place: str, llama: OpenModel
) -> None:
    edit = ResidualEdit(2, unit(1), amount=50.0, place=place)  # type: ignore[arg-type]
    starts = torch.tensor([3, 5])
    mask = (torch.arange(6) >= starts.unsqueeze(1)).long()
    tokens = torch.tensor([[0, 0, 0, 7, 8, 9], [0, 0, 0, 0, 0, 9]])
    streams = []
    for edits in ((), (edit,)):
        with torch.inference_mode(), hook_layers(llama.model, edits, (2,)) as hooked:
            hooked.first_positions = starts
            llama.model(tokens, attention_mask=mask)
        streams.append(hooked.captured[2][0])
    moved = (streams[1] - streams[0]).abs().sum(dim=-1) > 1
    assert moved[0].tolist() == ([False] * 4 + [True] * 2 if place == "all" else [False] * 5 + [True])
    assert not moved[1].any()  # its one token is its first


def test_two_edits_of_a_layer_add_up_and_other_layers_are_not_touched(llama: OpenModel) -> None:
    first, second = ResidualEdit(2, unit(1), amount=2.0), ResidualEdit(2, unit(4), amount=-3.0)
    before, after = read_stream(llama, TEXT, (1, 2)), read_stream(llama, TEXT, (1, 2), (first, second))
    assert torch.equal(before[1], after[1])
    expected = 2.0 * unit(1) - 3.0 * unit(4)
    assert torch.allclose((after[2] - before[2])[1:], expected.expand(len(TEXT) - 1, -1), atol=1e-4)


def test_no_hook_is_left_whatever_happens(llama: OpenModel) -> None:
    edit = ResidualEdit(2, unit(1), amount=5.0)
    before = read_stream(llama, TEXT, (4,))[4]
    foreign = count_hooks(llama.model)  # those of transformers, once hidden states were asked for
    with hook_layers(llama.model, (edit,), (0, 1, 4)):
        assert count_hooks(llama.model) == foreign + 5
    with pytest.raises(KeyError), hook_layers(llama.model, (edit,), (0, 1, 4)):
        raise KeyError("inside")
    with pytest.raises(ValueError, match="reduced"), hook_layers(llama.model, (), (1,), reduce=fail):
        llama.model(torch.tensor([TEXT]))
    with pytest.raises(OpenModelError):
        read_stream(llama, TEXT, (1, DEPTH + 1))
    with pytest.raises(IndexError):
        read_stream(llama, [100_000], (1,), (edit,))  # no such token
    assert count_hooks(llama.model) == foreign
    assert torch.equal(read_stream(llama, TEXT, (4,))[4], before)


def fail(stream: Tensor) -> Tensor:
    """Fails as a hook may."""
    raise ValueError("reduced")


@pytest.mark.parametrize("layer", [-1, DEPTH + 1, 400])
def test_a_layer_that_does_not_exist_is_named_with_the_range(layer: int, llama: OpenModel) -> None:
    with pytest.raises(OpenModelError, match=f"layer {layer} does not exist: the model has layers 0 to {DEPTH}"):
        read_stream(llama, TEXT, (layer,))


def test_the_embedding_is_read_and_never_changed(llama: OpenModel) -> None:
    with pytest.raises(OpenModelError, match="layer 0 is the embedding"):
        read_stream(llama, TEXT, (1,), (ResidualEdit(0, unit(1), amount=1.0),))


def test_a_text_of_no_tokens_or_beyond_the_context_is_refused(llama: OpenModel) -> None:
    with pytest.raises(OpenModelError, match=f"a text of {CONTEXT + 1} tokens .*'llama' holds 1 to {CONTEXT}"):
        read_stream(llama, [5] * (CONTEXT + 1), (1,))
    with pytest.raises(OpenModelError, match="a text of 0 tokens"):
        read_stream(llama, [], (1,))
    with pytest.raises(OpenModelError, match=f"a text of {CONTEXT + 2} tokens"):
        CachedReader(llama, 2).read_turn([5] * (CONTEXT - 1), [6, 7, 8, 9])


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_values_that_are_not_finite_are_counted_and_refused(value: float) -> None:
    stream = torch.zeros(3, 4)
    refuse_non_finite(stream, "story 1")
    stream[1, 2] = value
    with pytest.raises(OpenModelError, match="story 1: 1 of 12 values of the residual stream are not finite"):
        refuse_non_finite(stream, "story 1")


def test_short_memory_while_reading_names_text_and_model(llama: OpenModel, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **options: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    foreign = count_hooks(llama.model)
    monkeypatch.setattr(llama.model.model.norm, "forward", refuse)
    for read in (lambda: read_stream(llama, TEXT, (1,)), lambda: CachedReader(llama, 1).read_turn(TEXT, [5, 6])):
        with pytest.raises(OutOfMemory, match=r"a text of \d+ tokens does not fit beside 'llama' on cpu"):
            read()
    assert count_hooks(llama.model) == foreign
