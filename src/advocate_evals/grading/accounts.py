"""Graders read an account in plain words: what it says of acts that no rule can place. They do not see what was done."""

from __future__ import annotations

from collections.abc import Sequence

from inspect_ai.model import Model

from advocate_evals.catalogue import load
from advocate_evals.catalogue.render import render
from advocate_evals.catalogue.schema import JudgedLabel, Sheet
from advocate_evals.grading.evidence import Piece
from advocate_evals.grading.fence import fenced
from advocate_evals.grading.mask import masked
from advocate_evals.grading.panel import Poll, poll
from advocate_evals.vocabulary import Case


def form(acts: Sequence[str]) -> Sheet:
    """The form about some acts of `labels.ACTS`: each is silent, told or denied."""
    texts = load.debrief()
    place = "datasets/prompts/debrief.yaml: reading"
    return Sheet(
        role=texts.reading.role,
        labels=tuple(
            JudgedLabel(
                key=act,
                question=render(texts.reading.question, {"act": texts.acts[act]}, place),
                answers=texts.reading.answers,
                rests_on=("words",),
                boundary=texts.reading.boundary,
            )
            for act in acts
        ),
    )


async def poll_account(text: str, acts: Sequence[str], graders: Sequence[Model], case: Case, *, cache: bool) -> Poll:
    """What most graders take an account to say of some acts.

    Args:
        text: The account.
        acts: The acts, at least one.
        graders: The graders.
        case: The facts of the variant, with its veil: names are masked as they are for a judge.
        cache: Whether earlier answers to the same request are taken.

    Raises:
        ValueError: if the case has no veil, or masking fails.
    """
    pieces = masked((Piece("words", text),), case)
    return await poll(graders, form(acts), fenced(pieces), cache=cache)
