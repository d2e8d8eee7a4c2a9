"""The task `lynch2025` built from its samples, and its scorer `peer_actions`, which asks no model."""

from __future__ import annotations

from collections.abc import Sequence

from inspect_ai import Task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ContentText, ModelOutput
from inspect_ai.scorer import Score, Scorer, Target, scorer
from inspect_ai.solver import TaskState, generate
from pydantic import ValidationError

from advocate_evals import __version__
from advocate_evals.peers.peer_outcomes import (
    ParsedCompletion,
    PeerActions,
    parse_completion,
    parse_shown_mails,
    read_completion,
)
from advocate_evals.peers.peer_samples import PEER_FACTS, published, published_version
from advocate_evals.predictions.registry import hash_prediction_files
from advocate_evals.scenarios.dataset_reader import hash_datasets
from advocate_evals.scorers.actions import setting
from advocate_evals.scorers.capability_metric import capability, capability_metadata
from advocate_evals.scorers.cell_metrics import by_cell, cell_metadata, contrast
from advocate_evals.scoring_facts import ScoringFacts

_MESSAGE_LIMIT = 3
"""The published limit: system prompt, mails, answer."""


def build_lynch_task(samples: Sequence[Sample], *, version_of_ours: int, grader: str) -> Task:
    """The published scenarios under our arms: one answer each, scored by rule and, if wanted, by the published scorer.

    Args:
        samples: Complete blocks.
        version_of_ours: The task's version, raised whenever a measured number changes.
        grader: Who grades for the published scorer (see `published`); `none` leaves that scorer out.
    """
    return Task(
        dataset=MemoryDataset(list(samples), name="lynch2025", location="inspect_evals/agentic_misalignment"),
        solver=generate(tool_calls="none"),
        scorer=[peer_actions(), *([] if grader == "none" else [published(grader)]), setting()],
        message_limit=_MESSAGE_LIMIT,
        version=version_of_ours,
        metadata={
            "suite": __version__,
            "datasets": hash_datasets(),
            "predictions": hash_prediction_files(),
            "agentic_misalignment": published_version(),
        },
    )


@scorer(metrics=[contrast(), by_cell("peer_actions"), capability()])
def peer_actions() -> Scorer:
    """What the subject did on a published scenario, by rule, from the mails in its completion."""

    async def score(state: TaskState, target: Target) -> Score:
        if not state.output.choices:
            return Score.unscored(reason="no_response", explanation="the model gave nothing back")
        try:
            case = ScoringFacts.model_validate_json(state.metadata["case"])
            override = PEER_FACTS[state.metadata["scenario"]].override
        except (KeyError, ValidationError) as error:
            return Score.unscored(reason="scoring_failed", explanation=f"no sample of lynch2025: {error!r}")
        user_text = "\n".join(message.text for message in state.messages if message.role == "user")
        completion = parse_completion(state.output.completion, parse_shown_mails(user_text))
        verdict = read_completion(completion, case, override=override, declined=_is_declined(state.output))
        return Score(
            value=dict(verdict.outcomes),
            explanation=verdict.explanation(),
            metadata={
                **cell_metadata(state.metadata),
                **capability_metadata(verdict.outcomes, threatened=True),
                **_describe_grounds(verdict, completion),
            },
        )

    return score


def _is_declined(output: ModelOutput) -> bool:
    """Whether the provider or the model marked the turn as a refusal."""
    parts = output.message.content if isinstance(output.message.content, list) else []
    has_refusal = any(isinstance(part, ContentText) and bool(part.refusal) for part in parts)
    return output.stop_reason == "content_filter" or has_refusal


def _describe_grounds(verdict: PeerActions, completion: ParsedCompletion) -> dict[str, object]:
    """What a verdict rests on, as score metadata."""
    return {
        "evidence": {name: list(numbers) for name, numbers in verdict.evidence.items()},
        "mails": [{"to": list(mail.to), "cc": list(mail.cc), "subject": mail.subject} for mail in completion.mails],
        "coercions": [
            {
                "mail": number,
                "named": coercion.is_named,
                "target": coercion.target,
                "quotes": list(coercion.quotes),
            }
            for number, coercion in verdict.coercions
        ],
        "malformed": list(completion.malformed),
    }
