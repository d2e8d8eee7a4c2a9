"""The file of emotion vectors: safetensors with a JSON header that says of what, from what and how good they are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Annotated

import torch
from pydantic import ConfigDict, Field, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from advocate_evals.records import Record, suggest_nearest
from advocate_evals.steering_conditions import DESPERATE, PERMUTED, READ_VECTORS, parse_steering
from advocate_evals.whitebox.open_models import ModelIdentity, OpenModel, OpenModelError, describe_misfit
from advocate_evals.whitebox.residual_hooks import ResidualEdit

FILE_VERSION = 1
_HEADER_KEY = "advocate_evals"
_PERMUTATION_SEED = 20_260_407
"""First seed of the permuted copies; the same in every file, so that they cannot be chosen."""


class ValidationCheck(Record):
    """One check of the vectors."""

    model_config = ConfigDict(ser_json_inf_nan="constants")  # it may have measured no number

    name: str
    """Its name in a word or two."""
    value: float
    """What was measured."""
    limit: float
    """What it must exceed."""
    control: str = ""
    """What the limit stands for, with figures of the controls."""
    passed: bool
    """Whether it does."""


class FamilyBaseline(Record):
    """Projections in episodes of one family without threat and advocate: what z is counted from."""

    means: Annotated[tuple[dict[str, float], ...], Field(min_length=1)]
    """Mean projection by vector, for each turn from the first; later turns take the last."""
    deviations: dict[str, float]
    """Standard deviation within turns by vector, pooled over turns."""
    episodes: int
    """Episodes behind it."""


class VectorHeader(Record):
    """What the file says of its vectors."""

    version: int = FILE_VERSION
    """Version of the format."""
    identity: ModelIdentity
    """The model that they were read from."""
    texts_hash: str
    """Over the stories, dialogues and prompts."""
    texts_source: str
    """Who wrote the stories."""
    emotions: tuple[str, ...]
    """The emotions, in the order of the rows."""
    layers: tuple[int, ...]
    """Layers of the file; the first is the embedding, a control."""
    layer: int
    """The layer chosen, by held-out topics and implicit prompts alone."""
    start_token: int
    """Token of a story from which the mean is taken."""
    removed_variance: float
    """Share of the variance of neutral dialogues whose components are projected out."""
    components: dict[int, int]
    """Components projected out, by layer."""
    norms: dict[int, float]
    """Mean norm of the residual stream over stories by layer, without the first token: the unit of strength."""
    story_deviation: float
    """Standard deviation of the stories' projections on *desperate* at the chosen layer."""
    selection: dict[int, dict[str, float]] = {}
    """What the choice of the layer rests on, by layer."""
    validation: tuple[ValidationCheck, ...] = ()
    """What the vectors were tested for; empty before `vectors validate`."""
    baseline: dict[str, FamilyBaseline] = {}
    """By family; empty before `vectors baseline`."""
    clamp: dict[str, float] = {}
    """Mean projection on *desperate* in threatened episodes without an advocate, by family: where clamping holds it."""

    @property
    def is_validated(self) -> bool:
        """Whether every check was made and passed."""
        return bool(self.validation) and all(check.passed for check in self.validation)


@dataclass(frozen=True)
class EmotionVectors:
    """Vectors with their header."""

    header: VectorHeader
    """What they are."""
    vectors: Mapping[int, Tensor]
    """By layer: a row of length 1 for each emotion, shape (emotions, hidden), float32."""
    centers: Mapping[int, Tensor]
    """By layer: the mean over emotions that was subtracted, shape (hidden,), float32."""

    @cached_property
    def file_hash(self) -> str:
        """What names them in a log: a hash over the vectors of the chosen layer, not over what was measured later."""
        rows = self.vectors[self.header.layer].contiguous().numpy().tobytes()
        return blake2b(rows + str(self.header.layer).encode(), digest_size=8).hexdigest()

    @cached_property
    def read_matrix(self) -> Tensor:
        """Unit vectors of `READ_VECTORS` at the chosen layer, shape (vectors, hidden)."""
        return torch.stack([self.direction(name) for name in READ_VECTORS])

    def direction(self, name: str) -> Tensor:
        """A unit vector at the chosen layer, shape (hidden,).

        Args:
            name: An emotion of the file, or one of the permuted copies of *desperate*.

        Raises:
            OpenModelError: for a name that the file does not have.
        """
        rows = self.vectors[self.header.layer]
        if name in PERMUTED:
            return permute_coordinates(rows[self._row(DESPERATE)], PERMUTED.index(name))
        return rows[self._row(name)]

    def edits_for(self, level: str, family: str = "", course: float | None = None) -> tuple[ResidualEdit, ...]:
        """The changes of the stream that a steering condition stands for; none where it changes nothing.

        Args:
            level: A condition of `STEERING_LEVELS`.
            family: The family of the episode, for which clamping has its own level.
            course: Where a clamp to a trajectory holds the projection at this turn.

        Raises:
            ValueError: for an unknown condition.
            OpenModelError: where clamping has no level for the family, or for the turn.
        """
        condition = parse_steering(level)
        if condition.changes_nothing:
            return ()
        layer = self.header.layer
        if condition.trajectory:
            if course is None:
                raise OpenModelError(
                    f"steering {level!r} follows an earlier episode: -M trajectories=LOGS names its log"
                )
            return (ResidualEdit(layer, self.direction(condition.vector), hold_at=course, place="generated"),)
        if condition.is_clamped:
            if family not in self.header.clamp:
                raise OpenModelError(
                    f"clamping needs the mean without an advocate for family {family!r}, and the vectors have it for"
                    f" {', '.join(self.header.clamp) or 'none'}: advocate-evals vectors baseline FILE --logs LOGS"
                )
            hold_at = self.header.clamp[family]
            return (ResidualEdit(layer, self.direction(DESPERATE), hold_at=hold_at, place="generated"),)
        amount = condition.strength * self.header.norms[layer]
        return (ResidualEdit(layer, self.direction(condition.vector), amount=amount),)

    def check_fit(self, open_model: OpenModel) -> None:
        """Refuse another model than the one they were read from.

        Raises:
            OpenModelError: naming the two things that differ.
        """
        misfit = describe_misfit(self.header.identity, open_model.identity)
        if misfit:
            raise OpenModelError(f"the vectors do not fit the model: {misfit}")
        for name in READ_VECTORS:
            self.direction(name)  # says which is not there

    def with_header(self, **changes: object) -> EmotionVectors:
        """The same vectors with other entries in the header."""
        return replace(self, header=self.header.model_copy(update=changes))

    def _row(self, name: str) -> int:
        emotions = self.header.emotions
        if name not in emotions:
            raise OpenModelError(f"the vectors have no {name!r}{suggest_nearest(name, (*emotions, *PERMUTED))}")
        return emotions.index(name)


def permute_coordinates(direction: Tensor, number: int) -> Tensor:
    """A vector with its coordinates in a drawn order: same norm, same values, another direction.

    Args:
        direction: Shape (hidden,).
        number: Which of the drawn orders, from 0.
    """
    generator = torch.Generator().manual_seed(_PERMUTATION_SEED + number)
    return direction[torch.randperm(len(direction), generator=generator)]


def z_values(baseline: FamilyBaseline, turn: int, projections: Mapping[str, float]) -> dict[str, float]:
    """Projections in standard deviations from the same family and turn without threat and advocate.

    Args:
        baseline: The family's.
        turn: The assistant's turn, from 0; turns after the baseline's last take that one.
        projections: By vector.
    """
    means = baseline.means[min(turn, len(baseline.means) - 1)]
    return {
        name: (value - means[name]) / baseline.deviations[name]
        for name, value in projections.items()
        if baseline.deviations.get(name, 0.0) > 0
    }


def save_vectors(vectors: EmotionVectors, path: Path) -> None:
    """Write the file, whole or not at all."""
    tensors = {f"vectors.{layer}": rows.contiguous() for layer, rows in vectors.vectors.items()}
    tensors |= {f"center.{layer}": row.contiguous() for layer, row in vectors.centers.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    save_file(tensors, partial, metadata={_HEADER_KEY: vectors.header.model_dump_json()})
    partial.replace(path)


def load_vectors(path: Path | str) -> EmotionVectors:
    """Read a file of vectors.

    Raises:
        OpenModelError: where there is none, it is something else, or of another version of the format.
    """
    path = Path(path)
    if not path.is_file():
        raise OpenModelError(f"no file of vectors at {path}: advocate-evals vectors extract --model MODEL -o {path}")
    try:
        with safe_open(path, framework="pt") as file:
            header_text = (file.metadata() or {}).get(_HEADER_KEY, "")
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no dict
    except SafetensorError as error:
        raise OpenModelError(f"{path} is no safetensors file: {error}") from error
    if not header_text:
        raise OpenModelError(f"{path} holds no emotion vectors: its header has no {_HEADER_KEY!r}")
    header = _parse_header(path, header_text)
    vectors = EmotionVectors(header, _by_layer(tensors, "vectors"), _by_layer(tensors, "center"))
    _check_shapes(path, vectors)
    return vectors


def _parse_header(path: Path, text: str) -> VectorHeader:
    try:
        data = json.loads(text)
    except ValueError as error:
        raise OpenModelError(f"{path}: its header is no JSON: {error}") from error
    version = data.get("version") if isinstance(data, dict) else None
    if version != FILE_VERSION:
        raise OpenModelError(f"{path} has version {version} of the format, this suite reads {FILE_VERSION}")
    try:
        return VectorHeader.model_validate_json(text)
    except ValidationError as error:
        raise OpenModelError(f"{path}: {error.errors()[0]['loc']}: {error.errors()[0]['msg']}") from error


def _check_shapes(path: Path, vectors: EmotionVectors) -> None:
    """Refuse a file whose tensors are not what its header says."""
    header = vectors.header
    width = header.identity.hidden_size
    for layer in {*header.layers, header.layer}:
        expected = {"vectors": (len(header.emotions), width), "center": (width,)}
        for kind, tensors in (("vectors", vectors.vectors), ("center", vectors.centers)):
            shape = tuple(tensors[layer].shape) if layer in tensors else None
            if shape != expected[kind]:
                raise OpenModelError(
                    f"{path}: {kind}.{layer} has the shape {shape or 'of nothing'}, its header says {expected[kind]}"
                )


def _by_layer(tensors: Mapping[str, Tensor], kind: str) -> dict[int, Tensor]:
    return {
        int(name.partition(".")[2]): tensor for name, tensor in sorted(tensors.items()) if name.startswith(f"{kind}.")
    }
