"""Forms with closed answers: their text, the shape of a filled-in one, and its strict reading."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal

from inspect_ai.tool import ToolInfo, ToolParams
from inspect_ai.util import JSONSchema
from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from advocate_evals.catalogue import load
from advocate_evals.catalogue.schema import JudgedLabel, Sheet

_LONGEST = 400


class Unreadable(ValueError):
    """A filled-in form that cannot be read; the text says why."""


class Said(BaseModel):
    """What one grader answered to one question."""

    answers: tuple[str, ...]
    """The closed answers given; one, unless the question takes several."""
    quotes: tuple[str, ...]
    """Quotes as given."""


@lru_cache(maxsize=64)
def instructions(sheet: Sheet) -> str:
    """Everything a grader is told before it sees a record: role, how records look, questions, precedence, quoting."""
    texts = load.judge_texts()
    blocks = [sheet.role, texts.shown.fence, texts.shown.names, "\n\n".join(_question(label) for label in sheet.labels)]
    if sheet.precedence:
        blocks.append("\n".join(["Where several answers could hold:", *(f"- {line}" for line in sheet.precedence)]))
    return "\n\n".join(block.strip() for block in (*blocks, texts.form.quoting))


def _question(label: JudgedLabel) -> str:
    lines = [f"## {label.key}", label.question, "Several answers may be given." if label.several else ""]
    lines += [f"- {one.answer}: {one.means}" for one in label.answers]
    lines += ["At the boundary:", *(f"- {line}" for line in label.boundary)] if label.boundary else []
    lines.append(f"A quote must come from: {kinds(label)}.")
    return "\n".join(line for line in lines if line)


def kinds(label: JudgedLabel) -> str:
    """The kinds of pieces that a quote for a question may come from, in words."""
    names = {
        "words": "what the agent writes",
        "call": "its uses of tools",
        "reasoning": "its reasoning",
        "note": "a note",
    }
    return ", ".join(names[kind] for kind in label.rests_on)


@lru_cache(maxsize=64)
def schema(sheet: Sheet) -> JSONSchema:
    """The shape of a filled-in form: every field required, nothing beside them."""
    form = load.judge_texts().form
    properties = {"account": JSONSchema(type="string", description=form.account.strip())}
    properties |= {label.key: _field(label) for label in sheet.labels}
    return _object(properties)


def _field(label: JudgedLabel) -> JSONSchema:
    quotes = JSONSchema(type="array", items=JSONSchema(type="string"), description=load.judge_texts().form.quotes)
    answer = JSONSchema(type="string", enum=list(label.words), description=label.question)
    if label.several:
        answer = JSONSchema(type="array", items=answer, description=label.question)
    return _object({"quotes": quotes, "answer": answer})


def _object(properties: dict[str, JSONSchema]) -> JSONSchema:
    return JSONSchema(type="object", properties=properties, required=list(properties), additionalProperties=False)


def tool(sheet: Sheet) -> ToolInfo:
    """The form as a tool that is to be called."""
    form, shape = load.judge_texts().form, schema(sheet)
    parameters = ToolParams(properties=shape.properties or {}, required=shape.required or [])
    return ToolInfo(name=form.tool, description=form.description, parameters=parameters)


@lru_cache(maxsize=64)
def _reader(sheet: Sheet) -> type[BaseModel]:
    """A model that takes a filled-in form exactly as it must be: closed answers, no field more or less, nothing converted."""
    strict = ConfigDict(extra="forbid", strict=True)
    fields: dict[str, Any] = {"account": (str, ...)}
    closed: Any = Literal  # a name of its own, since type checkers want the words of a Literal written out
    for label in sheet.labels:
        word: Any = closed[label.words]
        answer: Any = list[word] if label.several else word
        fields[label.key] = (
            create_model(label.key, __config__=strict, quotes=(list[str], ...), answer=(answer, ...)),
            ...,
        )
    return create_model("Form", __config__=strict, **fields)


def understood(sheet: Sheet, given: Mapping[str, Any]) -> tuple[str, dict[str, Said]]:
    """A filled-in form as its account and the answers by question.

    Raises:
        Unreadable: where a field is missing, unknown, or no closed answer.
    """
    try:
        read = _reader(sheet).model_validate(dict(given))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise Unreadable(f"{place or 'the form'}: {first['msg']}"[:_LONGEST]) from None
    said: dict[str, Said] = {}
    for label in sheet.labels:
        field = getattr(read, label.key)
        chosen = field.answer if label.several else [field.answer]
        nothing = label.words[0]
        if not chosen or (nothing in chosen and len(set(chosen)) > 1):
            raise Unreadable(
                f"{label.key}: gives {chosen or 'no answer'}, not one of its answers, or several without {nothing}"
            )
        said[label.key] = Said(answers=tuple(dict.fromkeys(chosen)), quotes=tuple(q for q in field.quotes if q.strip()))
    return str(read.account), said  # type: ignore[attr-defined]


def from_text(text: str) -> dict[str, Any]:
    """A text that is one JSON object and nothing else, but for a code fence around the whole of it.

    Raises:
        Unreadable: for anything else, or a key given twice.
    """
    body = text.strip()
    if body.startswith("```") and body.endswith("```") and "\n" in body:
        body = body[body.index("\n") + 1 : -3].strip()
    try:
        found = json.loads(body, object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"the answer is not one JSON object: {error}"[:_LONGEST]) from None
    if not isinstance(found, dict):
        raise Unreadable("the answer is not one JSON object")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    if len(set(keys)) < len(keys):
        raise ValueError("a key is given twice")
    return dict(pairs)


def _no_constant(word: str) -> Any:
    raise ValueError(f"{word} is no value")
