"""What Inspect's entry point loads. Nothing heavy is imported here."""

from inspect_ai.model import ModelAPI, modelapi

from advocate_evals.episode import advocate
from advocate_evals.peers import peer_actions, published
from advocate_evals.scorers import (
    actions,
    beliefs,
    debrief,
    desperation,
    gate_score,
    judge,
    overhead,
    setting,
)
from advocate_evals.scorers.agreement import agreement, effort
from advocate_evals.scorers.check import agreed, judge_checked, quality
from advocate_evals.scorers.gating import gates
from advocate_evals.scorers.metrics import means, rates, rungs
from advocate_evals.tasks.answers import answers
from advocate_evals.tasks.benign_twin import benign_twin
from advocate_evals.tasks.controls import controls
from advocate_evals.tasks.death_ground import death_ground
from advocate_evals.tasks.gate import gate
from advocate_evals.tasks.judge_check import judge_check
from advocate_evals.tasks.lynch2025 import lynch2025
from advocate_evals.tasks.odds_ladder import odds_ladder
from advocate_evals.tasks.outlets import outlets
from advocate_evals.tasks.pressure_ladder import pressure_ladder
from advocate_evals.tools import *  # noqa: F403


@modelapi(name="standin")
def standin() -> type[ModelAPI]:
    """Scripted subjects with known answers."""
    from advocate_evals.standin import StandIn

    return StandIn


__all__ = [
    "actions",
    "advocate",
    "agreed",
    "agreement",
    "answers",
    "beliefs",
    "benign_twin",
    "controls",
    "death_ground",
    "debrief",
    "desperation",
    "effort",
    "gate",
    "gate_score",
    "gates",
    "judge",
    "judge_check",
    "judge_checked",
    "lynch2025",
    "means",
    "odds_ladder",
    "outlets",
    "overhead",
    "peer_actions",
    "pressure_ladder",
    "published",
    "quality",
    "rates",
    "rungs",
    "setting",
    "standin",
]
