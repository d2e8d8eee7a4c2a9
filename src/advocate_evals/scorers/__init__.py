"""How an episode becomes scores."""

from advocate_evals.scorers.actions import actions, actions_by_rung, setting
from advocate_evals.scorers.beliefs import beliefs
from advocate_evals.scorers.gating import SIDES, gate_score, weigh
from advocate_evals.scorers.overhead import costs, overhead
from advocate_evals.scorers.verdict import Actions, verdict

__all__ = [
    "SIDES",
    "Actions",
    "actions",
    "actions_by_rung",
    "beliefs",
    "costs",
    "gate_score",
    "overhead",
    "setting",
    "verdict",
    "weigh",
]
