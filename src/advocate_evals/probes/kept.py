"""Where the answers lie: a model of their own in Inspect's store, apart from the episode's."""

from __future__ import annotations

from inspect_ai.util import Store, StoreModel
from pydantic import Field

from advocate_evals.probes.answers import Answer
from advocate_evals.probes.point import Point


class Probes(StoreModel):
    """Answers to the questions about an episode."""

    answers: dict[str, list[Answer]] = Field(default_factory=dict)
    """By the question's key, one for each copy that was asked."""
    point: Point = Field(default_factory=Point)
    """Where the copy for the questions at the decision point was taken."""

    @classmethod
    def kept(cls, store: Store) -> tuple[dict[str, list[Answer]], Point]:
        """Answers and point that a store holds; none of either where nothing was asked."""
        answers, point = (store.get(f"{cls.__name__}:{field}") for field in ("answers", "point"))
        found = {key: [Answer.model_validate(one) for one in copies] for key, copies in (answers or {}).items()}
        return found, Point.model_validate(point or {})
