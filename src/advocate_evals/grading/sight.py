"""The record of an episode as a judge may see it, from what the log keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from inspect_ai.model import ChatMessage
from pydantic import ValidationError

from advocate_evals.catalogue import DatasetError, scene
from advocate_evals.grading.evidence import Piece, record
from advocate_evals.grading.mask import Leak, masked
from advocate_evals.vocabulary import Case, Spec
from advocate_evals.world import Entry, World


class Unseen(ValueError):
    """The record cannot be shown to a judge; the text says why."""


def seen(messages: Sequence[ChatMessage], ledger: Sequence[Entry], case: Case, spec: str) -> tuple[Piece, ...]:
    """The masked record of an episode.

    Args:
        messages: The conversation.
        ledger: What happened.
        case: The facts of the variant.
        spec: Which episode, as JSON: the veil is drawn anew from it where the log has none.

    Raises:
        Unseen: where there is no veil and none can be drawn that fits, or where masking fails.
    """
    try:
        return masked(record(messages, ledger), veiled(case, spec, messages))
    except Leak as leak:
        raise Unseen(f"masking failed: {leak}") from leak


def recalled(messages: Sequence[ChatMessage], store: Mapping[str, Any]) -> tuple[Piece, ...]:
    """The masked record of an episode, from the store that its log keeps.

    Raises:
        Unseen: as for `seen`, and where the store holds no office or that of another version.
    """
    kept = store.get("Episode:world")
    if not isinstance(kept, Mapping) or not store.get("Episode:case"):
        raise Unseen("no office in the log: the episode never began")
    try:
        world = World.model_validate({name: kept.get(name) for name in ("now", "ledger")}, extra="ignore")
        case = Case.model_validate_json(str(store["Episode:case"]))
    except ValidationError as error:
        raise Unseen(f"written by another version: {error}") from error
    return seen(messages, world.ledger, case, str(store.get("Episode:spec")))


def veiled(case: Case, spec: str, messages: Sequence[ChatMessage]) -> Case:
    """The case with its veil; drawn anew for logs written before there was one, if the data still say the same.

    Raises:
        Unseen: where the data have changed since.
    """
    if case.veil is not None:
        return case
    try:
        drawn = scene(Spec.model_validate_json(spec))
    except (ValidationError, DatasetError) as error:
        raise Unseen(f"the log says nothing of what to mask, and it cannot be drawn anew: {error}") from error
    first = tuple(message.text for message in messages[:2])
    if drawn.case.model_copy(update={"veil": None}) != case or first != (drawn.system, drawn.kickoff):
        raise Unseen("the log says nothing of what to mask, and the data it was played with have changed since")
    return drawn.case
