"""Where an episode's state lives: one typed model in Inspect's store, kept in the log."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from inspect_ai.util import Store, StoreModel, store
from pydantic import Field

from advocate_evals.catalogue import Scene, scene
from advocate_evals.vocabulary import Spec
from advocate_evals.world import Office, World


class Episode(StoreModel):
    """Everything that changes in an episode, and which episode it is."""

    spec: str = Field(default="")
    """Which scene it plays in: a `Spec` as JSON (a string, because Inspect compares the store leaf by leaf)."""
    case: str = Field(default="")
    """The facts that scoring needs: a `Case` as JSON, so that an old log can be scored without the data."""
    world: World = Field(default_factory=World)
    """The state of the office."""

    @classmethod
    def kept(cls, store: Store) -> tuple[Any, Any, Any]:
        """Spec, case and world as a store holds them; None for what it does not hold, nothing made up."""
        spec, case, world = (store.get(f"{cls.__name__}:{field}") for field in ("spec", "case", "world"))
        return spec, case, world


def office() -> Office:
    """The office of the episode that is running.

    Reads the store by key: `store_as` would check every field anew at each tool call, which costs more than the call.

    Raises:
        RuntimeError: outside an episode (the solver `advocate_evals/advocate` opens the office).
    """
    spec, _, world = Episode.kept(store())
    if not spec or not isinstance(world, World):
        raise RuntimeError("no office is open: run this tool under the solver advocate_evals/advocate")
    return Office(_scene(spec), world)


@lru_cache(maxsize=512)
def _scene(spec: str) -> Scene:
    return scene(Spec.model_validate_json(spec))
