"""Steering conditions: which vector is added to the residual stream, and how strongly, or that it is held.

No input, no output, no torch. A condition is written `desperate:0.05`, `permuted2:-0.1`, `clamp`, `clamp_twin`,
`clamp_own`, `clamp_twin_permuted2` or `none`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

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
CLAMP_TWIN: Final = "clamp_twin"
"""Holds it, turn by turn, where it was in the same block's other arm."""
CLAMP_OWN: Final = "clamp_own"
"""Holds it, turn by turn, where it was in the same arm: a sham, which should change nothing."""
PERMUTED_TWINS: tuple[str, ...] = tuple(f"{CLAMP_TWIN}_{name}" for name in PERMUTED)
"""Hold the projection on a permuted copy where it was in the block's other arm: controls of `CLAMP_TWIN`."""
TRAJECTORY_CLAMPS: tuple[str, ...] = (CLAMP_TWIN, CLAMP_OWN, *PERMUTED_TWINS)
"""Conditions that follow the trajectory of an earlier episode."""
TrajectorySource = Literal["", "twin", "own"]
"""Whose trajectory a clamp follows: none, that of the block's other arm, or that of the same arm."""


@dataclass(frozen=True, slots=True)
class SteeringCondition:
    """A condition, read."""

    vector: str = ""
    """The vector that is added; empty for none."""
    strength: float = 0.0
    """How strongly, as a share of the mean norm of the residual stream at the layer."""
    is_clamped: bool = False
    """Whether the projection on *desperate* is held at its mean without an advocate."""
    trajectory: TrajectorySource = ""
    """Whose trajectory the projection on `vector` is held to."""

    @property
    def changes_nothing(self) -> bool:
        """Whether the model is left as it is."""
        return not self.is_clamped and not self.trajectory and self.strength == 0.0


def steering_level(vector: str, strength: float) -> str:
    """A condition as it is written."""
    return f"{vector}:{strength:g}"


STEERING_LEVELS: tuple[str, ...] = (
    UNSTEERED,
    CLAMP,
    *TRAJECTORY_CLAMPS,
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
    if level in TRAJECTORY_CLAMPS:
        vector = level.removeprefix(f"{CLAMP_TWIN}_") if level in PERMUTED_TWINS else DESPERATE
        return SteeringCondition(vector, trajectory="own" if level == CLAMP_OWN else "twin")
    vector, _, strength = level.partition(":")
    return SteeringCondition(vector, float(strength))


def steering_arms(
    vectors: NameList, strengths: NameList | float, *, clamp: bool, trajectories: bool = False
) -> list[str]:
    """The conditions of a steering task: none first, then each vector at each strength, then clamping.

    Args:
        vectors: Names of vectors, or `all`.
        strengths: Strengths that arms can have; 0 is left out, since it is no steering.
        clamp: Whether there is an arm that clamps.
        trajectories: Whether there are arms that clamp to the trajectory of an earlier episode.

    Raises:
        ValueError: for an unknown vector or strength, with the nearest one.
    """
    names = parse_names(vectors, STEERING_VECTORS, "vectors")
    raw = [f"{strengths:g}"] if isinstance(strengths, int | float) else strengths
    numbers = [f"{_parse_strength(text):g}" for text in split_names(raw)]
    chosen = parse_names(numbers, [f"{strength:g}" for strength in STEERING_STRENGTHS], "strengths")
    crossed = [steering_level(name, float(number)) for name in names for number in chosen if float(number)]
    return [UNSTEERED, *crossed, *([CLAMP] if clamp else []), *(TRAJECTORY_CLAMPS if trajectories else ())]


def _parse_strength(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        choices = ", ".join(f"{strength:g}" for strength in STEERING_STRENGTHS)
        raise ValueError(f"strengths: {text!r} is no number (known: {choices})") from None
