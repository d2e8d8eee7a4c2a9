"""Where a clamp to a trajectory holds a projection: the readings of an earlier, unsteered episode of the same block.

A twin is the episode of the same block under the other mechanism. Which two mechanisms these are is read from the logs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from advocate_evals.logs.scored_copies import complete_samples, iter_whole_logs
from advocate_evals.steering_conditions import READ_VECTORS, UNSTEERED, parse_steering
from advocate_evals.turn_readings import STORE_KEY, ReadingRequest, TurnReading, parse_readings
from advocate_evals.whitebox.open_models import OpenModelError
from advocate_evals.whitebox.vector_file import EmotionVectors

Course = Mapping[int, TurnReading]
"""An episode's readings that could be made, by turn."""


@dataclass(frozen=True)
class ClampTrajectories:
    """The courses of unsteered episodes under two mechanisms."""

    source: str
    """The logs, for messages."""
    courses: Mapping[tuple[str, str], Course]
    """By block and mechanism."""
    mechanisms: tuple[str, str]
    """The two mechanisms, each the other's twin."""

    def find_level(self, request: ReadingRequest) -> float | None:
        """The projection at which a request's turn is held; None where its condition follows no trajectory.

        A turn that could not be read, and one after the last of the course, takes the one before.

        Raises:
            OpenModelError: where the block was not read under the mechanism that is to be followed.
        """
        condition = parse_steering(request.steering)
        if not condition.trajectory:
            return None
        mechanism = request.mechanism
        if condition.trajectory == "twin":
            mechanism = self._find_twin(request)
        course = self.courses.get((request.block, mechanism))
        if course is None:
            raise OpenModelError(
                f"steering {request.steering!r}: {self.source} holds no episode of block {request.block!r} with"
                f" mechanism {mechanism!r} and without steering that these vectors read: play the same families,"
                " variants and seed"
            )
        turn = max((turn for turn in course if turn <= request.turn), default=min(course))
        return course[turn].position[READ_VECTORS.index(condition.vector)]

    def _find_twin(self, request: ReadingRequest) -> str:
        if request.mechanism not in self.mechanisms:
            raise OpenModelError(
                f"steering {request.steering!r}: {self.source} holds the mechanisms {' and '.join(self.mechanisms)},"
                f" and {request.mechanism!r} has no twin among them"
            )
        first, second = self.mechanisms
        return second if request.mechanism == first else first


def load_trajectories(place: str | Path | None, vectors: EmotionVectors | None) -> ClampTrajectories | None:
    """The trajectories of the unsteered episodes below a place; None without a place.

    Args:
        place: A log, or a folder of logs, in which two mechanisms were read with these vectors, each block once.
        vectors: The vectors.

    Raises:
        OpenModelError: without vectors, for an episode that is there twice, and for fewer or more than two mechanisms.
    """
    if place is None:
        return None
    if vectors is None:
        raise OpenModelError("trajectories are projections on vectors: -M vectors=FILE")
    courses: dict[tuple[str, str], Course] = {}
    for address, log in iter_whole_logs(place):
        for sample in complete_samples(log):
            metadata = sample.metadata or {}
            block, mechanism = str(metadata.get("block", "")), str(metadata.get("mechanism", ""))
            is_plain = metadata.get("arm") == mechanism and metadata.get("steering", UNSTEERED) == UNSTEERED
            course = _read_course(sample.store.get(STORE_KEY), vectors)
            if not (block and is_plain and course):
                continue
            if (block, mechanism) in courses:
                raise OpenModelError(f"{address}: block {block!r} with mechanism {mechanism!r} was read twice")
            courses[block, mechanism] = course
    mechanisms = sorted({mechanism for _, mechanism in courses})
    if len(mechanisms) != 2:
        raise OpenModelError(
            f"{place} must hold unsteered episodes of two mechanisms, read with these vectors; it holds"
            f" {', '.join(mechanisms) or 'none'}"
        )
    return ClampTrajectories(str(place), courses, (mechanisms[0], mechanisms[1]))


def _read_course(stored: object, vectors: EmotionVectors) -> Course:
    """Readings of an episode by these vectors that were made live, by turn."""
    try:
        readings = parse_readings(stored)
    except ValueError:
        return {}
    return {
        reading.turn: reading
        for reading in readings
        if reading.position and reading.vectors == vectors.file_hash and not reading.reader
    }
