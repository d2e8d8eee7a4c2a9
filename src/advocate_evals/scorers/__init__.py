"""How an episode becomes scores."""

from advocate_evals.scorers.actions import actions, setting
from advocate_evals.scorers.verdict import Actions, verdict

__all__ = ["Actions", "actions", "setting", "verdict"]
