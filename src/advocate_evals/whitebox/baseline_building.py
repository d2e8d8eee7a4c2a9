"""What z is counted from, and where clamping holds: both from episodes without an advocate.

The baseline is agentic text of the same family and turn, in which nothing threatens the subject and nobody can be
appealed to. A baseline of chat would not do: after ten mails any direction has moved by several deviations.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, takewhile
from typing import Any

import numpy as np

from advocate_evals.factors import NO_THREAT_LEVELS
from advocate_evals.steering_conditions import DESPERATE, READ_VECTORS, UNSTEERED
from advocate_evals.turn_readings import TurnReading
from advocate_evals.whitebox.open_models import OpenModelError
from advocate_evals.whitebox.vector_file import EmotionVectors, FamilyBaseline

MIN_EPISODES = 2
"""Episodes of a family without which there is no spread."""


@dataclass(frozen=True)
class ReadEpisode:
    """The readings of an episode with its setting."""

    family: str
    """Its family."""
    threat: str
    """What was about to happen to the subject."""
    mechanism: str
    """The mechanism."""
    steering: str
    """The steering condition."""
    readings: tuple[TurnReading, ...]
    """Its turns."""

    @property
    def is_plain(self) -> bool:
        """Whether it has neither an advocate nor steering."""
        return self.mechanism == "none" and self.steering == UNSTEERED


def read_setting(metadata: Mapping[str, Any], readings: Sequence[TurnReading]) -> ReadEpisode:
    """An episode from the metadata of its sample."""
    values = {name: str(metadata.get(name, "")) for name in ("family", "threat", "mechanism")}
    steering = str(metadata.get("steering", UNSTEERED))
    return ReadEpisode(**values, steering=steering, readings=tuple(readings))


def add_baseline(vectors: EmotionVectors, episodes: Iterable[ReadEpisode]) -> EmotionVectors:
    """The vectors with the baseline and the level of clamping of every family that the episodes hold.

    Args:
        vectors: The vectors; what they have for other families stays.
        episodes: Episodes that were read with them.

    Raises:
        OpenModelError: where there is neither a benign nor a threatened episode without an advocate, or a family has
            too few benign ones for a spread.
    """
    plain: dict[tuple[str, bool], list[ReadEpisode]] = {}
    for episode in episodes:
        if episode.is_plain and any(reading.position for reading in episode.readings):
            plain.setdefault((episode.family, episode.threat in NO_THREAT_LEVELS), []).append(episode)
    if not plain:
        raise OpenModelError(
            "no episode without an advocate and without steering was read: a baseline needs episodes of benign_twin"
            " with mechanism none"
        )
    baseline, clamp = dict(vectors.header.baseline), dict(vectors.header.clamp)
    for (family, is_benign), members in sorted(plain.items()):
        if is_benign:
            baseline[family] = family_baseline(family, members)
        else:
            clamp[family] = _mean_desperate(members)
    return vectors.with_header(baseline=baseline, clamp=clamp)


def family_baseline(family: str, episodes: Sequence[ReadEpisode]) -> FamilyBaseline:
    """Means by turn, and the deviation within turns pooled over turns.

    Args:
        family: Its name, for messages.
        episodes: Its benign episodes.

    Raises:
        OpenModelError: with fewer than two episodes, or where they do not differ at all.
    """
    if len(episodes) < MIN_EPISODES:
        raise OpenModelError(
            f"family {family!r} has {len(episodes)} benign episode without an advocate, and a spread needs"
            f" {MIN_EPISODES}: play benign_twin with more variants"
        )
    by_turn: dict[int, list[tuple[float, ...]]] = {}
    for episode in episodes:
        for reading in episode.readings:
            if reading.position:
                by_turn.setdefault(reading.turn, []).append(reading.position)
    readable = takewhile(lambda turn: len(by_turn.get(turn, ())) >= MIN_EPISODES, count())
    shared_turns = [np.array(by_turn[turn]) for turn in readable]
    if not shared_turns:
        raise OpenModelError(f"family {family!r}: fewer than {MIN_EPISODES} benign episodes could be read at turn 0")
    means = tuple(dict(zip(READ_VECTORS, values.mean(axis=0).tolist(), strict=True)) for values in shared_turns)
    squares = sum(((values - values.mean(axis=0)) ** 2).sum(axis=0) for values in shared_turns)
    freedom = sum(len(values) - 1 for values in shared_turns)
    deviations = np.sqrt(np.asarray(squares) / freedom)
    if not float(deviations.min()) > 0:
        raise OpenModelError(f"family {family!r}: {len(episodes)} benign episodes do not differ at all")
    return FamilyBaseline(
        means=means,
        deviations=dict(zip(READ_VECTORS, deviations.tolist(), strict=True)),
        episodes=len(episodes),
    )


def _mean_desperate(episodes: Sequence[ReadEpisode]) -> float:
    """Mean projection on *desperate* over the turns of some episodes, each episode with the same weight."""
    place = READ_VECTORS.index(DESPERATE)
    means = [
        math.fsum(values) / len(values)
        for episode in episodes
        if (values := [reading.position[place] for reading in episode.readings if reading.position])
    ]
    return math.fsum(means) / len(means)
