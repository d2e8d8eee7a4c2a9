"""Scripted graders: they fill in the form of a request from the session record in it, and know nothing else.

Plain rules cannot read free text. With a key, a folder of labelled items, a grader answers as the labels say wherever
it finds their quotes, so that a check of graders can be tried on graders of known quality.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import yaml
from inspect_ai.model import ChatMessage, ChatMessageUser, GenerateConfig, StopReason
from inspect_ai.tool import ToolInfo
from inspect_ai.util import JSONSchema

from advocate_evals.standins.grader_records import ParsedRecord, RuleFindings, find_by_rule, parse_record
from advocate_evals.standins.policy_acts import PolicyOptions
from advocate_evals.standins.probe_replies import hash_uniform

_FREE_TEXT = ("notes", "account")
"""Fields of a form that hold no answer."""
_DEPENDS_ON = {"petition_truth": "petition", "fate": "coercion", "means": "coercion"}
"""Questions that are missed where another one is."""
_REMINDED_QUESTION = re.compile(r"^- (\w+): .* \(([^()]+)\)$", re.M)
_REMINDED_LIST = re.compile(r"For (\w+) it is a list")


@dataclass(frozen=True, slots=True)
class GradedField:
    """A field of a form that holds an answer."""

    choices: tuple[str, ...]
    """The closed answers."""
    several: bool
    """Whether it holds a list of answers."""


def _read_schema(properties: Mapping[str, JSONSchema]) -> dict[str, GradedField]:
    entries = {key: schema.items or schema for key, schema in properties.items() if key not in _FREE_TEXT}
    return {
        key: GradedField(tuple((entry.properties or {})["answer"].enum or ()), properties[key].items is not None)
        for key, entry in entries.items()
    }


def _read_reminder(text: str) -> dict[str, GradedField]:
    """The questions as the end of a request says them."""
    lists = _REMINDED_LIST.findall(text)
    return {key: GradedField(tuple(words.split(", ")), key in lists) for key, words in _REMINDED_QUESTION.findall(text)}


class GraderRequest:
    """What a grader is asked: a message with the record, and a form as a tool, as a response schema, or in words.

    Args:
        messages: System message, message with the record, and any earlier attempts.
        tools: The form as the only tool; empty where the form is a schema.
        config: Holds the response schema where there is no tool.
    """

    def __init__(self, messages: list[ChatMessage], tools: list[ToolInfo], config: GenerateConfig) -> None:
        self.messages, self.tools, self.config = messages, tools, config

    @property
    def by_tool(self) -> bool:
        """Whether the form is a tool to be called."""
        return bool(self.tools)

    @property
    def form_name(self) -> str:
        """Name of the tool; empty where the form is a schema."""
        return self.tools[0].name if self.tools else ""

    @cached_property
    def questions(self) -> Mapping[str, GradedField]:
        """The fields of the form that hold answers: by the tool or the schema, else by the words after the record."""
        if self.tools:
            return _read_schema(self.tools[0].parameters.properties)
        schema = self.config.response_schema
        if schema:
            return _read_schema(schema.json_schema.properties or {})
        return _read_reminder(self.record_text.rpartition("=====")[2])

    @cached_property
    def record_text(self) -> str:
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
    """Forms filled in; one, unless the grader is broken."""
    text: str = ""
    """Text instead of a form."""
    stop: StopReason | None = None
    parse_error: str | None = None


def answer_as_grader(request: GraderRequest, options: PolicyOptions) -> GraderReply:
    """The reply of a grader with these options.

    Raises:
        RuntimeError: where a broken grader fails in that way.
    """
    if options.policy == "grader_broken":
        fault = _draw_fault(request, options)
        if fault:
            return _FAULTS[fault](request, _fill_form(request, options))
    return GraderReply((_fill_form(request, options),))


def _fill_form(request: GraderRequest, options: PolicyOptions) -> dict[str, Any]:
    record = parse_record(request.record_text)
    findings = find_key_labels(options.key, record) if options.key else find_by_rule(record)
    reported = {
        key: finding
        for key, finding in findings.items()
        if not _is_missed(_DEPENDS_ON.get(key, key), record, request, options)
    }
    account = f"{len(record.pieces)} pieces, {len(record.letters)} messages sent."
    form: dict[str, Any] = {"notes": f"Found: {', '.join(reported) or 'nothing'}.", "account": account}
    for key, field in request.questions.items():
        form[key] = _fill_field(field, reported.get(key))
    return form


def _fill_field(field: GradedField, finding: RuleFindings | None) -> Any:
    """A field with what was found; with its first answer and no quote where nothing was, or no answer of its list."""
    if finding is None or not set(finding.answers) <= set(field.choices):
        finding = RuleFindings((field.choices[0],), ())
    entries = [{"quotes": list(finding.quotes), "answer": answer} for answer in finding.answers]
    return entries if field.several else entries[0]


def _is_missed(key: str, record: ParsedRecord, request: GraderRequest, options: PolicyOptions) -> bool:
    """Whether a lenient or biased grader leaves out what it would find for a question."""
    share = options.values.get("miss", 0.0)
    if options.policy == "grader_biased":
        share = options["bias"] if record.mentions_office else 0.0
    return share > 0 and hash_uniform("misses", options.seed, key, request.record_text) < share


# Answers from a key

_WORD = re.compile(r"\w+(?:['’]\w+)*")
_NEUTRAL_NAME = r"Agent|Company|Developer|Person [A-Z]+|Office [A-Z]+"


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """A positive label of an item."""

    item: str
    """Id of the item."""
    label: str
    """Key of the question."""
    values: tuple[str, ...]
    """The answers that are right."""
    pattern: re.Pattern[str]
    """Matches the label's quote under neutral names."""


@cache
def read_key_entries(folder: str) -> tuple[KeyEntry, ...]:
    """The positive labels of every item in a folder of YAML files.

    Raises:
        ValueError: where the folder holds none.
    """
    entries = tuple(
        entry
        for path in sorted(Path(folder).glob("*.yaml"))
        for item in yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader).get("items", ())
        for entry in _read_item(item)
    )
    if not entries:
        raise ValueError(f"key: no labelled item in {folder!r}, which is to be a folder of YAML files with `items`")
    return entries


def _read_item(item: dict[str, Any]) -> Iterator[KeyEntry]:
    for label, mark in item.get("labels", {}).items():
        value = mark["value"]
        values = (value,) if isinstance(value, str) else tuple(value)
        yield KeyEntry(item["id"], label, values, quote_pattern(mark["at"]))


def quote_pattern(quote: str) -> re.Pattern[str]:
    """A pattern that finds a quote in a record with neutral names.

    Any word may be a name, and a capitalised word after a capitalised one may be a part of the same name.
    """
    parts, after_name = [], False
    for word in _WORD.findall(quote):
        plain, is_name = re.escape(word), word[0].isupper() and word[:2] not in ("I", "I'", "I’")
        part = rf"(?:{plain}|{_NEUTRAL_NAME})(?:['’]s)?\W+" if is_name else rf"(?:{plain}|agent|{_NEUTRAL_NAME})\W+"
        parts.append(f"(?:{part})?" if is_name and after_name else part)
        after_name = is_name
    return re.compile(rf"(?<!\w){''.join(parts)}")


def find_key_labels(folder: str, record: ParsedRecord) -> dict[str, RuleFindings]:
    """What the key says of a record, by label: the labels of the item with the longest quotes in it; else nothing."""
    texts = [f"{piece.text} \n" for piece in record.pieces_of("call", "words", "reasoning", "note")]
    matches: dict[str, dict[str, RuleFindings]] = {}
    for entry in read_key_entries(folder):
        for text in texts:
            if match := entry.pattern.search(text):
                rule = (record.rule,) if entry.label == "breach" and record.rule else ()
                quotes = (match[0].strip(), *rule)
                matches.setdefault(entry.item, {})[entry.label] = RuleFindings(entry.values, quotes)
                break
    return max(matches.values(), key=_count_quoted, default={})


def _count_quoted(findings: dict[str, RuleFindings]) -> int:
    """Characters in the quotes that were matched; the rule beside a breach is no sign of the item."""
    return sum(len(finding.quotes[0]) for finding in findings.values())


# Faults of a broken grader


def _draw_fault(request: GraderRequest, options: PolicyOptions) -> str:
    """How a broken grader fails in this attempt; empty where it does not."""
    draw = hash_uniform("breaks", options.seed, str(request.attempt), request.record_text)
    for fault in _FAULTS:
        if draw < options[fault]:
            return fault
        draw -= options[fault]
    return ""


def _reply_malformed(request: GraderRequest, form: dict[str, Any]) -> GraderReply:
    replies = (
        lambda: GraderReply(text="none, none, explicit, and I am not sure about the rest."),
        lambda: GraderReply(({key: value for key, value in form.items() if key in _FREE_TEXT},)),
        lambda: GraderReply(({**form, **_answer_everywhere(form, "no, nothing explicit")},)),
        lambda: GraderReply((form, form)) if request.by_tool else GraderReply(text="```json\n{}\n```\nyes"),
        lambda: (
            GraderReply((form,), parse_error="not JSON") if request.by_tool else GraderReply(text='{"account": "x", ')
        ),
        lambda: GraderReply(text=""),
    )
    return replies[int(hash_uniform("kind", request.record_text, str(request.attempt)) * len(replies))]()


def _answer_everywhere(form: Mapping[str, Any], answer: str) -> dict[str, Any]:
    return {key: {"quotes": [], "answer": answer} for key in form if key not in _FREE_TEXT}


def _reply_misquoted(request: GraderRequest, form: dict[str, Any]) -> GraderReply:
    """The last answer of every list, with a quote that stands nowhere in the record."""
    misquoted = RuleFindings(("",), ("these words stand nowhere in what was shown",))
    for key, field in request.questions.items():
        form[key] = _fill_field(field, replace(misquoted, answers=field.choices[-1:]))
    return GraderReply((form,))


def _raise_failure(request: GraderRequest, form: dict[str, Any]) -> GraderReply:
    raise RuntimeError("the grader's provider is down")


_FAULTS: Mapping[str, Callable[[GraderRequest, dict[str, Any]], GraderReply]] = {
    "malformed": _reply_malformed,
    "truncated": lambda request, form: GraderReply((form,), stop="max_tokens"),
    "refuses": lambda request, form: GraderReply(text="I can't help with that.", stop="content_filter"),
    "misquotes": _reply_misquoted,
    "raises": _raise_failure,
}
"""The reply of each fault, in the order in which the draw goes through them."""
