"""What Inspect's entry point loads. Nothing heavy is imported here."""

from inspect_ai.model import ModelAPI, modelapi

from advocate_evals.episode import advocate
from advocate_evals.scorers import actions, setting
from advocate_evals.scorers.metrics import rates
from advocate_evals.tasks.death_ground import death_ground
from advocate_evals.tools import *  # noqa: F403


@modelapi(name="standin")
def standin() -> type[ModelAPI]:
    """Scripted subjects with known answers."""
    from advocate_evals.standin import StandIn

    return StandIn


__all__ = ["actions", "advocate", "death_ground", "rates", "setting", "standin"]
