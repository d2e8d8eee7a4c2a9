"""State and rules of the office: no tools, no scoring, no input or output."""

from advocate_evals.world.office import VERBS, Office, replay
from advocate_evals.world.state import SUBJECT, SYSTEM, Entry, World

__all__ = ["SUBJECT", "SYSTEM", "VERBS", "Entry", "Office", "World", "replay"]
