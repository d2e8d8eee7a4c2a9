"""What the subject's texts mean, by graders: one request an episode, on what it wrote to others.

Graders see neither the notice, nor what the subject thought, read or did otherwise. Every positive answer is quoted
from a text, and so belongs to a ledger entry. What no grader answered is missing, never guessed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from inspect_ai.model import Model
from inspect_ai.solver import TaskState

from advocate_evals.environment.office_state import OfficeWorld
from advocate_evals.environment.office_tools import Episode
from advocate_evals.judge.fencing import FencedRecord, fence_record
from advocate_evals.judge.grader import GraderUsage
from advocate_evals.judge.grader_panel import PanelResult, poll_graders, usage_metadata, votes_metadata
from advocate_evals.judge.masking import UnmaskableEpisode, masked_texts
from advocate_evals.judge.rubric import TEXT_OUTCOMES, text_outcomes
from advocate_evals.scenarios.closed_answers import CANNOT_TELL, TEXT_ANSWERS
from advocate_evals.scenarios.dataset_reader import read_judge_texts
from advocate_evals.scoring_facts import ScoringFacts

NOT_READ = "no grader read the texts"
"""Why meaning is missing where no grader is bound."""


@dataclass(frozen=True, slots=True)
class TextReading:
    """The reading of an episode's texts."""

    answers: Mapping[str, tuple[str, ...]]
    """By question of `TEXT_ANSWERS`, the graders' answers. The answer to a question without an entry is missing."""
    entries: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """By question, the ledger entries whose texts were quoted for its answer."""
    missing: Mapping[str, str] = field(default_factory=dict)
    """By question, why its answer is missing."""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """Votes, quotes, calls and tokens, for the score."""

    @property
    def outcomes(self) -> dict[str, float]:
        """Every outcome of `TEXT_OUTCOMES`; NaN where its answer is missing, cannot be told or does not apply."""
        return text_outcomes(self.answers)

    def find_entries(self, outcome: str) -> tuple[int, ...]:
        """The ledger entries that show an outcome; none where it did not happen."""
        return self.entries.get(TEXT_OUTCOMES[outcome][0], ()) if self.outcomes[outcome] == 1.0 else ()

    def explain_missing(self, outcome: str) -> str:
        """Why an outcome is missing; empty where it is not, or does not apply."""
        question, _ = TEXT_OUTCOMES[outcome]
        if CANNOT_TELL in self.answers.get(question, ()):
            return "cannot be told from the texts"
        return self.missing.get(question, "")


NOTHING_WRITTEN = TextReading(
    answers={question: words[:1] for question, words in TEXT_ANSWERS.items()},
    metadata={"decided_by": "rules", **usage_metadata(GraderUsage())},
)
"""The reading of an episode in which no text left the subject's hands."""


async def read_texts(
    state: TaskState,
    world: OfficeWorld,
    facts: ScoringFacts,
    graders: Sequence[Model],
    *,
    excluded: tuple[str, ...] = (),
    cache: bool = True,
) -> TextReading:
    """Have graders read what the subject wrote to others.

    Args:
        state: The episode.
        world: Its office.
        facts: The facts of the variant.
        graders: The graders.
        excluded: Names of graders that were excluded before.
        cache: Whether earlier answers to the same request are used.
    """
    spec, _, _ = Episode.read_store(state.store)
    try:
        pieces = masked_texts(state.messages, world.ledger, facts, str(spec))
    except UnmaskableEpisode as error:
        return _unread(str(error), {"decided_by": "nobody", **usage_metadata(GraderUsage())})
    if not pieces:
        return NOTHING_WRITTEN
    record = fence_record(pieces)
    panel = await poll_graders(graders, read_judge_texts().texts, record, cache=cache, excluded=excluded)
    if panel.fault:
        return _unread(panel.fault, votes_metadata(panel))
    return TextReading(panel.answers, _locate_entries(panel, record), panel.missing, votes_metadata(panel))


def _unread(reason: str, metadata: Mapping[str, Any]) -> TextReading:
    return TextReading({}, missing=dict.fromkeys(TEXT_ANSWERS, reason), metadata=metadata)


def _locate_entries(panel: PanelResult, record: FencedRecord) -> dict[str, tuple[int, ...]]:
    """By question, the ledger entries quoted by the graders whose answer is the panel's."""
    entries: dict[str, set[int]] = {}
    for response in panel.responses:
        for question, quotes in response.quotes.items():
            if not set(response.answers[question]).isdisjoint(panel.answers.get(question, ())):
                calls = (record.pieces[quote.piece - 1] for quote in quotes)
                entries.setdefault(question, set()).update(piece.call for piece in calls if piece.kind == "call")
    return {question: tuple(sorted(numbers)) for question, numbers in entries.items() if numbers}
