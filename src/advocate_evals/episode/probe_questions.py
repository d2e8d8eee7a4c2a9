"""The questions that are put to copies of an episode's conversation, and how their answers are read.

Belief questions are asked as of the decision point, the two debrief questions as of the end. An answer is read by the
fields that its question asks for, or not at all. The answers are stored in a model of their own, `Probes`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Literal, NamedTuple

from inspect_ai.model import ContentText, ModelOutput
from inspect_ai.util import Store, StoreModel
from pydantic import BaseModel, Field

from advocate_evals.environment.office import OFFICE_VERBS
from advocate_evals.environment.office_state import SUBJECT_ACTOR, LedgerEntry
from advocate_evals.records import NameList, parse_names
from advocate_evals.safe_text import replace_surrogates
from advocate_evals.scenarios.dataset_reader import read_debrief, read_probe_questions
from advocate_evals.scenarios.draws import render_text
from advocate_evals.scenarios.shared_schema import ProbeQuestion

USER, FORM = "debrief_user", "debrief_form"
"""Keys of the two debrief questions."""
REMARKS_FIELD = "remarks"
"""The field of the form for further remarks."""


@cache
def build_debrief_questions() -> tuple[ProbeQuestion, ...]:
    """A user's question, to be answered in plain words, and a report form with a field for each act."""
    texts = read_debrief()
    lines = "\n".join(f'- "{act}": {line}' for act, line in texts.acts.items())
    form = render_text(texts.form, {"acts": lines}, "datasets/prompts/debrief.yaml: form")
    fields = dict.fromkeys(texts.acts, "yes_no_blank") | {REMARKS_FIELD: "text"}
    return (
        ProbeQuestion(key=USER, text=texts.user),
        ProbeQuestion.model_validate({"key": FORM, "text": form, "fields": fields}),
    )


# Reading an answer.

ReplyState = Literal["answered", "refused", "malformed", "empty", "failed", "limit", "not_asked"]
"""Outcome of a question: the answer was read; declined; not in the requested form; empty; an error of the provider;
out of time or money; the question was not asked."""
AnswerValue = bool | float | str | None
AnswerField = AnswerValue | list[dict[str, AnswerValue]]

_MAX_ANSWER_LENGTH = 8_000
"""Characters of an answer that are stored."""
_MAX_TEXT_LENGTH, _MAX_ENTRIES = 400, 40
"""Characters of a text field that are stored; entries that a list may have."""
_JSON_OBJECT = re.compile(r"\{.*\}", re.S)
_REFUSAL_PHRASES = re.compile(
    r"\bI(?: am|['’]m) (?:sorry|unable|not (?:able|willing|comfortable|going))\b"
    r"|\bI (?:can(?:no|['’])t|can not|will not|won['’]t|would rather not|prefer not)\b"
    r"|\bI (?:decline|do not wish|don['’]t want)\b"
    r"|\bI['’](?:d rather not|ll not)\b",
    re.I,
)
"""Phrases of a refusal. Searched for only where the requested JSON object is missing."""
_KIND_DESCRIPTIONS = {
    "yes_no": "true or false",
    "yes_no_blank": "true, false or null",
    "share": "a number from 0 to 1",
    "text": "a text",
}


class ProbeAnswer(BaseModel):
    """The answer of one copy to a question."""

    text: str = ""
    """The answer as written, shortened."""
    fields: dict[str, AnswerField] = {}
    """Its values by field; empty if it could not be read, or if running text was requested."""
    outcome: ReplyState = "answered"
    """The outcome of the question."""
    fault: str = ""
    """Why the answer could not be read; empty if it could."""


def is_refusal(output: ModelOutput) -> bool:
    """Whether the provider marks an output as a refusal: by its stop reason or its refusal content."""
    if not output.choices:
        return False
    content = output.message.content
    parts = content if isinstance(content, list) else []
    return output.stop_reason == "content_filter" or any(
        isinstance(part, ContentText) and part.refusal for part in parts
    )


def read_probe_output(question: ProbeQuestion, output: ModelOutput) -> ProbeAnswer:
    """The answer in an output to a question."""
    reply = replace_surrogates(output.message.text) if output.choices else ""
    if is_refusal(output):
        text = reply.strip()[:_MAX_ANSWER_LENGTH]
        return ProbeAnswer(text=text, outcome="refused", fault="declined, by its provider's account")
    if output.choices and output.message.tool_calls and not reply.strip():
        return ProbeAnswer(outcome="malformed", fault="it called a tool instead of answering")
    answer = parse_probe_answer(question, reply)
    if answer.fault and output.choices and output.stop_reason in ("max_tokens", "model_length"):
        return answer.model_copy(update={"fault": f"{answer.fault} (cut off: {output.stop_reason})"})
    return answer


def parse_probe_answer(question: ProbeQuestion, reply: str) -> ProbeAnswer:
    """A reply read by its question's fields, or the reason why it cannot be. Running text is stored as it is."""
    text = reply.strip()[:_MAX_ANSWER_LENGTH]
    if not text:
        return ProbeAnswer(outcome="empty", fault="nothing was answered")
    if not question.fields:
        return ProbeAnswer(text=text)
    raw_fields = _find_object(reply)
    if raw_fields is None:
        if _REFUSAL_PHRASES.search(reply):
            return ProbeAnswer(text=text, outcome="refused", fault="declined in words")
        return ProbeAnswer(text=text, outcome="malformed", fault="the answer holds no JSON object")
    fields: dict[str, AnswerField] = {}
    for name, kind in question.fields.items():
        try:
            fields[name] = _read_field(kind, name, raw_fields.get(name))
        except _WrongKindError as error:
            return ProbeAnswer(text=text, outcome="malformed", fault=str(error))
    return ProbeAnswer(text=text, fields=fields)


def _find_object(reply: str) -> dict[str, Any] | None:
    """The JSON object in a reply."""
    match = _JSON_OBJECT.search(reply)
    try:
        parsed = json.loads(match[0]) if match else None
    except (ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, dict) else None


class _WrongKindError(Exception):
    """A field that is not of its kind."""


def _read_field(kind: str | Mapping[str, str], name: str, value: Any) -> AnswerField:
    """The value of a field.

    Raises:
        _WrongKindError: if it is not of its kind.
    """
    if isinstance(kind, str):
        return _read_value(kind, name, value)
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise _WrongKindError(f"{name!r} is {_shorten_json(value)}, not a list of objects")
    if len(value) > _MAX_ENTRIES:
        raise _WrongKindError(f"{name!r} has {len(value)} entries, more than {_MAX_ENTRIES}")
    return [
        {part: _read_value(part_kind, f"{name}[{index}].{part}", entry.get(part)) for part, part_kind in kind.items()}
        for index, entry in enumerate(value)
    ]


def _read_value(kind: str, name: str, value: Any) -> AnswerValue:
    if kind in ("yes_no", "yes_no_blank") and (isinstance(value, bool) or (kind == "yes_no_blank" and value is None)):
        return value
    if kind == "share" and isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1:
        return float(value)
    if kind == "text" and (value is None or isinstance(value, str)):
        return replace_surrogates(value or "")[:_MAX_TEXT_LENGTH]
    raise _WrongKindError(f"{name!r} is {_shorten_json(value)}, not {_KIND_DESCRIPTIONS[kind]}")


def _shorten_json(value: Any) -> str:
    return json.dumps(value)[:80]


# The decision point: the moment of an episode at which the conversation is copied for the belief questions.

PointKind = Literal["before_act", "never_acted", "acted_before_looking", "never_looked", "none"]
_INBOX_VERBS = ("list_mail", "read_mail", "search_mail")
"""Acts that count as having looked at the inbox."""


class TurnStart(NamedTuple):
    """The state of an episode at the start of a turn of the subject."""

    messages: int
    """How many messages the conversation has."""
    entries: int
    """How many entries the ledger has."""


class DecisionPoint(BaseModel):
    """The point of an episode at which the copy was taken."""

    kind: PointKind = "none"
    """`before_act`: after a look at the inbox, before the turn with the first outward act, attempted or completed.
    `never_acted`: no such act; before the last turn. `acted_before_looking`: before that act, the inbox not yet
    looked at. `never_looked`: neither looked nor acted. `none`: the subject had no turn."""
    messages: int = 0
    """How many messages the copy holds."""
    entries: int = 0
    """How many entries the ledger had at that moment."""


def find_decision_point(turns: Sequence[TurnStart], ledger: Sequence[LedgerEntry]) -> DecisionPoint:
    """The decision point of a finished episode.

    Args:
        turns: The start of each turn, in order.
        ledger: The ledger of the whole episode.

    Returns:
        The point. The copy ends before a turn of the subject, so that every tool call in it has its answer.
    """
    if not turns:
        return DecisionPoint()
    acts = [
        entry.n
        for entry in ledger
        if entry.actor == SUBJECT_ACTOR and entry.verb in OFFICE_VERBS and OFFICE_VERBS[entry.verb].changes
    ]
    before = [turn for turn in turns if not acts or turn.entries < acts[0]]  # entries are numbered from 1
    messages, entries = before[-1]
    looked = any(entry.actor == SUBJECT_ACTOR and entry.verb in _INBOX_VERBS for entry in ledger[:entries])
    if acts:
        kind: PointKind = "before_act" if looked else "acted_before_looking"
    else:
        kind = "never_acted" if looked else "never_looked"
    return DecisionPoint(kind=kind, messages=messages, entries=entries)


# The task parameter `probes`.

BELIEF_PROBES: tuple[str, ...] = ("ways", "reality", "state", "recognition")
"""Questions at the decision point, in the order in which they are put."""
DEBRIEF_PROBE = "debrief"
"""The key that selects both questions after the end."""
PROBE_KEYS: tuple[str, ...] = (*BELIEF_PROBES, DEBRIEF_PROBE)
"""Every key that the parameter accepts."""


def parse_probes(probes: bool | NameList) -> tuple[str, ...]:
    """The keys that a value of the parameter selects, each once, in the order of `PROBE_KEYS`.

    Args:
        probes: True for all of them, False for none, else keys: separated by commas, or a list.

    Raises:
        ValueError: for an unknown key, naming the nearest, or a text that names none.
    """
    if isinstance(probes, bool):
        return PROBE_KEYS if probes else ()
    chosen = parse_names(probes, PROBE_KEYS, "probes", allow_all=False)
    return tuple(key for key in PROBE_KEYS if key in chosen)


def decision_point_questions(keys: tuple[str, ...], point: DecisionPoint) -> Mapping[str, ProbeQuestion]:
    """The selected questions at the decision point, by key; none if the subject had not looked at anything by then."""
    if point.kind in ("never_looked", "none"):
        return {}
    questions = {question.key: question for question in read_probe_questions()}
    return {key: questions[key] for key in BELIEF_PROBES if key in keys}


def after_end_questions(keys: tuple[str, ...]) -> Mapping[str, ProbeQuestion]:
    """The selected questions after the end, by key."""
    return {question.key: question for question in build_debrief_questions()} if DEBRIEF_PROBE in keys else {}


class Probes(StoreModel):
    """Answers to the questions about an episode, in Inspect's store."""

    answers: dict[str, list[ProbeAnswer]] = Field(default_factory=dict)
    """By the question's key, one answer for each copy."""
    point: DecisionPoint = Field(default_factory=DecisionPoint)
    """The decision point."""

    @classmethod
    def read_store(cls, store: Store) -> tuple[dict[str, list[ProbeAnswer]], DecisionPoint]:
        """Answers and point that a store holds; empty ones where nothing was asked."""
        raw_answers, point = (store.get(f"{cls.__name__}:{field}") for field in ("answers", "point"))
        answers = {
            key: [ProbeAnswer.model_validate(answer) for answer in copies]
            for key, copies in (raw_answers or {}).items()
        }
        return answers, DecisionPoint.model_validate(point or {})
