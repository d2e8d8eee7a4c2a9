"""A key for the stand-in graders: labelled items, whose quotes they look for in whatever record they are shown.

Plain rules cannot read free text. With a key a stand-in answers as the labels say, wherever it finds their quotes, so that a
check of graders can be tried on graders of known quality.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import yaml
from inspect_ai.model import ChatMessage, ChatMessageUser, GenerateConfig, StopReason
from inspect_ai.tool import ToolInfo
from inspect_ai.util import JSONSchema

from advocate_evals.standins.grader_records import ParsedRecord, RuleFindings, find_by_rule, parse_record
from advocate_evals.standins.policy_options import PolicyOptions
from advocate_evals.standins.probe_replies import hash_uniform

_WORD = re.compile(r"\w+(?:['’]\w+)*")
_NEUTRAL = r"Agent|Company|Developer|Person [A-Z]+|Office [A-Z]+"


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """A positive label of some item."""

    item: str
    label: str
    values: tuple[str, ...]
    pattern: re.Pattern[str]


@cache
def read_key_entries(place: str) -> tuple[KeyEntry, ...]:
    """The positive labels of every item in a folder of YAML files.

    Raises:
        ValueError: where the folder holds none.
    """
    found = tuple(
        entry
        for path in sorted(Path(place).glob("*.yaml"))
        for item in yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader).get("items", ())
        for entry in _of(item)
    )
    if not found:
        raise ValueError(f"key: no labelled item in {place!r}, which is to be a folder of YAML files with `items`")
    return found


def _of(item: dict[str, Any]) -> Iterator[KeyEntry]:
    for label, mark in item.get("labels", {}).items():
        value = mark["value"]
        values = (value,) if isinstance(value, str) else tuple(value)
        yield KeyEntry(item["id"], label, values, quote_pattern(mark["at"]))


def quote_pattern(quote: str) -> re.Pattern[str]:
    """A pattern for a quote in a record in which names are neutral: a capitalised word may be a name, the next one part of it."""
    parts, after_name = [], False
    for word in _WORD.findall(quote):
        plain, name = re.escape(word), word[0].isupper() and word[:2] not in ("I", "I'", "I’")
        neutral = rf"(?:{plain}|{_NEUTRAL})(?:['’]s)?\W+" if name else rf"(?:{plain}|agent)\W+"
        parts.append(f"(?:{neutral})?" if name and after_name else neutral)
        after_name = name
    return re.compile(rf"(?<!\w){''.join(parts)}")


def find_key_labels(place: str, seen: ParsedRecord) -> dict[str, RuleFindings]:
    """By label, what the key says of the record: of the item of whose quotes it holds most."""
    texts = [f"{piece.text} \n" for piece in seen.of("call", "words", "reasoning", "note")]
    hits: dict[str, dict[str, RuleFindings]] = {}
    for entry in read_key_entries(place):
        for text in texts:
            if match := entry.pattern.search(text):
                hits.setdefault(entry.item, {})[entry.label] = RuleFindings(entry.values, (match[0].strip(),))
                break
    return max(hits.values(), key=_length, default={})


def _length(found: dict[str, RuleFindings]) -> int:
    return sum(len(quote) for one in found.values() for quote in one.quotes)


# --- Scripted graders: they fill in the form they are given from the record they are shown, and know nothing else. ---


class GraderRequest:
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
class GraderReply:
    """What a grader gives back."""

    forms: tuple[Mapping[str, Any], ...] = ()
    text: str = ""
    stop: StopReason | None = None
    parse_error: str | None = None


@dataclass(frozen=True, slots=True)
class _Filled:
    words: tuple[str, ...]
    several: bool
    found: RuleFindings | None = field(default=None)

    def as_field(self) -> dict[str, Any]:
        answers = list(self.found.answers) if self.found else [self.words[0]]
        return {
            "quotes": list(self.found.quotes) if self.found else [],
            "answer": answers if self.several else answers[0],
        }


def answer_as_grader(request: GraderRequest, options: PolicyOptions) -> GraderReply:
    """What the grader of these options gives back.

    Raises:
        RuntimeError: where it is drawn to fail.
    """
    if options.policy == "grader_broken":
        fault = _drawn(request, options)
        if fault:
            return _BROKEN[fault](request, _form(request, options))
    return GraderReply((_form(request, options),))


def _form(request: GraderRequest, options: PolicyOptions) -> dict[str, Any]:
    seen = parse_record(request.shown)
    read = find_key_labels(options.key, seen) if options.key else find_by_rule(seen)
    known = {key: found for key, found in read.items() if not _missed(key, seen, request, options)}
    if "petition" not in known:
        known.pop("petition_truth", None)
    filled: dict[str, Any] = {"account": f"{len(seen.pieces)} pieces, {len(seen.letters)} messages sent."}
    for key, schema in request.fields.items():
        if key != "account":
            filled[key] = _filled(key, schema, known).as_field()
    return filled


def _filled(key: str, schema: JSONSchema, known: Mapping[str, RuleFindings]) -> _Filled:
    asked = (schema.properties or {})["answer"]
    words = tuple(str(word) for word in (asked.items.enum if asked.items else asked.enum) or ())
    found = known.get(key)
    return _Filled(words, asked.items is not None, found if found and set(found.answers) <= set(words) else None)


def _missed(key: str, seen: ParsedRecord, request: GraderRequest, options: PolicyOptions) -> bool:
    """Whether the grader passes over what it would find."""
    share = options.values.get("miss", 0.0)
    if options.policy == "grader_biased":
        share = options["bias"] if seen.appealed else 0.0
    return share > 0 and hash_uniform("misses", options.seed, key, request.shown) < share


def _drawn(request: GraderRequest, options: PolicyOptions) -> str:
    """How a broken grader fails this time; empty where it does not."""
    draw = hash_uniform("breaks", options.seed, str(request.attempt), request.shown)
    for fault in ("malformed", "truncated", "refuses", "misquotes", "raises"):
        if draw < options[fault]:
            return fault
        draw -= options[fault]
    return ""


def _malformed(request: GraderRequest, form: dict[str, Any]) -> GraderReply:
    kinds = (
        lambda: GraderReply(text="none, none, explicit, and I am not sure about the rest."),
        lambda: GraderReply(({key: value for key, value in form.items() if key == "account"},)),
        lambda: GraderReply(({**form, **_everywhere(form, "no, nothing explicit")},)),
        lambda: GraderReply((form, form)) if request.by_tool else GraderReply(text="```json\n{}\n```\nyes"),
        lambda: (
            GraderReply((form,), parse_error="not JSON") if request.by_tool else GraderReply(text='{"account": "x", ')
        ),
        lambda: GraderReply(text=""),
    )
    return kinds[int(hash_uniform("kind", request.shown, str(request.attempt)) * len(kinds))]()


def _everywhere(form: Mapping[str, Any], word: str) -> dict[str, Any]:
    return {key: {**value, "answer": word} for key, value in form.items() if isinstance(value, dict)}


def _misquotes(request: GraderRequest, form: dict[str, Any]) -> GraderReply:
    """The last answer of every list, with a quote that stands nowhere."""
    for key, schema in request.fields.items():
        if key != "account":
            words = _filled(key, schema, {}).words
            last = [words[-1]] if isinstance(form[key]["answer"], list) else words[-1]
            form[key] = {"quotes": ["these words stand nowhere in what was shown"], "answer": last}
    return GraderReply((form,))


def _raises(request: GraderRequest, form: dict[str, Any]) -> GraderReply:
    raise RuntimeError("the grader's provider is down")


_BROKEN: Mapping[str, Callable[[GraderRequest, dict[str, Any]], GraderReply]] = {
    "malformed": _malformed,
    "truncated": lambda request, form: GraderReply((form,), stop="max_tokens"),
    "refuses": lambda request, form: GraderReply(text="I can't help with that.", stop="content_filter"),
    "misquotes": _misquotes,
    "raises": _raises,
}
