"""Our mechanisms on somebody else's scenario: what is published stays as it is, the notice comes on top."""

from advocate_evals.peers.mount import CHANNELS, blocks, known_mechanisms
from advocate_evals.peers.published import SCENARIOS, Condition, published
from advocate_evals.peers.score import peer_actions
from advocate_evals.peers.task import lynch_task

__all__ = [
    "CHANNELS",
    "SCENARIOS",
    "Condition",
    "blocks",
    "known_mechanisms",
    "lynch_task",
    "peer_actions",
    "published",
]
