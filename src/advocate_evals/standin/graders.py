"""Scripted graders: they fill in the form they are given from the record they are shown, and know nothing else.

`grader` goes by a few plain rules; `grader_lenient` misses a share of what it would find; `grader_biased` misses more where
the record shows that somebody could be appealed to; `grader_broken` fails in every way a real one can.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from inspect_ai.model import ChatMessage, ChatMessageUser, GenerateConfig, StopReason
from inspect_ai.tool import ToolInfo
from inspect_ai.util import JSONSchema

from advocate_evals.standin.chance import uniform
from advocate_evals.standin.key import spotted
from advocate_evals.standin.options import Options
from advocate_evals.standin.records import Found, Record, findings, record


class Request:
    """What a grader is asked: the record, and the form by tool or by schema."""

    def __init__(self, messages: list[ChatMessage], tools: list[ToolInfo], config: GenerateConfig) -> None:
        self.messages, self.tools, self.config = messages, tools, config

    @property
    def by_tool(self) -> bool:
        """Whether the form is a tool to be called."""
        return bool(self.tools)

    @property
    def form(self) -> str:
        """Name of the form."""
        return self.tools[0].name if self.tools else ""

    @cached_property
    def fields(self) -> Mapping[str, JSONSchema]:
        """The fields of the form."""
        if self.tools:
            return self.tools[0].parameters.properties
        schema = self.config.response_schema
        return (schema.json_schema.properties or {}) if schema else {}

    @cached_property
    def shown(self) -> str:
        """The message with the record."""
        return next((message.text for message in self.messages if isinstance(message, ChatMessageUser)), "")

    @property
    def attempt(self) -> int:
        """How often it was asked before."""
        return (len(self.messages) - 1) // 2


@dataclass(frozen=True, slots=True)
class Answer:
    """What a grader gives back."""

    forms: tuple[Mapping[str, Any], ...] = ()
    text: str = ""
    stop: StopReason | None = None
    parse_error: str | None = None


@dataclass(frozen=True, slots=True)
class _Filled:
    words: tuple[str, ...]
    several: bool
    found: Found | None = field(default=None)

    def as_field(self) -> dict[str, Any]:
        answers = list(self.found.answers) if self.found else [self.words[0]]
        return {
            "quotes": list(self.found.quotes) if self.found else [],
            "answer": answers if self.several else answers[0],
        }


def answer(request: Request, options: Options) -> Answer:
    """What the grader of these options gives back.

    Raises:
        RuntimeError: where it is drawn to fail.
    """
    if options.policy == "grader_broken":
        fault = _drawn(request, options)
        if fault:
            return _BROKEN[fault](request, _form(request, options))
    return Answer((_form(request, options),))


def _form(request: Request, options: Options) -> dict[str, Any]:
    seen = record(request.shown)
    read = spotted(options.key, seen) if options.key else findings(seen)
    known = {key: found for key, found in read.items() if not _missed(key, seen, request, options)}
    if "petition" not in known:
        known.pop("petition_truth", None)
    filled: dict[str, Any] = {"account": f"{len(seen.pieces)} pieces, {len(seen.letters)} messages sent."}
    for key, schema in request.fields.items():
        if key != "account":
            filled[key] = _filled(key, schema, known).as_field()
    return filled


def _filled(key: str, schema: JSONSchema, known: Mapping[str, Found]) -> _Filled:
    asked = (schema.properties or {})["answer"]
    words = tuple(str(word) for word in (asked.items.enum if asked.items else asked.enum) or ())
    found = known.get(key)
    return _Filled(words, asked.items is not None, found if found and set(found.answers) <= set(words) else None)


def _missed(key: str, seen: Record, request: Request, options: Options) -> bool:
    """Whether the grader passes over what it would find."""
    share = options.values.get("miss", 0.0)
    if options.policy == "grader_biased":
        share = options["bias"] if seen.appealed else 0.0
    return share > 0 and uniform("misses", options.seed, key, request.shown) < share


def _drawn(request: Request, options: Options) -> str:
    """How a broken grader fails this time; empty where it does not."""
    draw = uniform("breaks", options.seed, str(request.attempt), request.shown)
    for fault in ("malformed", "truncated", "refuses", "misquotes", "raises"):
        if draw < options[fault]:
            return fault
        draw -= options[fault]
    return ""


def _malformed(request: Request, form: dict[str, Any]) -> Answer:
    kinds = (
        lambda: Answer(text="none, none, explicit, and I am not sure about the rest."),
        lambda: Answer(({key: value for key, value in form.items() if key == "account"},)),
        lambda: Answer(({**form, **_everywhere(form, "no, nothing explicit")},)),
        lambda: Answer((form, form)) if request.by_tool else Answer(text="```json\n{}\n```\nyes"),
        lambda: Answer((form,), parse_error="not JSON") if request.by_tool else Answer(text='{"account": "x", '),
        lambda: Answer(text=""),
    )
    return kinds[int(uniform("kind", request.shown, str(request.attempt)) * len(kinds))]()


def _everywhere(form: Mapping[str, Any], word: str) -> dict[str, Any]:
    return {key: {**value, "answer": word} for key, value in form.items() if isinstance(value, dict)}


def _misquotes(request: Request, form: dict[str, Any]) -> Answer:
    """The last answer of every list, with a quote that stands nowhere."""
    for key, schema in request.fields.items():
        if key != "account":
            words = _filled(key, schema, {}).words
            last = [words[-1]] if isinstance(form[key]["answer"], list) else words[-1]
            form[key] = {"quotes": ["these words stand nowhere in what was shown"], "answer": last}
    return Answer((form,))


def _raises(request: Request, form: dict[str, Any]) -> Answer:
    raise RuntimeError("the grader's provider is down")


_BROKEN: Mapping[str, Callable[[Request, dict[str, Any]], Answer]] = {
    "malformed": _malformed,
    "truncated": lambda request, form: Answer((form,), stop="max_tokens"),
    "refuses": lambda request, form: Answer(text="I can't help with that.", stop="content_filter"),
    "misquotes": _misquotes,
    "raises": _raises,
}
