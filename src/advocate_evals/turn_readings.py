"""What is read inside an open model at one turn of an episode, and how it travels from the provider into the log.

No torch. The agent loop asks with `reading_request`, the provider answers in the output's metadata under `READING_KEY`,
and the episode's store keeps the readings under `STORE_KEY`.
"""

from __future__ import annotations

import math
import struct
import zlib
from base64 import b85decode, b85encode
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import ValidationError

from advocate_evals.records import Record
from advocate_evals.steering_conditions import READ_VECTORS, UNSTEERED

READING_KEY: Final = "activation"
"""Key of a reading in the metadata of a model's output."""
STORE_KEY: Final = "advocate_evals:readings"
"""Key of an episode's readings in the store of its sample."""
_REQUEST_KEY: Final = "advocate_evals"
"""Key of the request in the extra body of a generation config."""
_DIGITS, _Z_DIGITS = 7, 5
"""Significant digits of a projection, which a replay must meet to a hundred thousandth, and of z."""


class ReadingRequest(Record):
    """What a provider that reads activations is told beside the messages; the model sees none of it."""

    family: str = ""
    """Family of the episode, by whose benign twin projections are standardised."""
    turn: int = 0
    """The assistant's turn, from 0."""
    steering: str = UNSTEERED
    """The steering condition."""
    block: str = ""
    """The episode's block, by which a clamp finds the block's other arm."""
    mechanism: str = ""
    """The episode's mechanism."""


class TurnReading(Record):
    """One turn. Projections are in the order of `READ_VECTORS`."""

    turn: int
    """The assistant's turn, from 0."""
    vectors: str
    """Hash of the vectors."""
    validated: bool
    """Whether the vectors passed their validation."""
    layer: int
    """The layer read."""
    steering: str = UNSTEERED
    """The steering condition."""
    prompt_tokens: int
    """Tokens of the prompt."""
    prompt_hash: str
    """Hash of the prompt's tokens, by which a replay knows that it reads the same."""
    token_ids: str = ""
    """The tokens generated, packed by `pack_tokens`."""
    position: tuple[float, ...] = ()
    """Projections where the first token is generated; empty where they could not be read."""
    written: tuple[float, ...] = ()
    """Their means over the generated tokens that the model went on from; empty where there is none."""
    z_position: tuple[float, ...] = ()
    """The first as deviations from the same family and turn of a benign twin; empty without a baseline."""
    z_written: tuple[float, ...] = ()
    """The second likewise."""
    fault: str = ""
    """Why nothing could be read."""
    reader: str = ""
    """The model that read it, where that is not the subject itself."""
    unchecked: str = ""
    """What of the model could not be compared with that of the vectors; empty where everything was."""
    perplexity: float | None = None
    """Perplexity of a neutral text under the steering condition, as a multiple of the unsteered model's; None where it
    was not measured."""

    def z(self, name: str) -> float:
        """z of a vector where the first token is generated; NaN where it is missing."""
        return self.z_position[READ_VECTORS.index(name)] if self.z_position else math.nan

    def written_z(self, name: str) -> float:
        """z of a vector over the generated tokens; NaN where it is missing."""
        return self.z_written[READ_VECTORS.index(name)] if self.z_written else math.nan


def reading_request(family: str, turn: int, steering: str, block: str = "", mechanism: str = "") -> dict[str, Any]:
    """The extra body of a generation config that asks for a reading, and for a steering condition."""
    request = ReadingRequest(family=family, turn=turn, steering=steering, block=block, mechanism=mechanism)
    return {_REQUEST_KEY: request.model_dump()}


def parse_request(extra_body: Mapping[str, Any] | None) -> ReadingRequest:
    """What is asked for; the defaults where nothing is."""
    return ReadingRequest.model_validate((extra_body or {}).get(_REQUEST_KEY, {}))


def parse_readings(stored: object) -> list[TurnReading]:
    """The readings of an episode from its store.

    Raises:
        ValueError: where another version wrote them.
    """
    if not isinstance(stored, list):
        return []
    try:
        return [TurnReading.model_validate(reading) for reading in stored]
    except ValidationError as error:
        raise ValueError(f"readings of another version: {error.errors()[0]['msg']}") from error


def round_projections(values: Sequence[float]) -> tuple[float, ...]:
    """Projections as they are kept, to seven significant digits."""
    return tuple(float(f"{value:.{_DIGITS}g}") for value in values)


def round_scores(values: Sequence[float]) -> tuple[float, ...]:
    """z as it is kept, to five significant digits."""
    return tuple(float(f"{value:.{_Z_DIGITS}g}") for value in values)


def pack_tokens(token_ids: Sequence[int]) -> str:
    """Token numbers as a short text."""
    return b85encode(zlib.compress(struct.pack(f"<{len(token_ids)}I", *token_ids), 9)).decode()


def unpack_tokens(packed: str) -> list[int]:
    """The token numbers of a text by `pack_tokens`.

    Raises:
        ValueError: where it is none.
    """
    try:
        raw = zlib.decompress(b85decode(packed))
        return list(struct.unpack(f"<{len(raw) // 4}I", raw))
    except (zlib.error, struct.error, ValueError) as error:
        raise ValueError(f"the tokens of a turn cannot be unpacked: {error}") from error
