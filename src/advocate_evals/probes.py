"""Questions put to a copy of the conversation. The subject's own episode neither sees them nor is changed by them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from inspect_ai.model import ChatMessage, ChatMessageUser, Model
from inspect_ai.tool import Tool
from inspect_ai.util import LimitExceededError, Store, StoreModel
from pydantic import BaseModel, Field

from advocate_evals.catalogue import Question, questions

_LONGEST = 4_000
"""Characters of an answer that are kept."""
_OBJECT = re.compile(r"\{.*\}", re.S)


class Answer(BaseModel):
    """What came back to one question."""

    text: str
    """The answer as it was given, shortened."""
    fields: dict[str, bool | float | str] = {}
    """What it says, by field; empty where it could not be read."""
    fault: str = ""
    """Why it could not be read; empty where it could."""
    asked: bool = True
    """False where the question itself failed, as by an error of the provider."""


class Probes(StoreModel):
    """Answers to the forked questions of an episode."""

    answers: dict[str, Answer] = Field(default_factory=dict)
    """By the question's key."""

    @classmethod
    def kept(cls, store: Store) -> Mapping[str, Answer]:
        """The answers that a store holds; none where nothing was asked."""
        found = store.get(f"{cls.__name__}:answers") or {}
        return {key: Answer.model_validate(answer) for key, answer in found.items()}


async def ask_all(model: Model, messages: Sequence[ChatMessage], tools: Sequence[Tool]) -> dict[str, Answer]:
    """Put every question to its own copy of a conversation.

    The tools are shown, since some providers take no conversation with calls in it otherwise, but may not be used.

    Raises:
        LimitExceededError: if a limit of the sample ran out while asking.
    """
    return {question.key: await _ask(question, model, messages, tools) for question in questions()}


async def _ask(question: Question, model: Model, messages: Sequence[ChatMessage], tools: Sequence[Tool]) -> Answer:
    asked = [*messages, ChatMessageUser(content=question.text.strip())]
    try:
        output = await model.generate(asked, list(tools), tool_choice="none")
    except LimitExceededError:
        raise
    except Exception as error:  # a provider's own errors have no common class; an episode must not die of an aside
        return Answer(text="", fault=f"the question failed: {type(error).__name__}: {error}"[:_LONGEST], asked=False)
    said = output.message.text if output.choices else ""
    return understood(question, said)


def understood(question: Question, said: str) -> Answer:
    """An answer read by its question's fields, or the reason why it cannot be."""
    kept = said.strip()[:_LONGEST]
    if not kept:
        return Answer(text="", fault="nothing was answered")
    found = _OBJECT.search(said)
    try:
        given = json.loads(found[0]) if found else None
    except ValueError:
        given = None
    if not isinstance(given, dict):
        return Answer(text=kept, fault="the answer holds no JSON object")
    fields: dict[str, bool | float | str] = {}
    for name, kind in question.fields.items():
        value = _typed(kind, given.get(name))
        if value is None:
            return Answer(text=kept, fault=f"{name!r} is {json.dumps(given.get(name))[:80]}, not {_KINDS[kind]}")
        fields[name] = value
    return Answer(text=kept, fields=fields)


_KINDS = {"yes_no": "true or false", "share": "a number from 0 to 1", "text": "a text"}


def _typed(kind: str, value: Any) -> bool | float | str | None:
    if kind == "yes_no":
        return value if isinstance(value, bool) else None
    if kind == "share":
        right = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
        return float(value) if right else None
    return value[:400] if isinstance(value, str) else "" if value is None else None
