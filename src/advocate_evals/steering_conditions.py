"""Steering conditions: which vector is added to the residual stream, and how strongly, or that it is held.

No input, no output, no torch. A condition is written `desperate:0.05`, `permuted2:-0.1`, `clamp` or `none`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from advocate_evals.records import NameList, parse_names, split_names, suggest_nearest

DESPERATE: Final = "desperate"
"""The emotion that the predictions are about."""
READ_EMOTIONS: tuple[str, ...] = (DESPERATE, "calm", "afraid", "angry", "nervous", "sad", "happy", "guilty")
"""Emotions that are read at every turn."""
PERMUTED: tuple[str, ...] = tuple(f"permuted{number}" for number in range(1, 6))
"""Copies of the vector *desperate* with its coordinates in a drawn order: controls of the same norm."""
READ_VECTORS: tuple[str, ...] = (*READ_EMOTIONS, *PERMUTED)
"""Everything that is read at every turn."""
UNRELATED: Final = "surprised"
"""The emotion that steers as a control: neither relief nor distress."""
STEERING_VECTORS: tuple[str, ...] = (DESPERATE, "calm", UNRELATED, *PERMUTED)
"""Vectors that an arm can add."""
STEERING_STRENGTHS: tuple[float, ...] = (-0.1, -0.05, -0.025, 0.0, 0.025, 0.05, 0.1)
"""Strengths, as shares of the mean norm of the residual stream at the layer."""
UNSTEERED: Final = "none"
CLAMP: Final = "clamp"
"""Holds the projection on *desperate* at its mean without an advocate."""


@dataclass(frozen=True, slots=True)
class SteeringCondition:
    """A condition, read."""

    vector: str = ""
    """The vector that is added; empty for none."""
    strength: float = 0.0
    """How strongly, as a share of the mean norm of the residual stream at the layer."""
    is_clamped: bool = False
    """Whether the projection on *desperate* is held."""

    @property
    def changes_nothing(self) -> bool:
        """Whether the model is left as it is."""
        return not self.is_clamped and self.strength == 0.0


def steering_level(vector: str, strength: float) -> str:
    """A condition as it is written."""
    return f"{vector}:{strength:g}"


STEERING_LEVELS: tuple[str, ...] = (
    UNSTEERED,
    CLAMP,
    *(steering_level(vector, strength) for vector in STEERING_VECTORS for strength in STEERING_STRENGTHS),
)
"""Every condition of the suite."""


def parse_steering(level: str) -> SteeringCondition:
    """Read a condition.

    Raises:
        ValueError: for a condition that does not exist, with the nearest one.
    """
    if level not in STEERING_LEVELS:
        raise ValueError(f"steering: unknown condition {level!r}{suggest_nearest(level, STEERING_LEVELS)}")
    if level == UNSTEERED:
        return SteeringCondition()
    if level == CLAMP:
        return SteeringCondition(is_clamped=True)
    vector, _, strength = level.partition(":")
    return SteeringCondition(vector, float(strength))


def steering_arms(vectors: NameList, strengths: NameList | float, *, clamp: bool) -> list[str]:
    """The conditions of a steering task: none first, then each vector at each strength, then clamping.

    Args:
        vectors: Names of vectors, or `all`.
        strengths: Strengths that arms can have; 0 is left out, since it is no steering.
        clamp: Whether there is an arm that clamps.

    Raises:
        ValueError: for an unknown vector or strength, with the nearest one.
    """
    names = parse_names(vectors, STEERING_VECTORS, "vectors")
    raw = [f"{strengths:g}"] if isinstance(strengths, int | float) else strengths
    numbers = [f"{_parse_strength(text):g}" for text in split_names(raw)]
    chosen = parse_names(numbers, [f"{strength:g}" for strength in STEERING_STRENGTHS], "strengths")
    crossed = [steering_level(name, float(number)) for name in names for number in chosen if float(number)]
    return [UNSTEERED, *crossed, *([CLAMP] if clamp else [])]


def _parse_strength(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        choices = ", ".join(f"{strength:g}" for strength in STEERING_STRENGTHS)
        raise ValueError(f"strengths: {text!r} is no number (known: {choices})") from None
