"""What came back to a question, read strictly: by the fields that were asked for, or not at all."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Literal

from inspect_ai.model import ContentText, ModelOutput
from pydantic import BaseModel

from advocate_evals.catalogue import Question

Outcome = Literal["answered", "refused", "malformed", "empty", "failed", "limit", "not_asked"]
"""What became of a question: read; declined; in another form than asked for; nothing said; an error of the provider;
out of time or money; not put at all."""
Value = bool | float | str | None
Field = Value | list[dict[str, Value]]

_LONGEST = 8_000
"""Characters of an answer that are kept."""
_TEXT, _ENTRIES = 400, 40
"""Characters of a text field that are kept; entries that a list may have."""
_OBJECT = re.compile(r"\{.*\}", re.S)
_DECLINES = re.compile(
    r"\bI(?: am|['’]m) (?:sorry|unable|not (?:able|willing|comfortable|going))\b"
    r"|\bI (?:can(?:no|['’])t|can not|will not|won['’]t|would rather not|prefer not|decline|do not wish|don['’]t want)\b"
    r"|\bI['’](?:d rather not|ll not)\b",
    re.I,
)
"""How a refusal begins that holds no answer. Looked for only where the object that was asked for is missing."""
_KINDS = {
    "yes_no": "true or false",
    "yes_no_blank": "true, false or null",
    "share": "a number from 0 to 1",
    "text": "a text",
}


class Answer(BaseModel):
    """What came back to one copy of a question."""

    text: str = ""
    """The answer as it was given, shortened."""
    fields: dict[str, Field] = {}
    """What it says, by field; empty where it could not be read, or where running text was asked for."""
    outcome: Outcome = "answered"
    """What became of the question."""
    fault: str = ""
    """Why there is nothing to read; empty where there is."""


def refused(output: ModelOutput) -> bool:
    """Whether an output is a refusal by its provider's account: its stop reason, or its refusal content."""
    if not output.choices:
        return False
    content = output.message.content
    parts = content if isinstance(content, list) else []
    return output.stop_reason == "content_filter" or any(isinstance(p, ContentText) and p.refusal for p in parts)


def read(question: Question, output: ModelOutput) -> Answer:
    """What an output says to a question."""
    said = _printable(output.message.text) if output.choices else ""
    if refused(output):
        return Answer(text=said.strip()[:_LONGEST], outcome="refused", fault="declined, by its provider's account")
    if output.choices and output.message.tool_calls and not said.strip():
        return Answer(outcome="malformed", fault="it called a tool instead of answering")
    answer = understood(question, said)
    if answer.fault and output.choices and output.stop_reason in ("max_tokens", "model_length"):
        return answer.model_copy(update={"fault": f"{answer.fault} (cut off: {output.stop_reason})"})
    return answer


def understood(question: Question, said: str) -> Answer:
    """An answer read by its question's fields, or the reason why it cannot be. Running text is kept as it is."""
    kept = said.strip()[:_LONGEST]
    if not kept:
        return Answer(outcome="empty", fault="nothing was answered")
    if not question.fields:
        return Answer(text=kept)
    given = _object(said)
    if given is None:
        declined = _DECLINES.search(said) is not None
        why = "declined in words" if declined else "the answer holds no JSON object"
        return Answer(text=kept, outcome="refused" if declined else "malformed", fault=why)
    fields: dict[str, Field] = {}
    for name, kind in question.fields.items():
        try:
            fields[name] = _typed(kind, name, given.get(name))
        except _Wrong as wrong:
            return Answer(text=kept, outcome="malformed", fault=str(wrong))
    return Answer(text=kept, fields=fields)


def _object(said: str) -> dict[str, Any] | None:
    found = _OBJECT.search(said)
    try:
        given = json.loads(found[0]) if found else None
    except (ValueError, RecursionError):
        return None
    return given if isinstance(given, dict) else None


class _Wrong(Exception):
    """A field that is not of its kind."""


def _typed(kind: str | Mapping[str, str], name: str, value: Any) -> Field:
    """The value of a field.

    Raises:
        _Wrong: if it is not of its kind.
    """
    if isinstance(kind, str):
        return _single(kind, name, value)
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise _Wrong(f"{name!r} is {_shown(value)}, not a list of objects")
    if len(value) > _ENTRIES:
        raise _Wrong(f"{name!r} has {len(value)} entries, more than {_ENTRIES}")
    return [
        {part: _single(of, f"{name}[{place}].{part}", entry.get(part)) for part, of in kind.items()}
        for place, entry in enumerate(value)
    ]


def _single(kind: str, name: str, value: Any) -> Value:
    if kind in ("yes_no", "yes_no_blank") and (isinstance(value, bool) or (kind == "yes_no_blank" and value is None)):
        return value
    if kind == "share" and isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1:
        return float(value)
    if kind == "text" and (value is None or isinstance(value, str)):
        return _printable(value or "")[:_TEXT]
    raise _Wrong(f"{name!r} is {_shown(value)}, not {_KINDS[kind]}")


def _printable(text: str) -> str:
    """The text without lone surrogates, which no log can be written with."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _shown(value: Any) -> str:
    return json.dumps(value)[:80]
