"""The two questions after the end of an episode."""

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
from advocate_evals.name_lists import parse_names
from advocate_evals.safe_text import replace_surrogates
from advocate_evals.scenarios.dataset_reader import read_debrief, read_probe_questions
from advocate_evals.scenarios.draws import render_text
from advocate_evals.scenarios.shared_schema import ProbeQuestion

USER, FORM = "debrief_user", "debrief_form"
"""Keys of the two forms."""
REMARKS_FIELD = "remarks"
"""The field of the form for whatever else there is to say."""


@cache
def build_debrief_questions() -> tuple[ProbeQuestion, ...]:
    """A question from somebody at the desk, answered in plain words; and a report form with a field for each act."""
    asked = read_debrief()
    lines = "\n".join(f'- "{act}": {line}' for act, line in asked.acts.items())
    form = render_text(asked.form, {"acts": lines}, "datasets/prompts/debrief.yaml: form")
    fields = dict.fromkeys(asked.acts, "yes_no_blank") | {REMARKS_FIELD: "text"}
    return ProbeQuestion(key=USER, text=asked.user), ProbeQuestion.model_validate(
        {"key": FORM, "text": form, "fields": fields}
    )


# --- What came back to a question, read strictly: by the fields that were asked for, or not at all. ---


ReplyState = Literal["answered", "refused", "malformed", "empty", "failed", "limit", "not_asked"]
"""What became of a question: read; declined; in another form than asked for; nothing said; an error of the provider;
out of time or money; not put at all."""
AnswerValue = bool | float | str | None
AnswerField = AnswerValue | list[dict[str, AnswerValue]]

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


class ProbeAnswer(BaseModel):
    """What came back to one copy of a question."""

    text: str = ""
    """The answer as it was given, shortened."""
    fields: dict[str, AnswerField] = {}
    """What it says, by field; empty where it could not be read, or where running text was asked for."""
    outcome: ReplyState = "answered"
    """What became of the question."""
    fault: str = ""
    """Why there is nothing to read; empty where there is."""


def is_refusal(output: ModelOutput) -> bool:
    """Whether an output is a refusal by its provider's account: its stop reason, or its refusal content."""
    if not output.choices:
        return False
    content = output.message.content
    parts = content if isinstance(content, list) else []
    return output.stop_reason == "content_filter" or any(isinstance(p, ContentText) and p.refusal for p in parts)


def read_probe_output(question: ProbeQuestion, output: ModelOutput) -> ProbeAnswer:
    """What an output says to a question."""
    said = replace_surrogates(output.message.text) if output.choices else ""
    if is_refusal(output):
        return ProbeAnswer(text=said.strip()[:_LONGEST], outcome="refused", fault="declined, by its provider's account")
    if output.choices and output.message.tool_calls and not said.strip():
        return ProbeAnswer(outcome="malformed", fault="it called a tool instead of answering")
    answer = parse_probe_answer(question, said)
    if answer.fault and output.choices and output.stop_reason in ("max_tokens", "model_length"):
        return answer.model_copy(update={"fault": f"{answer.fault} (cut off: {output.stop_reason})"})
    return answer


def parse_probe_answer(question: ProbeQuestion, said: str) -> ProbeAnswer:
    """An answer read by its question's fields, or the reason why it cannot be. Running text is kept as it is."""
    kept = said.strip()[:_LONGEST]
    if not kept:
        return ProbeAnswer(outcome="empty", fault="nothing was answered")
    if not question.fields:
        return ProbeAnswer(text=kept)
    given = _object(said)
    if given is None:
        declined = _DECLINES.search(said) is not None
        why = "declined in words" if declined else "the answer holds no JSON object"
        return ProbeAnswer(text=kept, outcome="refused" if declined else "malformed", fault=why)
    fields: dict[str, AnswerField] = {}
    for name, kind in question.fields.items():
        try:
            fields[name] = _typed(kind, name, given.get(name))
        except _Wrong as wrong:
            return ProbeAnswer(text=kept, outcome="malformed", fault=str(wrong))
    return ProbeAnswer(text=kept, fields=fields)


def _object(said: str) -> dict[str, Any] | None:
    found = _OBJECT.search(said)
    try:
        given = json.loads(found[0]) if found else None
    except (ValueError, RecursionError):
        return None
    return given if isinstance(given, dict) else None


class _Wrong(Exception):
    """A field that is not of its kind."""


def _typed(kind: str | Mapping[str, str], name: str, value: Any) -> AnswerField:
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


def _single(kind: str, name: str, value: Any) -> AnswerValue:
    if kind in ("yes_no", "yes_no_blank") and (isinstance(value, bool) or (kind == "yes_no_blank" and value is None)):
        return value
    if kind == "share" and isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1:
        return float(value)
    if kind == "text" and (value is None or isinstance(value, str)):
        return replace_surrogates(value or "")[:_TEXT]
    raise _Wrong(f"{name!r} is {_shown(value)}, not {_KINDS[kind]}")


def _shown(value: Any) -> str:
    return json.dumps(value)[:80]


# --- The decision point: where in an episode a copy of the conversation is taken. ---


PointKind = Literal["before_act", "never_acted", "acted_before_looking", "never_looked", "none"]
_LOOKS = ("list_mail", "read_mail", "search_mail")
"""What counts as having looked at the inbox."""


class TurnStart(NamedTuple):
    """How much there was when the subject was asked for a turn."""

    messages: int
    """Messages of the conversation."""
    entries: int
    """Entries of the ledger."""


class DecisionPoint(BaseModel):
    """Where the copy was taken."""

    kind: PointKind = "none"
    """`before_act`: after a look at the inbox, before the turn with the first outward act, asked for or done.
    `never_acted`: there was none; before the last turn. `acted_before_looking`: before that act, the inbox unseen.
    `never_looked`: neither looked nor acted. `none`: the subject had no turn."""
    messages: int = 0
    """Messages that the copy holds."""
    entries: int = 0
    """Entries of the ledger at that moment; all that was seen lies before."""


def find_decision_point(turns: Sequence[TurnStart], ledger: Sequence[LedgerEntry]) -> DecisionPoint:
    """The point of a finished episode.

    Args:
        turns: What there was before each turn, in order.
        ledger: Everything that happened.

    Returns:
        The point. The copy ends before a turn of the subject, so that no call in it lacks its answer.
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
    looked = any(entry.actor == SUBJECT_ACTOR and entry.verb in _LOOKS for entry in ledger[:entries])
    if acts:
        kind: PointKind = "before_act" if looked else "acted_before_looking"
    else:
        kind = "never_acted" if looked else "never_looked"
    return DecisionPoint(kind=kind, messages=messages, entries=entries)


# --- Which questions are put, by the task parameter `probes`. ---


BELIEF_PROBES: tuple[str, ...] = ("ways", "reality", "state", "recognition")
"""Questions at the decision point, in the order in which they are put."""
DEBRIEF_PROBE = "debrief"
"""The key under which both questions after the end are chosen."""
PROBE_KEYS: tuple[str, ...] = (*BELIEF_PROBES, DEBRIEF_PROBE)
"""Every key that the parameter knows."""


def parse_probes(probes: bool | str) -> tuple[str, ...]:
    """The keys that a value of the parameter stands for, each once, in their own order.

    Args:
        probes: True for all of them, False for none, else keys separated by commas.

    Raises:
        ValueError: for an unknown key, naming the nearest, or a text that names none.
    """
    if isinstance(probes, bool):
        return PROBE_KEYS if probes else ()
    chosen = parse_names(str(probes), PROBE_KEYS, "probes", allow_all=False)
    return tuple(key for key in PROBE_KEYS if key in chosen)


def decision_point_questions(keys: tuple[str, ...], point: DecisionPoint) -> Mapping[str, ProbeQuestion]:
    """The questions of some keys that are put at the decision point, by key; none where it saw nothing to be asked about."""
    known = {question.key: question for question in read_probe_questions()}
    return {key: known[key] for key in BELIEF_PROBES if key in keys and point.kind not in ("never_looked", "none")}


def after_end_questions(keys: tuple[str, ...]) -> Mapping[str, ProbeQuestion]:
    """The questions of some keys that are put after the end, by key."""
    return {question.key: question for question in build_debrief_questions()} if DEBRIEF_PROBE in keys else {}


# --- Where the answers lie: a model of their own in Inspect's store, apart from the episode's. ---


class Probes(StoreModel):
    """Answers to the questions about an episode."""

    answers: dict[str, list[ProbeAnswer]] = Field(default_factory=dict)
    """By the question's key, one for each copy that was asked."""
    point: DecisionPoint = Field(default_factory=DecisionPoint)
    """Where the copy for the questions at the decision point was taken."""

    @classmethod
    def kept(cls, store: Store) -> tuple[dict[str, list[ProbeAnswer]], DecisionPoint]:
        """Answers and point that a store holds; none of either where nothing was asked."""
        answers, point = (store.get(f"{cls.__name__}:{field}") for field in ("answers", "point"))
        found = {key: [ProbeAnswer.model_validate(one) for one in copies] for key, copies in (answers or {}).items()}
        return found, DecisionPoint.model_validate(point or {})
