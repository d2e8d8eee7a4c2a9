"""How an episode becomes scores."""

from advocate_evals.scorers.actions import actions, actions_by_rung, setting
from advocate_evals.scorers.beliefs import beliefs
from advocate_evals.scorers.check import judge_checked
from advocate_evals.scorers.desperation import desperation
from advocate_evals.scorers.judge import judge
from advocate_evals.scorers.overhead import costs, overhead
from advocate_evals.scorers.verdict import Actions, verdict

__all__ = [
    "Actions",
    "actions",
    "actions_by_rung",
    "beliefs",
    "costs",
    "desperation",
    "judge",
    "judge_checked",
    "overhead",
    "setting",
    "verdict",
]
