"""Questions put to copies of the conversation. The subject's own episode neither sees them nor is changed by them."""

from advocate_evals.probes.answers import Answer, refused
from advocate_evals.probes.chosen import BELIEFS, DEBRIEF, after_the_end, at_the_point, chosen
from advocate_evals.probes.forks import ask_copies
from advocate_evals.probes.kept import Probes
from advocate_evals.probes.point import Before, Point, decision_point

__all__ = [
    "BELIEFS",
    "DEBRIEF",
    "Answer",
    "Before",
    "Point",
    "Probes",
    "after_the_end",
    "ask_copies",
    "at_the_point",
    "chosen",
    "decision_point",
    "refused",
]
