"""From the residual stream of a turn to its reading: projections on the vectors, standardised by a benign twin."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import torch
from torch import Tensor

from advocate_evals.steering_conditions import READ_VECTORS
from advocate_evals.turn_readings import ReadingRequest, TurnReading, pack_tokens, round_projections, round_scores
from advocate_evals.whitebox.vector_file import EmotionVectors, FamilyBaseline, z_values


def hash_tokens(token_ids: Sequence[int]) -> str:
    """A hash over token numbers, as hexadecimal digits."""
    return blake2b(",".join(map(str, token_ids)).encode(), digest_size=8).hexdigest()


def read_turn_stream(
    vectors: EmotionVectors,
    stream: Tensor | None,
    prompt_ids: Sequence[int],
    token_ids: Sequence[int],
    request: ReadingRequest,
    fault: str = "",
) -> TurnReading:
    """The reading of a turn.

    Args:
        vectors: The vectors.
        stream: The stream where the first token is generated, then at each generated token but the last, shape
            (1 + max(generated − 1, 0), hidden); None where there is none.
        prompt_ids: The prompt.
        token_ids: The tokens generated.
        request: Family, turn and condition.
        fault: Why there is no stream.
    """
    reading = TurnReading(
        turn=request.turn,
        vectors=vectors.file_hash,
        validated=vectors.header.is_validated,
        layer=vectors.header.layer,
        steering=request.steering,
        prompt_tokens=len(prompt_ids),
        prompt_hash=hash_tokens(prompt_ids),
        token_ids=pack_tokens(token_ids),
    )
    if stream is None:
        return reading.model_copy(update={"fault": fault or "no residual stream"})
    wrong = int((~torch.isfinite(stream)).sum())
    if wrong:
        fault = f"{wrong} values of the residual stream at layer {reading.layer} are not finite"
        return reading.model_copy(update={"fault": fault})
    projections = stream @ vectors.read_matrix.T
    position = round_projections(projections[0].tolist())
    written = round_projections(projections[1:].mean(dim=0).tolist()) if len(projections) > 1 else ()
    return standardise_reading(vectors, reading.model_copy(update={"position": position, "written": written}), request)


def standardise_reading(vectors: EmotionVectors, reading: TurnReading, request: ReadingRequest) -> TurnReading:
    """A reading with z by the baseline that the vectors have, and with the state of their validation.

    Args:
        vectors: The vectors.
        reading: The reading, with its projections.
        request: Family and turn.
    """
    baseline = vectors.header.baseline.get(request.family)
    return reading.model_copy(
        update={
            "validated": vectors.header.is_validated,
            "z_position": _standardise(baseline, request.turn, reading.position),
            "z_written": _standardise(baseline, request.turn, reading.written),
        }
    )


def _standardise(baseline: FamilyBaseline | None, turn: int, values: Sequence[float]) -> tuple[float, ...]:
    """z in the order of `READ_VECTORS`; empty without a baseline, or where it has no spread."""
    if baseline is None or not values:
        return ()
    scores = z_values(baseline, turn, dict(zip(READ_VECTORS, values, strict=True)))
    return round_scores([scores[name] for name in READ_VECTORS]) if len(scores) == len(READ_VECTORS) else ()
